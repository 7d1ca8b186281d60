"""What an Amazon WorkMail account holds, and how its parts are found.

Times are virtual seconds since the epoch. Addresses and user names are compared without regard
to case. `Account`'s look-ups raise the ApiError that WorkMail answers in their place.
"""

import datetime
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, TypeVar

from localrun.model_service import ApiError

MAXIMUM_QUOTA_MB = 51200
RESERVED_NAMES = frozenset({"administrator", "guest", "krbtgt"})
_PAGE_SIZE = 100
_TOKEN_PREFIX = "page-from-"
_T = TypeVar("_T")
DomainStatus = Literal["PENDING", "VERIFIED", "FAILED"]


@dataclass(slots=True)
class Domain:
    """A mail domain of an organization. The test domain is `<alias>.awsapps.com`. `seen_at` is when
    the record that proves the ownership was first seen."""

    name: str
    ownership: DomainStatus
    dkim: DomainStatus
    is_test: bool = False
    ownership_token: str = ""
    dkim_tokens: Sequence[str] = ()
    registered_at: float = 0.0
    seen_at: float | None = None


@dataclass(slots=True, kw_only=True)
class Entity:
    """What users, groups and resources have in common. `registered_at` is set while it is, or is
    becoming, ENABLED, which it is from `provisioned_at` on. `permissions` are what others may do
    with its mailbox, by their ids; `opened_at` is when those with FULL_ACCESS got it. Addresses are
    given by `Organization.set_addresses` alone."""

    kind: ClassVar[Literal["USER", "GROUP", "RESOURCE"]]
    name: str
    visible_at: float
    email: str | None = None
    aliases: list[str] = field(default_factory=list)
    registered_at: float | None = None
    provisioned_at: float | None = None
    disabled_at: float | None = None
    deleted: bool = False
    permissions: dict[str, list[str]] = field(default_factory=dict)
    opened_at: dict[str, float] = field(default_factory=dict)

    @property
    def entity_id(self) -> str:
        raise NotImplementedError

    def state(self, now: float) -> Literal["ENABLED", "DISABLED", "DELETED"]:
        if self.deleted:
            return "DELETED"
        return "ENABLED" if self.has_mailbox(now) else "DISABLED"

    def has_mailbox(self, now: float) -> bool:
        """Whether it is provisioned; a group then has an address and no mailbox."""
        provisioned = self.provisioned_at
        return self.registered_at is not None and provisioned is not None and now >= provisioned

    def addresses(self) -> set[str]:
        own = [self.email, *self.aliases] if self.email else self.aliases
        return {address.lower() for address in own}


@dataclass(slots=True, kw_only=True)
class User(Entity):
    """A user. The mail servers know `password` from `password_at` on."""

    kind = "USER"
    user_id: str
    display_name: str
    role: str
    password: str | None = None
    password_at: float = 0.0
    attributes: dict[str, Any] = field(default_factory=dict)
    quota_mb: int = MAXIMUM_QUOTA_MB
    size_mb: float = 0.0

    @property
    def entity_id(self) -> str:
        return self.user_id


@dataclass(slots=True, kw_only=True)
class Group(Entity):
    """A group. `members` are the ids of users and groups, in the order they came."""

    kind = "GROUP"
    group_id: str
    hidden: bool = False
    members: list[str] = field(default_factory=list)

    @property
    def entity_id(self) -> str:
        return self.group_id


