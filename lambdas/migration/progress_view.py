"""A run at a moment, as its progress page shows it: values. progress_look.py makes them of what the
ledger has, progress_page.py a page of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from migration.model import Failure
from migration.progress_model import ProgressPoint
from migration.report_lines import Verdict


class RunStatus(StrEnum):
    """ABORTED: somebody has ended it, or its time was up."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    ABORTED = "aborted"


class StateStatus(StrEnum):
    """FAILED: the state itself, whether or not the workflow went on."""

    CURRENT = "current"
    PASSED = "passed"
    FAILED = "failed"


class LogKind(StrEnum):
    """STATE: a state was entered. NOTE: a line of the run's timeline. TOLD: a message to the
    operators. OUTSIDE: what somebody else did, such as a change of the DNS."""

    STATE = "state"
    NOTE = "note"
    TOLD = "told"
    OUTSIDE = "outside"


@dataclass(frozen=True, slots=True)
class StateLine:
    """A state of the workflow, how many `times` it was entered, and when last."""

    name: str
    times: int
    entered: str
    status: StateStatus


@dataclass(frozen=True, slots=True)
class LogLine:
    """Something that happened."""

    at: str
    kind: LogKind
    text: str


@dataclass(frozen=True, slots=True)
class RunHead:
    """Which run is looked at, `at` which moment. `domain` are the domains, with a comma between
    several; `others` are runs of the same workflow that are at work, too. `verdict` is the
    report's, if the run has come to one; `report` is its address seen from the page, "" while there
    is none. `played` says that the times
    are those of a clock that leaps over waits."""

    tenant: str
    domain: str
    run: str
    at: str
    begun: str
    status: RunStatus = RunStatus.RUNNING
    failure: Failure | None = None
    verdict: Verdict | None = None
    report: str = ""
    others: tuple[str, ...] = ()
    played: bool = False


@dataclass(frozen=True, slots=True)
class MailboxLine:
    """A mailbox. `status` is waiting, running, paused, done or failed; `dealt` messages of the
    `expected` were copied, refused, left out or gone; `size` is in bytes of what was copied."""

    name: str
    address: str
    status: str
    dealt: int
    expected: int
    size: int


@dataclass(frozen=True, slots=True)
class AskedLine:
    """A question that can still be answered. No link: whoever has it may answer."""

    title: str
    asked: str
    until: str


@dataclass(frozen=True, slots=True)
class ProgressView:
    """All that the page shows. `headline` says in a sentence what happens now. `counts` has the
    number of mailboxes by each status. `items` of calendars and the like were copied or refused;
    all other figures are of mail alone. What nobody can say is None: `percent` of the pass
    at work, `per_second` messages, `seconds_left` of the pass; `dns_right` of the `dns_required`
    records are right. `states` are in the order in which they were entered first, `points` and
    `log` in the order of time."""

    head: RunHead
    headline: str
    states: tuple[StateLine, ...]
    mailboxes: tuple[MailboxLine, ...]
    counts: Mapping[str, int]
    dealt: int
    expected: int
    size: int
    items: int
    percent: float | None
    per_second: float | None
    seconds_left: float | None
    dns_right: int
    dns_required: int
    dns_open: tuple[str, ...]
    questions: tuple[AskedLine, ...]
    points: tuple[ProgressPoint, ...]
    log: tuple[LogLine, ...]
