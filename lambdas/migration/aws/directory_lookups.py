"""Finds users, groups and resources in WorkMail by address, name or id.

Calls take names and addresses in the place of ids, but not those of groups, which may hold spaces
and accents: groups are looked up in the list.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from migration.aws.directory_errors import translated
from migration.aws.directory_readings import DirectoryReadings
from migration.aws.directory_rows import read_group, read_resource
from migration.directory_model import DirectoryGroup, DirectoryResource, EntityKind, Owner

if TYPE_CHECKING:
    from mypy_boto3_workmail.type_defs import ListGroupsFiltersTypeDef

# The shape EntityIdentifier. Every name of a user or resource fits it, not every one of a group.
_IDENTIFIER = re.compile(r"[a-zA-Z0-9._%+@-]{1,256}")


class DirectoryLookups(DirectoryReadings):
    """The part of a Directory that tells who is who."""

    def owner_of(self, address: str) -> Owner | None:
        with translated("DescribeEntity"):
            try:
                entity = self._client.describe_entity(
                    OrganizationId=self._organization_id, Email=address
                )
            except self._client.exceptions.EntityNotFoundException:
                return None
        return Owner(entity["EntityId"], EntityKind(entity.get("Type", "USER")))

    def owner_of_name(self, name: str) -> Owner | None:
        """Up to four calls: nothing in WorkMail's API looks for a name among all kinds."""
        if group_id := self._group_named(name, deleted=False):
            return Owner(group_id, EntityKind.GROUP)
        if not _IDENTIFIER.fullmatch(name):
            return None
        resource = self._resource(name)
        if resource and resource.state != "DELETED" and resource.name.lower() == name.lower():
            return Owner(resource.id, EntityKind.RESOURCE)
        with translated("DescribeUser"):
            try:
                user = self._client.describe_user(OrganizationId=self._organization_id, UserId=name)
            except self._client.exceptions.EntityNotFoundException:
                return None
        taken = user.get("State") != "DELETED" and user.get("Name", "").lower() == name.lower()
        return Owner(user["UserId"], EntityKind.USER) if taken else None

    def find_group(self, address: str, name: str) -> DirectoryGroup | None:
        owner = self.owner_of(address)
        if owner and owner.kind is EntityKind.GROUP:
            return self._group(owner.id)
        group_id = self._group_named(name, deleted=True)
        return self._group(group_id) if group_id else None

    def find_resource(self, address: str, name: str) -> DirectoryResource | None:
        owner = self.owner_of(address)
        if owner and owner.kind is EntityKind.RESOURCE:
            return self._resource(owner.id)
        found = self._resource(name)
        return found if found and found.name.lower() == name.lower() else None

    def _group(self, group_id: str) -> DirectoryGroup | None:
        with translated("DescribeGroup"):
            try:
                answer = self._client.describe_group(
                    OrganizationId=self._organization_id, GroupId=group_id
                )
            except self._client.exceptions.EntityNotFoundException:
                return None
        return read_group(answer)

    def _group_named(self, name: str, *, deleted: bool) -> str:
        """The id of the group of that name, "" if there is none. With `deleted` also one that was
        deleted, if no other has the name."""
        filters: ListGroupsFiltersTypeDef = {"NamePrefix": name}
        with translated("ListGroups"):
            pages = self._client.get_paginator("list_groups").paginate(
                OrganizationId=self._organization_id, Filters=filters
            )
            named = {
                group["Id"]: group.get("State") == "DELETED"
                for page in pages
                for group in page.get("Groups", [])
                if group.get("Name", "").lower() == name.lower()
            }
        found = sorted(named, key=lambda group_id: named[group_id])
        return next((each for each in found if deleted or not named[each]), "")

    def _resource(self, reference: str) -> DirectoryResource | None:
        with translated("DescribeResource"):
            try:
                answer = self._client.describe_resource(
                    OrganizationId=self._organization_id, ResourceId=reference
                )
            except self._client.exceptions.EntityNotFoundException:
                return None
        return read_resource(answer)

    def state_of(self, entity_id: str) -> str:
        """ENABLED, DISABLED or DELETED, the latter also for what WorkMail does not know."""
        if resource := self._resource(entity_id):
            return resource.state
        if group := self._group(entity_id):
            return group.state
        with translated("DescribeUser"):
            try:
                user = self._client.describe_user(
                    OrganizationId=self._organization_id, UserId=entity_id
                )
            except self._client.exceptions.EntityNotFoundException:
                return "DELETED"
        return user.get("State", "")
