"""The Graph of the laptop, asked by a client that knows nothing of ours: logins, batches, limits,
faults, and many at once."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from localrun.fakes.graph import GraphServer, Mailbox
from localrun.fakes.graph.answers import Answer, Ask
from tests.graph.plain import ANN, IMMUTABLE, NOON, TLS, Plain, ask_token, mime

FOLDERS = f"/users/{ANN}/mailFolders"


class Clock:
    now = NOON.timestamp()

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def server(clock: Clock) -> Iterator[GraphServer]:
    with GraphServer(now=clock) as server:
        server.add_user(ANN, "Ann Example")
        yield server


# -- logins


def test_a_secret_gives_a_token_for_an_hour(
    server: GraphServer, client: Plain, clock: Clock
) -> None:
    answer = ask_token(server).json()
    assert answer["token_type"] == "Bearer"
    assert answer["expires_in"] == 3599
    assert client.get(FOLDERS)
    clock.now += 3600
    assert client.refusal(FOLDERS) == (401, "InvalidAuthenticationToken")


@pytest.mark.parametrize(
    ("changed", "status", "number"),
    [
        ({"client_secret": "wrong"}, 401, 7000215),
        ({"client_id": "somebody"}, 400, 700016),
        ({"scope": "https://graph.microsoft.com/Mail.Read"}, 400, 70011),
        ({"scope": "https://elsewhere.example/.default"}, 400, 70011),
        ({"grant_type": "password"}, 400, 70003),
    ],
)
def test_logins_that_are_refused(
    server: GraphServer, changed: dict[str, str], status: int, number: int
) -> None:
    answer = ask_token(server, **changed)
    assert answer.status_code == status
    assert answer.json()["error_codes"] == [number]
    assert answer.json()["error_description"].startswith(f"AADSTS{number}: ")


def test_a_directory_is_known_by_number_and_domain(server: GraphServer) -> None:
    app = server.secret["app"]
    form = {
        "grant_type": "client_credentials",
        "client_id": app["client_id"],
        "client_secret": app["secret"],
        "scope": f"{server.login_url}/.default",
    }
    for directory, status in (("contoso.example", 200), ("other.example", 400)):
        url = f"{server.login_url}/{directory}/oauth2/v2.0/token"
        assert httpx.post(url, data=form, trust_env=False, verify=TLS).status_code == status


def test_a_token_for_imap_is_none_for_graph(server: GraphServer) -> None:
    token = ask_token(server, scope="https://outlook.office365.com/.default").json()["access_token"]
    assert server.login.audience(token) == "https://outlook.office365.com"
    headers = {"Authorization": f"Bearer {token}"}
    answer = httpx.get(f"{server.graph_url}{FOLDERS}", headers=headers, trust_env=False, verify=TLS)
    assert answer.status_code == 401
    assert httpx.get(f"{server.graph_url}{FOLDERS}", trust_env=False, verify=TLS).status_code == 401


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def assertion(server: GraphServer, clock: Clock, alg: str = "PS256", **changed: Any) -> str:
    """A JWT as https://learn.microsoft.com/entra/identity-platform/certificate-credentials says."""
    app = server.certificate_secret["app"]
    pem = app["certificate"].encode()
    key = serialization.load_pem_private_key(pem, None)
    assert isinstance(key, rsa.RSAPrivateKey)
    certificate = x509.load_pem_x509_certificate(pem)
    thumbprint = hashlib.sha256(certificate.public_bytes(serialization.Encoding.DER)).digest()
    head = {"alg": alg, "typ": "JWT", "x5t#S256": encoded(thumbprint)}
    claims = {
        "aud": f"{server.login_url}/{app['directory']}/oauth2/v2.0/token",
        "iss": app["client_id"],
        "sub": app["client_id"],
        "jti": str(uuid.uuid4()),
        "nbf": clock.now,
        "exp": clock.now + 300,
        **changed,
    }
    text = f"{encoded(json.dumps(head).encode())}.{encoded(json.dumps(claims).encode())}"
    form: Any = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
    form = padding.PKCS1v15() if alg == "RS256" else form
    return f"{text}.{encoded(key.sign(text.encode(), form, hashes.SHA256()))}"


def ask_with(server: GraphServer, jwt: str) -> httpx.Response:
    app = server.certificate_secret["app"]
    form = {
        "grant_type": "client_credentials",
        "client_id": app["client_id"],
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": jwt,
        "scope": "https://graph.microsoft.com/.default",
    }
    url = f"{server.login_url}/{app['directory']}/oauth2/v2.0/token"
    return httpx.post(url, data=form, trust_env=False, verify=TLS)


