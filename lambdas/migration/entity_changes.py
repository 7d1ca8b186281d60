"""What must change in WorkMail for a group, a resource or the sharing of a mailbox to be as the
manifest says.

All functions are pure. What the manifest leaves empty stays as WorkMail has it; members, delegates
and rights that stand in WorkMail and not in the manifest stay, too. Reasons, remarks and conflicts
name columns, numbers (counted from 1, in the order of the manifest) and kinds, never an address or
a name.

An entity is made first (created, enabled, with its aliases), then linked to others (members,
delegates, grantees), which may themselves be made in the same run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum

from migration.directory_model import (
    Booking,
    DirectoryGroup,
    DirectoryResource,
    EntityKind,
    Group,
    Owner,
    Permission,
    Resource,
    Sharing,
    Wanted,
)
from migration.user_changes import missing_aliases


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
    what cannot be as the manifest says."""

    changes: tuple[Change, ...] = ()
    remarks: tuple[str, ...] = ()
    conflict: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """What WorkMail shows of a group or resource: what has the address, else the name; who has the
    address, and who the name, if that is something else; and its aliases."""

    entity: DirectoryGroup | DirectoryResource | None
    owner: Owner | None = None
    named: Owner | None = None
    aliases: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Links:
    """What WorkMail shows of what an entity refers to. `owner` is the entity itself, None if it is
    not there; `present` has the ids of members, delegates or grantees, the latter with what they
    may do; `found` says who has an address (in lower case) of the manifest; `resource` is the
    resource, if it is one."""

    owner: Owner | None
    present: Mapping[str, frozenset[Permission]] = field(default_factory=dict)
    found: Mapping[str, Owner] = field(default_factory=dict)
    resource: DirectoryResource | None = None


# ---- made ------------------------------------------------------------------------------------


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
    changes += [
        Change(Action.ADD_ALIAS, "WorkMail does not have it", number, alias)
        for number, alias in missing_aliases(wanted, seen.aliases)
    ]
    return EntityRuling(tuple(changes))


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


# ---- linked ----------------------------------------------------------------------------------


def rule_on_links(
    wanted: Wanted, links: Links, expected: AbstractSet[str] = frozenset()
) -> EntityRuling:
    """What links the entity to others. `expected` are addresses, in lower case, that the run will
    give to somebody: for a plan."""
    if isinstance(wanted, Group):
        return _rule_on_members(wanted, links, expected)
    if isinstance(wanted, Resource):
        return _rule_on_resource(wanted, links, expected)
    return _rule_on_grants(wanted, links, expected)


def booked(wanted: Booking, resource: DirectoryResource, *, answered: bool) -> DirectoryResource:
    """The resource with the booking options as they should be. Unless requests are `answered` by a
    delegate, it cannot stop answering by itself: WorkMail takes no other."""
    known = resource.booking
    booking = Booking(
        **{name: _first(getattr(wanted, name), getattr(known, name)) for name in _BOOKING}
    )
    if booking.auto_accept is False and not answered:
        booking = replace(booking, auto_accept=known.auto_accept)
    return replace(resource, booking=booking)


_BOOKING = tuple(each.name for each in fields(Booking))


def _first(wanted: bool | None, known: bool | None) -> bool | None:
    return known if wanted is None else wanted


def _rule_on_members(group: Group, links: Links, expected: AbstractSet[str]) -> EntityRuling:
    changes, remarks = _join(
        Action.ADD_MEMBER, "member", group.members, links, expected, "be a member of a group"
    )
    if count := len(group.owners):
        owners = "1 owner is" if count == 1 else f"{count} owners are"
        remarks.append(f"WorkMail has no owners of groups: {owners} not taken over")
    return EntityRuling(tuple(changes), tuple(remarks))


