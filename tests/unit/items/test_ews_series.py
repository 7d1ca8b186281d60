"""Plans for Exchange: what a server makes of them happens when the event does."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migration.items.content import Content, Extent
from migration.items.event import Details, Event, Override
from migration.items.ews_item import FreeBusy, SeriesPlan
from migration.items.ews_notes import IN_THE_TEXT
from migration.items.ews_past import OVER
from migration.items.ews_pattern import classify
from migration.items.ews_rules import rule_of
from migration.items.ews_series import ANOTHER_END, plan_series
from migration.items.ews_terms import Repeats
from migration.items.ical_read import read_calendar
from migration.items.recurrence import expand
from migration.items.times import Moment, Recurrence, Rule, Span, Time, like, wall_of
from migration.items.zones import instant
from tests.unit.items import files
from tests.unit.items.destinations import FIVE_YEARS, HERE, OWNER, Times, times_of, times_of_plan
from tests.unit.items.events import first_match, series, starts, until_of, with_until
from tests.unit.items.test_ews_pattern import usual_rules


def planned(*lines: str) -> SeriesPlan:
    (event,) = read_calendar(files.event(*lines)).events
    return plan_series(event, HERE)


@st.composite
def usual_series(draw: st.DrawFn) -> Event:
    """A series that Exchange can often say, with exceptions on its own dates."""
    rule = draw(usual_rules())
    start = first_match(rule, draw(starts()))
    span = Span(draw(st.integers(0, 2))) if not isinstance(start, Moment) else Span(0, 3600)
    master = Details(Extent(start, span=span if span.days or span.seconds else None), Content("a"))
    until = wall_of(start) + timedelta(days=draw(st.integers(1, 900)))
    if rule.count is None and draw(st.booleans()):
        rule = with_until(rule, until_of(start, until))
    walls = expand(rule, wall_of(start), wall_of(start), wall_of(start) + timedelta(days=800))
    places = [like(wall, start) for wall in islice(walls, 12)]
    chosen = draw(st.lists(st.sampled_from(places), max_size=5, unique_by=wall_of))
    gone: list[Time] = []
    moved: list[Override] = []
    for place in chosen:
        if draw(st.booleans()):
            gone.append(place)
            continue
        shift = timedelta(days=draw(st.sampled_from((0, 0, 0, 1, -1, 3, -9))))
        if isinstance(start, Moment):
            shift += timedelta(hours=draw(st.integers(-6, 6)))
        extent = Extent(like(wall_of(place) + shift, place), span=master.extent.span)
        moved.append(Override(place, replace(master, extent=extent, content=Content("b"))))
    half = len(gone) // 2
    recurrence = Recurrence(rule, excluded=tuple(gone[:half]))
    return Event("u", master, recurrence, tuple(moved), tuple(gone[half:]))


@settings(max_examples=250, deadline=None)
@given(st.one_of(usual_series(), usual_series(), series(content=False)))
def test_what_is_made_happens_when_the_event_does(event: Event) -> None:
    assert event.master is not None
    begin = instant(event.master.extent.start, HERE.zone) - timedelta(days=10)
    where = replace(HERE, begin=begin - timedelta(days=10), horizon=begin + FIVE_YEARS)
    plan = plan_series(event, where)
    assert len({item.uid for item in plan.create}) == len(plan.create)
    # A last month is left out: what begins before the horizon and is longer reaches into it.
    end = where.horizon - timedelta(days=45)
    made, wanted = times_of_plan(plan, begin, end), times_of(event, begin, end)
    if any(loss.why == ANOTHER_END for loss in plan.losses):
        made, wanted = without_ends(made, begin), without_ends(wanted, begin)
    assert made == wanted


def without_ends(times: Times, begin: datetime) -> Times:
    return [(start, start, title, days) for start, _, title, days in times if start >= begin]


@settings(max_examples=150, deadline=None)
@given(usual_rules(), starts())
def test_a_pattern_becomes_a_rule_and_the_same_pattern(rule: Rule, start: Time) -> None:
    start = first_match(rule, start)
    found = classify(start, Recurrence(rule))
    if isinstance(found, Repeats):
        assert classify(start, Recurrence(rule_of(found, start))) == found


def test_a_start_counts_even_where_the_rule_ended_before_it() -> None:
    (event,) = read_calendar(files.event("RRULE:FREQ=DAILY;UNTIL=20251001T090000Z")).events
    begin = datetime(2025, 1, 1, tzinfo=UTC)
    plan = plan_series(event, HERE)
    assert len(times_of(event, begin, begin + FIVE_YEARS)) == 1
    assert times_of_plan(plan, begin, begin + FIVE_YEARS) == times_of(
        event, begin, begin + FIVE_YEARS
    )


def test_single_occurrences_of_a_series_of_others_are_items_with_uids_of_their_own() -> None:
    lines = ("SUMMARY:a", "DTSTART:20260106T110000Z", "RECURRENCE-ID:20260106T090000Z")
    plan = read_plan(*lines)
    assert [item.uid for item in plan.create] == ["u/20260106T090000Z"]
    assert plan.losses == ()


def test_an_override_of_no_date_of_the_series_is_an_event_of_its_own() -> None:
    other = ("END:VEVENT", "BEGIN:VEVENT", "UID:u", "RECURRENCE-ID:20260106T100000Z")
    plan = planned("RRULE:FREQ=DAILY;COUNT=5", *other, "DTSTART:20260106T110000Z")
    assert (len(plan.create), plan.changes, plan.deletions) == (2, (), ())
    assert [loss.what for loss in plan.losses] == ["RECURRENCE-ID"]


def test_files_of_an_occurrence_are_those_that_the_series_has_not() -> None:
    file = "ATTACH;FMTTYPE=text/plain;ENCODING=BASE64;VALUE=BINARY;X-FILENAME=a.txt:"
    other = ("END:VEVENT", "BEGIN:VEVENT", "UID:u", "RECURRENCE-ID:20260106T090000Z")
    moved = (*other, "DTSTART:20260106T090000Z")
    plan = planned("RRULE:FREQ=DAILY;COUNT=5", f"{file}YQ==", *moved, f"{file}YQ==", f"{file}Yg==")
    assert [one.data for one in plan.create[0].files] == [b"a"]
    assert [one.data for change in plan.changes for one in change.item.files] == [b"b"]
    without = planned("RRULE:FREQ=DAILY;COUNT=5", f"{file}YQ==", *moved)
    assert without.changes == ()
    assert [loss.what for loss in without.losses] == ["ATTACH"]


def test_an_exception_that_is_too_far_away_is_told() -> None:
    plan = planned("RRULE:FREQ=YEARLY", "EXDATE:21990105T090000Z")
    assert (plan.deletions, [loss.what for loss in plan.losses]) == ((), ["EXDATE"])


def test_a_cancelled_event_says_so() -> None:
    plan = planned("SUMMARY:a", "STATUS:CANCELLED")
    assert (plan.create[0].subject, plan.create[0].busy) == ("Cancelled: a", FreeBusy.FREE)
    assert [loss.what for loss in plan.losses] == ["STATUS"]


def test_no_loss_holds_a_value() -> None:
    private = ("SUMMARY:secret", "LOCATION:secret", "ORGANIZER:mailto:secret@x.example")
    plan = planned(*private, "COMMENT:secret", "URL:https://secret.example", "COLOR:secret")
    assert plan.losses
    assert "secret" not in repr(plan.losses)


def test_a_single_event_is_one_item() -> None:
    plan = planned("DTEND:20260105T100000Z", "SUMMARY:a")
    (item,) = plan.create
    assert (item.uid, item.subject, item.start_zone) == ("u", "a", "UTC")
    assert item.end - item.start == timedelta(hours=1)
    assert (item.reminder, item.repeats, plan.losses) == (None, None, ())


def test_occurrences_are_counted_with_those_that_are_deleted() -> None:
    plan = planned(
        "RRULE:FREQ=DAILY;COUNT=9",
        "EXDATE:20260106T090000Z",
        "SUMMARY:a",
        *("END:VEVENT", "BEGIN:VEVENT", "UID:u", "RECURRENCE-ID:20260108T090000Z"),
        *("DTSTART:20260108T110000Z", "SUMMARY:b"),
    )
    assert len(plan.create) == 1
    assert [one.index for one in plan.deletions] == [2]
    (change,) = plan.changes
    assert (change.index, change.item.subject, change.usual.subject) == (4, "b", "a")
    assert change.original == datetime(2026, 1, 8, 9, tzinfo=UTC)
    assert plan.losses == ()


def test_an_occurrence_that_would_cross_another_is_an_event_of_its_own() -> None:
    override = ("END:VEVENT", "BEGIN:VEVENT", "UID:u", "RECURRENCE-ID:20260106T090000Z")
    for start, crosses in (
        ("20260106T230000Z", True),  # already the 7th in Berlin
        ("20260106T220000Z", False),
        ("20260105T230000Z", False),
        ("20260105T220000Z", True),
        ("20260109T090000Z", True),
    ):
        plan = read_plan(
            "DTSTART;TZID=Europe/Berlin:20260105T100000",
            "RRULE:FREQ=DAILY;COUNT=5",
            *override,
            f"DTSTART:{start}",
        )
        assert len(plan.create) == (2 if crosses else 1), start
        assert [one.index for one in plan.deletions] == ([2] if crosses else [])
        assert len(plan.changes) == (0 if crosses else 1)
        assert bool(plan.losses) == crosses


@pytest.mark.parametrize(("hours", "is_series"), [(24, True), (25, False)])
def test_a_series_whose_occurrences_overlap_is_written_one_by_one(
    hours: int, is_series: bool
) -> None:
    plan = planned(f"DURATION:PT{hours}H", "RRULE:FREQ=DAILY;COUNT=5")
    assert len(plan.create) == (1 if is_series else 5)
    assert bool(plan.losses) == (not is_series)


@pytest.mark.parametrize(("hours", "is_change"), [(24, True), (25, False)])
def test_an_occurrence_that_would_overlap_with_another_is_an_event_of_its_own(
    hours: int, is_change: bool
) -> None:
    other = ("END:VEVENT", "BEGIN:VEVENT", "UID:u", "RECURRENCE-ID:20260106T090000Z")
    moved = (*other, "DTSTART:20260106T090000Z", f"DURATION:PT{hours}H")
    plan = planned("RRULE:FREQ=DAILY;COUNT=5", *moved)
    assert len(plan.changes) == (1 if is_change else 0)
    assert [one.index for one in plan.deletions] == ([] if is_change else [2])


def read_plan(*lines: str) -> SeriesPlan:
    file = files.calendar("BEGIN:VEVENT", "UID:u", *lines, "END:VEVENT")
    (event,) = read_calendar(file).events
    return plan_series(event, HERE)


def test_a_series_in_a_zone_that_windows_does_not_have_is_written_one_by_one() -> None:
    """The clocks of Troll station jump by two hours."""
    plan = read_plan("DTSTART;TZID=Antarctica/Troll:20260105T100000", "RRULE:FREQ=WEEKLY;COUNT=40")
    assert len(plan.create) == 40
    assert {loss.what for loss in plan.losses} == {"RRULE", "TZID"}
    assert all(item.repeats is None for item in plan.create)


def test_what_is_written_one_by_one_ends_at_the_horizon_and_says_so() -> None:
    plan = planned("RRULE:FREQ=MONTHLY;BYMONTHDAY=5,20")
    assert max(item.start for item in plan.create) < HERE.horizon
    assert [loss.why.rpartition("; ")[2] for loss in plan.losses] == [
        "its occurrences are events of their own",
        "there are more",
    ]
    finite = planned("RRULE:FREQ=MONTHLY;BYMONTHDAY=5,20;COUNT=6")
    assert (len(finite.create), len(finite.losses)) == (6, 1)


def test_a_series_that_never_takes_place_is_told() -> None:
    plan = planned("RRULE:FREQ=DAILY;COUNT=2", "EXDATE:20260105T090000Z,20260106T090000Z")
    assert (plan.create, len(plan.losses)) == ((), 1)


def test_nights_on_which_the_clock_changes_are_told() -> None:
    night = (
        "DTSTART;TZID=Europe/Berlin:20260105T230000",
        "DTEND;TZID=Europe/Berlin:20260106T050000",
    )
    plan = read_plan(*night, "RRULE:FREQ=DAILY")
    assert [loss.why for loss in plan.losses] == [ANOTHER_END]
    assert read_plan(*night, "RRULE:FREQ=DAILY;COUNT=9").losses == ()


def test_who_was_invited_by_another_stands_in_the_text_and_in_no_list() -> None:
    """Exchange would make the owner the organizer: each change of the owner's would be mailed."""
    guests = ("ATTENDEE;CN=B;PARTSTAT=ACCEPTED:mailto:b@x.example", f"ATTENDEE:mailto:{OWNER}")
    plan = planned("DESCRIPTION:text", "ORGANIZER;CN=A:mailto:a@x.example", *guests)
    (item,) = plan.create
    assert (item.required, item.optional, item.resources) == ((), (), ())
    assert item.body.splitlines() == [
        "text",
        "",
        "Organizer: A <a@x.example>",
        "Attendee: B <b@x.example> (accepted)",
        f"Attendee: {OWNER} (no answer)",
    ]
    assert {(loss.what, loss.why) for loss in plan.losses} == {
        ("ORGANIZER", IN_THE_TEXT),
        ("ATTENDEE", IN_THE_TEXT),
    }


