"""What people of the scenario `groupware` have at the source: iCalendar and vCard as programs write
them, and what they change while the DNS is watched."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass

from migration.groupware_port import CollectionKind

DOMAIN = "acme.example"
CALENDAR, CONTACTS, TASKS, NOTES = CollectionKind
WORK, FAMILY, TO_DO, BOOK = "Arbeit", "Family", "To do", "Kontakte"
CALENDARS: Mapping[str, tuple[CollectionKind, ...]] = {
    WORK: (CALENDAR,),
    FAMILY: (CALENDAR,),
    TO_DO: (TASKS, NOTES),
}
"""Mara's calendars, and what each may hold."""


@dataclass(frozen=True, slots=True)
class Resource:
    """A file of Mara's at the server. `text` is what is within VCALENDAR, or a vCard."""

    collection: str
    kind: CollectionKind
    name: str
    text: str

    @property
    def data(self) -> bytes:
        """As it is put there."""
        if self.kind is CONTACTS:
            return _lines(self.text)
        return wrap(self.text)


def wrap(text: str) -> bytes:
    """A calendar of these components."""
    begin = "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//Example//Story//EN"
    return _lines(f"{begin}\n{text.strip()}\nEND:VCALENDAR")


def _lines(text: str) -> bytes:
    return ("\r\n".join(text.strip().split("\n")) + "\r\n").encode()


def _event(uid: str, text: str) -> str:
    return f"BEGIN:VEVENT\nUID:{uid}\nDTSTAMP:20240102T030405Z\n{text.strip()}\nEND:VEVENT"


_PHOTO = base64.b64encode(b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(range(60)) + b"\xff\xd9").decode()
_PLAN = base64.b64encode("Ablaufplan, Stand März\n".encode()).decode()
_BERLIN = "TZID=Europe/Berlin"

_STANDUP = """
SUMMARY:Stand-up
DTSTART;TZID=Europe/Berlin:20250106T091500
DTEND;TZID=Europe/Berlin:20250106T093000
RRULE:FREQ=WEEKLY;BYDAY=MO,WE,FR
EXDATE;TZID=Europe/Berlin:20250418T091500,20250421T091500
"""
_STANDUP_MOVED = """
RECURRENCE-ID;TZID=Europe/Berlin:20250602T091500
SUMMARY:Stand-up
DTSTART;TZID=Europe/Berlin:20250602T110000
DTEND;TZID=Europe/Berlin:20250602T113000
"""
# Radicale gives every exception the summary of its series: an exception with its own is Theo's.
_STANDUP_CANCELLED = """
RECURRENCE-ID;TZID=Europe/Berlin:20251224T091500
SUMMARY:Stand-up
STATUS:CANCELLED
DTSTART;TZID=Europe/Berlin:20251224T091500
DTEND;TZID=Europe/Berlin:20251224T093000
"""
_REVIEW = f"""
SUMMARY:Quarterly review
DTSTART;{_BERLIN}:20260311T140000
DTEND;{_BERLIN}:20260311T160000
LOCATION:Großer Saal
DESCRIPTION:Bring your figures.
ORGANIZER;CN=Mara:mailto:mara@{DOMAIN}
ATTENDEE;CN=Theo;ROLE=REQ-PARTICIPANT;PARTSTAT=ACCEPTED:mailto:theo@{DOMAIN}
ATTENDEE;CN=Pia;ROLE=OPT-PARTICIPANT;PARTSTAT=TENTATIVE:mailto:pia@partner.example
ATTACH;FMTTYPE=text/plain;ENCODING=BASE64;VALUE=BINARY;FILENAME=plan.txt:{_PLAN}
BEGIN:VALARM
ACTION:DISPLAY
DESCRIPTION:Review
TRIGGER:-PT30M
END:VALARM
"""
_INVITED = f"""
SUMMARY:Kick-off at the partner
DTSTART;TZID=America/New_York:20260515T100000
DTEND;TZID=America/New_York:20260515T113000
ORGANIZER;CN=Pia:mailto:pia@partner.example
ATTENDEE;CN=Mara;PARTSTAT=ACCEPTED:mailto:mara@{DOMAIN}
CONFERENCE;VALUE=URI;LABEL=Join:https://meet.partner.example/kick-off
URL:https://partner.example/kick-off
"""
_CALL = """
SUMMARY:Call with New York
DTSTART;TZID=America/New_York:20250304T090000
DTEND;TZID=America/New_York:20250304T094500
RRULE:FREQ=MONTHLY;BYDAY=1TU;UNTIL=20271231T000000Z
"""
_LAST_DAYS = f"""
SUMMARY:Close the books
DTSTART;{_BERLIN}:20250131T170000
DTEND;{_BERLIN}:20250131T180000
RRULE:FREQ=MONTHLY;BYMONTHDAY=31
"""
_HOLIDAY = "SUMMARY:Sommerurlaub\nDTSTART;VALUE=DATE:20260727\nDTEND;VALUE=DATE:20260810"
_BIRTHDAY = """
SUMMARY:Geburtstag Oma
DTSTART;VALUE=DATE:20240302
DTEND;VALUE=DATE:20240303
RRULE:FREQ=YEARLY
CATEGORIES:Family
"""
_CHOIR = f"""
SUMMARY:Choir
DTSTART;{_BERLIN}:20250327T193000
DTEND;{_BERLIN}:20250327T210000
RRULE:FREQ=WEEKLY;INTERVAL=2;COUNT=40
"""


