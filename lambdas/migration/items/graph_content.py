"""What is said of an event in Microsoft Graph (v1.0, resource type event), read into the model.
Pure."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import replace

from migration.items.content import (
    Alarm,
    Answer,
    Attendee,
    Content,
    Kind,
    Person,
    Privacy,
    Role,
)
from migration.items.ews_reading import alarm_before
from migration.items.graph_fields import Fields
from migration.items.graph_times import read_timestamp
from migration.items.markup import is_silent
from migration.items.times import UTC, Moment, Span

CONTENT = (
    *("subject", "body", "location", "locations", "categories", "sensitivity", "importance"),
    *("organizer", "isOrganizer", "attendees", "responseRequested", "responseStatus"),
    *("hideAttendees", "isReminderOn", "reminderMinutesBeforeStart"),
    *("onlineMeeting", "onlineMeetingUrl", "createdDateTime", "lastModifiedDateTime"),
)
"""The properties that are read here, for $select."""

_PRIVACIES = {
    "normal": Privacy.PUBLIC,
    "personal": Privacy.PERSONAL,
    "private": Privacy.PRIVATE,
    "confidential": Privacy.CONFIDENTIAL,
}
_PRIORITIES = {"low": 9, "normal": 0, "high": 1}
_ANSWERS = {
    "none": Answer.NEEDS_ACTION,
    "notResponded": Answer.NEEDS_ACTION,
    "organizer": Answer.ACCEPTED,
    "accepted": Answer.ACCEPTED,
    "tentativelyAccepted": Answer.TENTATIVE,
    "declined": Answer.DECLINED,
}
_NEVER = 1900  # answers that were never given have the time 0001-01-01
_ADDRESS = ("street", "city", "state", "postalCode", "countryOrRegion")


def read_content(told: Fields, own: Set[str]) -> Content:
    """Takes what events and their occurrences say, but for their times and attachments. `own` are
    the addresses of the calendar's owner, in lower case."""
    organizer, attendees = _read_people(told, own)
    plain, markup = _read_body(told.part("body"))
    place, position = _read_places(told)
    return Content(
        summary=told.text("subject"),
        description=plain,
        html=markup,
        location=place,
        position=position,
        conferences=_read_meetings(told),
        categories=told.texts("categories"),
        privacy=told.word("sensitivity", _PRIVACIES, Privacy.PUBLIC),
        priority=_PRIORITIES.get(told.text("importance"), 0),
        organizer=organizer,
        attendees=attendees,
        alarms=_read_reminder(told),
        created=_read_time(told, "createdDateTime"),
        modified=_read_time(told, "lastModifiedDateTime"),
    )


def _read_time(told: Fields, name: str) -> Moment | None:
    at = read_timestamp(told.text(name))
    return Moment(at.replace(tzinfo=None), UTC) if at and at.year >= _NEVER else None


def _read_body(body: Fields) -> tuple[str, str]:
    """The text, and the HTML. Exchange makes HTML of everything, of nothing too."""
    content, kind = body.text("content"), body.text("contentType")
    if kind.lower() != "html":
        return content, ""
    return "", "" if is_silent(content) else content


def _read_reminder(told: Fields) -> tuple[Alarm, ...]:
    minutes, is_on = told.number("reminderMinutesBeforeStart") or 0, told.flag("isReminderOn")
    if not is_on:
        return ()
    return (alarm_before(minutes) if minutes >= 0 else Alarm(Span(0, -60 * minutes)),)


def _read_meetings(told: Fields) -> tuple[str, ...]:
    """Where to meet online. How to dial in stands in the text of the invitation as well."""
    meeting = told.part("onlineMeeting")
    links = (meeting.text("joinUrl"), told.text("onlineMeetingUrl"))
    if meeting:
        told.lose("onlineMeeting", "how to dial in has no place beside the text of the invitation")
    return tuple(dict.fromkeys(filter(None, links)))


# -- places --------------------------------------------------------------------------------------


def _read_places(told: Fields) -> tuple[str, tuple[float, float] | None]:
    """The places in one line, and the first position. `location` says the places of `locations`
    together; what is not in it is added."""
    line = ""
    position = None
    for place in (told.part("location"), *told.parts("locations")):
        for one in (place.text("displayName"), _read_address(place.part("address"))):
            if one and one not in line:
                line = f"{line}; {one}" if line else one
        position = position or _read_position(place.part("coordinates"))
        address = place.text("locationEmailAddress")
        if address and address not in line and not line:
            line = address
        uri = place.text("locationUri")
        if uri and uri not in line:
            place.lose("locationUri", "the address of a place's page or of its room has no place")
    return line, position


def _read_address(address: Fields) -> str:
    return ", ".join(filter(None, map(address.text, _ADDRESS)))


def _read_position(coordinates: Fields) -> tuple[float, float] | None:
    latitude, longitude = coordinates.decimal("latitude"), coordinates.decimal("longitude")
    return (latitude, longitude) if latitude is not None and longitude is not None else None


# -- people --------------------------------------------------------------------------------------


def _read_people(told: Fields, own: Set[str]) -> tuple[Person | None, tuple[Attendee, ...]]:
    """The organizer, where it is somebody else, and the attendees without the organizer. What the
    owner has answered stands apart from what Exchange knows of the others' answers."""
    is_own = told.flag("isOrganizer")
    organizer = _read_person(told.part("organizer"))
    wants_reply = told.flag("responseRequested")
    mine, is_leader, answered = _read_answer(told.part("responseStatus"))
    found = list[Attendee]()
    for one in told.parts("attendees"):
        attendee, is_organizer = _read_attendee(one, wants_reply=wants_reply)
        is_owner = attendee.person.address.lower() in own
        if is_organizer or (is_own and is_owner):
            continue
        if is_owner and not is_leader and mine is not Answer.NEEDS_ACTION:
            attendee = replace(attendee, answer=mine, answered=answered)
        found.append(attendee)
    if told.flag("hideAttendees") and found:
        told.lose("hideAttendees", "Exchange 2010, as WorkMail speaks it, hides no attendees")
    is_shown = not is_own and bool(organizer.address or organizer.name)
    return organizer if is_shown else None, tuple(found)


def _read_person(recipient: Fields) -> Person:
    address = recipient.part("emailAddress")
    return Person(address.text("address"), address.text("name"))


def _read_attendee(one: Fields, *, wants_reply: bool) -> tuple[Attendee, bool]:
    """An attendee, and whether it is the organizer."""
    kind = one.text("type")
    answer, is_organizer, answered = _read_answer(one.part("status"))
    if one.part("proposedNewTime"):
        one.lose("proposedNewTime", "a time that somebody else would prefer has no place")
    attendee = Attendee(
        _read_person(one),
        Role.OPTIONAL if kind == "optional" else Role.REQUIRED,
        answer,
        Kind.RESOURCE if kind == "resource" else Kind.INDIVIDUAL,
        wants_reply,
        answered=answered,
    )
    one.lose_the_rest()
    return attendee, is_organizer


def _read_answer(status: Fields) -> tuple[Answer, bool, Moment | None]:
    """What was answered, whether that is that the person leads, and when."""
    word = status.text("response")
    if word and word not in _ANSWERS:
        status.lose("response", "a word that nobody knows")
    answer = _ANSWERS.get(word, Answer.NEEDS_ACTION)
    return answer, word == "organizer", _read_time(status, "time")
