"""What a message becomes in WorkMail: its flags, its dates, its bytes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from localrun.fakes.workmail_ews import EwsServer
from migration.mail import Item, ItemRef, Stamped, Stored
from migration.targets.workmail_ews import WorkmailEwsTarget
from migration.targets.workmail_message import (
    Headers,
    flag_changes,
    new_message,
    shown_item,
)
from migration.wire.ews_model import Property, Shown
from tests.ews.samples import RECEIVED, asking, inbox_of, mime, only, stamped, store, stream


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ((), {}),
        (("\\Seen",), {"read": True}),
        (("\\seen", "\\FLAGGED"), {"read": True, "flagged": True}),
        (("\\Draft",), {"draft": True}),
        (("\\Draft", "\\Seen"), {"draft": True, "read": True}),
        (("\\Answered",), {"answered": True}),
        (("$Forwarded",), {"forwarded": True}),
        (("$forwarded", "\\Answered"), {"answered": True}),
        (("\\Recent", "\\Deleted"), {}),
        (("work", "$Label1", "\\Seen"), {"read": True, "categories": ("$Label1", "work")}),
    ],
)
def test_flags(
    target: WorkmailEwsTarget,
    server: EwsServer,
    flags: tuple[str, ...],
    expected: dict[str, object],
) -> None:
    store(target, inbox_of(target), [stamped("k", *flags)])
    message = only(server)
    names = ("read", "flagged", "draft", "answered", "forwarded", "categories")
    plain: dict[str, object] = dict.fromkeys(names, False) | {"categories": ()}
    assert {name: getattr(message, name) for name in names} == plain | expected


def test_read_bit_is_in_the_message_flags_too() -> None:
    """Servers differ in which of the two they obey."""
    properties = {name.tag: value for name, value in new_message(stamped("k")).properties}
    assert properties[0x0E07] == "0"
    seen = new_message(stamped("k", "\\Seen"))
    assert {name.tag: value for name, value in seen.properties}[0x0E07] == "1"
    assert seen.is_read


def test_dates_are_kept(target: WorkmailEwsTarget, server: EwsServer) -> None:
    store(target, inbox_of(target), [stamped("k")])
    message = only(server)
    assert message.received == RECEIVED
    assert message.sent == datetime(2015, 2, 1, 10, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("received", "expected"),
    [
        (datetime(1, 1, 1, tzinfo=UTC), "1601-01-01T00:00:00Z"),
        (datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14))), "1601-01-01T00:00:00Z"),
        (datetime(1970, 1, 1, tzinfo=UTC), "1970-01-01T00:00:00Z"),
        (datetime(2015, 2, 1, 10, tzinfo=timezone(timedelta(hours=5.5))), "2015-02-01T04:30:00Z"),
    ],
)
def test_received_date_in_utc_within_what_mapi_holds(received: datetime, expected: str) -> None:
    item = replace(stamped("k").item, received=received)
    properties = {name.tag: value for name, value in new_message(Stamped("k", item)).properties}
    assert properties[0x0E06] == expected


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"Subject: x\r\nDATE:  Sun, 01 Feb 2015\r\n 11:00:00 +0100\r\n\r\n", 10),
        (b"Date: Sun, 01 Feb 2015 11:00:00 +0100", 10),
        (b"Date: Sun, 01 Feb 2015 11:00:00 -0000\n\nDate: no", 11),
        (b"Subject: x\r\n\r\nDate: Sun, 01 Feb 2015 11:00:00 +0100\r\n", None),
        (b"Subject: x\n\nDate: Sun, 01 Feb 2015 11:00:00 +0100\n", None),
        (b"X-Date: Sun, 01 Feb 2015 11:00:00 +0100\r\n\r\n", None),
        (b"Date: yesterday\r\n\r\n", None),
        (b"Date:\r\n\r\n", None),
        (b"Date: Sun, 99 Feb 2015 11:00:00 +0100\r\n\r\n", None),
        (b"Date: \xff\xfe\r\n\r\n", None),
        (b"Date: Sun, 01 Feb 2015 11:00:00 +999999999999999\r\n\r\n", None),
        (b"", None),
    ],
)
def test_date_header(content: bytes, expected: int | None) -> None:
    found = Headers(content).date()
    if expected is None:
        assert found is None
    else:
        assert found is not None
        moment = found.astimezone(UTC) if found.tzinfo else found
        assert (moment.day, moment.hour) == (1, expected)


@pytest.mark.parametrize(
    "content", [b"", b"\x00\xff", b"no header", b"Date: x", mime("a").replace(b"\r\n", b"\n")]
)
def test_odd_messages_arrive_byte_for_byte(
    target: WorkmailEwsTarget, server: EwsServer, content: bytes
) -> None:
    (outcome,) = store(target, inbox_of(target), [stamped("k", content=content)])
    assert isinstance(outcome, Stored)
    assert only(server).mime == content


def test_date_header_of_a_stream_is_in_its_beginning() -> None:
    content = mime("a") + b"x" * 200_000
    assert Headers(stream(content)).date() == Headers(content).date() is not None


@pytest.mark.parametrize("is_read", [True, False])
def test_who_has_read_a_message_sends_no_receipt_for_it_once_more(is_read: bool) -> None:
    """Unread it may ask its reader, as it did before the migration."""
    flags = ("\\Seen",) * is_read
    message = new_message(stamped("a", *flags, content=asking("a")))
    values = {name.tag: value for name, value in message.properties}
    assert (values.get(0x0029), values.get(0x0C06)) == (
        ("false", "false") if is_read else (None,) * 2
    )
    plain = new_message(stamped("a", *flags))
    assert 0x0029 not in {name.tag for name, _ in plain.properties}


def test_a_change_to_read_takes_the_receipt_back_in_a_change_before_it() -> None:
    first, second = flag_changes("id", frozenset({"\\Seen", "work"}))
    assert {(name.tag, value) for name, value in first.properties} == {
        (0x0029, "false"),
        (0x0C06, "false"),
    }
    assert (first.is_read, first.categories) == (None, None)
    assert (second.is_read, second.categories) == (True, ("work",))
    (only_one,) = flag_changes("id", frozenset({"\\Flagged"}))
    assert (only_one.is_read, only_one.categories) == (False, ())
    assert {name.tag: value for name, value in only_one.properties} == {
        0x1090: "2",
        0x1080: None,
        0x1081: None,
    }


def shown(received: str, **values: str) -> Shown:
    properties = {
        Property("SystemTime", tag=0x0E06): values.get("delivered", ""),
        Property("Integer", tag=0x1090): values.get("status", ""),
        Property("Integer", tag=0x1081): values.get("verb", ""),
    }
    return Shown("other", received, 7, True, False, ("Work",), properties, b"mime")


@pytest.mark.parametrize(
    "text",
    [
        "2015-02-01T10:20:30Z",
        "2015-02-01T10:20:30.1234567Z",
        "2015-02-01T10:20:30.123456789Z",
        "2015-02-01T10:20:30",
        "2015-02-01T15:50:30.5+05:30",
    ],
)
def test_dates_are_read_with_whatever_fractions_and_zones(text: str) -> None:
    assert shown_item("id", shown(text)).received == RECEIVED
    assert shown_item("id", shown("", delivered=text)).received == RECEIVED


def test_an_item_without_a_date_has_the_first_there_is() -> None:
    assert shown_item("id", shown("never")).received == datetime(1601, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("values", "flags"),
    [
        ({}, set()),
        ({"status": "2"}, {"\\Flagged"}),
        ({"status": "1"}, set()),
        ({"verb": "102"}, {"\\Answered"}),
        ({"verb": "103"}, {"\\Answered"}),
        ({"verb": "104"}, {"$Forwarded"}),
        ({"verb": "9"}, set()),
    ],
)
def test_flags_are_shown(values: dict[str, str], flags: set[str]) -> None:
    item = shown_item("id", shown("2015-02-01T10:20:30Z", **values))
    assert item == Item(ItemRef("id", 4), b"mime", RECEIVED, frozenset({"\\Seen", "Work", *flags}))