def test_who_was_invited_by_the_owner_stays_in_the_lists() -> None:
    plan = planned(
        f"ORGANIZER:mailto:{OWNER.upper()}",
        f"ATTENDEE:mailto:{OWNER}",
        "ATTENDEE;CN=B;RSVP=TRUE:mailto:b@x.example",
        "ATTENDEE;ROLE=OPT-PARTICIPANT:mailto:c@x.example",
        "ATTENDEE;CUTYPE=ROOM:mailto:room@x.example",
        "ATTENDEE:urn:uuid:1",
    )
    (item,) = plan.create
    assert [guest.person.address for guest in item.required] == ["b@x.example"]
    assert [guest.person.address for guest in item.optional] == ["c@x.example"]
    assert [guest.person.address for guest in item.resources] == ["room@x.example"]
    assert item.wants_reply
    assert item.body == "Attendee: urn:uuid:1 (no answer)"
    assert {loss.what for loss in plan.losses} == {"ATTENDEE", "ATTENDEE;RSVP"}


def test_the_owner_is_known_by_the_address_at_the_source_too() -> None:
    """Else all meetings of whoever gets another address would lose their attendees."""
    lines = (
        "ORGANIZER:mailto:Before@old.example",
        "ATTENDEE:mailto:before@old.example",
        "ATTENDEE:mailto:b@x.example",
    )
    (event,) = read_calendar(files.event(*lines)).events
    (item,) = plan_series(event, replace(HERE, others=("before@OLD.example",))).create
    assert [guest.person.address for guest in item.required] == ["b@x.example"]
    assert item.body == ""
    (stranger,) = plan_series(event, HERE).create
    assert stranger.required == ()


