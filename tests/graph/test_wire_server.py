"""The client for Graph over real connections, on the loopback interface."""

from __future__ import annotations

import logging
import ssl
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from localrun.fakes.graph import GraphServer
from migration.errors import CredentialsRejected, MailboxUnreachable, SourceBusy
from migration.wire.app_tokens import Tokens
from migration.wire.graph import GraphClient
from migration.wire.graph_model import AppLogin, GraphRefused, find_scope
from migration.wire.graph_throttle import MOST_AT_ONCE
from tests.integration.certificates import write_certificate
from tests.unit.wire.dav_stub import DavStub, Said

ANN = "ann@contoso.example"
WHEN = datetime(2026, 1, 31, 12, tzinfo=UTC)


def connect(server: GraphServer, **changed: str) -> GraphClient:
    app = AppLogin(**{**server.secret["app"], **changed})
    return GraphClient(
        server.graph_url, Tokens(app, server.login_url, find_scope(server.graph_url))
    )


@pytest.fixture
def client(server: GraphServer) -> Iterator[GraphClient]:
    client = connect(server)
    yield client
    client.close()


def test_a_mailbox_is_read_with_a_secret_and_with_a_certificate(server: GraphServer) -> None:
    certificate = str(server.certificate_secret["app"]["certificate"])
    for changed in ({}, {"secret": "", "certificate": certificate}):
        client = connect(server, **changed)
        names = [one["displayName"] for one in client.values(f"/users/{ANN}/mailFolders")]
        assert "Inbox" in names
        client.close()


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"secret": "another-secret"}, "AADSTS7000215"),
        ({"client_id": "11111111-2222-3333-4444-555555555555"}, "AADSTS700016"),
        ({"directory": "elsewhere.example"}, "AADSTS90002"),
    ],
)
def test_a_wrong_login_says_which_part_of_it_to_look_at(
    server: GraphServer, changed: dict[str, str], told: str
) -> None:
    with pytest.raises(CredentialsRejected, match=told) as raised:
        connect(server, **changed).get("/users")
    assert not any(value in str(raised.value) for value in changed.values())


def test_a_certificate_that_is_not_registered_is_told_as_that(
    server: GraphServer, tmp_path: Path
) -> None:
    other = GraphServer()
    certificate = str(other.certificate_secret["app"]["certificate"])
    other.close()
    assert server.certificate_secret
    with pytest.raises(CredentialsRejected, match="not registered for this application"):
        connect(server, secret="", certificate=certificate).get("/users")


def test_a_message_is_streamed_octet_by_octet(server: GraphServer, client: GraphClient) -> None:
    mime = b"Subject: x\r\n\r\n" + b"0123456789abcdef\r\n" * 200_000
    key = server.mailbox(ANN).deliver("inbox", mime, WHEN)
    pieces: list[bytes] = []
    assert client.read(f"/users/{ANN}/messages/{key}/$value", pieces.append) == len(mime)
    assert b"".join(pieces) == mime and len(pieces) > 10


def test_no_more_than_four_are_in_a_mailbox_at_once(
    server: GraphServer, client: GraphClient
) -> None:
    server.latency = 0.005
    key = server.mailbox(ANN).deliver("inbox", b"Subject: x\r\n\r\n", WHEN)

    def ask(number: int) -> object:
        if number % 10 == 0:
            return client.batch([f"/users/{ANN}/messages/{key}?$select=id"] * 20)
        return client.get(f"/users/{ANN}/messages/{key}?$select=id")

    with ThreadPoolExecutor(12) as pool:
        assert len(list(pool.map(ask, range(40)))) == 40
    assert 1 < server.most_in_flight(ANN) <= MOST_AT_ONCE
    assert {asked.status for asked in server.requests} == {200}


def test_a_mailbox_that_is_shared_with_other_clients_is_read_all_the_same(
    server: GraphServer,
) -> None:
    """Two of them go beyond what the service allows, and both come to an end."""
    server.latency = 0.005
    clients = [connect(server) for _ in range(2)]
    path = f"/users/{ANN}/mailFolders/inbox"

    def ask(number: int) -> object:
        return clients[number % 2].get(path)["id"]

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(ask, range(40)))) == 1
    for client in clients:
        client.close()


def test_an_expired_token_is_renewed_for_all_threads_at_once(
    server: GraphServer, client: GraphClient
) -> None:
    client.get(f"/users/{ANN}")
    server.login.expire_tokens()
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: client.get(f"/users/{ANN}")["id"], range(8)))
    assert len(set(found)) == 1
    assert server.login.answers == [200, 200]