def _series(uid: str, *parts: str) -> str:
    return "\n".join(_event(uid, part) for part in parts)


def _task(uid: str, text: str) -> str:
    return f"BEGIN:VTODO\nUID:{uid}\nDTSTAMP:20240102T030405Z\n{text.strip()}\nEND:VTODO"


def _card(uid: str, text: str) -> str:
    return f"BEGIN:VCARD\nVERSION:3.0\nUID:{uid}\n{text.strip()}\nEND:VCARD"


_ADA = f"""
FN:Ada Lovelace
N:Lovelace;Ada;;;
ORG:Analytical Engines;Programs
TITLE:Programmer
EMAIL;TYPE=WORK:ada@partner.example
EMAIL;TYPE=HOME:ada@home.example
TEL;TYPE=CELL:+44 20 7946 0001
TEL;TYPE=WORK,VOICE:+44 20 7946 0002
ADR;TYPE=WORK:;;12 St James's Square;London;;SW1Y 4LE;United Kingdom
BDAY:1815-12-10
NOTE:Wrote the first program.
PHOTO;ENCODING=b;TYPE=JPEG:{_PHOTO}
"""
_JOSE = """
FN:José Núñez
N:Núñez;José;;Dr.;
EMAIL;TYPE=WORK:jose@partner.example
TEL;TYPE=WORK:+34 91 555 0100
TEL;TYPE=WORK:+34 91 555 0101
TEL;TYPE=WORK:+34 91 555 0102
"""
_TEAM = """
FN:Partner team
N:Partner team;;;;
X-ADDRESSBOOKSERVER-KIND:group
X-ADDRESSBOOKSERVER-MEMBER:urn:uuid:ada-1
X-ADDRESSBOOKSERVER-MEMBER:urn:uuid:jose-1
"""

RESOURCES: Mapping[tuple[str, str], Resource] = {
    (one.collection, one.name): one
    for one in (
        Resource(
            WORK,
            CALENDAR,
            "standup.ics",
            _series("standup-1", _STANDUP, _STANDUP_MOVED, _STANDUP_CANCELLED),
        ),
        Resource(WORK, CALENDAR, "review.ics", _event("review-1", _REVIEW)),
        Resource(WORK, CALENDAR, "kick-off.ics", _event("kick-off-1", _INVITED)),
        Resource(WORK, CALENDAR, "call.ics", _event("call-1", _CALL)),
        Resource(WORK, CALENDAR, "books.ics", _event("books-1", _LAST_DAYS)),
        Resource(FAMILY, CALENDAR, "holiday.ics", _event("holiday-1", _HOLIDAY)),
        Resource(FAMILY, CALENDAR, "birthday.ics", _event("birthday-1", _BIRTHDAY)),
        Resource(FAMILY, CALENDAR, "choir.ics", _event("choir-1", _CHOIR)),
        Resource(
            TO_DO,
            TASKS,
            "tax.ics",
            _task("tax-1", "SUMMARY:Steuererklärung\nDUE;VALUE=DATE:20270731\nPRIORITY:1"),
        ),
        Resource(
            TO_DO,
            TASKS,
            "bikes.ics",
            _task(
                "bikes-1",
                "SUMMARY:Repair the bikes\nSTATUS:COMPLETED\nPERCENT-COMPLETE:100\n"
                "COMPLETED:20260401T120000Z",
            ),
        ),
        Resource(
            TO_DO,
            TASKS,
            "old.ics",
            _task("old-1", "SUMMARY:Cancel the old contract\nSTATUS:NEEDS-ACTION"),
        ),
        Resource(
            TO_DO,
            NOTES,
            "wifi.ics",
            "BEGIN:VJOURNAL\nUID:wifi-1\nDTSTAMP:20240102T030405Z\nSUMMARY:Guest network\n"
            "DESCRIPTION:It stands on the router.\nEND:VJOURNAL",
        ),
        Resource(BOOK, CONTACTS, "ada.vcf", _card("ada-1", _ADA)),
        Resource(BOOK, CONTACTS, "jose.vcf", _card("jose-1", _JOSE)),
        Resource(BOOK, CONTACTS, "team.vcf", _card("team-1", _TEAM)),
    )
}
"""What Mara has at first, by collection and file."""

