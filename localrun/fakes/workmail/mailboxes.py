"""WorkMail's calls about a mailbox: its addresses, its quota, and who else may use it."""

from collections.abc import Mapping, Sequence
from typing import Any

from localrun.fakes.workmail.state import MAXIMUM_QUOTA_MB, Account, page
from localrun.model_service import ApiError

MAXIMUM_ALIASES = 100


class MailboxCalls:
    _account: Account

    def create_alias(self, *, organization_id: str, entity_id: str, alias: str) -> None:
        organization = self._account.organization(organization_id)
        user = self._account.enabled_user(organization, entity_id)
        self._account.check_free_address(organization, alias)
        if len(user.aliases) >= MAXIMUM_ALIASES:
            raise ApiError("LimitExceededException", f"{MAXIMUM_ALIASES} aliases at most.")
        user.aliases.append(alias)

    def delete_alias(self, *, organization_id: str, entity_id: str, alias: str) -> None:
        """Deleting an alias that is not there changes nothing."""
        organization = self._account.organization(organization_id)
        user = self._account.enabled_user(organization, entity_id)
        user.aliases = [kept for kept in user.aliases if kept.lower() != alias.lower()]

    def list_aliases(
        self,
        *,
        organization_id: str,
        entity_id: str,
        next_token: str | None = None,
        max_results: int | None = None,
    ) -> Mapping[str, Any]:
        """The aliases without the primary address, in the order they came."""
        organization = self._account.organization(organization_id)
        user = self._account.user(organization, entity_id)
        aliases, token = page(user.aliases, next_token, max_results)
        return {"Aliases": aliases, "NextToken": token}

    def update_primary_email_address(
        self, *, organization_id: str, entity_id: str, email: str
    ) -> None:
        """The old primary address becomes an alias; an alias may be promoted."""
        organization = self._account.organization(organization_id)
        user = self._account.enabled_user(organization, entity_id)
        if email.lower() not in user.addresses():
            self._account.check_free_address(organization, email)
        previous = user.email
        user.aliases = [kept for kept in user.aliases if kept.lower() != email.lower()]
        if previous is not None and previous.lower() != email.lower():
            user.aliases.append(previous)
        user.email = email

    def get_mailbox_details(self, *, organization_id: str, user_id: str) -> Mapping[str, Any]:
        """Sizes in megabytes. A user without a mailbox is not found: no state error is declared."""
        organization = self._account.organization(organization_id)
        user = self._account.user(organization, user_id)
        if not user.has_mailbox(self._account.now()):
            raise ApiError("EntityNotFoundException", f"The user {user_id} has no mailbox.")
        return {"MailboxQuota": user.quota_mb, "MailboxSize": user.size_mb}

    def update_mailbox_quota(
        self, *, organization_id: str, user_id: str, mailbox_quota: int
    ) -> None:
        organization = self._account.organization(organization_id)
        user = self._account.enabled_user(organization, user_id)
        if mailbox_quota > MAXIMUM_QUOTA_MB:
            raise ApiError("InvalidParameterException", f"{MAXIMUM_QUOTA_MB} MB at most.")
        user.quota_mb = mailbox_quota

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
        owner = self._account.enabled_user(organization, entity_id)
        grantee = self._account.enabled_user(organization, grantee_id)
        owner.permissions[grantee.user_id] = list(permission_values)

    def delete_mailbox_permissions(
        self, *, organization_id: str, entity_id: str, grantee_id: str
    ) -> None:
        organization = self._account.organization(organization_id)
        owner = self._account.enabled_user(organization, entity_id)
        owner.permissions.pop(self._account.user(organization, grantee_id).user_id, None)

    def list_mailbox_permissions(
        self,
        *,
        organization_id: str,
        entity_id: str,
        next_token: str | None = None,
        max_results: int | None = None,
    ) -> Mapping[str, Any]:
        organization = self._account.organization(organization_id)
        owner = self._account.user(organization, entity_id)
        grants = [
            {"GranteeId": grantee, "GranteeType": "USER", "PermissionValues": values}
            for grantee, values in owner.permissions.items()
        ]
        found, token = page(grants, next_token, max_results)
        return {"Permissions": found, "NextToken": token}
