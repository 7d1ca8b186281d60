"""Gives every mailbox of the wave its WorkMail user: described, else created, enabled, aliased.

`decide` is pure: what to do next with what WorkMail shows, and why. `provision_user` does it, and
may be stopped anywhere and run again: each call begins by looking.

WorkMail shows a change only after a while. Then ProvisioningPending leaves, the workflow waits
and calls again.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum

from migration.errors import ProvisioningPending, UserRefused
from migration.model import DirectoryUser, Failure, Mailbox, MailboxRecord, MailboxStatus
from migration.ports import Directory, Ledger

CREATED, ENABLED, UNCHANGED, REFUSED = "created", "enabled", "unchanged", "refused"

# What the ledger keeps between the call that changed the user and the call that finds it ready.
_UNDER_WAY = {"creating": CREATED, "enabling": ENABLED}
_RETRY_AFTER = 5.0


class Step(StrEnum):
    """What to do next."""

    CREATE = "create"
    ENABLE = "enable"
    WAIT = "wait"
    ADD_ALIASES = "add aliases"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Decision:
    """A step and the reason for it. `reason` holds no address or name."""

    step: Step
    reason: str


def decide(mailbox: Mailbox, user: DirectoryUser | None) -> Decision:
    """The next step for a mailbox whose address or user name WorkMail knows as `user`."""
    if user is None:
        return Decision(Step.CREATE, "WorkMail knows neither the address nor the user name")
    if user.state == "DELETED":
        reason = (
            "a deleted user holds the user name (state DELETED): "
            "restore that user in WorkMail, or write another username in the manifest"
        )
        return Decision(Step.REFUSE, reason)
    if user.email and user.email.lower() != mailbox.target.lower():
        reason = (
            "the user exists with another primary address: change the address in WorkMail, "
            "or write another target or username in the manifest"
        )
        return Decision(Step.REFUSE, reason)
    if user.ready:
        return Decision(Step.ADD_ALIASES, "the user has its mailbox")
    if user.state == "ENABLED":
        return Decision(Step.WAIT, "the user is enabled and its mailbox is not ready yet")
    return Decision(Step.ENABLE, "the user exists and is disabled")


def missing_aliases(mailbox: Mailbox, present: AbstractSet[str]) -> list[tuple[int, str]]:
    """The aliases still to add, each with its number in the manifest, counted from 1."""
    known = {alias.lower() for alias in present}
    return [
        (number, alias)
        for number, alias in enumerate(mailbox.aliases, 1)
        if alias.lower() not in known
    ]


def provision_user(
    directory: Directory, ledger: Ledger, mailbox_id: str, password_of: Callable[[str], str]
) -> str:
    """created, enabled, unchanged or refused: what this run has done, as the ledger has it too.

    `password_of(address)` gives the password of a user who must be created, "" for none. Users who
    are there keep theirs.

    ProvisioningPending if WorkMail is not finished; the status stays PLANNED until the user has
    a mailbox and its aliases. A refusal is recorded as the mailbox's failure, and the others go on.
    """
    record = ledger.mailbox(mailbox_id)
    if record.status is MailboxStatus.PROVISIONED and record.provisioned in _UNDER_WAY:
        ledger.set_status(mailbox_id, MailboxStatus.PLANNED)  # `_remember` was stopped half-way
    try:
        return _provision(directory, ledger, record, password_of)
    except UserRefused as refusal:
        ledger.set_failed(mailbox_id, Failure(type(refusal).__name__, str(refusal)))
        return REFUSED


def _provision(
    directory: Directory, ledger: Ledger, record: MailboxRecord, password_of: Callable[[str], str]
) -> str:
    mailbox = record.mailbox
    user = directory.find_user(mailbox.target, mailbox.username)
    decision = decide(mailbox, user)
    if decision.step is Step.REFUSE:
        raise UserRefused(decision.reason)
    if user is None:
        user_id = directory.create_user(mailbox, password_of(mailbox.target))
        _remember(ledger, record, user_id, "creating")
        directory.enable_user(user_id, mailbox.target)
    elif decision.step is Step.ENABLE:
        directory.enable_user(user.id, mailbox.target)
        _remember(ledger, record, user.id, "enabling")
    elif decision.step is Step.ADD_ALIASES:
        _add_aliases(directory, mailbox, user.id)
        how = _what_was_done(record)
        ledger.set_provisioned(mailbox.id, user.id, how)
        return how
    raise ProvisioningPending("WorkMail has not made the mailbox ready yet", _RETRY_AFTER)


def _remember(ledger: Ledger, record: MailboxRecord, user_id: str, under_way: str) -> None:
    """Keeps what was done, for the call that finds the user ready."""
    if record.provisioned != "creating":
        ledger.set_provisioned(record.mailbox.id, user_id, under_way)
        # set_provisioned says PROVISIONED, which is true of mailboxes that are ready alone.
        ledger.set_status(record.mailbox.id, MailboxStatus.PLANNED)


def _what_was_done(record: MailboxRecord) -> str:
    """For a user that is found ready. An earlier run's "created" is "unchanged" in this one; this
    run's own answer, given before and lost, is given again."""
    if record.provisioned in _UNDER_WAY:
        return _UNDER_WAY[record.provisioned]
    return record.provisioned if record.status is MailboxStatus.PROVISIONED else UNCHANGED


def _add_aliases(directory: Directory, mailbox: Mailbox, user_id: str) -> None:
    """Adds what is missing; UserRefused names every alias that WorkMail refuses."""
    refusals = []
    for number, alias in missing_aliases(mailbox, directory.aliases(user_id)):
        try:
            directory.add_alias(user_id, alias)
        except UserRefused as refusal:
            refusals.append(f"alias {number}: {refusal}")
    if refusals:
        raise UserRefused("; ".join(refusals))
