"""WorkMail's calls about resources and the delegates who answer their requests.

Not documented, and so chosen: the booking options of a new resource, that resource and delegate
must be ENABLED, and that a resource is refused as a delegate (MemberType knows users and groups).
"""

import uuid
from collections.abc import Mapping
from typing import Any

from localrun.fakes.workmail.groups import check_not_deleted, choose, delete, standing
from localrun.fakes.workmail.state import Account, Entity, Organization, Resource, page
from localrun.model_service import ApiError

DEFAULT_BOOKING: Mapping[str, bool] = {
    "AutoAcceptRequests": True,
    "AutoDeclineRecurringRequests": False,
    "AutoDeclineConflictingRequests": True,
}


class ResourceCalls:
    _account: Account

    def create_resource(
        self,
        *,
        organization_id: str,
        name: str,
        type: str,  # noqa: A002 - the member's name in the model
        description: str = "",
        hidden_from_global_address_list: bool = False,
    ) -> Mapping[str, Any]:
        """The resource is DISABLED, and unseen by other calls for `consistency_lag`."""
        organization = self._account.writable(organization_id)
        if organization.interoperability:
            raise ApiError("UnsupportedOperationException", "Exchange manages the resources.")
        self._account.check_free_name(organization, name)
        resource = Resource(
            resource_id=f"r-{uuid.uuid4().hex}",
            name=name,
            type=type,
            booking=dict(DEFAULT_BOOKING),
            description=description,
            hidden=hidden_from_global_address_list,
            visible_at=self._account.now() + self._account.consistency_lag,
        )
        organization.add(resource)
        return {"ResourceId": resource.resource_id}

    def describe_resource(self, *, organization_id: str, resource_id: str) -> Mapping[str, Any]:
        organization = self._account.organization(organization_id)
        resource = self._account.resource(organization, resource_id)
        return {
            "ResourceId": resource.resource_id,
            **_summary(resource),
            "BookingOptions": resource.booking,
            "HiddenFromGlobalAddressList": resource.hidden,
            **standing(resource, self._account),
        }

    def update_resource(
        self,
        *,
        organization_id: str,
        resource_id: str,
        name: str | None = None,
        booking_options: Mapping[str, bool] | None = None,
        description: str = "",
        type: str | None = None,  # noqa: A002 - the member's name in the model
        hidden_from_global_address_list: bool = False,
    ) -> None:
        """Description, hidden and booking options become exactly the given ones: "the dataset in
        the request should be the one expected when performing another DescribeResource call"."""
        organization = self._account.writable(organization_id)
        resource = self._account.resource(organization, resource_id)
        check_not_deleted(resource)
        booking = {**DEFAULT_BOOKING, **(booking_options or {})}
        if not (booking["AutoAcceptRequests"] or resource.delegates):
            raise ApiError(
                "InvalidConfigurationException", "It must accept requests or have a delegate."
            )
        if name is not None and name.lower() != resource.name.lower():
            if not all(entity.deleted for entity in organization.named(name)):
                raise ApiError("NameAvailabilityException", f"The name {name} is not available.")
            organization.rename(resource, name)
        resource.booking = booking
        resource.description = description
        resource.type = type or resource.type
        resource.hidden = hidden_from_global_address_list

    def list_resources(
        self,
        *,
        organization_id: str,
        next_token: str | None = None,
        max_results: int | None = None,
        filters: Mapping[str, str] | None = None,
    ) -> Mapping[str, Any]:
        """Resources in the order of their names, deleted ones too."""
        organization = self._account.organization(organization_id)
        chosen = choose(organization.resources.values(), filters or {}, self._account)
        resources, token = page(chosen, next_token, max_results)
        return {
            "Resources": [
                {"Id": each.entity_id, **_summary(each), **standing(each, self._account)}
                for each in resources
            ],
            "NextToken": token,
        }

    def delete_resource(self, *, organization_id: str, resource_id: str) -> None:
        """Deleting a deleted resource changes nothing. For one that nobody knows see DeleteUser."""
        organization = self._account.writable(organization_id)
        try:
            resource = self._account.resource(organization, resource_id)
        except ApiError as error:
            raise ApiError("EntityStateException", error.message) from None
        delete(organization, resource)

    def associate_delegate_to_resource(
        self, *, organization_id: str, resource_id: str, entity_id: str
    ) -> None:
        """Adding a delegate again changes nothing."""
        organization = self._account.writable(organization_id)
        resource, delegate = self._resource_and_delegate(organization, resource_id, entity_id)
        self._account.check_enabled(delegate, entity_id)
        if isinstance(delegate, Resource):
            raise ApiError("InvalidParameterException", "A resource cannot be a delegate.")
        if delegate.entity_id not in resource.delegates:
            resource.delegates.append(delegate.entity_id)

    def disassociate_delegate_from_resource(
        self, *, organization_id: str, resource_id: str, entity_id: str
    ) -> None:
        """Removing who is no delegate changes nothing."""
        organization = self._account.writable(organization_id)
        resource, delegate = self._resource_and_delegate(organization, resource_id, entity_id)
        resource.delegates = [each for each in resource.delegates if each != delegate.entity_id]

    def list_resource_delegates(
        self,
        *,
        organization_id: str,
        resource_id: str,
        next_token: str | None = None,
        max_results: int | None = None,
    ) -> Mapping[str, Any]:
        """In the order they came."""
        organization = self._account.organization(organization_id)
        resource = self._account.resource(organization, resource_id)
        ids, token = page(resource.delegates, next_token, max_results)
        delegates = [
            {"Id": each, "Type": self._account.entity(organization, each).kind} for each in ids
        ]
        return {"Delegates": delegates, "NextToken": token}

    def _resource_and_delegate(
        self, organization: Organization, resource_id: str, entity_id: str
    ) -> tuple[Resource, Entity]:
        resource = self._account.resource(organization, resource_id)
        self._account.check_enabled(resource, resource_id)
        return resource, self._account.entity(organization, entity_id)


def _summary(resource: Resource) -> dict[str, Any]:
    return {
        "Name": resource.name,
        "Type": resource.type,
        "Description": resource.description or None,
    }
