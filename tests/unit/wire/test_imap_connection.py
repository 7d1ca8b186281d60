"""Logging in and asking, with a server that says what real ones do not say on demand."""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from migration.wire.imap import ImapConnection
from migration.wire.imap_ahead import AheadConnection
from migration.wire.imap_errors import (
    CommandRefused,
    ConnectionLost,
    Garbled,
    ImapError,
    LoginRefused,
    NotConnected,
    hung_up,
    refused,
)
from migration.wire.imap_login import ImapLogin, ImapServer, choose_sasl, is_loopback
from migration.wire.imap_parse import Response
from tests.unit.wire.scripted import LOGIN, Command, Scripted, Talk, hang_up, stall


@contextmanager
def connected(scripted: Scripted, login: ImapLogin = LOGIN) -> Iterator[ImapConnection]:
    connection = ImapConnection(scripted.server(read_timeout=1.0), login)
    try:
        yield connection
    finally:
        connection.close()


def lines(responses: list[Response]) -> list[bytes]:
    return [each.line for each in responses]


# -- the beginning


@pytest.mark.parametrize(
    ("greeting", "rules"),
    [
        (b"* OK [CAPABILITY IMAP4rev1 Idle] x\r\n", {}),
        (b"* OK ready\r\n", {}),
        (b"* OK ready\r\n", {b"LOGIN": b"TAG OK [capability IMAP4rev1 IDLE] in\r\n"}),
        (b"* OK ready\r\n", {b"LOGIN": b"* CAPABILITY IMAP4rev1 IDLE\r\nTAG OK in\r\n"}),
    ],
    ids=["greeting", "asked", "code", "untagged"],
)
def test_capabilities_are_those_after_the_login(greeting: bytes, rules: dict[bytes, bytes]) -> None:
    scripted = Scripted(rules, greeting=greeting, capabilities="IMAP4rev1 IDLE")
    with scripted, connected(scripted) as connection:
        assert connection.has("IDLE")
        assert not connection.has("LITERAL+")
        assert len(scripted.asked(b"CAPABILITY")) == {b"* OK [": 1}.get(
            greeting[:6], 2 - len(rules)
        )


@pytest.mark.parametrize(
    ("greeting", "error"),
    [
        (b"* PREAUTH welcome\r\n", LoginRefused),
        (b"* BYE overloaded\r\n", ConnectionLost),
        (b"220 mail ESMTP\r\n", Garbled),
        (b"", ConnectionLost),
        (b"* OK", ConnectionLost),
    ],
)
def test_greetings_that_are_none(greeting: bytes, error: type[ImapError]) -> None:
    def say_and_end(talk: Talk, command: Command) -> None:
        """Never called: nothing is asked before the greeting."""

    with Scripted({b"": say_and_end}, greeting=greeting) as scripted:
        timer = threading.Timer(0.2, scripted.hang_up)
        timer.start()
        with pytest.raises(error), connected(scripted):
            pass
        timer.join()


@pytest.mark.parametrize(
    ("answer", "error", "wait"),
    [
        (b"TAG NO [AUTHENTICATIONFAILED] no\r\n", LoginRefused, 0),
        (b"TAG NO no\r\n", LoginRefused, 0),
        (b"TAG BAD what\r\n", LoginRefused, 0),
        (b"TAG NO [INUSE] another session\r\n", CommandRefused, 0),
        (b"TAG NO [UNAVAILABLE] later\r\n", CommandRefused, 0),
        (b"TAG NO [LIMIT] Too many\r\n", CommandRefused, 0),
        (b"TAG NO [ALERT] Too many simultaneous connections. (Failure)\r\n", CommandRefused, 0),
        (b"TAG NO Account exceeded command or bandwidth limits.\r\n", CommandRefused, 0),
        (
            b"TAG BAD Request is throttled. Suggested Backoff Time: 12500 milliseconds\r\n",
            CommandRefused,
            12.5,
        ),
        (b"* BYE shutting down\r\n", ConnectionLost, 0),
        (b"* BYE Backoff Time: 2000 milliseconds\r\n", ConnectionLost, 2),
        (hang_up, ConnectionLost, 0),
        (stall, ConnectionLost, 0),
    ],
    ids=lambda value: value[4:24].decode() if isinstance(value, bytes) else "",
)
def test_logins_that_are_not_taken(answer: bytes, error: type[ImapError], wait: float) -> None:
    with (
        Scripted({b"LOGIN": answer}) as scripted,
        pytest.raises(error) as caught,
        connected(scripted),
    ):
        pass
    assert caught.value.retry_after == wait
    assert "secret" not in str(caught.value)
    if isinstance(caught.value, CommandRefused):
        assert caught.value.pause