@pytest.mark.parametrize("alg", ["PS256", "RS256"])
def test_a_certificate_gives_a_token_once_for_each_assertion(
    server: GraphServer, clock: Clock, alg: str
) -> None:
    jwt = assertion(server, clock, alg)
    assert ask_with(server, jwt).status_code == 200
    assert ask_with(server, jwt).status_code == 401


@pytest.mark.parametrize(
    "changed",
    [
        {"aud": "https://login.microsoftonline.com/other"},
        {"iss": "somebody"},
        {"sub": "somebody"},
        {"exp": NOON.timestamp() - 1},
        {"exp": NOON.timestamp() + 100_000},
        {"nbf": NOON.timestamp() + 1000},
        {"jti": ""},
    ],
)
def test_assertions_that_are_refused(
    server: GraphServer, clock: Clock, changed: dict[str, Any]
) -> None:
    answer = ask_with(server, assertion(server, clock, **changed))
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def test_an_assertion_that_somebody_changed_is_refused(server: GraphServer, clock: Clock) -> None:
    head, claims, signature = assertion(server, clock).split(".")
    other = assertion(server, clock).split(".")[1]
    assert other != claims
    assert ask_with(server, f"{head}.{other}.{signature}").status_code == 401
    assert ask_with(server, "x.y.z").status_code == 401


# -- batches


def step(number: int, url: str, **more: Any) -> dict[str, Any]:
    return {"id": str(number), "method": "GET", "url": url, **more}


def test_a_batch_answers_each_request_in_some_order(server: GraphServer, client: Plain) -> None:
    box = server.mailbox(ANN)
    uids = [box.deliver("inbox", mime(f"{n}"), NOON) for n in range(20)]
    told = {"headers": {"Prefer": IMMUTABLE}}
    steps = [step(n, f"/users/{ANN}/messages/{uid}", **told) for n, uid in enumerate(uids, 1)]
    answers = client.batch(*steps).json()["responses"]
    assert {answer["body"]["id"] for answer in answers} == set(uids)
    order = [int(answer["id"]) for answer in answers]
    assert order != sorted(order)
    assert {answer["id"]: answer["body"]["id"] for answer in answers}["1"] == uids[0]
    assert server.most_in_flight(ANN) <= 4
    inner = [asked for asked in server.requests if asked.is_inner]
    assert [asked.mailbox for asked in inner] == [ANN] * 20


def test_a_batch_holds_errors_bytes_and_no_preference_of_its_own(
    server: GraphServer, client: Plain
) -> None:
    uid = server.mailbox(ANN).deliver("inbox", mime("One"), NOON)
    path = f"users/{ANN}/messages/{uid}"
    steps = [step(1, f"{path}x"), step(2, f"{path}/$value"), step(3, path)]
    answers = client.batch(*steps, prefer=IMMUTABLE)
    told = {answer["id"]: answer for answer in answers.json()["responses"]}
    assert told["1"]["status"] == 404
    assert told["1"]["body"]["error"]["code"] == "ErrorItemNotFound"
    assert base64.b64decode(told["2"]["body"]) == mime("One").replace(b"\n", b"\r\n")
    assert told["3"]["body"]["id"] != uid


def test_batches_that_are_none(client: Plain) -> None:
    many = [step(n, FOLDERS) for n in range(1, 22)]
    answer = client.batch(*many)
    assert answer.json()["error"]["code"] == "MaximumValueExceeded"
    assert client.batch().status_code == 400
    assert client.batch(step(1, FOLDERS), step(1, FOLDERS)).status_code == 400
    nested = client.batch({**step(1, "/$batch"), "method": "POST", "body": {"requests": []}})
    assert nested.json()["responses"][0]["status"] == 400


def test_requests_wait_for_those_that_they_depend_on(client: Plain) -> None:
    answers = client.batch(
        step(1, f"{FOLDERS}/clutter"), step(2, FOLDERS, dependsOn=["1"]), step(3, FOLDERS)
    ).json()["responses"]
    assert {one["id"]: one["status"] for one in answers} == {"1": 404, "2": 424, "3": 200}


