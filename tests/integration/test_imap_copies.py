"""Whole mailboxes from one real server to another by the engine, compared message by message."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from imapclient import IMAPClient

from localrun.fakes.blobs import MemoryBlobs
from localrun.fakes.ledger import MemoryLedger
from migration.copy.engine import Pace, SliceJob, SliceOutcome, SliceResult, copy_slice
from migration.copy.verify import verify_mailbox
from migration.mail import BatchLimit
from migration.model import Agreement, CopyPolicy, DeltaPolicy, Mailbox
from migration.sources.imap import ImapSource
from migration.targets.workmail_imap import WorkmailImapTarget
from migration.wire.imap_login import ImapLogin, ImapServer
from tests.integration.cyrus import Cyrus
from tests.integration.cyrus_configuration import BELOW_INBOX, BESIDE_INBOX, CLASSIC
from tests.integration.dovecot import Dovecot
from tests.integration.dovecot_configuration import INBOX_DOT, SLASH, Layout
from tests.integration.mail_server import append_exactly, read_folder
from tests.integration.unadvertised import find_unadvertised

ANN = "ann@example.test"
USERS = {ANN: "secret"}
DATE = datetime(2015, 2, 1, 10, 30, tzinfo=timezone(timedelta(hours=5, minutes=30)))
WORKMAIL = (
    "IMAP4rev1 SASL-IR LOGIN-REFERRALS ENABLE IDLE ID SORT MULTIAPPEND UNSELECT CHILDREN NAMESPACE"
    " UIDPLUS LIST-EXTENDED CONDSTORE QRESYNC ESEARCH LIST-STATUS BINARY MOVE STATUS=SIZE SAVEDATE"
    " LITERAL+ QUOTA"
)

AT_WORKMAIL: Mapping[tuple[str, ...], tuple[str, ...]] = {
    ("Gesendet",): ("Sent Items",),
    ("Gesendet", "2020"): ("Sent Items", "2020"),
    ("Junk",): ("Junk E-mail",),
}

AnyServer = Dovecot | Cyrus
Path = tuple[str, ...]
Message = tuple[bytes, frozenset[bytes], datetime]

MAIL: Mapping[Path, Sequence[int]] = {
    ("INBOX",): [1, 2, 2, 3, 2, *range(10, 60)],
    ("INBOX", "Below"): [5, 6],
    ("Below",): [7],
    ("Gesendet",): [8, 9],
    ("Gesendet", "2020"): [11],
    ("Junk",): [12],
    ("Projekte",): [15],
    ("Projekte", "Übergabe & Co"): [13, 14, 13],
    ("Empty",): [],
    ("Entwürfe 😀", "неделя"): [16],
    ("Large",): [17, 1_000_000],
}
SUBSCRIBED: Sequence[Path] = [("INBOX",), ("Projekte", "Übergabe & Co"), ("Empty",)]
FLAGS = [(), ("\\Seen",), ("\\Seen", "\\Answered"), ("\\Flagged", "$Work"), ("\\Draft", "Label2")]

PAIRS: Mapping[str, tuple[Callable[[], AnyServer], Callable[[], AnyServer]]] = {
    "dovecot / to dovecot .": (lambda: _dovecot(SLASH), lambda: _dovecot(INBOX_DOT)),
    "dovecot . to cyrus below INBOX": (lambda: _dovecot(INBOX_DOT), lambda: _cyrus(BELOW_INBOX)),
    "cyrus classic to dovecot /": (lambda: _cyrus(CLASSIC), lambda: _dovecot(SLASH)),
    "cyrus beside INBOX to dovecot .": (lambda: _cyrus(BESIDE_INBOX), lambda: _dovecot(INBOX_DOT)),
}


def _dovecot(layout: Layout, capabilities: str = "") -> AnyServer:
    return Dovecot(layout, USERS, capabilities=capabilities, record=bool(capabilities))


def _cyrus(layout: Layout) -> AnyServer:
    return Cyrus(layout, USERS)


def message(number: int) -> bytes:
    lines = number if number < 1000 else 70_000
    return (
        f"From: Bea <bea@partner.example>\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?= {number}\r\n"
        f"X-Odd:  two  spaces\r\n\r\n" + f"Zeile {number} äöü\r\n" * (lines % 70 or lines)
    ).encode()


def dated(number: int) -> datetime:
    return DATE + timedelta(days=number % 3000, seconds=number)


def fill(server: AnyServer, at_most: int = 1000) -> None:
    with server.client(ANN) as client:
        # It writes the end of a literal by itself: without this it waits for an ACK.
        client.socket().setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for path, numbers in MAIL.items():
            name = server.layout.name(path)
            if not client.folder_exists(name):
                client.create_folder(name)
            client.unsubscribe_folder(name)
            put(client, name, numbers[:at_most])
        for path in SUBSCRIBED:
            client.subscribe_folder(server.layout.name(path))


def put(client: IMAPClient, name: str, numbers: Sequence[int]) -> None:
    """At once, where the server says that it can: Cyrus takes its time over each."""
    if client.has_capability("MULTIAPPEND"):
        if numbers:
            client.multiappend(
                name,
                [
                    {"msg": message(number), "flags": flags(number), "date": dated(number)}
                    for number in numbers
                ],
            )
        return
    for number in numbers:
        append_exactly(client, name, message(number), flags(number), dated(number))


def flags(number: int) -> tuple[str, ...]:
    return FLAGS[number % len(FLAGS)]


def read(server: AnyServer, path: Path) -> list[Message]:
    with server.client(ANN) as client:
        return [_message(each) for each in read_folder(client, server.layout.name(path))]


def _message(found: Mapping[bytes, Any]) -> Message:
    names = frozenset(found[b"FLAGS"]) - {b"\\Recent"}
    return found[b"BODY[]"], names, found[b"INTERNALDATE"].astimezone(UTC)


def sent(number: int) -> Message:
    names = frozenset(flag.encode() for flag in flags(number))
    return message(number), names, dated(number).astimezone(UTC)


class Copy:
    """A mailbox that is copied pass after pass."""

    def __init__(self, source: AnyServer, target: AnyServer, policy: CopyPolicy) -> None:
        self.sides = source, target
        self.policy = policy
        self.ledger, self.blobs = MemoryLedger(), MemoryBlobs()
        self.ledger.plan_mailboxes("run", [Mailbox("box", ANN, ANN, "ann", "Ann")])
        self.passes = 0

    def run(self) -> SliceResult:
        """One pass, and its verification."""
        self.passes += 1
        login = ImapLogin(ANN, "secret")
        places = [
            ImapServer("127.0.0.1", side.port, "none", read_timeout=20) for side in self.sides
        ]
        now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
        ends = time.monotonic() + 900
        job = SliceJob(
            "acme", "box", self.passes, now, Pace(BatchLimit(items=15)), policy=self.policy
        )
        with ExitStack() as stack:
            source, target = ImapSource(places[0], login), WorkmailImapTarget(places[1], login)
            stack.callback(source.close)
            stack.callback(target.close)
            result = copy_slice(
                source, target, self.ledger, self.blobs, job, lambda: ends - time.monotonic()
            )
            verdict = verify_mailbox(
                source,
                target,
                self.ledger,
                self.blobs,
                "box",
                self.passes,
                CopyPolicy(verify_sample=-1),
                lambda: ends - time.monotonic(),
                "acme",
            )
        assert verdict.agreement is Agreement.AGREE, verdict.reasons
        return result


@pytest.fixture(params=PAIRS)
def servers(request: pytest.FixtureRequest) -> Iterator[tuple[AnyServer, AnyServer]]:
    start_source, start_target = PAIRS[request.param]
    with closing(start_source()) as source, closing(start_target()) as target:
        yield source, target


def test_a_mailbox_arrives_as_it_was_and_is_followed(servers: tuple[AnyServer, AnyServer]) -> None:
    source, target = servers
    fill(source)
    before = {path: read(source, path) for path in MAIL}
    copy = Copy(source, target, CopyPolicy(delta=DeltaPolicy.FOLLOW))
    result = copy.run()
    assert (result.outcome, result.copied) == (SliceOutcome.DONE, sum(map(len, MAIL.values())))
    for path, numbers in MAIL.items():
        there = read(target, path)
        assert there == [sent(number) for number in numbers], path
        assert before[path] == read(source, path), "the source is as it was"
    with target.client(ANN) as client:
        prefix = target.layout.prefix
        names = {name for _, _, name in client.list_folders()}
        subscribed = {name for _, _, name in client.list_sub_folders()}
    expected = {target.layout.name(path) for path in MAIL}
    assert names - {prefix.rstrip("./")} - expected <= {
        target.layout.name(path) for path in [("Drafts",), ("Trash",), ("Entwürfe 😀",)]
    } | {f"{prefix}INBOX"}
    assert subscribed >= {target.layout.name(path) for path in SUBSCRIBED}
    assert target.layout.name(("Projekte",)) not in subscribed
    assert copy.run().copied == 0
    path = ("Projekte", "Übergabe & Co")
    with source.client(ANN) as client:
        client.select_folder(source.layout.name(path))
        first, second, _ = client.search()
        client.set_flags([first], ["\\Seen", "\\Flagged"])
        client.delete_messages([second])
        client.expunge()
        append_exactly(client, source.layout.name(("INBOX",)), message(999), (), dated(999))
    assert copy.run().copied == 1
    assert read(target, ("INBOX",)) == read(source, ("INBOX",))
    assert read(target, path) == read(source, path)
    assert len(read(target, path)) == 2


@pytest.mark.parametrize(
    "capabilities",
    [
        "IMAP4rev1",
        "IMAP4rev1 LITERAL-",
        "IMAP4rev1 MULTIAPPEND LITERAL- NAMESPACE",
        "IMAP4rev1 UIDPLUS MULTIAPPEND CONDSTORE",
        WORKMAIL,
    ],
)
def test_nothing_is_used_that_was_not_advertised(capabilities: str) -> None:
    with _dovecot(SLASH, capabilities) as source, _dovecot(SLASH, capabilities) as target:
        fill(source, 8)
        by_others = source.sent(ANN)
        copy = Copy(source, target, CopyPolicy(delta=DeltaPolicy.FOLLOW))
        copy.run()
        with source.client(ANN) as client:
            client.select_folder("INBOX")
            client.delete_messages([1])
            client.set_flags([2], ["\\Flagged"])
            client.expunge()
        copy.run()
        at_workmail = capabilities == WORKMAIL  # it says of no folder what it is for
        for path, numbers in MAIL.items():
            place = AT_WORKMAIL.get(path, path) if at_workmail else path
            if path != ("INBOX",):
                assert read(target, place) == [sent(number) for number in numbers[:8]]
        assert read(target, ("INBOX",)) == read(source, ("INBOX",))
        assert find_unadvertised(target.sent(ANN), capabilities) == []
        used = source.sent(ANN).replace(by_others, "")
        assert find_unadvertised(used, capabilities) == []
        written = [
            line
            for line in used.split("\r\n")
            if line.split(" ")[:1] != [""] and line.startswith("a") and "STORE" in line
        ]
        assert written == [], "the source is only read"
