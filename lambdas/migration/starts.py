"""Executions that something starts by itself: an uploaded manifest, or a schedule of the tenant.

EventBridge and its scheduler deliver at least once, and in any order. So each start has a sequence
that grows from start to start of the same trigger (S3's sequencer of the upload; the time for which
it was scheduled), and the ledger keeps the highest: what was taken already, or comes after a later
one, does nothing. A start that meets another run does nothing either, and the operators are told:
nobody looks at an execution that nobody has started.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from migration.manifest_columns import USERS
from migration.notices import tell_not_started
from migration.ports import Executions, Ledger
from migration.runs import let_in
from migration.telling import Teller

UPLOAD = "upload"
"""The trigger that is an uploaded manifest; every other one is a schedule's name."""
_INTAKE = "intake/"
_SEQUENCE_LENGTH = 64


class Wanted(Protocol):
    """What of an execution's input says how it was started. `trigger` is empty if somebody has done
    it. An upload has the uploaded key as its `manifest`."""

    @property
    def trigger(self) -> str: ...
    @property
    def sequence(self) -> str: ...
    @property
    def manifest(self) -> str: ...
    @property
    def version(self) -> str: ...
    @property
    def phases(self) -> Sequence[str]: ...
    @property
    def control(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Starting:
    """With what an execution is admitted. `usual` is the key of the tenant's own manifest, `now`
    when it is tried."""

    ledger: Ledger
    executions: Executions
    teller: Teller
    usual: str
    now: str


@dataclass(frozen=True, slots=True)
class Admission:
    """`verdict` is empty if the execution may work. Else it is AlreadyRunning, and `owner` the
    execution that works for the tenant; or AlreadyTaken, and `owner` has taken this start, or a
    later one of its trigger."""

    verdict: str
    owner: str


def admit(means: Starting, execution: str, run: str, wanted: Wanted) -> Admission:
    """Whether the execution may work; takes the tenant's lock if it may. May be called again.

    ProvisioningPending while what an ended execution left behind is cleaned up."""
    if wanted.trigger:
        # To compare two sequencers, S3 says, the shorter one gets zeros at its end:
        # https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
        sequence = wanted.sequence.ljust(_SEQUENCE_LENGTH, "0")
        name = f"{wanted.trigger} {wanted.manifest}".rstrip()
        taken_by = means.ledger.claim_start(name, sequence, execution)
        if taken_by != execution:
            return Admission("AlreadyTaken", taken_by)
    owner = let_in(means.ledger, means.executions, execution, means.now, wanted.control)
    if owner == execution:
        return Admission("", owner)
    if wanted.trigger:
        told = _describe(wanted, manifest_of(wanted, means.usual))
        tell_not_started(means.teller, run, means.now, owner, *told)
    return Admission("AlreadyRunning", owner)


def manifest_of(wanted: Wanted, usual: str) -> str:
    """The key of the execution's manifest; `usual` is the tenant's own. The upload of a users.csv
    stands for its folder, of which it is the last file, unless it lies directly below intake/ or is
    the tenant's own manifest."""
    folder, _, name = wanted.manifest.rpartition("/")
    is_file = name != USERS.file or f"{folder}/" == _INTAKE or wanted.manifest == usual
    if wanted.trigger != UPLOAD or is_file:
        return wanted.manifest or usual
    return f"{folder}/"


def _describe(wanted: Wanted, manifest: str) -> tuple[str, str, str]:
    """What came, what to do about it, and the input that does it."""
    if wanted.trigger == UPLOAD:
        remedy = (
            "When that run has ended, upload it once more, or start the workflow with the version "
            "that was not taken:"
        )
        again = json.dumps({"manifest": manifest, "version": wanted.version})
        return "a manifest was uploaded", remedy, again
    remedy = (
        "Nothing is to be done if that run does the same. Else start the workflow when it has "
        "ended, with:"
    )
    return (
        f"the schedule {wanted.trigger} was due",
        remedy,
        json.dumps({"phases": [*wanted.phases]}),
    )
