"""What later passes bring of messages that were copied already: flags, and deletions by policy."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace

from migration.copy.audit import Audit, Row, audit_lines, changes_key, read_audit
from migration.copy.plan import changed_flags, vanished
from migration.copy.recorder import FolderWork, Recorder
from migration.copy.worker import Worker
from migration.errors import FolderGone
from migration.mail import FlagReading, Folder
from migration.model import DeltaPolicy, FolderRecord


@dataclass(frozen=True, slots=True)
class ChangeCarrier:
    """Carries changes of one folder. What a user did at the target is left as it is: a message that
    was deleted or moved there is not met again, nor is a folder that was deleted, and flags are set
    only where the source's have changed since the copy."""

    worker: Worker
    recorder: Recorder

    def read_flags(self, folder: Folder, record: FolderRecord) -> FlagReading | None:
        """The flags to look at; None if the source says that nothing has changed, without being
        asked where the list of folders says so."""
        capable = (
            self.worker.source.capabilities.reads_flags
            and self.worker.target.capabilities.sets_flags
        )
        if not capable or not record.cursor:
            return None
        if folder.changes and folder.changes == record.flags_state:
            return None
        return self.worker.source.read_flags(folder, record.cursor, record.flags_state)

    def has_lost_messages(self, folder: Folder, record: FolderRecord) -> bool:
        """Whether deletions are to be followed, and the source holds fewer messages than were dealt
        with there."""
        follows = (
            self.worker.job.policy.delta is DeltaPolicy.FOLLOW
            and self.worker.source.capabilities.lists_uids
            and self.worker.target.capabilities.removes
        )
        total = record.total
        return follows and folder.count < total.copied + total.rejected + total.skipped

    def carry_all(self, work: FolderWork, flags: FlagReading | None, *, follow: bool) -> bool:
        """The same, part after part of the flags; False if the worker may not go on before the
        last."""
        self.carry(work, flags, follow=follow)
        while flags is not None and flags.more:
            self.recorder.drain()
            if not self.worker.may_go_on():
                return False
            flags = self.read_flags(work.plan.folder, work.record)
            if flags is not None:
                self.carry(work, flags, follow=False)
        return True

    def carry(self, work: FolderWork, flags: FlagReading | None, *, follow: bool) -> None:
        """Sets flags, deletes what was deleted, and writes both down. Doing it twice does no harm,
        so that a worker may die anywhere in between."""
        audit = read_audit(self.worker.blobs, self.worker.mailbox_id, work.record)
        flagged = self._set_flags(work.record, audit, flags) if flags and flags.flags else []
        gone = self._remove(work, audit) if follow else []
        if flagged or gone:  # before the ledger: counts are made from it
            key = changes_key(self.worker.mailbox_id, work.record, self.worker.job.pass_id)
            lines = audit_lines([*flagged, *gone])
            self.worker.blobs.put(key, lines, "application/x-ndjson")
        total = work.record.total
        if follow:
            # Counted anew: the worker that removed some may have died before it counted them.
            left = audit.without(gone).copies()
            total = replace(total, copied=left.copied, size=left.size)
        state = flags.state if flags else work.record.flags_state

        def change(record: FolderRecord) -> FolderRecord:
            return replace(record, flags_state=state, total=total)

        if total != work.record.total or state != work.record.flags_state:
            self.recorder.change(work, change)

    def _set_flags(self, record: FolderRecord, audit: Audit, reading: FlagReading) -> list[Row]:
        rows = changed_flags(audit.held(), reading.flags)
        if rows:
            with suppress(FolderGone):
                self.worker.target.set_flags(
                    record.target_id, {row.target_id: row.flags for row in rows}
                )
        return rows

    def _remove(self, work: FolderWork, audit: Audit) -> list[Row]:
        record = work.record
        present = self.worker.source.uids(work.plan.folder, record.cursor)
        rows = vanished(audit.held(), present)
        if rows:
            with suppress(FolderGone):
                self.worker.target.remove(record.target_id, [row.target_id for row in rows])
        return rows
