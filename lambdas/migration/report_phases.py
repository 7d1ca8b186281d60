"""What a run did one after the other, in words for people, told from its timeline.

Most states note in the timeline that they were entered; a phase begins with the first note of its
states and lasts until another begins. Passes have ends of their own: SummarisePass notes them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby

from migration.model import Note
from migration.runs import moment_of_pass

FIRST_COPY = "First copy"
REPORT = "Report"

_PHASES: Mapping[str, str] = {
    "Preflight": "Checks",
    "Plan": "Checks",
    "PlanWave": "Checks",
    "RepeatWave": "Checks",
    "PlanRollback": "Checks",
    "EnsureDomains": "Domains",
    "PreparePasswords": "Users",
    "SettlePasswords": "Users",
    "EnableAdministrator": "Access to the mailboxes",
    "ApproveCutover": "Approval of the cut-over",
    "PublishDns": "Waiting for the DNS",
    "CheckDns": "Waiting for the DNS",
    "AskAboutDns": "Waiting for the DNS",
    "DrainOldMx": "Waiting for late mail",
    "VerifyTenant": "Verification",
    "ResetPasswords": "New passwords",
    "SendClientGuides": "Client settings",
    "ApproveRollback": "Approval of the rollback",
    "OrderRollback": "Rollback",
    "RollbackDns": "Old DNS records",
}
"""By the states of notes. Others say nothing about where the run is."""

_SUMMARY = "SummarisePass"
_NUMBER = re.compile(r"Delta pass (\d+)")


@dataclass(frozen=True, slots=True)
class PhaseLine:
    """A part of a run.

    name   what it is called
    begun  when it began
    ended  when it ended; empty while it goes on
    """

    name: str
    begun: str
    ended: str


def tell_phases(
    notes: Sequence[Note], passes: Iterable[int], now: str = ""
) -> tuple[PhaseLine, ...]:
    """The phases of a run in the order of their begins. `passes` are the ids of those that judged a
    mailbox; `now` is when the report is written, "" while the run is at work: then the last phase
    has no end. Where a phase ends by itself, as a pass does, the next may begin later."""
    begins = [moment_of_pass(each) for each in passes]
    begins += [note.at for note in notes if _is_paused(note)]
    marks = [PhaseLine(_PHASES[note.state], note.at, "") for note in notes if note.state in _PHASES]
    marks += _tell_passes(notes, sorted(begins, key=datetime.fromisoformat))
    marks.sort(key=lambda mark: datetime.fromisoformat(mark.begun))
    if now:
        marks.append(PhaseLine(REPORT, now, now))
    return tuple(_close(marks))


def _tell_passes(notes: Sequence[Note], begins: Sequence[str]) -> Iterator[PhaseLine]:
    """Each pass once, however often mailboxes were tried again in it; a last one without an end is
    at work, or was broken off. A pass that judged nobody began, for all that is known, with what
    was noted last."""
    ends = {
        _name(note): note.at for note in notes if note.state == _SUMMARY and not _is_paused(note)
    }
    before = ""
    for name, end in ends.items():
        noted = [note.at for note in notes if note.at != end]
        known = [each for each in begins if _is_between(before, each, end)]
        known = known or [each for each in noted if _is_between(before, each, end)] or [end]
        yield PhaseLine(name, known[-1], end)
        before = end
    if begins and _is_between(before, begins[-1], ""):
        number = len(ends) + (FIRST_COPY not in ends)
        yield PhaseLine(f"Delta pass {number}" if ends else FIRST_COPY, begins[-1], "")


def _close(marks: Sequence[PhaseLine]) -> Iterator[PhaseLine]:
    """Marks of one phase that follow each other are one; it ends with itself, or with the next."""
    groups = [list(group) for _, group in groupby(marks, key=lambda mark: mark.name)]
    begins = [group[0].begun for group in groups]
    for group, following in zip(groups, [*begins[1:], ""], strict=False):
        yield replace(group[0], ended=group[-1].ended or following)


def _name(note: Note) -> str:
    number = _NUMBER.match(note.what)
    return f"Delta pass {number[1]}" if number else FIRST_COPY


def _is_paused(note: Note) -> bool:
    """Such a line stands at the beginning of its pass, and says that it has not ended."""
    return note.state == _SUMMARY and note.what.endswith(" paused")


def _is_between(before: str, at: str, end: str) -> bool:
    """After `before` and not after `end`, where these are given."""
    moment = datetime.fromisoformat(at)
    is_after = not before or moment > datetime.fromisoformat(before)
    return is_after and (not end or moment <= datetime.fromisoformat(end))
