"""The client for Graph, against answers that a test says."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from migration.errors import CredentialsRejected, MailboxUnreachable, MigrationError, SourceBusy
from migration.wire.graph import GraphClient
from migration.wire.graph_errors import explain
from migration.wire.graph_http import LARGEST_ANSWER, TOO_LARGE
from migration.wire.graph_model import CLOUDS, GraphRefused, find_scope
from tests.graph.graph_answers import CLOUD, PERSON, SECRET, Graph, refuse, say

HOME = CLOUD.graph_url
FOLDERS = f"/users/{PERSON}/mailFolders"


# -- questions -----------------------------------------------------------------------------------


def test_every_question_has_the_token_and_asks_for_ids_that_stay() -> None:
    graph = Graph(say({"id": "1"}))
    assert graph.client.get("/users/1", prefer=["odata.maxpagesize=50"]) == {"id": "1"}
    (request,) = graph.heard
    assert str(request.url) == f"{HOME}/users/1"
    assert request.headers["authorization"] == "Bearer token-1"
    assert request.headers["prefer"] == 'IdType="ImmutableId", odata.maxpagesize=50'


def test_a_collection_is_read_page_after_page() -> None:
    graph = Graph(
        say({"value": [{"id": "1"}], "@odata.nextLink": f"{HOME}/users?$skiptoken=a%2Fb"}),
        say({"value": [], "@odata.nextLink": f"{HOME}/users?$skiptoken=c"}),
        say({"value": [{"id": "2"}]}),
    )
    found = list(graph.client.values("/users?$select=id", prefer=["odata.maxpagesize=1"]))
    assert found == [{"id": "1"}, {"id": "2"}]
    assert graph.paths == ["/users?$select=id", "/users?$skiptoken=a%2Fb", "/users?$skiptoken=c"]
    assert {request.headers["prefer"] for request in graph.heard} == {
        'IdType="ImmutableId", odata.maxpagesize=1'
    }
    assert graph.tokens == 1


def test_pages_are_asked_for_as_they_are_needed() -> None:
    graph = Graph(
        say({"value": [{"id": "1"}], "@odata.nextLink": f"{HOME}/users?p=2"}), refuse(500)
    )
    assert next(graph.client.values("/users")) == {"id": "1"}
    assert len(graph.heard) == 1


def test_an_answer_without_content_is_empty() -> None:
    assert Graph(httpx.Response(204)).client.get("/users/1") == {}


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, text=f"<html>{PERSON}"), say([1]), say("text"),
        httpx.Response(200, headers={"Content-Encoding": "gzip"}, stream=httpx.ByteStream(b"no")),
    ],
)  # fmt: skip
def test_who_does_not_answer_as_graph_does_is_not_graph(answer: httpx.Response) -> None:
    with pytest.raises(MailboxUnreachable) as raised:
        Graph(answer).client.get("/users/1")
    assert PERSON not in str(raised.value)


def test_what_is_no_collection_is_not_read_as_an_empty_one() -> None:
    with pytest.raises(MailboxUnreachable):
        list(Graph(say({"id": "1"})).client.values("/users"))


def test_an_answer_that_does_not_fit_into_memory_is_refused() -> None:
    pieces = iter([b"[" * (1 << 20)] * (LARGEST_ANSWER // (1 << 20) + 1))
    with pytest.raises(GraphRefused) as raised:
        Graph(httpx.Response(200, content=pieces)).client.get("/users/1")
    assert raised.value.code == TOO_LARGE


# -- links ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("link", "path"),
    [
        (f"{HOME}/users?$skiptoken=x%2Fy", "/users?$skiptoken=x%2Fy"),
        ("https://GRAPH.microsoft.com:443/v1.0/users", "/users"),
        ("http://graph.microsoft.com/v1.0/users", "/users"),
        (f"{HOME}/users?$filter=a eq 1", "/users?$filter=a%20eq%201"),
    ],
)
def test_links_are_kept_without_the_address(link: str, path: str) -> None:
    graph = Graph(say({}))
    assert graph.client.relative(link) == path
    graph.client.get(link)
    assert graph.paths == [path]


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/v1.0/users", "https://graph.microsoft.com.evil.example/v1.0/users",
        "https://graph.microsoft.com/beta/users", "https://graph.microsoft.com@evil.example/v1.0/",
        "https://graph.microsoft.com:8443/v1.0/users", "ftp://graph.microsoft.com/v1.0/users",
        "https://graph.microsoft.us/v1.0/users", "https://graph.microsoft.com/v1.0evil/users", "",
        "https://graph.microsoft.com\\@evil.example/v1.0/", "https://[/v1.0",
    ],
)  # fmt: skip
def test_the_token_goes_nowhere_else(link: str) -> None:
    graph = Graph(say({"value": [], "@odata.nextLink": link}))
    for ask in (graph.client.relative, graph.client.get):
        with pytest.raises(MailboxUnreachable):
            ask(link)
    with pytest.raises(MailboxUnreachable):
        graph.client.batch([link])
    assert not graph.heard
    if link:
        with pytest.raises(MailboxUnreachable):
            list(graph.client.values("/users"))
        assert graph.paths == ["/users"]


@given(st.text(max_size=40))
def test_no_path_leads_to_another_host(text: str) -> None:
    graph = Graph(say({}))
    with suppress(MailboxUnreachable):
        graph.client.get(f"/{text}")
    assert all(request.url.host == "graph.microsoft.com" for request in graph.heard)


@pytest.mark.parametrize(
    "url", ["http://graph.microsoft.com/v1.0", "graph.microsoft.com", "https://u:p@graph.x/v1.0"]
)
def test_an_address_to_which_a_token_must_not_go_is_refused_at_once(url: str) -> None:
    with pytest.raises(ValueError, match=r"Graph's address|without TLS"):
        GraphClient(url, object())  # type: ignore[arg-type]


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_redirections_are_not_followed(status: int) -> None:
    graph = Graph(httpx.Response(status, headers={"Location": "https://evil.example/"}))
    with pytest.raises(GraphRefused) as raised:
        graph.client.get("/users/1")
    assert raised.value.status == status and len(graph.heard) == 1


# -- streams -------------------------------------------------------------------------------------


def test_what_is_streamed_comes_in_pieces_and_is_not_changed() -> None:
    got: list[bytes] = []
    graph = Graph(httpx.Response(200, content=iter([b"From: a\r\n", b"\r\n", b"\0\xff"])))
    assert graph.client.read(f"/users/{PERSON}/messages/1/$value", got.append) == 13
    assert got == [b"From: a\r\n", b"\r\n", b"\0\xff"]
    assert graph.heard[0].headers["prefer"] == 'IdType="ImmutableId"'


def test_a_refusal_is_not_written_into_a_stream() -> None:
    got = bytearray()
    graph = Graph(refuse(404, "ErrorItemNotFound"))
    with pytest.raises(GraphRefused) as raised:
        graph.client.read("/users/1/messages/1/$value", got.extend)
    assert (raised.value.status, raised.value.code, bytes(got)) == (404, "ErrorItemNotFound", b"")


def test_a_stream_is_asked_for_again_only_before_something_came() -> None:
    def breaks(pieces: Sequence[bytes]) -> httpx.Response:
        def come() -> Any:
            yield from pieces
            raise httpx.RemoteProtocolError("gone")

        return httpx.Response(200, content=come())

    got = bytearray()
    graph = Graph(breaks([]), httpx.Response(200, content=b"mail"))
    assert graph.client.read("/users/1/messages/1/$value", got.extend) == 4
    assert (bytes(got), len(graph.heard)) == (b"mail", 2)
    graph, got = Graph(breaks([b"half"])), bytearray()
    with pytest.raises(SourceBusy):
        graph.client.read("/users/1/messages/1/$value", got.extend)
    assert (bytes(got), len(graph.heard)) == (b"half", 1)


def test_what_is_raised_by_the_writer_goes_through() -> None:
    def write(piece: bytes) -> None:
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        Graph(httpx.Response(200, content=b"mail")).client.read("/x", write)


def test_a_report_is_fetched_from_where_graph_says_without_the_token() -> None:
    got = bytearray()
    graph = Graph(
        httpx.Response(302, headers={"Location": "https://reports.example/x?sig=1"}),
        httpx.Response(200, content=b"a,b"),
    )
    assert graph.client.read("/reports/getMailboxUsageDetail(period='D7')", got.extend) == 3
    assert got == b"a,b"
    assert "authorization" in graph.heard[0].headers
    assert "authorization" not in graph.heard[1].headers


@pytest.mark.parametrize("there", ["http://reports.example/x", "", "file:///etc/passwd", "/v1.0/x"])
def test_a_report_without_tls_is_not_fetched(there: str) -> None:
    graph = Graph(httpx.Response(302, headers={"Location": there}))
    with pytest.raises(GraphRefused):
        graph.client.read("/reports/x", bytearray().extend)
    assert len(graph.heard) == 1


# -- refusals ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (refuse(403, "ErrorAccessDenied"), CredentialsRejected),
        (refuse(403, "Authorization_RequestDenied"), CredentialsRejected),
        (refuse(404, "ErrorInvalidUser"), MailboxUnreachable),
        (refuse(404, "ErrorNonExistentMailbox"), MailboxUnreachable),
        (refuse(404, "MailboxNotEnabledForRESTAPI"), MailboxUnreachable),
        (refuse(404, "MailboxNotHostedInExchangeOnline"), MailboxUnreachable),
        (refuse(404, "Request_ResourceNotFound"), MailboxUnreachable),
        (refuse(404, "ErrorItemNotFound"), GraphRefused),
        (refuse(403, "ErrorSomethingElse"), GraphRefused),
        (refuse(410, "syncStateNotFound"), GraphRefused),
        (refuse(400, "BadRequest"), GraphRefused),
    ],
)
def test_what_a_refusal_means(answer: httpx.Response, kind: type[Exception]) -> None:
    graph = Graph(answer)
    with pytest.raises(kind) as raised:
        graph.client.get(FOLDERS)
    assert len(graph.heard) == 1 and not graph.clock.slept
    assert PERSON not in str(raised.value)


def test_a_group_that_is_not_there_is_not_a_mailbox() -> None:
    with pytest.raises(GraphRefused):
        Graph(refuse(404, "Request_ResourceNotFound")).client.get("/groups/1")


def test_a_login_that_was_taken_and_then_denied_says_so() -> None:
    with pytest.raises(CredentialsRejected) as raised:
        Graph(refuse(403, "ErrorAccessDenied")).client.get(FOLDERS)
    assert raised.value.after_login


def test_a_token_that_is_not_taken_is_renewed_once() -> None:
    expired = refuse(401, "InvalidAuthenticationToken")
    graph = Graph(expired, say({"id": "1"}), expired)
    assert graph.client.get("/users/1") == {"id": "1"}
    assert [one.headers["authorization"] for one in graph.heard] == [
        "Bearer token-1",
        "Bearer token-2",
    ]
    with pytest.raises(CredentialsRejected, match="InvalidAuthenticationToken"):
        graph.client.get("/users/1")
    assert graph.tokens == 3


@pytest.mark.parametrize("status", [429, 503, 504, 509])
def test_a_short_pause_is_waited_for(status: int) -> None:
    graph = Graph(refuse(status, "ApplicationThrottled", 3), say({"id": "1"}))
    assert graph.client.get("/users/1") == {"id": "1"}
    assert graph.clock.slept == [3]


@pytest.mark.parametrize("status", [429, 503, 504])
def test_a_long_pause_is_the_workflows(status: int) -> None:
    graph = Graph(refuse(status, "ApplicationThrottled", 6))
    with pytest.raises(SourceBusy) as raised:
        graph.client.get(FOLDERS)
    assert raised.value.retry_after == 6
    assert not graph.clock.slept and len(graph.heard) == 1


def test_many_short_pauses_are_the_workflows_too() -> None:
    graph = Graph(refuse(429, "ApplicationThrottled", 5))
    with pytest.raises(SourceBusy):
        graph.client.get(FOLDERS)
    assert graph.clock.slept == [5, 5, 5, 5]


def test_a_pause_of_no_certain_length_grows() -> None:
    graph = Graph(refuse(429))
    with pytest.raises(SourceBusy):
        graph.client.get(FOLDERS)
    assert graph.clock.slept == [1, 2, 4]


@pytest.mark.parametrize("status", [500, 502, 504])
def test_a_stumble_is_asked_again_and_then_told(status: int) -> None:
    graph = Graph(refuse(status, "ErrorInternalServerError"), say({"id": "1"}))
    assert graph.client.get("/users/1") == {"id": "1"}
    graph = Graph(refuse(status, "ErrorInternalServerError"))
    with pytest.raises(GraphRefused) as raised:
        graph.client.get("/users/1")
    assert (raised.value.status, raised.value.code) == (status, "ErrorInternalServerError")
    assert len(graph.heard) == 3


def test_a_lost_connection_is_tried_once_more() -> None:
    graph = Graph(httpx.ReadError("x"), say({"id": "1"}))
    assert graph.client.get("/users/1") == {"id": "1"}
    graph.answers = [httpx.ReadError(f"to {PERSON}")]
    with pytest.raises(SourceBusy) as raised:
        graph.client.get("/users/1")
    assert len(graph.heard) == 4 and PERSON not in str(raised.value)
    graph = Graph(httpx.ConnectError("x"))
    with pytest.raises(MailboxUnreachable, match="Microsoft Graph cannot be reached"):
        graph.client.get("/users/1")


# -- privacy -------------------------------------------------------------------------------------


@given(st.integers(400, 599), st.text(max_size=80), st.text(max_size=80))
def test_only_a_code_that_is_one_is_told(status: int, code: str, message: str) -> None:
    private = f"{PERSON} {message}"
    for said in (code, f"{code} {PERSON}", private):
        graph = Graph(refuse(status, said, message=private))
        with pytest.raises((MigrationError, GraphRefused)) as raised:
            graph.client.get(FOLDERS)
        assert PERSON not in f"{raised.value} {raised.value!r}"
        assert SECRET not in f"{raised.value!r}" and "token-" not in f"{raised.value!r}"


@given(
    st.sampled_from([400, 401, 403, 404, 410]), st.from_regex(r"[A-Za-z_]{1,64}", fullmatch=True)
)
def test_no_meaning_of_a_refusal_tells_the_path(status: int, code: str) -> None:
    assert PERSON not in str(explain(GraphRefused(status, code), FOLDERS))


def test_questions_are_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    Graph(refuse(429, "x", 1), say({})).client.get(FOLDERS)
    assert not caplog.records


def test_this_client_only_reads() -> None:
    """The one POST is $batch, and what is in it are GETs: see test_wire_batch."""
    wire = Path(inspect.getfile(GraphClient)).parent
    written = "".join(path.read_text("utf-8") for path in sorted(wire.glob("graph*.py")))
    for method in ("PUT", "PATCH", "DELETE"):
        assert f'"{method}"' not in written
    assert written.count('"POST"') == 1


# -- clouds --------------------------------------------------------------------------------------


def test_clouds_do_not_share_their_graph() -> None:
    assert set(CLOUDS) == {"global", "us-gov", "us-gov-dod", "china"}
    assert len({cloud.graph_url for cloud in CLOUDS.values()}) == len(CLOUDS)
    for cloud in CLOUDS.values():
        assert find_scope(cloud.graph_url) == cloud.graph_url.removesuffix("/v1.0") + "/.default"
        assert cloud.imap_scope == f"https://{cloud.imap_host}/.default"
