"""The course of a run as the report shows it: charts, and in words what they show. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from migration.figures import format_duration
from migration.progress_model import ProgressPoint
from migration.report_phases import PhaseLine


@dataclass(frozen=True, slots=True)
class Phase:
    """A phase. `ended` is when the report was written, if it has not ended before."""

    name: str
    begun: str
    ended: str
    has_ended: bool
    lasted: str


@dataclass(frozen=True, slots=True)
class Course:
    """What scripts/charts.js draws: no `points` if nothing moved between them, which makes no line.
    `sentence` says what they show."""

    sentence: str
    points: tuple[ProgressPoint, ...]
    phases: tuple[Phase, ...]


def tell_course(
    points: Sequence[ProgressPoint], phases: Sequence[PhaseLine], written: str
) -> Course:
    """What there is to draw at the time `written` of the report."""
    told = tuple(_tell_phase(each, written) for each in phases)
    if len(points) < 2 or points[-1].messages == points[0].messages:
        return Course("", (), told)
    return Course(_tell_progress(points), tuple(points), told)


def _tell_phase(phase: PhaseLine, written: str) -> Phase:
    ended = phase.ended or written
    lasted = format_duration(_seconds(phase.begun, ended))
    return Phase(phase.name, phase.begun, ended, phase.ended != "", lasted)


def _tell_progress(points: Sequence[ProgressPoint]) -> str:
    """How many messages in what time, and the fastest stretch between two looks."""
    first, last = points[0], points[-1]
    done = next(each for each in points if each.messages == last.messages)
    begun = next(one for one, other in pairwise(points) if other.messages != first.messages)
    span = _seconds(begun.at, done.at)
    number = last.messages - first.messages
    fastest = max(_rate(one, other) for one, other in pairwise(points))
    return (
        f"{number:,} messages were dealt with in {format_duration(span)}; "
        f"{fastest:,.0f} a minute at the fastest."
    )


def _rate(one: ProgressPoint, other: ProgressPoint) -> float:
    """Messages a minute. Two looks at the same moment have no rate."""
    seconds = _seconds(one.at, other.at)
    return 60 * (other.messages - one.messages) / seconds if seconds else 0.0


def _seconds(one: str, other: str) -> float:
    return (datetime.fromisoformat(other) - datetime.fromisoformat(one)).total_seconds()
