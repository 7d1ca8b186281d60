"""What WorkMail's directory holds, and what the manifest wants of it beside the mailboxes.

Standard library only. Addresses stand for entities in what the manifest wants, because ids are
known only once the entities exist; WorkMail's own ids stand in what WorkMail shows. Neither may
appear in events, logs or reasons.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from migration.dns_model import DnsRecord
from migration.model import Failure, Profile

# ---- what WorkMail shows ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Organization:
    """A WorkMail organization, as far as a migration must know it. `directory_type` is WorkMail's
    free text for what holds its users; `migration_admin` is the id of the user who was chosen in
    the console to have access to all mailboxes, "" if nobody was."""

    id: str
    alias: str
    state: str
    interoperability: bool = False
    directory_type: str = ""
    migration_admin: str = ""


@dataclass(frozen=True, slots=True)
class MailDomain:
    """A domain of the organization and the records that WorkMail wants for it. `failed`: WorkMail
    has given up looking for the record that proves its ownership. `default`: new addresses are
    suggested in it."""

    name: str
    verified: bool
    records: tuple[DnsRecord, ...] = ()
    failed: bool = False
    default: bool = False


@dataclass(frozen=True, slots=True)
class DirectoryUser:
    """A WorkMail user. `state` is ENABLED, DISABLED or DELETED; `ready` once it has a mailbox;
    `was_enabled` if WorkMail shows that it had one before and was disabled."""

    id: str
    name: str
    email: str
    state: str
    ready: bool = False
    was_enabled: bool = False
    display_name: str = ""
    first_name: str = ""
    last_name: str = ""
    profile: Profile = field(default_factory=Profile)


@dataclass(frozen=True, slots=True)
class MailboxSize:
    """How much a WorkMail mailbox may hold, and how much it holds, in megabytes."""

    quota_mb: int
    held_mb: float


@dataclass(frozen=True, slots=True)
class AccessRule:
    """An access control rule: it allows or denies what it is about.

    That is all requests; with a list only what is in it, and without what is in the list that
    begins with `not_`. `actions` are protocols (EWS, IMAP, ...), `ip_ranges` IPv4 networks,
    `role_ids` impersonation roles.
    """

    name: str
    allows: bool
    actions: tuple[str, ...] = ()
    not_actions: tuple[str, ...] = ()
    ip_ranges: tuple[str, ...] = ()
    not_ip_ranges: tuple[str, ...] = ()
    user_ids: tuple[str, ...] = ()
    not_user_ids: tuple[str, ...] = ()
    role_ids: tuple[str, ...] = ()
    not_role_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Token:
    """An impersonation token. `expires_in` is in seconds from the moment it was given."""

    value: str = field(repr=False)
    expires_in: float = 0.0


class EntityKind(StrEnum):
    """What has an address in WorkMail. DescribeEntity's words."""

    USER = "USER"
    GROUP = "GROUP"
    RESOURCE = "RESOURCE"


@dataclass(frozen=True, slots=True)
class Owner:
    """Who has an address: WorkMail's id, and what it is."""

    id: str
    kind: EntityKind


@dataclass(frozen=True, slots=True)
class Made:
    """What a creating call answers: WorkMail's id, and whether the call has made it. If not, it was
    there: an earlier call whose answer was lost may have made it, or somebody else."""

    id: str
    is_new: bool = True


class Permission(StrEnum):
    """What one may do with the mailbox of another (PutMailboxPermissions)."""

    FULL_ACCESS = "FULL_ACCESS"
    SEND_AS = "SEND_AS"
    SEND_ON_BEHALF = "SEND_ON_BEHALF"


@dataclass(frozen=True, slots=True)
class DirectoryGroup:
    """A WorkMail group. `state` is ENABLED, DISABLED or DELETED; `email` is "" until enabled;
    `was_enabled` if WorkMail shows that it was and is disabled now."""

    id: str
    name: str
    email: str
    state: str
    hidden: bool = False
    was_enabled: bool = False


