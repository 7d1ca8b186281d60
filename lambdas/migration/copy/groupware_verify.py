"""Asks both sides and the ledger what the collections of a mailbox hold, and judges whether they
agree. The copy is never believed: both sides are listed now, and the state must explain both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from migration.copy.groupware_plan import NO_PLACE, find_work
from migration.copy.groupware_state import REFUSED, ItemFate, State, count_targets, read_state
from migration.copy.judge import phrase, was_verified
from migration.errors import FolderGone
from migration.groupware_port import (
    Entry,
    GroupwareSource,
    GroupwareTarget,
    find_unseen,
)
from migration.identity import groupware_id
from migration.model import Agreement, CopyPolicy, DeltaPolicy, FolderCheck, FolderRecord
from migration.ports import BlobStore, Ledger

_FOLDER_GONE = "its folder in the target was deleted"
_FILLED_AGAIN = f"{_FOLDER_GONE}: the next pass makes and fills it anew"
_COPIES = "more in the target than were copied: most likely people have copied them there"
_SEVERITY = (Agreement.AGREE, Agreement.EXCEPTIONS, Agreement.DIFFER)


def verify_groupware(
    source: GroupwareSource,
    target: GroupwareTarget,
    ledger: Ledger,
    blobs: BlobStore,
    mailbox_id: str,
    policy: CopyPolicy,
) -> tuple[Agreement, tuple[str, ...]]:
    """Checks every collection, keeps the checks in the ledger (under identity.groupware_id), and
    returns the worst agreement and all reasons, which name collections by kind and key.

    Raises what source and target raise, Busy leaves included; a repetition begins anew.
    """
    records = ledger.folders(groupware_id(mailbox_id))
    collections = list(source.collections())
    there, unseen = {each.key: each for each in collections}, find_unseen(collections)
    looks = []
    for record in records:
        collection = there.get(record.key)
        entries = tuple(source.entries(collection)) if collection else None
        state = read_state(blobs, mailbox_id, record)
        is_unseen = record.path[0] in unseen
        looks.append(_ask_target(target, Look(record, state, entries, is_unseen=is_unseen)))
    moves_explain = sum(each.more for each in looks) <= sum(each.deleted for each in looks)
    checks: list[tuple[str, FolderCheck]] = []
    for look in looks:
        record = look.record
        check = judge_collection(look, policy.delta, look.more if moves_explain else 0)
        if check != record.check:
            ledger.set_check(groupware_id(mailbox_id), record.key, check)
        checks.append((f"{record.path[0]} {record.key}", check))
    known = {record.key for record in records}
    for each in collections:
        if each.key not in known:
            has_place = each.kind in target.kinds()
            check = judge_unknown(len(source.entries(each)), has_place=has_place)
            checks.append((f"{each.kind} {each.key}", check))
    agreements = [check.agreement for _, check in checks]
    reasons = tuple(f"{name}: {check.reason}" for name, check in sorted(checks) if check.reason)
    return max(agreements, key=_SEVERITY.index, default=Agreement.AGREE), reasons


def _ask_target(target: GroupwareTarget, look: Look) -> Look:
    """How many migrated items the folder holds, and which of those that the state knows."""
    folder_id = look.record.target_id
    ids = [id_ for row in look.state.values() for id_ in row.marks]
    try:
        count = target.count(folder_id)
        if count == len(ids) == len(set(ids)):
            return replace(look, count=count, present=frozenset(ids))
        return replace(look, count=count, present=frozenset(target.marks(folder_id, ids)))
    except FolderGone:
        return replace(look, is_gone=bool(ids))


@dataclass(frozen=True, slots=True)
class Look:
    """What is known of one collection. `entries` is None where the source has no such collection;
    `count` is how many migrated items the target folder holds, `present` which of the state's;
    `is_gone`: somebody has deleted it with all that it held; `is_unseen`: the source could not look
    for collections of its kind."""

    record: FolderRecord
    state: State
    entries: Sequence[Entry] | None
    count: int = 0
    present: frozenset[str] = frozenset()
    is_gone: bool = False
    is_unseen: bool = False

    @property
    def missing(self) -> int:
        """How many things the target's folder lacks; of one that is gone nothing is counted."""
        return 0 if self.is_gone else count_targets(self.state) - len(self.present)

    @property
    def deleted(self) -> int:
        """How many of those an earlier check has seen there."""
        check = self.record.check
        seen = check.ledger if check is not None and was_verified(self.record) else 0
        return min(self.missing, seen)

    @property
    def more(self) -> int:
        """How many migrated things are there that the state does not know."""
        return self.count - len(self.present)


