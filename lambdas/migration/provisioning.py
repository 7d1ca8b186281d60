"""Gives every mailbox of the wave its WorkMail user: described, else created, enabled, and made
what the manifest says.

`decide` is pure: what to do next with what WorkMail shows, and why; user_changes.py has the same
for a user that is ready. `provision_user` does it, and may be stopped anywhere and run again: each
call begins by looking, and nothing that is right is written again.

WorkMail shows a change only after a while. Then ProvisioningPending leaves, the workflow waits
and calls again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial

from migration.directory_model import DirectoryUser
from migration.errors import ProvisioningPending, UserRefused
from migration.model import Failure, Mailbox, MailboxRecord, MailboxStatus
from migration.ports import Directory, Ledger
from migration.user_changes import (
    Action,
    missing_aliases,
    rule_on_quota,
    rule_on_user,
    wanted_user,
)
from migration.workmail_names import TEST_DOMAIN

CREATED, ENABLED, ENABLED_AGAIN = "created", "enabled", "enabled again"
CHANGED, UNCHANGED, REFUSED = "changed", "unchanged", "refused"

# What the ledger keeps between the call that changes the user and the call that finds it ready.
UNDER_WAY = {
    "creating": CREATED,
    "enabling": ENABLED,
    "enabling again": ENABLED_AGAIN,
    "changing": CHANGED,
    "updating": CHANGED,
}
RETRY_AFTER = 5.0


class Step(StrEnum):
    """What to do next."""

    CREATE = "create"
    ENABLE = "enable"
    ENABLE_AGAIN = "enable again"
    WAIT = "wait"
    PROMOTE = "promote"
    ENSURE = "ensure"
    REFUSE = "refuse"


_ENABLING: Mapping[Step, str] = {Step.ENABLE: "enabling", Step.ENABLE_AGAIN: "enabling again"}


@dataclass(frozen=True, slots=True)
class Decision:
    """A step and the reason for it. `reason` holds no address or name."""

    step: Step
    reason: str


def decide(mailbox: Mailbox, user: DirectoryUser | None, address: str = "") -> Decision:
    """The next step for a mailbox whose address or user name WorkMail knows as `user`. `address` is
    the primary address for the time being, "" for the manifest's. Somebody may have given the user
    another one of the test domain by hand: it serves as well."""
    if user is None:
        return Decision(Step.CREATE, "WorkMail knows neither the address nor the user name")
    if user.state == "DELETED":
        reason = "a deleted user had the user name: whether it is free again, CreateUser will say"
        return Decision(Step.CREATE, reason)
    waits = _waits_for_its_address(mailbox, user)
    if user.email and user.email.lower() != mailbox.target.lower() and not waits:
        reason = (
            "the user exists with another primary address: change the address in WorkMail, "
            "or write another target or username in the manifest"
        )
        return Decision(Step.REFUSE, reason)
    if user.ready and waits and not address:
        return Decision(Step.PROMOTE, "the user's address is still one of the test domain")
    if user.ready:
        return Decision(Step.ENSURE, "the user has its mailbox")
    if user.state == "ENABLED":
        return Decision(Step.WAIT, "the user is enabled and its mailbox is not ready yet")
    if user.was_enabled:
        reason = (
            "the user had a mailbox and was disabled: enabled with the same id, it gets it back "
            "within the 30 days for which WorkMail keeps it"
        )
        return Decision(Step.ENABLE_AGAIN, reason)
    return Decision(Step.ENABLE, "the user exists and is disabled")


def _waits_for_its_address(mailbox: Mailbox, user: DirectoryUser) -> bool:
    """Whether it is the mailbox's user, with an address of the organization's test domain that is
    not the manifest's."""
    return (
        user.email.lower() != mailbox.target.lower()
        and user.email.lower().endswith(TEST_DOMAIN)
        and user.name.lower() == mailbox.username.lower()
    )


def provision_user(
    directory: Directory,
    ledger: Ledger,
    mailbox_id: str,
    password_of: Callable[[str], str],
    *,
    early: bool = False,
) -> str:
    """created, enabled, enabled again (it was disabled before), changed, unchanged or refused:
    what this run has done, as the ledger has it too.

    `password_of(address)` gives the password of a user who is created right afterwards, "" for
    none; it is not asked for users of IAM Identity Center. Users who are there keep theirs.

    `early`: a domain may not be verified yet. A user whose address is in such a one gets an address
    in the organization's test domain for the time being, and no aliases; nor does anybody get
    aliases in such a one. Called again when all domains are verified, this gives the users both.
    What the run has done with the mailbox by then stays as it is.

    A resource has no user: its mailbox is made with the groups and resources, later in the run.

    ProvisioningPending if WorkMail is not finished; the status stays PLANNED until the user has
    a mailbox and all that the manifest says. A refusal is recorded as the mailbox's failure, and
    the others go on.
    """
    record = ledger.mailbox(mailbox_id)
    if record.mailbox.is_resource:
        ledger.set_status(mailbox_id, MailboxStatus.PROVISIONED)
        return UNCHANGED
    try:
        return _provision(directory, ledger, record, password_of, early=early)
    except UserRefused as refusal:
        ledger.set_failed(mailbox_id, Failure(type(refusal).__name__, str(refusal)))
        return REFUSED


