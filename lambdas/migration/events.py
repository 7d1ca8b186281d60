"""What every state is given and gives back: the only file that knows the JSON keys.

`X` is the input of state X, `XResult` its answer. Ids, positions and counts travel here; never
mail, addresses, passwords or tokens. `pass_id` is the epoch millisecond at which a pass began: it
grows from pass to pass and from run to run. `now` is the state's entry time, ISO 8601: handlers
have no clock of their own, so that a laptop can run days in seconds. (It is the same for all
attempts of a state. Whose time counts for the lock, see wiring.moment.)
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Self

from migration.errors import InputInvalid

MIGRATION = ("provision", "copy", "cutover", "delta", "report")
ROLLBACK = "rollback"
CLIENTS = "clients"
PHASES = (*MIGRATION, CLIENTS, ROLLBACK)


@dataclass(frozen=True, slots=True)
class Event:
    """Base of all events: a flat JSON object whose keys are the fields' names."""

    @classmethod
    def parse(cls, payload: object) -> Self:
        """InputInvalid names every key that is missing, unknown or of a wrong type."""
        if not isinstance(payload, Mapping):
            raise InputInvalid([f"{cls.__name__}: expected a JSON object"])
        known = {entry.name: str(entry.type) for entry in fields(cls)}
        problems = [f"{cls.__name__}: {name} is missing" for name in known if name not in payload]
        problems += [f"{cls.__name__}: {name} is unknown" for name in payload if name not in known]
        problems += [
            f"{cls.__name__}: {name} must be of type {known[name]}"
            for name, value in payload.items()
            if name in known and not _fits(value, known[name])
        ]
        if problems:
            raise InputInvalid(problems)
        return cls(**payload)

    def dump(self) -> dict[str, Any]:
        """The JSON object for Step Functions."""
        return asdict(self)


def _fits(value: object, type_name: str) -> bool:
    if type_name == "int":
        return isinstance(value, int) and not isinstance(value, bool)
    expected: dict[str, type] = {"str": str, "bool": bool}
    return isinstance(value, expected.get(type_name, Mapping))


@dataclass(frozen=True, slots=True)
class ExecutionInput:
    """What an operator may write into the console's input box; `{}` runs the whole migration.
    `manifest` is a key: of a CSV file, of a .yaml, .yml or .json document, or of a folder if it
    ends in /. `run` is the run to take back, with the phase rollback; empty for all."""

    phases: tuple[str, ...] = MIGRATION
    manifest: str = ""
    run: str = ""

    @property
    def only_report(self) -> bool:
        """Whether nothing is to be done but to tell of the last run once more: to the operator, or
        to its users how to set up their mail programs."""
        return set(self.phases) <= {"report", CLIENTS}

    @classmethod
    def parse(cls, payload: object) -> ExecutionInput:
        """InputInvalid names every unknown key and phase, and what was probably meant."""
        if not isinstance(payload, Mapping):
            raise InputInvalid(["the input must be a JSON object; {} is fine"])
        known = ("phases", "manifest", "run")
        problems = [
            f"unknown key {_short(key)}{_hint(key, known)}" for key in payload if key not in known
        ]
        phases = payload.get("phases", list(MIGRATION))
        if not isinstance(phases, list) or not phases:
            problems.append(f"phases must be a list of: {', '.join(PHASES)}")
            phases = []
        problems += [
            f"unknown phase {_short(phase)}{_hint(phase, PHASES)}"
            for phase in phases
            if phase not in PHASES
        ]
        if ROLLBACK in phases and len(phases) > 1:
            problems.append(
                "the phase rollback stands alone: nothing is made and taken back at once"
            )
        manifest = payload.get("manifest", "")
        if not isinstance(manifest, str) or not re.fullmatch("(intake/.+)?", manifest, re.DOTALL):
            problems.append(
                "manifest must be a key below intake/ in the tenant's bucket; one that ends in / "
                "is a folder"
            )
        run = payload.get("run", "")
        if not isinstance(run, str) or (run and phases != [ROLLBACK]):
            problems.append("run must be the name of a run, and only the phase rollback takes it")
        if problems:
            raise InputInvalid(problems)
        return cls(tuple(phases), manifest, run)


def _short(value: object) -> str:
    text = str(value)
    return repr(text if len(text) <= 40 else text[:40] + "...")


def _hint(value: object, known: tuple[str, ...]) -> str:
    close = difflib.get_close_matches(str(value), known, n=1)
    return f" (did you mean {close[0]}?)" if close else f" (known: {', '.join(known)})"


# ---- one pair per state ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Prepare(Event):
    """`input` is the execution's own input, unchecked."""

    input: Mapping[str, Any]
    execution: str
    run: str
    now: str


@dataclass(frozen=True, slots=True)
class PrepareResult(Event):
    """`run` is this execution, or the last run if only that is to be told of. `phases` maps every
    phase to whether it runs; `limits` holds the numbers that the definition needs (users,
    mailboxes, delta_passes, delta_interval_seconds). `rollback_of` is the run to take back, empty
    for all."""

    already_running: bool
    owner: str
    run: str
    phases: Mapping[str, bool]
    limits: Mapping[str, int]
    manifest: str
    rollback_of: str