def judge_collection(look: Look, delta: DeltaPolicy, came: int = 0) -> FolderCheck:
    """Judges one collection; `came` is how many things people have moved here from others. The
    check counts items at the source, and things at the target: those that the ledger's state knows,
    and those that are there.

    AGREE: all that was copied is in the target, and nothing else with a migration key. EXCEPTIONS:
    some were refused, or have nothing that could be written; or people have changed some in
    WorkMail, so that the source's changes are not there; or they have moved or deleted some since
    an earlier check accounted for them; or there are more with a migration key than the state
    knows, since a copy that people make of an item has its key; or the source could not look.
    DIFFER: a batch is open, the target lacks items that no check has seen there, or the folder of
    what the source still has was deleted.
    A reason and no difference: what is new, changed or deleted at the source since, and details
    that could not be kept.
    """
    state, record = look.state, look.record
    work = find_work(look.entries or (), state, delta)
    fates = [row.fate for row in state.values()]
    refused = sum(fate in REFUSED for fate in fates)
    kept, empty = fates.count(ItemFate.KEPT), fates.count(ItemFate.EMPTY)
    faults = ["a batch is not finished"] if record.intent else []
    faults += [_FILLED_AGAIN] if look.is_gone and look.entries else []
    faults += phrase((look.missing - look.deleted, "missing in the target"))
    listed = state.keys() if look.is_unseen else {entry.uid for entry in look.entries or ()}
    losses = sum(len(row.losses) for row in state.values())
    notes = phrase(
        (look.deleted, "moved or deleted in WorkMail after they were verified"),
        (came, "of other collections are in this one: moved in WorkMail"),
        (look.more - came, _COPIES),
        (refused, "refused"),
        (empty, "of which nothing can be written"),
        (kept, "changed in WorkMail meanwhile, and left as they are there"),
        (sum(bool(each.version) for each in work), "not yet copied: new or changed at the source"),
        (
            sum(
                row.is_held and bool(row.version) for row in state.values() if row.uid not in listed
            ),
            "gone from the source since",
        ),
        (losses, f"detail{'' if losses == 1 else 's'} that could not be kept"),
    )
    if look.is_unseen:
        notes.append("the source could not be asked for collections of its kind")
    elif look.entries is None:
        notes.append("the source has no such collection any more")
    if look.is_gone and not look.entries:
        notes.insert(0, _FOLDER_GONE)
    is_exception = refused or empty or kept or look.deleted or look.more > 0 or look.is_gone
    is_exception = is_exception or look.is_unseen
    agreement = Agreement.EXCEPTIONS if is_exception else Agreement.AGREE
    if faults:
        agreement = Agreement.DIFFER
    source, expected = len(look.entries or ()), count_targets(state)
    return FolderCheck(source, expected, look.count, agreement, "; ".join(faults + notes))


def judge_unknown(entries: int, *, has_place: bool) -> FolderCheck:
    """Judges a collection that the ledger does not know: right only if it is empty. One of a kind
    that the target has no place for is an exception."""
    if not entries:
        return FolderCheck(0, 0, 0, Agreement.AGREE)
    if not has_place:
        return FolderCheck(entries, 0, 0, Agreement.EXCEPTIONS, f"{entries} items: {NO_PLACE}")
    reason = f"{entries} in a collection that was never copied"
    return FolderCheck(entries, 0, 0, Agreement.DIFFER, reason)