BOOKINGS: tuple[Resource, ...] = (
    Resource(
        "Bookings",
        CALENDAR,
        "board.ics",
        _event(
            "board-1",
            f"SUMMARY:Board\nDTSTART;{_BERLIN}:20260105T100000\nDTEND;{_BERLIN}:20260105T120000\n"
            f"RRULE:FREQ=MONTHLY;BYDAY=1MO\nORGANIZER;CN=Mara:mailto:mara@{DOMAIN}\n"
            f"ATTENDEE;CUTYPE=ROOM;PARTSTAT=ACCEPTED:mailto:oak@{DOMAIN}",
        ),
    ),
    Resource(
        "Bookings",
        CALENDAR,
        "visit.ics",
        _event("visit-1", f"SUMMARY:Visit\nDTSTART;{_BERLIN}:20260917T140000\nDURATION:PT90M"),
    ),
)
"""When the room is booked."""

CHANGED: tuple[Resource, ...] = (
    Resource(
        WORK,
        CALENDAR,
        "review.ics",
        _event(
            "review-1", _REVIEW.replace("20260311T14", "20260312T15").replace("311T16", "312T17")
        ),
    ),
    Resource(
        WORK,
        CALENDAR,
        "standup.ics",
        _series(
            "standup-1",
            _STANDUP.replace("MO,WE,FR", "MO,TH").replace("20250418T091500,", ""),
            _STANDUP_MOVED,
        ),
    ),
    Resource(
        BOOK,
        CONTACTS,
        "grace.vcf",
        _card("grace-1", "FN:Grace Hopper\nN:Hopper;Grace;;;\nEMAIL:grace@partner.example"),
    ),
)
"""What comes while the DNS is watched, and what becomes of what was there."""

DELETED: tuple[tuple[str, str], ...] = ((TO_DO, "old.ics"),)
"""What goes then."""

FILES: Mapping[str, bytes] = {
    "Private.ics": wrap(
        "\n".join(
            (
                _event(
                    "dentist-1",
                    f"SUMMARY:Zahnarzt\nDTSTART;{_BERLIN}:20261105T083000\nDURATION:PT45M",
                ),
                _event(
                    "yoga-1",
                    f"SUMMARY:Yoga\nDTSTART;{_BERLIN}:20251001T070000\n"
                    f"DTEND;{_BERLIN}:20251001T080000\nRRULE:FREQ=WEEKLY;BYDAY=WE",
                ),
                _event(
                    "yoga-1",
                    f"RECURRENCE-ID;{_BERLIN}:20251112T070000\nSUMMARY:Yoga\\, im Park\n"
                    f"DTSTART;{_BERLIN}:20251112T063000\nDTEND;{_BERLIN}:20251112T073000\n"
                    "LOCATION:Park",
                ),
                _task("milk-1", "SUMMARY:Buy milk"),
            )
        )
    ),
    "Friends.vcf": b"".join(
        _lines(_card(uid, f"FN:{name}\nN:;{name};;;\nEMAIL:{name.lower()}@friends.example"))
        for uid, name in (("kim-1", "Kim"), ("lou-1", "Lou"))
    ),
}
"""Theo's files."""
