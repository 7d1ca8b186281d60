"""WorkMail's calls about users, groups and resources alike: enabled, disabled, and their addresses.

Which of these calls a read-only directory refuses is not documented. Enabling is the documented way
to use what such a directory holds, and nothing here writes to it.
"""

import re
from collections.abc import Mapping
from typing import Any

from localrun.fakes.workmail.state import Account, Group, Resource, page
from localrun.model_service import ApiError

MAXIMUM_ALIASES = 100
_LOCAL_PART = re.compile(r"[a-zA-Z0-9._%+-]{1,64}")


class EntityCalls:
    _account: Account

    def register_to_work_mail(self, *, organization_id: str, entity_id: str, email: str) -> None:
        """The state is ENABLED after `mailbox_lag`, when the mailbox is there; a group has none,
        and is ENABLED after `consistency_lag`."""
        organization = self._account.organization(organization_id)
        entity = self._account.entity(organization, entity_id)
        if entity.deleted:
            raise ApiError("EntityStateException", f"The entity {entity_id} is DELETED.")
        if entity.registered_at is not None:
            raise ApiError("EntityAlreadyRegisteredException", "It is registered already.")
        if isinstance(entity, Resource) and organization.interoperability:
            raise ApiError("UnsupportedOperationException", "Exchange manages the resources.")
        self._account.check_free_address(organization, email)
        local_part = entity.name.partition("@")[0]
        test_address = f"{local_part}@{organization.test_domain}"
        fits = _LOCAL_PART.fullmatch(local_part) and test_address.lower() != email.lower()
        free = fits and organization.owner_of(test_address) is None
        organization.set_addresses(entity, email, [test_address] if free else [])
        lag = self._account.mailbox_lag
        if isinstance(entity, Group):
            lag = self._account.consistency_lag
        entity.registered_at = self._account.now()
        entity.provisioned_at = entity.registered_at + lag
        entity.disabled_at = None

    def deregister_from_work_mail(self, *, organization_id: str, entity_id: str) -> None:
        """It is DISABLED at once and its addresses are free for others. Members and delegates stay,
        and so do its own memberships."""
        organization = self._account.organization(organization_id)
        entity = self._account.entity(organization, entity_id)
        if entity.registered_at is None:
            raise ApiError("EntityStateException", f"The entity {entity_id} is not registered.")
        organization.set_addresses(entity, None, ())
        entity.permissions.clear()
        entity.registered_at = None
        entity.disabled_at = self._account.now()

    def describe_entity(self, *, organization_id: str, email: str) -> Mapping[str, Any]:
        organization = self._account.organization(organization_id)
        entity = organization.owner_of(email)
        if entity is None:
            raise ApiError("EntityNotFoundException", "No entity has this address.")
        return {"EntityId": entity.entity_id, "Name": entity.name, "Type": entity.kind}

    def create_alias(self, *, organization_id: str, entity_id: str, alias: str) -> None:
        organization = self._account.organization(organization_id)
        entity = self._account.enabled_entity(organization, entity_id)
        self._account.check_free_address(organization, alias)
        if len(entity.aliases) >= MAXIMUM_ALIASES:
            raise ApiError("LimitExceededException", f"{MAXIMUM_ALIASES} aliases at most.")
        organization.set_addresses(entity, entity.email, [*entity.aliases, alias])

    def delete_alias(self, *, organization_id: str, entity_id: str, alias: str) -> None:
        """Deleting an alias that is not there changes nothing."""
        organization = self._account.organization(organization_id)
        entity = self._account.enabled_entity(organization, entity_id)
        kept = [each for each in entity.aliases if each.lower() != alias.lower()]
        organization.set_addresses(entity, entity.email, kept)

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
        entity = self._account.entity(organization, entity_id)
        aliases, token = page(entity.aliases, next_token, max_results)
        return {"Aliases": aliases, "NextToken": token}

    def update_primary_email_address(
        self, *, organization_id: str, entity_id: str, email: str
    ) -> None:
        """The old primary address becomes an alias; an alias may be promoted."""
        organization = self._account.organization(organization_id)
        entity = self._account.enabled_entity(organization, entity_id)
        if email.lower() not in entity.addresses():
            self._account.check_free_address(organization, email)
        previous = entity.email
        aliases = [kept for kept in entity.aliases if kept.lower() != email.lower()]
        if previous is not None and previous.lower() != email.lower():
            aliases.append(previous)
        organization.set_addresses(entity, email, aliases)
