"""Asks the operators, and takes their answer: by a page, or by a command with the task's token.

A state waits with a task token until somebody answers, or until it is time for a reminder: then it
is entered again and has another token. The question keeps its id over all reminders, so that links
of older messages stay good, and so does an answer that came between two of them: who asks again
finds it and sends it on. Tokens stand in the ledger and in one file of the bucket, nowhere else.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random

from migration.model import Note, Notice, NoticeKind
from migration.ports import BlobStore, Ledger, WaitingTasks
from migration.question_model import Answer, Question, QuestionKind
from migration.question_texts import Place, compose
from migration.question_words import CHOICES, WAYS, WORDS, choice_of, output_of, write_commands
from migration.telling import Teller

SCHEMA = 1
_ID_BITS = 256


@dataclass(frozen=True, slots=True)
class Desk:
    """What questions are asked with. Ids are drawn from `random`."""

    ledger: Ledger
    blobs: BlobStore
    teller: Teller
    tasks: WaitingTasks
    random: Random
    place: Place


@dataclass(frozen=True, slots=True)
class Asking:
    """One entry into the state that asks. `asked` is when the first began, `reminder` counts those
    since. `facts` are for people, `numbers` say them to programs; `file` is what else the file with
    the commands shall say. `note` is the timeline's line for the first time."""

    run: str
    kind: QuestionKind
    asked: str
    now: str
    until: str
    token: str
    reminder: int
    answers: tuple[Answer, ...]
    facts: tuple[tuple[str, str], ...] = ()
    numbers: Mapping[str, str | int | bool] = field(default_factory=dict)
    file: Mapping[str, str] = field(default_factory=dict)
    note: str = ""


class Reply(StrEnum):
    """What came of an answer. LATE: it is kept, but no task waited for it at that moment. BEFORE:
    the question had another answer. NONE: the question does not take this answer."""

    TAKEN = "taken"
    LATE = "late"
    BEFORE = "before"
    EXPIRED = "expired"
    NONE = "none"


def file_key(run: str, kind: QuestionKind) -> str:
    """Where the file with the commands lies."""
    return f"reports/{run}/{WORDS[kind].file}"


def ask(desk: Desk, asking: Asking) -> str:
    """Puts the question, or asks it again: the file with the commands, and a message. If it has
    been answered meanwhile, the task gets that. The key of the file. May be called again."""
    id_ = f"{desk.random.getrandbits(_ID_BITS):0{_ID_BITS // 4}x}"
    question = desk.ledger.ask(
        Question(
            asking.run,
            asking.kind,
            asking.asked,
            id_,
            asking.token,
            asking.until,
            tuple(map(str, asking.answers)),
            asking.facts,
        )
    )
    key = file_key(asking.run, asking.kind)
    if question.answer:
        _send(desk.tasks, question, question.answer)
        return key
    desk.blobs.put(key, _to_file(question, asking, desk.place.region), "application/json")
    if asking.note and not asking.reminder:
        state = _state(asking.kind)
        desk.ledger.add_note(asking.run, Note(asking.now, state, asking.note))
    notice = compose(question, desk.place, key, asking.now, asking.reminder, asking.numbers)
    # A message per token: one that died before its state's end has told a token that is void now.
    desk.teller.tell(notice, f"question {asking.kind} {asking.asked} {_digest(asking.token)}")
    return key


def find(ledger: Ledger, id_: str) -> Question | None:
    """The question of that id. All are compared, each in constant time, so that how long it takes
    tells nothing about an id."""
    given, found = id_.encode(), None
    for question in ledger.questions():
        if hmac.compare_digest(question.id.encode(), given):
            found = question
    return found


def answer(
    ledger: Ledger, tasks: WaitingTasks, question: Question, given: str, by: str, now: str
) -> tuple[Reply, Question]:
    """Answers for whoever `by` stands for; the question as it is afterwards. The first answer
    counts; the same once more sends it once more, which is no harm."""
    if given not in question.answers:
        return Reply.NONE, question
    if now > question.until and not question.answer:
        return Reply.EXPIRED, question
    was_open = not question.answer
    question = ledger.settle(question, given, by, now)
    if question.answer != given:
        return Reply.BEFORE, question
    if not _send(tasks, question, given):
        return (Reply.LATE if was_open else Reply.BEFORE), question
    _note(ledger, question)
    return Reply.TAKEN, question


def record(
    ledger: Ledger, teller: Teller, run: str, kind: str, asked: str, given: str, now: str
) -> bool:
    """Keeps the answer that the workflow has got, by whatever way, and tells it. False if it is
    none that can be given: the state asks again then. One that was taken while it could be given
    counts although the question, asked again, does not offer it any more: it would be sent to each
    task that asks, without an end."""
    (question,) = (
        each for each in ledger.questions(run) if (each.kind, each.asked) == (kind, asked)
    )
    taken = given != "" and given == question.answer
    if not taken and given not in (*question.answers, Answer.EXPIRED):
        what = "what was sent is no answer to this question: it is asked again"
        ledger.add_note(run, Note(now, _state(question.kind), what))
        return False
    if question.answer != given:
        by = "" if given == Answer.EXPIRED else "command"
        question = ledger.settle(question, given, by, now, over=True)
    _note(ledger, question)
    told = _line(question)
    facts: dict[str, str | int | bool] = {"answer": given, "question": kind, "asked": asked}
    subject = f"{teller.tenant}: {choice_of(question, given).noted}"
    text = f"{told[0].upper()}{told[1:]}.\n"
    notice = Notice(NoticeKind.QUESTION, run, now, subject, text, facts)
    teller.tell(notice, f"answer {kind} {asked}")
    return True


def _send(tasks: WaitingTasks, question: Question, given: str) -> bool:
    sent = output_of(question, given)
    if isinstance(sent, str):
        return tasks.fail(question.token, sent)
    return tasks.succeed(question.token, sent)


def _note(ledger: Ledger, question: Question) -> None:
    """The same line for the same answer, whoever writes it first."""
    note = Note(question.answered, "RecordAnswer", _line(question))
    ledger.add_note(question.run, note)


def _line(question: Question) -> str:
    noted = choice_of(question, question.answer).noted
    if not question.by:
        return noted
    return f"{noted} ({WAYS.get(question.by, f'by {question.by} of IAM')})"


def _state(kind: QuestionKind) -> str:
    return {
        QuestionKind.CUTOVER: "ApproveCutover",
        QuestionKind.DNS: "AskAboutDns",
        QuestionKind.ROLLBACK: "ApproveRollback",
        QuestionKind.ERASURE: "ApproveErasure",
    }[kind]


def _to_file(question: Question, asking: Asking, region: str) -> bytes:
    body = {
        "schema": SCHEMA,
        "run": question.run,
        "question": WORDS[question.kind].title,
        "asked": asking.now,
        "until": question.until,
        **asking.file,
        "effects": {each: CHOICES[question.kind][Answer(each)].effect for each in question.answers},
        **write_commands(question, region),
    }
    return (json.dumps(body, indent=1) + "\n").encode()


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()[:16]
