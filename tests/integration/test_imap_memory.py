"""Large messages go through: what is in memory is a window, however slow the target is."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from migration.mail import BatchLimit, Folder, FolderPlan, Item, Outcome, Stamped, Stored
from migration.mime import MimeStream, fingerprint
from migration.sources.imap import ImapSource
from migration.targets.workmail_imap import WorkmailImapTarget
from migration.wire.imap_login import ImapLogin, ImapServer
from tests.integration.dovecot import Dovecot
from tests.integration.dovecot_configuration import SLASH
from tests.integration.mail_server import append_exactly, read_folder

ANN, BOB = "ann@example.test", "bob@example.test"
USERS = {ANN: "secret", BOB: "secret"}
WINDOW = 16_000_000


@pytest.fixture(params=["", "IMAP4rev1", "IMAP4rev1 UIDPLUS LITERAL+"])
def server(request: pytest.FixtureRequest) -> Iterator[Dovecot]:
    with Dovecot(SLASH, USERS, capabilities=request.param) as started:
        yield started


def mail(number: int, size: int) -> bytes:
    return b"Subject: %d\r\n\r\n" % number + b"0123456789abcd\r\n" * (size // 16)


def slowly(items: Iterator[Item], seconds: float) -> Iterator[Stamped]:
    for number, item in enumerate(items):
        if isinstance(item.mime, MimeStream):
            size = len(item.mime)
            pieces = _pause(item.mime, seconds)
            slow = MimeStream(size, pieces)
            item = Item(item.ref, slow, item.received, item.flags)
        yield Stamped(str(number), item)


def _pause(stream: MimeStream, seconds: float) -> Iterator[bytes]:
    for piece in stream:
        time.sleep(seconds)
        yield piece


def copy(server: Dovecot, limit: BatchLimit, seconds: float) -> list[Outcome]:
    """Copies ann's inbox into bob's, asking two batches ahead."""
    where = ImapServer("127.0.0.1", server.port, "none", read_timeout=30)
    source = ImapSource(where, ImapLogin(ANN, "secret"))
    target = WorkmailImapTarget(where, ImapLogin(BOB, "secret"))
    with ExitStack() as stack:
        stack.callback(source.close)
        stack.callback(target.close)
        inbox = next(each for each in source.folders() if each.path == ("INBOX",))
        plan = FolderPlan(Folder("k", ("INBOX",), "1", 0), ("Inbox",))
        (name,) = target.ensure_folders([plan])
        cursor, more, answers = "", True, []
        while more:
            page = source.page(inbox, cursor, limit)
            answers.append(source.fetch(inbox, page.refs))
            cursor, more = page.cursor, page.more
        receipts = [target.append(name, slowly(_items(batch), seconds)) for batch in answers]
        return [outcome for receipt in receipts for outcome in receipt.outcomes()]


def _items(answers: Iterator[object]) -> Iterator[Item]:
    for answer in answers:
        assert isinstance(answer, Item)
        yield answer


def peak_of(server: Dovecot, limit: BatchLimit, seconds: float) -> tuple[list[Outcome], int]:
    tracemalloc.start()
    try:
        outcomes = copy(server, limit, seconds)
        return outcomes, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_message_of_forty_megabytes(server: Dovecot) -> None:
    large = mail(1, 40_000_000)
    server.append(ANN, "INBOX", large)
    outcomes, peak = peak_of(server, BatchLimit(), 0.001)
    assert [type(each) for each in outcomes] == [Stored]
    assert peak < WINDOW
    with server.client(BOB) as client:
        (found,) = read_folder(client, "INBOX")
    assert fingerprint(found[b"BODY[]"]) == fingerprint(large)


@pytest.mark.parametrize("size", [1_000_100, 900_000], ids=["streams", "whole"])
def test_many_messages_of_a_megabyte(server: Dovecot, size: int) -> None:
    count = 40 if server._options.capabilities or size < 1_000_000 else 200
    with server.client(ANN) as client:
        for number in range(count):
            append_exactly(client, "INBOX", mail(number, size))
    outcomes, peak = peak_of(server, BatchLimit(items=10), 0.0005)
    assert [type(each) for each in outcomes] == [Stored] * count
    assert peak < WINDOW
    with server.client(BOB) as client:
        client.select_folder("INBOX", readonly=True)
        heads = client.fetch(client.search(), ["BODY.PEEK[HEADER]", "RFC822.SIZE"])
    assert [each[b"BODY[HEADER]"] for _, each in sorted(heads.items())] == [
        b"Subject: %d\r\n\r\n" % number for number in range(count)
    ]
    assert {each[b"RFC822.SIZE"] for each in heads.values()} <= {
        len(mail(number, size)) for number in range(count)
    }
