"""What events, tasks and notes have in common, read from iCalendar."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from urllib.parse import unquote_to_bytes

from migration.items.content import (
    Action,
    Alarm,
    Answer,
    Attachment,
    Attendee,
    Content,
    Kind,
    Person,
    Privacy,
    Role,
)
from migration.items.ical_values import read_datetime, read_span
from migration.items.ical_zones import Zones
from migration.items.lines import Component, Line, unescape
from migration.items.losses import Loss
from migration.items.properties import Properties, Word, find_word, read_span_of
from migration.items.times import UTC, Moment, Span
from migration.items.zones import instant

_PERSON = ("CN", "SENT-BY", "EMAIL")
_ATTENDEE = (
    *_PERSON,
    *("ROLE", "PARTSTAT", "CUTYPE", "RSVP"),
    *("DELEGATED-TO", "DELEGATED-FROM", "MEMBER", "X-ANSWERED"),
)
_FILE_NAMES = ("FILENAME", "X-FILENAME", "X-APPLE-FILENAME")
_CONFERENCES = (
    "CONFERENCE",
    "X-GOOGLE-CONFERENCE",
    "X-MICROSOFT-SKYPETEAMSMEETINGURL",
    "X-MICROSOFT-ONLINEMEETINGCONFLINK",
)
_IMPORTANCE = {"0": 9, "1": 0, "2": 1}


def read_content(properties: Properties, zones: Zones, losses: list[Loss]) -> Content:
    """Takes all that is common; what remains in `properties` is the kind's own."""
    html = _read_html(properties)
    organizer = properties.read("ORGANIZER", _read_person, *_PERSON)
    return Content(
        summary=properties.text("SUMMARY"),
        description=properties.text("DESCRIPTION", "ALTREP"),
        html=html,
        location=properties.text("LOCATION"),
        position=properties.read("GEO", _read_position),
        url=properties.text("URL"),
        conferences=tuple(
            dict.fromkeys(
                one
                for name in _CONFERENCES
                for one in properties.texts(name, "FEATURE", "LABEL")
                if one
            )
        ),
        categories=properties.listed("CATEGORIES"),
        colour=properties.text("COLOR"),
        privacy=_read_privacy(properties),
        priority=_read_priority(properties),
        organizer=organizer,
        attendees=tuple(_read_attendees(properties)),
        alarms=tuple(_read_alarms(properties, zones, losses)),
        attachments=tuple(_read_attachments(properties)),
        comments=properties.texts("COMMENT"),
        contacts=properties.texts("CONTACT"),
        resources=properties.listed("RESOURCES"),
        parent=_read_parent(properties),
        created=properties.moment("CREATED"),
        modified=properties.moment("LAST-MODIFIED"),
        stamp=properties.moment("DTSTAMP"),
        sequence=properties.number("SEQUENCE", 2**31 - 1) or 0,
    )


def _read_html(properties: Properties) -> str:
    """The body as HTML: Outlook's property, RFC 9073's, or the alternative of DESCRIPTION."""
    found = ""
    for name in ("X-ALT-DESC", "STYLED-DESCRIPTION"):
        for line in properties.take_all(name, "FMTTYPE", "DERIVED"):
            if line.first("FMTTYPE").lower() == "text/html" and not found:
                found = unescape(line.value)
            elif line.first("DERIVED").upper() != "TRUE":
                properties.lose(name, line.number, "one body as text and one as HTML are kept")
    for line in properties.peek("DESCRIPTION"):
        alternative = line.first("ALTREP")
        if alternative.lower().startswith("data:text/html") and not found:
            data = unquote_to_bytes(alternative.partition(",")[2])
            found = data.decode("utf-8", "replace")
        elif alternative:
            properties.lose("DESCRIPTION;ALTREP", line.number, "a body that stands elsewhere")
    return found


def _read_position(line: Line) -> tuple[float, float]:
    parts = re.fullmatch(
        r"\s*([+-]?\d{1,3}(?:\.\d+)?)\s*[;,]\s*([+-]?\d{1,3}(?:\.\d+)?)\s*", line.value
    )
    if not parts:
        raise ValueError("is no latitude and longitude")
    return float(parts[1]), float(parts[2])


def _read_privacy(properties: Properties) -> Privacy:
    """What is not known is private, as RFC 5545 section 3.8.1.3 says."""
    line = properties.take("CLASS")
    try:
        return find_word(line.value, Privacy) if line else Privacy.PUBLIC
    except ValueError:
        assert line is not None
        properties.lose("CLASS", line.number, "a word that RFC 5545 does not know; kept as private")
        return Privacy.PRIVATE


def _read_priority(properties: Properties) -> int:
    priority = properties.number("PRIORITY", 9)
    importance = properties.text("X-MICROSOFT-CDO-IMPORTANCE").strip()
    return priority or _IMPORTANCE.get(importance, 0)


def _read_parent(properties: Properties) -> str:
    parent = ""
    for line in properties.take_all("RELATED-TO", "RELTYPE"):
        if line.first("RELTYPE").upper() in ("", "PARENT") and not parent:
            parent = unescape(line.value)
        else:
            properties.lose("RELATED-TO", line.number, "a relation other than to one parent")
    return parent