@dataclass(frozen=True, slots=True)
class Preflight(Event):
    run: str
    now: str
    manifest: str


@dataclass(frozen=True, slots=True)
class PreflightResult(Event):
    """`warnings` counts what the report tells and what does not stop the run; `conflicts` what the
    manifest wants and WorkMail has otherwise. `provisions`: whether the users are WorkMail's own,
    to be created and enabled."""

    days_left: int
    warnings: int
    conflicts: int
    provisions: bool


@dataclass(frozen=True, slots=True)
class PlanWave(Event):
    run: str
    now: str
    manifest: str


@dataclass(frozen=True, slots=True)
class PlanWaveResult(Event):
    """Where the wave lies in the bucket, and how many mailboxes it names; the same of the file that
    names groups, resources and sharings, which may have no line."""

    key: str
    version: str
    count: int
    entities_key: str
    entities_version: str
    entities: int


@dataclass(frozen=True, slots=True)
class PreparePasswords(Event):
    run: str
    now: str


@dataclass(frozen=True, slots=True)
class PreparePasswordsResult(Event):
    """`rule` says what new users get: generate, secret or none. `generated` counts the passwords
    that were made up."""

    rule: str
    generated: int


@dataclass(frozen=True, slots=True)
class EnsureDomains(Event):
    """`since` is when the waiting began; `may_begin_early`: users may be given addresses in the
    test domain while it goes on."""

    run: str
    now: str
    since: str
    may_begin_early: bool


@dataclass(frozen=True, slots=True)
class EnsureDomainsResult(Event):
    """`verified`: every domain can be used. `early`: not yet, and the users begin in the test
    domain."""

    verified: bool
    wait_seconds: int
    early: bool


@dataclass(frozen=True, slots=True)
class ProvisionUser(Event):
    """`early`: not all domains can be used yet. `passwords` is the rule that PreparePasswords
    answered."""

    run: str
    mailbox: str
    early: bool
    passwords: str
    now: str


@dataclass(frozen=True, slots=True)
class ProvisionUserResult(Event):
    """`outcome`: created, enabled, enabled again, changed, unchanged or refused."""

    outcome: str


@dataclass(frozen=True, slots=True)
class ProvisionEntity(Event):
    run: str
    entity: str
    now: str


@dataclass(frozen=True, slots=True)
class ProvisionEntityResult(Event):
    """`outcome`: created, enabled, enabled again, changed, unchanged or refused."""

    outcome: str


@dataclass(frozen=True, slots=True)
class LinkEntity(ProvisionEntity):
    """As ProvisionEntity."""


@dataclass(frozen=True, slots=True)
class LinkEntityResult(ProvisionEntityResult):
    """What both together have done."""


@dataclass(frozen=True, slots=True)
class FailEntity(Event):
    run: str
    entity: str
    now: str
    error: str
    cause: str


@dataclass(frozen=True, slots=True)
class FailEntityResult(Event):
    recorded: bool


@dataclass(frozen=True, slots=True)
class SettlePasswords(Event):
    run: str
    now: str


@dataclass(frozen=True, slots=True)
class SettlePasswordsResult(Event):
    """Generated passwords that belong to users, and those that nobody needed."""

    kept: int
    dropped: int


@dataclass(frozen=True, slots=True)
class EnableAdministrator(Event):
    """`run` is the one whose mailboxes are opened, `execution` who holds the tenant's lock."""

    run: str
    execution: str
    now: str


@dataclass(frozen=True, slots=True)
class EnableAdministratorResult(Event):
    """`access` is a code (access.py) by which functions open mailboxes. `target` is the kind of
    target that was settled: workmail_ews or workmail_imap."""

    access: str
    target: str


@dataclass(frozen=True, slots=True)
class CopySlice(Event):
    """`access` and `target` are what EnableAdministrator answered."""

    run: str
    mailbox: str
    pass_id: int
    access: str
    target: str
    now: str


@dataclass(frozen=True, slots=True)
class CopySliceResult(Event):
    """`outcome`: more, backoff (after `retry_after` seconds), done, paused (the operator wants the
    copy to stop for a while), or failed (the user was refused by provisioning)."""

    outcome: str
    retry_after: int
    copied: int


@dataclass(frozen=True, slots=True)
class VerifyMailbox(CopySlice):
    """As CopySlice."""


@dataclass(frozen=True, slots=True)
class VerifyMailboxResult(Event):
    """`agreement`: agree, exceptions or differ."""

    agreement: str
    copied: int


@dataclass(frozen=True, slots=True)
class FailMailbox(Event):
    run: str
    mailbox: str
    now: str
    error: str
    cause: str


@dataclass(frozen=True, slots=True)
class FailMailboxResult(Event):
    recorded: bool


@dataclass(frozen=True, slots=True)
class SummarisePass(Event):
    run: str
    now: str
    pass_id: int
    passes: int


