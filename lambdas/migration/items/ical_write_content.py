"""What events, tasks and notes have in common, written as iCalendar."""

from __future__ import annotations

import base64

from migration.items.content import (
    Alarm,
    Answer,
    Attachment,
    Attendee,
    Content,
    Kind,
    Person,
    Privacy,
    Role,
    write_address,
)
from migration.items.ical_values import write_span, write_time
from migration.items.ical_writing import Writing
from migration.items.times import Moment, Span


def write_content(out: Writing, content: Content) -> None:
    """All properties; the alarms, which are components, come after all others of the item."""
    out.text("SUMMARY", content.summary)
    out.text("DESCRIPTION", content.description)
    out.text("X-ALT-DESC", content.html, [("FMTTYPE", ("text/html",))])
    out.text("LOCATION", content.location)
    if content.position is not None:
        out.raw("GEO", f"{content.position[0]};{content.position[1]}")
    out.text("URL", content.url)
    for one in content.conferences:
        out.text("CONFERENCE", one, [("VALUE", ("URI",))])
    out.listed("CATEGORIES", content.categories)
    out.text("COLOR", content.colour)
    if content.privacy is not Privacy.PUBLIC:
        out.text("CLASS", content.privacy)
    out.number("PRIORITY", content.priority or None)
    if content.organizer is not None:
        out.raw("ORGANIZER", write_address(content.organizer.address), _person(content.organizer))
    for attendee in content.attendees:
        _write_attendee(out, attendee)
    for attachment in content.attachments:
        _write_attachment(out, attachment)
    for text in content.comments:
        out.text("COMMENT", text)
    for text in content.contacts:
        out.text("CONTACT", text)
    out.listed("RESOURCES", content.resources)
    out.text("RELATED-TO", content.parent)
    _write_history(out, content)


def write_alarms(out: Writing, content: Content) -> None:
    """VALARM of each."""
    for alarm in content.alarms:
        _write_alarm(out, alarm)


def _write_history(out: Writing, content: Content) -> None:
    for name, time in (
        ("CREATED", content.created),
        ("LAST-MODIFIED", content.modified),
        ("DTSTAMP", content.stamp),
    ):
        if time is not None:
            out.time(name, time)
    out.number("SEQUENCE", content.sequence or None)


def _person(person: Person) -> list[tuple[str, list[str]]]:
    told = [("CN", person.name), ("SENT-BY", write_address(person.sent_by))]
    return [(name, [value]) for name, value in told if value]


def _write_attendee(out: Writing, attendee: Attendee) -> None:
    words = [
        ("ROLE", attendee.role, Role.REQUIRED),
        ("PARTSTAT", attendee.answer, Answer.NEEDS_ACTION),
        ("CUTYPE", attendee.kind, Kind.INDIVIDUAL),
        ("RSVP", "TRUE" if attendee.wants_reply else "FALSE", "FALSE"),
        ("X-ANSWERED", write_time(attendee.answered) + "Z" if attendee.answered else "", ""),
    ]
    people = [
        ("DELEGATED-TO", attendee.delegated_to),
        ("DELEGATED-FROM", attendee.delegated_from),
        ("MEMBER", attendee.member_of),
    ]
    parameters = _person(attendee.person)
    parameters += [(name, [str(value)]) for name, value, default in words if value != default]
    parameters += [(name, [write_address(one) for one in values]) for name, values in people]
    out.raw("ATTENDEE", write_address(attendee.person.address), parameters)


def _write_attachment(out: Writing, attachment: Attachment) -> None:
    parameters = [("FMTTYPE", [attachment.media_type]), ("FILENAME", [attachment.name])]
    told = [(name, values) for name, values in parameters if values[0]]
    if attachment.data is None:
        out.raw("ATTACH", attachment.uri, told)
        return
    value = base64.b64encode(attachment.data).decode("ascii")
    out.raw("ATTACH", value, [*told, ("ENCODING", ["BASE64"]), ("VALUE", ["BINARY"])])


def _write_alarm(out: Writing, alarm: Alarm) -> None:
    with out.component("VALARM"):
        out.text("ACTION", alarm.action)
        if isinstance(alarm.trigger, Span):
            related = [("RELATED", ["END"])] if alarm.from_end else []
            out.raw("TRIGGER", write_span(alarm.trigger), related)
        else:
            _write_moment(out, alarm.trigger)
        out.text("DESCRIPTION", alarm.description)
        out.text("SUMMARY", alarm.summary)
        for person in alarm.attendees:
            out.raw("ATTENDEE", write_address(person.address), _person(person))
        out.number("REPEAT", alarm.repeat or None)
        if alarm.every is not None:
            out.raw("DURATION", write_span(alarm.every))
        if alarm.acknowledged is not None:
            out.time("ACKNOWLEDGED", alarm.acknowledged)


def _write_moment(out: Writing, trigger: Moment) -> None:
    out.raw("TRIGGER", write_time(trigger) + "Z", [("VALUE", ["DATE-TIME"])])
