"""What Graph tells of users, groups and rooms, read into the words of discovery_model.py. Pure.

https://learn.microsoft.com/graph/api/resources/user, group, room and
https://learn.microsoft.com/graph/api/reportroot-getmailboxusagedetail
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from migration.discovery_model import Entry, FoundGroup, FoundMailbox, GroupKind, MailboxKind
from migration.model import Profile
from migration.wire.graph_model import Json

ENTRY = "id,mail,proxyAddresses"
"""What an Entry is read from, of groups; of users with their names and types."""
USER_ENTRY = f"{ENTRY},userPrincipalName,userType"
USER = (
    f"{USER_ENTRY},displayName,givenName,surname,accountEnabled,assignedPlans,jobTitle,"
    "department,officeLocation,companyName,businessPhones,streetAddress,city,postalCode,country,"
    "showInAddressList"
)
GROUP = f"{ENTRY},displayName,mailEnabled,securityEnabled,groupTypes,visibility"
HIDDEN = "hideFromAddressLists"
"""Told of Microsoft 365 groups alone, and only where one group is asked for."""

_SMTP = "smtp:"
_KINDS = {
    "shared": MailboxKind.SHARED,
    "room": MailboxKind.ROOM,
    "equipment": MailboxKind.EQUIPMENT,
}
OTHERS = "others"
"""The purpose of mailboxes that the service keeps for itself."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """The mail addresses of a user, group or contact, and how many of other kinds it has: X500,
    SIP."""

    primary: str
    aliases: tuple[str, ...] = ()
    others: int = 0


@dataclass(frozen=True, slots=True)
class Usage:
    """A mailbox's line in the report."""

    items: int | None
    size: int | None
    archived: bool


def read_addresses(shown: Json) -> Addresses:
    """SMTP: is the primary address, smtp: an alias; `primary` is "" for whoever has none."""
    proxies = [str(one) for one in shown.get("proxyAddresses") or ()]
    mail = [one for one in proxies if one.lower().startswith(_SMTP)]
    capital = [one[len(_SMTP) :] for one in mail if one.startswith(_SMTP.upper())]
    primary = (*capital, _text(shown, "mail"), *(one[len(_SMTP) :] for one in mail))
    first = next((one for one in primary if one), "")
    rest = (one[len(_SMTP) :] for one in mail)
    aliases = tuple(one for one in rest if one.lower() != first.lower())
    return Addresses(first, aliases, len(proxies) - len(mail))


def read_entry(shown: Json) -> Entry:
    """A user or a group as the lists show it."""
    addresses = read_addresses(shown)
    return Entry(_text(shown, "userPrincipalName"), (addresses.primary, *addresses.aliases))


def is_guest(shown: Json) -> bool:
    return _text(shown, "userType").lower() == "guest"


def is_licensed(shown: Json) -> bool:
    """Whether an Exchange plan is enabled for the user."""
    return any(
        str(plan.get("service", "")).lower() == "exchange"
        and plan.get("capabilityStatus") in ("Enabled", "Warning")
        for plan in shown.get("assignedPlans") or ()
    )


def read_mailbox(shown: Json, purpose: str) -> FoundMailbox:
    """The mailbox of a user; `purpose` is mailboxSettings' userPurpose, whose other values (linked,
    others) are those of people's mailboxes, too."""
    addresses = read_addresses(shown)
    phones = shown.get("businessPhones") or [""]
    listed = shown.get("showInAddressList")
    return FoundMailbox(
        source=_text(shown, "userPrincipalName"),
        address=addresses.primary,
        kind=_KINDS.get(purpose.lower(), MailboxKind.USER),
        display_name=_text(shown, "displayName"),
        first_name=_text(shown, "givenName"),
        last_name=_text(shown, "surname"),
        aliases=addresses.aliases,
        profile=Profile(
            job_title=_text(shown, "jobTitle"),
            company=_text(shown, "companyName"),
            department=_text(shown, "department"),
            office=_text(shown, "officeLocation"),
            telephone=str(phones[0] or ""),
            street=_text(shown, "streetAddress"),
            city=_text(shown, "city"),
            zip_code=_text(shown, "postalCode"),
            country=_text(shown, "country"),
            hidden=None if listed is None else not listed,
        ),
        enabled=bool(shown.get("accountEnabled", True)),
        licensed=is_licensed(shown),
    )


def read_group(shown: Json) -> FoundGroup:
    """A group without its members."""
    addresses = read_addresses(shown)
    types = [str(one) for one in shown.get("groupTypes") or ()]
    kind = GroupKind.SECURITY if shown.get("securityEnabled") else GroupKind.DISTRIBUTION
    return FoundGroup(
        address=addresses.primary,
        name=_text(shown, "displayName"),
        kind=GroupKind.UNIFIED if "Unified" in types else kind,
        aliases=addresses.aliases,
        dynamic="DynamicMembership" in types,
    )


def hides_members(shown: Json) -> bool:
    """Whether the group tells its members only to those with a permission of its own."""
    return _text(shown, "visibility") == "HiddenMembership"


def describe_room(place: Json) -> str:
    """Where a room is, and how many it holds: `Haus 3, floor 2, 12 seats`."""
    floor = _text(place, "floorLabel") or str(place.get("floorNumber") or "")
    capacity = place.get("capacity")
    parts = (
        _text(place, "building"),
        f"floor {floor}" if floor else "",
        f"{capacity} seats" if capacity else "",
    )
    return ", ".join(part for part in parts if part)


def read_usage(body: bytes) -> dict[str, Usage]:
    """The report's lines by user principal name in small letters, without deleted mailboxes. Names
    are hashes where the organization conceals them."""
    rows = csv.DictReader(io.StringIO(body.decode("utf-8-sig", "replace"), newline=""))
    return {
        str(row.get("User Principal Name") or "").lower(): Usage(
            _number(row.get("Item Count")),
            _number(row.get("Storage Used (Byte)")),
            _is_true(row.get("Has Archive")),
        )
        for row in rows
        if not _is_true(row.get("Is Deleted"))
    }


def add_usage(box: FoundMailbox, usage: Usage) -> FoundMailbox:
    return replace(box, messages=usage.items, size=usage.size, archived=usage.archived)


@dataclass(frozen=True, slots=True)
class People:
    """Whose address each member of a group is, by the ids of the directory. `boxes` and `groups`
    have primary addresses."""

    boxes: Mapping[str, str]
    groups: Mapping[str, str]

    def members(self, shown: Iterable[Json]) -> tuple[list[str], list[str], int]:
        """Addresses of mailboxes and groups; addresses of others; how many have none."""
        inside: list[str] = []
        outside: list[str] = []
        without = 0
        for member in shown:
            id_ = str(member.get("id"))
            if known := self.boxes.get(id_) or self.groups.get(id_):
                inside.append(known)
            elif address := read_addresses(member).primary:
                outside.append(address)
            else:
                without += 1
        return inside, outside, without

    def owners(self, shown: Iterable[Json]) -> Iterator[str]:
        for owner in shown:
            known = self.boxes.get(str(owner.get("id"))) or read_addresses(owner).primary
            if known:
                yield known


def _text(shown: Json, name: str) -> str:
    value = shown.get(name)
    return value.strip() if isinstance(value, str) else ""


def _number(text: str | None) -> int | None:
    return int(text) if text and text.strip().isdecimal() else None


def _is_true(text: str | None) -> bool:
    return (text or "").strip().lower() in ("true", "yes")
