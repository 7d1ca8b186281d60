"""Questions as attributes of ledger items, and back (see rows.py)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from migration.question_model import Question, QuestionKind


def place_of(run: str, kind: str, asked: str) -> str:
    """The sort key of a question."""
    return f"ASK#{run}#{kind}#{asked}"


def asked_attributes(question: Question) -> dict[str, Any]:
    """What changes when it is asked again."""
    return {
        "token": question.token,
        "until": question.until,
        "answers": list(question.answers),
        "facts": [list(fact) for fact in question.facts],
    }


def question_attributes(question: Question) -> dict[str, Any]:
    """The whole question."""
    return {
        "run": question.run,
        "kind": str(question.kind),
        "asked": question.asked,
        "id": question.id,
        **asked_attributes(question),
        **answer_attributes(question.answer, question.by, question.answered),
    }


def answer_attributes(answer: str, by: str, at: str) -> dict[str, Any]:
    return {"answer": answer, "by": by, "answered": at}


def question_from(item: Mapping[str, Any]) -> Question:
    return Question(
        run=item["run"],
        kind=QuestionKind(item["kind"]),
        asked=item["asked"],
        id=item["id"],
        token=item["token"],
        until=item["until"],
        answers=tuple(item["answers"]),
        facts=tuple((label, value) for label, value in item["facts"]),
        answer=item["answer"],
        by=item["by"],
        answered=item["answered"],
    )