@dataclass(frozen=True, slots=True)
class SummarisePassResult(Event):
    """Mailboxes by how the pass ended for them, and the messages that it copied. `unsettled`
    counts those of the failed and paused ones that the next pass may copy. `pause_wanted`: the
    operator has not taken the pause back yet."""

    done: int
    exceptions: int
    failed: int
    paused: int
    unsettled: int
    copied: int
    pause_wanted: bool


@dataclass(frozen=True, slots=True)
class CheckDns(Event):
    """`since` is when the cut-over began."""

    run: str
    now: str
    since: str


@dataclass(frozen=True, slots=True)
class CheckDnsResult(Event):
    """`open` counts the required records that are not right yet."""

    ready: bool
    wait_seconds: int
    open: int


@dataclass(frozen=True, slots=True)
class VerifyTenant(Event):
    run: str
    now: str
    pass_id: int


@dataclass(frozen=True, slots=True)
class VerifyTenantResult(Event):
    agreement: str
    mailboxes: int
    failed: int


@dataclass(frozen=True, slots=True)
class ResetPasswords(Event):
    run: str
    now: str


@dataclass(frozen=True, slots=True)
class ResetPasswordsResult(Event):
    """Users who have another password now, and those whom WorkMail refused one."""

    reset: int
    refused: int


@dataclass(frozen=True, slots=True)
class SendClientGuides(Event):
    """`since` is when this round of sending began: it goes over many calls."""

    run: str
    now: str
    since: str


@dataclass(frozen=True, slots=True)
class SendClientGuidesResult(Event):
    """`more`: not all users had their turn; to be called again after `wait_seconds`. At the end:
    how many pages were written and mails sent, and what the operator must see to."""

    more: bool
    wait_seconds: int
    pages: int
    sent: int
    problems: int


@dataclass(frozen=True, slots=True)
class PlanRollback(Event):
    """`of` is the run to take back, "" for all."""

    run: str
    now: str
    of: str


@dataclass(frozen=True, slots=True)
class PlanRollbackResult(Event):
    """`count` things would be taken back, `left` are left; `looks` mailboxes must be looked into,
    which the file `looks_key` lists. `copied_by` is the run whose mailboxes show whether the
    administrator's rights work."""

    count: int
    left: int
    looks: int
    looks_key: str
    copied_by: str


@dataclass(frozen=True, slots=True)
class ApproveRollback(Event):
    """`token` answers this one task and nothing else; it is the only one that travels."""

    run: str
    now: str
    token: str
    count: int


@dataclass(frozen=True, slots=True)
class ApproveRollbackResult(Event):
    """What the function says, and nobody waits for. The state's own result is what the operator
    sends: `approved`."""

    key: str


@dataclass(frozen=True, slots=True)
class LookIntoMailbox(Event):
    """`deed` is the key of the one that made the mailbox, which the ledger may know as `mailbox`;
    `access` and `target` are what EnableAdministrator answered."""

    run: str
    now: str
    deed: str
    mailbox: str
    access: str
    target: str


@dataclass(frozen=True, slots=True)
class LookIntoMailboxResult(Event):
    kept: bool


@dataclass(frozen=True, slots=True)
class OrderRollback(Event):
    """As PlanRollback."""

    run: str
    now: str
    of: str


@dataclass(frozen=True, slots=True)
class OrderRollbackResult(Event):
    """`stages`: the files with the steps, by the number of the stage, from "1"."""

    stages: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class UndoStep(Event):
    """A step of rollback_plan.py. `deeds` and `carried` are keys with blanks between them,
    `mailbox` may be ""."""

    run: str
    now: str
    deeds: str
    carried: str
    mailbox: str


@dataclass(frozen=True, slots=True)
class UndoStepResult(Event):
    """`left`: how many deeds could not be taken back."""

    left: int


@dataclass(frozen=True, slots=True)
class DisableAdministrator(Event):
    run: str
    now: str


@dataclass(frozen=True, slots=True)
class DisableAdministratorResult(Event):
    """`removed`: whether there was a role to remove."""

    removed: bool


@dataclass(frozen=True, slots=True)
class CleanUp(Event):
    """Not of a state: the rule on the status of executions sends it (stacks/triggers.py).
    `execution` is an ARN, `run` the execution's name, `status` how it ended."""

    execution: str
    run: str
    status: str
    now: str


@dataclass(frozen=True, slots=True)
class CleanUpResult(Event):
    """`cleaned`: False if another execution works for the tenant by now."""

    cleaned: bool


@dataclass(frozen=True, slots=True)
class WriteReport(Event):
    """`error` and `cause` tell what has stopped the run; empty when nothing has."""

    run: str
    now: str
    error: str
    cause: str


@dataclass(frozen=True, slots=True)
class WriteReportResult(Event):
    """The execution's output. `verdict`: done, exceptions or failed."""

    verdict: str
    report: str
    counts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ReleaseLock(Event):
    run: str
    now: str
    execution: str


@dataclass(frozen=True, slots=True)
class ReleaseLockResult(Event):
    released: bool