def test_a_connection_that_is_dropped_is_made_again(
    server: GraphServer, client: GraphClient
) -> None:
    client.get(f"/users/{ANN}")
    server.faults.drop(times=1)
    assert client.get(f"/users/{ANN}")["id"]
    server.faults.drop(times=2)
    with pytest.raises(SourceBusy, match="the connection to Microsoft Graph was lost"):
        client.get(f"/users/{ANN}")
    assert client.get(f"/users/{ANN}")["id"]


def test_a_person_who_is_not_there_is_a_mailbox_that_is_not(client: GraphClient) -> None:
    with pytest.raises(MailboxUnreachable) as raised:
        client.get("/users/nobody@contoso.example/mailFolders")
    assert "nobody" not in str(raised.value)


def test_a_batch_tells_who_is_there_and_who_is_not(client: GraphClient) -> None:
    found = client.batch([f"/users/{ANN}", "/users/nobody@contoso.example", f"/users/{ANN}"])
    assert [isinstance(one, GraphRefused) for one in found] == [False, True, False]


def test_what_was_closed_connects_again(client: GraphClient) -> None:
    client.get(f"/users/{ANN}")
    client.close()
    client.close()
    assert client.get(f"/users/{ANN}")["id"]


def test_it_may_be_closed_while_others_ask(server: GraphServer, client: GraphClient) -> None:
    """What is under way comes to its end."""
    server.latency = 0.002
    is_over = threading.Event()

    def close() -> None:
        while not is_over.wait(0.003):
            client.close()

    closing = threading.Thread(target=close)
    closing.start()
    try:
        with ThreadPoolExecutor(4) as pool:
            found = set(pool.map(lambda _: client.get(f"/users/{ANN}")["id"], range(100)))
    finally:
        is_over.set()
        closing.join()
    assert len(found) == 1
    assert len(server.requests) == 100, "nothing was asked twice"


def test_neither_questions_nor_logins_are_logged(
    server: GraphServer, client: GraphClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    client.get(f"/users/{ANN}/mailFolders/inbox")
    with pytest.raises(CredentialsRejected):
        connect(server, secret="wrong").get(f"/users/{ANN}")
    told = [record for record in caplog.records if record.name.startswith(("http", "migration"))]
    assert not told
    assert ANN not in caplog.text


# -- who is at the other end ---------------------------------------------------------------------


def test_a_certificate_that_is_not_trusted_ends_it_before_the_secret_is_sent(
    tmp_path: Path,
) -> None:
    path = write_certificate(tmp_path / "server.pem")
    said = Said(200, b'{"access_token": "t", "expires_in": 3599}')
    stub = DavStub(path, lambda _: said)
    login = AppLogin("acme.example", "client", "secret")
    try:
        with pytest.raises(MailboxUnreachable, match="login service is not trusted"):
            Tokens(login, stub.url, "x/.default").token()
        assert not stub.heard
        trusting = ssl.create_default_context(cafile=str(path))
        tokens = Tokens(login, stub.url, "x/.default", context=trusting)
        with pytest.raises(MailboxUnreachable, match="Microsoft Graph is not trusted"):
            GraphClient(f"{stub.url}v1.0", tokens).get("/users")
        assert GraphClient(f"{stub.url}v1.0", tokens, context=trusting).get("/users")
        assert [heard.path for heard in stub.heard] == [
            "/acme.example/oauth2/v2.0/token",
            "/v1.0/users",
        ]
    finally:
        stub.close()


def test_an_answer_that_ends_too_early_is_no_answer() -> None:
    headers = {"Content-Length": "1000", "Connection": "close"}
    short = Said(200, b"half of the message", headers)
    token = Said(200, b'{"access_token": "t", "expires_in": 3599}')
    stub = DavStub(respond=lambda heard: token if heard.path.endswith("token") else short)
    login = AppLogin("acme.example", "client", "secret")
    client = GraphClient(f"{stub.url}v1.0", Tokens(login, stub.url, "x/.default"))
    try:
        got = bytearray()
        with pytest.raises(SourceBusy):
            client.read("/users/1/messages/1/$value", got.extend)
        assert bytes(got) == b"half of the message"
        with pytest.raises(SourceBusy):
            client.get("/users/1")
    finally:
        stub.close()
