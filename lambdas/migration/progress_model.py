"""What is remembered of the looks at a run's progress. Standard library only."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class HistoryEvent:
    """An event of an execution's history. `kind` is its type as GetExecutionHistory names it, `at`
    an ISO 8601 time, `state` the state that was entered, "" with all other events.
    https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html"""

    kind: str
    at: str
    state: str = ""


@dataclass(frozen=True, slots=True)
class Look:
    """One look. `part` names the pass that was at work, `done` counts what is done of it, in that
    pass's own unit; looks are comparable if their parts are the same. `state` is another one
    whenever anything has moved."""

    at: str
    part: str
    done: int
    state: str


@dataclass(frozen=True, slots=True)
class ProgressRecord:
    """Looks at a run while it copied, oldest first, and since when (ISO 8601) nothing has
    `moved`."""

    run: str
    moved: str
    looks: tuple[Look, ...]


@dataclass(frozen=True, slots=True)
class ProgressPoint:
    """How far a run was at a moment. None of the numbers ever falls.

    at         when
    mailboxes  mailboxes that had been judged at least once
    messages   messages that had been dealt with: copied, refused, left out or gone
    size       bytes of those that had been copied
    """

    at: str
    mailboxes: int
    messages: int
    size: int


@dataclass(frozen=True, slots=True)
class ProgressHistory:
    """The points of a run, oldest first. All but the last lie at least `interval` seconds apart, or
    it is 0."""

    run: str
    interval: int = 0
    points: tuple[ProgressPoint, ...] = ()
