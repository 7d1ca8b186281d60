"""Every way to log in, on the servers that have it, and how each is refused."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from migration.errors import CredentialsRejected, MailboxUnreachable
from migration.sources.imap import ImapSource
from migration.sources.imap_survey import survey
from migration.targets.workmail_imap import WorkmailImapTarget
from migration.wire.imap import ImapConnection
from migration.wire.imap_errors import ImapError, LoginRefused, NotConnected
from migration.wire.imap_login import ImapLogin, ImapServer
from tests.integration.certificates import write_certificate
from tests.integration.cyrus import Cyrus
from tests.integration.cyrus_configuration import BELOW_INBOX
from tests.integration.dovecot import Dovecot
from tests.integration.dovecot_configuration import SLASH
from tests.integration.unadvertised import find_unadvertised

ANN, ODD, UMLAUT = "ann@example.test", "odd@example.test", "ute@example.test"
ODD_PASSWORD = "a\"b\\c %*{}()] 'x"
USERS = {ANN: "secret", ODD: ODD_PASSWORD, UMLAUT: "pässwörd€"}
MASTERS = {"boss": "b0ss"}
TOKENS = {"t0ken": ANN}
BEFORE_LOGIN = "IMAP4rev1 SASL-IR LITERAL+ STARTTLS AUTH=PLAIN AUTH=LOGIN"

LOGINS = {
    "password": ImapLogin(ANN, "secret"),
    "odd characters": ImapLogin(ODD, ODD_PASSWORD),
    "not ASCII": ImapLogin(UMLAUT, "pässwörd€"),
    "administrator": ImapLogin("boss", "b0ss", authorize_as=ANN),
}
MASTER = {"user*master": ImapLogin(ANN, "b0ss", master="boss")}
TOKEN = {"token": ImapLogin(ANN, token="t0ken")}
REFUSED = {
    "password": ImapLogin(ANN, "wrong"),
    "command as password": ImapLogin(ANN, "x\r\na1 LOGOUT"),
    "not ASCII": ImapLogin(UMLAUT, "pässword"),
    "user": ImapLogin("nobody@example.test", "secret"),
    "administrator's password": ImapLogin("boss", "wrong", authorize_as=ANN),
    "no administrator": ImapLogin(ANN, "secret", authorize_as=ODD),
}


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_certificate(tmp_path_factory.mktemp("tls") / "server.pem")


@pytest.fixture(scope="module")
def dovecot(certificate: Path) -> Iterator[Dovecot]:
    with Dovecot(
        SLASH, USERS, MASTERS, certificate=certificate, tokens=dict(TOKENS), record=True
    ) as server:
        yield server


@pytest.fixture(scope="module")
def cyrus(certificate: Path) -> Iterator[Cyrus]:
    with Cyrus(BELOW_INBOX, {ANN: "secret"}, MASTERS, certificate=certificate) as server:
        yield server


def place(server: Dovecot | Cyrus, tls: str = "none", cafile: Path | None = None) -> ImapServer:
    context = ssl.create_default_context(cafile=cafile) if tls != "none" else None
    port = server.tls_port if tls == "ssl" else server.port
    return ImapServer("127.0.0.1", port, tls, context, read_timeout=10)


def logs_in(server: ImapServer, login: ImapLogin) -> frozenset[str]:
    connection = ImapConnection(server, login)
    try:
        assert connection.run(b"NOOP")[-1].kind == b"OK"
        return connection.capabilities
    finally:
        connection.close()


@pytest.mark.parametrize("tls", ["none", "ssl", "starttls"])
@pytest.mark.parametrize("login", [*LOGINS.values(), *MASTER.values(), *TOKEN.values()])
def test_dovecot_lets_in(dovecot: Dovecot, certificate: Path, login: ImapLogin, tls: str) -> None:
    assert "UIDPLUS" in logs_in(place(dovecot, tls, certificate), login)


@pytest.mark.parametrize("tls", ["none", "ssl", "starttls"])
@pytest.mark.parametrize("name", ["password", "administrator"])
def test_cyrus_lets_in(cyrus: Cyrus, certificate: Path, name: str, tls: str) -> None:
    assert "UIDPLUS" in logs_in(place(cyrus, tls, certificate), LOGINS[name])


@pytest.mark.parametrize("login", REFUSED.values(), ids=REFUSED)
def test_both_refuse(dovecot: Dovecot, cyrus: Cyrus, login: ImapLogin) -> None:
    for server in (dovecot, cyrus):
        with pytest.raises(LoginRefused):
            ImapConnection(place(server), login)


def test_a_refused_login_is_rejected_credentials_on_both_sides(dovecot: Dovecot) -> None:
    where, login = place(dovecot), REFUSED["password"]
    with closing(ImapSource(where, login)) as source, pytest.raises(CredentialsRejected):
        source.folders()
    with closing(WorkmailImapTarget(where, login)) as target, pytest.raises(CredentialsRejected):
        target.ensure_folders([])


@pytest.mark.parametrize("initial", ["", " SASL-IR"], ids=["in turns", "SASL-IR"])
@pytest.mark.parametrize("mechanism", ["XOAUTH2", "OAUTHBEARER"])
def test_tokens(mechanism: str, initial: str) -> None:
    offered = f"IMAP4rev1{initial}"
    settings = f"auth_mechanisms = plain {mechanism.lower()}\n"
    with Dovecot(
        SLASH, USERS, tokens=dict(TOKENS), capabilities=offered, record=True, settings=settings
    ) as server:
        where = place(server)
        logs_in(where, TOKEN["token"])
        with pytest.raises(LoginRefused, match="AUTHENTICATIONFAILED"):
            ImapConnection(where, ImapLogin(UMLAUT, token="t0ken"))
        for user, token in ((ANN, "wrong"), ("nobody", "t0ken")):
            with pytest.raises(ImapError):  # for an unknown token Dovecot is "unavailable"
                ImapConnection(where, ImapLogin(user, token=token))
        sent = server.sent_before_login()
    assert f"AUTHENTICATE {mechanism}" in sent
    assert find_unadvertised(sent, offered) == []


def test_certificates_that_nobody_vouches_for_are_refused(
    dovecot: Dovecot, cyrus: Cyrus, tmp_path: Path
) -> None:
    other = write_certificate(tmp_path / "other.pem")
    login = LOGINS["password"]
    for server in (dovecot, cyrus):
        for tls in ("ssl", "starttls"):
            for cafile in (None, other):
                where = place(server, tls, cafile)
                with pytest.raises(NotConnected) as caught:
                    ImapConnection(where, login)
                assert caught.value.for_good
                with closing(ImapSource(where, login)) as source, pytest.raises(MailboxUnreachable):
                    source.folders()
                with (
                    closing(WorkmailImapTarget(where, login)) as target,
                    pytest.raises(MailboxUnreachable),
                ):
                    target.ensure_folders([])
            default = ImapServer("127.0.0.1", place(server, tls).port, tls)
            with pytest.raises(NotConnected):
                ImapConnection(default, login)
        with pytest.raises(MailboxUnreachable):
            survey(place(server, "ssl", other), {}, (), time.monotonic)


def test_a_name_that_the_certificate_does_not_hold_is_refused(
    dovecot: Dovecot, certificate: Path
) -> None:
    context = ssl.create_default_context(cafile=certificate)
    where = ImapServer("localhost", dovecot.tls_port, "ssl", context)
    with pytest.raises(NotConnected) as caught:
        ImapConnection(where, LOGINS["password"])
    assert caught.value.for_good


def test_no_password_is_sent_in_the_open_where_tls_was_wanted(
    dovecot: Dovecot, tmp_path: Path
) -> None:
    before = dovecot.sent_before_login()
    with pytest.raises(NotConnected):
        ImapConnection(place(dovecot, "starttls"), ImapLogin(ANN, "hidden"))
    assert "hidden" not in dovecot.sent_before_login().removeprefix(before)


def test_logging_in_uses_nothing_that_was_not_offered(dovecot: Dovecot) -> None:
    for login in (*LOGINS.values(), *MASTER.values()):
        logs_in(place(dovecot), login)
    assert find_unadvertised(dovecot.sent_before_login(), BEFORE_LOGIN) == []
