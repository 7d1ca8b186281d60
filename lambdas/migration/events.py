"""What every state is given and gives back: the only file that knows the JSON keys, but for those
of an execution's own input (execution_input.py).

`X` is the input of state X, `XResult` its answer. Ids, positions and counts travel here; never
mail, addresses, passwords or tokens. `pass_id` is the epoch millisecond at which a pass began: it
grows from pass to pass and from run to run. `now` is the state's entry time, ISO 8601: handlers
have no clock of their own, so that a laptop can run days in seconds. (It is the same for all
attempts of a state. Whose time counts for the lock, see wiring.moment.)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Self

from migration.errors import InputInvalid
from migration.execution_input import FAILED, ExecutionInput


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


# ---- one pair per state ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Prepare(Event):
    """`input` is the execution's own input, unchecked."""

    input: Mapping[str, Any]
    execution: str
    run: str
    now: str

    @property
    def wanted(self) -> ExecutionInput:
        """The input, checked: InputInvalid names what is wrong with it."""
        return ExecutionInput.parse(self.input)


@dataclass(frozen=True, slots=True)
class PrepareResult(Event):
    """`verdict` is empty if the execution may work, else why it ends at once: AlreadyRunning, or
    AlreadyTaken (see starts.py); `owner` is the other one then. `run` is this execution, or the
    last run if only that is to be told of.
    `version` is that of the manifest, "" for the newest. `phases` maps every
    phase to whether it runs; `limits` holds the numbers that the definition needs (users,
    mailboxes, delta_passes, delta_interval_seconds, drain_seconds, late_passes, approval_seconds,
    answer_seconds, reminder_seconds, retry_passes, retry_seconds, route53, groupware).
    `rollback_of` is the run to take back, empty for all; `wave_of` the run whose mailboxes are
    looked at once more, empty for those of the manifest, and `only` says which of them.
    `unfinished`: what the migration keeps may be erased although it is not finished."""

    verdict: str
    owner: str
    run: str
    phases: Mapping[str, bool]
    limits: Mapping[str, int]
    manifest: str
    version: str
    rollback_of: str
    wave_of: str
    only: str
    unfinished: bool


@dataclass(frozen=True, slots=True)
class ControlRun(Event):
    """`word` is pause, resume or abort. `since` is when it was said first, `owner` the execution
    that is to be aborted: "" at the first look."""

    run: str
    now: str
    word: str
    since: str
    owner: str


@dataclass(frozen=True, slots=True)
class ControlRunResult(Event):
    """`verdict`: paused, resumed, aborted, aborting (look again after `wait_seconds`) or nothing
    runs. `said` tells the operator what was done. `owner` is the execution that it was said to, ""
    if none works."""

    verdict: str
    said: str
    owner: str
    wait_seconds: int


@dataclass(frozen=True, slots=True)
class RepeatWave(Event):
    """`of` is the run whose mailboxes are looked at once more; `only` as in the input."""

    run: str
    now: str
    of: str
    only: str

    @property
    def only_failed(self) -> bool:
        """Whether those alone are looked at that could not be copied."""
        return self.only == FAILED


@dataclass(frozen=True, slots=True)
class RepeatWaveResult(Event):
    """Where the wave lies in the bucket, and how many mailboxes it names."""

    key: str
    version: str
    count: int


@dataclass(frozen=True, slots=True)
class Preflight(Event):
    """`phases` are those of PrepareResult: the plan tells of these, and with `provision` of what is
    done to WorkMail's directory."""

    run: str
    now: str
    manifest: str
    version: str
    phases: Mapping[str, bool]


@dataclass(frozen=True, slots=True)
class PreflightResult(Event):
    """`warnings` counts what the report tells and what does not stop the run. `provisions`: whether
    the users are WorkMail's own, to be created and enabled."""

    days_left: int
    warnings: int
    provisions: bool


@dataclass(frozen=True, slots=True)
class PlanWave(Event):
    run: str
    now: str
    manifest: str
    version: str


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
class CopyGroupware(CopySlice):
    """As CopySlice."""


@dataclass(frozen=True, slots=True)
class CopyGroupwareResult(Event):
    """`outcome`: more, backoff (after `retry_after` seconds), done or paused. `copied` counts items
    of calendars, address books, tasks and notes."""

    outcome: str
    retry_after: int
    copied: int


@dataclass(frozen=True, slots=True)
class VerifyMailbox(CopySlice):
    """As CopySlice."""


@dataclass(frozen=True, slots=True)
class VerifyMailboxResult(Event):
    """`agreement`: agree, exceptions or differ. `copied` counts messages and items in this pass."""

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
    """`retries` counts how often the pass was made for its failed mailboxes alone, `retries_left`
    how often it still may be."""

    run: str
    now: str
    pass_id: int
    passes: int
    retries: int
    retries_left: int


@dataclass(frozen=True, slots=True)
class SummarisePassResult(Event):
    """Mailboxes by how the pass ended for them, and the messages and items that it copied.
    `unsettled` counts those of the failed and paused ones that the next pass may copy.
    `pause_wanted`: the operator has not taken the pause back yet. `retry` is how many are to be
    tried again alone; the file that names them lies at `retry_key`, both empty for none."""

    done: int
    exceptions: int
    failed: int
    paused: int
    unsettled: int
    copied: int
    pause_wanted: bool
    retry: int
    retry_key: str
    retry_version: str


@dataclass(frozen=True, slots=True)
class ApproveCutover(Event):
    """`token` answers this one task and nothing else. `asked` is when it was asked first,
    `reminder` counts from 0; `pass_id` and `passes` are those of the last pass, or 0."""

    run: str
    now: str
    token: str
    asked: str
    reminder: int
    pass_id: int
    passes: int


