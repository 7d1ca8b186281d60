"""The directory of one organisation, and its mailboxes."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

from localrun.fakes.graph.answers import GraphError, Json
from localrun.fakes.graph.faults import Faults
from localrun.fakes.graph.ids import Tokens
from localrun.fakes.graph.mailbox import Mailbox

PERMISSIONS = frozenset(
    {
        *("User.Read.All", "Group.Read.All", "GroupMember.Read.All", "Place.Read.All"),
        *("Mail.Read", "MailboxSettings.Read", "Calendars.Read", "Contacts.Read"),
        *(
            "Tasks.Read.All",
            "OrgContact.Read.All",
            "Reports.Read.All",
            "Organization.Read.All",
            "Directory.Read.All",
        ),
    }
)


@dataclass
class User:
    """`kind` is mailboxSettings' userPurpose: user, linked, shared, room, equipment, others.
    `properties` are put over what Graph would tell."""

    id: str
    upn: str
    name: str
    kind: str
    aliases: tuple[str, ...]
    enabled: bool
    archive: bool
    mailbox: Mailbox | None
    properties: Json = field(default_factory=dict)
    place: Json = field(default_factory=dict)


@dataclass
class Group:
    """`members` and `owners` are addresses; one that nobody has is a contact of the organisation.
    `unified` is a Microsoft 365 group, `rule` makes it dynamic."""

    id: str
    address: str
    name: str
    members: list[str]
    owners: list[str]
    aliases: tuple[str, ...]
    unified: bool = False
    security: bool = False
    mail_enabled: bool = True
    rule: str = ""
    properties: Json = field(default_factory=dict)


@dataclass
class Contact:
    """Somebody elsewhere whom the directory knows: an orgContact."""

    id: str
    address: str
    name: str
    aliases: tuple[str, ...] = ()


Member = User | Group | Contact


class Tenant:
    """What the service knows. `graph_url` is where it answers, with /v1.0."""

    def __init__(self, domain: str, now: Callable[[], float]) -> None:
        self.id = str(uuid.uuid5(uuid.NAMESPACE_DNS, domain))
        self.domain = domain
        self.domains = [domain, "contoso.onmicrosoft.com"]
        self.name = "Contoso"
        self.now = now
        self.graph_url = ""
        self.reports_url: Callable[[], str] = str
        """Where the data of reports are."""
        self.faults = Faults()
        self.tokens = Tokens()
        self.permissions = set(PERMISSIONS)
        """What the application may do; tests take some away."""
        self.scope: set[str] | None = None
        """The addresses of the only mailboxes that the application may open; None: all."""
        self.concealed = False
        """Reports tell no names of people."""
        self.users: dict[str, User] = {}
        self.groups: dict[str, Group] = {}
        self.contacts: dict[str, Contact] = {}
        self.lock = threading.RLock()

    def new_id(self, address: str) -> str:
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self.domain}/{address.casefold()}"))

    def user(self, text: str) -> User | None:
        """By id or user principal name."""
        with self.lock:
            if found := self.users.get(text.casefold()):
                return found
            return next((one for one in self.users.values() if one.id == text.casefold()), None)

    def group(self, text: str) -> Group | None:
        """By id."""
        with self.lock:
            return next((one for one in self.groups.values() if one.id == text.casefold()), None)

    def at_address(self, address: str) -> Member:
        """Whoever gets mail at this address; a contact if it is nobody of the directory's."""
        wanted = address.casefold()
        with self.lock:
            everybody: list[Member] = [*self.users.values(), *self.groups.values()]
            everybody += self.contacts.values()
        for one in everybody:
            main = one.upn if isinstance(one, User) else one.address
            if wanted in map(str.casefold, (main, *one.aliases)):
                return one
        return Contact(self.new_id(address), address, address)

    def opened(self, text: str) -> Mailbox:
        """The mailbox of a user. GraphError if there is none, or the application may not."""
        user = self.user(text)
        if user is None:
            message = f"The requested user '{text}' is invalid."
            raise GraphError(404, "ErrorInvalidUser", message)
        if user.mailbox is None:
            message = "The mailbox is either inactive, soft-deleted, or is hosted on-premise."
            raise GraphError(404, "MailboxNotEnabledForRESTAPI", message)
        if self.scope is not None and user.upn not in self.scope:
            raise denied()
        return user.mailbox


def denied() -> GraphError:
    message = "Access is denied. Check credentials and try again."
    return GraphError(403, "ErrorAccessDenied", message)
