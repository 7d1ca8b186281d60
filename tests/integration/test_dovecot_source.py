"""ImapSource against Dovecot: what a real server does that the embedded one does not.

The contract that every source keeps runs over Dovecot too: tests/contract/test_source.py.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from migration.errors import SourceBusy
from migration.mail import BatchLimit, Folder, Gone, Item, SpecialUse, Unreadable
from migration.mime import whole
from migration.sources.imap import ImapSource
from migration.wire.imap_login import ImapLogin, ImapServer
from tests.integration.dovecot import Dovecot
from tests.integration.dovecot_configuration import INBOX_DOT, SLASH, Layout

ANN, BOB = "ann@example.test", "bob@example.test"
USERS = {ANN: "secret", BOB: "b0bs"}
MASTERS = {"boss": "b0ss"}
DATE = datetime(2015, 2, 1, 5, 0, tzinfo=UTC)
MIME = b"Subject: x\r\n\r\nbody\r\n"

Start = Callable[..., Dovecot]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts servers that end with the test."""
    with ExitStack() as stack:

        def make(layout: Layout, settings: str = "") -> Dovecot:
            return stack.enter_context(Dovecot(layout, USERS, MASTERS, settings=settings))

        yield make


@pytest.fixture(params=[SLASH, INBOX_DOT], ids=["slash", "below INBOX"])
def server(request: pytest.FixtureRequest, start: Start) -> Dovecot:
    return start(request.param)


def source(server: Dovecot, login: ImapLogin | None = None) -> closing[ImapSource]:
    login = login or ImapLogin(ANN, USERS[ANN])
    return closing(ImapSource(ImapServer("127.0.0.1", server.port, "none"), login))


def folder(reader: ImapSource, *path: str) -> Folder:
    return next(each for each in reader.folders() if each.path == path)


def deliver(server: Dovecot, *path: str, mime: bytes = MIME, flags: tuple[str, ...] = ()) -> None:
    server.append(ANN, server.layout.name(path), mime, flags, DATE)


# ---- folders


def test_flags_tell_the_special_folders_whatever_they_are_called(server: Dovecot) -> None:
    with source(server) as reader:
        special = {each.path: each.special for each in reader.folders()}
    assert special == {
        ("INBOX",): SpecialUse.INBOX,
        ("Drafts",): SpecialUse.DRAFTS,
        ("Gesendet",): SpecialUse.SENT,
        ("Junk",): SpecialUse.JUNK,
        ("Trash",): SpecialUse.TRASH,
    }


NAMES = [
    *(("2020",), ("NIL",), ("Übergabe & Co",), ("😀",), ('quo"te\\back',), ("100%*",)),
    *((" spaces ",), ("Archive", "2019", "Q3"), ("INBOX", "Below"), ("x" * 200,), ("Gruß (neu)",)),
]


def test_any_name_can_be_listed_and_opened(server: Dovecot) -> None:
    for path in NAMES:
        deliver(server, *path)
    with source(server) as reader:
        found = {each.path: each for each in reader.folders()}
        assert found.keys() >= set(NAMES)
        assert ("Archive",) not in found, "it cannot be opened"
        for path in NAMES:
            (ref,) = reader.page(found[path], "", BatchLimit()).refs
            (item,) = reader.fetch(found[path], [ref])
            assert isinstance(item, Item)
            assert item.mime == MIME


def test_a_folder_called_inbox_below_the_prefix_is_not_taken_for_the_inbox(start: Start) -> None:
    server = start(INBOX_DOT)
    deliver(server, "INBOX")
    with server.client(ANN) as client:
        client.create_folder("INBOX.inbox")
    with source(server) as reader:
        found = {each.path: (each.count, each.special) for each in reader.folders()}
    assert found[("INBOX",)] == (1, SpecialUse.INBOX)
    assert found[("inbox",)] == (0, None)


def test_folders_that_others_share_are_left_out(start: Start) -> None:
    shared = """
    namespace {
      type = public
      separator = /
      prefix = Everybody/
      location = sdbox:~/everybody
    }
    """
    server = start(SLASH, shared)
    with server.client(ANN) as client:
        client.create_folder("Everybody/News")
        assert client.folder_exists("Everybody/News")
    with source(server) as reader:
        assert {each.path[0] for each in reader.folders()} == {
            *("INBOX", "Drafts", "Gesendet", "Junk", "Trash")
        }


