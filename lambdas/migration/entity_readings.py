"""Gathers what WorkMail shows of a group, a resource or a sharing. Changes nothing: the run and
the plan before it look in the same way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from migration.directory_model import (
    EntityKind,
    Group,
    Owner,
    Permission,
    Resource,
    Sharing,
    Wanted,
)
from migration.entity_changes import Links, Seen
from migration.ports import Directory


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


def look_at_links(directory: Directory, wanted: Wanted, entity_id: str) -> Links:
    """`entity_id` is that of the group or resource, "" if it is not there; the owner of a sharing
    is looked up."""
    if isinstance(wanted, Group):
        found = _find(directory, wanted.members)
        if not entity_id:
            return Links(None, {}, found)
        members = directory.members(entity_id)
        return Links(Owner(entity_id, EntityKind.GROUP), _without_rights(members), found)
    if isinstance(wanted, Resource):
        found = _find(directory, wanted.delegates)
        if not entity_id:
            return Links(None, {}, found)
        delegates = _without_rights(directory.delegates(entity_id))
        resource = directory.find_resource(wanted.address, wanted.name)
        return Links(Owner(entity_id, EntityKind.RESOURCE), delegates, found, resource)
    return _look_at_sharing(directory, wanted)


def _look_at_sharing(directory: Directory, sharing: Sharing) -> Links:
    owner = directory.owner_of(sharing.owner)
    present = directory.permissions(owner.id) if owner else {}
    return Links(owner, present, _find(directory, [each.grantee for each in sharing.grants]))


def _find(directory: Directory, addresses: Iterable[str]) -> Mapping[str, Owner]:
    owners = {address.lower(): directory.owner_of(address) for address in addresses}
    return {address: owner for address, owner in owners.items() if owner is not None}


def _without_rights(ids: Iterable[str]) -> Mapping[str, frozenset[Permission]]:
    return dict.fromkeys(ids, frozenset())
