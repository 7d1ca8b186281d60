"""WorkMail's groups and resources as the members of its requests and answers, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from migration.directory_model import (
    Booking,
    DirectoryGroup,
    DirectoryResource,
    Resource,
    ResourceKind,
)

if TYPE_CHECKING:
    from mypy_boto3_workmail.type_defs import CreateResourceRequestTypeDef


def read_group(answer: Mapping[str, Any]) -> DirectoryGroup:
    """The group of an answer of DescribeGroup. It is hidden only if the answer says so."""
    state = str(answer.get("State", ""))
    return DirectoryGroup(
        id=answer["GroupId"],
        name=answer.get("Name", ""),
        email=answer.get("Email", ""),
        state=state,
        hidden=answer.get("HiddenFromGlobalAddressList", False),
        was_enabled=state == "DISABLED" and "DisabledDate" in answer,
    )


def read_resource(answer: Mapping[str, Any]) -> DirectoryResource:
    """The resource of an answer of DescribeResource. It is hidden only if the answer says so, and
    a room unless it says otherwise."""
    state = str(answer.get("State", ""))
    booking = answer.get("BookingOptions", {})
    return DirectoryResource(
        id=answer["ResourceId"],
        name=answer.get("Name", ""),
        email=answer.get("Email", ""),
        state=state,
        kind=ResourceKind(answer.get("Type", "ROOM")),
        description=answer.get("Description", ""),
        hidden=answer.get("HiddenFromGlobalAddressList", False),
        booking=Booking(
            auto_accept=booking.get("AutoAcceptRequests"),
            auto_decline_recurring=booking.get("AutoDeclineRecurringRequests"),
            auto_decline_conflicts=booking.get("AutoDeclineConflictingRequests"),
        ),
        was_enabled=state == "DISABLED" and "DisabledDate" in answer,
    )


def create_resource_request(
    organization_id: str, resource: Resource
) -> CreateResourceRequestTypeDef:
    """What CreateResource takes. Booking options are set later."""
    members = {
        "OrganizationId": organization_id,
        "Name": resource.name,
        "Type": resource.kind.value,
        "Description": resource.description,
        "HiddenFromGlobalAddressList": resource.hidden,
    }
    given = {name: value for name, value in members.items() if value not in ("", None)}
    return cast("CreateResourceRequestTypeDef", given)
