"""What Exchange has no place for and the text of an item can hold. Pure."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass

from migration.items.content import Answer, Attendee, Content, Person, Role, is_mailbox
from migration.items.event import Details, EventStatus

IN_THE_TEXT = "Exchange has no place for it; it stands in the text"
"""The reason of every loss that is none to a reader of the item."""

LONGEST_LINE = 255
"""So long the subject and the location of an item may be."""

_BODY_END = re.compile(r"</body\s*>", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Note:
    """A line for the text. `what` is the property by its name in iCalendar."""

    what: str
    label: str
    value: str


def find_notes(details: Details, own: Set[str]) -> tuple[Note, ...]:
    """All that goes into the text, in the order in which a reader wants it. `own` are the addresses
    of the calendar's owner, in lower case."""
    content = details.content
    return (*_people(content, own), *links_of(content), *_status(details), *remarks_of(content))


def shorten(line: str) -> str:
    """A title or a place as far as Exchange takes it; whether it cuts off the rest or refuses the
    item is up to the server. Its characters are those of UTF-16."""
    units = line.encode("utf-16-le", "surrogatepass")
    if len(units) <= 2 * LONGEST_LINE:
        return line
    return units[: 2 * (LONGEST_LINE - 1)].decode("utf-16-le", "ignore") + "\N{HORIZONTAL ELLIPSIS}"


def long_lines(title: str, place: str = "") -> Iterator[Note]:
    """What `shorten` shortens, in full."""
    for what, label, line in (("SUMMARY", "Title", title), ("LOCATION", "Place", place)):
        if shorten(line) != line:
            yield Note(what, label, line)


def add_notes(body: str, notes: Sequence[Note], *, is_html: bool) -> str:
    """The body with the notes below it."""
    if not notes:
        return body
    lines = [f"{note.label}: {note.value}" for note in notes]
    if not is_html:
        return "\n".join((*((body, "") if body else ()), *lines))
    block = "".join(f"<p>{html.escape(line)}</p>" for line in lines)
    ends = [found.start() for found in _BODY_END.finditer(body)]
    end = ends[-1] if ends else len(body)
    return body[:end] + block + body[end:]


def is_led_by_other(content: Content, own: Set[str]) -> bool:
    """Whether somebody else has invited. Exchange makes the owner of the calendar the organizer of
    what is created, so that people invited by another would get mail of the owner's changes."""
    organizer = content.organizer
    return organizer is not None and organizer.address.lower() not in own


def has_mailbox(person: Person) -> bool:
    """Whether an attendee has an e-mail address, which Exchange demands."""
    return is_mailbox(person.address)


def _people(content: Content, own: Set[str]) -> Iterator[Note]:
    led_by_other = is_led_by_other(content, own)
    if content.organizer and led_by_other:
        yield Note("ORGANIZER", "Organizer", name_of(content.organizer))
    if content.organizer and content.organizer.sent_by:
        yield Note("ORGANIZER;SENT-BY", "Sent by", content.organizer.sent_by)
    for attendee in content.attendees:
        if led_by_other or not has_mailbox(attendee.person):
            yield Note("ATTENDEE", "Attendee", describe(attendee))
        elif attendee.answer is not Answer.NEEDS_ACTION:
            # The element has a place for it; whether the server keeps it, only the server knows.
            yield Note("ATTENDEE;PARTSTAT", "Attendee", describe(attendee))
        yield from delegation_of(attendee)


def delegation_of(attendee: Attendee) -> Iterator[Note]:
    """For whom an attendee stands, and who stands for one."""
    who = name_of(attendee.person)
    for parameter, label, others in (
        ("DELEGATED-TO", "Delegated to", attendee.delegated_to),
        ("DELEGATED-FROM", "Delegated from", attendee.delegated_from),
        ("MEMBER", "Member of", attendee.member_of),
        ("SENT-BY", "Sent by", (attendee.person.sent_by,) if attendee.person.sent_by else ()),
    ):
        if others:
            yield Note(f"ATTENDEE;{parameter}", f"{who}, {label.lower()}", ", ".join(others))


def links_of(content: Content) -> Iterator[Note]:
    """Where something is to be found: meetings that the text does not name, pages, places,
    files."""
    said = f"{content.description}\n{html.unescape(content.html)}"
    links = (link for link in content.conferences if link not in said)
    yield from (Note("CONFERENCE", "Online meeting", link) for link in links)
    if content.url:
        yield Note("URL", "Page", content.url)
    if content.position:
        latitude, longitude = content.position
        yield Note("GEO", "Position", f"{latitude}, {longitude}")
    for file in content.attachments:
        if file.data is None:
            yield Note("ATTACH", file.name or "Attachment", file.uri)


def _status(details: Details) -> Iterator[Note]:
    if details.status is EventStatus.TENTATIVE:
        yield Note("STATUS", "Status", "tentative")


def remarks_of(content: Content) -> Iterator[Note]:
    """Texts beside the description."""
    yield from (Note("COMMENT", "Comment", comment) for comment in content.comments)
    yield from (Note("CONTACT", "Contact", contact) for contact in content.contacts)
    if content.resources:
        yield Note("RESOURCES", "Resources", ", ".join(content.resources))


def name_of(person: Person) -> str:
    """As people are shown in mail."""
    return f"{person.name} <{person.address}>" if person.name else person.address


def describe(attendee: Attendee) -> str:
    """A person with what is known of the invitation."""
    answers = {Answer.NEEDS_ACTION: "no answer"}
    words = [answers.get(attendee.answer, attendee.answer.lower())]
    if attendee.role in (Role.OPTIONAL, Role.NONE):
        words.append("optional")
    return f"{name_of(attendee.person)} ({', '.join(words)})"
