"""Every exception of the IMAP client becomes an error of the migration, without its text."""

import imaplib
import inspect
import socket
import ssl
from types import ModuleType

import pytest
from imapclient import exceptions

from localrun.fakes.imap import ImapServer
from migration.errors import (
    CredentialsRejected,
    MailboxUnreachable,
    SourceBusy,
    TenantMisconfigured,
)
from migration.sources.imap import ImapLogin, ImapSource, probe
from migration.sources.imap_errors import CAUGHT, KINDS, Phase, is_about_a_message, translate

USER = "ann@example.test"


def exception_classes(module: object) -> set[type[Exception]]:
    """The classes that a module (or imaplib.IMAP4, which holds its own) defines or offers."""
    return {
        member
        for name, member in inspect.getmembers(module, inspect.isclass)
        if issubclass(member, Exception) and not name.startswith("_")
    }


MODULES: list[ModuleType | type] = [exceptions, imaplib, imaplib.IMAP4, socket, ssl]
BUILT_IN = {ConnectionResetError, ConnectionRefusedError, BrokenPipeError}
PARSING = {ValueError, UnicodeDecodeError}
CLASSES = sorted(
    set().union(BUILT_IN, PARSING, *(exception_classes(module) for module in MODULES)),
    key=lambda each: each.__qualname__,
)


def made(cls: type[Exception]) -> Exception:
    error = cls.__new__(cls)
    error.args = (f"{USER} secret",)
    return error


def test_the_list_of_exceptions_is_not_empty() -> None:
    assert {imaplib.IMAP4.abort, exceptions.ProtocolError, ssl.SSLError} <= set(CLASSES)


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__qualname__)
def test_every_exception_is_named_in_the_table_or_is_a_kind_of_oserror(
    cls: type[Exception],
) -> None:
    assert cls in KINDS or issubclass(cls, OSError)
    assert issubclass(cls, CAUGHT)


@pytest.mark.parametrize("phase", Phase)
@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__qualname__)
def test_the_translation_says_nothing_personal(cls: type[Exception], phase: Phase) -> None:
    error = translate(made(cls), phase)
    assert isinstance(error, (SourceBusy, MailboxUnreachable, CredentialsRejected))
    assert USER not in str(error)
    assert "secret" not in str(error)


def test_a_lost_connection_is_busy_whatever_was_being_done() -> None:
    for lost in (imaplib.IMAP4.abort("EOF"), TimeoutError(), ConnectionResetError()):
        error = translate(lost, Phase.COMMAND)
        assert isinstance(error, SourceBusy)
        assert error.retry_after == 30


def test_a_connection_lost_while_logging_in_is_no_refusal() -> None:
    try:
        try:
            raise imaplib.IMAP4.abort("socket error: EOF")
        except imaplib.IMAP4.error as cause:
            raise exceptions.LoginError(str(cause))  # noqa: B904 - as IMAPClient does
    except exceptions.LoginError as error:
        assert isinstance(translate(error, Phase.LOGIN), SourceBusy)


@pytest.mark.parametrize("code", ["[UNAVAILABLE] try later", "[INUSE]", "Too many connections"])
def test_a_server_that_asks_for_a_pause_gets_it(code: str) -> None:
    assert isinstance(translate(exceptions.LoginError(code), Phase.LOGIN), SourceBusy)
    assert isinstance(translate(imaplib.IMAP4.error(code), Phase.COMMAND), SourceBusy)


def test_only_a_bye_about_a_fetch_is_blamed_on_a_message() -> None:
    bye = imaplib.IMAP4.abort("command: FETCH => FETCH failed: Internal error occurred.")
    assert is_about_a_message(bye)
    assert isinstance(translate(bye, Phase.COMMAND), SourceBusy)
    for other in (
        imaplib.IMAP4.abort("command: FETCH => Server shutting down."),
        imaplib.IMAP4.abort("socket error: EOF"),
        imaplib.IMAP4.error("FETCH failed"),
        TimeoutError("FETCH failed"),
    ):
        assert not is_about_a_message(other)


def test_a_greeting_of_bye_is_busy_and_missing_tls_is_not() -> None:
    bye = imaplib.IMAP4.error(b"* BYE overloaded")
    assert isinstance(translate(bye, Phase.CONNECT), SourceBusy)
    no_tls = imaplib.IMAP4.abort("TLS not supported by server")
    assert isinstance(translate(no_tls, Phase.CONNECT), MailboxUnreachable)


# ---- against sockets


def closed_port() -> int:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return int(unused.getsockname()[1])


def source(port: int, tls: str = "none", password: str = "secret") -> ImapSource:
    return ImapSource(
        "127.0.0.1",
        port,
        tls,
        ImapLogin(USER, password),
        connect_timeout=2,
        read_timeout=0.5,
    )


def test_a_refused_connection_is_unreachable() -> None:
    with pytest.raises(MailboxUnreachable):
        source(closed_port()).folders()
    with pytest.raises(MailboxUnreachable):
        probe("127.0.0.1", closed_port(), "none")


def test_a_host_without_an_address_is_unreachable() -> None:
    with pytest.raises(MailboxUnreachable):
        probe("nowhere.invalid", 993, "ssl")


def test_a_wrong_password_is_rejected_and_not_repeated() -> None:
    with ImapServer({USER: "secret"}) as server:
        with pytest.raises(CredentialsRejected) as caught:
            source(server.port, password="wr0ng").folders()
        probe("127.0.0.1", server.port, "none")
    assert "wr0ng" not in str(caught.value)
    assert USER not in str(caught.value)
    assert caught.value.__cause__ is None


def test_tls_to_a_server_that_speaks_none_is_unreachable() -> None:
    with ImapServer({USER: "secret"}) as server:
        for tls in ("ssl", "starttls"):
            with pytest.raises(MailboxUnreachable):
                source(server.port, tls).folders()


def test_a_server_that_says_nothing_is_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        mute = ImapSource(
            "127.0.0.1",
            silent.getsockname()[1],
            "none",
            ImapLogin(USER, "x"),
            connect_timeout=0.3,
        )
        with pytest.raises(MailboxUnreachable):
            mute.folders()


def test_a_connection_that_breaks_is_busy_and_the_next_call_connects_again() -> None:
    with ImapServer({USER: "secret"}) as server:
        reader = source(server.port)
        before = list(reader.folders())
        reader._client.socket().shutdown(socket.SHUT_RDWR)
        with pytest.raises(SourceBusy):
            reader.folders()
        assert list(reader.folders()) == before
        reader.close()


def test_a_server_that_goes_away_after_it_was_there_is_busy() -> None:
    with ImapServer({USER: "secret"}) as server:
        reader = source(server.port)
        reader.folders()
    for _ in range(2):
        with pytest.raises(SourceBusy):
            reader.folders()


def test_passwords_do_not_travel_openly_unless_it_is_said() -> None:
    with pytest.raises(TenantMisconfigured):
        ImapSource("imap.example.test", 143, "none", ImapLogin(USER, "x"))
    with pytest.raises(TenantMisconfigured):
        ImapSource("imap.example.test", 143, "plain", ImapLogin(USER, "x"))
    ImapSource("imap.example.test", 143, "none", ImapLogin(USER, "x"), allow_plain=True)
    ImapSource("::1", 143, "none", ImapLogin(USER, "x"))


def test_a_login_does_not_show_its_secrets() -> None:
    assert repr(ImapLogin(USER, "secret", "boss")) == "ImapLogin()"
