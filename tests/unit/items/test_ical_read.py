"""iCalendar as programs write it, and as nobody should: what is read, lost and refused."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migration.errors import ItemMalformed
from migration.items.content import Alarm, Answer, Attachment, Kind, Person, Privacy, Role
from migration.items.event import Busy, Event, EventStatus
from migration.items.ical_read import Calendar, read_calendar
from migration.items.ical_write import write_calendar
from migration.items.occurrences import occurrences
from migration.items.task import Note, Task, TaskStatus
from migration.items.times import UTC as UTC_ZONE
from migration.items.times import ExtraDate, Moment, Recurrence, Span, Zone
from tests.unit.items import files

YEAR = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)


def begins(event: Event) -> list[str]:
    return [f"{one.begins:%m-%d %H:%M}" for one in occurrences(event, *YEAR)]


def read_one(*lines: str) -> Event:
    read = read_calendar(files.event(*lines))
    assert read.unreadable == ()
    return read.events[0]


def losses(*lines: str) -> list[tuple[str, str]]:
    return [(loss.what, loss.where) for loss in read_calendar(files.event(*lines)).losses]


def test_a_series_of_outlook() -> None:
    read = read_calendar(files.OUTLOOK)
    (event,) = read.events
    assert event.master is not None
    content = event.master.content
    assert event.master.extent.start == Moment(datetime(2026, 3, 1, 9), Zone("America/New_York"))
    assert begins(event) == ["03-01 14:00", "03-08 13:00", "03-15 13:00", "03-22 13:00"]
    assert content.description == "First line\nsecond; line, with é"
    assert content.html == "<html><body>First</body></html>"
    assert content.location == "Room\\1"
    assert content.privacy is Privacy.PRIVATE
    assert content.attendees[0].person == Person("jane@x.example", "Doe, Jane")
    assert content.attendees[0].role is Role.OPTIONAL
    assert content.attendees[0].wants_reply
    assert content.alarms == (Alarm(Span(0, -900), description="Reminder"),)
    assert (event.master.busy, event.master.allows_new_time) == (Busy.OUT_OF_OFFICE, False)
    assert [loss.what for loss in read.losses] == [
        *("X-MS-OLK-FORCEINSPECTOROPEN", "SUMMARY;LANGUAGE", "DESCRIPTION;LANGUAGE"),
    ]


def test_a_series_of_google_with_all_its_exceptions() -> None:
    read = read_calendar(files.GOOGLE)
    series, day = read.events
    assert (read.name, read.zone, read.losses) == ("Team", Zone("Europe/Zurich"), ())
    assert begins(series) == ["03-02 13:00", "03-16 13:00", "03-24 15:00"]
    assert series.cancelled == (Moment(datetime(2026, 3, 30, 12), Zone("UTC")),)
    (moved,) = series.overrides
    assert moved.details.content.attachments == (
        Attachment("notes.txt", "text/plain", None, "https://drive.example/1"),
    )
    assert series.master is not None
    assert series.master.content.conferences == ("https://meet.google.com/abc-defg-hij",)
    assert series.master.content.organizer == Person("ann@x.example", "Ann")
    assert day.master is not None
    assert day.master.busy is Busy.FREE
    assert (day.master.extent.start, day.master.extent.end) == (date(2026, 5, 1), date(2026, 5, 2))


def test_a_series_of_apple_where_the_clocks_change_by_half_an_hour() -> None:
    read = read_calendar(files.APPLE)
    (event,) = read.events
    assert begins(event) == ["04-04 01:00", "04-05 01:30", "04-06 01:30"]
    assert read.colour == "#FF2968"
    assert [loss.what for loss in read.losses] == [
        *("ACTION", "X-APPLE-TRAVEL-ADVISORY-BEHAVIOR"),
    ]
    assert all(loss.uid == "A1" for loss in read.losses)


# -- times -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        # UNTIL is inclusive, in UTC or as a day, and may be a clock time of the start's zone.
        (("DTSTART;TZID=Asia/Tokyo:20260105T080000", "RRULE:FREQ=DAILY;UNTIL=20260105T230000Z"),
         ["01-04 23:00", "01-05 23:00"]),
        (("DTSTART;TZID=Asia/Tokyo:20260105T080000", "RRULE:FREQ=DAILY;UNTIL=20260105T225959Z"),
         ["01-04 23:00"]),
        (("DTSTART;TZID=Asia/Tokyo:20260105T080000", "RRULE:FREQ=DAILY;UNTIL=20260106"),
         ["01-04 23:00", "01-05 23:00"]),
        (("DTSTART;TZID=Asia/Tokyo:20260105T080000", "RRULE:FREQ=DAILY;UNTIL=20260106T080000"),
         ["01-04 23:00", "01-05 23:00"]),
        (("DTSTART;VALUE=DATE:20260105", "RRULE:FREQ=DAILY;UNTIL=20260106T120000Z"),
         ["01-05 00:00", "01-06 00:00"]),
        # COUNT counts what EXDATE takes away.
        (("DTSTART:20260105T080000Z", "RRULE:FREQ=DAILY;COUNT=3", "EXDATE:20260106T080000Z"),
         ["01-05 08:00", "01-07 08:00"]),
        # EXDATE in another zone, as a day, and of a day that is none of the series.
        (("DTSTART:20260105T080000Z", "RRULE:FREQ=DAILY;COUNT=3",
          "EXDATE;TZID=Asia/Tokyo:20260106T170000", "EXDATE:20200101T000000Z"),
         ["01-05 08:00", "01-07 08:00"]),
        (("DTSTART:20260105T080000Z", "RRULE:FREQ=DAILY;COUNT=3", "EXDATE;VALUE=DATE:20260106"),
         ["01-05 08:00", "01-07 08:00"]),
        (("DTSTART;VALUE=DATE:20260105", "RRULE:FREQ=DAILY;COUNT=3", "EXDATE:20260106T000000"),
         ["01-05 00:00", "01-07 00:00"]),
        # RDATE without a rule, twice the same, and one that is the start.
        (("DTSTART:20260105T080000Z", "RDATE:20260107T080000Z,20260107T080000Z,20260105T080000Z"),
         ["01-05 08:00", "01-07 08:00"]),
        (("DTSTART:20240229T080000Z", "RRULE:FREQ=YEARLY"), []),
        (("DTSTART:20250131T080000Z", "RRULE:FREQ=MONTHLY;INTERVAL=4"),
         ["01-31 08:00", "05-31 08:00"]),
        (("DTSTART:20260130T080000Z",
          "RRULE:FREQ=MONTHLY;COUNT=2;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1"),
         ["01-30 08:00", "02-27 08:00"]),
        # In the night in which the clocks skip the hour it is the offset before that counts.
        (("DTSTART;TZID=Europe/Berlin:20260328T023000", "RRULE:FREQ=DAILY;COUNT=3"),
         ["03-28 01:30", "03-29 01:30", "03-30 00:30"]),
        (("DTSTART;TZID=Africa/Cairo:20260423T120000", "RRULE:FREQ=DAILY;COUNT=2"),
         ["04-23 10:00", "04-24 09:00"]),
        (("DTSTART;TZID=Asia/Kathmandu:20260105T120000",), ["01-05 06:15"]),
    ],
)  # fmt: skip
def test_when_series_happen(lines: tuple[str, ...], expected: list[str]) -> None:
    file = files.calendar("BEGIN:VEVENT", "UID:u", *lines, "END:VEVENT")
    (event,) = read_calendar(file).events
    assert begins(event) == expected
    (again,) = read_calendar(write_calendar(read_calendar(file))).events
    assert begins(again) == expected


def test_times_before_1970() -> None:
    file = files.calendar(
        "BEGIN:VEVENT", "UID:u", "DTSTART;TZID=Europe/Berlin:19450524T020000", "END:VEVENT"
    )
    (event,) = read_calendar(file).events
    (one,) = occurrences(event, datetime(1945, 1, 1, tzinfo=UTC), datetime(1946, 1, 1, tzinfo=UTC))
    assert one.begins == datetime(1945, 5, 24, 0, tzinfo=UTC)


def test_what_outlook_calls_a_whole_day() -> None:
    lines = ("BEGIN:VEVENT", "UID:u", "DTSTART;TZID=Europe/Berlin:20260105T000000")
    for end in ("DTEND;TZID=Europe/Berlin:20260107T000000", "DURATION:P2D", "DURATION:PT48H"):
        told = "X-MICROSOFT-CDO-ALLDAYEVENT:TRUE"
        read = read_calendar(files.calendar(*lines, end, told, "END:VEVENT"))
        master = read.events[0].master
        assert master is not None
        assert (master.extent.start, master.extent.end) == (date(2026, 1, 5), date(2026, 1, 7))
    assert losses("X-MICROSOFT-CDO-ALLDAYEVENT:TRUE")[0][0] == "X-MICROSOFT-CDO-ALLDAYEVENT"


def test_a_series_of_what_outlook_calls_whole_days() -> None:
    """Midnights of Berlin, with exceptions in UTC, where it is still the day before."""
    told = "X-MICROSOFT-CDO-ALLDAYEVENT:TRUE"
    start = "DTSTART;TZID=Europe/Berlin:20260701T000000"
    file = files.calendar(
        *("BEGIN:VEVENT", "UID:u", start, told, "RRULE:FREQ=DAILY;UNTIL=20260704T220000Z"),
        *("EXDATE:20260701T220000Z", "RDATE:20260709T220000Z", "END:VEVENT"),
        *("BEGIN:VEVENT", "UID:u", "RECURRENCE-ID:20260702T220000Z", "STATUS:CANCELLED", start),
        "END:VEVENT",
    )
    read = read_calendar(file)
    assert read.losses == ()
    assert begins(read.events[0]) == ["07-01 00:00", "07-04 00:00", "07-05 00:00", "07-10 00:00"]


def test_extra_dates_may_have_an_end_of_their_own() -> None:
    event = read_one("RDATE;VALUE=PERIOD:20260106T100000Z/20260106T120000Z,20260107T100000Z/PT30M")
    assert event.recurrence == Recurrence(
        None,
        (
            ExtraDate(
                Moment(datetime(2026, 1, 6, 10), Zone("UTC")),
                Moment(datetime(2026, 1, 6, 12), Zone("UTC")),
            ),
            ExtraDate(Moment(datetime(2026, 1, 7, 10), Zone("UTC")), span=Span(0, 1800)),
        ),
    )
    lengths = [one.ends - one.begins for one in occurrences(event, *YEAR)]
    assert [length.total_seconds() / 60 for length in lengths] == [0, 120, 30]


def test_an_end_is_exact_and_a_length_in_days_is_nominal() -> None:
    head = ("BEGIN:VEVENT", "UID:u", "DTSTART;TZID=Europe/Berlin:20260327T120000")
    for end, expected in (
        ("DTEND;TZID=Europe/Berlin:20260328T120000", [24, 24]),
        ("DURATION:P1D", [24, 23]),
        ("DURATION:PT24H", [24, 24]),
    ):
        lines = (*head, end, "RRULE:FREQ=DAILY;COUNT=2", "END:VEVENT")
        (event,) = read_calendar(files.calendar(*lines)).events
        found = [one.ends - one.begins for one in occurrences(event, *YEAR)]
        assert [length.total_seconds() / 3600 for length in found] == expected


def test_a_zone_that_nobody_knows() -> None:
    start = "DTSTART;TZID=Customized Time Zone:20260105T090000"
    item = ("BEGIN:VEVENT", "UID:u", start, "END:VEVENT")
    for head, zone in (((), None), (("X-WR-TIMEZONE:Asia/Tokyo",), Zone("Asia/Tokyo"))):
        read = read_calendar(files.calendar(*head, *item))
        master = read.events[0].master
        assert master is not None
        assert master.extent.start == Moment(datetime(2026, 1, 5, 9), zone)
        assert [loss.what for loss in read.losses] == ["TZID"]


# -- series ----------------------------------------------------------------------------------------


def test_single_occurrences_of_somebody_elses_series() -> None:
    item = ("BEGIN:VEVENT", "UID:u", "RECURRENCE-ID:20260105T090000Z", "DTSTART:20260105T110000Z")
    (event,) = read_calendar(files.calendar(*item, "STATUS:CANCELLED", "END:VEVENT")).events
    assert event.master is None
    assert event.overrides[0].details.status is EventStatus.CANCELLED
    assert begins(event) == ["01-05 11:00"]


def test_of_two_versions_the_later_one_is_kept() -> None:
    one = ("BEGIN:VEVENT", "UID:u", "DTSTART:20260105T090000Z")
    file = files.calendar(
        *(*one, "SEQUENCE:2", "SUMMARY:new", "END:VEVENT"),
        *(*one, "SEQUENCE:1", "SUMMARY:old", "END:VEVENT"),
    )
    read = read_calendar(file)
    assert read.events[0].master is not None
    assert read.events[0].master.content.summary == "new"
    assert [(loss.what, loss.where) for loss in read.losses] == [("VEVENT", "VEVENT, line 9")]


def test_an_event_without_a_uid_gets_the_same_one_each_time() -> None:
    file = files.calendar("BEGIN:VEVENT", "DTSTART:20260105T090000Z", "SUMMARY:a", "END:VEVENT")
    other = file.replace(b"SUMMARY:a", b"SUMMARY:b")
    uids = [read_calendar(one).events[0].uid for one in (file, file, other)]
    assert uids[0] == uids[1] != uids[2]
    assert [loss.what for loss in read_calendar(file).losses] == ["UID"]


# -- what is lost, and said ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (("X-FOO:1", "X-FOO:2"), ["X-FOO", "X-FOO"]),
        (("REQUEST-STATUS:2.0;Success",), ["REQUEST-STATUS"]),
        (("SUMMARY:a", "SUMMARY:b"), ["SUMMARY"]),
        (("RRULE:FREQ=DAILY;COUNT=2", "RRULE:FREQ=WEEKLY;COUNT=2"), ["RRULE"]),
        (("EXRULE:FREQ=DAILY",), ["EXRULE"]),
        (("RRULE:FREQ=HOURLY;COUNT=2",), ["RRULE"]),
        (("RRULE:FREQ=MONTHLY;RSCALE=CHINESE;BYMONTHDAY=1",), ["RRULE"]),
        (("PRIORITY:high",), ["PRIORITY"]),
        (("GEO:here",), ["GEO"]),
        (("CLASS:SECRET",), ["CLASS"]),
        (("STATUS:MAYBE",), ["STATUS"]),
        (("ATTENDEE;ROLE=BOSS;X-NUM-GUESTS=0:mailto:a@x.example",),
         ["ATTENDEE;X-NUM-GUESTS", "ATTENDEE;ROLE"]),
        (("ATTACH;ENCODING=BASE64;VALUE=BINARY:%%%",), ["ATTACH"]),
        (("BEGIN:VALARM", "ACTION:DISPLAY", "END:VALARM"), ["VALARM"]),
        (("BEGIN:PARTICIPANT", "UID:p", "END:PARTICIPANT"), ["PARTICIPANT"]),
        (("this is no property",), ["line"]),
        (("SUMMARY;X=\"open:a",), ["SUMMARY"]),
        (("RELATED-TO;RELTYPE=SIBLING:b",), ["RELATED-TO"]),
        (("DTEND:20260104T090000Z",), ["DTEND"]),
        (("SUMMARY:a\x00b\x07",), ["characters"]),
        (("DESCRIPTION;ALTREP=\"cid:1\":a",), ["DESCRIPTION;ALTREP"]),
        (("RDATE;VALUE=DATE:20260106",), ["RDATE"]),
    ],
)  # fmt: skip
def test_what_is_lost_is_told_with_its_line(lines: tuple[str, ...], expected: list[str]) -> None:
    read = read_calendar(files.event(*lines))
    assert [loss.what for loss in read.losses] == expected
    assert len(read.events) == 1
    assert all("line " in loss.where and loss.why for loss in read.losses)


def test_a_body_in_html_is_found_where_programs_put_it() -> None:
    for line in (
        "X-ALT-DESC;FMTTYPE=text/html:<b>a\\,b</b>",
        "STYLED-DESCRIPTION;FMTTYPE=text/html:<b>a\\,b</b>",
        'DESCRIPTION;ALTREP="data:text/html,%3Cb%3Ea%2Cb%3C%2Fb%3E":a\\,b',
    ):
        master = read_one(line).master
        assert master is not None
        assert master.content.html == "<b>a,b</b>"


@pytest.mark.parametrize(
    "trigger",
    [
        "TRIGGER;VALUE=DATE-TIME;TZID=Europe/Berlin:20260105T100000",
        "TRIGGER;VALUE=DATE-TIME:20260105T090000Z",
        "TRIGGER;VALUE=DATE-TIME:20260105T090000",
    ],
)
def test_a_reminder_at_a_moment_is_in_utc_and_is_written_so(trigger: str) -> None:
    event = read_one("BEGIN:VALARM", "ACTION:DISPLAY", trigger, "END:VALARM")
    assert event.master is not None
    assert event.master.content.alarms == (Alarm(Moment(datetime(2026, 1, 5, 9), UTC_ZONE)),)
    written = write_calendar(Calendar(events=(event,)))
    assert b"TRIGGER;VALUE=DATE-TIME:20260105T090000Z\r\n" in written


def test_people_are_read_whatever_their_address_is() -> None:
    master = read_one(
        "ORGANIZER;EMAIL=a@x.example;CN=\"A ^n^^ ^'B^'\":urn:uuid:1",
        'ATTENDEE;PARTSTAT=accepted;CUTYPE=room;MEMBER="mailto:g@x.example":MAILTO:r@x.example',
    ).master
    assert master is not None
    assert master.content.organizer == Person("a@x.example", 'A \n^ "B"')
    (attendee,) = master.content.attendees
    assert (attendee.person.address, attendee.kind) == ("r@x.example", Kind.ROOM)
    assert (attendee.answer, attendee.member_of) == (Answer.ACCEPTED, ("g@x.example",))


# -- what is refused -------------------------------------------------------------------------------


def test_an_item_that_would_be_another_one_is_refused_with_all_its_problems() -> None:
    good = ("BEGIN:VEVENT", "UID:good", "DTSTART:20260105T090000Z", "END:VEVENT")
    bad = (
        *("BEGIN:VEVENT", "UID:bad", "DTSTART:20261305T090000Z", "DTEND:soon"),
        *("RRULE:FREQ=DAILY;BYDAY=1MO", "END:VEVENT"),
    )
    dateless = ("BEGIN:VEVENT", "UID:dateless", "END:VEVENT")
    read = read_calendar(files.calendar(*good, *bad, *dateless))
    assert [one.uid for one in read.events] == ["good"]
    assert [(one.uid, one.problems) for one in read.unreadable] == [
        ("bad", ("line 9: DTSTART month must be in 1..12",)),
        ("dateless", ("line 13: VEVENT has no DTSTART",)),
    ]


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        ("FREQ=FORTNIGHTLY", "has no FREQ of RFC 5545"),
        ("COUNT=1", "has no FREQ of RFC 5545"),
        ("FREQ=DAILY;COUNT=0", "has a number in COUNT that is none of 1 to 1000000000"),
        ("FREQ=DAILY;COUNT=1;UNTIL=20270101", "has both COUNT and UNTIL"),
        ("FREQ=DAILY;COUNT=1;COUNT=2", "says COUNT twice"),
        ("FREQ=DAILY;INTERVAL=0", "has a number in INTERVAL that is none of 1 to 100000"),
        ("FREQ=WEEKLY;BYMONTHDAY=1", "has BYMONTHDAY with FREQ=WEEKLY"),
        ("FREQ=MONTHLY;BYYEARDAY=1", "has BYYEARDAY without FREQ=YEARLY"),
        ("FREQ=MONTHLY;BYWEEKNO=1", "has BYWEEKNO without FREQ=YEARLY"),
        ("FREQ=DAILY;BYDAY=XX", "has an unknown weekday"),
        ("FREQ=YEARLY;BYMONTH=0", "has a number in BYMONTH that is none of 1 to 12"),
        ("FREQ=DAILY;UNTIL=tomorrow", "is no date with a time"),
        ("FREQ=DAILY;EVERY=2", "has parts that RFC 5545 does not know"),
        ("D1 20260101T000000", "has no FREQ of RFC 5545"),
    ],
)
def test_a_rule_that_is_none_is_refused(rule: str, why: str) -> None:
    read = read_calendar(files.event(f"RRULE:{rule}"))
    assert read.events == ()
    assert read.unreadable[0].problems == (f"line 6: RRULE {why}",)


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("", ["line 1: there is no VCALENDAR"]),
        ("BEGIN:VCARD\nEND:VCARD\n", ["line 1: there is no VCALENDAR"]),
        ("BEGIN:VCALENDAR\nBEGIN:VEVENT\n", [
            "line 1: VCALENDAR does not end", "line 2: VEVENT does not end"]),
        ("BEGIN:VCALENDAR\nBEGIN:VEVENT\nEND:VCALENDAR\nEND:VTODO", [
            "line 2: VEVENT does not end", "line 4: VTODO ends that did not begin"]),
        ("BEGIN:A\n" * 21, ["line 21: more than 20 components deep"]),
    ],
)  # fmt: skip
def test_a_file_that_is_no_calendar_is_refused(text: str, problems: list[str]) -> None:
    with pytest.raises(ItemMalformed) as caught:
        read_calendar(text.encode())
    assert list(caught.value.problems) == problems


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_whatever_is_broken_is_refused_or_told(data: st.DataObject) -> None:
    """Octets changed at random: never another exception than ours."""
    file = bytearray(data.draw(st.sampled_from((files.OUTLOOK, files.GOOGLE, files.APPLE))))
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(file) - 1))
        file[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    try:
        read = read_calendar(bytes(file))
    except ItemMalformed as malformed:
        assert malformed.problems
        return
    again = read_calendar(write_calendar(read))
    assert list(map(begins, again.events)) == list(map(begins, read.events))


def test_lone_surrogates_and_other_octets_are_read_as_something() -> None:
    file = files.event("SUMMARY:a").replace(b"SUMMARY:a", b"SUMMARY:\xed\xa0\x80 caf\xe9")
    read = read_calendar(file)
    assert read.events[0].master is not None
    assert read.events[0].master.content.summary.endswith("café")
    assert [loss.what for loss in read.losses] == ["characters"]


# -- tasks and notes -------------------------------------------------------------------------------


def test_tasks_and_notes() -> None:
    read = read_calendar(
        files.calendar(
            *("BEGIN:VTODO", "UID:t", "SUMMARY:Do", "DUE;VALUE=DATE:20260110", "STATUS:COMPLETED"),
            *("COMPLETED:20260109T120000Z", "PERCENT-COMPLETE:100", "RRULE:FREQ=WEEKLY"),
            *("RELATED-TO:parent", "BEGIN:VALARM", "ACTION:DISPLAY", "TRIGGER;RELATED=END:-P1D"),
            *("END:VALARM", "END:VTODO"),
            *("BEGIN:VJOURNAL", "UID:n", "SUMMARY:Note", "DTSTART;VALUE=DATE:20260101"),
            *("DESCRIPTION:one", "DESCRIPTION:two", "STATUS:FINAL", "END:VJOURNAL"),
        )
    )
    assert read.losses == ()
    (task,), (note,) = read.tasks, read.notes
    assert isinstance(task, Task)
    assert (task.due, task.percent, task.status) == (date(2026, 1, 10), 100, TaskStatus.COMPLETED)
    assert task.completed == Moment(datetime(2026, 1, 9, 12), Zone("UTC"))
    assert task.content.parent == "parent"
    assert task.content.alarms == (Alarm(Span(-1), from_end=True),)
    assert isinstance(note, Note)
    assert note.content.description == "one\n\ntwo"
    again = read_calendar(write_calendar(read))
    assert (again.tasks, again.notes) == (read.tasks, read.notes)


def test_a_task_that_cannot_be_read_is_refused() -> None:
    read = read_calendar(files.calendar("BEGIN:VTODO", "UID:t", "DUE:never", "END:VTODO"))
    assert read.tasks == ()
    assert read.unreadable[0].problems == ("line 5: DUE is no date with a time",)


def test_occurrences_are_in_the_order_of_their_instants() -> None:
    """In the night in which the hour from two to three is skipped, half past two is later."""
    file = files.calendar(
        *("BEGIN:VEVENT", "UID:u", "DTSTART;TZID=Europe/Berlin:20260328T023000"),
        *("RRULE:FREQ=DAILY;COUNT=4;BYHOUR=2,3;BYMINUTE=15,30", "END:VEVENT"),
    )
    (event,) = read_calendar(file).events
    assert begins(event) == ["03-28 01:30", "03-28 02:15", "03-28 02:30", "03-29 01:15"]
    night = file.replace(b"20260328T023000", b"20260329T023000").replace(b"COUNT=4", b"COUNT=3")
    (event,) = read_calendar(night).events
    assert begins(event) == ["03-29 01:15", "03-29 01:30"]
