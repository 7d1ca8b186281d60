"""What a run would do to WorkMail's directory, and what it would leave alone; nothing is changed.

It looks at WorkMail as provisioning does, and decides by the same rules: what is planned is what
will be done, unless somebody changes WorkMail in between. Rows name addresses: they are for a file
and a screen of the operator's, never for events, logs or the timeline.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

from migration.directory_model import DirectoryUser, Group, Resource, Sharing, Wanted
from migration.entities import preview_entity
from migration.entity_changes import Action as EntityAction
from migration.entity_changes import EntityRuling
from migration.errors import Busy, UserRefused
from migration.model import Mailbox
from migration.ports import Directory
from migration.provisioning import Step, decide
from migration.user_changes import Action, missing_aliases, rule_on_quota, rule_on_user


class Verdict(StrEnum):
    """What becomes of one thing that the manifest wants. UNKNOWN: there was no time to look."""

    CREATE = "create"
    CHANGE = "change"
    LEAVE = "leave alone"
    CONFLICT = "conflict"
    UNKNOWN = "not looked at"


@dataclass(frozen=True, slots=True)
class PlanRow:
    """`what` is user, group, resource or permissions (of a mailbox). Reasons hold no address."""

    what: str
    address: str
    verdict: Verdict
    reasons: tuple[str, ...] = ()


def plan_directory(
    directory: Directory,
    mailboxes: Sequence[Mailbox],
    wanted: Sequence[Wanted],
    seconds_left: Callable[[], float] = lambda: 1.0,
) -> Iterator[PlanRow]:
    """A row for each, in the order given: users, then the others.

    From the moment when no `seconds_left`, or when WorkMail gets busy, the rest is not looked at.
    """
    expected = frozenset(_addresses(mailboxes, wanted))
    has_time = True
    for what, address, look in _looks(directory, mailboxes, wanted, expected):
        has_time = has_time and seconds_left() > 0
        row = PlanRow(what, address, Verdict.UNKNOWN)
        if has_time:
            try:
                row = look()
            except Busy:
                has_time = False
        yield row


_Look = tuple[str, str, Callable[[], PlanRow]]


def _looks(
    directory: Directory,
    mailboxes: Iterable[Mailbox],
    wanted: Iterable[Wanted],
    expected: AbstractSet[str],
) -> Iterator[_Look]:
    for mailbox in mailboxes:
        yield "user", mailbox.target, partial(_plan_user, directory, mailbox)
    for entity in wanted:
        what, address = _name(entity)
        yield what, address, partial(_plan_entity, directory, entity, expected)


def _addresses(mailboxes: Iterable[Mailbox], wanted: Iterable[Wanted]) -> Iterator[str]:
    """All that the run gives to somebody, in small letters."""
    for owner in (*mailboxes, *(each for each in wanted if not isinstance(each, Sharing))):
        address = owner.target if isinstance(owner, Mailbox) else owner.address
        yield from (address.lower(), *(alias.lower() for alias in owner.aliases))


def _name(entity: Wanted) -> tuple[str, str]:
    if isinstance(entity, Group):
        return "group", entity.address
    if isinstance(entity, Resource):
        return "resource", entity.address
    return "permissions", entity.owner


# ---- users -----------------------------------------------------------------------------------


def _plan_user(directory: Directory, mailbox: Mailbox) -> PlanRow:
    row = partial(PlanRow, "user", mailbox.target)
    try:
        user = directory.find_user(mailbox.target, mailbox.username)
    except UserRefused as refusal:  # a group or a resource has the address
        return row(Verdict.CONFLICT, (str(refusal),))
    decision = decide(mailbox, user)
    conflicts = [] if decision.step is not Step.REFUSE else [decision.reason]
    changes = _changes_of(directory, mailbox, user, conflicts)
    present = directory.aliases(user.id) if user is not None and user.ready else frozenset()
    for number, alias in missing_aliases(mailbox, present):
        owner = directory.owner_of(alias)
        if owner is not None and (user is None or owner.id != user.id):
            kind = owner.kind.lower()
            conflicts.append(f"alias {number} belongs to another {kind} in WorkMail")
        else:
            changes.append(f"alias {number} is added")
    if conflicts:
        return row(Verdict.CONFLICT, tuple(conflicts))
    if decision.step is Step.CREATE:
        return row(Verdict.CREATE, (decision.reason, *changes))
    if decision.step is not Step.ENSURE:
        return row(Verdict.CHANGE, (decision.reason, *changes))
    return row(Verdict.CHANGE if changes else Verdict.LEAVE, tuple(changes))


def _changes_of(
    directory: Directory, mailbox: Mailbox, user: DirectoryUser | None, conflicts: list[str]
) -> list[str]:
    """What changes at a user who is there, beside the aliases."""
    if user is None or conflicts:
        return []
    rulings = [rule_on_user(mailbox, user)]
    size = directory.mailbox_size(user.id) if mailbox.quota_mb and user.ready else None
    if size is not None:
        rulings.append(rule_on_quota(mailbox.quota_mb, size))
    conflicts += [ruling.reason for ruling in rulings if ruling.action is Action.REFUSE]
    return [ruling.reason for ruling in rulings if ruling.action is Action.CHANGE]


# ---- groups, resources, permissions ----------------------------------------------------------


def _plan_entity(directory: Directory, entity: Wanted, expected: AbstractSet[str]) -> PlanRow:
    ruling = preview_entity(directory, entity, expected)
    what, address = _name(entity)
    return PlanRow(what, address, _judge(ruling), tuple(_explain(entity, ruling)))


def _judge(ruling: EntityRuling) -> Verdict:
    if ruling.conflict:
        return Verdict.CONFLICT
    if any(change.action is EntityAction.CREATE for change in ruling.changes):
        return Verdict.CREATE
    return Verdict.CHANGE if ruling.changes else Verdict.LEAVE


def _explain(entity: Wanted, ruling: EntityRuling) -> Iterator[str]:
    if ruling.conflict:
        yield ruling.conflict
    if isinstance(entity, Resource) and entity.source_name:
        yield "its name is a shorter one, because WorkMail takes 20 characters"
    counted = Counter(change.action for change in ruling.changes)
    for action, number in counted.items():
        reasons = dict.fromkeys(c.reason for c in ruling.changes if c.action is action)
        times = f" ({number} times)" if number > 1 else ""
        yield f"{action}{times}: {'; '.join(reasons)}"
    yield from ruling.remarks


# ---- told ------------------------------------------------------------------------------------


def count(rows: Iterable[PlanRow]) -> Counter[Verdict]:
    """How many rows have which verdict."""
    return Counter(row.verdict for row in rows)


def describe(rows: Sequence[PlanRow]) -> str:
    """One clause without personal data: `1000 to create, 3 in conflict`."""
    words = {
        Verdict.CREATE: "to create",
        Verdict.CHANGE: "to change",
        Verdict.LEAVE: "to leave alone",
        Verdict.CONFLICT: "in conflict",
        Verdict.UNKNOWN: "not looked at",
    }
    counted = count(rows)
    parts = [f"{counted[verdict]} {word}" for verdict, word in words.items() if counted[verdict]]
    return ", ".join(parts) or "nothing"


def write_plan(rows: Iterable[PlanRow]) -> bytes:
    """A CSV file in UTF-8 that spreadsheets know as such: what, address, verdict, reasons."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(("what", "address", "verdict", "reasons"))
    for row in rows:
        writer.writerow((row.what, row.address, row.verdict, "; ".join(row.reasons)))
    return text.getvalue().encode("utf-8-sig")
