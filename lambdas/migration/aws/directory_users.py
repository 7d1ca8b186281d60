"""A WorkMail user as the members of DescribeUser, CreateUser and UpdateUser, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from migration.directory_model import DirectoryUser
from migration.model import Mailbox, Profile
from migration.workmail_names import ROLES

if TYPE_CHECKING:
    from mypy_boto3_workmail.type_defs import CreateUserRequestTypeDef, UpdateUserRequestTypeDef

_NAMES = {
    "display_name": "DisplayName",
    "first_name": "FirstName",
    "last_name": "LastName",
}
_PROFILE_TEXTS = {
    "initials": "Initials",
    "job_title": "JobTitle",
    "company": "Company",
    "department": "Department",
    "office": "Office",
    "telephone": "Telephone",
    "street": "Street",
    "city": "City",
    "zip_code": "ZipCode",
    "country": "Country",
    "role": "UserRole",
    "identity_center_id": "IdentityProviderUserId",
}


def read_user(answer: Mapping[str, Any]) -> DirectoryUser:
    """The user of an answer of DescribeUser. A user is hidden only if the answer says so."""
    state = str(answer.get("State", ""))
    texts = {field: answer.get(member, "") for field, member in _PROFILE_TEXTS.items()}
    return DirectoryUser(
        id=answer["UserId"],
        name=answer.get("Name", ""),
        email=answer.get("Email", ""),
        state=state,
        ready=state == "ENABLED" and "MailboxProvisionedDate" in answer,
        was_enabled=state == "DISABLED"
        and ("DisabledDate" in answer or "MailboxDeprovisionedDate" in answer),
        **{field: answer.get(member, "") for field, member in _NAMES.items()},
        profile=Profile(**texts, hidden=answer.get("HiddenFromGlobalAddressList", False)),
    )


def read_listed(answer: Mapping[str, Any]) -> DirectoryUser:
    """The user of an answer of ListUsers, which does not tell whether the mailbox is ready."""
    return DirectoryUser(
        id=answer["Id"],
        name=answer.get("Name", ""),
        email=answer.get("Email", ""),
        state=answer.get("State", ""),
    )


def create_request(organization_id: str, mailbox: Mailbox) -> CreateUserRequestTypeDef:
    """What CreateUser takes of a mailbox, without a password; UpdateUser sets the rest later."""
    profile = mailbox.profile
    members = {
        "OrganizationId": organization_id,
        "Name": mailbox.username,
        "DisplayName": mailbox.display_name,
        "FirstName": mailbox.first_name,
        "LastName": mailbox.last_name,
        "Role": profile.role,
        "IdentityProviderUserId": profile.identity_center_id,
        "HiddenFromGlobalAddressList": profile.hidden,
    }
    given = {name: value for name, value in members.items() if value not in ("", None)}
    return cast("CreateUserRequestTypeDef", given)


def update_request(organization_id: str, user: DirectoryUser) -> UpdateUserRequestTypeDef:
    """Everything that UpdateUser takes and the user has: what is left out, WorkMail may clear.
    A role that WorkMail keeps for itself cannot be passed."""
    profile = user.profile
    texts = {member: getattr(user, field) for field, member in _NAMES.items()}
    texts |= {member: getattr(profile, field) for field, member in _PROFILE_TEXTS.items()}
    role = texts.pop("UserRole")
    members = {
        "OrganizationId": organization_id,
        "UserId": user.id,
        "Role": role if role in ROLES else "",
        "HiddenFromGlobalAddressList": profile.hidden,
        **texts,
    }
    given = {name: value for name, value in members.items() if value not in ("", None)}
    return cast("UpdateUserRequestTypeDef", given)
