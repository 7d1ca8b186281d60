"""The page on which a question is answered: GET shows it and changes nothing, POST answers.

A link that nobody has been sent looks like any other wrong address. The page is one file without
scripts that loads nothing; it shows no address and no token.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from migration.figures import format_moment
from migration.pages import Page, Request
from migration.ports import Ledger, WaitingTasks
from migration.question_model import Answer, Question
from migration.question_words import CHOICES, WORDS, choice_of
from migration.questions import Reply, answer, find

_FOLDER = Path(__file__).parent
_ID_LENGTH = 64
_LATE = (
    "At this moment the run does not wait for it. If it is about to remind you, it takes your "
    "answer then; if it has ended, or was answered by a command, your answer changes nothing."
)


def respond(ledger: Ledger, tasks: WaitingTasks, tenant: str, request: Request) -> Page:
    """The page for the request; POST answers the question whose id stands in the form."""
    if request.method not in ("GET", "HEAD", "POST"):
        headers = {"Allow": "GET, HEAD, POST"}
        return _tell(405, "This is not possible here", ["Open the link of the message."], headers)
    posted = request.method == "POST"
    id_ = request.form.get("id", "") if posted else request.path.strip("/")
    question = find(ledger, id_) if len(id_) == _ID_LENGTH else None
    if question is None:
        return _tell(404, "There is no such page", ["Open the link as it stands in the message."])
    if posted:
        given, by = request.form.get("answer", ""), request.caller or "link"
        reply, question = answer(ledger, tasks, question, given, by, request.now)
        return _tell_reply(reply, question, tenant)
    if question.answer:
        return replace(_tell_reply(Reply.BEFORE, question, tenant), status=200)
    if request.now > question.until:
        return _tell_reply(Reply.EXPIRED, question, tenant)
    return _ask(question, tenant)


def _ask(question: Question, tenant: str) -> Page:
    words = WORDS[question.kind]
    choices = [(each, CHOICES[question.kind][Answer(each)]) for each in question.answers]
    return _render(
        200,
        words.title,
        [words.explanation],
        tenant=tenant,
        question=question,
        choices=choices,
        consequence=words.consequence,
    )


def _tell_reply(reply: Reply, question: Question, tenant: str) -> Page:
    status, title, paragraphs = {
        Reply.TAKEN: (200, "Thank you", ["The run has your answer and goes on."]),
        Reply.LATE: (
            202,
            "Your answer is noted",
            [_LATE],
        ),
        Reply.BEFORE: (409, "This is answered already", []),
        Reply.EXPIRED: (
            410,
            "The time for an answer is over",
            [f"It could be given until {format_moment(question.until)}."],
        ),
        Reply.NONE: (
            400,
            "This is no answer",
            ["Open the link of the message again, and use one of the buttons."],
        ),
    }[reply]
    if question.answer:
        noted = choice_of(question, question.answer).noted
        when = format_moment(question.answered)
        paragraphs = [f"{noted[0].upper()}{noted[1:]} ({when}).", *paragraphs]
    return _render(status, title, paragraphs, tenant=tenant)


def _tell(
    status: int, title: str, paragraphs: Sequence[str], headers: dict[str, str] | None = None
) -> Page:
    """Says nothing of the tenant: who sees this may be anybody."""
    page = _render(status, title, paragraphs)
    return Page(page.status, page.body, {**page.headers, **(headers or {})})


def _render(status: int, title: str, paragraphs: Sequence[str], **values: object) -> Page:
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["moment"] = format_moment
    style = (_FOLDER / "answer.css").read_text("utf-8")
    known = {"tenant": "", "question": None, "choices": [], "consequence": "", **values}
    body = environment.get_template("answer.html.j2").render(
        title=title,
        paragraphs=paragraphs,
        style=Markup(style),  # noqa: S704 - it is ours, and HTML must not change it
        **known,
    )
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode("ascii")
    policy = (
        f"default-src 'none'; style-src 'sha256-{digest}'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    )
    return Page(status, body, {"Content-Security-Policy": policy})