@dataclass(frozen=True, slots=True)
class Booking:
    """How a resource answers meeting requests. None: as WorkMail has it, or its default."""

    auto_accept: bool | None = None
    auto_decline_recurring: bool | None = None
    auto_decline_conflicts: bool | None = None


class ResourceKind(StrEnum):
    """What a resource is (CreateResource)."""

    ROOM = "ROOM"
    EQUIPMENT = "EQUIPMENT"


@dataclass(frozen=True, slots=True)
class DirectoryResource:
    """A WorkMail resource. `state` is ENABLED, DISABLED or DELETED; `email` is "" until enabled;
    `was_enabled` if WorkMail shows that it was and is disabled now."""

    id: str
    name: str
    email: str
    state: str
    kind: ResourceKind
    description: str = ""
    hidden: bool = False
    booking: Booking = Booking()
    was_enabled: bool = False


# ---- what the manifest wants -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Group:
    """A distribution list. `members` are addresses of users, groups or resources; `owners` too,
    which WorkMail does not know: plan and report tell how many there are. `hidden` None: as it
    is."""

    id: str
    address: str
    name: str
    hidden: bool | None = None
    aliases: tuple[str, ...] = ()
    members: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Resource:
    """A room or a piece of equipment. `name` fits WorkMail's 20 characters; `source_name` is the
    name at the source, where it was longer. `delegates` are addresses of users or groups. `source`
    is the login name or address of its calendar at the source, "" if none is to be copied."""

    id: str
    address: str
    name: str
    kind: ResourceKind
    source_name: str = ""
    description: str = ""
    hidden: bool | None = None
    aliases: tuple[str, ...] = ()
    booking: Booking = Booking()
    delegates: tuple[str, ...] = ()
    source: str = ""


@dataclass(frozen=True, slots=True)
class Grant:
    """What one grantee (address) may do."""

    grantee: str
    permissions: frozenset[Permission]


@dataclass(frozen=True, slots=True)
class Sharing:
    """Who may use the mailbox of `owner` (an address of a user, group or resource)."""

    id: str
    owner: str
    grants: tuple[Grant, ...] = ()


Wanted = Group | Resource | Sharing


class EntityStatus(StrEnum):
    """Where a group, resource or sharing stands in this run. MADE: it exists and is enabled, and
    what it refers to is still missing."""

    PLANNED = "planned"
    MADE = "made"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class EntityRecord:
    """A group, a resource or the sharing of a mailbox in the ledger. `outcome` says what was done
    (created, enabled, changed, unchanged), `entity_id` is WorkMail's id, `remarks` are sentences
    about what could not be done exactly; they name columns and numbers, never addresses."""

    wanted: Wanted
    run: str
    status: EntityStatus = EntityStatus.PLANNED
    entity_id: str = ""
    outcome: str = ""
    failure: Failure | None = None
    remarks: tuple[str, ...] = ()


# ---- the migration administrator -------------------------------------------------------------


class Before(StrEnum):
    """What the administrator's user was before the migration made use of it. ENABLED ones are
    somebody else's: they stay as they are."""

    ABSENT = "absent"
    DISABLED = "disabled"
    ENABLED = "enabled"


@dataclass(frozen=True, slots=True)
class AdministratorRecord:
    """The user by whom mailboxes are opened. `user_id` is "" while it is being created; `why` says
    why it is this one, in a clause without personal data. `refusals` counts how often WorkMail has
    refused its password; `seen`: WorkMail has shown the user, and not only its id."""

    address: str
    before: Before
    user_id: str = ""
    why: str = ""
    refusals: int = 0
    seen: bool = False


@dataclass(frozen=True, slots=True)
class GrantRecord:
    """A mailbox (WorkMail's id of its owner) that the administrator is given access to, and what
    the administrator had been allowed there before. `given`: WorkMail has confirmed it."""

    owner_id: str
    grantee_id: str
    before: frozenset[Permission] = frozenset()
    given: bool = False