def test_inner_requests_are_throttled_one_by_one(server: GraphServer, client: Plain) -> None:
    server.faults.refuse(429, "ApplicationThrottled", path="/archive", retry_after=7)
    answers = client.batch(step(1, f"{FOLDERS}/archive"), step(2, f"{FOLDERS}/inbox"))
    assert answers.status_code == 200
    told = {answer["id"]: answer for answer in answers.json()["responses"]}
    assert told["1"]["status"] == 429
    assert told["1"]["headers"]["Retry-After"] == "7"
    assert told["2"]["status"] == 200


def test_inner_requests_lose_no_connection(server: GraphServer, client: Plain) -> None:
    server.faults.drop(path="/archive")
    answers = client.batch(step(1, f"{FOLDERS}/archive"), step(2, f"{FOLDERS}/inbox"))
    assert {one["id"]: one["status"] for one in answers.json()["responses"]} == {"1": 504, "2": 200}
    assert client.batch(step(1, f"{server.graph_url}{FOLDERS}")).status_code == 400
    server.faults.refuse(503, "ServiceUnavailable", path="batch")
    assert client.batch(step(1, FOLDERS)).status_code == 503


# -- limits


def test_four_at_once_are_served(clock: Clock) -> None:
    together = threading.Barrier(4, timeout=20)
    with GraphServer(now=clock, sleep=lambda seconds: _meet(together)) as server:
        server.add_user(ANN, "Ann Example")
        with Plain(server) as client, ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(client.ask, [FOLDERS] * 12))
        assert {answer.status_code for answer in answers} == {200}
        assert server.most_in_flight(ANN) == 4


def _meet(together: threading.Barrier) -> None:
    together.wait()


def test_a_fifth_at_once_is_refused(clock: Clock) -> None:
    inside, leave = threading.Semaphore(0), threading.Event()

    def stay(seconds: float) -> None:
        inside.release()
        assert leave.wait(20)

    with GraphServer(now=clock, sleep=stay) as server:
        server.add_user(ANN, "Ann Example")
        with Plain(server) as client, ThreadPoolExecutor(4) as pool:
            batch = pool.submit(client.batch, *[step(n, FOLDERS) for n in range(1, 4)])
            other = pool.submit(client.ask, FOLDERS)
            assert all(inside.acquire(timeout=20) for _ in range(4))
            refused = client.ask(FOLDERS)
            inner = client.batch(step(1, FOLDERS)).json()["responses"]
            leave.set()
            assert other.result().status_code == 200
            assert {one["status"] for one in batch.result().json()["responses"]} == {200}
        assert (refused.status_code, inner[0]["status"]) == (429, 429)
        assert refused.json()["error"]["code"] == "ApplicationThrottled"
        assert "MailboxConcurrency" in refused.json()["error"]["message"]
        assert int(refused.headers["Retry-After"]) >= 1
        assert server.most_in_flight(ANN) == 5


def test_a_batch_runs_four_at_once(clock: Clock) -> None:
    together = threading.Barrier(4, timeout=20)
    with GraphServer(now=clock, sleep=lambda seconds: _meet(together)) as server:
        server.add_user(ANN, "Ann Example")
        with Plain(server) as client:
            answers = client.batch(*[step(n, FOLDERS) for n in range(1, 21)]).json()["responses"]
        assert {one["status"] for one in answers} == {200}
        assert server.most_in_flight(ANN) == 4


def test_so_many_in_ten_minutes(server: GraphServer, client: Plain, clock: Clock) -> None:
    assert server.traffic.in_period == 10_000
    server.traffic.in_period = 3
    server.add_user("bob@contoso.example", "Bob")
    for _ in range(3):
        assert client.ask(FOLDERS).status_code == 200
    answer = client.ask(FOLDERS)
    assert answer.status_code == 429
    assert 590 < int(answer.headers["Retry-After"]) <= 601
    assert client.ask("/users/bob@contoso.example/mailFolders").status_code == 200
    assert client.ask("/users").status_code == 200
    clock.now += 601
    assert client.ask(FOLDERS).status_code == 200


# -- faults


def test_faults_come_in_their_turn(server: GraphServer, client: Plain) -> None:
    server.faults.refuse(503, "ErrorServerBusy", path="/mailFolders", after=1, times=2)
    statuses = [client.ask(FOLDERS).status_code for _ in range(4)]
    assert statuses == [200, 503, 503, 200]
    server.faults.refuse(504, "UnknownError", times=None)
    answer = client.ask(FOLDERS)
    assert (answer.status_code, client.ask("/users").status_code) == (504, 504)
    assert ANN in answer.json()["error"]["message"]
    server.faults.clear()
    assert client.ask(FOLDERS).status_code == 200


