"""Calendar items, read from elements as Exchange2010_SP2 answers them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from xml.etree.ElementTree import Element

from migration.items.content import Answer, Person
from migration.items.ews_item import CalendarItem, FreeBusy, Guest, Importance, Sensitivity
from migration.items.ews_terms import (
    AbsoluteMonthly,
    AbsoluteYearly,
    Daily,
    DayOfWeek,
    EndDate,
    Index,
    Month,
    NoEnd,
    Numbered,
    Pattern,
    Range,
    RelativeMonthly,
    RelativeYearly,
    Repeats,
    Weekly,
)
from migration.items.times import UTC as UTC_ZONE
from migration.items.times import Moment
from migration.wire.ews_answer import NotEws
from migration.wire.ews_calendar import RESPONSES
from migration.wire.ews_model import TYPES as _T

_ANSWERS = {word: answer for answer, word in RESPONSES.items()}


def read_item(element: Element) -> CalendarItem:
    """A t:CalendarItem with the properties that `ews_calendar` writes, without its files. NotEws if
    it does not say when it is, or says it in words that this version does not have."""
    try:
        return _read(element)
    except (ValueError, LookupError) as error:
        raise NotEws from error


def read_deleted(element: Element) -> Iterator[datetime]:
    """The original starts of a master's deleted occurrences. NotEws if one is no time."""
    for found in element.iterfind(f"{_T}DeletedOccurrences/{_T}DeletedOccurrence/{_T}Start"):
        yield _original(found.text or "")


def read_modified(element: Element) -> Iterator[tuple[str, datetime]]:
    """The ids of a master's changed occurrences, with their original starts. NotEws if one has no
    id or no time."""
    for found in element.iterfind(f"{_T}ModifiedOccurrences/{_T}Occurrence"):
        item_id = found.find(f"{_T}ItemId")
        if item_id is None:
            raise NotEws
        yield item_id.get("Id", ""), _original(_text(found, "OriginalStart"))


def _original(text: str) -> datetime:
    try:
        return _instant(text)
    except ValueError as error:
        raise NotEws from error


def _read(element: Element) -> CalendarItem:
    body = element.find(f"{_T}Body")
    recurrence = element.find(f"{_T}Recurrence")
    is_reminded = _flag(element, "ReminderIsSet")
    start_zone = _zone(element, "StartTimeZone")
    return CalendarItem(
        uid=_text(element, "UID"),
        start=_instant(_text(element, "Start")),
        end=_instant(_text(element, "End")),
        start_zone=start_zone,
        end_zone=_zone(element, "EndTimeZone") or start_zone,
        all_day=_flag(element, "IsAllDayEvent"),
        subject=_text(element, "Subject"),
        body="" if body is None else body.text or "",
        is_html=body is not None and body.get("BodyType") == "HTML",
        location=_text(element, "Location"),
        sensitivity=Sensitivity(_text(element, "Sensitivity") or Sensitivity.NORMAL),
        importance=Importance(_text(element, "Importance") or Importance.NORMAL),
        categories=tuple(
            found.text or "" for found in element.iterfind(f"{_T}Categories/{_T}String")
        ),
        reminder=_number(element, "ReminderMinutesBeforeStart") if is_reminded else None,
        busy=FreeBusy(_text(element, "LegacyFreeBusyStatus") or FreeBusy.BUSY),
        wants_reply=_flag(element, "IsResponseRequested"),
        required=_guests(element, "RequiredAttendees"),
        optional=_guests(element, "OptionalAttendees"),
        resources=_guests(element, "Resources"),
        repeats=None if recurrence is None else _repeats(recurrence),
        allows_new_time=_text(element, "AllowNewTimeProposal") not in ("false", "0"),
    )


def _text(element: Element, name: str) -> str:
    return element.findtext(f"{_T}{name}") or ""


def _number(element: Element, name: str) -> int:
    return int(_text(element, name))


def _flag(element: Element, name: str) -> bool:
    return _text(element, name).strip() in ("true", "1")


def _zone(element: Element, name: str) -> str:
    found = element.find(f"{_T}{name}")
    return "" if found is None else found.get("Id", "")


def _instant(text: str) -> datetime:
    """An xs:dateTime; one without an offset is in UTC."""
    at = datetime.fromisoformat(text.strip())
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def _guests(element: Element, name: str) -> tuple[Guest, ...]:
    return tuple(map(_guest, element.iterfind(f"{_T}{name}/{_T}Attendee")))


def _guest(element: Element) -> Guest:
    mailbox = element.find(f"{_T}Mailbox")
    if mailbox is None:
        raise NotEws
    answered = _text(element, "LastResponseTime")
    return Guest(
        Person(_text(mailbox, "EmailAddress"), _text(mailbox, "Name")),
        _ANSWERS.get(_text(element, "ResponseType"), Answer.NEEDS_ACTION),
        Moment(_instant(answered).replace(tzinfo=None), UTC_ZONE) if answered else None,
    )


# -- recurrences


def _repeats(element: Element) -> Repeats:
    pattern: Pattern | None = None
    extent: Range | None = None
    for part in element:
        name = part.tag.removeprefix(_T).removesuffix("Recurrence")
        if name in ("NoEnd", "EndDate", "Numbered"):
            extent = _range(name, part)
        else:
            pattern = _pattern(name, part)
    if pattern is None or extent is None:
        raise NotEws
    return Repeats(pattern, extent)


def _pattern(name: str, part: Element) -> Pattern:
    match name:
        case "Daily":
            return Daily(_number(part, "Interval"))
        case "Weekly":
            days = tuple(map(DayOfWeek, _text(part, "DaysOfWeek").split()))
            # Servers before Exchange 2010 do not say on which day weeks begin: on Sunday.
            first = _text(part, "FirstDayOfWeek") or DayOfWeek.SUNDAY
            return Weekly(_number(part, "Interval"), days, DayOfWeek(first))
        case "AbsoluteMonthly":
            return AbsoluteMonthly(_number(part, "Interval"), _number(part, "DayOfMonth"))
        case "RelativeMonthly":
            return RelativeMonthly(_number(part, "Interval"), *_place(part))
        case "AbsoluteYearly":
            return AbsoluteYearly(_number(part, "DayOfMonth"), Month(_text(part, "Month")))
        case "RelativeYearly":
            return RelativeYearly(*_place(part), Month(_text(part, "Month")))
    raise LookupError(name)


def _place(part: Element) -> tuple[DayOfWeek, Index]:
    return DayOfWeek(_text(part, "DaysOfWeek")), Index(_text(part, "DayOfWeekIndex"))


def _range(name: str, part: Element) -> Range:
    start = _date(part, "StartDate")
    if name == "EndDate":
        return EndDate(start, _date(part, "EndDate"))
    return (
        Numbered(start, _number(part, "NumberOfOccurrences"))
        if name == "Numbered"
        else NoEnd(start)
    )


def _date(part: Element, name: str) -> date:
    """An xs:date; Exchange writes an offset behind it, which says nothing of the day."""
    return date.fromisoformat(_text(part, name).strip()[:10])
