"""What tests can ask of Dovecot: tokens, masters, poverty, limits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientError, LoginError

from tests.integration.dovecot import Dovecot
from tests.integration.dovecot_configuration import SLASH
from tests.integration.mail_server import read_folder
from tests.integration.unadvertised import find_unadvertised

ANN, BOB = "ann@example.test", "bob@example.test"
USERS = {ANN: "secret", BOB: "b0bs"}
MAIL = b"Subject: x\r\n\r\nbody\r\n"
POOR = "IMAP4rev1 NAMESPACE"

Start = Callable[..., Dovecot]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts servers that end with the test."""
    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(
            Dovecot(SLASH, USERS, {"boss": "b0ss"}, **options)
        )


def test_dovecot_takes_the_user_in_front_of_the_masters_name(start: Start) -> None:
    server = start()
    server.append(ANN, "INBOX", MAIL)
    with server.connect() as client:
        client.login(f"{ANN}*boss", "b0ss")
        assert len(read_folder(client, "INBOX")) == 1
    for name, password in (
        (f"{ANN}*boss", "wrong"),
        (f"{ANN}*{BOB}", "b0bs"),
        ("nobody@example.test*boss", "b0ss"),
    ):
        with server.connect() as client, pytest.raises(LoginError):
            client.login(name, password)


TOKEN_LOGINS = {"XOAUTH2": IMAPClient.oauth2_login, "OAUTHBEARER": IMAPClient.oauthbearer_login}


@pytest.mark.parametrize("mechanism", TOKEN_LOGINS)
def test_dovecot_takes_a_token_of_the_user_as_long_as_it_is_good(
    start: Start, mechanism: str
) -> None:
    login = TOKEN_LOGINS[mechanism]
    tokens = {"t+/=1": ANN, "t2": BOB}
    server = start(tokens=tokens)
    server.append(ANN, "INBOX", MAIL)
    with server.connect() as client:
        assert f"AUTH={mechanism}".encode() in client.capabilities()
        login(client, ANN, "t+/=1")
        assert len(read_folder(client, "INBOX")) == 1
        for user, token in ((ANN, "t2"), (ANN, "bad"), (ANN, USERS[ANN]), ("nobody", "t2")):
            with server.connect() as another, pytest.raises(IMAPClientError):
                login(another, user, token)
        del tokens["t+/=1"]
        with server.connect() as another, pytest.raises(IMAPClientError):
            login(another, ANN, "t+/=1")
        client.noop()


def test_dovecot_without_tokens_offers_passwords_only(start: Start) -> None:
    with start().connect() as client:
        offered = {name for name in client.capabilities() if name.startswith(b"AUTH=")}
    assert offered == {b"AUTH=PLAIN", b"AUTH=LOGIN"}


@pytest.mark.parametrize("capabilities", [POOR, "IMAP4rev1 LITERAL- UIDPLUS"])
def test_dovecot_tells_no_more_than_it_is_allowed(start: Start, capabilities: str) -> None:
    server = start(capabilities=capabilities, tokens={})
    told = set(capabilities.upper().encode().split())
    with server.connect() as client:
        before = {name for name in client.capabilities() if not name.startswith(b"AUTH=")}
        assert before == told
        client.login(ANN, USERS[ANN])
        assert set(client.capabilities()) == told
        with pytest.raises(IMAPClientError):
            client.move([1], "INBOX")


def test_a_client_that_uses_what_dovecot_hid_is_noticed(start: Start) -> None:
    server = start(capabilities=POOR, record=True)
    server.append(ANN, "INBOX", MAIL)
    assert find_unadvertised(server.sent(ANN), POOR) == []
    with server.client(ANN) as client:
        client.select_folder("INBOX")
        client._imap.send(b"x1 UID MOVE 1 Trash\r\n")
        assert b"COPYUID" in client._imap.readline(), "it is obeyed all the same"
    assert find_unadvertised(server.sent(ANN), POOR) == ["UID MOVE 1 TRASH needs IMAP4REV2 or MOVE"]
    with server.connect() as client:
        client.plain_login(ANN, USERS[ANN])
    assert "needs SASL-IR" not in str(find_unadvertised(server.sent_before_login(), POOR))
    assert "AUTHENTICATE PLAIN" in server.sent_before_login()


def test_dovecot_refuses_a_message_over_the_limit(start: Start) -> None:
    server = start(max_message_mb=1)
    with server.client(ANN) as client:
        for _ in range(2):
            client.append("INBOX", MAIL + b"x" * 900_000)
        with pytest.raises(IMAPClientError, match="LIMIT"):
            client.append("INBOX", MAIL + b"x" * 1_100_000)
