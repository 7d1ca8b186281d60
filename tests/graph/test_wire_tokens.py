"""Tokens of an application: how they are asked for, kept and renewed, and what a refusal says."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from migration.errors import CredentialsRejected, MailboxUnreachable, MigrationError, SourceBusy
from migration.wire.app_refusals import explain
from migration.wire.app_tokens import Tokens
from migration.wire.graph_model import CLOUDS, AppLogin
from tests.graph.graph_answers import LOGIN, PERSON, SECRET, Clock, say

CONTEXT = ssl.create_default_context()
SCOPE = CLOUDS["global"].imap_scope
APP = "Migration of Acme"


class Login:
    """Entra, as far as a test needs it: its answers one after the other, the last again."""

    def __init__(self, *answers: httpx.Response | Exception, login: AppLogin = LOGIN) -> None:
        self.answers = list(answers)
        self.heard: list[httpx.Request] = []
        self.clock = Clock()
        self.tokens = Tokens(
            login,
            "https://login.microsoftonline.com/",
            SCOPE,
            context=CONTEXT,
            clock=self.clock,
            transport=httpx.MockTransport(self._answer),
        )

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.heard.append(request)
        if not self.answers:
            return give(f"token-{len(self.heard)}")
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def give(token: str, seconds: Any = 3599) -> httpx.Response:
    return say({"token_type": "Bearer", "access_token": token, "expires_in": seconds})


def reject(error: str, *numbers: int, status: int = 400) -> httpx.Response:
    told = f"AADSTS{numbers}: Application '{APP}' of {PERSON} was not found. Trace ID: 1"
    return say({"error": error, "error_description": told, "error_codes": list(numbers)}, status)


# -- asking --------------------------------------------------------------------------------------


def test_a_secret_is_sent_as_the_flow_says() -> None:
    login = Login()
    assert login.tokens.token() == "token-1"
    (request,) = login.heard
    assert request.method == "POST"
    assert str(request.url) == "https://login.microsoftonline.com/acme.example/oauth2/v2.0/token"
    assert dict(parse_qsl(request.content.decode())) == {
        "client_id": LOGIN.client_id,
        "client_secret": SECRET,
        "grant_type": "client_credentials",
        "scope": SCOPE,
    }


def test_a_directory_is_one_part_of_the_path() -> None:
    login = Login(login=AppLogin("../x?y=1", "c", "s"))
    login.tokens.token()
    assert login.heard[0].url.raw_path == b"/..%2Fx%3Fy%3D1/oauth2/v2.0/token"


@pytest.mark.parametrize("url", ["http://login.example", "https://u:p@login.example", "login"])
def test_a_secret_does_not_travel_openly(url: str) -> None:
    with pytest.raises(ValueError, match=r"a login address|without TLS"):
        Tokens(LOGIN, url, SCOPE)


# -- keeping -------------------------------------------------------------------------------------


def test_a_token_is_kept_until_it_is_about_to_expire() -> None:
    login = Login()
    login.tokens.token()
    login.clock.now += 3599 - 301
    assert login.tokens.token() == "token-1"
    login.clock.now += 2
    assert login.tokens.token() == "token-2"


def test_a_token_that_lives_shortly_is_good_for_half_its_life() -> None:
    login = Login(give("a", "100"), give("b", 100))
    assert login.tokens.token() == "a"
    login.clock.now += 49
    assert login.tokens.token() == "a"
    login.clock.now += 2
    assert login.tokens.token() == "b"


def test_a_refused_token_is_renewed_once_however_many_were_refused_it() -> None:
    login = Login()
    refused = login.tokens.token()
    barrier = threading.Barrier(8)

    def renew(_: int) -> str:
        barrier.wait(5)
        return login.tokens.renew(refused)

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(renew, range(8))) == {"token-2"}
    assert len(login.heard) == 2
    assert login.tokens.renew() == "token-3"
    assert login.tokens.token() == "token-3"


def test_who_has_no_token_yet_renews_none() -> None:
    login = Login()
    assert login.tokens.renew() == "token-1"


# -- errors --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "advice"),
    [
        (reject("invalid_client", 7000215, status=401), "enter its value, not its id"),
        (reject("invalid_client", 7000222, status=401), "has expired"),
        (reject("invalid_client", 700027, status=401), "not registered for this application"),
        (reject("invalid_client", 12345, status=401), "not this application's"),
        (reject("unauthorized_client", 700016), "no application with this client_id"),
        (reject("unauthorized_client", 1), "grant it consent"),
        (reject("invalid_request", 90002), "no such directory in this cloud"),
        (reject("invalid_request", 900023), "neither a tenant's id nor one of its domains"),
        (reject("invalid_grant", 53003), "conditional access"),
        (reject("invalid_resource", 500011), "compare the cloud"),
        (reject("invalid_scope", 70011), "compare the cloud"),
        (reject("something_new", 4711), "look up the code"),
    ],
)
def test_a_refusal_says_what_to_do_and_no_names(answer: httpx.Response, advice: str) -> None:
    with pytest.raises(CredentialsRejected) as raised:
        Login(answer).tokens.token()
    told = str(raised.value)
    assert advice in told
    assert APP not in told and PERSON not in told and "Trace" not in told
    assert "AADSTS" in told


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [
        (say({}, 429, {"Retry-After": "17"}), 17),
        (httpx.Response(503, text="<html>"), 30),
        (httpx.Response(500, text="<html>"), 30),
        (reject("temporarily_unavailable"), 30),
        (reject("invalid_request", 90033), 30),
    ],
)
def test_an_outage_passes(answer: httpx.Response, seconds: float) -> None:
    with pytest.raises(SourceBusy) as raised:
        Login(answer).tokens.token()
    assert raised.value.retry_after == seconds


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, text=f"<html>{PERSON}"), say([]), say({"expires_in": 1}), say({}),
        give(""), give("t", "soon"), say({"access_token": 5}), httpx.Response(404, text="none"),
        httpx.Response(302, headers={"Location": "https://evil.example/"}),
    ],
)  # fmt: skip
def test_who_does_not_answer_as_the_login_does_is_another_server(answer: httpx.Response) -> None:
    login = Login(answer)
    with pytest.raises(MailboxUnreachable) as raised:
        login.tokens.token()
    assert PERSON not in str(raised.value) and len(login.heard) == 1


def test_a_lost_connection_is_tried_once_more() -> None:
    login = Login(httpx.ConnectError("x"), give("a"))
    assert login.tokens.token() == "a"
    with pytest.raises(MailboxUnreachable, match="cannot be reached"):
        Login(httpx.ConnectError("x")).tokens.token()


def test_a_connection_that_is_lost_later_passes() -> None:
    login = Login(give("a"), httpx.ReadError("x"))
    login.tokens.token()
    with pytest.raises(SourceBusy):
        login.tokens.renew()


def test_after_a_failure_the_next_one_asks_again() -> None:
    login = Login(reject("invalid_client", 7000215), give("a"))
    with pytest.raises(CredentialsRejected):
        login.tokens.token()
    assert login.tokens.token() == "a"


# -- privacy -------------------------------------------------------------------------------------


def test_secrets_are_in_no_text() -> None:
    login = AppLogin("acme.example", "client", SECRET, "-----BEGIN PRIVATE KEY-----")
    assert SECRET not in repr(login) and "PRIVATE" not in repr(login)


JSON = st.recursive(
    st.none() | st.integers() | st.just(PERSON) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
)


@given(JSON, JSON, st.sampled_from([400, 401, 403]))
def test_whatever_a_refusal_holds_nothing_of_it_is_told(
    error: object, numbers: object, status: int
) -> None:
    body = {"error": error, "error_codes": numbers, "error_description": PERSON}
    with pytest.raises(MigrationError) as raised:
        Login(say(body, status)).tokens.token()
    assert PERSON not in str(raised.value)


@pytest.mark.parametrize("build", [lambda: explain({}), lambda: explain({"error": PERSON})])
def test_a_refusal_without_a_code_is_told_as_one(build: Callable[[], Exception]) -> None:
    assert "no code" in str(build())
