"""What verification says of the calendars, address books, tasks and notes of one mailbox."""

from __future__ import annotations

from migration.copy.groupware_verify import verify_groupware
from migration.groupware_port import GroupwareSource, GroupwareTarget
from migration.identity import groupware_id
from migration.model import CopyPolicy, ItemsVerdict, Tally
from migration.ports import BlobStore, Ledger


def check_groupware(
    source: GroupwareSource,
    target: GroupwareTarget,
    ledger: Ledger,
    blobs: BlobStore,
    mailbox_id: str,
    pass_id: int,
    policy: CopyPolicy,
) -> ItemsVerdict:
    """What `verify_groupware` finds, and raises, with the ledger's counts. A collection that this
    pass did not touch has brought nothing in it."""
    agreement, reasons = verify_groupware(source, target, ledger, blobs, mailbox_id, policy)
    records = ledger.folders(groupware_id(mailbox_id))
    total = sum((record.total for record in records), Tally())
    touched = (record.in_pass for record in records if record.pass_id == pass_id)
    return ItemsVerdict(agreement, total, sum(touched, Tally()), reasons)
