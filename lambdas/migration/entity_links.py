"""What links a group, a resource or a mailbox to others, as the manifest says: members, delegates
with booking options, grantees. Pure, as entity_changes.py, whose words these are."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import fields, replace

from migration.directory_model import (
    Booking,
    DirectoryResource,
    EntityKind,
    Group,
    Owner,
    Permission,
    Resource,
    Sharing,
    Wanted,
)
from migration.entity_changes import Action, Change, EntityRuling, Links

_BOOKING = tuple(each.name for each in fields(Booking))


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


def booked(
    wanted: Booking, links: Links, resource: DirectoryResource, changes: Sequence[Change]
) -> DirectoryResource:
    """The resource with the booking options as they should be. Without a delegate, also after the
    `changes`, it cannot stop answering by itself: WorkMail refuses that."""
    known = resource.booking
    booking = Booking(
        **{name: _first(getattr(wanted, name), getattr(known, name)) for name in _BOOKING}
    )
    if not (booking.auto_accept or _has_delegate(links, changes)):
        booking = replace(booking, auto_accept=known.auto_accept)
    return replace(resource, booking=booking)


def _has_delegate(links: Links, changes: Sequence[Change]) -> bool:
    return bool(links.present) or any(each.action is Action.ADD_DELEGATE for each in changes)


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
    columns = [name for name in _BOOKING if getattr(wanted.booking, name) is not None]
    if wanted.booking.auto_accept is False and not _has_delegate(links, changes):
        columns.remove("auto_accept")
        remarks.append(
            "auto_accept: the resource has no delegate who could answer requests, so it goes on "
            "answering by itself"
        )
    if resource := links.resource:
        after = booked(wanted.booking, links, resource, changes).booking
        columns = [n for n in columns if getattr(after, n) != getattr(resource.booking, n)]
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
    if _is_another(owner, address, links):
        return "in WorkMail the address belongs to another one than the manifest says"
    if owner.kind is EntityKind.RESOURCE:
        return f"a resource cannot {what}"
    if links.owner is not None and owner.id == links.owner.id:
        return f"nothing can {what} that is itself"
    return ""


def _is_another(owner: Owner, address: str, links: Links) -> bool:
    return links.given.get(address.lower(), owner.id) != owner.id


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
    if links.owner is not None and _is_another(links.owner, sharing.owner, links):
        return EntityRuling(
            conflict="in WorkMail the owner's address belongs to another one than the manifest "
            "says: remove it there, or write another one in the manifest"
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