@pytest.mark.parametrize(
    ("replies", "asks", "lost"),
    [
        (("TRUE", "TRUE"), True, []),
        (("FALSE", "FALSE"), False, []),
        (("FALSE", "TRUE"), True, ["ATTENDEE;RSVP"]),
    ],
)
def test_who_is_asked_for_an_answer_where_others_are_not_is_told(
    replies: tuple[str, str], asks: bool, lost: list[str]
) -> None:
    guests = (f"ATTENDEE;RSVP={word}:mailto:{word}{n}@x.example" for n, word in enumerate(replies))
    plan = planned(*guests)
    assert plan.create[0].wants_reply is asks
    assert [loss.what for loss in plan.losses] == lost


@pytest.mark.parametrize(
    ("trigger", "minutes", "lost"),
    [
        ("TRIGGER:-PT15M", 15, 0),
        ("TRIGGER:PT0S", 0, 0),
        ("TRIGGER:-P1DT1H", 1500, 0),
        ("TRIGGER:-PT90S", 1, 1),
        ("TRIGGER;VALUE=DATE-TIME:20260105T080000Z", 60, 1),
        ("TRIGGER:PT5M", None, 1),
        ("TRIGGER;RELATED=END:-PT5M", None, 1),
    ],
)
def test_reminders(trigger: str, minutes: int | None, lost: int) -> None:
    plan = planned("BEGIN:VALARM", "ACTION:DISPLAY", trigger, "END:VALARM")
    assert (plan.create[0].reminder, len(plan.losses)) == (minutes, lost)


