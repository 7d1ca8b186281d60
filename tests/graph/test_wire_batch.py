"""Many questions in one request, and those that the service had no time for."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from migration.errors import CredentialsRejected, MailboxUnreachable, SourceBusy
from migration.wire.graph_model import GraphRefused, Json
from migration.wire.graph_throttle import BURST, RATE
from tests.graph.graph_answers import (
    PERSON,
    Graph,
    inner,
    read_inner,
    refuse,
    say,
    say_batch,
)

DENIED = {"error": {"code": "ErrorAccessDenied", "message": PERSON}}
THROTTLED = {"error": {"code": "ApplicationThrottled", "message": PERSON}}


def answer_all(request: httpx.Request) -> httpx.Response:
    """Each question by its own path, the last first."""
    asked = reversed(read_inner(request))
    return say_batch([inner(one["id"], {"path": one["url"]}) for one in asked])


def paths_of(found: list[Json | GraphRefused]) -> list[str]:
    return [one["path"] for one in found if not isinstance(one, GraphRefused)]


@pytest.mark.parametrize("count", [0, 1, 20, 21, 45])
def test_any_number_is_answered_in_order_by_twenties(count: int) -> None:
    graph = Graph(answer_all)
    paths = [f"/users/{number}" for number in range(count)]
    assert paths_of(graph.client.batch(paths)) == paths
    assert [len(read_inner(request)) for request in graph.heard] == [
        min(20, count - first) for first in range(0, count, 20)
    ]


def test_what_is_asked_are_only_gets_with_their_preferences() -> None:
    graph = Graph(answer_all)
    graph.client.batch(["/users/a b?$filter=x eq 'y'"], prefer=['outlook.timezone="UTC"'])
    (request,) = graph.heard
    assert (request.method, request.url.path) == ("POST", "/v1.0/$batch")
    (one,) = read_inner(request)
    assert one["method"] == "GET"
    assert one["url"] == "/users/a%20b?$filter=x%20eq%20'y'"
    assert one["headers"]["Prefer"] == 'IdType="ImmutableId", outlook.timezone="UTC"'


def test_what_is_refused_stands_in_its_place() -> None:
    gone = {"error": {"code": "ErrorItemNotFound", "message": PERSON}}
    graph = Graph(
        say_batch([inner("1", gone, 404), inner("0", {"id": "0"}), inner("2", DENIED, 403)])
    )
    one, two, three = graph.client.batch(["/users/0", "/users/1", "/users/2"])
    assert one == {"id": "0"}
    assert isinstance(two, GraphRefused) and (two.status, two.code) == (404, "ErrorItemNotFound")
    assert isinstance(three, GraphRefused) and three.code == "ErrorAccessDenied"
    assert PERSON not in f"{two!r} {three!r}"
    assert len(graph.heard) == 1


def test_only_what_was_throttled_is_asked_again_after_the_longest_pause() -> None:
    graph = Graph(
        say_batch(
            [
                inner("0", {"path": "/0"}),
                inner("1", THROTTLED, 429, 4),
                inner("2", THROTTLED, 429, 2),
                inner("3", {"path": "/3"}),
            ]
        ),
        answer_all,
    )
    assert paths_of(graph.client.batch(["/0", "/1", "/2", "/3"])) == ["/0", "/1", "/2", "/3"]
    assert [[one["url"] for one in read_inner(request)] for request in graph.heard] == [
        ["/0", "/1", "/2", "/3"],
        ["/1", "/2"],
    ]
    assert graph.clock.slept == [4]


def test_a_service_that_is_narrow_is_asked_less_at_once() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        asked = read_inner(request)
        if len(asked) <= 2:
            return answer_all(request)
        few, rest = asked[:2], asked[2:]
        return say_batch(
            [inner(one["id"], {"path": one["url"]}) for one in few]
            + [inner(one["id"], THROTTLED, 429, 1) for one in rest]
        )

    graph = Graph(answer)
    paths = [f"/{number}" for number in range(10)]
    assert paths_of(graph.client.batch(paths)) == paths
    assert [len(read_inner(request)) for request in graph.heard] == [10, 2, 2, 2, 2]


def test_as_long_as_some_are_answered_the_rest_is_waited_for() -> None:
    met: set[str] = set()

    def answer(request: httpx.Request) -> httpx.Response:
        asked = read_inner(request)[:1]
        if asked[0]["url"] in met:
            return answer_all(request)
        met.add(asked[0]["url"])
        return say_batch([inner(one["id"], THROTTLED, 429, 1) for one in read_inner(request)])

    graph = Graph(answer)
    paths = [f"/{number}" for number in range(12)]
    assert paths_of(graph.client.batch(paths)) == paths
    assert sum(graph.clock.slept) > 5


def test_each_counts_for_what_is_allowed_in_a_while() -> None:
    graph = Graph(answer_all)
    graph.client.batch(["/0"] * (int(BURST) + 20))
    assert sum(graph.clock.slept) == pytest.approx(20 / RATE)


@pytest.mark.parametrize("single", [False, True])
def test_each_answer_is_one_step_towards_more_at_once(single: bool) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return answer_all(request) if request.method == "POST" else say({})

    graph = Graph(refuse(429, "ApplicationThrottled", 1), answer)
    for _ in range(49):
        graph.client.get("/0") if single else graph.client.batch(["/0"])
    before = len(graph.heard)
    graph.client.batch(["/0"] * 4)
    graph.client.batch(["/0"] * 4)
    assert [len(read_inner(request)) for request in graph.heard[before:]] == [2, 2, 3, 1]


def test_a_long_pause_of_one_is_the_workflows() -> None:
    graph = Graph(say_batch([inner("0", {}), inner("1", THROTTLED, 429, 120)]))
    with pytest.raises(SourceBusy) as raised:
        graph.client.batch(["/0", "/1"])
    assert raised.value.retry_after == 120 and not graph.clock.slept


def test_the_whole_may_be_throttled_too() -> None:
    graph = Graph(refuse(429, "ApplicationThrottled", 1), answer_all)
    assert paths_of(graph.client.batch(["/0"])) == ["/0"]


@pytest.mark.parametrize("fault", [500, 502, 504, "missing", "odd"])
def test_what_stumbles_is_asked_again_and_then_told(fault: int | str) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        found: list[dict[str, Any]] = []
        for one in read_inner(request):
            if one["url"] == "/0":
                found.append(inner("0", {"path": "/0"}))
            elif fault == "odd":
                found.append({"id": one["id"], "status": "no"})
            elif isinstance(fault, int):
                found.append(inner(one["id"], {"error": {"code": "x"}}, fault))
        return say_batch(found)

    graph = Graph(answer)
    one, two = graph.client.batch(["/0", "/1"])
    assert one == {"path": "/0"}
    assert isinstance(two, GraphRefused)
    assert two.status == (fault if isinstance(fault, int) else 502)
    assert [len(read_inner(request)) for request in graph.heard] == [2, 1, 1]


def test_a_token_that_one_of_them_does_not_take_is_renewed_once() -> None:
    expired = {"error": {"code": "InvalidAuthenticationToken"}}
    graph = Graph(say_batch([inner("0", expired, 401), inner("1", {"path": "/1"})]), answer_all)
    assert paths_of(graph.client.batch(["/0", "/1"])) == ["/0", "/1"]
    assert graph.heard[1].headers["authorization"] == "Bearer token-2"
    graph = Graph(say_batch([inner("0", expired, 401)]))
    with pytest.raises(CredentialsRejected):
        graph.client.batch(["/0"])
    assert len(graph.heard) == 2


@given(st.lists(st.sampled_from(["fine", "busy", "stumble", "gone"]), min_size=1, max_size=50))
def test_whatever_happens_to_each_once_all_are_answered_in_order(fates: list[str]) -> None:
    met: set[str] = set()

    def answer(request: httpx.Request) -> httpx.Response:
        found = []
        for one in read_inner(request):
            fate = fates[int(one["url"].removeprefix("/"))]
            if fate == "gone":
                found.append(inner(one["id"], {"error": {"code": "ErrorItemNotFound"}}, 404))
            elif fate == "fine" or one["url"] in met:
                found.append(inner(one["id"], {"path": one["url"]}))
            else:
                busy = fate == "busy"
                found.append(inner(one["id"], THROTTLED, 429 if busy else 502, 1 if busy else None))
            met.add(one["url"])
        return say_batch(found)

    found = Graph(answer).client.batch([f"/{number}" for number in range(len(fates))])
    for number, (fate, one) in enumerate(zip(fates, found, strict=True)):
        if fate == "gone":
            assert isinstance(one, GraphRefused) and one.status == 404
        else:
            assert one == {"path": f"/{number}"}


def test_an_answer_without_answers_is_not_graphs() -> None:
    with pytest.raises(MailboxUnreachable):
        Graph(say({"value": []})).client.batch(["/0"])
