"""Gathers what WorkMail shows of a group, a resource or a sharing. Changes nothing: the run and
the plan before it look in the same way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from migration.directory_model import (
    DirectoryResource,
    EntityKind,
    Group,
    Owner,
    Permission,
    Resource,
    Wanted,
)
from migration.entity_changes import Links, Seen
from migration.ports import Directory
from migration.user_changes import missing_aliases


def look_at_entity(directory: Directory, wanted: Group | Resource) -> Seen:
    """Its aliases are asked for once it is enabled."""
    entity = (
        directory.find_group(wanted.address, wanted.name)
        if isinstance(wanted, Group)
        else directory.find_resource(wanted.address, wanted.name)
    )
    owner = named = None
    if entity is None or entity.email.lower() != wanted.address.lower():
        owner = directory.owner_of(wanted.address)
    if owner is None and (entity is None or entity.state == "DELETED"):
        named = directory.owner_of_name(wanted.name)
    if entity is None or entity.state != "ENABLED":
        return Seen(entity, owner, named)
    return Seen(entity, owner, named, directory.aliases(entity.id))


def look_at_aliases(directory: Directory, wanted: Group | Resource, seen: Seen) -> Seen:
    """With the owners of the aliases that the entity lacks: a call for each."""
    missing = [alias for _, alias in missing_aliases(wanted, seen.aliases)]
    return replace(seen, alias_owners=_find(directory, missing))


def look_at_links(
    directory: Directory,
    wanted: Wanted,
    entity_id: str,
    given: Mapping[str, str],
    resource: DirectoryResource | None = None,
) -> Links:
    """`entity_id` is that of the group or resource, "" if it is not there; the owner of a sharing
    is looked up. `given` as in Links; `resource` is what was seen of the resource just before."""
    if isinstance(wanted, Group):
        links = Links(None, {}, _find(directory, wanted.members), given=given)
        if not entity_id:
            return links
        members = _without_rights(directory.members(entity_id))
        return replace(links, owner=Owner(entity_id, EntityKind.GROUP), present=members)
    if isinstance(wanted, Resource):
        links = Links(None, {}, _find(directory, wanted.delegates), given=given)
        if not entity_id:
            return links
        return replace(
            links,
            owner=Owner(entity_id, EntityKind.RESOURCE),
            present=_without_rights(directory.delegates(entity_id)),
            resource=resource or directory.find_resource(wanted.address, wanted.name),
        )
    owner = directory.owner_of(wanted.owner)
    found = _find(directory, [each.grantee for each in wanted.grants])
    present = directory.permissions(owner.id) if owner else {}
    return Links(owner, present, found, given=given)


def _find(directory: Directory, addresses: Iterable[str]) -> Mapping[str, Owner]:
    owners = {address.lower(): directory.owner_of(address) for address in addresses}
    return {address: owner for address, owner in owners.items() if owner is not None}


def _without_rights(ids: Iterable[str]) -> Mapping[str, frozenset[Permission]]:
    return dict.fromkeys(ids, frozenset())
