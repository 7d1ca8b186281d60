"""What the operator says to the execution that works for the tenant: pause, resume, abort.

It is said by an execution of its own, which takes no lock: pause and resume are a wish in the
ledger, which the workers look at before each batch. An abort ends the execution itself, wherever
it is, after its workers have stopped (docs/decisions/0018).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from migration.late_passes import remove_late_passes
from migration.model import Note
from migration.ports import Executions, Ledger, Schedules

STATE = "ControlRun"

COPY = "Mailboxes"
"""The label of the Map whose workers look at the ledger."""

_LOOK_AGAIN = 15
_WORKERS_MAY_TAKE = 5 * 60
_CLEANING_MAY_TAKE = 20 * 60


@dataclass(frozen=True, slots=True)
class Said:
    """`verdict`: paused, resumed, aborted, aborting or nothing runs. `owner` is the execution that
    was meant, "" if none works; `wait_seconds` is 0 unless something has to be looked at again."""

    verdict: str
    text: str
    owner: str = ""
    wait_seconds: int = 0


def say(
    ledger: Ledger,
    executions: Executions,
    schedules: Schedules,
    word: str,
    owner: str,
    since: str,
    now: str,
) -> Said:
    """Says `word` (pause, resume or abort) to the execution that has the tenant's lock, and what
    has come of it. `owner` is "" at the first look, and what the look before answered after it:
    an abort goes on with that execution, whoever has the lock by then. `since` is when it was
    said first. ValueError for another word. What Schedules raises passes."""
    if word == "pause":
        return _pause(ledger, executions, now)
    if word == "resume":
        return _resume(ledger, executions, now)
    if word == "abort":
        owner = owner or _find_owner(ledger, executions)
        return _abort(ledger, executions, schedules, owner, since, now)
    raise ValueError(f"nobody can be told to {word}")


def run_of(execution: str) -> str:
    """The name of an execution, by its ARN."""
    return execution.rpartition(":")[2]


def _find_owner(ledger: Ledger, executions: Executions) -> str:
    """The execution that works for the tenant; "" if none does."""
    owner = ledger.lock_owner()
    return owner if owner and executions.is_running(owner) else ""


def _pause(ledger: Ledger, executions: Executions, now: str) -> Said:
    ledger.want_pause(True)
    owner = _find_owner(ledger, executions)
    how = 'resume with {"phases": ["resume"]}'
    if not owner:
        return Said(
            "paused", f"nothing runs; the copy of the next run waits until you say so: {how}"
        )
    run = run_of(owner)
    ledger.add_note(run, Note(now, STATE, "the operator wants a pause: the copy stops"))
    return Said("paused", f"paused run {run}: its copy stops with the batch it is at; {how}", owner)


def _resume(ledger: Ledger, executions: Executions, now: str) -> Said:
    ledger.want_pause(False)
    owner = _find_owner(ledger, executions)
    if not owner:
        return Said("resumed", "nothing runs; no pause is wanted any more")
    run = run_of(owner)
    ledger.add_note(run, Note(now, STATE, "the operator wants no pause any more"))
    return Said("resumed", f"resumed run {run}: its copy goes on within 15 minutes", owner)


def _abort(
    ledger: Ledger, executions: Executions, schedules: Schedules, owner: str, since: str, now: str
) -> Said:
    if not owner:
        late = _describe(remove_late_passes(schedules))
        return Said("nothing runs", f"nothing runs for this tenant, nothing was aborted{late}")
    run, waited = run_of(owner), _seconds(since, now)
    if executions.is_running(owner):
        ledger.want_abort(run)
        at_work = COPY in executions.maps_at_work(owner)
        if at_work and waited < _WORKERS_MAY_TAKE:
            return Said("aborting", f"run {run}: its workers stop", owner, _LOOK_AGAIN)
        ledger.add_note(run, Note(now, STATE, "the operator aborts this run"))
        executions.stop(owner, "Aborted", "by the phase abort")
        return Said("aborting", f"run {run} is ended", owner, _LOOK_AGAIN)
    # The lock is its own or, for a while, its cleaner's: both names end with the execution's.
    is_cleaned = not ledger.lock_owner().endswith(owner)
    if not is_cleaned and waited < _CLEANING_MAY_TAKE:
        return Said("aborting", f"run {run}: its rights are taken away", owner, _LOOK_AGAIN)
    rights = (
        "the administrator has no rights any more and the tenant is free"
        if is_cleaned
        else "but what it left behind is not cleaned up: look at the function clean-up, and start "
        "the workflow again, which takes the lock over"
    )
    late = _describe(remove_late_passes(schedules))
    report = 'what it did until then is in the report of {"phases": ["report"]}'
    return Said("aborted", f"aborted run {run}: {rights}{late}; {report}", owner)


def _seconds(since: str, now: str) -> float:
    return (datetime.fromisoformat(now) - datetime.fromisoformat(since)).total_seconds()


def _describe(removed: int) -> str:
    return f"; {removed} late passes will not begin" if removed else ""