@dataclass(slots=True, kw_only=True)
class Resource(Entity):
    """A room or equipment. `delegates` are the ids of users and groups, in the order they came;
    `booking` has all three options."""

    kind = "RESOURCE"
    resource_id: str
    type: str
    booking: dict[str, bool]
    description: str = ""
    hidden: bool = False
    delegates: list[str] = field(default_factory=list)

    @property
    def entity_id(self) -> str:
        return self.resource_id


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
    """One organization. `state` is free text; only "Active" takes part in anything. With a code in
    `roles_refused_with`, impersonation roles can be neither made nor assumed."""

    organization_id: str
    alias: str
    default_domain: str
    domains: dict[str, Domain]
    created_at: float
    state: str = "Active"
    migration_admin: str | None = None
    roles_refused_with: str = ""
    interoperability: bool = False
    directory_type: str = "VpcDirectory"
    read_only: bool = False
    users: dict[str, User] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    resources: dict[str, Resource] = field(default_factory=dict)
    roles: dict[str, ImpersonationRole] = field(default_factory=dict)
    retention: dict[str, tuple[str, int | None]] = field(default_factory=dict)
    access_rules: dict[str, dict[str, Any]] = field(default_factory=dict)
    enforces_dmarc: bool = True  # as in every new organization
    identity_provider: Mapping[str, Any] | None = None
    _named: dict[str, list[Entity]] = field(default_factory=dict)
    _addressed: dict[str, Entity] = field(default_factory=dict)

    @property
    def test_domain(self) -> str:
        return f"{self.alias}.awsapps.com"

    def entity(self, entity_id: str) -> Entity | None:
        """The user, group or resource of that id, deleted or not."""
        return (
            self.users.get(entity_id) or self.groups.get(entity_id) or self.resources.get(entity_id)
        )

    def owner_of(self, address: str) -> Entity | None:
        """The user, group or resource that has this address as primary or alias."""
        # The mail servers ask from their own threads while calls change it: one look, no loop.
        owner = self._addressed.get(address.lower())
        return owner if owner is not None and self._knows(owner) else None

    def user_of(self, address: str) -> User | None:
        """The user who has this address as primary or alias."""
        owner = self.owner_of(address)
        return owner if isinstance(owner, User) else None

    def mailbox_of(self, address: str) -> User | Resource | None:
        """Whose mailbox has this address as primary or alias; groups have none."""
        owner = self.owner_of(address)
        return owner if isinstance(owner, User | Resource) else None

    def named(self, name: str) -> list[Entity]:
        """Who has this name. The deleted keep theirs, and others may have taken it since."""
        return [entity for entity in self._named.get(name.lower(), ()) if self._knows(entity)]

    def add(self, entity: Entity) -> None:
        """A new user, group or resource."""
        if isinstance(entity, User):
            self.users[entity.user_id] = entity
        elif isinstance(entity, Group):
            self.groups[entity.group_id] = entity
        elif isinstance(entity, Resource):
            self.resources[entity.resource_id] = entity
        self._named.setdefault(entity.name.lower(), []).append(entity)

    def rename(self, entity: Entity, name: str) -> None:
        self._named[entity.name.lower()].remove(entity)
        entity.name = name
        self._named.setdefault(name.lower(), []).append(entity)

    def set_addresses(self, entity: Entity, email: str | None, aliases: Sequence[str]) -> None:
        """All addresses of an entity, in place of those it had."""
        before = entity.addresses()
        entity.email, entity.aliases = email, list(aliases)
        for address in entity.addresses():
            self._addressed[address] = entity
        for address in before - entity.addresses():
            del self._addressed[address]

    def delete(self, entity: Entity) -> None:
        """Its name and state stay; it is no member, delegate or grantee any more."""
        entity.deleted = True
        entity_id = entity.entity_id
        for other in (*self.users.values(), *self.groups.values(), *self.resources.values()):
            other.permissions.pop(entity_id, None)
        for group in self.groups.values():
            group.members = [each for each in group.members if each != entity_id]
        for resource in self.resources.values():
            resource.delegates = [each for each in resource.delegates if each != entity_id]

    def _knows(self, entity: Entity) -> bool:
        return self.entity(entity.entity_id) is entity


_E = TypeVar("_E", bound=Entity)


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
        self.look_for_ownership: Callable[[Domain], None] = lambda _: None

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

    def writable(self, organization_id: str) -> Organization:
        """An organization that is ready, and whose directory may be changed."""
        organization = self.organization(organization_id)
        if organization.read_only:
            raise ApiError("UnsupportedOperationException", "The directory is read-only.")
        return organization

    def entity(self, organization: Organization, reference: str) -> Entity:
        """The user, group or resource with this id, name or address. What is new stays unseen for
        consistency_lag."""
        return self._first(Entity, organization, reference)

    def user(self, organization: Organization, reference: str) -> User:
        """As `entity`, but users alone."""
        return self._first(User, organization, reference)

    def group(self, organization: Organization, reference: str) -> Group:
        return self._first(Group, organization, reference)

    def resource(self, organization: Organization, reference: str) -> Resource:
        return self._first(Resource, organization, reference)

    def _first(self, kind: type[_E], organization: Organization, reference: str) -> _E:
        """Of all that have this id, name or address; what was deleted comes last."""
        by_key = (organization.entity(reference.lower()), organization.owner_of(reference))
        known = [entity for entity in by_key if entity is not None]
        seen = [
            entity
            for entity in (*known, *organization.named(reference))
            if isinstance(entity, kind) and self.now() >= entity.visible_at
        ]
        if not seen:
            raise ApiError("EntityNotFoundException", f"The entity {reference} does not exist.")
        return min(seen, key=lambda entity: entity.deleted)

    def enabled_user(self, organization: Organization, reference: str) -> User:
        """As `user`, but only when its state is ENABLED."""
        user = self.user(organization, reference)
        self.check_enabled(user, reference)
        return user

    def enabled_entity(self, organization: Organization, reference: str) -> Entity:
        """As `entity`, but only when its state is ENABLED."""
        entity = self.entity(organization, reference)
        self.check_enabled(entity, reference)
        return entity

    def check_enabled(self, entity: Entity, reference: str) -> None:
        state = entity.state(self.now())
        if state != "ENABLED":
            raise ApiError("EntityStateException", f"The entity {reference} is {state}.")

    def check_free_name(self, organization: Organization, name: str) -> None:
        """Raise unless a user, group or resource may take the name: they share one name space."""
        if name.lower() in RESERVED_NAMES:
            raise ApiError("ReservedNameException", f"The name {name} is reserved.")
        if not all(entity.deleted for entity in organization.named(name)):
            raise ApiError("NameAvailabilityException", f"The name {name} is not available.")

    def check_free_address(self, organization: Organization, address: str) -> None:
        """Raise unless the address is unused and in a verified domain of the organization."""
        domain = organization.domains.get(address.rpartition("@")[2].lower())
        if domain is None:
            raise ApiError("MailDomainNotFoundException", "The mail domain is not registered.")
        self.look_for_ownership(domain)
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
