"""WorkMail's API for one organization.

WorkMail shows a change only after seconds: a new user is unknown to the next call. What it then
answers leaves as ProvisioningPending, and the workflow calls again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from migration.aws.directory_entities import DirectoryEntities
from migration.aws.directory_errors import RETRY_AFTER_CHANGE, RequestInvalid, translated
from migration.aws.directory_users import create_request, read_user, update_request
from migration.aws.request_check import find_problems
from migration.directory_model import (
    DirectoryUser,
    EntityKind,
    Made,
    MailDomain,
    Organization,
    Token,
)
from migration.dns_model import DnsRecord
from migration.errors import ProvisioningPending, UserRefused
from migration.model import Mailbox

if TYPE_CHECKING:
    from botocore.model import OperationModel
    from mypy_boto3_workmail import WorkMailClient

_ATTEMPTS = 5
_CONNECT_TIMEOUT = 5
_READ_TIMEOUT = 20


def build_client(region: str) -> WorkMailClient:
    """A client that tries again what is worth it.

    The mode is `legacy`, because `standard` and `adaptive` count LimitExceededException, which is
    an exhausted quota at WorkMail, among the throttling errors and repeat it in vain.
    """
    config = Config(
        retries={"mode": "legacy", "total_max_attempts": _ATTEMPTS},
        connect_timeout=_CONNECT_TIMEOUT,
        read_timeout=_READ_TIMEOUT,
    )
    return boto3.client("workmail", region_name=region, config=config)


class WorkMailDirectory(DirectoryEntities):
    """Directory. Every request is checked against WorkMail's patterns before it is sent."""

    def __init__(self, client: WorkMailClient, organization_id: str) -> None:
        super().__init__(client, organization_id)
        client.meta.events.register(
            "provide-client-params.workmail.*", _check_request, unique_id="migration-request-check"
        )

    def organization(self) -> Organization:
        with translated("DescribeOrganization"):
            answer = self._client.describe_organization(OrganizationId=self._organization_id)
        return Organization(
            id=self._organization_id,
            alias=answer.get("Alias", ""),
            state=answer.get("State", ""),
            interoperability=answer.get("InteroperabilityEnabled", False),
            directory_type=answer.get("DirectoryType", ""),
            migration_admin=answer.get("MigrationAdmin", ""),
        )

    def domain(self, name: str) -> MailDomain | None:
        """None if it is not registered. `verified` is about its ownership, which is what users
        and aliases need; the mail records are not looked at by WorkMail's API."""
        with translated("GetMailDomain"):
            try:
                answer = self._client.get_mail_domain(
                    OrganizationId=self._organization_id, DomainName=name
                )
            except self._client.exceptions.MailDomainNotFoundException:
                return None
        status = answer.get("OwnershipVerificationStatus")
        records: list[Any] = list(answer.get("Records", []))
        return MailDomain(
            name,
            verified=status == "VERIFIED",
            records=_read_records(records),
            failed=status == "FAILED",
            default=answer.get("IsDefault", False),
        )

    def register_domain(self, name: str) -> None:
        """The same domain again with the same token is the same request."""
        with translated("RegisterMailDomain"):
            self._client.register_mail_domain(
                ClientToken=hashlib.sha256(f"{self._organization_id}\n{name}".encode()).hexdigest(),
                OrganizationId=self._organization_id,
                DomainName=name,
            )

    def deregister_domain(self, name: str) -> None:
        """Amazon SES keeps its identity of the domain."""
        exceptions = self._client.exceptions
        with translated("DeregisterMailDomain"):
            try:
                self._client.deregister_mail_domain(
                    OrganizationId=self._organization_id, DomainName=name
                )
            except exceptions.MailDomainNotFoundException:
                return
            except exceptions.MailDomainInUseException:
                raise UserRefused(
                    "DeregisterMailDomain: MailDomainInUseException: somebody has an address in it"
                ) from None

    def set_default_domain(self, name: str) -> None:
        with translated("UpdateDefaultMailDomain"):
            self._client.update_default_mail_domain(
                OrganizationId=self._organization_id, DomainName=name
            )

    def user(self, user_id: str) -> DirectoryUser | None:
        return self._describe(user_id)

    def find_user(self, address: str, username: str) -> DirectoryUser | None:
        """UserRefused if the address belongs to a group or a resource."""
        user_id = self._user_of(address)
        return self._describe(user_id or username)

    def create_user(self, mailbox: Mailbox, password: str = "") -> Made:
        """A user of that name without another address is taken for the one of an earlier call; its
        password stays as it is."""
        request = create_request(self._organization_id, mailbox)
        if password:
            request["Password"] = password
        with translated("CreateUser"):
            try:
                return Made(self._client.create_user(**request)["UserId"])
            except self._client.exceptions.NameAvailabilityException:
                pass
        return Made(self._adopt(mailbox), is_new=False)

    def set_primary_address(self, user_id: str, address: str) -> None:
        with translated("UpdatePrimaryEmailAddress"):
            try:
                self._client.update_primary_email_address(
                    OrganizationId=self._organization_id, EntityId=user_id, Email=address
                )
            except self._client.exceptions.EmailAddressInUseException:
                user = self._describe(user_id)
                if user is None or user.email.lower() != address.lower():
                    raise

    def update_user(self, user: DirectoryUser) -> bool:
        with translated("UpdateUser"):
            try:
                self._client.update_user(**update_request(self._organization_id, user))
            except self._client.exceptions.UnsupportedOperationException:
                return False
        return True

    def reset_password(self, user_id: str, password: str) -> None:
        with translated("ResetPassword"):
            self._client.reset_password(
                OrganizationId=self._organization_id, UserId=user_id, Password=password
            )

    def set_quota(self, user_id: str, megabytes: int) -> None:
        with translated("UpdateMailboxQuota"):
            self._client.update_mailbox_quota(
                OrganizationId=self._organization_id, UserId=user_id, MailboxQuota=megabytes
            )

    def retention_days(self) -> Mapping[str, int]:
        """0 days for a folder whose policy names no period. Empty without a policy."""
        with translated("GetDefaultRetentionPolicy"):
            try:
                answer = self._client.get_default_retention_policy(
                    OrganizationId=self._organization_id
                )
            except self._client.exceptions.EntityNotFoundException:
                return {}
        return {
            folder["Name"]: folder.get("Period", 0)
            for folder in answer.get("FolderConfigurations", [])
            if folder["Action"] != "NONE"
        }

    def find_role(self, name: str) -> str | None:
        with translated("ListImpersonationRoles"):
            token = ""
            while True:  # botocore has no paginator for it
                more: dict[str, str] = {"NextToken": token} if token else {}
                answer = self._client.list_impersonation_roles(
                    OrganizationId=self._organization_id,
                    **more,  # type: ignore[arg-type]  # a TypedDict in the stubs
                )
                for role in answer.get("Roles", []):
                    if role.get("Name") == name:
                        return role["ImpersonationRoleId"]
                token = answer.get("NextToken", "")
                if not token:
                    return None

    def create_role(self, name: str, description: str) -> str:
        """The same name and description again gives the same role, if WorkMail still remembers
        the first request: a lost answer makes no second role."""
        text = "\n".join((self._organization_id, name, description))
        with translated("CreateImpersonationRole"):
            answer = self._client.create_impersonation_role(
                ClientToken=hashlib.sha256(text.encode()).hexdigest(),
                OrganizationId=self._organization_id,
                Name=name,
                Type="FULL_ACCESS",
                Description=description,
                # A rule that names no users is about all of them.
                Rules=[{"ImpersonationRuleId": "all-mailboxes", "Effect": "ALLOW"}],
            )
        return answer["ImpersonationRoleId"]

    def delete_role(self, role_id: str) -> None:
        with translated("DeleteImpersonationRole"):
            try:
                self._client.delete_impersonation_role(
                    OrganizationId=self._organization_id, ImpersonationRoleId=role_id
                )
            except self._client.exceptions.ResourceNotFoundException:
                return

    def assume_role(self, role_id: str) -> Token:
        """AdministratorPending if WorkMail does not know the role: it may be too new."""
        with translated("AssumeImpersonationRole"):
            answer = self._client.assume_impersonation_role(
                OrganizationId=self._organization_id, ImpersonationRoleId=role_id
            )
        return Token(answer["Token"], float(answer["ExpiresIn"]))

    def _user_of(self, address: str) -> str:
        """The id of the user who has the address; "" if nobody has it."""
        owner = self.owner_of(address)
        if owner is None:
            return ""
        if owner.kind is not EntityKind.USER:
            raise UserRefused(
                f"the address belongs to a {owner.kind.lower()} in WorkMail: remove it there, or "
                "write another one in the manifest"
            )
        return owner.id

    def _describe(self, reference: str) -> DirectoryUser | None:
        with translated("DescribeUser"):
            try:
                user = self._client.describe_user(
                    OrganizationId=self._organization_id, UserId=reference
                )
            except self._client.exceptions.EntityNotFoundException:
                return None
        return read_user(user)

    def _adopt(self, mailbox: Mailbox) -> str:
        """The user that has the name already, if it can be the mailbox's."""
        user = self._describe(mailbox.username)
        if user is None:
            raise ProvisioningPending(
                "CreateUser: NameAvailabilityException: the user name is taken, and WorkMail shows "
                "no such user yet; if it stays so, a group or a resource has the name",
                RETRY_AFTER_CHANGE,
            )
        if user.state == "DELETED":
            raise ProvisioningPending(
                "CreateUser: NameAvailabilityException: WorkMail shows a deleted user of that name "
                "and not yet who has it now; if it stays so, the name is not free: write another "
                "one in the manifest",
                RETRY_AFTER_CHANGE,
            )
        if user.email.lower() not in ("", mailbox.target.lower()):
            raise UserRefused(
                "CreateUser: NameAvailabilityException: the user name belongs to another user: "
                "write another one in the manifest"
            )
        return user.id


def _check_request(params: dict[str, Any], model: OperationModel, **_: object) -> None:
    """botocore calls it before each request, with what the caller gave."""
    if problems := find_problems(model, params):
        raise RequestInvalid("; ".join(problems))


def _read_records(records: Iterable[Mapping[str, str]]) -> tuple[DnsRecord, ...]:
    """As WorkMail spells them: how it writes final dots, quotation marks and the MX preference is
    not documented. What lacks a type, name or value is left out."""
    read = (
        DnsRecord(
            record.get("Hostname", "").strip(),
            record.get("Type", "").strip().upper(),
            record.get("Value", "").strip(),
        )
        for record in records
    )
    return tuple(record for record in read if record.name and record.type and record.value)