def _rule_on_resource(wanted: Resource, links: Links, expected: AbstractSet[str]) -> EntityRuling:
    """Delegates come before the booking options: WorkMail wants one before it stops answering."""
    changes, remarks = _join(
        Action.ADD_DELEGATE, "delegate", wanted.delegates, links, expected, "be a delegate"
    )
    answered = bool(links.present or changes)
    if wanted.booking.auto_accept is False and not answered:
        remarks.append(
            "auto_accept: the resource has no delegate who could answer requests, so it goes on "
            "answering by itself"
        )
    columns = [name for name in _BOOKING if getattr(wanted.booking, name) is not None]
    if resource := links.resource:
        after = booked(wanted.booking, resource, answered=answered).booking
        columns = [n for n in _BOOKING if getattr(after, n) != getattr(resource.booking, n)]
    elif not answered and wanted.booking.auto_accept is False:
        columns.remove("auto_accept")
    if columns:
        reason = f"WorkMail has another value of {', '.join(columns)}"
        changes.append(Change(Action.SET_BOOKING, reason))
    return EntityRuling(tuple(changes), tuple(remarks))


def _join(
    action: Action,
    noun: str,
    addresses: Sequence[str],
    links: Links,
    expected: AbstractSet[str],
    what: str,
) -> tuple[list[Change], list[str]]:
    """Adds who is not there yet. Resources cannot `what`, nor can an entity itself."""
    changes: list[Change] = []
    left_out: dict[str, list[int]] = {}
    known = set(links.present)
    for number, address in enumerate(addresses, 1):
        owner = links.found.get(address.lower())
        if problem := _why_left_out(owner, address, links, expected, what):
            left_out.setdefault(problem, []).append(number)
        elif owner is None:
            changes.append(Change(action, "the run makes it", number))
        elif owner.id not in known:
            known.add(owner.id)
            changes.append(Change(action, f"it is no {noun} yet", number, owner.id))
    return changes, [_tell(noun, numbers, problem) for problem, numbers in left_out.items()]


def _why_left_out(
    owner: Owner | None, address: str, links: Links, expected: AbstractSet[str], what: str
) -> str:
    if owner is None:
        if address.lower() in expected:
            return ""
        return "WorkMail does not know the address"
    if owner.kind is EntityKind.RESOURCE:
        return f"a resource cannot {what}"
    if links.owner is not None and owner.id == links.owner.id:
        return f"nothing can {what} that is itself"
    return ""


def _tell(noun: str, numbers: Sequence[int], problem: str) -> str:
    """`members 3, 5: WorkMail does not know the address; left out`"""
    plural = noun if len(numbers) == 1 else f"{noun}s"
    return f"{plural} {', '.join(map(str, numbers))}: {problem}; left out"


def _rule_on_grants(sharing: Sharing, links: Links, expected: AbstractSet[str]) -> EntityRuling:
    """What a grantee has beyond the manifest is kept."""
    if links.owner is None and sharing.owner.lower() not in expected:
        return EntityRuling(
            conflict="WorkMail does not know the owner's address: write another one in the "
            "manifest, or create the owner in WorkMail"
        )
    changes: list[Change] = []
    left_out: dict[str, list[int]] = {}
    given = dict(links.present)
    for number, grant in enumerate(sharing.grants, 1):
        grantee = links.found.get(grant.grantee.lower())
        problem = _why_left_out(grantee, grant.grantee, links, expected, "be given permissions")
        permissions = frozenset() if problem else grant.permissions
        if problem:
            left_out.setdefault(problem, []).append(number)
        elif Permission.FULL_ACCESS in permissions and (why := _why_not_full(grantee, links.owner)):
            left_out.setdefault(why, []).append(number)
            permissions -= {Permission.FULL_ACCESS}
        before = given.get(grantee.id, frozenset()) if grantee else frozenset()
        if missing := permissions - before:
            after = before | permissions
            if grantee:
                given[grantee.id] = after
            reason = f"the grantee lacks {', '.join(sorted(missing))}"
            subject = grantee.id if grantee else ""
            changes.append(Change(Action.PUT_PERMISSIONS, reason, number, subject, after))
    remarks = [_tell("grantee", numbers, problem) for problem, numbers in left_out.items()]
    return EntityRuling(tuple(changes), tuple(remarks))


def _why_not_full(grantee: Owner | None, owner: Owner | None) -> str:
    if owner is not None and owner.kind is EntityKind.GROUP:
        return "FULL_ACCESS: a group has no mailbox to give access to"
    if grantee is not None and grantee.kind is EntityKind.GROUP:
        return "FULL_ACCESS: WorkMail gives it to users alone"
    return ""