def test_a_server_without_starttls_gets_no_password() -> None:
    with Scripted({b"STARTTLS": b"TAG BAD what\r\n"}) as scripted:
        server = ImapServer("127.0.0.1", scripted.port, "starttls", read_timeout=1.0)
        with pytest.raises(NotConnected) as caught:
            ImapConnection(server, LOGIN)
        assert caught.value.for_good
        assert not scripted.asked(b"LOGIN")


def test_a_port_where_nobody_listens_may_be_tried_again() -> None:
    with Scripted() as scripted:
        server = scripted.server()
    with pytest.raises(NotConnected) as caught:
        ImapConnection(server, LOGIN)
    assert not caught.value.for_good


# -- ways to log in


@pytest.mark.parametrize(
    ("login", "capabilities", "command"),
    [
        (LOGIN, "IMAP4rev1", b'LOGIN "ann@example.test" "secret"'),
        (ImapLogin("ann", 'a"b\\c %*{}'), "IMAP4rev1", b'LOGIN "ann" "a\\"b\\\\c %*{}"'),
        (ImapLogin("ann", "p", master="boss"), "IMAP4rev1", b'LOGIN "ann*boss" "p"'),
    ],
)
def test_login(login: ImapLogin, capabilities: str, command: bytes) -> None:
    with Scripted(capabilities=capabilities) as scripted, connected(scripted, login):
        assert scripted.asked(b"LOGIN") == [command]


@pytest.mark.parametrize("initial", [True, False], ids=["SASL-IR", "in turns"])
@pytest.mark.parametrize(
    ("login", "capabilities", "mechanism", "response"),
    [
        (LOGIN, "LOGINDISABLED", b"PLAIN", "\0ann@example.test\0secret"),
        (ImapLogin("ann", "pä€"), "", b"PLAIN", "\0ann\0pä€"),
        (ImapLogin("änn", "p"), "", b"PLAIN", "\0änn\0p"),
        (ImapLogin("ann", "line\nend"), "", b"PLAIN", "\0ann\0line\nend"),
        (ImapLogin("boss", "p", authorize_as="ann"), "", b"PLAIN", "ann\0boss\0p"),
        (
            ImapLogin("ann", token="T"),
            "AUTH=XOAUTH2 AUTH=PLAIN",
            b"XOAUTH2",
            "user=ann\1auth=Bearer T\1\1",
        ),
        (
            ImapLogin("a=n,n", token="T"),
            "AUTH=XOAUTH2 AUTH=OAUTHBEARER",
            b"OAUTHBEARER",
            "n,a=a=3Dn=2Cn,\1host=127.0.0.1\1port=%d\1auth=Bearer T\1\1",
        ),
    ],
)
def test_authenticate(
    login: ImapLogin, capabilities: str, mechanism: bytes, response: str, *, initial: bool
) -> None:
    answers: list[bytes] = []

    def challenge(talk: Talk, command: Command) -> None:
        words = command.text.split(b" ")
        if len(words) == 2:
            talk.say(b"+ \r\n")
            words.append(talk.line().rstrip(b"\r\n"))
        answers.append(base64.b64decode(words[2], validate=True))
        talk.say(command.tag + b" OK in\r\n")

    offered = "IMAP4rev1 " + capabilities + " SASL-IR" * initial
    with Scripted({b"AUTHENTICATE": challenge}, capabilities=offered) as scripted:
        with connected(scripted, login):
            (command,) = scripted.asked(b"AUTHENTICATE")
            assert command.split(b" ")[1] == mechanism
            assert len(command.split(b" ")) == (3 if initial else 2)
        expected = response.replace("%d", str(scripted.port))
    assert answers == [expected.encode()]


@pytest.mark.parametrize(
    ("mechanism", "answer"), [("XOAUTH2", b""), ("OAUTHBEARER", base64.b64encode(b"\1"))]
)
@pytest.mark.parametrize("initial", [True, False], ids=["SASL-IR", "in turns"])
def test_a_token_that_is_refused(mechanism: str, answer: bytes, *, initial: bool) -> None:
    said: list[bytes] = []

    def refuse(talk: Talk, command: Command) -> None:
        if not initial:
            talk.say(b"+ \r\n")
            talk.line()
        talk.say(b"+ " + base64.b64encode(b'{"status":"401"}') + b"\r\n")
        said.append(talk.line().rstrip(b"\r\n"))
        talk.say(command.tag + b" NO [AUTHENTICATIONFAILED] no\r\n")

    offered = f"IMAP4rev1 AUTH={mechanism}" + " SASL-IR" * initial
    with (
        Scripted({b"AUTHENTICATE": refuse}, capabilities=offered) as scripted,
        pytest.raises(LoginRefused, match="AUTHENTICATIONFAILED"),
    ):
        ImapConnection(scripted.server(), ImapLogin("ann", token="T"))
    assert said == [answer]


