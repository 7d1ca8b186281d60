"""Keeps a deed of everything that provisioning makes, so that a rollback can take it back.

The deed is written before the call and confirmed after it; provisioning knows nothing of it. The
calls are made only for what the directory has just been seen not to have. So an open deed whose
thing exists counts as ours: between that look and the worker's death lies one call. Until the deed
is confirmed by a later attempt, somebody else who makes the very same thing is not told apart.

A call may find the thing there all the same: WorkMail shows its changes late, and answers get lost.
If a deed of an earlier call explains that, the thing is ours. If none does, it is DOUBTFUL: a
rollback leaves it and says so.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Any, cast

from migration.deeds import Deed, DeedKind, DeedState
from migration.directory_model import Group, Made, Permission, Resource
from migration.errors import UserRefused
from migration.model import Mailbox
from migration.ports import Directory, Ledger

NOT_JOURNALLED = {
    "update_user": "names and profile are not taken back; the report says so",
    "set_primary_address": "who was enabled loses all addresses, others keep theirs",
    "set_default_domain": "WorkMail suggests the domain for new addresses, and no more",
    "reset_password": "WorkMail shows none, so what was before cannot be put back",
    "set_quota": "quotas are not taken back; the report says so",
    "update_group": "whether it is hidden is not taken back; the report says so",
    "update_resource": "kind, description and booking are not taken back; the report says so",
    "delete_permissions": "it takes away",
    "remove_alias": "it takes away",
    "remove_member": "it takes away",
    "remove_delegate": "it takes away",
    "disable_entity": "it takes away",
    "delete_user": "it takes away",
    "delete_group": "it takes away",
    "delete_resource": "it takes away",
    "deregister_domain": "it takes away",
    "create_role": "the role ends with every run",
    "delete_role": "it takes away",
    "assume_role": "a token ends by itself",
}
"""The calls that change something and leave no deed, and why."""

_EXPLAINING = (DeedState.OPEN, DeedState.DONE)


def keep_journal(directory: Directory, ledger: Ledger, run: str, now: str) -> Directory:
    """The directory, with a deed of the run for everything that is made through it."""
    return cast("Directory", JournalledDirectory(directory, ledger, run, now))


class JournalledDirectory:
    """A Directory: the calls that make something are here, all others are those of `directory`."""

    def __init__(self, directory: Directory, ledger: Ledger, run: str, now: str) -> None:
        self._directory = directory
        self._ledger = ledger
        self._run = run
        self._now = now

    def __getattr__(self, name: str) -> Any:
        return getattr(self._directory, name)

    def register_domain(self, name: str) -> None:
        deed = self._deed(DeedKind.DOMAIN, name)
        self._make(deed, _always(lambda: self._directory.register_domain(name)))

    def create_user(self, mailbox: Mailbox, password: str = "") -> Made:
        deed = self._deed(DeedKind.USER, mailbox.username)
        return self._create(deed, lambda: self._directory.create_user(mailbox, password))

    def create_group(self, group: Group) -> Made:
        deed = self._deed(DeedKind.GROUP, group.name)
        return self._create(deed, lambda: self._directory.create_group(group))

    def create_resource(self, resource: Resource) -> Made:
        deed = self._deed(DeedKind.RESOURCE, resource.name)
        return self._create(deed, lambda: self._directory.create_resource(resource))

    def enable_entity(self, entity_id: str, address: str) -> bool:
        deed = self._deed(DeedKind.ENABLED, entity_id, address)
        return self._make(deed, lambda: self._directory.enable_entity(entity_id, address))

    def add_alias(self, entity_id: str, alias: str) -> bool:
        deed = self._deed(DeedKind.ALIAS, entity_id, alias)
        return self._make(deed, lambda: self._directory.add_alias(entity_id, alias))

    def add_member(self, group_id: str, member_id: str) -> None:
        deed = self._deed(DeedKind.MEMBER, group_id, member_id)
        self._make(deed, _always(lambda: self._directory.add_member(group_id, member_id)))

    def add_delegate(self, resource_id: str, delegate_id: str) -> None:
        deed = self._deed(DeedKind.DELEGATE, resource_id, delegate_id)
        self._make(deed, _always(lambda: self._directory.add_delegate(resource_id, delegate_id)))

    def put_permissions(
        self, owner_id: str, grantee_id: str, permissions: Collection[Permission]
    ) -> None:
        """The deed keeps what stood before the first such call of this run."""
        before = self._directory.permissions(owner_id).get(grantee_id, frozenset())
        deed = self._deed(DeedKind.PERMISSIONS, owner_id, grantee_id)
        earlier = self._ledger.deed(deed.key)
        if earlier is not None and earlier.state in _EXPLAINING:
            before = earlier.before
        deed = replace(deed, before=before, after=frozenset(permissions))
        put = self._directory.put_permissions
        self._make(deed, _always(lambda: put(owner_id, grantee_id, permissions)))

    # -- inside

    def _deed(self, kind: DeedKind, subject: str, detail: str = "") -> Deed:
        return Deed(kind, self._run, self._now, subject, detail)

    def _create(self, deed: Deed, call: Callable[[], Made]) -> Made:
        made: list[Made] = []

        def create() -> bool:
            made.append(call())
            return made[0].is_new

        self._make(deed, create, lambda: made[0].id)
        return made[0]

    def _make(
        self, deed: Deed, call: Callable[[], bool], find_id: Callable[[], str] = lambda: ""
    ) -> bool:
        """What `call` answers: whether it has made the thing. After any other error than a refusal
        the deed stays open: what became of the call is not known."""
        earlier = self._ledger.deed(deed.key)
        is_doubtful = earlier is not None and earlier.state is DeedState.DOUBTFUL
        begun = replace(deed, state=DeedState.DOUBTFUL if is_doubtful else DeedState.OPEN)
        self._ledger.record_deed(begun)
        try:
            is_new = call()
        except UserRefused:
            self._ledger.record_deed(earlier or replace(deed, state=DeedState.UNDONE))
            raise
        if is_new:
            known = replace(begun, state=DeedState.DONE)
        elif earlier is not None and earlier.state in _EXPLAINING:
            known = replace(earlier, state=DeedState.DONE)
        else:
            known = replace(begun, state=DeedState.DOUBTFUL)
        self._ledger.record_deed(replace(known, entity_id=find_id()))
        return is_new


def _always(call: Callable[[], None]) -> Callable[[], bool]:
    """For calls that do not tell whether the thing was there."""

    def made() -> bool:
        call()
        return True

    return made
