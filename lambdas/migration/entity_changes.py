"""What must change in WorkMail for a group, a resource or the sharing of a mailbox to be as the
manifest says.

All functions are pure. What the manifest leaves empty stays as WorkMail has it; members, delegates
and rights that stand in WorkMail and not in the manifest stay, too. Reasons, remarks and conflicts
name columns, numbers (counted from 1, in the order of the manifest) and kinds, never an address or
a name.

An entity is made first (created, enabled, with its aliases), then linked to others (members,
delegates, grantees: entity_links.py), which may themselves be made in the same run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from migration.directory_model import (
    DirectoryGroup,
    DirectoryResource,
    Group,
    Owner,
    Permission,
    Resource,
)
from migration.user_changes import missing_aliases, tell_taken_alias


class Action(StrEnum):
    """One change, in the words of the plan."""

    CREATE = "create"
    ENABLE = "enable"
    ENABLE_AGAIN = "enable again"
    UPDATE = "update"
    ADD_ALIAS = "add alias"
    ADD_MEMBER = "add member"
    ADD_DELEGATE = "add delegate"
    SET_BOOKING = "set booking"
    PUT_PERMISSIONS = "put permissions of grantee"


@dataclass(frozen=True, slots=True)
class Change:
    """An action and the reason for it. `number` is that of the alias, member, delegate or grantee
    in the manifest. `subject` is what to act with: an alias, or WorkMail's id, "" for what is not
    there before the run; `permissions` are all that the grantee has afterwards."""

    action: Action
    reason: str
    number: int = 0
    subject: str = field(default="", repr=False)
    permissions: frozenset[Permission] = frozenset()


@dataclass(frozen=True, slots=True)
class EntityRuling:
    """What to do, in this order. With a `conflict` nothing is done. `remarks` are sentences about
    what cannot be as the manifest says; `refusals` say which parts WorkMail will refuse."""

    changes: tuple[Change, ...] = ()
    remarks: tuple[str, ...] = ()
    conflict: str = ""
    refusals: tuple[str, ...] = ()

    def join(self, later: EntityRuling) -> EntityRuling:
        """This ruling and a `later` one about the same entity; one of them may conflict."""
        return EntityRuling(
            self.changes + later.changes,
            self.remarks + later.remarks,
            self.conflict or later.conflict,
            self.refusals + later.refusals,
        )


@dataclass(frozen=True, slots=True)
class Seen:
    """What WorkMail shows of a group or resource: what has the address, else the name; who has the
    address, and who the name, if that is something else; its aliases; and who has aliases of the
    manifest (in lower case), for a plan: a run learns that from WorkMail's refusal."""

    entity: DirectoryGroup | DirectoryResource | None
    owner: Owner | None = None
    named: Owner | None = None
    aliases: frozenset[str] = frozenset()
    alias_owners: Mapping[str, Owner] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Links:
    """What WorkMail shows of what an entity refers to. `owner` is the entity itself, None if it is
    not there; `present` has the ids of members, delegates or grantees, the latter with what they
    may do; `found` says who has an address (in lower case) of the manifest; `resource` is the
    resource, if it is one.

    `given`: the primary addresses (in lower case) of the manifest's own users, groups and
    resources, each with WorkMail's id of who is to have it, "" for nobody yet. An address of
    theirs that somebody else has in WorkMail leads to somebody else's mail."""

    owner: Owner | None
    present: Mapping[str, frozenset[Permission]] = field(default_factory=dict)
    found: Mapping[str, Owner] = field(default_factory=dict)
    resource: DirectoryResource | None = None
    given: Mapping[str, str] = field(default_factory=dict)


def rule_on_making(wanted: Group | Resource, seen: Seen) -> EntityRuling:
    """What brings the entity into being, and makes its own attributes and aliases right."""
    kind = "group" if isinstance(wanted, Group) else "resource"
    if conflict := _find_conflict(wanted, kind, seen):
        return EntityRuling(conflict=conflict)
    entity = seen.entity
    changes: list[Change] = []
    if entity is None or entity.state == "DELETED":
        why = "WorkMail knows neither the address nor the name"
        if entity is not None:
            why = f"a {kind} of that name was deleted, and is not brought back"
        changes += [
            Change(Action.CREATE, why),
            Change(Action.ENABLE, f"a new {kind} is disabled"),
        ]
    else:
        if entity.state == "DISABLED":
            again = f"the {kind} was enabled before, and gets its address back"
            changes.append(
                Change(Action.ENABLE_AGAIN, again)
                if entity.was_enabled
                else Change(Action.ENABLE, f"the {kind} exists and is disabled")
            )
        if columns := _other_columns(wanted, entity):
            reason = f"WorkMail has another value of {', '.join(columns)}"
            changes.append(Change(Action.UPDATE, reason))
    refusals = []
    for number, alias in missing_aliases(wanted, seen.aliases):
        owner = seen.alias_owners.get(alias.lower())
        if owner is not None and (entity is None or owner.id != entity.id):
            refusals.append(tell_taken_alias(number, owner))
        else:
            changes.append(Change(Action.ADD_ALIAS, "WorkMail does not have it", number, alias))
    return EntityRuling(tuple(changes), refusals=tuple(refusals))


def wanted_resource(wanted: Resource, resource: DirectoryResource) -> DirectoryResource:
    """The resource as it should be, but for its booking options."""
    return replace(
        resource,
        kind=wanted.kind,
        description=wanted.description or resource.description,
        hidden=resource.hidden if wanted.hidden is None else wanted.hidden,
    )


def _find_conflict(wanted: Group | Resource, kind: str, seen: Seen) -> str:
    entity, owner = seen.entity, seen.owner
    if owner is not None and (entity is None or owner.id != entity.id):
        return (
            f"the address belongs to a {owner.kind.lower()} in WorkMail: remove it there, or write "
            "another one in the manifest"
        )
    if entity is None or entity.state == "DELETED":
        if seen.named is None:
            return ""
        return (
            f"the name belongs to a {seen.named.kind.lower()} in WorkMail: write another one in "
            "the manifest"
        )
    if entity.name.lower() != wanted.name.lower():
        return (
            f"the address belongs to a {kind} of another name in WorkMail: write that name in the "
            "manifest, or remove the address there"
        )
    if entity.email and entity.email.lower() != wanted.address.lower():
        return (
            f"the {kind} exists with another primary address: change the address in WorkMail, or "
            "write that address or another name in the manifest"
        )
    return ""


def _other_columns(
    wanted: Group | Resource, entity: DirectoryGroup | DirectoryResource
) -> list[str]:
    """The manifest's columns in which WorkMail has something else."""
    columns = []
    if isinstance(wanted, Resource) and isinstance(entity, DirectoryResource):
        after = wanted_resource(wanted, entity)
        columns += ["kind"] if after.kind != entity.kind else []
        columns += ["description"] if after.description != entity.description else []
    if wanted.hidden not in (None, entity.hidden):
        columns.append("hidden")
    return columns
