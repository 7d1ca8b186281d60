"""What preflight reads of an organization: its rules and settings, and how full it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migration.aws.directory_errors import translated
from migration.aws.directory_users import read_listed
from migration.directory_model import AccessRule, DirectoryUser, MailboxSize

if TYPE_CHECKING:
    from mypy_boto3_workmail import WorkMailClient
    from mypy_boto3_workmail.type_defs import ListUsersFiltersTypeDef, UserTypeDef


class DirectoryReadings:
    """The part of a Directory that changes nothing and is about the organization as a whole."""

    def __init__(self, client: WorkMailClient, organization_id: str) -> None:
        self._client = client
        self._organization_id = organization_id

    def access_rules(self) -> list[AccessRule]:
        """A rule whose effect is missing counts as one that denies."""
        with translated("ListAccessControlRules"):  # ten at most, on one page
            answer = self._client.list_access_control_rules(OrganizationId=self._organization_id)
        return [
            AccessRule(
                name=rule.get("Name", ""),
                allows=rule.get("Effect") == "ALLOW",
                actions=tuple(rule.get("Actions", [])),
                not_actions=tuple(rule.get("NotActions", [])),
                ip_ranges=tuple(rule.get("IpRanges", [])),
                not_ip_ranges=tuple(rule.get("NotIpRanges", [])),
                user_ids=tuple(rule.get("UserIds", [])),
                not_user_ids=tuple(rule.get("NotUserIds", [])),
                role_ids=tuple(rule.get("ImpersonationRoleIds", [])),
                not_role_ids=tuple(rule.get("NotImpersonationRoleIds", [])),
            )
            for rule in answer.get("Rules", [])
        ]

    def enforces_dmarc(self) -> bool:
        with translated("DescribeInboundDmarcSettings"):
            answer = self._client.describe_inbound_dmarc_settings(
                OrganizationId=self._organization_id
            )
        return answer.get("Enforced", False)

    def authentication_mode(self) -> str:
        with translated("DescribeIdentityProviderConfiguration"):
            try:
                answer = self._client.describe_identity_provider_configuration(
                    OrganizationId=self._organization_id
                )
            except self._client.exceptions.ResourceNotFoundException:
                return ""
        return answer.get("AuthenticationMode", "")

    def enabled_users(self) -> list[DirectoryUser]:
        """People only: resources and WorkMail's own users are left out. None is `ready`: the list
        does not tell."""
        return [
            read_listed(user)
            for user in self._list_users({"State": "ENABLED"})
            if user.get("UserRole", "USER") == "USER"
        ]

    def users(self) -> list[DirectoryUser]:
        """Resources and WorkMail's own users, too, as far as it lists them among the users."""
        return [read_listed(user) for user in self._list_users({})]

    def _list_users(self, filters: ListUsersFiltersTypeDef) -> list[UserTypeDef]:
        with translated("ListUsers"):
            pages = self._client.get_paginator("list_users").paginate(
                OrganizationId=self._organization_id, Filters=filters
            )
            return [user for page in pages for user in page.get("Users", [])]

    def mailbox_size(self, user_id: str) -> MailboxSize | None:
        with translated("GetMailboxDetails"):
            try:
                answer = self._client.get_mailbox_details(
                    OrganizationId=self._organization_id, UserId=user_id
                )
            except self._client.exceptions.EntityNotFoundException:
                return None
        return MailboxSize(answer.get("MailboxQuota", 0), answer.get("MailboxSize", 0.0))
