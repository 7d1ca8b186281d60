"""WorkMail's calls about who may use whose mailbox.

FULL_ACCESS is for users alone, and on the mailboxes of users and resources; groups take and have
send permissions (administrator guide, "Working with mailbox permissions"). The API's text also
names resources as grantees, but GranteeType knows users and groups: a resource is refused.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from localrun.fakes.workmail.state import Account, Group, Organization, Resource, User, page
from localrun.model_service import ApiError


class PermissionCalls:
    _account: Account

    def put_mailbox_permissions(
        self,
        *,
        organization_id: str,
        entity_id: str,
        grantee_id: str,
        permission_values: Sequence[str],
    ) -> None:
        """Replaces what the grantee had before."""
        organization = self._account.organization(organization_id)
        owner = self._account.enabled_entity(organization, entity_id)
        grantee = self._account.enabled_entity(organization, grantee_id)
        if not permission_values:
            raise ApiError("InvalidParameterException", "At least one permission is needed.")
        if isinstance(grantee, Resource):
            raise ApiError("InvalidParameterException", "A resource cannot be given permissions.")
        if "FULL_ACCESS" in permission_values and Group in (type(owner), type(grantee)):
            raise ApiError("InvalidParameterException", "Full access is for users alone.")
        if "FULL_ACCESS" not in owner.permissions.get(grantee.entity_id, ()):
            owner.opened_at[grantee.entity_id] = self._account.now()
        owner.permissions[grantee.entity_id] = list(permission_values)

    def may_open(self, address: str, mailbox: str) -> Literal["ok", "denied", "not-ready"]:
        """What a mail server makes of the user with this address who wants into that mailbox.

        FULL_ACCESS works from `propagation_lag` after it was given until it is taken. The migration
        administrator whom the console names may open every mailbox of the organization.
        """
        for organization in list(self._account.organizations.values()):
            user, owner = organization.user_of(address), organization.mailbox_of(mailbox)
            if user is not None and owner is not None:
                return self._verdict(organization, user, owner)
        return "denied"

    def _verdict(
        self, organization: Organization, user: User, owner: User | Resource
    ) -> Literal["ok", "denied", "not-ready"]:
        now = self._account.now()
        if not (user.has_mailbox(now) and owner.has_mailbox(now)):
            return "denied"
        if user is owner or user.user_id == organization.migration_admin:
            return "ok"
        if "FULL_ACCESS" not in owner.permissions.get(user.user_id, ()):
            return "denied"
        since = owner.opened_at[user.user_id]
        return "ok" if now >= since + self._account.propagation_lag else "not-ready"

    def delete_mailbox_permissions(
        self, *, organization_id: str, entity_id: str, grantee_id: str
    ) -> None:
        """Taking what was not given changes nothing."""
        organization = self._account.organization(organization_id)
        owner = self._account.enabled_entity(organization, entity_id)
        owner.permissions.pop(self._account.entity(organization, grantee_id).entity_id, None)

    def list_mailbox_permissions(
        self,
        *,
        organization_id: str,
        entity_id: str,
        next_token: str | None = None,
        max_results: int | None = None,
    ) -> Mapping[str, Any]:
        organization = self._account.organization(organization_id)
        owner = self._account.entity(organization, entity_id)
        grants = [
            {
                "GranteeId": grantee,
                "GranteeType": self._account.entity(organization, grantee).kind,
                "PermissionValues": values,
            }
            for grantee, values in owner.permissions.items()
        ]
        found, token = page(grants, next_token, max_results)
        return {"Permissions": found, "NextToken": token}
