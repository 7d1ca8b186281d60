"""WorkMail's EWS as a ports.Target, on the emulator: nothing lost, nothing doubled, all kept."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from localrun.fakes.workmail_ews import EwsServer, Property, StoredMessage
from migration.errors import (
    AdministratorPending,
    CredentialsRejected,
    MailboxUnreachable,
    MigrationError,
    QuotaExceeded,
    TargetBusy,
)
from migration.model import (
    Folder,
    FolderPlan,
    Item,
    ItemRef,
    Rejected,
    SpecialUse,
    Stamped,
    Stored,
)
from migration.ports import Target
from migration.targets.workmail_errors import COMMIT_SECONDS
from migration.targets.workmail_ews import _WORTH_A_SECOND_TRY, WorkmailEwsTarget
from migration.targets.workmail_message import KEY, date_header, new_message
from migration.wire.ews import EwsClient
from migration.wire.ews_model import FolderRef, NewMessage
from tests.ews.harness import ADDRESS, Clock, Recorder, Schema, Tokens
from tests.ews.samples import RECEIVED, mime, stamped

STORED_KEY = Property(property_set=KEY.property_set, name=KEY.name)


@pytest.fixture
def target(client: EwsClient) -> Iterator[WorkmailEwsTarget]:
    made = WorkmailEwsTarget(client)
    yield made
    made.close()


def plan(*path: str, special: SpecialUse | None = None) -> FolderPlan:
    return FolderPlan(Folder("key", path, "1", 0, special), path, special)


def inbox_of(target: Target) -> str:
    return target.ensure_folder(plan("Inbox", special=SpecialUse.INBOX))


def keys_in(server: EwsServer, *path: str) -> list[str]:
    """The migration keys of the messages that a folder holds, in the order of their creation."""
    return [message.properties[STORED_KEY][0] for message in server.folders(ADDRESS)[path]]


def only(server: EwsServer, *path: str) -> StoredMessage:
    (message,) = server.folders(ADDRESS)[path or ("Inbox",)]
    return message


def test_it_is_a_target(target: WorkmailEwsTarget) -> None:
    as_port: Target = target
    assert as_port.capabilities.max_item_bytes == 40 * 1024 * 1024


def test_special_folders_are_workmails_own(target: WorkmailEwsTarget, server: EwsServer) -> None:
    uses = {
        SpecialUse.INBOX: "Inbox",
        SpecialUse.SENT: "Sent Items",
        SpecialUse.DRAFTS: "Drafts",
        SpecialUse.TRASH: "Deleted Items",
        SpecialUse.JUNK: "Junk E-mail",
    }
    for use, name in uses.items():
        folder_id = target.ensure_folder(plan("Whatever", special=use))
        list(target.append(folder_id, [stamped(name)]))
        assert keys_in(server, name) == [name]
    assert server.requests["CreateFolder"] == 0


def test_nested_folders_are_made_level_by_level_and_found_again(
    target: WorkmailEwsTarget, server: EwsServer, tokens: Tokens
) -> None:
    path = ("A/B", "caf\u00e9", "\U0001f600 <&>")
    first = target.ensure_folder(plan(*path))
    assert target.ensure_folder(plan(*path)) == first
    decomposed = ("a/b", "cafe\u0301", path[2])
    assert target.ensure_folder(plan(*decomposed)) == first
    other_worker = WorkmailEwsTarget(EwsClient(server.url, tokens.issue, ADDRESS))
    assert other_worker.ensure_folder(plan(*path)) == first
    assert server.requests["CreateFolder"] == 3
    assert path in server.folders(ADDRESS)


def test_folder_below_a_special_one(target: WorkmailEwsTarget, server: EwsServer) -> None:
    target.ensure_folder(plan("Inbox", "Later"))
    target.ensure_folder(plan("Archive"))
    assert {("Inbox", "Later"), ("Archive",)} <= set(server.folders(ADDRESS))


def test_folder_that_another_worker_creates_meanwhile(
    target: WorkmailEwsTarget, client: EwsClient
) -> None:
    target.ensure_folder(plan("A"))
    created = client.create_folder(FolderRef("msgfolderroot", distinguished=True), "B")
    assert target.ensure_folder(plan("B")) == created


def test_mail_is_not_put_into_a_calendar(target: WorkmailEwsTarget, server: EwsServer) -> None:
    folder_id = target.ensure_folder(plan("Calendar"))
    list(target.append(folder_id, [stamped("k")]))
    assert keys_in(server, "Calendar (mail)") == ["k"]
    assert target.ensure_folder(plan("Calendar")) == folder_id


def test_outcomes_come_in_order_with_ids_and_bytes_are_kept(
    target: WorkmailEwsTarget, server: EwsServer
) -> None:
    batch = [stamped(f"k{number:03}") for number in range(250)]
    outcomes = list(target.append(inbox_of(target), batch))
    assert [outcome.key for outcome in outcomes] == [one.key for one in batch]
    assert all(isinstance(outcome, Stored) and outcome.target_id for outcome in outcomes)
    stored = server.folders(ADDRESS)[("Inbox",)]
    assert [message.mime for message in stored] == [one.item.mime for one in batch]
    assert server.requests["CreateItem"] == 3


def test_large_messages_travel_alone(target: WorkmailEwsTarget, server: EwsServer) -> None:
    large = mime("x") + b"y" * 9_000_000
    batch = [stamped("a"), stamped("b", content=large), stamped("c")]
    assert len(list(target.append(inbox_of(target), batch))) == 3
    assert keys_in(server, "Inbox") == ["a", "b", "c"]
    assert server.requests["CreateItem"] == 3


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
    list(target.append(inbox_of(target), [stamped("k", *flags)]))
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
    list(target.append(inbox_of(target), [stamped("k")]))
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
    found = date_header(content)
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
    (outcome,) = target.append(inbox_of(target), [stamped("k", content=content)])
    assert isinstance(outcome, Stored)
    assert only(server).mime == content


def test_refused_message_is_rejected_with_its_code_and_the_rest_goes_on(
    target: WorkmailEwsTarget, server: EwsServer
) -> None:
    server.faults.reject_next("ErrorMimeContentInvalid")
    outcomes = list(target.append(inbox_of(target), [stamped("a"), stamped("b")]))
    assert outcomes[0] == Rejected("a", "ErrorMimeContentInvalid")
    assert isinstance(outcomes[1], Stored)


def test_batch_that_is_refused_as_a_whole_is_halved_down_to_the_culprit(
    client: EwsClient, tokens: Tokens
) -> None:
    with EwsServer(tokens.check, lambda _: True, lambda: 0.0, max_request=50_000) as small:
        target = WorkmailEwsTarget(EwsClient(small.url, tokens.issue, ADDRESS))
        batch = [stamped(key) for key in "abcdefgh"]
        batch[5] = stamped("large", content=b"x" * 60_000)
        outcomes = list(target.append(inbox_of(target), batch))
    assert outcomes[5] == Rejected("large", "ErrorMessageSizeExceeded")
    assert [type(one) for one in outcomes].count(Stored) == 7
    assert [one.key for one in outcomes] == [one.key for one in batch]


@pytest.mark.parametrize("code", sorted(_WORTH_A_SECOND_TRY))
def test_what_may_be_bad_luck_is_sent_once_more_alone(
    target: WorkmailEwsTarget, server: EwsServer, recorder: Recorder, code: str
) -> None:
    server.faults.reject_next(code)
    outcomes = list(target.append(inbox_of(target), [stamped("a"), stamped("b")]))
    assert [one.key for one in outcomes] == ["a", "b"]
    assert all(isinstance(one, Stored) for one in outcomes)
    assert keys_in(server, "Inbox") == ["b", "a"]
    assert server.requests["CreateItem"] == 2


def test_what_is_refused_a_second_time_is_rejected(
    target: WorkmailEwsTarget, server: EwsServer
) -> None:
    server.faults.reject_next("ErrorItemSave", times=2)
    (outcome,) = target.append(inbox_of(target), [stamped("a")])
    assert outcome == Rejected("a", "ErrorItemSave")
    assert server.requests["CreateItem"] == 2


@pytest.mark.parametrize("stored", [True, False])
def test_a_lost_answer_is_for_the_engine_and_nothing_is_sent_again(
    target: WorkmailEwsTarget, server: EwsServer, stored: bool
) -> None:
    folder = inbox_of(target)
    server.faults.close_connection_next(after_storing=stored)
    with pytest.raises(TargetBusy) as lost:
        list(target.append(folder, [stamped("a")]))
    assert lost.value.retry_after == COMMIT_SECONDS
    assert keys_in(server, "Inbox") == ["a"] * stored
    assert (server.requests["CreateItem"], server.requests["FindItem"]) == (1, 0)


def test_what_a_gateway_gave_up_may_be_stored_later(
    target: WorkmailEwsTarget, server: EwsServer, clock: Clock
) -> None:
    folder = inbox_of(target)
    server.faults.answer_504_next(store_after=90)
    with pytest.raises(TargetBusy, match="http-504") as lost:
        list(target.append(folder, [stamped("a")]))
    assert target.since(folder, "", ["a"]) == frozenset()
    clock.seconds += lost.value.retry_after
    assert target.since(folder, "", ["a"]) == {"a"}


def test_an_answer_that_takes_too_long_is_for_the_engine() -> None:
    """The server may still be at it: looking now would prove nothing."""
    pauses = [0.0, 0.4]  # the first request finds the folder, the second creates

    def check_slowly(token: str, mailbox: str) -> str:
        time.sleep(pauses.pop(0) if pauses else 0.0)
        return "ok"

    with EwsServer(check_slowly, lambda _: True, lambda: 0.0) as slow:
        client = EwsClient(slow.url, lambda: "t", ADDRESS, read_seconds=0.1)
        target = WorkmailEwsTarget(client)
        folder = inbox_of(target)
        with pytest.raises(TargetBusy, match="ReadTimeoutError"):
            list(target.append(folder, [stamped("a")]))
        assert slow.requests["FindItem"] == 0


def test_busy_server_ends_the_stream_with_its_back_off(
    target: WorkmailEwsTarget, server: EwsServer
) -> None:
    folder = inbox_of(target)
    stream = target.append(folder, [stamped(f"k{number}") for number in range(150)])
    first = [next(stream) for _ in range(100)]
    server.faults.busy(1, 7000)
    with pytest.raises(TargetBusy) as busy:
        next(stream)
    assert busy.value.retry_after == 7.0
    assert len(first) == len(keys_in(server, "Inbox")) == 100


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("ErrorServerBusy", TargetBusy),
        ("ErrorTimeoutExpired", TargetBusy),
        ("ErrorQuotaExceeded", QuotaExceeded),
        ("ErrorImpersonateUserDenied", AdministratorPending),
        ("ErrorAccessDenied", CredentialsRejected),
        ("ErrorMailboxLogonFailed", MailboxUnreachable),
    ],
)
def test_refusal_of_an_item_that_is_about_the_mailbox(
    target: WorkmailEwsTarget, server: EwsServer, code: str, expected: type[MigrationError]
) -> None:
    folder = inbox_of(target)
    server.faults.reject_next(code)
    with pytest.raises(expected):
        list(target.append(folder, [stamped("a"), stamped("b")]))
    assert target.since(folder, target.mark(folder), ["a", "b"]) == {"b"}


def test_since_finds_exactly_the_keys_that_are_there(
    target: WorkmailEwsTarget, client: EwsClient
) -> None:
    folder = inbox_of(target)
    mark = target.mark(folder)
    keys = [f"key-{number:04}" for number in range(130)]
    list(target.append(folder, [stamped(key) for key in keys[::2]]))
    client.create_items(FolderRef(folder), [NewMessage(mime("by the user"))])
    assert target.since(folder, mark, keys) == frozenset(keys[::2])
    assert target.since(folder, mark, []) == frozenset()
    assert target.since(folder, mark, ["KEY-0000"]) == frozenset(), "case matters to us"


def test_count_is_of_migrated_items_only(target: WorkmailEwsTarget, client: EwsClient) -> None:
    folder = inbox_of(target)
    assert target.count(folder) == 0
    list(target.append(folder, [stamped(f"k{number}") for number in range(30)]))
    client.create_items(FolderRef(folder), [NewMessage(mime("by the user"))] * 3)
    assert target.count(folder) == 30


@pytest.mark.parametrize(
    "act",
    [
        lambda target: target.ensure_folder(plan("A")),
        lambda target: target.count("folder"),
        lambda target: target.since("folder", "", ["a"]),
        lambda target: list(target.append("folder", [stamped("a")])),
    ],
)
def test_whatever_is_asked_failures_are_leaves_of_the_tree(
    server: EwsServer, tokens: Tokens, act: Callable[[Target], object]
) -> None:
    def target(address: str, token: Callable[[], str] = tokens.issue) -> Target:
        return WorkmailEwsTarget(EwsClient(server.url, token, address))

    with pytest.raises(CredentialsRejected):
        act(target(ADDRESS, lambda: "unknown"))
    with pytest.raises(MailboxUnreachable, match="ErrorNonExistentMailbox"):
        act(target("nobody@example.test"))
    server.faults.busy(1, 1500)
    with pytest.raises(TargetBusy) as busy:
        act(target(ADDRESS))
    assert busy.value.retry_after == 1.5
    server.close()
    with pytest.raises(TargetBusy):
        act(target(ADDRESS))


def test_a_folder_that_was_deleted_meanwhile(target: WorkmailEwsTarget) -> None:
    with pytest.raises(MailboxUnreachable, match="ErrorSavedItemFolderNotFound"):
        list(target.append("gone", [stamped("a")]))


def test_messages_of_errors_name_no_address(server: EwsServer, tokens: Tokens) -> None:
    target = WorkmailEwsTarget(EwsClient(server.url, tokens.issue, "nobody@example.test"))
    with pytest.raises(MailboxUnreachable) as unreachable:
        target.count("folder")
    assert "@" not in str(unreachable.value)


def test_nothing_is_sent_and_everything_is_schema_valid(
    target: WorkmailEwsTarget, recorder: Recorder, schema: Schema
) -> None:
    folder = target.ensure_folder(plan("A", "B"))
    flags = ("\\Seen", "\\Answered", "\\Flagged", "work", "<&>")
    nasty = Stamped("n", Item(ItemRef("n", 0), b"", RECEIVED, frozenset({"\x01bad\ud800"})))
    list(target.append(folder, [stamped("a", *flags), stamped("b", "$Forwarded"), nasty]))
    target.since(folder, "", ["a", "b", "c"])
    target.count(folder)
    assert schema.check_all(recorder) == 2 * len(recorder.seen)
    (request,) = recorder.requests("CreateItem")
    assert request.get("MessageDisposition") == "SaveOnly"
    assert request.get("SendMeetingInvitations") == "SendToNone"


@pytest.mark.parametrize("seed", range(6))
def test_whatever_goes_wrong_on_the_way_nothing_is_lost_or_doubled(
    server: EwsServer, tokens: Tokens, seed: int
) -> None:
    """Lost answers, lost requests, throttling and expired tokens at random; TargetBusy is
    answered as the contract says: ask `since`, append the rest."""
    chance = random.Random(seed)
    faults = server.faults
    troubles: list[Callable[[], object]] = [
        tokens.expire_all,
        lambda: faults.busy(1, 1),
        lambda: faults.close_connection_next(after_storing=True),
        lambda: faults.close_connection_next(after_storing=False),
        lambda: faults.reject_next("ErrorServerBusy"),
    ]
    target = WorkmailEwsTarget(EwsClient(server.url, tokens.issue, ADDRESS))
    folder = inbox_of(target)
    batches = [[stamped(f"{batch}-{number}") for number in range(130)] for batch in range(5)]
    rest = list(batches)
    while rest:
        for _ in range(chance.randrange(3)):
            chance.choice(troubles)()
        try:
            have = target.since(folder, target.mark(folder), [one.key for one in rest[0]])
            list(target.append(folder, [one for one in rest[0] if one.key not in have]))
            rest.pop(0)
        except TargetBusy:
            continue
    expected = sorted(one.key for batch in batches for one in batch)
    assert sorted(keys_in(server, "Inbox")) == expected
