"""The words of the probe: a question, what it needs, and what was learned."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from localrun.probe.session import Session

Fact = str | int | float | bool | None | Sequence["Fact"] | Mapping[str, "Fact"]


class Need(StrEnum):
    """What must be given before a question is asked at all."""

    NOTHING = "nothing"
    PILOT = "--pilot"
    WRITE = "--pilot and --write"


class Verdict(StrEnum):
    """What became of a question."""

    LEARNED = "learned"
    NOT_ASKED = "not asked"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Learned:
    """An answer as a sentence and as facts, or why there is none. Neither holds an address of a
    mailbox, a subject, a token or a password."""

    answer: str
    facts: Mapping[str, Fact] = field(default_factory=dict)
    verdict: Verdict = Verdict.LEARNED


@dataclass(frozen=True, slots=True)
class Probe:
    """One question. `ask` may raise NotAsked; whatever else it raises makes the question failed
    and no other one. `section` is its number in docs/limits.md, 0 for what goes beyond."""

    name: str
    section: int
    question: str
    needs: Need
    ask: Callable[[Session], Learned]


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one question; `seconds` is how long it took."""

    probe: Probe
    learned: Learned
    seconds: float = 0.0


class NotAsked(Exception):
    """The question cannot or shall not be asked; the text says why, and which option asks it."""


class GaveUp(Exception):
    """What was waited for did not happen in time; the text says what and how long."""


@dataclass(frozen=True, slots=True)
class Clock:
    """The time by which lags are measured, in seconds."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