@pytest.mark.parametrize(
    ("trigger", "minutes", "why"),
    [
        ("TRIGGER:-PT90S", 1, "Exchange counts whole minutes; the reminder comes later"),
        ("TRIGGER:-PT30S", 0, "Exchange counts whole minutes; the reminder comes later"),
        (
            *("TRIGGER;VALUE=DATE-TIME:20260105T080030Z", 59),
            "Exchange counts whole minutes before the start; the reminder comes later",
        ),
        (
            *("TRIGGER;VALUE=DATE-TIME:20260105T080000Z", 60),
            "Exchange counts minutes before the start; the reminder is at that moment",
        ),
    ],
)
def test_a_reminder_that_is_not_the_alarm_says_how_it_differs(
    trigger: str, minutes: int, why: str
) -> None:
    plan = planned("BEGIN:VALARM", "ACTION:DISPLAY", trigger, "END:VALARM")
    assert plan.create[0].reminder == minutes
    (loss,) = plan.losses
    assert loss.why.startswith(why)


@pytest.mark.parametrize("letter", ["a", "\N{GRINNING FACE}"])
@pytest.mark.parametrize("name", ["SUMMARY", "LOCATION"])
def test_a_line_that_is_too_long_for_exchange_stands_in_the_text(name: str, letter: str) -> None:
    most = 255 // (len(letter.encode("utf-16-le")) // 2)
    (item,) = planned(f"{name}:{letter * most}").create
    shown = item.subject if name == "SUMMARY" else item.location
    assert (shown, item.body) == (letter * most, "")
    line = letter * (most + 1)
    plan = planned(f"{name}:{line}")
    (item,) = plan.create
    shown = item.subject if name == "SUMMARY" else item.location
    assert shown == letter * (254 // (len(letter.encode("utf-16-le")) // 2)) + "\u2026"
    assert line in item.body
    assert [(loss.what, loss.why) for loss in plan.losses] == [(name, IN_THE_TEXT)]


ALARM = ("BEGIN:VALARM", "ACTION:DISPLAY", "TRIGGER:-PT15M", "END:VALARM")
NOON = datetime(2026, 1, 7, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("lines", "reminds"),
    [
        (("DTEND:20260107T120000Z",), False),
        (("DTEND:20260107T120001Z",), True),  # it is not over yet
        (("RRULE:FREQ=DAILY;COUNT=3",), False),
        (("RRULE:FREQ=DAILY;COUNT=4",), True),
        (("RRULE:FREQ=DAILY;COUNT=4", "EXDATE:20260108T090000Z"), False),
        (("RRULE:FREQ=DAILY",), True),
    ],
)
def test_nobody_is_reminded_of_what_is_over(lines: tuple[str, ...], reminds: bool) -> None:
    (event,) = read_calendar(files.event(*lines, *ALARM)).events
    plan = plan_series(event, replace(HERE, now=NOON))
    assert plan.create[0].reminder == (15 if reminds else None)
    told = [loss.what for loss in plan.losses if loss.why == OVER]
    assert told == ([] if reminds else ["VALARM"])


def test_a_whole_day_is_over_at_the_midnight_of_its_calendar() -> None:
    lines = ("BEGIN:VEVENT", "UID:u", "DTSTART;VALUE=DATE:20260106", *ALARM, "END:VEVENT")
    (event,) = read_calendar(files.calendar(*lines)).events
    last = datetime(2026, 1, 6, 23, tzinfo=UTC)  # midnight in Berlin
    for now, minutes in ((last - timedelta(seconds=1), 15), (last, None)):
        plan = plan_series(event, replace(HERE, now=now))
        assert plan.create[0].reminder == minutes


def test_of_occurrences_that_are_events_only_those_to_come_remind() -> None:
    dates = "RDATE:20260106T210000Z,20260108T090000Z,20260109T210000Z"
    (event,) = read_calendar(files.event(dates, *ALARM)).events
    plan = plan_series(event, replace(HERE, now=NOON))
    assert [item.reminder for item in plan.create] == [None, None, 15, 15]
    assert [loss.what for loss in plan.losses if loss.why == OVER] == ["VALARM"]


def test_notes_stand_within_a_page_of_html() -> None:
    page = "X-ALT-DESC;FMTTYPE=text/html:<html><body><b>a</b></body></html>"
    (item,) = planned(page, "CONFERENCE;VALUE=URI:https://meet.example/?a&b").create
    note = "<p>Online meeting: https://meet.example/?a&amp;b</p>"
    assert item.body == f"<html><body><b>a</b>{note}</body></html>"
    assert item.is_html
