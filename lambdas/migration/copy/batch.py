"""Carries one batch from the source to the target and writes down what became of it.

Steps 2 and 3 of the protocol (see engine.py). Nothing here decides what comes next.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from migration.copy.plan import (
    Row,
    audit_key,
    audit_lines,
    in_order,
    reason_of_all,
    rejections,
    row_of_outcome,
    row_of_unsent,
    split_found,
    split_sendable,
)
from migration.errors import MailboxUnreachable
from migration.identity import migration_key
from migration.model import Folder, FolderRecord, Intent, Item, ItemRef, Stamped
from migration.ports import BlobStore, Ledger, Source, Target


@dataclass(frozen=True, slots=True)
class BatchCopier:
    """Batches of one mailbox. Raises what its ports raise; ValueError if one of them answers out
    of order, because then nobody knows which message an answer is for."""

    source: Source
    target: Target
    ledger: Ledger
    blobs: BlobStore
    tenant: str
    mailbox_id: str

    def find(self, record: FolderRecord, intent: Intent) -> tuple[list[Row], list[ItemRef]]:
        """What the target has of an intent, and what it lacks."""
        keys = [self._key(record, ref) for ref in intent.refs]
        found = self.target.since(record.target_id, intent.mark, keys) if keys else frozenset()
        return split_found(intent.refs, found, lambda ref: self._key(record, ref))

    def copy(self, folder: Folder, record: FolderRecord, intent: Intent) -> list[Row]:
        """Reads and appends all messages of the intent; their rows, in its order.

        Reading may take minutes. FencedOff, and nothing is appended, if the folder has been claimed
        by another worker meanwhile: it may have copied the same messages already.

        MailboxUnreachable if the target refuses all that was sent, for one reason: it is not about
        these messages then, and the cursor must not pass them.
        """
        too_large, sendable = split_sendable(intent.refs, self._max_bytes)
        unsent, batch = self._read(folder, record, sendable)
        if batch:
            self.ledger.check_claim(self.mailbox_id, record)
        sent = self._append(record, batch)
        if reason := reason_of_all(sent):
            raise MailboxUnreachable(f"the target refuses every message of a batch: {reason}")
        return in_order([*too_large, *unsent, *sent], intent)

    def write_down(self, record: FolderRecord, rows: Sequence[Row]) -> None:
        """The audit file and the rejections; a replay overwrites both."""
        if not rows:
            return
        key = audit_key(self.mailbox_id, record.key, [self._key(record, row.ref) for row in rows])
        self.blobs.put(key, audit_lines(rows), "application/x-ndjson")
        if refused := rejections(rows, record.key):
            self.ledger.add_rejections(self.mailbox_id, refused)

    def _read(
        self, folder: Folder, record: FolderRecord, refs: Sequence[ItemRef]
    ) -> tuple[list[Row], list[Stamped]]:
        """Rows of messages that cannot be sent, and the messages that can. All of a batch is read
        before any of it is sent, so that a source that fails leaves nothing in doubt."""
        rows: list[Row] = []
        batch: list[Stamped] = []
        answers = self.source.fetch(folder, refs) if refs else ()
        for ref, answer in zip(refs, answers, strict=True):
            if answer.ref.uid != ref.uid:
                raise ValueError("the source's answers are not in the order asked")
            if row := row_of_unsent(answer, self._max_bytes):
                rows.append(replace(row, ref=ref))
            elif isinstance(answer, Item):
                # The listed size counts, also where the source turns out to be wrong about it:
                # after a crash, the message may be found and is not read again.
                batch.append(Stamped(self._key(record, ref), replace(answer, ref=ref)))
        return rows, batch

    def _append(self, record: FolderRecord, batch: Sequence[Stamped]) -> list[Row]:
        outcomes = self.target.append(record.target_id, batch) if batch else ()
        return [
            row_of_outcome(stamped, outcome)
            for stamped, outcome in zip(batch, outcomes, strict=True)
        ]

    @property
    def _max_bytes(self) -> int:
        return self.target.capabilities.max_item_bytes

    def _key(self, record: FolderRecord, ref: ItemRef) -> str:
        folder, validity = record.key, record.validity
        return migration_key(self.tenant, self.mailbox_id, folder, validity, ref.uid)
