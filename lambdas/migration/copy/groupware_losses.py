"""What could not be kept of calendars, address books, tasks and notes, for reports and operators.

`groupware/<mailbox>/losses.json` holds counts, so that a report need not read all segments;
`losses.csv` beside it has a line for each loss.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from migration.copy.groupware_plan import NO_PLACE
from migration.copy.groupware_state import REFUSED, ItemFate, ItemRow, State, read_state
from migration.groupware_port import Collection
from migration.items.losses import Loss
from migration.model import FolderRecord
from migration.ports import BlobStore
from migration.spreadsheet import CONTENT_TYPE, write_sheet

_LINE = re.compile(r"^line \d+: ")
COLUMNS = ("collection", "kind", "item", "what", "where", "why")


@dataclass(frozen=True, slots=True)
class LossLine:
    """A loss, and of what. `collection` is a key; `loss.uid` is "" for one of the collection."""

    collection: str
    kind: str
    loss: Loss


def losses_key(mailbox_id: str, ending: str) -> str:
    """Where the losses of a mailbox are kept; the ending is json or csv."""
    return f"groupware/{mailbox_id}/losses.{ending}"


def write_losses(
    blobs: BlobStore,
    mailbox_id: str,
    records: Sequence[FolderRecord],
    collections: Sequence[Collection],
    strangers: Sequence[Collection],
) -> None:
    """Writes both files, unless they were made of the same before. `strangers` are those of the
    collections that the target has no place for."""
    of_collections = [*_of_collections(collections), *_of_strangers(strangers)]
    basis = _basis(records, of_collections)
    if _is_made_of(blobs, mailbox_id, basis):
        return
    states = {record.key: read_state(blobs, mailbox_id, record) for record in records}
    lines = [*of_collections, *_of_items(records, states)]
    sheet = write_sheet(COLUMNS, [_cells(line) for line in lines])
    blobs.put(losses_key(mailbox_id, "csv"), sheet, CONTENT_TYPE)
    # The basis comes last: whoever dies before has written nothing that would be believed.
    summary = {"basis": basis, **_summary(lines, records, states, strangers)}
    body = json.dumps(summary, indent=1, sort_keys=True).encode()
    blobs.put(losses_key(mailbox_id, "json"), body, "application/json")


def _basis(records: Sequence[FolderRecord], lines: Sequence[LossLine]) -> dict[str, object]:
    """What the files depend on. Verification changes no revision."""
    own = Counter(f"{line.collection}: {line.loss.what}: {line.loss.why}" for line in lines)
    return {
        "revisions": {record.key: record.revision for record in records},
        "collections": dict(sorted(own.items())),
    }


def _is_made_of(blobs: BlobStore, mailbox_id: str, basis: Mapping[str, object]) -> bool:
    key = losses_key(mailbox_id, "json")
    return blobs.exists(key) and json.loads(blobs.get(key))["basis"] == basis


def _of_collections(collections: Sequence[Collection]) -> Iterator[LossLine]:
    for each in collections:
        for loss in each.losses:
            yield LossLine(each.key, each.kind.value, loss)


def _of_strangers(strangers: Sequence[Collection]) -> Iterator[LossLine]:
    for each in strangers:
        yield LossLine(each.key, each.kind.value, Loss("collection", "", NO_PLACE))


def _of_items(records: Sequence[FolderRecord], states: Mapping[str, State]) -> Iterator[LossLine]:
    for record in records:
        for _, row in sorted(states[record.key].items()):
            for loss in (*_refusal(row), *row.losses):
                yield LossLine(record.key, record.path[0], loss)


def _refusal(row: ItemRow) -> list[Loss]:
    """The row itself as a loss, where the item is not at the target as it is at the source."""
    if row.fate in REFUSED:
        why = row.fate.value if row.reason == row.fate else f"{row.fate}: {row.reason}"
        return [Loss("item", "", why, row.uid)]
    if row.fate is ItemFate.EMPTY:
        return [Loss("item", "", "nothing of it can be written", row.uid)]
    return []


def _cells(line: LossLine) -> tuple[str, ...]:
    loss = line.loss
    return (line.collection, line.kind, loss.uid, loss.what, loss.where, loss.why)


def _reason(loss: Loss) -> str:
    """Without the line of the file, so that what is wrong in many lines is counted together."""
    return _LINE.sub("", loss.why)


def _summary(
    lines: Sequence[LossLine],
    records: Sequence[FolderRecord],
    states: Mapping[str, State],
    strangers: Sequence[Collection],
) -> dict[str, object]:
    counts = Counter((line.kind, line.loss.what, _reason(line.loss)) for line in lines)
    by_collection = Counter(line.collection for line in lines)
    return {
        "losses": [
            {"kind": kind, "what": what, "why": why, "count": number}
            for (kind, what, why), number in sorted(counts.items())
        ],
        "collections": [
            {
                "key": record.key,
                "kind": record.path[0],
                "losses": by_collection[record.key],
                "items": dict(
                    sorted(Counter(row.fate.value for row in states[record.key].values()).items())
                ),
            }
            for record in records
        ],
        "without_place": [{"key": each.key, "kind": each.kind.value} for each in strangers],
    }
