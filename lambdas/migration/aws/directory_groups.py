"""WorkMail's groups with their members, and its resources with their delegates."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from migration.aws.directory_errors import RETRY_AFTER_CHANGE, translated
from migration.aws.directory_lookups import DirectoryLookups
from migration.aws.directory_rows import create_resource_request
from migration.directory_model import DirectoryGroup, DirectoryResource, Group, Made, Resource
from migration.errors import ProvisioningPending, UserRefused

if TYPE_CHECKING:
    from mypy_boto3_workmail.type_defs import BookingOptionsTypeDef


class DirectoryGroups(DirectoryLookups):
    """The part of a Directory that is about groups and resources alone. What is removed may be gone
    already."""

    # -- groups

    def create_group(self, group: Group) -> Made:
        """A group of that name without another address is taken for the one of an earlier call."""
        with translated("CreateGroup"):
            try:
                answer = self._client.create_group(
                    OrganizationId=self._organization_id,
                    Name=group.name,
                    HiddenFromGlobalAddressList=bool(group.hidden),
                )
                return Made(answer["GroupId"])
            except self._client.exceptions.NameAvailabilityException:
                pass
        found = self.find_group(group.address, group.name)
        return _adopt("CreateGroup", found, group.address)

    def update_group(self, group_id: str, hidden: bool) -> None:
        with translated("UpdateGroup"):
            self._client.update_group(
                OrganizationId=self._organization_id,
                GroupId=group_id,
                HiddenFromGlobalAddressList=hidden,
            )

    def members(self, group_id: str) -> frozenset[str]:
        with translated("ListGroupMembers"):
            pages = self._client.get_paginator("list_group_members").paginate(
                OrganizationId=self._organization_id, GroupId=group_id
            )
            return frozenset(
                member["Id"]
                for page in pages
                for member in page.get("Members", [])
                if "Id" in member and member.get("State") != "DELETED"
            )

    def add_member(self, group_id: str, member_id: str) -> None:
        with translated("AssociateMemberToGroup"):
            self._client.associate_member_to_group(
                OrganizationId=self._organization_id, GroupId=group_id, MemberId=member_id
            )

    def remove_member(self, group_id: str, member_id: str) -> None:
        exceptions = self._client.exceptions
        with translated("DisassociateMemberFromGroup"):
            try:
                self._client.disassociate_member_from_group(
                    OrganizationId=self._organization_id, GroupId=group_id, MemberId=member_id
                )
            except exceptions.EntityNotFoundException:
                return
            except exceptions.EntityStateException:
                if self.state_of(group_id) != "DELETED":
                    raise

    def delete_group(self, group_id: str) -> None:
        with translated("DeleteGroup"):
            try:
                self._client.delete_group(OrganizationId=self._organization_id, GroupId=group_id)
            except self._client.exceptions.EntityStateException:
                if self.state_of(group_id) != "DELETED":
                    raise

    # -- resources

    def create_resource(self, resource: Resource) -> Made:
        """A resource of that name without another address is taken for the one of an earlier
        call."""
        with translated("CreateResource"):
            try:
                answer = self._client.create_resource(
                    **create_resource_request(self._organization_id, resource)
                )
                return Made(answer["ResourceId"])
            except self._client.exceptions.NameAvailabilityException:
                pass
        found = self.find_resource(resource.address, resource.name)
        return _adopt("CreateResource", found, resource.address)

    def update_resource(self, resource: DirectoryResource) -> None:
        """Passes everything that UpdateResource takes: what is left out, WorkMail may clear."""
        booking = resource.booking
        options = {
            "AutoAcceptRequests": booking.auto_accept,
            "AutoDeclineRecurringRequests": booking.auto_decline_recurring,
            "AutoDeclineConflictingRequests": booking.auto_decline_conflicts,
        }
        with translated("UpdateResource"):
            self._client.update_resource(
                OrganizationId=self._organization_id,
                ResourceId=resource.id,
                Name=resource.name,
                Type=resource.kind.value,
                Description=resource.description,
                HiddenFromGlobalAddressList=resource.hidden,
                BookingOptions=cast(
                    "BookingOptionsTypeDef",
                    {name: value for name, value in options.items() if value is not None},
                ),
            )

    def delegates(self, resource_id: str) -> frozenset[str]:
        with translated("ListResourceDelegates"):
            pages = self._client.get_paginator("list_resource_delegates").paginate(
                OrganizationId=self._organization_id, ResourceId=resource_id
            )
            return frozenset(
                delegate["Id"] for page in pages for delegate in page.get("Delegates", [])
            )

    def add_delegate(self, resource_id: str, delegate_id: str) -> None:
        with translated("AssociateDelegateToResource"):
            self._client.associate_delegate_to_resource(
                OrganizationId=self._organization_id, ResourceId=resource_id, EntityId=delegate_id
            )

    def remove_delegate(self, resource_id: str, delegate_id: str) -> None:
        exceptions = self._client.exceptions
        with translated("DisassociateDelegateFromResource"):
            try:
                self._client.disassociate_delegate_from_resource(
                    OrganizationId=self._organization_id,
                    ResourceId=resource_id,
                    EntityId=delegate_id,
                )
            except exceptions.EntityNotFoundException:
                return
            except exceptions.EntityStateException:
                if self.state_of(resource_id) != "DELETED":
                    raise

    def delete_resource(self, resource_id: str) -> None:
        with translated("DeleteResource"):
            try:
                self._client.delete_resource(
                    OrganizationId=self._organization_id, ResourceId=resource_id
                )
            except self._client.exceptions.EntityStateException:
                if self.state_of(resource_id) != "DELETED":
                    raise


def _adopt(operation: str, found: DirectoryGroup | DirectoryResource | None, address: str) -> Made:
    """What has the name already, if it can be the one that was to be created."""
    problem = f"{operation}: NameAvailabilityException: the name"
    if found is None or found.state == "DELETED":
        raise ProvisioningPending(
            f"{problem} is taken, and WorkMail does not show by whom yet; if it stays so, something"
            " of another kind or something deleted has it: write another name in the manifest",
            RETRY_AFTER_CHANGE,
        )
    if found.email.lower() not in ("", address.lower()):
        raise UserRefused(
            f"{problem} belongs to another group or resource: write another one in the manifest"
        )
    return Made(found.id, is_new=False)