def test_connections_are_dropped(server: GraphServer, client: Plain) -> None:
    server.faults.drop(path="/inbox")
    with pytest.raises(httpx.RemoteProtocolError):
        client.ask(f"{FOLDERS}/inbox")
    assert client.ask(f"{FOLDERS}/inbox").status_code == 200


def test_tokens_expire_on_order(server: GraphServer, client: Plain) -> None:
    server.login.expire_tokens()
    assert client.refusal(FOLDERS) == (401, "InvalidAuthenticationToken")
    assert server.login.answers == [200]


def test_paths_and_methods_that_are_unknown(server: GraphServer, client: Plain) -> None:
    assert client.refusal("/nothing") == (400, "BadRequest")
    assert client.refusal(f"{FOLDERS}?$orderby=x") == (400, "BadRequest")
    headers = {"Authorization": f"Bearer {client.token}"}
    url = f"{server.graph_url}{FOLDERS}"
    assert (
        httpx.patch(url, headers=headers, json={}, trust_env=False, verify=TLS).status_code == 405
    )


def test_what_is_no_graph_is_not_there(server: GraphServer) -> None:
    assert httpx.get(f"{server.login_url}/beta/users", trust_env=False, verify=TLS).is_error


def test_preferences_may_come_in_several_lines(server: GraphServer, client: Plain) -> None:
    uid = server.mailbox(ANN).deliver("inbox", mime("One"), NOON)
    headers = [
        ("Authorization", f"Bearer {client.token}"),
        ("Prefer", "odata.maxpagesize=1"),
        ("Prefer", IMMUTABLE),
    ]
    url = f"{server.graph_url}{FOLDERS}/inbox/messages/delta"
    answer = httpx.get(url, headers=headers, trust_env=False, verify=TLS)
    assert answer.json()["value"][0]["id"] == uid
    assert answer.headers["Preference-Applied"] == "odata.maxpagesize=1"


def test_others_keep_their_things_in_a_mailbox(server: GraphServer) -> None:
    class Diary:
        def __init__(self, box: Mailbox) -> None:
            self.address = box.address

    box = server.mailbox(ANN.upper())
    assert box.part(Diary) is server.mailbox(ANN).part(Diary)
    assert box.part(Diary).address == ANN


# -- the log, and many at once


def test_every_request_is_in_the_log_without_its_token(server: GraphServer, client: Plain) -> None:
    client.ask(f"{FOLDERS}?$top=5", IMMUTABLE)
    client.ask(f"{FOLDERS}/clutter")
    first, second = server.requests
    assert (first.method, first.path, first.mailbox) == ("GET", f"{FOLDERS}?$top=5", ANN)
    assert first.headers["prefer"] == IMMUTABLE
    assert "authorization" not in first.headers
    assert (first.status, second.status) == (200, 404)
    assert first.begun < first.ended <= second.begun


def test_answers_are_shown_to_an_observer(server: GraphServer, client: Plain) -> None:
    seen: list[tuple[Ask, Answer]] = []
    server.observe = lambda ask, answer: seen.append((ask, answer))
    client.ask(f"{FOLDERS}/inbox")
    client.batch(step(1, FOLDERS))
    paths = [ask.path for ask, _ in seen]
    assert paths == [f"{FOLDERS}/inbox", FOLDERS, "/$batch"]
    assert seen[0][1].status == 200


def test_messages_come_and_go_while_many_read(server: GraphServer) -> None:
    box = server.mailbox(ANN)
    server.traffic.at_once = 100
    kept = {box.deliver("inbox", mime(f"{n}"), NOON + timedelta(hours=n)) for n in range(200)}
    delta = f"{FOLDERS}/inbox/messages/delta?$select=subject"
    prefer = f"odata.maxpagesize=17, {IMMUTABLE}"

    def change(begin: int) -> None:
        for n in range(begin, begin + 50):
            box.delete(box.deliver("inbox", mime(f"{n}"), NOON))

    def read(number: int) -> set[str]:
        with Plain(server) as client:
            values = client.round(delta, prefer)[0]
            return {value["id"] for value in values if "@removed" not in value}

    with ThreadPoolExecutor(8) as pool:
        changes = [pool.submit(change, begin) for begin in (1000, 2000, 3000)]
        found = list(pool.map(read, range(5)))
        for done in changes:
            done.result()
    assert all(kept <= one for one in found)
