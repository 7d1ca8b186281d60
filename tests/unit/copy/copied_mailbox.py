"""A mailbox that was copied by the book, without the engine: what verification is tested on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from localrun.fakes.blobs import MemoryBlobs
from localrun.fakes.ledger import MemoryLedger
from localrun.fakes.mailbox import Kept, MemorySource, MemoryTarget
from migration import ports, transitions
from migration.copy.audit import Row, audit_key, audit_lines, count_rows, remarks
from migration.copy.findings import findings_key
from migration.copy.verify import verify_mailbox
from migration.identity import folder_key, migration_key
from migration.mail import BatchLimit, Fate, Folder, FolderPlan, Found, Item, Stamped, Stored
from migration.mime import fingerprint, whole
from migration.model import Agreement, CopyPolicy, FolderRecord, Mailbox

BOX, TENANT = "mailbox1", "acme"
Path = tuple[str, ...]
INBOX: Path = ("INBOX",)


class Target(MemoryTarget):
    """`since` from the beginning, and a target that shows bytes or rebuilds messages."""

    def __init__(self, *, keeps_key: bool = True, keeps_bytes: bool = True) -> None:
        super().__init__(keeps_key=keeps_key)
        self.capabilities = replace(self.capabilities, keeps_bytes=keeps_bytes)

    def since(self, folder_id: str, mark: str, keys: Sequence[str]) -> Iterable[Found]:
        return super().since(folder_id, mark or "0", keys)


class CopiedMailbox:
    """Source, target, ledger and audit, as a faultless copy leaves them."""

    def __init__(
        self,
        *,
        keeps_key: bool = True,
        keeps_bytes: bool = True,
        receiver: ports.Target | None = None,
    ) -> None:
        """`receiver` takes the place of the target in memory."""
        self.source, self.ledger, self.blobs = MemorySource(), MemoryLedger(), MemoryBlobs()
        self.target = Target(keeps_key=keeps_key, keeps_bytes=keeps_bytes)
        self.receiver = receiver or self.target
        self.ledger.plan_mailboxes("run1", [Mailbox(BOX, "s", "t", "u", "U")])

    # -- the copy

    def copy(self, pass_id: int = 1, adjusted: str = "") -> None:
        """Copies what is new; `adjusted` is the code of how all of it had to be changed."""
        for folder in self.source.folders():
            self._copy_folder(folder, pass_id, adjusted)

    def _copy_folder(self, folder: Folder, pass_id: int, adjusted: str) -> None:
        plan = FolderPlan(folder, folder.path)
        (folder_id,) = self.receiver.ensure_folders([plan])
        record = self.ledger.claim_folder(BOX, plan, folder_id, 1, pass_id)
        page = self.source.page(folder, record.cursor, BatchLimit())
        if not page.refs:
            return
        opened = self.ledger.advance(
            BOX, record, transitions.open_batch(record, page.refs, page.cursor, "0")
        )
        rows = [
            self._copy_item(record, answer, adjusted)
            for answer in self.source.fetch(folder, page.refs)
            if isinstance(answer, Item)
        ]
        self.write_down(record, rows)
        uids = [ref.uid for ref in page.refs]
        self.ledger.advance(BOX, opened, transitions.finish(opened, uids, count_rows(rows)))

    def _copy_item(self, record: FolderRecord, item: Item, adjusted: str) -> Row:
        content = whole(item.mime)
        key = migration_key(TENANT, BOX, record.key, record.validity, item.ref.uid)
        stamped = Stamped(key, replace(item, mime=content))
        (outcome,) = self.receiver.append(record.target_id, [stamped]).outcomes()
        assert isinstance(outcome, Stored)
        fate = Fate.ADJUSTED if adjusted else Fate.STORED
        print_ = fingerprint(content)
        return Row(item.ref, fate, outcome.target_id, adjusted, print_, item.flags)

    def write_down(self, record: FolderRecord, rows: Sequence[Row]) -> None:
        self.blobs.put(audit_key(BOX, record, rows), audit_lines(rows))
        self.ledger.add_remarks(BOX, remarks(rows, record.key))

    # -- behind its back

    def record(self, path: Path = INBOX) -> FolderRecord:
        key = folder_key("/".join(path))
        (record,) = [each for each in self.ledger.folders(BOX) if each.key == key]
        return record

    def kept(self, number: int, path: Path = INBOX) -> Kept:
        """The message at that place of a target folder."""
        return self.target.contents()[path][number]

    def alter(self, number: int, path: Path = INBOX, **changes: object) -> None:
        kept = self.kept(number, path)
        item = replace(kept.item, **changes)  # type: ignore[arg-type]  # fields of Item
        self.target.alter(self.record(path).target_id, kept.number, item)

    def lose(self, number: int, path: Path = INBOX) -> None:
        self.target.remove(self.record(path).target_id, [f"item-{self.kept(number, path).number}"])

    def double(self, number: int, path: Path = INBOX) -> None:
        kept = self.kept(number, path)
        self.target._put(self.record(path).target_id, kept.key, kept.item)

    def move(self, start: Path, end: Path) -> None:
        """A person moves the oldest message of a target folder to another."""
        items = self.target._items
        items[self.record(end).target_id].append(items[self.record(start).target_id].pop(0))

    # -- the verification

    def verify(
        self, pass_id: int = 1, sample: int = 20, seconds: float = 900.0, tenant: str = TENANT
    ) -> tuple[Agreement, tuple[str, ...]]:
        """The agreement, and the reasons without the folders' keys."""
        return self.verify_by(CopyPolicy(verify_sample=sample), pass_id, seconds, tenant)

    def verify_by(
        self, policy: CopyPolicy, pass_id: int = 1, seconds: float = 900.0, tenant: str = TENANT
    ) -> tuple[Agreement, tuple[str, ...]]:
        verdict = verify_mailbox(
            self.source,
            self.receiver,
            self.ledger,
            self.blobs,
            BOX,
            pass_id,
            policy,
            lambda: seconds,
            tenant,
        )
        return verdict.agreement, tuple(reason.split(": ", 1)[-1] for reason in verdict.reasons)

    def findings(self, pass_id: int = 1) -> bytes:
        return self.blobs.get(findings_key(BOX, pass_id))