def _provision(
    directory: Directory,
    ledger: Ledger,
    record: MailboxRecord,
    password_of: Callable[[str], str],
    *,
    early: bool,
) -> str:
    mailbox = record.mailbox
    address = _find_address_in_test_domain(directory, mailbox) if early else ""
    user = directory.find_user(mailbox.target, mailbox.username)
    decision = decide(mailbox, user, address)
    if decision.step is Step.REFUSE:
        raise UserRefused(decision.reason)
    if user is not None and decision.step is not Step.CREATE:
        _forget_password_of_another(ledger, record, user)
    if decision.step is Step.CREATE:
        if user is not None and record.provisioned == "creating" and record.user_id != user.id:
            raise ProvisioningPending(
                "WorkMail does not show the new user in place of the deleted one yet", RETRY_AFTER
            )
        # A user of IAM Identity Center signs in there.
        password = "" if mailbox.profile.identity_center_id else password_of(mailbox.target)
        user_id = _create(directory, ledger, mailbox, password)
        _enable(directory, ledger, record, user_id, "creating", address)
    elif user is not None and decision.step in _ENABLING:
        _enable(directory, ledger, record, user.id, _ENABLING[decision.step], address)
    elif user is not None and decision.step is Step.PROMOTE:
        record = _remember(ledger, record, user.id, "changing", user.email)
        directory.set_primary_address(user.id, mailbox.target)
        return _ensure(directory, ledger, record, replace(user, email=mailbox.target), early=early)
    elif user is not None and decision.step is Step.ENSURE:
        return _ensure(directory, ledger, record, user, early=early)
    raise ProvisioningPending("WorkMail has not made the mailbox ready yet", RETRY_AFTER)


def _enable(
    directory: Directory,
    ledger: Ledger,
    record: MailboxRecord,
    user_id: str,
    under_way: str,
    address: str,
) -> None:
    """With the `address` for the time being, "" for the manifest's. It is remembered before the
    mailbox is ready: should nobody wait so long, it is still known what opens the mailbox."""
    record = _remember(ledger, record, user_id, under_way, address)
    try:
        directory.enable_entity(user_id, address or record.mailbox.target)
    except UserRefused:
        _remember(ledger, record, user_id, under_way, "")
        raise


def _create(directory: Directory, ledger: Ledger, mailbox: Mailbox, password: str) -> str:
    """WorkMail's id of the new user. Whoever makes a refused one by hand gives it a password of its
    own, with which this migration has nothing to do."""
    try:
        return directory.create_user(mailbox, password).id
    except UserRefused:
        ledger.set_password_place(mailbox.id, "")
        raise


def _forget_password_of_another(ledger: Ledger, record: MailboxRecord, user: DirectoryUser) -> None:
    """The user of an earlier run is gone, and somebody has made this one."""
    if record.password_in and record.user_id not in ("", user.id):
        ledger.set_password_place(record.mailbox.id, "")


def _find_address_in_test_domain(directory: Directory, mailbox: Mailbox) -> str:
    """The address for the time being; "" if the manifest's can be used."""
    if _is_verified(directory, _domain_of(mailbox.target)):
        return ""
    name = mailbox.username.partition("@")[0]
    return f"{name}@{directory.organization().alias}{TEST_DOMAIN}"


def _is_verified(directory: Directory, name: str) -> bool:
    domain = directory.domain(name)
    return domain is not None and domain.verified


def _domain_of(address: str) -> str:
    return address.rpartition("@")[2].lower()


def _remember(
    ledger: Ledger, record: MailboxRecord, user_id: str, under_way: str, address: str
) -> MailboxRecord:
    """Keeps what is done, for the call that finds the user ready; the record as it is then. What
    this run has begun stays, and so does what it has done unless the user is made once more."""
    how, status = under_way, MailboxStatus.PLANNED
    done = record.status is not MailboxStatus.PLANNED and record.provisioned != ""
    if record.provisioned in UNDER_WAY or (done and UNDER_WAY[under_way] == CHANGED):
        how, status = record.provisioned, record.status
    after = replace(record, user_id=user_id, provisioned=how, status=status, address=address)
    if after != record:
        ledger.set_provisioned(
            record.mailbox.id, user_id, how, address, record.remarks, status=status
        )
    return after


