"""Messages on their way into a folder: what is sent at once, and what becomes of refusals."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

import pytest

from migration.errors import (
    CredentialsRejected,
    FolderGone,
    MailboxUnreachable,
    MigrationError,
    QuotaExceeded,
    SourceBusy,
    TargetBusy,
)
from migration.mail import Folder, FolderPlan, Item, ItemRef, Outcome, Rejected, Stamped, Stored
from migration.mime import Mime, MimeStream
from migration.targets.imap_append import read_mark, read_uids
from migration.targets.workmail_imap import WorkmailImapTarget
from migration.wire.imap_errors import Garbled
from migration.wire.imap_parse import Response
from tests.unit.targets.append_server import AppendServer, Refuse, Taken
from tests.unit.wire.scripted import LOGIN, Answer, Rule, Scripted, hang_up, stall

DATE = datetime(2015, 2, 1, 10, 30, tzinfo=timezone(timedelta(hours=5, minutes=30)))
RICH = "IMAP4rev1 UIDPLUS MULTIAPPEND LITERAL+"
WAYS = {
    "rich": RICH,
    "no MULTIAPPEND": "IMAP4rev1 UIDPLUS LITERAL+",
    "LITERAL-": "IMAP4rev1 UIDPLUS MULTIAPPEND LITERAL-",
    "LITERAL- alone": "IMAP4rev1 UIDPLUS LITERAL-",
    "no UIDPLUS": "IMAP4rev1 MULTIAPPEND LITERAL+",
    "poor": "IMAP4rev1",
    "poor with UIDPLUS": "IMAP4rev1 UIDPLUS",
    "poor with MULTIAPPEND": "IMAP4rev1 UIDPLUS MULTIAPPEND",
}


@dataclass
class Setting:
    """A target, and the server behind it."""

    target: WorkmailImapTarget
    server: AppendServer
    scripted: Scripted

    def outcomes(self, *batches: Sequence[Stamped]) -> list[Outcome]:
        receipts = [self.target.append("A", batch) for batch in batches]
        return [outcome for receipt in receipts for outcome in receipt.outcomes()]


@contextmanager
def setting(
    capabilities: str = RICH,
    refuse: Refuse | None = None,
    *,
    hang_up_after: int = 0,
    refuses: Callable[[bytes], bytes] | None = None,
    **more: Rule,
) -> Iterator[Setting]:
    server = AppendServer(hang_up_after=hang_up_after, gives_uids="UIDPLUS" in capabilities)
    if refuse:
        server.refuse = refuse
    rules = {name.replace("_", " ").encode(): rule for name, rule in more.items()}
    rules |= {key: rule for key, rule in server.rules.items() if key not in rules}
    with Scripted(rules, capabilities=capabilities, refuses=refuses) as scripted:
        target = WorkmailImapTarget(scripted.server(read_timeout=2.0), LOGIN)
        yield Setting(target, server, scripted)
        target.close()


def mail(number: int, size: int = 0) -> bytes:
    return b"Subject: %d\r\n\r\n%s\r\n" % (number, b"x" * size)


def stamped(number: int, mime: Mime | None = None, *flags: str) -> Stamped:
    content = mail(number) if mime is None else mime
    item = Item(ItemRef(str(number), len(content)), content, DATE, frozenset(flags))
    return Stamped(f"key-{number}", item)


def batch(*numbers: int) -> list[Stamped]:
    return [stamped(number) for number in numbers]


def stream(content: bytes) -> MimeStream:
    pieces = (content[at : at + 100_000] for at in range(0, len(content), 100_000))
    return MimeStream(len(content), pieces)


def refuse_subject(*numbers: int, answer: bytes = b"NO bad mail") -> Refuse:
    bad = {mail(number) for number in numbers}
    return lambda taken: answer if taken.mime in bad else b""


# -- the ways to send


@pytest.mark.parametrize("way", WAYS)
def test_every_way_brings_everything_in_order(way: str) -> None:
    odd = stamped(9, b"no header, \0\n and \r bare\xff", "\\Seen", "$Work", "a]b", "x" * 60)
    large = mail(7, 200_000)
    contents = [stamped(1), odd, stamped(2, mail(2, 5000)), stamped(7, large), stamped(8, b"")]
    with setting(WAYS[way]) as it:
        receipt = it.target.append("A", contents)
        outcomes = receipt.outcomes()
        assert it.server.contents == [each.item.mime for each in contents]
        assert {each.date for each in it.server.kept} == {"01-Feb-2015 10:30:00 +0530"}
        assert it.server.kept[1].flags == ("$Work", "\\Seen")
        assert receipt.mark == "7:6"
        given = [f"7:{uid}" for uid in range(1, 6)] if "UIDPLUS" in WAYS[way] else [""] * 5
        assert outcomes == [
            Stored(each.key, id_, "keywords-left-out" if each is odd else "")
            for each, id_ in zip(contents, given, strict=True)
        ]
        sent_together = [len(each) for each in it.server.tries]
        assert sent_together == ([5] if "MULTIAPPEND" in WAYS[way] else [1] * 5)


@pytest.mark.parametrize(
    ("capabilities", "small", "limit", "large"),
    [
        (RICH, b"+}", b"+}", b"+}"),
        ("IMAP4rev1 LITERAL-", b"+}", b"+}", b"}"),
        ("IMAP4rev1", b"}", b"}", b"}"),
    ],
)
def test_literals_wait_where_they_must(
    capabilities: str, small: bytes, limit: bytes, large: bytes
) -> None:
    sizes = {10: small, 4096: limit, 4097: large}
    with setting(capabilities) as it:
        for number, size in enumerate(sizes):
            it.outcomes([stamped(number, b"x" * size)])
        for command, (size, end) in zip(it.scripted.asked(b"APPEND"), sizes.items(), strict=True):
            assert b"{%d%s\r\n" % (size, end) in command


def test_large_batches_go_in_groups() -> None:
    numbers = range(250)
    with setting() as it:
        assert len(it.outcomes(batch(*numbers))) == 250
        assert [len(each) for each in it.server.tries] == [100, 100, 50]
    with setting() as it:
        it.outcomes([stamped(number, mail(number, 450_000)) for number in range(9)])
        assert [len(each) for each in it.server.tries] == [4, 4, 1]


@pytest.mark.parametrize("way", WAYS)
def test_streams_go_alone_and_in_order(way: str) -> None:
    large = mail(2, 1_500_000)
    with setting(WAYS[way]) as it:
        outcomes = it.outcomes([stamped(1), stamped(2, stream(large)), stamped(3)])
        assert [outcome.key for outcome in outcomes] == ["key-1", "key-2", "key-3"]
        assert it.server.contents == [mail(1), large, mail(3)]


def test_a_server_that_stops_reading_because_nobody_reads_its_answers_is_read() -> None:
    chatty = AppendServer()

    def append(talk: object, command: object) -> None:
        talk.say(b"* OK " + b"x" * 2000 + b"\r\n")  # type: ignore[attr-defined]
        chatty.append(talk, command)  # type: ignore[arg-type]

    with setting("IMAP4rev1 UIDPLUS LITERAL+", APPEND=append) as it:
        assert len(it.outcomes([stamped(n, mail(n, 500)) for n in range(10_000)])) == 10_000


# -- what the server answers


@pytest.mark.parametrize(
    ("line", "count", "ids"),
    [
        (b"OK [APPENDUID 7 3] done", 1, ["7:3"]),
        (b"OK [appenduid 7 3:5] done", 3, ["7:3", "7:4", "7:5"]),
        (b"OK [APPENDUID 7 3,9,4] done", 3, ["7:3", "7:9", "7:4"]),
        (b"OK [APPENDUID 7 1,3:4] done", 3, ["7:1", "7:3", "7:4"]),
        (b"OK [APPENDUID 7 3] done", 2, ["", ""]),
        (b"OK [APPENDUID 7] done", 1, [""]),
        (b"OK [APPENDUID 7 3", 1, ["7:3"]),
        (b"OK done", 2, ["", ""]),
    ],
)
def test_appenduid(line: bytes, count: int, ids: list[str]) -> None:
    assert read_uids(Response(b"a1", line), count) == ids


def test_an_appenduid_that_is_none_is_garbled() -> None:
    with pytest.raises(Garbled):
        read_uids(Response(b"a1", b"OK [APPENDUID 7 x] done"), 1)


@pytest.mark.parametrize(
    ("line", "mark"),
    [
        (b"STATUS A (UIDVALIDITY 7 UIDNEXT 9)", "7:9"),
        (b'STATUS "a (b)" (UIDNEXT 9 UIDVALIDITY 7)', "7:9"),
        (b'status "UIDNEXT UIDVALIDITY" (UIDNEXT 9 UIDVALIDITY 7)', "7:9"),
        (b"STATUS A (UIDNEXT 9)", ""),
        (b"STATUS A ()", ""),
        (b"OK done", ""),
    ],
)
def test_marks(line: bytes, mark: str) -> None:
    assert read_mark([Response(b"*", b"1 EXISTS"), Response(b"*", line)]) == mark


def test_the_mark_is_behind_the_last_uid_in_whatever_order_they_come() -> None:
    answer = b"TAG OK [APPENDUID 7 30,12:13] done\r\n"
    with setting(APPEND=answer) as it:
        receipt = it.target.append("A", batch(1, 2, 3))
        assert [each.target_id for each in receipt.outcomes() if isinstance(each, Stored)] == [
            *("7:30", "7:12", "7:13")
        ]
        assert receipt.mark == "7:31"


# -- refusals


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("bad", [(0,), (3,), (4,), (1, 2), (0, 4), (0, 1, 2, 3, 4)])
def test_refused_messages_are_found_and_the_others_stored(way: str, bad: tuple[int, ...]) -> None:
    with setting(WAYS[way], refuse_subject(*bad)) as it:
        outcomes = it.outcomes(batch(*range(5)))
        good = [number for number in range(5) if number not in bad]
        assert it.server.contents == [mail(number) for number in good]
        assert [type(each) for each in outcomes] == [
            Stored if number in good else Rejected for number in range(5)
        ]
        assert [each.key for each in outcomes] == [f"key-{number}" for number in range(5)]
        stored = [each.target_id for each in outcomes if isinstance(each, Stored)]
        if "UIDPLUS" in WAYS[way]:
            assert stored == [f"7:{uid}" for uid in range(1, len(good) + 1)]


@pytest.mark.parametrize("way", WAYS)
def test_a_refused_group_among_several_under_way(way: str) -> None:
    with setting(WAYS[way], refuse_subject(12, 31)) as it:
        groups = [range(10), range(10, 20), range(20, 30), range(30, 40), range(40, 50)]
        receipts = [it.target.append("A", batch(*numbers)) for numbers in groups]
        answers = [receipt.outcomes() for receipt in receipts]
        for numbers, outcomes in zip(groups, answers, strict=True):
            assert [each.key for each in outcomes] == [f"key-{number}" for number in numbers]
            refused = [each.key for each in outcomes if isinstance(each, Rejected)]
            assert refused == [f"key-{number}" for number in numbers if number in (12, 31)]
        assert sorted(it.server.contents) == sorted(mail(n) for n in range(50) if n not in (12, 31))
        if "UIDPLUS" in WAYS[way]:
            marks = [receipt.mark for receipt in receipts]
            assert marks[1] == marks[3] == ""
            assert all(marks[position] for position in (0, 2, 4))
            order = [
                it.server.contents.index(mail(number)) for number in (*range(10), *range(20, 30))
            ]
            assert order == sorted(order)
            for outcomes in answers:
                for each in outcomes:
                    if isinstance(each, Stored):
                        uid = int(each.target_id.partition(":")[2])
                        assert it.server.contents[uid - 1] == mail(int(each.key[4:]))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("refuse", "content", "altered", "stored"),
    [
        (
            lambda taken: b"NO bare newlines" if b"\n" in taken.mime.replace(b"\r\n", b"") else b"",
            b"Subject: x\n\nbody\n",
            "crlf",
            b"Subject: x\r\n\r\nbody\r\n",
        ),
        (
            lambda taken: b"NO contains NUL" if b"\0" in taken.mime else b"",
            b"Subject: x\r\n\r\nbo\0dy\r\n",
            "nul-removed",
            b"Subject: x\r\n\r\nbody\r\n",
        ),
        (
            lambda taken: b"NO invalid header" if b":" not in taken.mime else b"",
            b"no header at all",
            "header-added",
            b"X-Migration-Note: this message had no header\r\n\r\nno header at all",
        ),
        (
            lambda taken: b"NO [LIMIT] too many keywords" if "$Work" in taken.flags else b"",
            b"Subject: x\r\n\r\nbody\r\n",
            "keywords-left-out",
            b"Subject: x\r\n\r\nbody\r\n",
        ),
        (
            lambda taken: b"BAD date" if taken.date else b"",
            b"Subject: x\r\n\r\nbody\r\n",
            "keywords-left-out+date-left-out",
            b"Subject: x\r\n\r\nbody\r\n",
        ),
    ],
    ids=["bare LF", "NUL", "no header", "keywords", "date"],
)
def test_the_ladder(way: str, refuse: Refuse, content: bytes, altered: str, stored: bytes) -> None:
    with setting(WAYS[way], refuse) as it:
        contents = [stamped(1), stamped(2, content, "$Work", "\\Seen"), stamped(3)]
        outcome = it.outcomes(contents)[1]
        if refuse(Taken(mail(1), (), "x")):  # the neighbours are refused, too
            assert {each.mime for each in it.server.kept} == {mail(1), stored, mail(3)}
        assert isinstance(outcome, Stored)
        assert outcome.altered == altered
        kept = next(each for each in it.server.kept if each.mime == stored)
        assert "\\Seen" in kept.flags
        assert bool(kept.date) is ("date" not in altered)


def test_a_message_that_is_refused_in_every_form_is_rejected_with_the_servers_code() -> None:
    for answer, reason in ((b"NO no", "no"), (b"BAD no", "bad"), (b"NO [LIMIT] x", "limit")):
        with setting(refuse=refuse_subject(1, answer=answer)) as it:
            (outcome,) = it.outcomes(batch(1))
            assert outcome == Rejected("key-1", reason)


def test_a_stream_that_is_refused_is_rejected_for_it_cannot_be_read_again() -> None:
    large = mail(1, 1_200_000)
    with setting(refuse=lambda taken: b"NO [TOOBIG] x" if len(taken.mime) > 10**6 else b"") as it:
        outcomes = it.outcomes([stamped(0), stamped(1, stream(large)), stamped(2)])
        assert outcomes[1] == Rejected("key-1", "toobig")
        assert it.server.contents == [mail(0), mail(2)]


REFUSALS = [
    (b"NO [OVERQUOTA] full", QuotaExceeded, None),
    (b"NO Over quota", QuotaExceeded, None),
    (b"NO [ALERT] You exceeded your mail quota.", QuotaExceeded, None),
    (b"NO [TRYCREATE] no such folder", FolderGone, None),
    (b"NO [INUSE] later", TargetBusy, 30),
    (b"NO [UNAVAILABLE] later", TargetBusy, 30),
    (b"NO [LIMIT] Backoff Time: 5000 milliseconds", TargetBusy, 5),
    (b"BAD Request is throttled. Suggested Backoff Time: 1500 milliseconds", TargetBusy, 1.5),
]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("answer", "error", "wait"), REFUSALS)
def test_refusals_that_are_not_about_the_message(
    way: str, answer: bytes, error: type[MigrationError], wait: float | None
) -> None:
    with setting(WAYS[way], refuse_subject(2, answer=answer)) as it:
        for _ in range(2):
            with pytest.raises(error) as caught:
                it.outcomes(batch(1, 2), batch(3))
            if isinstance(caught.value, TargetBusy):
                assert caught.value.retry_after == wait
                assert not caught.value.lost
        assert len(it.server.tries) <= 3, "the broken connection is not used again"


@pytest.mark.parametrize("capabilities", ["IMAP4rev1", "IMAP4rev1 UIDPLUS MULTIAPPEND"])
@pytest.mark.parametrize(("answer", "error", "wait"), REFUSALS)
def test_they_are_known_also_before_the_literal_was_sent(
    capabilities: str, answer: bytes, error: type[MigrationError], wait: float | None
) -> None:
    def refuses(command: bytes) -> bytes:
        return command.split(b" ")[0] + b" " + answer + b"\r\n"

    with setting(capabilities, refuses=refuses) as it:
        with pytest.raises(error):
            it.outcomes(batch(1, 2))
        assert it.server.kept == []


def test_they_are_known_also_while_a_message_climbs_the_ladder() -> None:
    for answer, error, _ in REFUSALS:
        seen: list[int] = []

        def refuses(command: bytes, answer: bytes = answer, seen: list[int] = seen) -> bytes:
            seen.append(1)
            tag = command.split(b" ")[0]
            return tag + (b" NO bad mail\r\n" if len(seen) == 1 else b" " + answer + b"\r\n")

        with setting("IMAP4rev1 UIDPLUS", refuses=refuses) as it, pytest.raises(error):
            it.outcomes([stamped(1, b"Subject: x\n\nbare\n")])


def test_a_refusal_in_the_middle_of_a_multiappend_stores_nothing_of_it() -> None:
    seen: list[int] = []

    def refuses(command: bytes) -> bytes:
        seen.append(1)
        return command.split(b" ")[0] + b" NO bad mail\r\n" if len(seen) == 2 else b""

    with setting("IMAP4rev1 UIDPLUS MULTIAPPEND", refuses=refuses) as it:
        outcomes = it.outcomes(batch(1, 2, 3), batch(4))
        assert sorted(it.server.contents) == [mail(number) for number in (1, 2, 3, 4)]
        assert all(isinstance(each, Stored) for each in outcomes)


# -- connections


@pytest.mark.parametrize("way", WAYS)
def test_what_was_under_way_when_the_connection_broke_is_in_doubt_and_not_sent_again(
    way: str,
) -> None:
    with setting(WAYS[way], hang_up_after=2) as it:
        with pytest.raises(TargetBusy) as caught:
            it.outcomes(*(batch(10 * turn, 10 * turn + 1) for turn in range(4)))
        assert caught.value.lost
        assert caught.value.retry_after > 0
        tries = len(it.server.tries)
        with pytest.raises(TargetBusy):
            it.outcomes(batch(99))
        assert len(it.server.tries) == tries
        it.target.close()
        it.server.hang_up_after = 0
        assert len(it.outcomes(batch(99))) == 1


@pytest.mark.parametrize("again", [True, False])
def test_what_was_under_way_when_the_target_was_closed_is_in_doubt(*, again: bool) -> None:
    with setting() as it:
        done = it.target.append("A", batch(0))
        outcomes = done.outcomes()
        receipt = it.target.append("A", batch(1))
        it.target.close()
        if again:
            assert len(it.outcomes(batch(2))) == 1
        with pytest.raises(TargetBusy):
            receipt.outcomes()
        assert done.outcomes() == outcomes


def test_a_folder_that_is_made_again_takes_messages_at_once() -> None:
    answers: list[Answer] = [b"TAG NO [TRYCREATE] x\r\n", b"TAG OK [APPENDUID 8 1] x\r\n"]
    with setting(APPEND=answers) as it:
        receipts = [it.target.append("A", batch(1)), it.target.append("A", batch(2))]
        with pytest.raises(FolderGone):
            receipts[0].outcomes()
        it.target.ensure_folders([plan("A")])
        assert it.outcomes(batch(1)) == [Stored("key-1", "8:1")]
        with pytest.raises(TargetBusy):
            receipts[1].outcomes()


@pytest.mark.parametrize(
    ("answer", "wait", "lost"),
    [
        (hang_up, 30, True),
        (stall, 30, True),
        (b"* BYE shutting down\r\n", 30, False),
        (b"* BYE Backoff Time: 9000 milliseconds\r\n", 9, False),
        (b"nonsense\r\n", 30, True),
        (b"TAG MAYBE\r\n", 30, True),
    ],
)
def test_connections_that_break(answer: Rule, wait: float, *, lost: bool) -> None:
    with setting(APPEND=answer) as it, pytest.raises(TargetBusy) as caught:
        it.outcomes(batch(1))
    assert (caught.value.retry_after, caught.value.lost) == (wait, lost)


def broken_stream(error: Exception) -> MimeStream:
    def pieces() -> Iterator[bytes]:
        yield b"x" * 300_000
        raise error

    return MimeStream(2_000_000, pieces())


@pytest.mark.parametrize(
    ("error", "then"), [(SourceBusy("x", 3.0), SourceBusy), (ValueError("x"), TargetBusy)]
)
def test_after_a_stream_that_broke_off_nothing_is_written_into_its_literal(
    error: Exception, then: type[MigrationError]
) -> None:
    with setting() as it:
        it.outcomes(batch(1))
        with pytest.raises(type(error)):
            it.outcomes([stamped(2), stamped(3, broken_stream(error))])
        with pytest.raises(then):
            it.outcomes(batch(4))
        assert mail(4) not in b"".join(it.server.contents)
        assert len(it.server.kept) <= 2
        it.target.close()
        assert len(it.outcomes(batch(5))) == 1


def test_login_and_connection_failures() -> None:
    for answer, error in (
        (b"TAG NO [AUTHENTICATIONFAILED] x\r\n", "CredentialsRejected"),
        (b"TAG NO [UNAVAILABLE] Backoff Time: 2000 milliseconds\r\n", "TargetBusy"),
        (b"* BYE x\r\n", "TargetBusy"),
    ):
        with setting(LOGIN=answer) as it:
            for act in (lambda it=it: it.outcomes(batch(1)), lambda it=it: it.target.mark("A")):
                with pytest.raises(MigrationError) as caught:
                    act()
                assert type(caught.value).__name__ == error
    with setting() as it:
        it.scripted.close()
        with pytest.raises(TargetBusy):
            it.outcomes(batch(1))


# -- the rest of the target


def plan(*path: str) -> FolderPlan:
    return FolderPlan(Folder("key", path, "1", 0), path)


def test_a_folder_that_was_made_again_has_a_mark_of_its_own() -> None:
    states = [b"* STATUS A (UIDVALIDITY %d UIDNEXT 1)\r\nTAG OK\r\n" % each for each in (7, 8)]
    rows = b'* LIST () "/" INBOX\r\nTAG OK done\r\n'
    with setting(LIST=rows, STATUS=states) as it:
        (name,) = it.target.ensure_folders([plan("A")])
        assert it.target.mark(name) == "7:1"
        assert it.target.ensure_folders([plan("A")]) == [name]
        assert it.target.mark(name) == "8:1"


def test_messages_of_a_folder_that_was_made_again_are_not_those_of_the_old_one() -> None:
    opened = b"* 1 EXISTS\r\n* OK [UIDVALIDITY 8] x\r\nTAG OK\r\n"
    with setting(EXAMINE=opened, SELECT=opened, UID=b"* SEARCH 1 2\r\nTAG OK\r\n") as it:
        assert list(it.target.since("A", "7:1", [])) == []
        assert it.target.count("A", ["7:1", "8:2"]) == 1
        it.target.set_flags("A", {"7:1": frozenset({"\\Seen"})})
        it.target.remove("A", ["7:1"])
        assert it.scripted.asked(b"UID STORE") == []
        assert it.scripted.asked(b"UID EXPUNGE") == []


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"TAG NO [NONEXISTENT] x\r\n", FolderGone),
        (b"TAG NO Mailbox does not exist\r\n", FolderGone),
        (b"TAG NO [INUSE] Backoff Time: 1000 milliseconds\r\n", TargetBusy),
        (b"* BYE x\r\n", TargetBusy),
    ],
)
def test_a_folder_that_does_not_open(answer: bytes, error: type[MigrationError]) -> None:
    with setting(EXAMINE=answer, SELECT=answer) as it:
        for act in (
            lambda: it.target.since("A", "", []),
            lambda: it.target.count("A", ["7:1"]),
            lambda: list(it.target.show("A", ["7:1"])),
            lambda: it.target.set_flags("A", {"7:1": frozenset()}),
            lambda: it.target.remove("A", ["7:1"]),
        ):
            with pytest.raises(error):
                act()


def test_a_folder_without_uidplus_keeps_what_others_marked_as_deleted() -> None:
    opened = b"* 3 EXISTS\r\n* OK [UIDVALIDITY 7] x\r\nTAG OK\r\n"
    deleted = b"* SEARCH 1 5\r\nTAG OK\r\n"
    with setting("IMAP4rev1", UID_SEARCH=deleted, SELECT=opened) as it:
        it.target.remove("A", ["7:5"])
        commands = [
            command
            for command in it.scripted.commands
            if command.startswith((b"UID STORE", b"EXPUNGE"))
        ]
    assert commands == [
        b"UID STORE 5 +FLAGS.SILENT (\\Deleted)",
        b"UID STORE 1 -FLAGS.SILENT (\\Deleted)",
        b"EXPUNGE",
        b"UID STORE 1 +FLAGS.SILENT (\\Deleted)",
    ]


def test_dates_of_any_zone_are_sent_with_it() -> None:
    for moment, text in (
        (datetime(1960, 1, 1, tzinfo=UTC), "01-Jan-1960 00:00:00 +0000"),
        (DATE.astimezone(timezone(timedelta(hours=-3, minutes=-30))), "01-Feb-2015 01:30:00 -0330"),
    ):
        item = Item(ItemRef("1", 1), b"x", moment)
        with setting() as it:
            it.outcomes([Stamped("key", item)])
            assert it.server.kept[0].date == text


def test_a_refused_name_is_a_sentence() -> None:
    rows = b'* LIST () "/" INBOX\r\nTAG OK done\r\n'
    with (
        setting(LIST=rows, CREATE=b"TAG NO [CANNOT] secret\r\n") as it,
        pytest.raises(MailboxUnreachable) as caught,
    ):
        it.target.ensure_folders([plan("a", "b")])
    assert "secret" not in str(caught.value)


# -- opened ahead


def test_a_target_shows_a_wrong_password_once() -> None:
    no = {b"LOGIN": b"TAG NO [AUTHENTICATIONFAILED] no\r\n"}
    with Scripted(no) as scripted:
        target = WorkmailImapTarget(scripted.server(), LOGIN)
        target.open()
        with pytest.raises(CredentialsRejected):
            target.ensure_folders([])
        target.close()
        assert len(scripted.asked(b"LOGIN")) == 1
