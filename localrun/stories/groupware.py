"""The scenario `groupware`: calendars, address books, tasks and notes beside the mail.

Mara's are at a CalDAV and CardDAV server, as are the bookings of a room; Theo's lie in files that
somebody has put into the bucket.
While the DNS is watched people go on using the old server: an event is moved, a series changed, a
contact comes, a task goes. In the end everything must be in WorkMail once, every calendar must show
the same as at the source over five years, and nobody may have been told of anything.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import icalendar
import recurring_ical_events

from localrun.letters import Letter
from localrun.scenario import Happening, Scenario, manifest_of
from localrun.stories.groupware_compare import Shown, compare, in_workmail
from localrun.stories.groupware_items import (
    BOOK,
    BOOKINGS,
    CALENDARS,
    CHANGED,
    DELETED,
    DOMAIN,
    FILES,
    RESOURCES,
    Resource,
)
from localrun.world import World
from migration.groupware_port import CollectionKind
from migration.ports import Ledger

MARA, THEO = f"mara@{DOMAIN}", f"theo@{DOMAIN}"
OAK = f"oak@{DOMAIN}"
"""A room."""
_USERS = {MARA: "maras-old-password", THEO: "theos-old-password"}
_ROOMS = {OAK: "the-rooms-password"}
_ZONE = "Europe/Berlin"
_BEGIN, _END = datetime(2024, 1, 1, tzinfo=UTC), datetime(2029, 1, 1, tzinfo=UTC)


def _seed(world: World) -> int:
    assert world.dav is not None
    for name, kinds in CALENDARS.items():
        world.dav.make(MARA, name, *kinds)
    world.dav.make(MARA, BOOK, CollectionKind.CONTACTS)
    _put(world, RESOURCES.values())
    world.dav.make(OAK, BOOKINGS[0].collection, CollectionKind.CALENDAR)
    _put(world, BOOKINGS, OAK)
    return sum(world.deliver(address, [_letter(address)]) for address in _USERS)


def _letter(address: str) -> Letter:
    mime = (
        f"From: office@partner.example\r\nTo: {address}\r\nSubject: Hello\r\n"
        f"Message-ID: <1.{address}>\r\n\r\nGood morning.\r\n"
    )
    return Letter(("INBOX",), mime.encode(), ("\\Seen",), datetime(2023, 5, 2, 7, 30, tzinfo=UTC))


def _put(world: World, resources: Iterable[Resource], address: str = MARA) -> None:
    assert world.dav is not None
    for one in resources:
        world.dav.put_data(address, one.collection, one.kind, one.name, one.data)


def _people_go_on(world: World) -> None:
    assert world.dav is not None
    _put(world, CHANGED)
    for collection, name in DELETED:
        world.dav.delete(MARA, collection, name)


# ---- what must be there in the end -----------------------------------------------------------


def _at_the_source() -> dict[str, list[bytes]]:
    """All files of each person, and of the room, as they are in the end."""
    left = {**RESOURCES, **{(one.collection, one.name): one for one in CHANGED}}
    for place in DELETED:
        del left[place]
    return {
        MARA: [one.data for one in left.values()],
        THEO: list(FILES.values()),
        OAK: [one.data for one in BOOKINGS],
    }


def _expected(files: Iterable[bytes]) -> tuple[Counter[Shown], Counter[tuple[str, str]]]:
    """What calendars show, and the names of all else by the kind of Exchange's items. Read and
    unfolded by other programs than the migration's."""
    shown, others = Counter[Shown](), Counter[tuple[str, str]]()
    for data in files:
        if data.startswith(b"BEGIN:VCARD"):
            others.update(_cards(data))
            continue
        calendar = icalendar.Calendar.from_ical(data)
        others.update(("Task", str(one["SUMMARY"])) for one in calendar.walk("VTODO"))
        others.update(("Message", str(one["SUMMARY"])) for one in calendar.walk("VJOURNAL"))
        if calendar.walk("VEVENT"):
            shown.update(_occurrences(calendar))
    return shown, others


def _cards(data: bytes) -> Iterator[tuple[str, str]]:
    for card in data.decode().split("END:VCARD")[:-1]:
        lines = card.split("\r\n")
        (name,) = (line.removeprefix("FN:") for line in lines if line.startswith("FN:"))
        is_list = any(line.endswith("-KIND:group") for line in lines)
        yield "DistributionList" if is_list else "Contact", name


def _occurrences(calendar: icalendar.Calendar) -> Iterator[Shown]:
    for one in recurring_ical_events.of(calendar).between(_BEGIN, _END):
        if one.get("STATUS") != "CANCELLED":
            begin, end = one.start, one.end
            yield str(one["SUMMARY"]), _moment(begin), _moment(end)


def _moment(told: date | datetime) -> datetime:
    """Whole days are those of the tenant's zone."""
    if isinstance(told, datetime):
        return told.astimezone(UTC)
    return datetime.combine(told, time(), ZoneInfo(_ZONE)).astimezone(UTC)


def _find_faults(world: World, _ledger: Ledger, _run: str) -> Iterator[str]:
    for sent in world.ews.sent:
        yield f"somebody was sent an {sent.what}"
    for address, files in _at_the_source().items():
        shown, others = _expected(files)
        calendar = Counter(world.ews.calendar(address, _BEGIN, _END))
        yield from compare("occurrences", address, shown, calendar)
        if address in _USERS or others:
            yield from compare("items", address, others, in_workmail(world, address))


GROUPWARE = Scenario(
    name="groupware",
    sentence="Calendars, contacts, tasks and notes from CalDAV and from files, with changes later.",
    domain=DOMAIN,
    manifest=b"",
    secret={"mailboxes": _USERS | _ROOMS},
    seed=_seed,
    users=_USERS | _ROOMS,
    has_dav=True,
    files={
        "tenant/users.csv": manifest_of(_USERS),
        "tenant/resources.csv": f"address,type,name,source\n{OAK},room,Oak,{OAK}\n".encode(),
        **{f"groupware/{THEO}/{name}": data for name, data in FILES.items()},
    },
    tenant={
        "manifest": "intake/tenant/",
        "cutover": {"approval": "auto"},
        "copy": {"delta_policy": "follow"},
        "delta": {"interval_minutes": 120},
        "groupware": {"sources": ["dav", "files"], "timezone": _ZONE},
    },
    happenings=(
        Happening("StartCutover", 1800, "calendars and contacts change", _people_go_on),
        Happening(
            "StartCutover", 3600, "the DNS now points to WorkMail", World.point_dns_to_workmail
        ),
    ),
    check=_find_faults,
)
