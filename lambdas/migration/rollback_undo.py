"""Takes back what a step of a rollback names, deed by deed.

Each deed is marked when its thing is gone, so that the step may be stopped anywhere and begun
again: what is marked is left alone, and to take back what is gone already is no error. A deed that
cannot be taken back keeps its reason, and the others go on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import assert_never

from migration.deeds import CREATIONS, Deed, DeedKind, DeedState
from migration.directory_model import EntityKind, Owner
from migration.errors import UserRefused
from migration.identity import groupware_id
from migration.ports import BlobStore, Directory, Ledger
from migration.rollback_plan import NOT_LOOKED_INTO

CHANGED_SINCE = "somebody has changed these permissions since"
GRANTEE_IS_OFF = "who had these permissions before is not enabled any more"


class _Left(Exception):
    """A deed is not taken back; its text is the reason."""


def undo_step(
    directory: Directory,
    ledger: Ledger,
    blobs: BlobStore,
    run: str,
    keys: Iterable[str],
    carried: Iterable[str],
    mailbox: str,
) -> int:
    """Takes back these deeds in their order, then marks those that are `carried` by them, whose
    things have ended; how many were left. `mailbox` is forgotten by the ledger when its user is
    deleted. ProvisioningPending: WorkMail has not finished, and the step is to be called again."""
    left = 0
    deeds = list(filter(None, map(ledger.deed, keys)))
    was_looked_into = any(deed.decided_by == run and not deed.reason for deed in deeds)
    for deed in deeds:
        if deed.state is DeedState.UNDONE:
            continue
        try:
            _undo(directory, deed, was_looked_into)
        except (UserRefused, _Left) as refusal:
            ledger.record_deed(replace(deed, decided_by=run, reason=str(refusal)))
            left += 1
            continue
        if deed.kind is DeedKind.USER and mailbox:
            forget_mailbox(ledger, blobs, mailbox)
        _mark(ledger, deed, run)
    if not left:
        for deed in filter(None, map(ledger.deed, carried)):
            _mark(ledger, deed, run)
    return left


def forget_mailbox(ledger: Ledger, blobs: BlobStore, mailbox: str) -> None:
    """A mailbox that ended: what the ledger and the bucket know of its copies is true of nothing
    any more, and a later run must copy everything into the next one. The audit files are emptied;
    the bucket keeps their versions. Files about calendars and the like stay: each names the folder
    in WorkMail of which it tells, and that one is gone."""
    for key in list(blobs.list(f"audit/{mailbox}/")):
        if blobs.get(key):
            blobs.put(key, b"")
    ledger.forget_mailbox(groupware_id(mailbox))
    ledger.forget_mailbox(mailbox)


def _mark(ledger: Ledger, deed: Deed, run: str) -> None:
    if deed.state is not DeedState.UNDONE:
        done = replace(deed, state=DeedState.UNDONE, decided_by=run, reason="")
        ledger.record_deed(done)


def _undo(directory: Directory, deed: Deed, was_looked_into: bool) -> None:
    if deed.kind in (DeedKind.USER, DeedKind.GROUP, DeedKind.RESOURCE):
        _delete(directory, deed, was_looked_into)
    elif deed.kind is DeedKind.ENABLED:
        _disable(directory, deed.subject, was_looked_into)
    elif deed.kind is DeedKind.ALIAS:
        directory.remove_alias(deed.subject, deed.detail)
    elif deed.kind is DeedKind.MEMBER:
        directory.remove_member(deed.subject, deed.detail)
    elif deed.kind is DeedKind.DELEGATE:
        directory.remove_delegate(deed.subject, deed.detail)
    elif deed.kind is DeedKind.PERMISSIONS:
        _restore(directory, deed)
    elif deed.kind is DeedKind.DOMAIN:
        directory.deregister_domain(deed.subject)
    else:
        assert_never(deed.kind)


def _disable(directory: Directory, entity: str, was_looked_into: bool) -> None:
    """A user whose mailbox came to be after the looks is left."""
    user = directory.user(entity)
    if user is not None and user.state == "ENABLED" and not was_looked_into:
        raise _Left(NOT_LOOKED_INTO)
    directory.disable_entity(entity)


def _delete(directory: Directory, deed: Deed, was_looked_into: bool) -> None:
    owner = _find(directory, deed)
    if owner is None:
        return
    _disable(directory, owner.id, was_looked_into)
    delete: Mapping[EntityKind, Callable[[str], None]] = {
        EntityKind.USER: directory.delete_user,
        EntityKind.GROUP: directory.delete_group,
        EntityKind.RESOURCE: directory.delete_resource,
    }
    delete[owner.kind](owner.id)


def _find(directory: Directory, deed: Deed) -> Owner | None:
    """What was created; by its name if its id was never learned."""
    if deed.entity_id:
        return Owner(deed.entity_id, CREATIONS[deed.kind])
    owner = directory.owner_of_name(deed.subject)
    return owner if owner and owner.kind is CREATIONS[deed.kind] else None


def _restore(directory: Directory, deed: Deed) -> None:
    """Exactly what stood before, if it is still this migration that has the last word."""
    if directory.state_of(deed.subject) != "ENABLED":
        return  # who is disabled grants nothing any more
    now = directory.permissions(deed.subject).get(deed.detail, frozenset())
    if now == deed.before:
        return
    if now != deed.after:
        raise _Left(CHANGED_SINCE)
    if not deed.before:
        directory.delete_permissions(deed.subject, deed.detail)
    elif directory.state_of(deed.detail) != "ENABLED":
        raise _Left(GRANTEE_IS_OFF)
    else:
        directory.put_permissions(deed.subject, deed.detail, deed.before)
