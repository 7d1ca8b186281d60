"""The same over TLS: certificates are verified, and close() ends what waits there, too."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from localrun.fakes.workmail_ews import EwsServer
from migration.directory_model import Token
from migration.errors import MailboxUnreachable, TargetBusy
from migration.targets.workmail_ews import WorkmailEwsTarget
from migration.wire.ews import EwsClient
from tests.ews.harness import ADDRESS
from tests.ews.samples import inbox_of, only, stamped, store, stream
from tests.integration.certificates import write_certificate


class Slow:
    """A server that waits before each request when it is told to."""

    def __init__(self) -> None:
        self.go_on = threading.Event()
        self.go_on.set()
        self.has_come = threading.Event()

    def check(self, token: str, mailbox: str) -> str:
        if not self.go_on.is_set():
            self.has_come.set()
            self.go_on.wait(20)
        return "ok"


@pytest.fixture
def slow() -> Slow:
    return Slow()


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    return write_certificate(tmp_path / "server.pem")


@pytest.fixture
def server(slow: Slow, certificate: Path) -> Iterator[EwsServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with EwsServer(slow.check, lambda _: True, lambda: 0.0) as running:
        listener = running._http
        listener.socket = context.wrap_socket(listener.socket, server_side=True)
        yield running
        slow.go_on.set()


def open_target(server: EwsServer, ca_file: Path | None) -> WorkmailEwsTarget:
    url = server.url.replace("http:", "https:")
    trusted = None if ca_file is None else str(ca_file)
    return WorkmailEwsTarget(EwsClient(url, lambda: Token("t"), ADDRESS, ca_file=trusted))


def test_messages_and_streams_arrive(server: EwsServer, certificate: Path) -> None:
    target = open_target(server, certificate)
    folder = inbox_of(target)
    store(target, folder, [stamped("a", content=stream(b"x" * 2_000_000))])
    assert len(only(server).mime) == 2_000_000
    target.close()


def test_a_certificate_that_nobody_vouches_for_is_for_the_operator(server: EwsServer) -> None:
    with pytest.raises(MailboxUnreachable, match="CertificateRejected"):
        inbox_of(open_target(server, None))


def test_close_ends_what_waits(server: EwsServer, certificate: Path, slow: Slow) -> None:
    target = open_target(server, certificate)
    folder = inbox_of(target)
    slow.go_on.clear()
    receipt = target.append(folder, [stamped("a")])
    assert slow.has_come.wait(10)
    target.close()
    with pytest.raises(TargetBusy):
        receipt.outcomes()
    slow.go_on.set()