def _what_was_done(record: MailboxRecord) -> str:
    """For a user that is found ready. An earlier run's "created" is "unchanged" in this one; this
    run's own answer, given before and lost, is given again. One that was refused before it was
    looked at may have none yet."""
    if record.provisioned in UNDER_WAY:
        return UNDER_WAY[record.provisioned]
    if record.status is MailboxStatus.PLANNED:
        return UNCHANGED
    return record.provisioned or UNCHANGED


def _ensure(
    directory: Directory,
    ledger: Ledger,
    record: MailboxRecord,
    user: DirectoryUser,
    *,
    early: bool,
) -> str:
    """Makes a ready user what the manifest says, and nothing that is so already. What was done;
    UserRefused names all that could not be, after the rest was done."""
    mailbox = record.mailbox
    remarks: list[str] = []
    changes: list[tuple[str, Callable[[], object]]] = []
    rulings = [rule_on_user(mailbox, user)]
    if mailbox.quota_mb:
        size = directory.mailbox_size(user.id)
        if size is None:
            raise ProvisioningPending("WorkMail does not show the mailbox's size yet", RETRY_AFTER)
        quota = rule_on_quota(mailbox.quota_mb, size)
        rulings.append(quota)
        if quota.action is Action.CHANGE:
            changes.append(("quota_mb: ", partial(directory.set_quota, user.id, mailbox.quota_mb)))
    has_its_address = user.email.lower() == mailbox.target.lower()
    aliases = missing_aliases(mailbox, directory.aliases(user.id)) if has_its_address else []
    waiting = _unverified(directory, aliases) if early else frozenset()
    aliases = [each for each in aliases if each[0] not in waiting]
    for number, alias in aliases:
        changes.append((f"alias {number}: ", partial(directory.add_alias, user.id, alias)))
    under_way = "changing" if changes else "updating"
    if rulings[0].action is Action.CHANGE:
        wanted = wanted_user(mailbox, user)
        changes.append(("", partial(_update, directory, wanted, rulings[0].reason, remarks)))
    if changes:
        address = record.address if has_its_address else user.email
        record = _remember(ledger, record, user.id, under_way, address)
    refusals = [each.reason for each in rulings if each.action is Action.REFUSE]
    refusals += attempt(changes)
    if remarks and record.provisioned == "updating":
        record = replace(record, provisioned="")  # nothing could be changed
    how = _what_was_done(record)
    if how == UNCHANGED and record.address and has_its_address:
        how = CHANGED  # this run found the user in the test domain and has promoted the address
    status = MailboxStatus.FAILED if refusals else _status_after(record)
    address = "" if has_its_address else user.email
    if waiting:
        numbers = ", ".join(map(str, sorted(waiting)))
        remarks.append(f"aliases wait until their domain is verified: {numbers}")
    ledger.set_provisioned(mailbox.id, user.id, how, address, remarks, status)
    if refusals:
        raise UserRefused("; ".join(refusals))
    return how


def _unverified(directory: Directory, aliases: Sequence[tuple[int, str]]) -> frozenset[int]:
    """The numbers of the aliases whose domains are not verified."""
    domains = {_domain_of(alias) for _, alias in aliases}
    waiting = {domain for domain in domains if not _is_verified(directory, domain)}
    return frozenset(number for number, alias in aliases if _domain_of(alias) in waiting)


def _status_after(record: MailboxRecord) -> MailboxStatus:
    """What the copy has made of the mailbox in this run stays; a refusal is over."""
    if record.status is MailboxStatus.PLANNED or record.refused:
        return MailboxStatus.PROVISIONED
    return record.status


def _update(directory: Directory, wanted: DirectoryUser, reason: str, remarks: list[str]) -> None:
    """A directory that WorkMail only reads is no reason to leave the user's mail behind."""
    if not directory.update_user(wanted):
        remarks.append(
            f"{reason}, and the directory is read-only here: change it where the directory is kept"
        )


def attempt(changes: Iterable[tuple[str, Callable[[], object]]]) -> list[str]:
    """Makes the changes one after the other; why WorkMail refuses some, each after its label. One
    that must wait does not hold up the others: the first ProvisioningPending leaves at the end."""
    refusals = []
    pending: ProvisioningPending | None = None
    for label, change in changes:
        try:
            change()
        except UserRefused as refusal:
            refusals.append(f"{label}{refusal}")
        except ProvisioningPending as error:
            pending = pending or error
    if pending:
        raise pending
    return refusals