def test_secrets_are_not_shown() -> None:
    login = ImapLogin("ann", "secret", token="t0ken", authorize_as="bob", master="boss")
    assert repr(login) == "ImapLogin()"
    sasl = choose_sasl(login, ImapServer("localhost", 1, "none"), ())
    assert "ann" not in repr(sasl)


def test_without_tls_only_this_machine_is_talked_to() -> None:
    for host in ("imap.example.test", "192.0.2.1", "127.0.0.1.example.test"):
        with pytest.raises(ValueError, match="openly"):
            ImapServer(host, 143, "none")
        assert ImapServer(host, 143, "none", allow_plain=True)
        assert ImapServer(host, 143, "starttls")
        assert not is_loopback(host)
    for host in ("127.0.0.1", "::1", "localhost", "127.1.2.3"):
        assert ImapServer(host, 143, "none")
    with pytest.raises(ValueError, match="tls must be"):
        ImapServer("localhost", 143, "plain")


# -- commands and answers


def test_answers_belong_to_the_commands_that_were_sent_ahead() -> None:
    rules = {
        b"A": b"* 1 EXISTS\r\nTAG OK a\r\n",
        b"B": b"TAG NO [X-CODE] b\r\n",
        b"C": b"* LIST () NIL {3}\r\na\r\n\r\nTAG OK\r\n",
    }
    with Scripted(rules) as scripted, connected(scripted) as connection:
        first, second, third = connection.run_all([b"A", b"B", b"C"])
        assert isinstance(first, list)
        assert isinstance(third, list)
        assert lines(first) == [b"1 EXISTS", b"OK a"]
        assert isinstance(second, CommandRefused)
        assert (second.code, second.pause) == ("X-CODE", False)
        assert third[0].values() == [b"LIST", [], None, b"a\r\n"]
        assert connection.run_all([]) == []


def test_thousands_of_commands_are_not_sent_to_a_server_that_must_be_read_first() -> None:
    line = b"* OK " + b"x" * 2000 + b"\r\n"
    rules = {b"A": line + b"TAG OK a\r\n"}
    with Scripted(rules) as scripted, connected(scripted) as connection:
        results = connection.run_all([b"A" + b"y" * 500] * 10_000)
        assert len(results) == 10_000


def test_a_bye_ends_the_connection_with_what_it_asks_for() -> None:
    bye = b"* BYE Session ended. Suggested Backoff Time: 3000 milliseconds\r\n"
    with (
        Scripted({b"NOOP": bye}) as scripted,
        connected(scripted) as connection,
        pytest.raises(ConnectionLost) as caught,
    ):
        connection.run(b"NOOP")
    assert (caught.value.code, caught.value.retry_after) == ("BYE", 3)


def test_a_stalled_server_is_given_up() -> None:
    with Scripted({b"NOOP": stall}) as scripted, connected(scripted) as connection:
        with pytest.raises(ConnectionLost, match="Timeout"):
            connection.run(b"NOOP")
        with pytest.raises(ConnectionLost):
            connection.run(b"NOOP")


@pytest.mark.parametrize(
    "answer",
    [
        b"* 1 FETCH (BODY[] {100}\r\nabc",
        b"* 1 FETCH (BODY[] {100}\r\n",
        b"* 1 FET",
        b"* 1 FETCH (BODY[] {99999999999}\r\nabc",
    ],
)
def test_a_connection_that_breaks_anywhere_is_lost(answer: bytes) -> None:
    def cut(talk: Talk, command: Command) -> None:
        talk.say(answer)
        hang_up(talk, command)

    with (
        Scripted({b"NOOP": cut}) as scripted,
        connected(scripted) as connection,
        pytest.raises(ConnectionLost),
    ):
        connection.run(b"NOOP")


@pytest.mark.parametrize("answer", [b"TAG MAYBE\r\n", b"* 1 a\0b {1}\r\nx\r\nTAG OK\r\n"])
def test_what_is_no_imap_is_garbled(answer: bytes) -> None:
    with (
        Scripted({b"NOOP": answer}) as scripted,
        connected(scripted) as connection,
        pytest.raises(Garbled),
    ):
        connection.run(b"NOOP")


