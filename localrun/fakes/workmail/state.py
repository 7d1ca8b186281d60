"""What an Amazon WorkMail account holds, and how its parts are found.

Times are virtual seconds since the epoch. Addresses and user names are compared without regard
to case. `Account`'s look-ups raise the ApiError that WorkMail answers in their place.
"""

import datetime
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from localrun.model_service import ApiError

MAXIMUM_QUOTA_MB = 51200
_PAGE_SIZE = 100
_TOKEN_PREFIX = "page-from-"
_T = TypeVar("_T")
DomainStatus = Literal["PENDING", "VERIFIED", "FAILED"]


@dataclass(slots=True)
class Domain:
    """A mail domain of an organization. The test domain is `<alias>.awsapps.com`."""

    name: str
    ownership: DomainStatus
    dkim: DomainStatus
    is_test: bool = False
    ownership_token: str = ""
    dkim_tokens: Sequence[str] = ()


@dataclass(slots=True)
class User:
    """A user. `registered_at` is set while it is, or is becoming, ENABLED. The mail servers know
    `password` from `password_at` on."""

    user_id: str
    name: str
    display_name: str
    role: str
    visible_at: float
    password: str | None = None
    password_at: float = 0.0
    attributes: dict[str, Any] = field(default_factory=dict)
    email: str | None = None
    aliases: list[str] = field(default_factory=list)
    registered_at: float | None = None
    provisioned_at: float | None = None
    disabled_at: float | None = None
    deleted: bool = False
    quota_mb: int = MAXIMUM_QUOTA_MB
    size_mb: float = 0.0
    permissions: dict[str, list[str]] = field(default_factory=dict)

    def state(self, now: float) -> Literal["ENABLED", "DISABLED", "DELETED"]:
        if self.deleted:
            return "DELETED"
        return "ENABLED" if self.has_mailbox(now) else "DISABLED"

    def has_mailbox(self, now: float) -> bool:
        provisioned = self.provisioned_at
        return self.registered_at is not None and provisioned is not None and now >= provisioned

    def addresses(self) -> set[str]:
        own = [self.email, *self.aliases] if self.email else self.aliases
        return {address.lower() for address in own}


@dataclass(slots=True)
class ImpersonationRole:
    """A role; `changed_at` is when its rules last changed and began to spread to mailboxes."""

    role_id: str
    name: str
    type: str
    description: str | None
    rules: list[dict[str, Any]]
    created_at: float
    changed_at: float


@dataclass(slots=True)
class Organization:
    """One organization. `state` is free text; only "Active" takes part in anything."""

    organization_id: str
    alias: str
    default_domain: str
    domains: dict[str, Domain]
    created_at: float
    state: str = "Active"
    migration_admin: str | None = None
    interoperability: bool = False
    directory_type: str = "VpcDirectory"
    users: dict[str, User] = field(default_factory=dict)
    roles: dict[str, ImpersonationRole] = field(default_factory=dict)
    retention: dict[str, tuple[str, int | None]] = field(default_factory=dict)
    access_rules: dict[str, dict[str, Any]] = field(default_factory=dict)
    enforces_dmarc: bool = True  # as in every new organization
    identity_provider: Mapping[str, Any] | None = None

    @property
    def test_domain(self) -> str:
        return f"{self.alias}.awsapps.com"

    def owner_of(self, address: str) -> User | None:
        """The user who has this address as primary or alias."""
        wanted = address.lower()
        # A copied list: the mail servers ask from their own threads while calls change it.
        return next(
            (user for user in list(self.users.values()) if wanted in user.addresses()), None
        )


class Account:
    """Everything in one account and Region, and the clock and lags it lives by."""

    def __init__(
        self,
        now: Callable[[], float],
        consistency_lag: float,
        mailbox_lag: float,
        propagation_lag: float,
        password_lag: float,
        region: str,
    ) -> None:
        self.now = now
        self.consistency_lag = consistency_lag
        self.mailbox_lag = mailbox_lag
        self.propagation_lag = propagation_lag
        self.password_lag = password_lag
        self.region = region
        self.organizations: dict[str, Organization] = {}

    def organization(self, organization_id: str) -> Organization:
        """An organization that is ready for work."""
        organization = self.any_organization(organization_id)
        if organization.state != "Active":
            raise ApiError(
                "OrganizationStateException", f"The organization is {organization.state}."
            )
        return organization

    def any_organization(self, organization_id: str) -> Organization:
        """An organization in whatever state."""
        if organization_id not in self.organizations:
            raise ApiError("OrganizationNotFoundException", "The organization is not known.")
        return self.organizations[organization_id]

    def user(self, organization: Organization, reference: str) -> User:
        """The user with this id, name or address. New users stay unseen for consistency_lag."""
        wanted = reference.lower()
        found = [
            user
            for user in organization.users.values()
            if wanted in {user.user_id, user.name.lower()} | user.addresses()
            and self.now() >= user.visible_at
        ]
        if not found:
            raise ApiError("EntityNotFoundException", f"The entity {reference} does not exist.")
        # A deleted user keeps its name, which somebody else may have taken since.
        return min(found, key=lambda user: user.deleted)

    def enabled_user(self, organization: Organization, reference: str) -> User:
        """As `user`, but only when its state is ENABLED."""
        user = self.user(organization, reference)
        state = user.state(self.now())
        if state != "ENABLED":
            raise ApiError("EntityStateException", f"The entity {reference} is {state}.")
        return user

    def check_free_address(self, organization: Organization, address: str) -> None:
        """Raise unless the address is unused and in a verified domain of the organization."""
        domain = organization.domains.get(address.rpartition("@")[2].lower())
        if domain is None:
            raise ApiError("MailDomainNotFoundException", "The mail domain is not registered.")
        if domain.ownership != "VERIFIED":
            raise ApiError("MailDomainStateException", f"{domain.name} is not verified.")
        if organization.owner_of(address) is not None:
            raise ApiError("EmailAddressInUseException", "The address is in use.")

    def timestamp(self, seconds: float | None) -> datetime.datetime | None:
        return None if seconds is None else datetime.datetime.fromtimestamp(seconds, datetime.UTC)


def page(
    items: Sequence[_T], next_token: str | None, max_results: int | None
) -> tuple[list[_T], str | None]:
    """One page and the token of the next one (None after the last). 100 a page by default."""
    start = 0
    if next_token is not None:
        if not (
            next_token.startswith(_TOKEN_PREFIX) and next_token[len(_TOKEN_PREFIX) :].isdigit()
        ):
            raise ApiError("InvalidParameterException", "The NextToken is not valid.")
        start = int(next_token[len(_TOKEN_PREFIX) :])
    end = start + (max_results or _PAGE_SIZE)
    return list(items[start:end]), f"{_TOKEN_PREFIX}{end}" if end < len(items) else None


def new_id() -> str:
    return str(uuid.uuid4())