@dataclass(frozen=True, slots=True)
class ApproveCutoverResult(Event):
    """What the function says, and nobody waits for. The state's own result is what the operator
    sends: `answer`."""

    key: str


@dataclass(frozen=True, slots=True)
class AskAboutDns(Event):
    """As ApproveCutover. `waits`: how often the answer was to wait on."""

    run: str
    now: str
    token: str
    asked: str
    reminder: int
    waits: int


@dataclass(frozen=True, slots=True)
class AskAboutDnsResult(Event):
    """As ApproveCutoverResult."""

    key: str


@dataclass(frozen=True, slots=True)
class RecordAnswer(Event):
    """`kind` and `asked` name the question of the run; `answer` is what was sent, or `expired`."""

    run: str
    now: str
    kind: str
    asked: str
    answer: str


@dataclass(frozen=True, slots=True)
class RecordAnswerResult(Event):
    """`recorded`: False if the question has no such answer."""

    recorded: bool


@dataclass(frozen=True, slots=True)
class PrepareDns(Event):
    run: str
    now: str


@dataclass(frozen=True, slots=True)
class PrepareDnsResult(Event):
    """`lowered` counts the domains whose old MX may be cached for a shorter time now, `conflicts`
    the record sets that nobody will change but the operator."""

    lowered: int
    conflicts: int


@dataclass(frozen=True, slots=True)
class PublishDns(Event):
    """`since` is when publishing began."""

    run: str
    now: str
    since: str


@dataclass(frozen=True, slots=True)
class PublishDnsResult(Event):
    """`pending`: come again after `wait_seconds`. `changed` record sets were written by this call;
    `conflicts` are left to the operator."""

    pending: bool
    wait_seconds: int
    changed: int
    conflicts: int


@dataclass(frozen=True, slots=True)
class RollbackDns(Event):
    """`since` is when the rollback began."""

    run: str
    now: str
    since: str


@dataclass(frozen=True, slots=True)
class RollbackDnsResult(Event):
    """`pending`: come again after `wait_seconds`. `restored` record sets were put back by this
    call; `left` were changed by somebody since."""

    pending: bool
    wait_seconds: int
    restored: int
    left: int


@dataclass(frozen=True, slots=True)
class CheckDns(Event):
    """`since` is when the waiting began: with the cut-over, or when the operator wanted to wait
    on."""

    run: str
    now: str
    since: str


@dataclass(frozen=True, slots=True)
class CheckDnsResult(Event):
    """`open` counts the required records that are not right yet. `overdue`: the operator is to be
    asked whether to wait on. `drain_seconds`: the TTL of the old MX record as it
    was seen before the change, 0 if none was."""

    ready: bool
    wait_seconds: int
    open: int
    overdue: bool
    drain_seconds: int


@dataclass(frozen=True, slots=True)
class RecheckDns(Event):
    """Between two passes, after the cut-over."""

    run: str
    now: str


@dataclass(frozen=True, slots=True)
class RecheckDnsResult(Event):
    """`went_back`: the DNS was right, and servers do not say so any more. `open` as of CheckDns."""

    went_back: bool
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
class ScheduleLatePasses(Event):
    run: str
    now: str


@dataclass(frozen=True, slots=True)
class ScheduleLatePassesResult(Event):
    """How many passes will begin by themselves."""

    scheduled: int


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
class PlanErasure(Event):
    """`unfinished`: the operator gives the migration up, if it is not finished."""

    run: str
    now: str
    unfinished: bool


@dataclass(frozen=True, slots=True)
class PlanErasureResult(Event):
    """What would be erased: numbers by kind, and all of them together."""

    found: Mapping[str, int]
    total: int


@dataclass(frozen=True, slots=True)
class ApproveErasure(Event):
    """As ApproveCutover. `found` is what PlanErasure answered."""

    run: str
    now: str
    token: str
    asked: str
    reminder: int
    found: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class ApproveErasureResult(Event):
    """As ApproveCutoverResult."""

    key: str


@dataclass(frozen=True, slots=True)
class EraseTenant(Event):
    """`found` is what PlanErasure answered: the proof begins with it."""

    run: str
    now: str
    found: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class EraseTenantResult(Event):
    """`more`: not all is erased yet, call again. `erased` things went in this call."""

    more: bool
    erased: int


@dataclass(frozen=True, slots=True)
class ProveErasure(Event):
    """`rounds` counts how often something was left so far."""

    run: str
    now: str
    rounds: int


@dataclass(frozen=True, slots=True)
class ProveErasureResult(Event):
    """The execution's output, once `left` is 0. `proof` is the key of the file, `erased` how many
    of the things that were found are gone; `told`: operators were told so."""

    verdict: str
    left: int
    proof: str
    erased: int
    told: bool


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
class MeasureProgress(Event):
    """Not of a state: a rule sends it every few minutes (stacks/observability.py)."""

    now: str


@dataclass(frozen=True, slots=True)
class MeasureProgressResult(Event):
    """`at_work`: whether a run works for the tenant; if not, nothing was looked at."""

    at_work: bool


@dataclass(frozen=True, slots=True)
class WriteReport(Event):
    """`error` and `cause` tell what has stopped the run; empty when nothing has."""

    run: str
    now: str
    error: str
    cause: str


@dataclass(frozen=True, slots=True)
class WriteReportResult(Event):
    """The execution's output. `verdict`: done, exceptions, not cut over or failed."""

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