def test_a_server_that_admits_to_nothing_but_imap4rev1_is_read_all_the_same(start: Start) -> None:
    server = start(INBOX_DOT, "protocol imap {\n  imap_capability = IMAP4rev1\n}\n")
    deliver(server, "Projekte", "Übergabe", flags=("\\Seen",))
    with source(server) as reader:
        # Without NAMESPACE nothing tells the prefix from a folder.
        place = folder(reader, "INBOX", "Projekte", "Übergabe")
        (item,) = reader.fetch(place, reader.page(place, "", BatchLimit()).refs)
    assert isinstance(item, Item)
    assert (item.mime, item.received) == (MIME, DATE)
    assert item.flags == {"\\Seen"}


# ---- messages


def test_sixty_keywords_and_all_flags_arrive(server: Dovecot) -> None:
    flags: tuple[str, ...]
    flags = ("\\Seen", "\\Answered", "\\Flagged", "\\Draft", "\\Deleted", "$Forwarded", "NonJunk")
    flags += tuple(f"Label{number}" for number in range(60))
    deliver(server, "INBOX", flags=flags)
    with source(server) as reader:
        place = folder(reader, "INBOX")
        (item,) = reader.fetch(place, reader.page(place, "", BatchLimit()).refs)
    assert isinstance(item, Item)
    assert item.flags == set(flags)


@pytest.mark.parametrize(
    "mime",
    [
        b"Subject: \xfcber\r\n\r\n8-bit \xff\xfe\r\n",
        b"Subject: end\r\n\r\nno line end",
        b"no header at all",
        b"Subject: long\r\n\r\n" + b"x" * 2_000_000 + b"\r\n",
    ],
    ids=["8-bit", "no line end", "no header", "one long line"],
)
def test_odd_messages_come_byte_by_byte(server: Dovecot, mime: bytes) -> None:
    deliver(server, "INBOX", mime=mime)
    with source(server) as reader:
        place = folder(reader, "INBOX")
        (ref,) = reader.page(place, "", BatchLimit()).refs
        answers = reader.fetch(place, [ref])
        item = next(answers)
        assert isinstance(item, Item)
        assert whole(item.mime) == mime
    assert ref.size == len(mime)


def message_files(server: Dovecot) -> list[Path]:
    """The files of the messages in ANN's inbox, oldest first."""
    if server.layout is INBOX_DOT:
        inbox = server.home(ANN) / "Maildir"
        found = [path for part in ("new", "cur") for path in (inbox / part).iterdir()]
        # Names begin with seconds and microseconds, which have no leading zeros.
        return sorted(found, key=lambda path: [*map(int, re.findall(r"\d+", path.name)[:2])])
    return sorted((server.home(ANN) / "mail/mailboxes/INBOX/dbox-Mails").glob("u.*"))


def test_a_message_over_which_the_server_hangs_up_does_not_spoil_its_neighbours(
    server: Dovecot,
) -> None:
    for number in range(4):
        deliver(server, "INBOX", mime=b"Subject: %d\r\n\r\nbody\r\n" % number)
    message_files(server)[1].chmod(0)
    with source(server) as reader:
        place = folder(reader, "INBOX")
        refs = reader.page(place, "", BatchLimit()).refs
        answers = list(reader.fetch(place, refs))
        assert [type(each) for each in answers] == [Item, Item, Item, Unreadable]
        assert [each.ref for each in answers] == [refs[0], *refs[2:], refs[1]]
        assert list(reader.fetch(place, refs[1:2])) == [Unreadable(refs[1], "fetch-failed")]


def test_a_message_whose_file_was_lost_is_gone(server: Dovecot) -> None:
    for _ in range(3):
        deliver(server, "INBOX")
    with source(server) as reader:
        place = folder(reader, "INBOX")
        refs = reader.page(place, "", BatchLimit()).refs
        reader.close()
        message_files(server)[1].unlink()
        answers = list(reader.fetch(place, refs))
    assert [type(each) for each in answers] == [Item, Item, Gone]


# ---- logging in


def test_an_administrator_opens_the_mailbox_of_the_user_that_is_named(server: Dovecot) -> None:
    server.append(BOB, server.layout.name(("Only Bob",)), MIME, (), DATE)
    with source(server, ImapLogin("boss", "b0ss", authorize_as=BOB)) as reader:
        assert folder(reader, "Only Bob").count == 1


def test_a_user_with_too_many_connections_is_busy(start: Start) -> None:
    server = start(SLASH, "mail_max_userip_connections = 1\n")
    with source(server) as reader, source(server) as another:
        reader.folders()
        with pytest.raises(SourceBusy):
            another.folders()
        reader.close()
