"""ImapSource against answers that the real servers at hand never give."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

import pytest

from migration.errors import (
    CredentialsRejected,
    MailboxUnreachable,
    MigrationError,
    SourceBusy,
    SourceChanged,
)
from migration.mail import BatchLimit, Folder, Gone, Item, ItemRef, Outline, SpecialUse, Unreadable
from migration.mime import MimeStream, whole
from migration.sources.imap import ImapSource
from tests.unit.wire.scripted import (
    LOGIN,
    Command,
    Rule,
    Rules,
    Scripted,
    Talk,
    examined,
    hang_up,
    mailbox,
    message,
    stall,
)

MAIL = {uid: b"Subject: %d\r\n\r\nbody\r\n" % uid for uid in (1, 2, 3)}
REFS = [ItemRef(str(uid), len(content)) for uid, content in MAIL.items()]
LONG = b"Subject: long\r\n\r\n" + b"0123456789abcd\r\n" * 70_000
OK = b"TAG OK done\r\n"
LIST_TWO = b'* LIST () "/" INBOX\r\n* LIST () "/" Old\r\n' + OK
STATUS_OK = b"* STATUS INBOX (MESSAGES 3 UIDNEXT 4 UIDVALIDITY 7)\r\n" + OK


@contextmanager
def opened(
    *rules: Rules, capabilities: str = "IMAP4rev1", read_timeout: float = 2.0
) -> Iterator[tuple[Scripted, ImapSource]]:
    with Scripted(*(rules or (mailbox(MAIL),)), capabilities=capabilities) as scripted:
        source = ImapSource(scripted.server(read_timeout), LOGIN)
        yield scripted, source
        source.close()


def inbox(source: ImapSource) -> Folder:
    return next(each for each in source.folders() if each.path == ("INBOX",))


def box(**more: Rule) -> Mapping[bytes, Rule]:
    return mailbox(MAIL, **more)


def uids(answers: list[Item | Gone | Unreadable]) -> list[str]:
    return [each.ref.uid for each in answers]


# -- folders


def test_prefixes_are_stripped_and_other_peoples_folders_left_out() -> None:
    rows = (
        b'* LIST () "." INBOX\r\n* LIST () "." INBOX.Sent\r\n* LIST () "." user.bob\r\n'
        b'* LIST (\\Noselect) "." INBOX.Parent\r\n* LIST () "." INBOX.Parent.Child\r\n' + OK
    )
    spaces = b'* NAMESPACE (("INBOX." ".")) (("user." ".")) NIL\r\n' + OK
    with opened(box(LIST=rows, NAMESPACE=spaces), capabilities="IMAP4rev1 NAMESPACE") as (
        _,
        source,
    ):
        paths = [each.path for each in source.folders()]
    assert paths == [("INBOX",), ("Sent",), ("Parent", "Child")]


def test_xlist_tells_special_folders_where_nothing_else_does() -> None:
    rows = b'* LIST () "/" INBOX\r\n* LIST () "/" Verschickt\r\n' + OK
    extra = b'* XLIST (\\Sent) "/" Verschickt\r\n' + OK
    rules = box(LIST=rows, XLIST=extra)
    with opened(rules, capabilities="IMAP4rev1 XLIST") as (_, source):
        assert {each.path: each.special for each in source.folders()} == {
            ("INBOX",): SpecialUse.INBOX,
            ("Verschickt",): SpecialUse.SENT,
        }
    with opened(rules, capabilities="IMAP4rev1 XLIST SPECIAL-USE") as (scripted, source):
        assert len(list(source.folders())) == 2
        assert not scripted.asked(b"XLIST")


@pytest.mark.parametrize(
    ("name", "path"),
    [
        (b'"a \\"b\\" \\\\c"', ('a "b" \\c',)),
        (b"{4}\r\nlite", ("lite",)),
        (b"NIL", ("NIL",)),
        (b"2020", ("2020",)),
        (b'"[Gmail]/&ANw-bung"', ("[Gmail]", "Übung")),
    ],
)
def test_any_name_can_be_listed_and_opened(name: bytes, path: tuple[str, ...]) -> None:
    rows = b'* LIST () "/" INBOX\r\n* LIST () "/" ' + name + b"\r\n" + OK
    with opened(box(LIST=rows)) as (scripted, source):
        folder = next(each for each in source.folders() if each.path == path)
        assert source.page(folder, "", BatchLimit()).refs == tuple(REFS)
        asked = scripted.asked(b"EXAMINE")[0].removeprefix(b"EXAMINE ")
        assert asked.replace(b"\\", b"").strip(b'"') == (name.partition(b"\n")[2] or name).replace(
            b"\\", b""
        ).strip(b'"')


def test_the_counts_come_with_the_list_however_it_spells_the_names() -> None:
    rows = (
        b'* LIST (\\Subscribed) "/" Inbox\r\n* LIST () "/" {4}\r\nlite\r\n* LIST () "/" NIL\r\n'
        b"* STATUS INBOX (MESSAGES 1 UIDNEXT 2 UIDVALIDITY 7 HIGHESTMODSEQ 99)\r\n"
        b'* STATUS "lite" (MESSAGES 2 UIDNEXT 5 UIDVALIDITY 8 HIGHESTMODSEQ 0)\r\n'
        b"* STATUS NIL (UIDVALIDITY 9 MESSAGES 0)\r\n" + OK
    )
    again = b"* STATUS INBOX (MESSAGES 1 UIDNEXT 2 UIDVALIDITY 7)\r\n" + OK
    rich = "IMAP4rev1 LIST-EXTENDED LIST-STATUS CONDSTORE SPECIAL-USE"
    with opened(box(LIST=rows, STATUS=again), capabilities=rich) as (scripted, source):
        found = [
            (each.path, each.count, each.validity, each.end, each.changes)
            for each in source.folders()
        ]
        assert b"SPECIAL-USE" in scripted.asked(b"LIST")[0]
        assert len(scripted.asked(b"STATUS")) == 1
    assert found == [
        (("INBOX",), 1, "7", "1", ""),
        (("lite",), 2, "8", "4", ""),
        (("NIL",), 0, "9", "", ""),
    ]


def test_a_folder_that_is_listed_twice_is_one_folder() -> None:
    rows = b'* LIST () "/" INBOX\r\n* LIST () "/" Old\r\n* LIST () "/" INBOX\r\n' + OK
    with opened(box(LIST=rows)) as (_, source):
        assert [each.path for each in source.folders()] == [("INBOX",), ("Old",)]


def test_subscriptions_are_read() -> None:
    with opened(box(LIST=LIST_TWO, LSUB=b'* LSUB () "/" Old\r\n' + OK)) as (_, source):
        assert [each.subscribed for each in source.folders()] == [False, True]


def test_a_folder_deleted_while_listing_is_left_out() -> None:
    rows = [LIST_TWO, b'* LIST () "/" INBOX\r\n' + OK]
    with opened(box(LIST=rows, STATUS=[STATUS_OK, b"TAG NO gone\r\n"])) as (_, source):
        assert [each.path for each in source.folders()] == [("INBOX",)]


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (b"TAG NO [NOPERM] secret\r\n", MailboxUnreachable),
        (b"TAG NO [INUSE] secret\r\n", SourceBusy),
        (OK, SourceBusy),
        (b"* STATUS INBOX\r\n" + OK, SourceBusy),
        (b"* STATUS INBOX (MESSAGES x UIDVALIDITY 7)\r\n" + OK, SourceBusy),
        (b"* STATUS INBOX (UIDVALIDITY 7)\r\n" + OK, SourceBusy),
        (b"* STATUS INBOX (MESSAGES 3)\r\n" + OK, MailboxUnreachable),
        (b"* BYE\r\n", SourceBusy),
    ],
)
def test_a_folder_whose_state_is_not_told_fails_the_mailbox(
    status: bytes, error: type[MigrationError]
) -> None:
    with (
        opened(box(LIST=LIST_TWO, STATUS=[STATUS_OK, status])) as (_, source),
        pytest.raises(error) as caught,
    ):
        source.folders()
    assert "secret" not in str(caught.value)


def test_a_user_without_an_inbox_is_unknown() -> None:
    with opened(box(LIST=OK)) as (_, source), pytest.raises(MailboxUnreachable):
        source.folders()


def test_ten_thousand_folders_are_listed() -> None:
    rows = b"".join(b'* LIST () "/" "folder number %d of many"\r\n' % each for each in range(3000))
    rows = b'* LIST () "/" INBOX\r\n' + rows + OK
    with opened(box(LIST=rows)) as (_, source):
        assert len(list(source.folders())) == 3001


# -- pages


def test_the_last_message_is_not_taken_for_a_new_one() -> None:
    def last(talk: Talk, command: Command) -> None:
        talk.say(b"* 3 FETCH (UID 3 RFC822.SIZE 10)\r\n" + command.tag + b" OK\r\n")

    with opened(box(EXAMINE=examined(next_uid=0), UID_FETCH=last)) as (scripted, source):
        page = source.page(inbox(source), "3", BatchLimit())
        assert scripted.asked(b"UID FETCH")[0].startswith(b"UID FETCH 4:*")
    assert (page.refs, page.cursor, page.more) == ((), "3", False)


def test_a_known_uidnext_saves_the_question() -> None:
    with opened() as (scripted, source):
        assert source.page(inbox(source), "3", BatchLimit()).refs == ()
        assert not scripted.asked(b"UID FETCH")


def test_without_uidnext_pages_are_the_same() -> None:
    with opened(box(EXAMINE=examined(next_uid=0))) as (_, source):
        page = source.page(inbox(source), "", BatchLimit(items=2))
        assert (page.refs, page.more) == (tuple(REFS[:2]), True)
        page = source.page(inbox(source), page.cursor, BatchLimit(items=2))
        assert (page.refs, page.cursor, page.more) == (tuple(REFS[2:]), "3", False)


def test_an_empty_folder_without_uidnext_has_an_empty_page() -> None:
    with opened(mailbox({}, EXAMINE=examined(next_uid=0, exists=0))) as (_, source):
        page = source.page(inbox(source), "", BatchLimit())
    assert (page.refs, page.cursor, page.more) == ((), "", False)


def test_a_huge_folder_is_listed_in_parts() -> None:
    contents = dict.fromkeys((5, 250000, 250001, 700000), b"x")
    rules = mailbox(contents, EXAMINE=examined(next_uid=700_001, exists=300_000))
    with opened(rules) as (scripted, source):
        place, found, cursor, more = inbox(source), list[str](), "", True
        while more:
            page = source.page(place, cursor, BatchLimit(items=2))
            found += [ref.uid for ref in page.refs]
            cursor, more = page.cursor, page.more
        assert found == ["5", "250000", "250001", "700000"]
        assert all(b"*" not in command for command in scripted.asked(b"UID FETCH"))
        spans = [command.split(b" ")[2].split(b":") for command in scripted.asked(b"UID FETCH")]
        assert all(int(high) - int(low) < 200_000 for low, high in spans)


def test_sizes_may_come_in_any_order_twice_and_among_other_things() -> None:
    sizes = (
        b"* 3 FETCH (RFC822.SIZE 30 UID 3)\r\n* 9 EXPUNGE\r\n* 1 FETCH (UID 1 RFC822.SIZE 10)\r\n"
        b"* 2 FETCH (UID 2 FLAGS ())\r\n* 3 FETCH (UID 3 RFC822.SIZE 30 FLAGS (\\Seen))\r\n"
        b"* 2 FETCH (UID 2 RFC822.SIZE 20)\r\n* 4 FETCH (FLAGS ())\r\n" + OK
    )
    with opened(box(UID_FETCH=sizes)) as (_, source):
        page = source.page(inbox(source), "", BatchLimit())
    assert page.refs == (ItemRef("1", 10), ItemRef("2", 20), ItemRef("3", 30))


@pytest.mark.parametrize(
    ("examine", "listed_again", "error", "wait"),
    [
        (examined(validity=8), LIST_TWO, SourceChanged, None),
        (b"TAG NO secret\r\n", LIST_TWO, MailboxUnreachable, None),
        (b"TAG NO secret\r\n", b'* LIST () "/" Old\r\n' + OK, SourceBusy, 1.0),
        (b"TAG NO [UNAVAILABLE] secret\r\n", LIST_TWO, SourceBusy, 30.0),
        (b"TAG NO Backoff Time: 4000 milliseconds\r\n", LIST_TWO, SourceBusy, 4.0),
        (b"* OK [UIDNEXT soon] x\r\n" + OK, LIST_TWO, SourceBusy, 30.0),
        (b"* BYE secret\r\n", LIST_TWO, SourceBusy, 30.0),
        (hang_up, LIST_TWO, SourceBusy, 30.0),
        (stall, LIST_TWO, SourceBusy, 30.0),
    ],
)
def test_a_folder_that_does_not_open(
    examine: Rule, listed_again: bytes, error: type[MigrationError], wait: float | None
) -> None:
    rules = box(LIST=[LIST_TWO, listed_again], EXAMINE=examine)
    for act in (
        lambda source, folder: source.page(folder, "", BatchLimit()),
        lambda source, folder: list(source.fetch(folder, REFS)),
        lambda source, folder: source.uids(folder, "3"),
        lambda source, folder: source.read_flags(folder, "3", ""),
    ):
        with opened(rules, read_timeout=0.5) as (_, source):
            place = inbox(source)
            with pytest.raises(error) as caught:
                act(source, place)
        assert "secret" not in str(caught.value)
        if isinstance(caught.value, SourceBusy):
            assert caught.value.retry_after == wait


# -- messages


def test_one_bad_message_does_not_spoil_its_neighbours() -> None:
    def refuse_two(talk: Talk, command: Command) -> None:
        asked = command.text.split(b" ")[2]
        wanted = {b"1:3": [1], b"1": [1], b"3": [3]}.get(asked, [])
        for uid in wanted:
            talk.say(message(uid, MAIL[uid]))
        talk.say(command.tag + (b" OK\r\n" if asked in (b"1", b"3") else b" NO bad mail\r\n"))

    with opened(box(UID_FETCH=refuse_two)) as (_, source):
        answers = list(source.fetch(inbox(source), REFS))
    assert uids(answers) == ["1", "3", "2"], "what is no message comes at the end"
    assert answers[2] == Unreadable(REFS[1], "fetch-refused")


def test_a_refused_message_that_is_no_longer_there_is_gone() -> None:
    rules = box(UID_FETCH=b"TAG NO bad\r\n", UID_SEARCH=b"* SEARCH 1 3\r\n" + OK)
    with opened(rules) as (_, source):
        assert list(source.fetch(inbox(source), REFS[1:2])) == [Gone(REFS[1])]


def test_a_message_without_a_body_is_unreadable() -> None:
    nil = b'* 1 FETCH (UID 1 FLAGS () INTERNALDATE "x" BODY[] NIL)\r\n' + OK
    with opened(box(UID_FETCH=nil)) as (_, source):
        assert list(source.fetch(inbox(source), REFS[:1])) == [Unreadable(REFS[0], "no-body")]


def test_messages_that_vanished_are_asked_for_once_and_not_one_by_one() -> None:
    rules = box(UID_FETCH=OK, UID_SEARCH=b"* SEARCH\r\n" + OK)
    with opened(rules) as (scripted, source):
        assert list(source.fetch(inbox(source), REFS)) == [Gone(ref) for ref in REFS]
        assert len(scripted.asked(b"UID SEARCH")) == 1


def hangs_up_over(bad: int, contents: Mapping[int, bytes] = MAIL) -> Rule:
    """Dovecot over a message whose file it cannot read."""

    def fetch(talk: Talk, command: Command) -> None:
        low, _, high = command.text.split(b" ")[2].partition(b":")
        for uid in range(int(low), int(high or low) + 1):
            if uid == bad:
                talk.say(b"* BYE FETCH failed: Internal error occurred.\r\n")
                hang_up(talk, command)
            talk.say(message(uid, contents[uid]))
        talk.say(command.tag + b" OK done\r\n")

    return fetch


@pytest.mark.parametrize("bad", [1, 2, 3])
def test_a_message_over_which_the_server_hangs_up(bad: int) -> None:
    with opened(box(UID_FETCH=hangs_up_over(bad))) as (_, source):
        answers = list(source.fetch(inbox(source), REFS))
        assert uids(answers) == [str(uid) for uid in MAIL if uid != bad] + [str(bad)]
        assert answers[2] == Unreadable(REFS[bad - 1], "fetch-failed")
        assert uids(list(source.fetch(inbox(source), REFS)))[:2] == uids(answers)[:2]


def test_large_messages_behind_a_bad_one_do_not_hold_up_who_looks() -> None:
    contents = {**MAIL, 2: LONG}
    with opened(mailbox(contents, UID_FETCH=hangs_up_over(1, contents))) as (_, source):
        place = inbox(source)
        answers = source.fetch(place, [ItemRef(str(uid), 9) for uid in contents])
        first = next(answers)
        assert isinstance(first, Item)
        assert isinstance(first.mime, MimeStream)
        looked: list[object] = []
        thread = threading.Thread(target=lambda: looked.append(source.folders()))
        thread.start()
        thread.join(2)
        assert looked, "the stream is not read yet, and folders() waits for it"
        assert whole(first.mime) == LONG
        assert uids(list(answers)) == ["3", "1"]


def test_only_a_bye_about_a_fetch_is_survived() -> None:
    for rule in (b"* BYE Server shutting down.\r\n", hang_up, stall):
        with (
            opened(box(UID_FETCH=rule), read_timeout=0.5) as (_, source),
            pytest.raises(SourceBusy),
        ):
            list(source.fetch(inbox(source), REFS))


def test_a_pause_at_a_fetch_is_obeyed() -> None:
    pause = b"TAG NO [UNAVAILABLE] Backoff Time: 7000 milliseconds\r\n"
    with opened(box(UID_FETCH=pause)) as (_, source), pytest.raises(SourceBusy) as caught:
        list(source.fetch(inbox(source), REFS))
    assert caught.value.retry_after == 7


def test_batches_are_asked_ahead_also_of_another_folder() -> None:
    other = {1: b"Subject: other\r\n\r\n", 2: b"x"}

    def fetch(talk: Talk, command: Command) -> None:
        contents = other if talk.__dict__["folder"] == b'"Old"' else MAIL
        for uid in contents:
            talk.say(message(uid, contents[uid]))
        talk.say(command.tag + b" OK\r\n")

    def examine(talk: Talk, command: Command) -> None:
        talk.__dict__["folder"] = command.text.split(b" ")[1]
        talk.say(examined().replace(b"TAG", command.tag))

    rules = box(LIST=LIST_TWO, EXAMINE=examine, UID_FETCH=fetch)
    with opened(rules) as (scripted, source):
        inbox_, old = source.folders()
        first = source.fetch(inbox_, REFS)
        second = source.fetch(old, REFS[:2])
        third = source.fetch(inbox_, REFS)
        scripted.wait_for(b"EXAMINE")
        assert [item.mime for item in first if isinstance(item, Item)] == list(MAIL.values())
        assert [item.mime for item in second if isinstance(item, Item)] == list(other.values())
        assert [item.mime for item in third if isinstance(item, Item)] == list(MAIL.values())


def test_a_reader_that_leaves_early_does_not_spoil_what_was_asked_next() -> None:
    for read in (0, 1, 2):
        with opened(mailbox({**MAIL, 2: LONG})) as (_, source):
            place = inbox(source)
            first, second = source.fetch(place, REFS), source.fetch(place, REFS[2:])
            for _ in range(read):
                answer = next(first)
                if isinstance(answer, Item) and isinstance(answer.mime, MimeStream):
                    answer.mime.close()
            first.close()  # type: ignore[attr-defined]
            assert [item.mime for item in second if isinstance(item, Item)] == [MAIL[3]]


# -- what follows is asked for together


def fetched_with_following(source: ImapSource) -> list[list[Item | Gone | Unreadable]]:
    """Every message as a batch of its own; the first tells what follows."""
    place = inbox(source)
    first = source.fetch(place, REFS[:1], REFS[1:])
    others = [source.fetch(place, [ref]) for ref in REFS[1:]]
    return [
        [replace(each, mime=whole(each.mime)) if isinstance(each, Item) else each for each in batch]
        for batch in (first, *others)
    ]


def test_batches_that_follow_are_asked_for_with_one_command() -> None:
    with opened() as (scripted, source):
        batches = fetched_with_following(source)
        assert [uids(batch) for batch in batches] == [["1"], ["2"], ["3"]]
        assert [each.split(b" ")[2] for each in scripted.asked(b"UID FETCH")] == [b"1:3"]


def test_commands_for_one_folder_are_never_under_way_together() -> None:
    """Dovecot carries them out at once when its output is blocked, and mixes the answers."""
    seen: list[bytes] = []

    def fetch(talk: Talk, command: Command) -> None:
        seen.append(command.text.split(b" ")[2])
        talk.connection.settimeout(0.2)
        try:
            following = talk.connection.recv(9, socket.MSG_PEEK)
        except TimeoutError:
            following = b""
        talk.connection.settimeout(None)
        assert b"UID" not in following, "another one is under way"
        talk.say(message(int(seen[-1]), b"mail") + command.tag + b" OK\r\n")

    with opened(box(LIST=LIST_TWO, UID_FETCH=fetch)) as (_, source):
        inbox_, old = source.folders()
        batches = [source.fetch(inbox_, [ref]) for ref in REFS]
        batches.append(source.fetch(old, REFS[:1]))
        assert [uids(list(batch)) for batch in batches] == [["1"], ["2"], ["3"], ["1"]]
    assert seen == [b"1", b"2", b"3", b"1"]


def test_a_refusal_of_several_batches_is_looked_into_batch_by_batch() -> None:
    def refuse_two(talk: Talk, command: Command) -> None:
        asked = command.text.split(b" ")[2]
        if asked in (b"1", b"3"):
            talk.say(message(int(asked), MAIL[int(asked)]) + command.tag + b" OK\r\n")
        else:
            talk.say(command.tag + b" NO bad mail\r\n")

    with opened(box(UID_FETCH=refuse_two)) as (scripted, source):
        first, second, third = fetched_with_following(source)
        asked = [each.split(b" ")[2] for each in scripted.asked(b"UID FETCH")]
    assert [uids(first), uids(third)] == [["1"], ["3"]]
    assert second == [Unreadable(REFS[1], "fetch-refused")]
    assert asked == [b"1:3", b"1", b"2", b"2", b"3"], "the neighbours are asked for once more only"


@pytest.mark.parametrize("bad", [1, 2, 3])
def test_a_server_that_hangs_up_over_a_message_of_several_batches(bad: int) -> None:
    with opened(box(UID_FETCH=hangs_up_over(bad))) as (_, source):
        batches = fetched_with_following(source)
    assert [uids(batch) for batch in batches] == [["1"], ["2"], ["3"]]
    assert [batch[0] for batch in batches if isinstance(batch[0], Unreadable)] == [
        Unreadable(REFS[bad - 1], "fetch-failed")
    ]


@pytest.mark.parametrize("read", [True, False])
def test_what_was_announced_and_is_not_wanted_after_all_does_not_get_in_the_way(
    read: bool,
) -> None:
    with opened(mailbox({**MAIL, 2: LONG, 3: LONG}, LIST=LIST_TWO)) as (scripted, source):
        inbox_, old = source.folders()
        first = source.fetch(inbox_, REFS[:1], REFS[1:])
        other = source.fetch(old, REFS[:1])
        if read:
            assert uids(list(first)) == ["1"]
        assert uids(list(other)) == ["1"]
        again = source.fetch(inbox_, REFS[:1])
        assert uids(list(again)) == ["1"]
        assert not any(b"3" in each.split(b" ")[2] for each in scripted.asked(b"UID FETCH")[2:])


def test_a_vanished_message_does_not_hold_up_the_batches_that_follow() -> None:
    with opened(mailbox({1: MAIL[1], 3: LONG})) as (_, source):
        first, second, third = fetched_with_following(source)
    assert [uids(first), second] == [["1"], [Gone(REFS[1])]]
    assert uids(third) == ["3"]


def test_commands_are_no_longer_than_servers_take() -> None:
    scattered = [ItemRef(str(uid), 1) for uid in range(1_000_000, 1_006_000, 3)]
    with opened() as (scripted, source):
        answers = source.fetch(inbox(source), scattered[:10], scattered[10:])
        next(answers, None)
        commands = scripted.asked(b"UID FETCH")
    assert 4_000 < len(commands[0]) < 8_192


# -- connections


def test_connections_that_the_server_ended_are_made_again() -> None:
    with opened() as (scripted, source):
        place = inbox(source)
        assert len(list(source.fetch(place, REFS))) == 3
        scripted.hang_up()
        time.sleep(0.05)
        for act in (source.folders, lambda: list(source.fetch(place, REFS))):
            failed = 0
            while True:
                try:
                    act()
                except SourceBusy:
                    failed += 1
                    assert failed < 3, "it does not connect again"
                else:
                    break


def test_a_source_may_be_closed_while_another_thread_waits() -> None:
    for rules in (box(UID_FETCH=stall), box(EXAMINE=stall)):
        with opened(rules, read_timeout=30.0) as (scripted, source):
            place = inbox(source)
            errors: list[BaseException] = []

            def read(
                source: ImapSource = source,
                place: Folder = place,
                errors: list[BaseException] = errors,
            ) -> None:
                try:
                    list(source.fetch(place, REFS))
                except MigrationError as error:
                    errors.append(error)

            thread = threading.Thread(target=read)
            thread.start()
            scripted.wait_for(b"EXAMINE")
            time.sleep(0.1)
            source.close()
            source.close()
            thread.join(5)
            assert not thread.is_alive()
            assert isinstance(errors[0], SourceBusy)


def test_what_is_expected_is_asked_in_one_round_and_not_again() -> None:
    with opened(box(LIST=LIST_TWO)) as (scripted, source):
        folders = list(source.folders())
        source.expect([(each, "") for each in folders])
        before = len(scripted.commands)
        for each in folders:
            assert source.page(each, "", BatchLimit()).refs == tuple(REFS)
        assert len(scripted.commands) == before


@pytest.mark.parametrize("rule", [b"TAG NO [INUSE] x\r\n", b"TAG NO x\r\n", examined(validity=8)])
def test_what_goes_wrong_with_a_hint_is_told_when_it_is_asked(rule: bytes) -> None:
    rules = box(EXAMINE=[rule, examined(next_uid=4)])
    with opened(rules) as (_, source):
        place = inbox(source)
        source.expect([(place, "")])
        assert source.page(place, "", BatchLimit()).refs == tuple(REFS)


def test_many_folders_may_be_expected() -> None:
    names = [b"folder number %d of many" % each for each in range(2000)]
    rows = b"".join(b'* LIST () "/" "%s"\r\n' % name for name in names)
    rows = b'* LIST () "/" INBOX\r\n' + rows + OK
    state = b"* STATUS x (MESSAGES 3 UIDNEXT 4 UIDVALIDITY 7)\r\n" + OK
    with opened(box(LIST=rows, STATUS=state)) as (scripted, source):
        folders = list(source.folders())
        source.expect([(each, "") for each in folders])
        before = len(scripted.commands)
        assert source.page(folders[-1], "", BatchLimit()).refs == tuple(REFS)
        assert len(scripted.commands) == before


# -- flags and uids


def test_flags_are_read_when_something_changed() -> None:
    opened_with = b"* 3 EXISTS\r\n* OK [UIDVALIDITY 7] x\r\n* OK [HIGHESTMODSEQ %d] x\r\n" + OK
    flags = (
        b"* 1 FETCH (UID 1 FLAGS (\\Seen \\Recent))\r\n* 2 FETCH (UID 2 MODSEQ (9) FLAGS ())\r\n"
        b"* 4 FETCH (FLAGS ())\r\n* 9 FETCH (UID 9 FLAGS (\\Seen))\r\n" + OK
    )
    rules = box(EXAMINE=[opened_with % 8, opened_with % 8, opened_with % 9], UID_FETCH=flags)
    with opened(rules, capabilities="IMAP4rev1 CONDSTORE") as (scripted, source):
        place = inbox(source)
        assert source.read_flags(place, "", "") is None
        first = source.read_flags(place, "3", "")
        assert first is not None
        assert first.complete
        assert first.flags == {"1": {"\\Seen"}, "2": frozenset()}
        assert source.read_flags(place, "3", first.state) is None
        second = source.read_flags(place, "3", first.state)
        assert second is not None
        assert not second.complete
        assert scripted.asked(b"UID FETCH")[-1].endswith(b"(CHANGEDSINCE 8)")


def test_flags_without_condstore_are_compared_as_a_whole() -> None:
    flags = [b"* 1 FETCH (UID 1 FLAGS (a b))\r\n" + OK] * 2
    rules = box(UID_FETCH=[*flags, b"* 1 FETCH (UID 1 FLAGS (b))\r\n" + OK])
    with opened(rules) as (scripted, source):
        place = inbox(source)
        first = source.read_flags(place, "3", "")
        assert first is not None
        assert first.complete
        assert source.read_flags(place, "3", first.state) is None
        second = source.read_flags(place, "3", first.state)
        assert second is not None
        assert second.flags == {"1": {"b"}}
        assert not any(b"CHANGEDSINCE" in command for command in scripted.commands)


def test_uids_up_to_a_cursor() -> None:
    search = b"* SEARCH 2 3\r\n* SEARCH 9\r\n" + OK
    with opened(box(UID_SEARCH=search)) as (_, source):
        place = inbox(source)
        assert source.uids(place, "3") == {"2", "3"}
        assert source.uids(place, "") == frozenset()


# -- messages that are not fetched


def test_a_server_that_refuses_a_header_tells_nothing_of_the_message() -> None:
    with opened(box(UID_FETCH=b"TAG NO [SERVERBUG] cannot\r\n")) as (_, source):
        assert source.outline(inbox(source), REFS) == {}


def test_a_server_that_hangs_up_over_a_header_tells_nothing_and_is_asked_on() -> None:
    def leave(talk: Talk, command: Command) -> None:
        talk.say(b"* BYE FETCH failed: cannot read the message\r\n")
        hang_up(talk, command)

    with opened(box(UID_FETCH=leave)) as (scripted, source):
        folder = inbox(source)
        assert source.outline(folder, REFS) == {}
        assert inbox(source) == folder
        assert scripted.connections == 2


def test_a_server_that_goes_down_over_a_header_is_busy() -> None:
    with opened(box(UID_FETCH=hang_up)) as (_, source):
        folder = inbox(source)
        with pytest.raises(SourceBusy):
            source.outline(folder, REFS)


def test_a_server_that_is_busy_with_a_header_is_asked_again_later() -> None:
    with opened(box(UID_FETCH=b"TAG NO [UNAVAILABLE] later\r\n")) as (_, source):
        folder = inbox(source)
        with pytest.raises(SourceBusy):
            source.outline(folder, REFS)


def test_answers_about_something_else_and_odd_dates_are_no_trouble() -> None:
    said = (
        b"* 1 FETCH (FLAGS (\\Seen))\r\n"
        b'* 2 FETCH (BODY[HEADER] "Subject: b" INTERNALDATE "nonsense" UID 2 FLAGS ())\r\n'
        b"* 3 FETCH (UID 3 BODY[HEADER] NIL)\r\n"
    )
    with opened(box(UID_FETCH=said + OK)) as (_, source):
        assert source.outline(inbox(source), REFS) == {"2": Outline(None, b"Subject: b")}


# -- opened ahead


def test_a_source_shows_a_wrong_password_once() -> None:
    no = {b"LOGIN": b"TAG NO [AUTHENTICATIONFAILED] no\r\n"}
    with opened(no) as (scripted, source):
        source.open()
        with pytest.raises(CredentialsRejected):
            source.folders()
        source.close()
        assert len(scripted.asked(b"LOGIN")) == 1


def test_a_source_that_was_opened_ahead_has_its_two_connections() -> None:
    with opened() as (scripted, source):
        source.open()
        folder = inbox(source)
        answers = list(source.fetch(folder, REFS))
        assert uids(answers) == ["1", "2", "3"]
        assert scripted.connections == 2
