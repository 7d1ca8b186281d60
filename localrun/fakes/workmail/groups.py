"""WorkMail's calls about groups and their members.

Not documented, and so chosen: group and member must be ENABLED, a resource is refused as a member
(the API's MemberType knows users and groups), and so is a group that would then contain itself.
"""

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from localrun.fakes.workmail.state import (
    Account,
    Entity,
    Group,
    Organization,
    Resource,
    new_id,
    page,
)
from localrun.model_service import ApiError

_Kind = TypeVar("_Kind", Group, Resource)


class GroupCalls:
    _account: Account

    def create_group(
        self,
        *,
        organization_id: str,
        name: str,
        hidden_from_global_address_list: bool = False,
    ) -> Mapping[str, Any]:
        """The group is DISABLED, and unseen by other calls for `consistency_lag`."""
        organization = self._account.writable(organization_id)
        self._account.check_free_name(organization, name)
        group = Group(
            group_id=new_id(),
            name=name,
            hidden=hidden_from_global_address_list,
            visible_at=self._account.now() + self._account.consistency_lag,
        )
        organization.add(group)
        return {"GroupId": group.group_id}

    def describe_group(self, *, organization_id: str, group_id: str) -> Mapping[str, Any]:
        organization = self._account.organization(organization_id)
        group = self._account.group(organization, group_id)
        return {
            "GroupId": group.group_id,
            "Name": group.name,
            "HiddenFromGlobalAddressList": group.hidden,
            **standing(group, self._account),
        }

    def update_group(
        self,
        *,
        organization_id: str,
        group_id: str,
        hidden_from_global_address_list: bool | None = None,
    ) -> None:
        organization = self._account.writable(organization_id)
        group = self._account.group(organization, group_id)
        check_not_deleted(group)
        if hidden_from_global_address_list is not None:
            group.hidden = hidden_from_global_address_list

    def list_groups(
        self,
        *,
        organization_id: str,
        next_token: str | None = None,
        max_results: int | None = None,
        filters: Mapping[str, str] | None = None,
    ) -> Mapping[str, Any]:
        """Groups in the order of their names, deleted ones too."""
        organization = self._account.organization(organization_id)
        chosen = choose(organization.groups.values(), filters or {}, self._account)
        groups, token = page(chosen, next_token, max_results)
        return {
            "Groups": [
                {"Id": each.entity_id, "Name": each.name, **standing(each, self._account)}
                for each in groups
            ],
            "NextToken": token,
        }

    def delete_group(self, *, organization_id: str, group_id: str) -> None:
        """Deleting a deleted group changes nothing. For one that nobody knows see DeleteUser."""
        organization = self._account.writable(organization_id)
        try:
            group = self._account.group(organization, group_id)
        except ApiError as error:
            raise ApiError("EntityStateException", error.message) from None
        delete(organization, group)

    def associate_member_to_group(
        self, *, organization_id: str, group_id: str, member_id: str
    ) -> None:
        """Adding a member again changes nothing."""
        organization = self._account.writable(organization_id)
        group, member = self._group_and_member(organization, group_id, member_id)
        self._account.check_enabled(member, member_id)
        if isinstance(member, Resource):
            raise ApiError("InvalidParameterException", "A resource cannot be a member.")
        if isinstance(member, Group) and _contains(organization, member, group.group_id):
            raise ApiError("InvalidParameterException", "A group cannot contain itself.")
        if member.entity_id not in group.members:
            group.members.append(member.entity_id)

    def disassociate_member_from_group(
        self, *, organization_id: str, group_id: str, member_id: str
    ) -> None:
        """Removing who is no member changes nothing."""
        organization = self._account.writable(organization_id)
        group, member = self._group_and_member(organization, group_id, member_id)
        group.members = [each for each in group.members if each != member.entity_id]

    def list_group_members(
        self,
        *,
        organization_id: str,
        group_id: str,
        next_token: str | None = None,
        max_results: int | None = None,
    ) -> Mapping[str, Any]:
        """The members of the group itself, in the order they came."""
        organization = self._account.organization(organization_id)
        group = self._account.group(organization, group_id)
        ids, token = page(group.members, next_token, max_results)
        members = [self._member(organization, member_id) for member_id in ids]
        return {"Members": members, "NextToken": token}

    def list_groups_for_entity(
        self,
        *,
        organization_id: str,
        entity_id: str,
        filters: Mapping[str, str] | None = None,
        next_token: str | None = None,
        max_results: int | None = None,
    ) -> Mapping[str, Any]:
        """The groups that have it as a member themselves, in the order of their names."""
        organization = self._account.organization(organization_id)
        entity = self._account.entity(organization, entity_id)
        prefix = (filters or {}).get("GroupNamePrefix", "").lower()
        found = [
            {"GroupId": group.group_id, "GroupName": group.name}
            for group in sorted(organization.groups.values(), key=lambda each: each.name.lower())
            if entity.entity_id in group.members and group.name.lower().startswith(prefix)
        ]
        groups, token = page(found, next_token, max_results)
        return {"Groups": groups, "NextToken": token}

    def _group_and_member(
        self, organization: Organization, group_id: str, member_id: str
    ) -> tuple[Group, Entity]:
        group = self._account.group(organization, group_id)
        self._account.check_enabled(group, group_id)
        return group, self._account.entity(organization, member_id)

    def _member(self, organization: Organization, member_id: str) -> dict[str, Any]:
        member = self._account.entity(organization, member_id)
        dates = standing(member, self._account)
        del dates["Email"]
        return {"Id": member_id, "Name": member.name, "Type": member.kind, **dates}


def standing(entity: Entity, account: Account) -> dict[str, Any]:
    """Address, state and dates of a group or a resource, as every answer about it has them."""
    state = entity.state(account.now())
    return {
        "Email": entity.email,
        "State": state,
        "EnabledDate": account.timestamp(entity.registered_at) if state == "ENABLED" else None,
        "DisabledDate": account.timestamp(entity.disabled_at),
    }


def choose(entities: Iterable[_Kind], filters: Mapping[str, str], account: Account) -> list[_Kind]:
    """Those that can be seen and pass every filter, in the order of their names; prefixes disregard
    case."""
    now = account.now()
    return [
        entity
        for entity in sorted(entities, key=lambda each: (each.name.lower(), each.entity_id))
        if now >= entity.visible_at
        and entity.name.lower().startswith(filters.get("NamePrefix", "").lower())
        and (entity.email or "").lower().startswith(filters.get("PrimaryEmailPrefix", "").lower())
        and filters.get("State") in (None, entity.state(now))
    ]


def check_not_deleted(entity: Entity) -> None:
    if entity.deleted:
        raise ApiError("EntityStateException", f"The entity {entity.entity_id} is DELETED.")


def delete(organization: Organization, entity: Entity) -> None:
    """EntityStateException while it is registered."""
    if entity.registered_at is not None:
        raise ApiError("EntityStateException", f"The entity {entity.entity_id} is ENABLED.")
    organization.delete(entity)


def _contains(organization: Organization, group: Group, entity_id: str) -> bool:
    """Whether the entity is the group or in it, at any depth."""
    waiting, seen = [group.group_id], set()
    while waiting:
        current = waiting.pop()
        if current == entity_id:
            return True
        if current not in seen and current in organization.groups:
            waiting += organization.groups[current].members
        seen.add(current)
    return False
