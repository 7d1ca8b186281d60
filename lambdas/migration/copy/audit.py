"""What became of every message: the audit, kept as files of the tenant.

A *row* is what became of one message; the rows of a batch are its audit file, its counts and its
remarks, so that the three cannot disagree. No file holds a subject or an address, so that the audit
may be kept for long; what a row has for its remark alone is not written into it.

Files lie below `audit/<mailbox>/<folder key>/<validity>/`. Whoever replays the very same messages
overwrites their file. Others do not: a worker that was overtaken writes down less than its
successor, and learns only then that it was. So a message may stand in two files, with the same
outcome; what later passes change (flags, deletions) stands in files of its own, numbered by the
pass and the record's revision.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from migration.mail import Fate, ItemRef, Remark
from migration.model import FolderRecord, Tally
from migration.ports import BlobStore

HELD = frozenset({Fate.STORED, Fate.FOUND, Fate.MATCHED, Fate.ADJUSTED})
"""Fates of messages that the target holds."""

_READ_AT_ONCE = 8
_IN_MEMORY = 200  # files

_COPIED = frozenset({Fate.STORED, Fate.FOUND, Fate.ADJUSTED})
_REFUSED = frozenset({Fate.REJECTED, Fate.UNREADABLE, Fate.QUARANTINED})


@dataclass(frozen=True, slots=True)
class Row:
    """A message and its fate. `reason` is a code, set for what was refused or adjusted.
    `fingerprint` (see mime.py) is empty where the content was never read; `flags` are those the
    message had at the source when it was read or last looked at. `received` and `subject` are for
    the remark, where there is one; `scope` is that of the filters that have left it out."""

    ref: ItemRef
    fate: Fate
    target_id: str = ""
    reason: str = ""
    fingerprint: str = ""
    flags: frozenset[str] = frozenset()
    received: datetime | None = None
    subject: str = ""
    scope: str = ""

    @property
    def is_remarked(self) -> bool:
        """Whether the report tells of the message."""
        return self.fate in _REFUSED or self.fate is Fate.ADJUSTED


@dataclass(frozen=True, slots=True)
class Audit:
    """What is known of one folder. `rows` holds the messages of its present validity, by uid;
    `earlier` the copies made before it was recreated at the source, each once, without those that
    were removed since."""

    rows: Mapping[str, Row] = field(default_factory=dict)
    earlier: Sequence[Row] = ()

    def held(self) -> dict[str, Row]:
        """The messages that the target was given, by uid."""
        return {uid: row for uid, row in self.rows.items() if row.fate in HELD}

    def dealt(self, scope: str) -> set[str]:
        """The uids of messages that need not be looked at when they are met again. What was gone or
        removed is there again then, and what other filters than those of `scope` have left out may
        be wanted now."""
        return {
            uid
            for uid, row in self.rows.items()
            if row.fate in HELD | _REFUSED or (row.fate is Fate.SKIPPED and row.scope == scope)
        }

    def gone(self) -> set[str]:
        """The uids of messages that were listed, and not there when they were to be read."""
        return {uid for uid, row in self.rows.items() if row.fate is Fate.GONE}

    def without(self, removed: Sequence[Row]) -> Audit:
        """The same when these are removed."""
        ids = {row.target_id for row in removed}
        rows = {uid: row for uid, row in self.rows.items() if row.target_id not in ids}
        return Audit(rows, [row for row in self.earlier if row.target_id not in ids])

    def copies(self) -> Tally:
        """The copies that were made and not removed again, and their octets."""
        made = [row for row in self.rows.values() if row.fate in _COPIED]
        return count_rows([*made, *self.earlier])


def read_audit(blobs: BlobStore, mailbox_id: str, record: FolderRecord) -> Audit:
    """All that is known of the folder: one request for each batch it was copied in. A folder that
    was renamed kept its uids, and its rows lie under all its keys."""
    keys: dict[str, list[str]] = {record.validity: []}
    for place in (*record.earlier, f"{record.key}/{record.validity}"):
        key, _, validity = place.partition("/")
        if key not in keys.setdefault(validity, []):
            keys[validity].append(key)
    rows = _rows(blobs, mailbox_id, keys.pop(record.validity), record.validity, record.scope)
    earlier = [
        row
        for validity, some in keys.items()
        for row in _rows(blobs, mailbox_id, some, validity, record.scope).values()
    ]
    removed = {row.target_id for row in (*earlier, *rows.values()) if row.fate is Fate.REMOVED}
    kept = [row for row in earlier if row.fate in _COPIED and row.target_id not in removed]
    return Audit(rows, kept)


def _rows(
    blobs: BlobStore, mailbox_id: str, keys: Sequence[str], validity: str, scope: str
) -> dict[str, Row]:
    """Each message once, by uid, with its latest flags."""
    found: dict[str, Row] = {}
    copies, changes = _read(blobs, mailbox_id, keys, validity)
    removed = {row.target_id for row in changes if row.fate is Fate.REMOVED}
    for row in copies:
        known = found.get(row.ref.uid)
        # Of a message that stands in two files, the one with more to tell.
        if known is None or _tells(row, scope, removed) >= _tells(known, scope, removed):
            found[row.ref.uid] = row
    for row in changes:
        known = found.get(row.ref.uid)
        # A message that came back with its uid was copied once more: that copy is not meant.
        if known is None or known.target_id == row.target_id:
            found[row.ref.uid] = row
    return found


def _read(
    blobs: BlobStore, mailbox_id: str, keys: Sequence[str], validity: str
) -> tuple[list[Row], list[Row]]:
    """What was copied, and what was changed later, each in order."""
    names = [name for key in keys for name in blobs.list(f"audit/{mailbox_id}/{key}/{validity}/")]
    copies: list[Row] = []
    changes: list[Row] = []
    names.sort(key=lambda name: name.rpartition("/")[2])
    for name, body in zip(names, _bodies(blobs, names), strict=True):
        rows = changes if name.endswith("-changes.jsonl") else copies
        rows += (_row_from(json.loads(line)) for line in body.splitlines())
    return copies, changes


def _bodies(blobs: BlobStore, names: Sequence[str]) -> Iterator[bytes]:
    """The files, in order; several are read at once, for a large folder has thousands."""
    readers = [_reader(blobs, name) for name in names]
    if len(readers) <= _READ_AT_ONCE:
        yield from (read() for read in readers)
        return
    from concurrent.futures import ThreadPoolExecutor  # most folders have no need of it

    with ThreadPoolExecutor(_READ_AT_ONCE, "audit") as pool:
        for start in range(0, len(readers), _IN_MEMORY):
            yield from pool.map(lambda read: read(), readers[start : start + _IN_MEMORY])


def _reader(blobs: BlobStore, name: str) -> Callable[[], bytes]:
    """What reads a file, whoever calls it: the name is said here, so that the rights of functions
    can be told from their code."""
    return lambda: blobs.get(name)


def _tells(row: Row, scope: str, removed: Collection[str]) -> int:
    """A message that filters left out may have been copied after they were changed."""
    if row.fate is Fate.SKIPPED:
        return int(row.scope == scope)
    if row.target_id:
        return 3 if row.target_id in removed else 4
    return 2


def audit_key(mailbox_id: str, record: FolderRecord, rows: Sequence[Row]) -> str:
    """Where the audit of these messages is kept."""
    uids = " ".join(row.ref.uid for row in rows)
    digest = hashlib.sha256(uids.encode()).hexdigest()[:8]
    first = rows[0].ref.uid.rjust(10, "0")
    return f"audit/{mailbox_id}/{record.key}/{record.validity}/{first}-{digest}.jsonl"


def changes_key(mailbox_id: str, record: FolderRecord, pass_id: int) -> str:
    """Where what a pass has changed of earlier copies is kept: behind the copies, and behind what
    was changed before, in the same pass too."""
    place = f"audit/{mailbox_id}/{record.key}/{record.validity}"
    return f"{place}/~{pass_id:015}-{record.revision:010}-changes.jsonl"


def audit_lines(rows: Iterable[Row]) -> bytes:
    """One JSON object a line."""
    return "".join(f"{json.dumps(_fields(row))}\n" for row in rows).encode()


def _fields(row: Row) -> dict[str, object]:
    return {
        "uid": row.ref.uid,
        "size": row.ref.size,
        "outcome": f"{row.fate}:{row.reason}" if row.reason else str(row.fate),
        "target_id": row.target_id,
        "fingerprint": row.fingerprint,
        "flags": sorted(row.flags),
        **({"scope": row.scope} if row.scope else {}),
    }


def _row_from(fields: Mapping[str, object]) -> Row:
    fate, _, reason = str(fields["outcome"]).partition(":")
    flags = fields["flags"]
    assert isinstance(flags, list)
    return Row(
        ref=ItemRef(str(fields["uid"]), int(str(fields["size"]))),
        fate=Fate(fate),
        target_id=str(fields["target_id"]),
        reason=reason,
        fingerprint=str(fields["fingerprint"]),
        flags=frozenset(map(str, flags)),
        scope=str(fields.get("scope", "")),
    )


def count_rows(rows: Iterable[Row]) -> Tally:
    """The counts of a batch. Sizes are those the source listed, whoever stored the message. A
    message that was MATCHED was counted when it was copied."""
    copied = size = rejected = gone = skipped = 0
    for row in rows:
        if row.fate in _COPIED:
            copied, size = copied + 1, size + row.ref.size
        elif row.fate in _REFUSED:
            rejected += 1
        elif row.fate is Fate.REMOVED:
            copied, size = copied - 1, size - row.ref.size
        elif row.fate is Fate.GONE:
            gone += 1
        elif row.fate is Fate.SKIPPED:
            skipped += 1
    return Tally(copied=copied, rejected=rejected, gone=gone, skipped=skipped, size=size)


def remarks(rows: Iterable[Row], folder_key: str) -> list[Remark]:
    """What the report must show of a batch."""
    return [
        Remark(
            folder_key,
            row.ref.uid,
            row.ref.size,
            row.reason,
            row.fate,
            _date(row),
            row.subject,
        )
        for row in rows
        if row.is_remarked
    ]


def _date(row: Row) -> str:
    """In UTC, so that dates of several zones can be sorted; as the source has it where the calendar
    ends. What was never read has the date of the listing, if that was asked for dates."""
    listed = row.ref.received
    received = row.received or (datetime.fromisoformat(listed) if listed else None)
    if received is None:
        return ""
    try:
        return received.astimezone(UTC).isoformat().replace("+00:00", "Z")
    except OverflowError:
        return received.isoformat()
