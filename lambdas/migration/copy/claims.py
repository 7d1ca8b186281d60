"""The folders that this worker owns, and how it comes to own them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from migration import transitions
from migration.copy.audit import read_audit
from migration.copy.plan import Rematch, is_suspicious
from migration.copy.recorder import FolderWork, Recorder
from migration.copy.recovery import Recovery, plan_before
from migration.copy.worker import Worker
from migration.errors import FolderGone, MailboxUnreachable
from migration.mail import FolderPlan
from migration.model import FolderRecord


@dataclass(slots=True)
class Claims:
    """`works` holds the folders claimed in this walk, `recreated` the keys of those whose target
    folder was created again in this slice."""

    worker: Worker
    works: list[FolderWork] = field(default_factory=list)
    recreated: set[str] = field(default_factory=set)

    def ensure_targets(
        self, plans: Sequence[FolderPlan], known: Mapping[str, FolderRecord]
    ) -> dict[str, str]:
        """Folder key -> target id. Places of earlier passes are kept as they are."""
        fresh = [plan for plan in plans if plan.folder.key not in known]
        made = self.worker.target.ensure_folders(fresh) if fresh else []
        ids = {plan.folder.key: id_ for plan, id_ in zip(fresh, made, strict=True)}
        return ids | {key: record.target_id for key, record in known.items()}

    def claim_all(
        self,
        recorder: Recorder,
        plans: Sequence[FolderPlan],
        ids: Mapping[str, str],
        known: Mapping[str, FolderRecord],
        waits: list[float],
    ) -> Iterator[FolderWork]:
        """Each folder when its turn comes, claimed, and with nothing in doubt; those that must wait
        are left out. Runs where the reading runs."""
        recovery = Recovery(self.worker, recorder)
        for plan in self._suspicious_last(plans, known):
            before = known.get(plan.folder.key)
            if before and before.intent and before.validity != plan.folder.validity:
                old = self.claim(plan_before(plan, before.validity), before.target_id)
                if wait := recovery.bury(old):
                    waits.append(wait)
                    continue
            work = self.claim(plan, ids[plan.folder.key], before)
            if work.record.intent and (wait := recovery.settle(work)):
                waits.append(wait)
                continue
            self._recall(work)
            work.cursor_ahead = work.record.cursor
            yield work

    def _recall(self, work: FolderWork) -> None:
        """What was dealt with of a folder that is read anew, or of which the source shows again
        what it has shown: in the audit, and in the intent."""
        record = work.record
        repeats = self.worker.source.capabilities.repeats
        if not (record.recount or (repeats and (record.total.seen or record.intent))):
            return
        audit = read_audit(self.worker.blobs, self.worker.mailbox_id, record)
        under_way = record.intent.refs if record.intent else ()
        work.dealt = audit.dealt(record.scope) | {ref.uid for ref in under_way}
        work.missed = audit.gone()
        work.rematch = Rematch.of(audit) if audit.earlier else None

    def _suspicious_last(
        self, plans: Sequence[FolderPlan], known: Mapping[str, FolderRecord]
    ) -> list[FolderPlan]:
        suspicious = {key for key, record in known.items() if is_suspicious(record.intent)}
        return sorted(plans, key=lambda plan: plan.folder.key in suspicious)

    def claim(
        self, plan: FolderPlan, target_id: str, known: FolderRecord | None = None
    ) -> FolderWork:
        worker = self.worker
        if known is not None and known.validity != plan.folder.validity:
            worker.ledger.drop_remarks(worker.mailbox_id, plan.folder.key)
        record = worker.ledger.claim_folder(
            worker.mailbox_id, plan, target_id, worker.take_fence(), worker.job.pass_id
        )
        work = FolderWork(plan, record)
        self.works.append(work)
        return work

    def recreate_gone(self) -> None:
        """Somebody has deleted folders at the target that messages are still copied into. They are
        created again, once; what was in them is not brought back."""
        for work in self.works:
            if not self._is_gone(work.record):
                continue
            key = work.plan.folder.key
            if key in self.recreated:
                raise MailboxUnreachable(f"the target folder of {key} disappears again and again")
            self.recreated.add(key)
            (target_id,) = self.worker.target.ensure_folders([work.plan])
            self.write(work, transitions.move(work.record, target_id))

    def _is_gone(self, record: FolderRecord) -> bool:
        try:
            self.worker.target.count(record.target_id)
        except FolderGone:
            return True
        return False

    def write(self, work: FolderWork, after: FolderRecord) -> None:
        """Writes a record outside of the pipeline."""
        work.record = self.worker.ledger.advance(self.worker.mailbox_id, work.record, after)
