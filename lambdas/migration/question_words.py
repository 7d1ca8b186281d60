"""What questions and their answers are called, and what each answer sends to the workflow."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from migration.errors import RollbackRejected
from migration.question_model import Answer, Question, QuestionKind


@dataclass(frozen=True, slots=True)
class Words:
    """Of a kind of question. `short` stands in subjects, `consequence` says what happens when the
    time is up, `file` is the end of the key of the file with the commands."""

    title: str
    short: str
    explanation: str
    consequence: str
    file: str


@dataclass(frozen=True, slots=True)
class Choice:
    """Of an answer: the word on its button, what it does, and the line of the timeline."""

    label: str
    effect: str
    noted: str


_GO_ON = 'start the workflow again with {"phases": ["cutover", "delta", "report"]} to go on'

WORDS: Mapping[QuestionKind, Words] = {
    QuestionKind.CUTOVER: Words(
        title="Shall the mail of this tenant go to WorkMail now?",
        short="approve the cut-over?",
        explanation="The mailboxes are copied. With your approval the cut-over begins: the MX "
        "record is published, or you are told what to publish, and from then on new mail goes to "
        "WorkMail. What still arrives at the old mailboxes is copied afterwards.",
        consequence="the run ends and nothing is cut over; what is copied stays",
        file="approval.json",
    ),
    QuestionKind.DNS: Words(
        title="The DNS does not point to WorkMail yet. What now?",
        short="the DNS is still not right",
        explanation="The run has watched the DNS for as many days as the tenant file allows, and "
        "the records below are not as WorkMail expects them at every server.",
        consequence="the run ends without its last passes; what is copied stays",
        file="dns-question.json",
    ),
    QuestionKind.ROLLBACK: Words(
        title="Shall the rollback begin?",
        short="approve the rollback?",
        explanation="What this migration has made in WorkMail would be taken back, as the plan "
        "says. Mailboxes with mail that was not migrated are kept.",
        consequence="the run ends and nothing is taken back",
        file="approval.json",
    ),
    QuestionKind.ERASURE: Words(
        title="Shall all personal data of this migration be erased?",
        short="erase all personal data?",
        explanation="The ledger, every version of every file in the bucket (manifests, plans, "
        "audit, messages that were put aside, reports, client settings), the passwords that were "
        "made up and those that were given would be erased, and could not be brought back by this "
        "migration. After that there is no rollback, no rollback-dns, no delta pass and no late "
        "pass: a new run would know nobody and copy everything once more. Who has a password that "
        "was made up and is told to nobody needs another one. Mail, users and the DNS stay as they "
        "are. Keep the reports first if you want them.",
        consequence="the run ends and nothing is erased",
        file="approval.json",
    ),
}

CHOICES: Mapping[QuestionKind, Mapping[Answer, Choice]] = {
    QuestionKind.CUTOVER: {
        Answer.APPROVE: Choice("Approve", "the cut-over begins", "the cut-over was approved"),
        Answer.REJECT: Choice(
            "Reject",
            f"the run ends, and nothing is cut over; {_GO_ON}",
            "the cut-over was rejected: nothing is cut over",
        ),
        Answer.EXPIRED: Choice(
            "", "", "nobody has answered in time: nothing is cut over, and what is copied stays"
        ),
    },
    QuestionKind.DNS: {
        Answer.WAIT: Choice(
            "Wait on",
            "the DNS is watched for as many days again",
            "the DNS is watched on",
        ),
        Answer.PROCEED: Choice(
            "Go on as it is",
            "the last passes begin although the DNS is not right: mail may still arrive at the "
            "old server after them",
            "the run goes on although the DNS is not right",
        ),
        Answer.STOP: Choice(
            "End the run",
            f"the run ends without its last passes; {_GO_ON}",
            "the run was ended because the DNS is not right",
        ),
        Answer.EXPIRED: Choice(
            "", "", "nobody has said what to do about the DNS: the run ends without its last passes"
        ),
    },
    QuestionKind.ROLLBACK: {
        Answer.APPROVE: Choice(
            "Approve", "what the plan names is taken back", "the rollback was approved"
        ),
        Answer.REJECT: Choice("Reject", "nothing is taken back", "the rollback was rejected"),
    },
    QuestionKind.ERASURE: {
        Answer.APPROVE: Choice(
            "Erase", "all of it is erased, and a proof is written", "the erasure was approved"
        ),
        Answer.REJECT: Choice("Keep", "nothing is erased", "the erasure was rejected"),
        Answer.EXPIRED: Choice("", "", "nobody has answered in time: nothing is erased"),
    },
}
WAYS: Mapping[str, str] = {
    "link": "by the page that the message names",
    "command": "by a command",
}
"""Who has answered, if it is not somebody whom IAM knows."""
ENDING = frozenset({Answer.REJECT, Answer.STOP, Answer.EXPIRED})
"""Answers after which a migration ends without its cut-over."""


def choice_of(question: Question, answer: str) -> Choice:
    """The words for an answer of the question."""
    return CHOICES[question.kind][Answer(answer)]


def output_of(question: Question, answer: str) -> Mapping[str, object] | str:
    """What the waiting task ends with: its result, or the name of an error."""
    if question.kind is not QuestionKind.ROLLBACK:
        return {"answer": answer}
    return {"approved": True} if answer == Answer.APPROVE else RollbackRejected.__name__


def write_commands(question: Question, region: str) -> dict[str, str]:
    """By the answer: the AWS command that gives it. The token stands in each."""
    return {each: _command(question, each, region) for each in question.answers}


def _command(question: Question, answer: str, region: str) -> str:
    sent = output_of(question, answer)
    result, rest = (
        ("failure", f"--error {sent}")
        if isinstance(sent, str)
        else ("success", f"--task-output '{json.dumps(sent)}'")
    )
    begin = f"aws stepfunctions send-task-{result} --region {region}"
    return f"{begin} --task-token {question.token} {rest}"