def test_lines_may_end_without_a_carriage_return() -> None:
    with (
        Scripted({b"NOOP": b"* 1 EXISTS\nTAG OK\n"}) as scripted,
        connected(scripted) as connection,
    ):
        assert lines(connection.run(b"NOOP")) == [b"1 EXISTS", b"OK"]


def test_another_thread_may_end_a_connection_that_waits() -> None:
    with Scripted({b"NOOP": stall}) as scripted:
        connection = ImapConnection(scripted.server(read_timeout=30.0), LOGIN)
        timer = threading.Timer(0.2, connection.close)
        timer.start()
        began = time.monotonic()
        with pytest.raises(ConnectionLost):
            connection.run(b"NOOP")
        assert time.monotonic() - began < 5
        timer.join()
        connection.close()


# -- what refusals say


@pytest.mark.parametrize(
    ("text", "code", "pause"),
    [
        ("[TRYCREATE] no such folder", "TRYCREATE", False),
        ("[overquota] full", "OVERQUOTA", False),
        ("Over quota", "OVERQUOTA", False),
        ("Quota exceeded (mailbox for user is full)", "OVERQUOTA", False),
        ("[ALERT] You exceeded your mail quota.", "OVERQUOTA", False),
        ("[ALERT] Mailbox is full", "OVERQUOTA", False),
        ("APPEND failed", "NO", False),
        ("[UNAVAILABLE] x", "UNAVAILABLE", True),
        ("[INUSE] x", "INUSE", True),
        ("[LIMIT] x", "LIMIT", True),
        ("Server is throttling", "NO", True),
        ("", "NO", False),
    ],
)
def test_refusals(text: str, code: str, *, pause: bool) -> None:
    error = refused("NO", text)
    assert (error.code, error.pause) == (code, pause)
    assert text == "" or text not in str(error)


def test_only_a_bye_about_a_fetch_is_blamed_on_a_message() -> None:
    assert hung_up("BYE FETCH failed: Internal error occurred.").by_fetch
    assert not hung_up("BYE Server shutting down.").by_fetch
    assert not hung_up("BYE Disconnected for inactivity.").by_fetch


# -- made ahead


def test_a_connection_made_ahead_is_the_one_that_is_taken() -> None:
    with Scripted() as scripted:
        ahead = AheadConnection(lambda: ImapConnection(scripted.server(), LOGIN))
        ahead.begin()
        ahead.begin()
        scripted.wait_for(b"LOGIN")
        ahead.take().close()
        assert scripted.connections == 1
        ahead.take().close()
        assert scripted.connections == 2
        ahead.begin()
        ahead.close()
        ahead.close()
        assert scripted.connections == 3


def test_another_connection_is_begun_when_this_one_is_made() -> None:
    with Scripted() as scripted:
        second = AheadConnection(lambda: ImapConnection(scripted.server(), LOGIN))
        first = AheadConnection(lambda: ImapConnection(scripted.server(), LOGIN))
        first.begin(second.begin)
        first.take().close()
        second.take().close()
        assert scripted.connections == 2


def test_a_wrong_password_is_told_and_not_shown_again() -> None:
    no = {b"LOGIN": b"TAG NO [AUTHENTICATIONFAILED] x\r\n"}
    with Scripted(no) as scripted:
        second = AheadConnection(lambda: ImapConnection(scripted.server(), LOGIN))
        first = AheadConnection(lambda: ImapConnection(scripted.server(), LOGIN))
        first.begin(second.begin)
        with pytest.raises(LoginRefused):
            first.take()
        assert len(scripted.asked(b"LOGIN")) == 1
        with pytest.raises(LoginRefused):  # asked for once more, by somebody who wants it
            first.take()
        assert len(scripted.asked(b"LOGIN")) == 2
        first.begin()
        first.close()
        with pytest.raises(LoginRefused):
            first.take()
        assert len(scripted.asked(b"LOGIN")) == 4


def test_what_fails_ahead_is_tried_again_when_it_is_wanted() -> None:
    no, yes = {b"LOGIN": b"TAG NO [INUSE] x\r\n"}, {b"LOGIN": b"TAG OK x\r\n"}
    with Scripted(no, no, yes) as scripted:
        ahead = AheadConnection(lambda: ImapConnection(scripted.server(), LOGIN))
        ahead.begin()
        with pytest.raises(CommandRefused):
            ahead.take()
        ahead.take().close()
