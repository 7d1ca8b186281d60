"""What became of every item of a collection, kept as files of the tenant.

Files lie below `groupware/<mailbox>/<collection key>/`. Each is a *segment*: the rows of one batch,
under the revision of the ledger's record from which the batch was recorded. It is written before
the ledger counts it, so one of a worker that died may tell of what was not counted. Three rules
make the state out of them:

- Of an item that stands in several segments, the last says what became of it.
- A segment tells of the target folder whose id it names. When the ledger has another, because that
  one was deleted, it says nothing any more.
- Of an item in an open intent, what was written since the intent was opened does not count: it is
  in doubt. `Intent.mark` is the revision at which it was opened.

So whoever closes an intent must write a row for each of its items, whatever became of it: another
worker may have left a row about it.

When there are many, and no intent is open, the state itself is written as one more, a *whole*,
which bears the name of the last segment that it knows: what comes before it is read no more. A
worker that was overtaken can write one, too. It hides nothing, since its successor's segments, and
its successor's whole, have later names.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum

from migration.groupware_port import Entry
from migration.identity import migration_key
from migration.items.losses import Loss
from migration.mail import ItemRef
from migration.model import FolderRecord, Intent, Tally
from migration.ports import BlobStore


class ItemFate(StrEnum):
    """What became of an item. KEPT: somebody has changed it in WorkMail, so that neither a change
    nor a deletion at the source is brought there. EMPTY: nothing of it can be written. REMOVED: it
    was deleted at the source, and then at the target. GONE: it vanished at the source before it
    could be read. The others are as mail.Fate has them."""

    STORED = "stored"
    KEPT = "kept"
    REJECTED = "rejected"
    UNREADABLE = "unreadable"
    QUARANTINED = "quarantined"
    EMPTY = "empty"
    GONE = "gone"
    REMOVED = "removed"


REFUSED = frozenset({ItemFate.REJECTED, ItemFate.UNREADABLE, ItemFate.QUARANTINED})
"""Fates of items that are at the source and could not be copied as they are there."""

_OVER = frozenset({ItemFate.GONE, ItemFate.REMOVED})


@dataclass(frozen=True, slots=True)
class ItemRow:
    """An item and its fate. `version` is the one that was read, or listed where it was not. `marks`
    holds what the target has of it, by target id, with the marks of when it was written: of a
    refused item its earlier version, of a KEPT one also what the source has no more (`version` is
    "" then). `key` is the migration key of those. `reason` is a code for what was refused; `size`
    is in octets of what the source gave."""

    uid: str
    version: str
    fate: ItemFate
    reason: str = ""
    key: str = ""
    marks: Mapping[str, str] = field(default_factory=dict)
    size: int = 0
    losses: tuple[Loss, ...] = ()

    @property
    def is_held(self) -> bool:
        """Whether the target has the item."""
        return self.fate in (ItemFate.STORED, ItemFate.KEPT)


State = Mapping[str, ItemRow]
"""The items of a collection by uid."""


# ---- intents ---------------------------------------------------------------------------------


def ref_of(entry: Entry) -> ItemRef:
    """What an intent says of an item: its uid and the version that was listed, from which its key
    follows; "" as the version of one that is to be removed."""
    return ItemRef(json.dumps([entry.uid, entry.version]), 0)


def entry_of(ref: ItemRef) -> Entry:
    """What `ref_of` was made of."""
    uid, version = json.loads(ref.uid)
    return Entry(uid, version)


def item_key(tenant: str, groupware_id: str, collection_key: str, entry: Entry) -> str:
    """The migration key of this version of an item."""
    return migration_key(tenant, groupware_id, collection_key, entry.version, entry.uid)


# ---- segments --------------------------------------------------------------------------------

SEGMENT_TYPE = "application/x-ndjson"
MANY = 20
"""So many segments are read one by one."""

_SEGMENT, _WHOLE = ".jsonl", ".whole.jsonl"  # in this order, where the number is the same


def segment_key(mailbox_id: str, record: FolderRecord) -> str:
    """Where what is recorded next from this record is kept."""
    return f"groupware/{mailbox_id}/{record.key}/{record.revision:010}{_SEGMENT}"


def segment_lines(record: FolderRecord, rows: Iterable[ItemRow]) -> bytes:
    """One JSON object a line; the first names the target folder."""
    lines: list[object] = [{"folder": record.target_id}, *map(_fields, rows)]
    return "".join(f"{json.dumps(line)}\n" for line in lines).encode()


def read_state(blobs: BlobStore, mailbox_id: str, record: FolderRecord) -> dict[str, ItemRow]:
    """What is certain of a collection: one request for each batch since the last whole."""
    folder = f"groupware/{mailbox_id}/{record.key}"
    names = _names_since_whole(blobs, folder)
    return make_state(((name, blobs.get(f"{folder}/{name}")) for name in names), record)


def merge_segments(
    blobs: BlobStore, mailbox_id: str, record: FolderRecord, state: State, many: int = MANY
) -> None:
    """Writes a whole of the state, which is what all segments say, if there are many. No intent
    may be open."""
    assert record.intent is None
    folder = f"groupware/{mailbox_id}/{record.key}"
    names = _names_since_whole(blobs, folder)
    if len(names) > many:
        last = names[-1].removesuffix(_WHOLE).removesuffix(_SEGMENT)
        body = segment_lines(record, state.values())
        blobs.put(f"{folder}/{last}{_WHOLE}", body, SEGMENT_TYPE)


def _names_since_whole(blobs: BlobStore, folder: str) -> list[str]:
    """The last whole of the folder, and what comes after it."""
    names = [key.removeprefix(f"{folder}/") for key in blobs.list(f"{folder}/")]
    wholes = [place for place, name in enumerate(names) if name.endswith(_WHOLE)]
    return names[wholes[-1] :] if wholes else names


def make_state(segments: Iterable[tuple[str, bytes]], record: FolderRecord) -> dict[str, ItemRow]:
    """The state from segments, each with its name, in the order of their revisions."""
    doubtful, since = _in_doubt(record.intent)
    state: dict[str, ItemRow] = {}
    for name, body in segments:
        head, *lines = body.splitlines()
        if json.loads(head)["folder"] != record.target_id:
            continue
        is_late = int(name.partition(".")[0]) >= since
        rows = [_row_from(json.loads(line)) for line in lines]
        state |= {row.uid: row for row in rows if not (is_late and row.uid in doubtful)}
    return state


def _in_doubt(intent: Intent | None) -> tuple[frozenset[str], int]:
    if intent is None:
        return frozenset(), 0
    return frozenset(entry_of(ref).uid for ref in intent.refs), int(intent.mark)


def _fields(row: ItemRow) -> dict[str, object]:
    fields = asdict(row)
    fields["marks"] = dict(row.marks)
    return {name: value for name, value in fields.items() if value or name in ("uid", "fate")}


def _row_from(fields: Mapping[str, object]) -> ItemRow:
    losses, marks = fields.get("losses", []), fields.get("marks", {})
    assert isinstance(losses, list)
    assert isinstance(marks, dict)
    return ItemRow(
        uid=str(fields["uid"]),
        version=str(fields.get("version", "")),
        fate=ItemFate(str(fields["fate"])),
        reason=str(fields.get("reason", "")),
        key=str(fields.get("key", "")),
        marks=marks,
        size=int(str(fields.get("size", 0))),
        losses=tuple(Loss(**loss) for loss in losses),
    )


# ---- counts ----------------------------------------------------------------------------------


def count_rows(rows: Iterable[ItemRow]) -> Tally:
    """The counts of these items, each as one, however many things it is at the target. One of which
    nothing could be written was skipped. One that was removed is not there to be counted."""
    copied = size = rejected = gone = skipped = 0
    for row in rows:
        copied += row.is_held
        size += row.size if row.is_held else 0
        rejected += row.fate in REFUSED
        gone += row.fate is ItemFate.GONE
        skipped += row.fate is ItemFate.EMPTY
    return Tally(copied=copied, rejected=rejected, gone=gone, skipped=skipped, size=size)


def count_targets(state: State) -> int:
    """How many things the target should have of them."""
    return sum(len(row.marks) for row in state.values())


def is_over(row: ItemRow) -> bool:
    """Whether the item was dealt with for good: it comes back as a new one, if it does."""
    return row.fate in _OVER
