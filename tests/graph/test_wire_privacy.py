"""What of a mailbox, a tenant or a login never leaves the client for Graph."""

from __future__ import annotations

import ast
import logging
import subprocess
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from migration.wire import graph_http
from migration.wire.app_tokens import Tokens
from migration.wire.ews_token import TokenKeeper
from migration.wire.graph import GraphClient
from migration.wire.graph_http import Answer, Question
from migration.wire.graph_model import CLOUDS
from tests.graph.graph_answers import LOGIN, PERSON, SECRET, Graph, inner, refuse, say, say_batch

WIRE = Path(graph_http.__file__).parent
MODULES = sorted([*WIRE.glob("graph*.py"), *WIRE.glob("app_*.py"), *WIRE.glob("http_*.py")])
SUBJECT = "Your dismissal"

every_module = pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.stem))


def literals(path: Path) -> set[str]:
    """The texts of a module, without its docstrings."""
    tree = ast.parse(path.read_text("utf-8"))
    said = {
        node.value.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    found = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    return {text for text in found - said if isinstance(text, str)}


def test_the_modules_are_found() -> None:
    assert {path.stem for path in MODULES} >= {
        *("graph", "graph_http", "graph_batch", "graph_errors", "graph_model"),
        *("app_tokens", "app_refusals", "app_certificate", "http_connections"),
    }


@every_module
def test_free_texts_of_the_service_are_not_even_read(path: Path) -> None:
    """Graph's `message` and `innerError`, Entra's description, and the phrase beside a status."""
    forbidden = {"message", "innererror", "innerError", "details", "error_description", "error_uri"}
    assert not literals(path) & forbidden
    names = {
        node.attr
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute)
    }
    assert not names & {"reason_phrase", "text"}


@every_module
def test_connections_are_made_in_one_place_by_which_nothing_is_logged(path: Path) -> None:
    written = path.read_text("utf-8")
    if path.stem != "http_connections":
        assert "httpx.Client(" not in written
    assert "getLogger" not in written or path.stem == "http_connections"


def test_who_loads_the_client_has_silenced_what_is_below_it() -> None:
    program = (
        "import logging; logging.basicConfig(level=logging.DEBUG); import migration.wire.graph;"
        " print(*(logging.getLogger(name).getEffectiveLevel()"
        " for name in ('httpx', 'httpcore.http11')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": str(WIRE.parents[1])},
        capture_output=True,
        check=True,
        text=True,
    )
    assert [int(level) for level in done.stdout.split()] == [logging.WARNING, logging.WARNING]


def test_what_is_asked_and_answered_is_in_no_repr() -> None:
    body = SUBJECT.encode()
    shown = [
        repr(Question("GET", f"/users/{PERSON}", {}, body)),
        repr(Answer(200, {"location": f"https://x/{PERSON}"}, body, 0.0, "token-1")),
        repr(LOGIN),
        repr(Tokens(LOGIN, "https://login.example", "x/.default")),
        repr(TokenKeeper),
        repr(GraphClient(CLOUDS["global"].graph_url, Graph(say({})).client)),  # type: ignore[arg-type]
    ]
    for one in shown:
        assert not any(private in one for private in (PERSON, SUBJECT, SECRET, "token-1"))


ENDS: dict[str, Callable[[], httpx.Response | Exception]] = {
    "denied": lambda: refuse(403, "ErrorAccessDenied", message=SUBJECT),
    "unknown": lambda: refuse(404, "ErrorInvalidUser", message=SUBJECT),
    "refused": lambda: refuse(400, f"Bad {PERSON}", message=SUBJECT),
    "busy": lambda: refuse(429, f"Busy {PERSON}", 60, message=SUBJECT),
    "stumbles": lambda: refuse(500, "ErrorInternalServerError", message=SUBJECT),
    "unauthorized": lambda: refuse(401, PERSON, message=SUBJECT),
    "not graph": lambda: httpx.Response(200, text=f"{PERSON} {SUBJECT}"),
    "elsewhere": lambda: say({"value": [], "@odata.nextLink": f"https://evil.example/{PERSON}"}),
    "lost": lambda: httpx.ReadError("lost"),
    "unreachable": lambda: httpx.ConnectError("refused"),
}


@pytest.mark.parametrize("end", ENDS)
def test_no_error_and_none_below_it_tells_anything_private(end: str) -> None:
    """As far as they are shown by a traceback: without the values in its frames."""

    def all_of_it(client: GraphClient) -> None:
        list(client.values(f"/users/{PERSON}/messages"))

    def in_one(client: GraphClient) -> None:
        client.batch([f"/users/{PERSON}/messages"])

    def as_it_comes(client: GraphClient) -> None:
        client.read(f"/users/{PERSON}/messages/1/$value", lambda _: None)

    for ask in (all_of_it, in_one, as_it_comes):
        try:
            ask(Graph(ENDS[end]()).client)
        except Exception as error:
            told = "".join(traceback.format_exception(error))
            values = (PERSON, SUBJECT, SECRET, "token-1", "token-2")
            assert not any(private in told for private in values), ask.__name__
        else:
            # a stream may be anything
            assert ask is as_it_comes and end in {"elsewhere", "not graph"}


def test_what_a_batch_was_refused_tells_nothing_private() -> None:
    body = {"error": {"code": f"Error {PERSON}", "message": SUBJECT}}
    (refused,) = Graph(say_batch([inner("0", body, 404)])).client.batch([f"/users/{PERSON}"])
    assert not any(private in f"{refused!r}" for private in (PERSON, SUBJECT))
