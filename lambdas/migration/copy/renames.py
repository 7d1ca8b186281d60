"""Recognizes folders that were renamed at the source, so that their mail is not copied twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from migration.copy.audit import read_audit
from migration.copy.plan import rename_candidates
from migration.copy.worker import Worker
from migration.mail import Folder, Item, ItemRef
from migration.mime import MimeStream, fingerprint
from migration.model import FolderRecord

_COMPARED = 5
"""So many messages are read and compared before a folder is taken for another one renamed."""


def adopt_renamed(
    worker: Worker, records: Sequence[FolderRecord], folders: Sequence[Folder]
) -> list[FolderRecord]:
    """The records, with those of renamed folders under their new keys.

    Servers keep the validity and the uids of a folder that is renamed, but several folders may have
    one validity: only equal content under equal uids decides. The copy stays in its place at the
    target.
    """
    adopted = {record.key: record for record in records}
    for record, folder in rename_candidates(records, folders):
        if adopted.get(record.key) is not record or folder.key in adopted:
            continue
        if _is_same(worker, record, folder):
            worker.take_fence()
            renamed = replace(
                record,
                key=folder.key,
                path=folder.path,
                earlier=(*record.earlier, f"{record.key}/{record.validity}"),
            )
            worker.ledger.adopt_folder(worker.mailbox_id, record.key, renamed)
            del adopted[record.key]
            adopted[folder.key] = renamed
    return list(adopted.values())


def _is_same(worker: Worker, record: FolderRecord, folder: Folder) -> bool:
    """Whether the folder holds, under their uids, messages that were copied from the other one; or,
    if its first ones are still under way, messages of their sizes."""
    if f"{folder.key}/{folder.validity}" in record.earlier:  # it has its old name back
        return True
    held = read_audit(worker.blobs, worker.mailbox_id, record).held()
    if worker.source.capabilities.lists_uids:
        present = worker.source.uids(folder, record.cursor)
        held = {uid: row for uid, row in held.items() if uid in present}
    prints = {uid: row.fingerprint for uid, row in held.items() if row.fingerprint}
    refs = [held[uid].ref for uid in prints]
    if not refs and record.intent:
        refs = list(record.intent.refs)
    sample = _spread(refs)
    sizes = {ref.uid: ref.size for ref in sample}
    equal = different = 0
    for answer in worker.source.fetch(folder, sample):  # to the end: other answers come behind
        if isinstance(answer, Item):
            if isinstance(answer.mime, MimeStream):
                for _ in answer.mime:
                    pass
            uid = answer.ref.uid
            is_same = len(answer.mime) == sizes[uid]
            if prints:
                is_same = prints.get(uid, "") in ("", fingerprint(answer.mime))
            equal, different = equal + is_same, different + (not is_same)
    return equal > 0 and not different


def _spread(refs: Sequence[ItemRef]) -> list[ItemRef]:
    """A few messages from all over the folder, in the order of their uids."""
    ordered = sorted(refs, key=lambda ref: (len(ref.uid), ref.uid))
    step = max(1, len(ordered) // _COMPARED)
    return ordered[::step][:_COMPARED]
