"""The marked tenant with calendars, contacts, tasks and notes, each detail of which is a word to be
searched for. The DAV server does not take Otto's password."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from localrun.stories.marked import ANNA, DOMAIN, MARKED, OTTO
from localrun.world import World
from migration.groupware_port import CollectionKind

GROUPWARE_MARKS: Mapping[str, tuple[str, ...]] = {
    "collection": ("Zqcalendar-Fächer", "Zqbook-Käfer", "Zqlist-Körbe", "Zqfile-Büro"),
    "uid": ("zq-uid-local",),
    "item": (
        *("Zqsummary-Bär", "Zqplace-Höhe", "zq-attendee-local", "Zqattendee-Jörg"),
        *("Zqcontact-Gönül", "zq-friend-local", "Zqtask-Öl", "Zqnote-Tüte"),
        *("Zqwrong-Wörld", "Zqzone-Köln", "zq-linked-local"),
    ),
}
"""By kind, as in `marked`. A uid is one that a program has made of an address."""

_CALENDAR, _BOOK, _TASKS, _FILE = GROUPWARE_MARKS["collection"]
_UID = GROUPWARE_MARKS["uid"][0]
_SUMMARY, _PLACE, _ATTENDEE, _ATTENDEE_NAME, _CONTACT, _FRIEND = GROUPWARE_MARKS["item"][:6]
_TASK, _NOTE, _WRONG, _ZONE, _LINKED = GROUPWARE_MARKS["item"][6:]

_MEETING = (
    *(f"SUMMARY:{_SUMMARY}", f"LOCATION:{_PLACE}", f"DESCRIPTION:{_NOTE}", f"X-MARK:{_WRONG}"),
    f"ORGANIZER;CN={_ATTENDEE_NAME}:mailto:{_ATTENDEE}@partner.example",
    f"ATTENDEE;CN={_ATTENDEE_NAME};PARTSTAT=ACCEPTED:mailto:{_FRIEND}@partner.example",
    f"ATTACH:https://partner.example/{_LINKED}",
    "DTSTART:20260311T140000Z",
    "DTEND:20260311T150000Z",
)
_SERIES = (
    *(f"SUMMARY:{_SUMMARY}", f"DTSTART;TZID={_ZONE}:20260312T140000", "DURATION:PT1H"),
    *(f"RRULE:FREQ=WEEKLY;BYDAY=TH;{_WRONG}=1", f"EXDATE:{_WRONG}", f"GEO:{_WRONG}"),
)
_BROKEN = (f"SUMMARY:{_SUMMARY}", f"DTSTART:{_WRONG}", f"{_NOTE} without a colon")
_CARD = (
    *("BEGIN:VCARD", "VERSION:4.0", f"UID:{_UID}-9@{DOMAIN}", f"FN:{_CONTACT}"),
    *(f"N:{_CONTACT};;;;", f"EMAIL:{_FRIEND}@partner.example", f"NOTE:{_NOTE}"),
    *(f"IMPP:xmpp:{_LINKED}@partner.example", f"X-MARK:{_WRONG}", "END:VCARD"),
)
_WRONG_CARD = (*_CARD[:-1], f"BDAY:{_WRONG}", _CARD[-1])


def _lines(lines: tuple[str, ...]) -> bytes:
    return "".join(f"{line}\r\n" for line in lines).encode()


def _component(name: str, number: int, lines: tuple[str, ...]) -> bytes:
    """A file of one component."""
    begin = ("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Example//Story//EN", f"BEGIN:{name}")
    about = (f"UID:{_UID}-{number}@{DOMAIN}", "DTSTAMP:20240102T030405Z")
    return _lines((*begin, *about, *lines, f"END:{name}", "END:VCALENDAR"))


def _fill(world: World) -> None:
    assert world.dav is not None
    event, contacts, task, note = CollectionKind
    for name, kinds in ((_CALENDAR, (event,)), (_TASKS, (task, note)), (_BOOK, (contacts,))):
        world.dav.make(ANNA, name, *kinds)
    put = partial(world.dav.put_data, ANNA)
    put(_CALENDAR, event, f"{_UID}-1.ics", _component("VEVENT", 1, _MEETING))
    put(_TASKS, task, f"{_UID}-2.ics", _component("VTODO", 2, (f"SUMMARY:{_TASK}",)))
    put(_TASKS, note, f"{_UID}-3.ics", _component("VJOURNAL", 3, (f"SUMMARY:{_NOTE}",)))
    put(_BOOK, contacts, f"{_UID}-9.vcf", _lines(_CARD))
    world.dav.lock_out(OTTO)


def _seed(world: World) -> int:
    _fill(world)
    return MARKED.seed(world)


MARKED_GROUPWARE = replace(
    MARKED,
    sentence="A migration of people whose calendars and contacts are words to be searched for.",
    seed=_seed,
    tenant={
        **MARKED.tenant,
        "target": {"kind": "workmail_ews"},
        "groupware": {"sources": ["dav", "files"]},
    },
    has_dav=True,
    files={
        f"groupware/{ANNA}/{_FILE}.ics": _component("VEVENT", 5, _SERIES),
        f"groupware/{ANNA}/broken.ics": _component("VEVENT", 6, _BROKEN),
        f"groupware/{ANNA}/friends.vcf": _lines(_WRONG_CARD),
    },
)
"""Much in the files cannot be kept, and one of them has no event that can be read."""
