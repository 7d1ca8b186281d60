"""The decisions of the copy of collections, without the acting."""

from __future__ import annotations

from collections.abc import Collection as Several
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count

from migration.copy.groupware_state import ItemFate, ItemRow, State, is_over
from migration.copy.plan import is_suspicious
from migration.folder_names import fit_name, fold_name, mark_name
from migration.groupware_port import (
    Collection,
    CollectionKind,
    CollectionPlan,
    Entry,
    NotReadable,
    Read,
    Vanished,
    Written,
    find_unseen,
)
from migration.items.losses import Loss
from migration.mail import Rejected
from migration.model import Agreement, DeltaPolicy, FolderRecord

KEPT = "changed in WorkMail meanwhile; left as it is there"
STAYS = "its newest version could not be copied; the earlier one stays"
NO_PLACE = "the target has no place for this kind"

# ---- where collections go --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a collection goes. `reason` says why it is not called there as at the source."""

    plan: CollectionPlan
    reason: str = ""


def place_collections(
    collections: Sequence[Collection],
    kinds: Several[CollectionKind],
    placed: Mapping[str, tuple[str, str]],
) -> tuple[list[Placement], list[Collection]]:
    """The place of each collection, in the source's order, and those of kinds that the target has
    no place for.

    `placed` holds kind and name of places that earlier passes gave away, by collection key: they
    stay, also where the source has no such collection any more. The first default of a kind goes to
    the default folder. Of each kind a name is there once, without regard to case: equal ones get
    numbers. A name that cannot be one is made one.
    """
    wanted = [each for each in collections if each.kind in kinds]
    defaults = {kind for kind, name in placed.values() if not name}
    names = {(kind, fold_name(name)) for kind, name in placed.values()}
    placements = []
    for each in wanted:
        if each.key in placed:
            name, reason = placed[each.key][1], "the place of earlier passes"
        elif each.is_default and each.kind not in defaults:
            defaults.add(each.kind)
            name, reason = "", f"the default folder of its kind ({each.kind})"
        else:
            name, reason = _free_name(each, names)
        placements.append(
            Placement(CollectionPlan(each, name), reason if name != each.name else "")
        )
    return placements, [each for each in collections if each.kind not in kinds]


def _free_name(collection: Collection, names: set[tuple[str, str]]) -> tuple[str, str]:
    """A name that no other of the kind has, which then is taken, and why it is not the
    collection's."""
    fit, reason = fit_name(collection.name)
    name, numbers = fit, count(2)
    while (place := (collection.kind.value, fold_name(name))) in names:
        name = mark_name(fit, str(next(numbers)))
    names.add(place)
    reasons = [reason, "name is taken" if name != fit else ""]
    return name, "; ".join(each for each in reasons if each)


# ---- what is to be done ----------------------------------------------------------------------


def is_quiet(known: FolderRecord | None, collection: Collection, scope: str) -> bool:
    """True if the list of collections alone says that nothing is to be done. Where the last check
    has found a difference, only the target can say so."""
    if known is None or known.intent or known.scope != scope or is_doubted(known):
        return False
    return bool(collection.token) and known.cursor == collection.token


def is_doubted(known: FolderRecord) -> bool:
    """Whether the last check of the collection has found a difference."""
    return known.check is not None and known.check.agreement is Agreement.DIFFER


