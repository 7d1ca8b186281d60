"""Whole messages out of FETCH answers, in all the ways in which servers give them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, timezone

import pytest

from migration.mail import Item, ItemRef
from migration.mime import MimeStream, whole
from migration.wire.imap import ImapConnection
from migration.wire.imap_errors import CommandRefused, ConnectionLost, Garbled, ImapError
from migration.wire.imap_fetch import BodyStream, make_item
from tests.unit.wire.scripted import LOGIN, Command, Rule, Scripted, Talk, hang_up, literal, message

DATE = datetime(2015, 2, 1, 10, 30, tzinfo=timezone(timedelta(hours=5, minutes=30)))
FLAGS = rb"FLAGS (\Seen $Work)"
WHEN = rb'INTERNALDATE "01-Feb-2015 10:30:00 +0530"'
OK = b"TAG OK done\r\n"


class Broken(Exception):
    """What the test makes of errors."""


def as_broken(error: ImapError) -> Exception:
    return Broken(type(error).__name__)


@contextmanager
def bodies(fetch: Rule, stream_from: int = 1000) -> Iterator[BodyStream]:
    with Scripted({b"UID FETCH": fetch}) as scripted:
        connection = ImapConnection(scripted.server(read_timeout=2.0), LOGIN)
        yield BodyStream(connection, as_broken, stream_from)
        connection.close()


def refs(*uids: int) -> list[ItemRef]:
    return [ItemRef(str(uid), 10) for uid in uids]


def read_all(fetch: Rule, *uids: int) -> list[Item]:
    """The items, with their content whole."""
    with bodies(fetch) as stream:
        return list(wholly(stream.read(stream.ask(refs(*uids)))))


def wholly(items: Iterator[Item]) -> Iterator[Item]:
    for item in items:
        yield Item(item.ref, whole(item.mime), item.received, item.flags)


SHORT, LONG = b"Subject: x\r\n\r\nbody)\r\n", b"Subject: y\r\n\r\n" + b"0123456789abcd\r\n" * 20_000


@pytest.mark.parametrize("content", [SHORT, LONG], ids=["short", "long"])
@pytest.mark.parametrize(
    "form",
    [
        b"* 1 FETCH (UID 5 %(flags)s %(when)s BODY[] %(body)s)\r\n",
        b"* 1 FETCH (%(flags)s UID 5 %(when)s BODY[] %(body)s)\r\n",
        b"* 1 FETCH (BODY[] %(body)s UID 5 %(flags)s %(when)s)\r\n",
        b"* 1 FETCH (UID 5 BODY[] %(body)s %(when)s %(flags)s)\r\n",
        b"* 1 fetch (uid 5 %(flags)s %(when)s body[] %(body)s)\r\n",
        b"* 1 FETCH (UID 5 %(flags)s %(when)s BODY[] %(body)s MODSEQ (17))\r\n",
        b"* 1 FETCH (MODSEQ (17) UID 5 %(flags)s %(when)s BODY[] %(body)s)\r\n",
        b'* 1 FETCH (X {3}\r\n"a\n UID 5 %(flags)s %(when)s BODY[] %(body)s)\r\n',
        b"* 1 FETCH (UID 5 %(flags)s %(when)s BODY[] %(body)s X {1}\r\n)Y {2}\r\n\r\n)\r\n",
        b"* 1 FETCH  (UID 5  %(flags)s  %(when)s  BODY[] %(body)s )\r\n",
        (
            b"* 7 EXPUNGE\r\n* 5 EXISTS\r\n* 1 FETCH (UID 5 %(flags)s %(when)s BODY[] %(body)s)\r\n"
            b"* OK [ALERT] x {y}\r\n* 2 FETCH (UID 6 FLAGS ())\r\n* FLAGS (x)\r\n"
        ),
        (
            b"* 1 FETCH (UID 5 FLAGS (\\Deleted))\r\n* 1 FETCH (FLAGS ())\r\n"
            b"* 1 FETCH (UID 5 %(flags)s %(when)s BODY[] %(body)s)\r\n"
            b"* 1 FETCH (UID 5 FLAGS ())\r\n"
        ),
    ],
    ids=lambda form: form[:40].decode() + str(len(form)),
)
def test_items_may_stand_in_any_order_and_among_other_things(form: bytes, content: bytes) -> None:
    words = {b"flags": FLAGS, b"when": WHEN, b"body": literal(content)}
    (item,) = read_all(form % words + OK, 5)
    assert item == Item(refs(5)[0], content, DATE, frozenset({"\\Seen", "$Work"}))


def test_content_may_be_a_quoted_string() -> None:
    answer = b'* 1 FETCH (UID 5 FLAGS () INTERNALDATE "%s" BODY[] "a \\"b\\" \\\\")\r\n'
    (item,) = read_all(answer % b"01-Feb-2015 10:30:00 +0530" + OK, 5)
    assert item.mime == b'a "b" \\'
    (empty,) = read_all(message(5, b"").replace(b"{0}\r\n", b'""') + OK, 5)
    assert empty.mime == b""
    (also_empty,) = read_all(message(5, b"") + OK, 5)
    assert also_empty.mime == b""


@pytest.mark.parametrize(
    "answer",
    [
        b"* 1 FETCH (UID 5 FLAGS () BODY[] NIL)\r\n",
        b"* 1 FETCH (UID 5 FLAGS ())\r\n",
        b"* 1 FETCH (FLAGS () BODY[] {1}\r\nx)\r\n",
        b"* 1 FETCH ()\r\n",
        b"* 1 FETCH\r\n",
        message(6, SHORT),
        message(6, LONG),
        b"",
    ],
)
def test_what_is_no_content_of_a_message_that_is_wanted(answer: bytes) -> None:
    with bodies(answer + message(7, SHORT) + OK) as stream:
        batch = stream.ask(refs(5, 7))
        (item,) = wholly(stream.read(batch))
        assert item.ref.uid == "7"
        assert list(batch.wanted) == [5]


@pytest.mark.parametrize(
    "answer",
    [
        b"* 1 FETCH (UID 5\r\n",
        b"* 1 FETCH (UID 5 FLAGS)\r\n",
        b"* 1 FETCH (UID five BODY[] {1}\r\nx)\r\n",
        b"* 1 FETCH (UID 5 BODY[] {1}\r\nx\r\n",
    ],
)
def test_what_is_no_imap_is_garbled(answer: bytes) -> None:
    with pytest.raises(Garbled):
        read_all(answer + OK, 5)


def test_a_missing_or_odd_date_is_taken_from_the_header() -> None:
    dated = b"Date: Wed, 1 Jan 2020 00:00:00 +0200\r\n\r\nx"
    expected = datetime(2019, 12, 31, 22, 0, tzinfo=UTC)
    for date in (b"", b"01-Foo-2020 00:00:00 +0000"):
        assert make_item(refs(1)[0], dated, (), date).received == expected
    (item,) = read_all(b"* 1 FETCH (UID 1 BODY[] " + literal(dated) + b")\r\n" + OK, 1)
    assert item.received == expected


@pytest.mark.parametrize(
    "date",
    [b"Mon, 3 Apr 99999999999 12:00:00 +0000", b"yesterday", b"", b"\xff\xfe", b"Mon, 32 Foo 2020"],
)
def test_a_date_that_makes_no_sense_is_1970(date: bytes) -> None:
    item = make_item(refs(1)[0], b"Date: " + date + b"\r\n\r\nx", (), b"")
    assert item.received == datetime(1970, 1, 1, tzinfo=UTC)


def test_a_date_without_a_zone_is_of_utc() -> None:
    item = make_item(refs(1)[0], b"Date: Wed, 1 Jan 2020 00:00:00 -0000\r\n\r\nx", (), b"")
    assert item.received == datetime(2020, 1, 1, tzinfo=UTC)


def test_flags_are_text_and_recent_is_none_of_ours() -> None:
    answer = message(5, SHORT, rb"\Seen \Recent 2020 NIL $Work Gr\xfcn")
    (item,) = read_all(answer + OK, 5)
    assert {"\\Seen", "2020", "NIL", "$Work"} <= item.flags
    assert "\\Recent" not in item.flags
    assert len(item.flags) == 5


# -- stretches that are read in parts


def part_of(*uids: int) -> dict[int, ItemRef]:
    return {int(ref.uid): ref for ref in refs(*uids)}


def test_a_stretch_is_asked_for_once_and_read_in_parts() -> None:
    answer = b"".join(message(uid, b"mail %d" % uid) for uid in (1, 2, 3, 4)) + OK
    with bodies(answer) as stream:
        stretch = stream.ask(refs(1, 2, 3, 4))
        assert [item.mime for item in stream.read(stretch, part_of(1, 2))] == [b"mail 1", b"mail 2"]
        assert not stretch.is_over
        assert [item.mime for item in stream.read(stretch, part_of(3, 4))] == [b"mail 3", b"mail 4"]
        assert stretch.is_over


def test_a_message_that_is_missing_in_a_part_is_not_waited_for() -> None:
    with bodies(message(1, b"one") + message(3, LONG) + message(4, b"four") + OK) as stream:
        stretch, first, second = stream.ask(refs(1, 2, 3, 4)), part_of(1, 2), part_of(3, 4)
        assert [item.mime for item in stream.read(stretch, first)] == [b"one"]
        assert list(first) == [2]
        assert [item.mime for item in wholly(stream.read(stretch, second))] == [LONG, b"four"]
        assert not second


def test_answers_out_of_order_find_their_parts() -> None:
    order = (1, 4, 2, 5, 3, 6)
    with bodies(b"".join(message(uid, b"%d" % uid) for uid in order) + OK) as stream:
        stretch, first, second = stream.ask(refs(*order)), part_of(1, 2, 3), part_of(4, 5, 6)
        assert [item.mime for item in stream.read(stretch, first)] == [b"1", b"2", b"3"]
        assert [item.mime for item in stream.read(stretch, second)] == [b"4", b"5", b"6"]
        assert not first
        assert not second


def test_what_comes_too_early_to_be_kept_ends_the_part() -> None:
    large = b"x" * 400_000
    early = b"".join(message(uid, large) for uid in (4, 5, 6))
    answer = message(1, b"1") + early + message(2, b"2") + OK
    with bodies(answer, stream_from=500_000) as stream:
        stretch, first, second = stream.ask(refs(1, 2, 4, 5, 6)), part_of(1, 2), part_of(4, 5, 6)
        assert [item.mime for item in stream.read(stretch, first)] == [b"1"]
        assert list(first) == [2]
        assert stretch.early_size == 800_000
        assert [item.ref.uid for item in stream.read(stretch, second)] == ["4", "5", "6"]
        assert stretch.early_size == 0


@pytest.mark.parametrize("content", [SHORT, LONG], ids=["short", "long"])
def test_parts_that_nobody_reads_are_passed_over(content: bytes) -> None:
    answer = message(1, b"1") + message(2, content) + message(3, content) + message(4, b"4") + OK
    with bodies(answer) as stream:
        stretch, skipped = stream.ask(refs(1, 2, 3, 4)), part_of(1, 9)
        assert [item.mime for item in stream.read(stretch, skipped)] == [b"1"]
        assert [item.mime for item in stream.read(stretch, part_of(4))] == [b"4"]
        assert stretch.is_over


def test_a_refusal_is_told_to_every_part_that_misses_something() -> None:
    with bodies(message(1, b"1") + message(2, b"2") + b"TAG NO [X-A] no\r\n") as stream:
        stretch = stream.ask(refs(1, 2, 3, 4))
        assert [item.mime for item in stream.read(stretch, part_of(1))] == [b"1"]
        for uids in ((2, 3), (4,)):
            with pytest.raises(CommandRefused, match="X-A"):
                list(stream.read(stretch, part_of(*uids)))


# -- several commands


def test_a_refusal_is_of_the_command_that_it_names() -> None:
    answers = [message(1, b"1") + OK, b"TAG NO [X-A] no\r\n", message(3, b"3") + OK]
    with bodies(answers) as stream:
        first, second, third = (stream.ask(refs(uid)) for uid in (1, 2, 3))
        assert [item.mime for item in stream.read(first)] == [b"1"]
        with pytest.raises(CommandRefused, match="X-A"):
            list(stream.read(second))
        assert [item.mime for item in stream.read(third)] == [b"3"]


def test_what_came_before_a_refusal_is_kept() -> None:
    with bodies(message(1, b"1") + b"TAG NO some could not be read\r\n") as stream:
        part = part_of(1, 2)
        items = stream.read(stream.ask(refs(1, 2)), part)
        assert next(items).mime == b"1"
        with pytest.raises(CommandRefused):
            next(items)
        assert list(part) == [2]
    with bodies(message(1, b"1") + b"TAG NO but everything came\r\n") as stream:
        assert len(list(stream.read(stream.ask(refs(1))))) == 1


def test_a_message_that_comes_twice_is_not_taken_for_one_of_another_folder() -> None:
    twice = message(1, b"of the first folder") * 2 + OK
    with bodies([twice, message(1, b"of the second folder") + OK]) as stream:
        first, second = stream.ask(refs(1, 2)), stream.ask(refs(1))
        assert [item.mime for item in stream.read(first)] == [b"of the first folder"]
        assert [item.mime for item in stream.read(second)] == [b"of the second folder"]


# -- streams


def test_a_long_message_is_a_stream_and_the_answer_goes_on_behind_it() -> None:
    with bodies(message(1, LONG) + message(2, b"two") + OK) as stream:
        items = stream.read(stream.ask(refs(1, 2)))
        first = next(items)
        assert isinstance(first.mime, MimeStream)
        assert len(first.mime) == len(LONG)
        assert first.mime.head == LONG[:65_536] or LONG.startswith(first.mime.head)
        assert b"".join(first.mime) == LONG
        assert next(items).mime == b"two"


def test_a_stream_that_is_closed_unread_or_half_read_does_not_spoil_the_next() -> None:
    answer = message(1, LONG) + message(2, LONG) + message(3, b"three") + OK
    with bodies(answer) as stream:
        items = stream.read(stream.ask(refs(1, 2, 3)))
        unread = next(items).mime
        assert isinstance(unread, MimeStream)
        unread.close()
        half = next(items).mime
        assert isinstance(half, MimeStream)
        pieces = iter(half)
        next(pieces)
        half.close()
        assert next(items).mime == b"three"


def test_the_reader_of_the_answer_waits_for_the_reader_of_a_stream() -> None:
    with bodies(message(1, LONG) + message(2, b"two") + OK) as stream:
        items = stream.read(stream.ask(refs(1, 2)))
        first = next(items).mime
        assert isinstance(first, MimeStream)
        got: list[bytes] = []
        later = threading.Timer(0.2, lambda: got.append(b"".join(first)))
        later.start()
        assert next(items).mime == b"two"
        assert got == [LONG]
        later.join()


@pytest.mark.parametrize("there", [100, 200_000])
def test_a_connection_that_breaks_in_a_stream_is_told_to_its_reader(there: int) -> None:
    def cut(talk: Talk, command: Command) -> None:
        talk.say(message(1, LONG)[:there])
        hang_up(talk, command)

    with bodies(cut) as stream:
        items = stream.read(stream.ask(refs(1)))
        with pytest.raises(Broken, match="ConnectionLost"):
            for item in items:
                b"".join(item.mime if isinstance(item.mime, MimeStream) else [])


def test_a_bye_in_the_middle_of_messages_is_a_lost_connection() -> None:
    bye = b"* BYE FETCH failed: Internal error occurred.\r\n"
    with bodies(message(1, b"1") + bye) as stream:
        batch = stream.ask(refs(1, 2))
        items = stream.read(batch)
        assert next(items).mime == b"1"
        with pytest.raises(ConnectionLost) as caught:
            next(items)
        assert caught.value.by_fetch
        assert list(batch.wanted) == [2]