# -- people --------------------------------------------------------------------------------------


def _read_person(line: Line) -> Person:
    return Person(
        _read_address(line.first("EMAIL") or line.value) or _read_address(line.value),
        line.first("CN").strip(),
        _read_address(line.first("SENT-BY")),
    )


def _read_address(value: str) -> str:
    plain = value.strip()
    return plain[7:].strip() if plain.lower().startswith("mailto:") else plain


def _read_attendees(properties: Properties) -> Iterator[Attendee]:
    for line in properties.take_all("ATTENDEE", *_ATTENDEE):
        yield Attendee(
            _read_person(line),
            _read_word(properties, line, "ROLE", Role, Role.REQUIRED),
            _read_word(properties, line, "PARTSTAT", Answer, Answer.NEEDS_ACTION),
            _read_word(properties, line, "CUTYPE", Kind, Kind.INDIVIDUAL),
            line.first("RSVP").upper() == "TRUE",
            tuple(map(_read_address, line.all_of("DELEGATED-TO"))),
            tuple(map(_read_address, line.all_of("DELEGATED-FROM"))),
            tuple(map(_read_address, line.all_of("MEMBER"))),
            properties.try_read(line, _read_answered) if line.first("X-ANSWERED") else None,
        )


def _read_answered(line: Line) -> Moment:
    return Moment(read_datetime(line.first("X-ANSWERED"))[0], UTC)


def _read_word(
    properties: Properties, line: Line, parameter: str, words: type[Word], default: Word
) -> Word:
    told = line.first(parameter)
    try:
        return find_word(told, words) if told else default
    except ValueError:
        why = f"a word that RFC 5545 does not know; read as {default}"
        properties.lose(f"{line.name};{parameter}", line.number, why)
        return default


# -- alarms --------------------------------------------------------------------------------------


def _read_alarms(properties: Properties, zones: Zones, losses: list[Loss]) -> Iterator[Alarm]:
    for component in properties.components:
        if component.name != "VALARM":
            properties.lose(component.name, component.number, "a component that has no place")
            continue
        alarm = _read_alarm(component, zones, losses, properties.uid)
        if alarm:
            yield alarm


def _read_alarm(component: Component, zones: Zones, losses: list[Loss], uid: str) -> Alarm | None:
    own = Properties(component, zones, losses)
    own.uid = uid
    from_end = any(line.first("RELATED").upper() == "END" for line in own.peek("TRIGGER"))
    trigger = own.read("TRIGGER", lambda line: _read_trigger(line, own), "RELATED")
    if not own.has("ACTION") or trigger is None:
        own.lose("VALARM", own.line, "an alarm that does not say when or how it rings")
        return None
    action = own.read("ACTION", lambda line: find_word(line.value, Action))
    if action is None:
        return None
    alarm = Alarm(
        trigger,
        action,
        from_end,
        own.text("DESCRIPTION"),
        own.text("SUMMARY"),
        tuple(map(_read_person, own.take_all("ATTENDEE", *_PERSON))),
        own.number("REPEAT", 10_000) or 0,
        own.read("DURATION", read_span_of),
        own.moment("ACKNOWLEDGED"),
    )
    own.lose_the_rest()
    return alarm


def _read_trigger(line: Line, own: Properties) -> Span | Moment:
    if line.value.strip()[:1] in ("P", "+", "-", "p"):
        return read_span(line.value)
    time = own.time_of(line, line.value)
    if not isinstance(time, Moment):
        raise ValueError("is no time and no length")  # noqa: TRY004  (bad input, not a bad type)
    return Moment(instant(time).replace(tzinfo=None), UTC)


# -- attachments ---------------------------------------------------------------------------------


def _read_attachments(properties: Properties) -> Iterator[Attachment]:
    for line in properties.take_all("ATTACH", "FMTTYPE", "SIZE", *_FILE_NAMES):
        one = properties.try_read(line, read_attachment)
        if one:
            yield one


def read_attachment(line: Line) -> Attachment:
    """ATTACH, inline or by its address; a data: address is inline too."""
    name = next((line.first(one) for one in _FILE_NAMES if line.first(one)), "")
    media_type = line.first("FMTTYPE")
    if line.first("ENCODING").upper() in ("BASE64", "B") or line.first("VALUE").upper() == "BINARY":
        return Attachment(name, media_type, decode(line.value))
    uri = line.value.strip()
    if uri.lower().startswith("data:"):
        head, _, body = uri[5:].partition(",")
        kind, _, encoding = head.partition(";base64")
        inline = decode(body) if head != kind or encoding else unquote_to_bytes(body)
        return Attachment(name, media_type or kind, inline)
    return Attachment(name, media_type, None, uri)


def decode(value: str) -> bytes:
    """BINARY: Base64, with white space that some programs put into it."""
    try:
        return base64.b64decode(re.sub(r"\s+", "", value), validate=True)
    except binascii.Error:
        raise ValueError("is no Base64") from None
