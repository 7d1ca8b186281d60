"""Looks into a mailbox before a rollback: does it hold anything that this migration did not put
there?

All items of all mail folders are counted, and those that this migration has put there are taken
off: what is left was delivered or written since, or moved there by the user. Then the mailbox is
kept. What was copied alone, be it mail or calendars, does not keep it, because the source still has
it, unless the tenant file says so. What a user has put into a calendar is not counted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import replace

from migration.copy.audit import read_audit
from migration.deeds import Deed
from migration.errors import FolderGone, MailboxError, ProvisioningPending
from migration.identity import groupware_id
from migration.model import FolderRecord
from migration.ports import BlobStore, Directory, Ledger, Target

NOT_KNOWN = "the ledger does not know its mailbox, so nobody has looked into it"
COPIED_IS_KEPT = "it holds what was copied, and rollback.keep_copied is set"
_RETRY_AFTER = 10.0

OpenTarget = Callable[[], AbstractContextManager[Target]]
"""The target of the mailbox, closed afterwards."""


def look_into_mailbox(
    directory: Directory,
    ledger: Ledger,
    blobs: BlobStore,
    open_target: OpenTarget,
    run: str,
    key: str,
    mailbox: str,
    *,
    keep_copied: bool,
) -> bool:
    """Writes on the deed of that key whether the mailbox of its user is kept, and why; the answer.
    `mailbox` is the ledger's id of it; "", if the ledger knows none, keeps it.

    A user who has no mailbox now keeps nothing. ProvisioningPending while it is being made ready,
    and what the target raises if it is worth another try.
    """
    deed = ledger.deed(key)
    if deed is None:
        raise KeyError(key)
    user = directory.user(_entity(directory, deed))
    reason = ""
    if user is not None and user.state == "ENABLED":
        if not user.ready:
            raise ProvisioningPending("a mailbox is not ready to be looked into", _RETRY_AFTER)
        reason = _reason_to_keep(ledger, blobs, open_target, mailbox, keep_copied)
    ledger.record_deed(replace(deed, decided_by=run, reason=reason))
    return bool(reason)


def _entity(directory: Directory, deed: Deed) -> str:
    """Its id, or the name of a user whose creation was never confirmed."""
    return deed.entity or deed.subject


def _reason_to_keep(
    ledger: Ledger,
    blobs: BlobStore,
    open_target: OpenTarget,
    mailbox: str,
    keep_copied: bool,
) -> str:
    """ "" if nothing keeps the mailbox."""
    if not mailbox:
        return NOT_KNOWN
    folders = ledger.folders(mailbox)
    copied = [*folders, *ledger.folders(groupware_id(mailbox))]
    if keep_copied and any(folder.total.copied for folder in copied):
        return COPIED_IS_KEPT
    try:
        with open_target() as target:
            migrated = count_migrated(target, blobs, mailbox, folders)
            strange = target.total() - migrated
    except MailboxError as error:
        return f"it cannot be looked into: {type(error).__name__}"
    if strange > 0:
        items = "1 item" if strange == 1 else f"{strange} items"
        return f"it holds {items} that this migration did not put there"
    return ""


def count_migrated(
    target: Target, blobs: BlobStore, mailbox: str, folders: Iterable[FolderRecord]
) -> int:
    """How many items of the mailbox this migration has put there and are where they were put. What
    it cannot prove to be its own it does not count."""
    by_target: dict[str, list[FolderRecord]] = defaultdict(list)
    for folder in folders:
        by_target[folder.target_id].append(folder)
    return sum(_count(target, blobs, mailbox, id_, some) for id_, some in by_target.items())


def _count(
    target: Target, blobs: BlobStore, mailbox: str, target_id: str, folders: Iterable[FolderRecord]
) -> int:
    """A folder that somebody has deleted holds nothing."""
    try:
        if target.capabilities.keeps_key:
            return target.count(target_id)
        ids: set[str] = set()
        for folder in folders:
            audit = read_audit(blobs, mailbox, folder)
            rows = [*audit.held().values(), *audit.earlier]
            ids |= {row.target_id for row in rows if row.target_id}
        return target.count(target_id, ids) if ids else 0
    except FolderGone:
        return 0
