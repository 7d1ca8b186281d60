"""What a run would do to WorkMail's directory, and what it would leave alone; nothing is changed.

It looks at WorkMail as provisioning does, and decides by the same rules: what is planned is what
will be done, unless somebody changes WorkMail in between. Rows name addresses: they are for a file
and a screen of the operator's, never for events, logs or the timeline.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from typing import Any, TypeVar, cast

from migration.directory_model import DirectoryUser, Group, Owner, Resource, Sharing, Wanted
from migration.entities import Preview, preview_links, preview_making
from migration.entity_changes import Action as EntityAction
from migration.entity_changes import EntityRuling
from migration.errors import Busy, UserRefused
from migration.model import Mailbox
from migration.ports import Directory
from migration.provisioning import Step, decide
from migration.spreadsheet import write_sheet
from migration.user_changes import (
    Action,
    missing_aliases,
    rule_on_quota,
    rule_on_user,
    tell_taken_alias,
)


class Verdict(StrEnum):
    """What becomes of one thing that the manifest wants. CONFLICT: all of it, or a part that the
    reasons name, is left as it is, and the rest is done. UNKNOWN: there was no time to look."""

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
    patience = _Patience(seconds_left)
    directory = cast("Directory", _Remembering(directory))
    given: dict[str, str] = {}
    expected: set[str] = set()

    def expect(address: str, entity_id: str | None) -> None:
        given[address.lower()] = entity_id or ""
        if entity_id is not None:
            expected.add(address.lower())

    for mailbox in mailboxes:
        planned = patience.ask(partial(_plan_user, directory, mailbox))
        expect(mailbox.target, planned.user_id if planned else None)
        yield planned.row if planned else PlanRow("user", mailbox.target, Verdict.UNKNOWN)
    previews: dict[str, Preview | None] = {}
    for entity in wanted:
        if not isinstance(entity, Sharing):
            preview = patience.ask(partial(_preview_making, directory, entity))
            previews[entity.id] = preview
            expect(entity.address, _find_id(preview) if preview else None)
    for entity in wanted:
        preview = previews.get(entity.id)
        look = partial(_plan_entity, directory, entity, preview, given, expected)
        yield patience.ask(look) or PlanRow(*_name(entity), Verdict.UNKNOWN)


class _Remembering:
    """A Directory that looks an address up once: many groups have the same members."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._owners: dict[str, Owner | None] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._directory, name)

    def owner_of(self, address: str) -> Owner | None:
        key = address.lower()
        if key not in self._owners:
            self._owners[key] = self._directory.owner_of(address)
        return self._owners[key]


_T = TypeVar("_T")


class _Patience:
    """Asks as long as there is time and WorkMail is not busy, and never again afterwards."""

    def __init__(self, seconds_left: Callable[[], float]) -> None:
        self._seconds_left = seconds_left
        self._has_time = True

    def ask(self, look: Callable[[], _T]) -> _T | None:
        self._has_time = self._has_time and self._seconds_left() > 0
        if not self._has_time:
            return None
        try:
            return look()
        except Busy:
            self._has_time = False
            return None


def _name(entity: Wanted) -> tuple[str, str]:
    if isinstance(entity, Group):
        return "group", entity.address
    if isinstance(entity, Resource):
        return "resource", entity.address
    return "permissions", entity.owner


# ---- users -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _PlannedUser:
    """`user_id` is that of the user who has the manifest's address afterwards, "" if the run makes
    one, None if nobody of the manifest gets it."""

    row: PlanRow
    user_id: str | None


def _plan_user(directory: Directory, mailbox: Mailbox) -> _PlannedUser:
    """Without aliases and columns that conflict the run gives the user all the rest."""
    row = partial(PlanRow, "user", mailbox.target)
    try:
        user = directory.find_user(mailbox.target, mailbox.username)
        decision = decide(mailbox, user)
        if decision.step is Step.REFUSE:
            return _PlannedUser(row(Verdict.CONFLICT, (decision.reason,)), None)
        there = user if user is not None and user.state != "DELETED" else None
        changes, conflicts = _rule_on_parts(directory, mailbox, there)
    except UserRefused as refusal:  # a group or a resource has the address
        return _PlannedUser(row(Verdict.CONFLICT, (str(refusal),)), None)
    if decision.step is not Step.ENSURE:
        changes.insert(0, decision.reason)
    verdict = Verdict.CHANGE if changes else Verdict.LEAVE
    if decision.step is Step.CREATE:
        verdict = Verdict.CREATE
    if conflicts:
        verdict = Verdict.CONFLICT
    return _PlannedUser(row(verdict, (*conflicts, *changes)), there.id if there else "")


def _rule_on_parts(
    directory: Directory, mailbox: Mailbox, user: DirectoryUser | None
) -> tuple[list[str], list[str]]:
    """What changes, and what cannot."""
    rulings = [rule_on_user(mailbox, user)] if user else []
    size = directory.mailbox_size(user.id) if user and mailbox.quota_mb and user.ready else None
    if size is not None:
        rulings.append(rule_on_quota(mailbox.quota_mb, size))
    changes = [ruling.reason for ruling in rulings if ruling.action is Action.CHANGE]
    conflicts = [ruling.reason for ruling in rulings if ruling.action is Action.REFUSE]
    present = directory.aliases(user.id) if user and user.ready else frozenset()
    for number, alias in missing_aliases(mailbox, present):
        owner = directory.owner_of(alias)
        if owner is not None and (user is None or owner.id != user.id):
            conflicts.append(tell_taken_alias(number, owner))
        else:
            changes.append(f"alias {number} is added")
    return changes, conflicts


# ---- groups, resources, permissions ----------------------------------------------------------


def _preview_making(directory: Directory, wanted: Group | Resource) -> Preview:
    try:
        return preview_making(directory, wanted)
    except UserRefused as refusal:
        return Preview(EntityRuling(conflict=str(refusal)))


def _find_id(preview: Preview) -> str | None:
    """As in _PlannedUser."""
    if preview.ruling.conflict:
        return None
    there = preview.entity is not None and preview.entity.state != "DELETED"
    return preview.entity.id if preview.entity and there else ""


def _plan_entity(
    directory: Directory,
    wanted: Wanted,
    preview: Preview | None,
    given: Mapping[str, str],
    expected: AbstractSet[str],
) -> PlanRow:
    ruling = preview.ruling if preview else EntityRuling()
    if not ruling.conflict:
        entity = preview.entity if preview else None
        try:
            ruling = ruling.join(preview_links(directory, wanted, entity, given, expected))
        except UserRefused as refusal:
            ruling = replace(ruling, refusals=(*ruling.refusals, str(refusal)))
    return PlanRow(*_name(wanted), _judge(ruling), tuple(_explain(wanted, ruling)))


def _judge(ruling: EntityRuling) -> Verdict:
    if ruling.conflict or ruling.refusals:
        return Verdict.CONFLICT
    if any(change.action is EntityAction.CREATE for change in ruling.changes):
        return Verdict.CREATE
    return Verdict.CHANGE if ruling.changes else Verdict.LEAVE


def _explain(entity: Wanted, ruling: EntityRuling) -> Iterator[str]:
    if ruling.conflict:
        yield ruling.conflict
    yield from ruling.refusals
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
    cells = ((row.what, row.address, row.verdict, "; ".join(row.reasons)) for row in rows)
    return write_sheet(("what", "address", "verdict", "reasons"), cells)
