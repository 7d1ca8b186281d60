"""The page on which a question is answered, by the events that Lambda gives a function's URL."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from io import StringIO
from typing import Any
from urllib.parse import urlencode

import pytest

from migration.answer_page import respond
from migration.logs import logger
from migration.pages import Page, Request, dump_page, parse_request
from migration.question_model import QuestionKind
from migration.question_words import CHOICES
from migration.questions import ask
from migration.url_entry import url_entry
from tests.unit.desks import Office
from tests.unit.test_questions import ASKING, RUN, the_question

LATER_MILLIS = 1_796_500_800_000  # 2026-12-05T20:00:00Z


@pytest.fixture
def office() -> Office:
    office = Office()
    office.tasks.waiting = {"token-0"}
    ask(office.desk, ASKING)
    return office


def event(
    method: str,
    path: str,
    form: Mapping[str, str] | None = None,
    at: int = LATER_MILLIS,
    **context: Any,
) -> dict[str, Any]:
    """As Lambda makes it; the body of a form comes in base64."""
    made: dict[str, Any] = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {"user-agent": "test", "host": "x.lambda-url.eu-west-1.on.aws"},
        "requestContext": {
            "accountId": "anonymous",
            "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "1.2.3.4"},
            "timeEpoch": at,
            **context,
        },
        "isBase64Encoded": False,
    }
    if form is not None:
        made["body"] = base64.b64encode(urlencode(form).encode()).decode()
        made["isBase64Encoded"] = True
    return made


def call(office: Office, *args: Any, **context: Any) -> dict[str, Any]:
    """What the browser gets."""

    def handler(request: Request, _context: Any) -> Page:
        return respond(office.ledger, office.tasks, "acme", request)

    return url_entry(handler)(event(*args, **context), None)


def link(office: Office) -> str:
    return f"/{the_question(office).id}"


def form(office: Office, word: str) -> dict[str, str]:
    return {"id": the_question(office).id, "answer": word}


def test_get_shows_the_question_and_changes_nothing(office: Office) -> None:
    before = the_question(office)
    writes = office.ledger.writes
    for _ in range(3):  # a mail scanner, a preview, the operator
        answer = call(office, "GET", link(office))
    assert answer["statusCode"] == 200
    for part in ("Shall the mail", "312 messages, 5.2 MB", 'value="approve"', 'value="reject"'):
        assert part in answer["body"]
    assert "token-0" not in answer["body"]
    assert "<script" not in answer["body"]
    assert the_question(office) == before
    assert office.ledger.writes == writes
    assert office.tasks.answered == {}


def test_head_is_get_without_the_page(office: Office) -> None:
    answer = call(office, "HEAD", link(office))
    assert (answer["statusCode"], answer["body"]) == (200, "")
    assert office.tasks.answered == {}


def test_post_answers_and_only_once(office: Office) -> None:
    answer = call(office, "POST", link(office), form(office, "approve"))
    assert answer["statusCode"] == 200
    assert "Thank you" in answer["body"]
    assert office.tasks.answered == {"token-0": {"answer": "approve"}}
    again = call(office, "POST", link(office), form(office, "reject"))
    assert again["statusCode"] == 409
    assert "The cut-over was approved (2026-12-05 20:00 UTC)" in again["body"]
    shown = call(office, "GET", link(office))
    assert (shown["statusCode"], "<button" in shown["body"]) == (200, False)
    assert len(office.tasks.answered) == 1


def test_a_form_that_came_as_it_is_is_read_too(office: Office) -> None:
    made = event("POST", link(office))
    made["body"] = urlencode(form(office, "approve"))
    assert parse_request(made).form["answer"] == "approve"


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
def test_other_methods_are_refused(office: Office, method: str) -> None:
    answer = call(office, method, link(office), form(office, "approve"))
    assert answer["statusCode"] == 405
    assert answer["headers"]["Allow"] == "GET, HEAD, POST"
    assert office.tasks.answered == {}


def test_a_wrong_id_learns_nothing(office: Office) -> None:
    right = the_question(office).id
    wrong = ["/", "/favicon.ico", f"/{right[:-1]}", f"/{right}0", f"/{'0' * 64}", f"/{'é' * 64}"]
    bodies = set()
    for path in wrong:
        answer = call(office, "GET", path)
        assert answer["statusCode"] == 404
        bodies.add(answer["body"])
    posted = call(office, "POST", link(office), {"id": "0" * 64, "answer": "approve"})
    assert posted["statusCode"] == 404
    bodies.add(posted["body"])
    assert len(bodies) == 1
    assert "acme" not in bodies.pop()
    assert office.tasks.answered == {}


def test_after_the_last_day_nothing_can_be_answered(office: Office) -> None:
    late = LATER_MILLIS + 14 * 86_400_000
    shown = call(office, "GET", link(office), None, late)
    posted = call(office, "POST", link(office), form(office, "approve"), late)
    for answer in (shown, posted):
        assert answer["statusCode"] == 410
        assert "2026-12-18 18:00 UTC" in answer["body"]
    assert office.tasks.answered == {}


def test_what_is_no_answer_is_said(office: Office) -> None:
    assert call(office, "POST", link(office), form(office, "expired"))["statusCode"] == 400
    assert office.tasks.answered == {}


def test_an_answer_for_which_nobody_waits_is_told_as_such(office: Office) -> None:
    office.tasks.waiting = set()
    answer = call(office, "POST", link(office), form(office, "approve"))
    assert answer["statusCode"] == 202
    assert "Your answer is noted" in answer["body"]


def test_every_page_has_the_headers_that_keep_it_private(office: Office) -> None:
    for answer in (
        call(office, "GET", link(office)),
        call(office, "GET", "/nothing"),
        call(office, "POST", link(office), form(office, "approve")),
    ):
        headers = answer["headers"]
        assert headers["Cache-Control"] == "no-store"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["X-Frame-Options"] == "DENY"
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        (style,) = re.findall("<style>(.*)</style>", answer["body"], re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        assert f"style-src 'sha256-{digest}'" in policy


def test_whoever_iam_knows_is_named_by_an_id_that_is_no_address(office: Office) -> None:
    iam = {"callerId": "AROAEXAMPLE:jane@acme.example", "userArn": "arn:aws:sts::1:x/jane@acme"}
    call(office, "POST", link(office), form(office, "approve"), authorizer={"iam": iam})
    assert the_question(office).by == "AROAEXAMPLE"
    notes = json.dumps([note.what for note in office.ledger.notes(RUN)])
    assert "(by AROAEXAMPLE of IAM)" in notes
    assert "jane" not in notes


def test_what_a_question_says_is_escaped() -> None:
    office = Office()

    ask(office.desk, replace(ASKING, facts=(("<b>", "<script>alert(1)</script>"),)))
    body = call(office, "GET", link(office))["body"]
    assert "<script" not in body
    assert "&lt;script&gt;" in body


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> StringIO:
    """What the logger writes."""
    stream = StringIO()
    for handler in logger.handlers:
        monkeypatch.setattr(handler, "stream", stream)
    return stream


def test_the_logs_have_neither_id_nor_answer(office: Office, logged: StringIO) -> None:
    call(office, "POST", link(office), form(office, "approve"))
    written = logged.getvalue()
    assert '"status":200' in written
    assert the_question(office).id not in written
    assert "token-0" not in written
    assert "approve" not in written


@pytest.mark.parametrize("broken", [{}, {"requestContext": {}}, {"rawPath": "/x"}])
def test_what_is_no_request_is_answered_without_a_trace(broken: dict[str, Any]) -> None:
    def handler(_request: Request, _context: Any) -> Page:
        raise AssertionError

    answer = url_entry(handler)(broken, None)
    assert answer["statusCode"] == 500
    assert "Traceback" not in answer["body"]


def test_a_fault_shows_nothing_of_what_was_sent(office: Office, logged: StringIO) -> None:
    def handler(_request: Request, _context: Any) -> Page:
        raise ValueError("secret-text")

    answer = url_entry(handler)(event("GET", link(office)), None)
    written = logged.getvalue()
    assert answer["statusCode"] == 500
    assert "ValueError" in written
    assert "secret-text" not in answer["body"] + written


@pytest.mark.parametrize("kind", QuestionKind)
def test_every_kind_of_question_has_its_page(kind: QuestionKind) -> None:

    office = Office()
    answers = tuple(each for each, choice in CHOICES[kind].items() if choice.label)
    ask(office.desk, replace(ASKING, kind=kind, answers=answers))
    body = call(office, "GET", link(office))["body"]
    for each in answers:
        assert f'value="{each}"' in body


def test_a_page_keeps_its_own_headers() -> None:
    page = Page(405, "x", {"Allow": "GET"})
    assert dump_page(page, "GET")["headers"]["Allow"] == "GET"
    assert dump_page(page, "HEAD")["body"] == ""
