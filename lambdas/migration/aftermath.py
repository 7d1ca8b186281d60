"""What is put right after an execution that could not do so itself.

An execution that is aborted, times out, or whose history is full enters no more states: the
administrator keeps its rights and the tenant its lock. A rule on the status of executions calls
this then (stacks/triggers.py). It may be called twice, and for executions that left nothing behind.

Its functions work on for some minutes when an execution is aborted. What they make then, the
cleaner may not see: who gives rights looks afterwards whether the lock is its execution's still.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from migration.errors import ProvisioningPending, TenantMisconfigured
from migration.model import Note
from migration.ports import Executions, Ledger
from migration.runs import cleaned_by, cleaner_of, is_cleaning

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Ended:
    """An execution (`execution` is its ARN, `run` its name) that ended as `status` at `at`."""

    execution: str
    run: str
    status: str
    at: str


def clean_up(
    ledger: Ledger,
    executions: Executions,
    take_rights_away: Callable[[], object],
    ended: Ended,
    now: str,
) -> bool:
    """Takes the rights away and frees the tenant; False, and nothing done, if another execution
    works for the tenant by now: the rights are its own then.

    Meanwhile the lock is the cleaner's, so that no execution begins whose rights this would take.
    What `take_rights_away` raises passes: the lock stays the cleaner's until it is called again, or
    for the quarter of an hour after which an execution may take it over. That is counted from
    `now`, when this attempt is at work: the event may be hours old. ProvisioningPending while what
    another execution left behind is cleaned up.
    """
    cleaner = cleaner_of(ended.execution, now)
    owner = ledger.acquire_lock(cleaner, now)
    # An attempt of before has ended: its lock is this one's.
    if owner != cleaner and ended.execution not in (owner, cleaned_by(owner)):
        if is_cleaning(owner, now):
            raise ProvisioningPending("what another execution left behind is being cleaned up", 10)
        if not cleaned_by(owner) and executions.is_running(owner):
            return False
    if owner != cleaner and not ledger.take_over_lock(cleaner, owner, now):
        raise ProvisioningPending("another has just taken the tenant's lock", 10)
    take_rights_away()
    what = f"the execution ended as {ended.status}: the rights that it was given are taken away"
    ledger.add_note(ended.run, Note(ended.at, "CleanUp", what))
    ledger.release_lock(cleaner)
    return True


def make_under_lock(
    ledger: Ledger,
    execution: str,
    make: Callable[[], T],
    take_rights_away: Callable[[], object],
) -> T:
    """What `make` answers, which gives rights. If the lock is not the execution's any more then,
    however `make` has ended, the cleaner may have come and gone before: the rights are taken away
    here. Not if another execution has the lock: they are its own by now, and end with it.

    TenantMisconfigured if the lock is lost, unless `make` itself raises.
    """
    try:
        made = make()
    finally:
        owner = ledger.lock_owner()
        if not owner or cleaned_by(owner):
            take_rights_away()
    if owner != execution:
        problem = (
            "the tenant's lock is not this execution's any more: it was ended from outside; start "
            "the migration again"
        )
        raise TenantMisconfigured([problem])
    return made