VANISHED = "the source has no such collection"
"""The cursor of a collection that has vanished and was dealt with."""


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A collection at which there is something to do, and whether the source has it."""

    plan: CollectionPlan
    is_there: bool = True


def find_busy(
    placements: Sequence[Placement],
    collections: Sequence[Collection],
    records: Sequence[FolderRecord],
    delta: DeltaPolicy,
) -> list[Unfinished]:
    """The collections at which there is something to do, in the source's order, then those that the
    source has no more; last those in which an item may have ended its workers.

    After a change of the policy all is compared anew. A collection that has vanished is followed if
    the source could look for its kind, and shows any at all. An open intent is always closed.
    """
    known = {record.key: record for record in records}
    busy = [
        Unfinished(each.plan)
        for each in placements
        if not is_quiet(known.get(each.plan.collection.key), each.plan.collection, delta.value)
    ]
    there, unseen = {each.key for each in collections}, find_unseen(collections)
    for record in records:
        follows = bool(collections) and record.path[0] not in unseen and delta is DeltaPolicy.FOLLOW
        is_done = record.cursor == VANISHED and record.scope == delta.value
        if record.key not in there and (record.intent or (follows and not is_done)):
            busy.append(Unfinished(_plan_of(record), is_there=False))
    suspicious = {record.key for record in records if is_suspicious(record.intent)}
    return sorted(busy, key=lambda each: each.plan.collection.key in suspicious)


def _plan_of(record: FolderRecord) -> CollectionPlan:
    """The plan of a collection that the source does not show any more."""
    kind, name = record.path
    return CollectionPlan(Collection(record.key, CollectionKind(kind), name), record.target_path[1])


def find_work(
    entries: Sequence[Entry],
    state: State,
    delta: DeltaPolicy,
    there: Several[str] | None = None,
) -> list[Entry]:
    """What is new or changed, in the source's order, and then what the source has no more, with ""
    as its version, in the order of uids.

    What was refused comes again only when its version has changed: the target would refuse it for
    the same reason. What vanished is followed if the policy wants it; of an item that has left
    nothing at the target there is nothing to follow, and it is only crossed out. `there` are the
    target's items, where a check has missed some: what lacks one comes again.
    """
    changed = [
        entry
        for entry in entries
        if _has_changed(entry, row := state.get(entry.uid)) or _lacks_any(row, there)
    ]
    listed = {entry.uid for entry in entries}
    lost = [
        Entry(uid, "")
        for uid, row in sorted(state.items())
        if uid not in listed
        and row.version
        and not is_over(row)
        and (delta is DeltaPolicy.FOLLOW or not row.marks)
    ]
    return changed + lost


def _lacks_any(row: ItemRow | None, there: Several[str] | None) -> bool:
    if row is None or there is None or row.fate is not ItemFate.STORED:
        return False
    return any(id_ not in there for id_ in row.marks)


def _has_changed(entry: Entry, row: ItemRow | None) -> bool:
    return row is None or is_over(row) or row.version != entry.version


# ---- what became of an item ------------------------------------------------------------------

Answer = Read | NotReadable | Vanished


@dataclass(frozen=True, slots=True)
class Before:
    """What the state says of an item, None if nothing, and the present marks of those of its target
    items that are there."""

    row: ItemRow | None
    there: Mapping[str, str]

    @property
    def marks(self) -> dict[str, str]:
        """The target items that are there, with the marks of when they were written."""
        known = self.row.marks if self.row else {}
        return {id_: mark for id_, mark in known.items() if id_ in self.there}

    @property
    def is_touched(self) -> bool:
        """Whether somebody has changed one of them since."""
        return any(self.there[id_] != mark for id_, mark in self.marks.items())


@dataclass(frozen=True, slots=True)
class Decision:
    """The new row of an item, and the target items to remove. `did` says that the row tells of
    something that was done now, not of what it was before."""

    row: ItemRow
    remove: tuple[str, ...] = ()
    did: bool = True


def decide_written(answer: Read, written: Written, before: Before) -> Decision:
    """What was written takes the place of what was there; but what people have changed in WorkMail
    stays as it is, and what was written goes again. What the target has changed in place of making
    it anew is not among what was there."""
    uid, version = answer.entry.uid, answer.entry.version
    others = {id_: mark for id_, mark in before.there.items() if id_ not in written.marks}
    before = replace(before, there=others)
    if before.row is not None and before.is_touched:
        row = replace(before.row, version=version)
        return Decision(_kept(row, before), tuple(written.marks), did=False)
    row = ItemRow(
        uid,
        version,
        ItemFate.STORED,
        key=written.key,
        marks=dict(written.marks),
        size=len(answer.raw),
        losses=_losses_of(uid, (*answer.losses, *written.losses)),
    )
    return Decision(row, tuple(before.marks))


def decide_refused(
    answer: Read | NotReadable, refusal: Rejected | None, before: Before
) -> Decision:
    """Nothing was written: the target refuses it, it cannot be read, or there is nothing to write.
    An earlier version stays."""
    if isinstance(answer, NotReadable):
        fate, reason = ItemFate.UNREADABLE, answer.reason
    elif refusal is not None:
        fate, reason = ItemFate.REJECTED, refusal.reason
    else:
        fate, reason = ItemFate.EMPTY, ""
    return Decision(_without_copy(answer.entry, fate, reason, answer.losses, before))


def decide_quarantined(entry: Entry, reason: str, before: Before) -> Decision:
    """The item ends its workers. An earlier version stays."""
    return Decision(_without_copy(entry, ItemFate.QUARANTINED, reason, (), before))


def decide_vanished(uid: str, before: Before, delta: DeltaPolicy) -> Decision:
    """The source has it no more. If that is followed, the target has it no more, unless people have
    changed it there. If not, what is there stays."""
    row = before.row
    if row is None or not before.marks:
        return Decision(ItemRow(uid, "", ItemFate.REMOVED if row and row.marks else ItemFate.GONE))
    if delta is not DeltaPolicy.FOLLOW:
        return Decision(replace(row, marks=before.marks), did=False)
    if before.is_touched:
        return Decision(_kept(replace(row, version=""), before), did=False)
    return Decision(ItemRow(uid, "", ItemFate.REMOVED), tuple(before.marks))


def _kept(row: ItemRow, before: Before) -> ItemRow:
    loss = Loss("item", "", KEPT, row.uid)
    losses = row.losses if loss in row.losses else (*row.losses, loss)
    return replace(row, fate=ItemFate.KEPT, reason="", marks=before.marks, losses=losses)


def _without_copy(
    entry: Entry, fate: ItemFate, reason: str, losses: Sequence[Loss], before: Before
) -> ItemRow:
    stays = (Loss("item", "", STAYS, entry.uid),) if before.marks else ()
    return ItemRow(
        entry.uid,
        entry.version,
        fate,
        reason,
        key=before.row.key if before.row and before.marks else "",
        marks=before.marks,
        losses=(*_losses_of(entry.uid, losses), *stays),
    )


def _losses_of(uid: str, losses: Sequence[Loss]) -> tuple[Loss, ...]:
    return tuple(loss if loss.uid else replace(loss, uid=uid) for loss in losses)
