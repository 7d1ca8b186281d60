"""What the operators are asked, as values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class QuestionKind(StrEnum):
    """CUTOVER: whether mail shall go to WorkMail. DNS: what to do if it does not after days.
    ROLLBACK: whether to take back what was made. ERASURE: whether to erase all that is kept."""

    CUTOVER = "cutover"
    DNS = "dns"
    ROLLBACK = "rollback"
    ERASURE = "erasure"


class Answer(StrEnum):
    """EXPIRED is nobody's: the time was up."""

    APPROVE = "approve"
    REJECT = "reject"
    WAIT = "wait"
    PROCEED = "proceed"
    STOP = "stop"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Question:
    """A question of a run. Run, kind and the time at which it was `asked` first name it.

    `id` is a secret: whoever knows it may answer, where the tenant's links are so. `token` is the
    waiting task's, another one after each reminder. `answers` may be given until `until`; `facts`
    (label and value) are what one should know before. Unanswered, `answer` is empty; else `by` says
    who gave it (`link`, `command`, or IAM's id of somebody) at `answered`.
    """

    run: str
    kind: QuestionKind
    asked: str
    id: str
    token: str
    until: str
    answers: tuple[str, ...]
    facts: tuple[tuple[str, str], ...] = ()
    answer: str = ""
    by: str = ""
    answered: str = ""

    def is_open(self, now: str) -> bool:
        """Whether an answer still counts."""
        return not self.answer and now <= self.until
