"""Events, made at random, as calendars hold them and as hostile ones would."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import islice

from hypothesis import strategies as st

from migration.items.content import (
    Action,
    Alarm,
    Answer,
    Attachment,
    Attendee,
    Content,
    Extent,
    Kind,
    Person,
    Privacy,
    Role,
)
from migration.items.event import Busy, Details, Event, EventStatus, Override
from migration.items.recurrence import expand
from migration.items.times import (
    UTC,
    ExtraDate,
    Moment,
    Recurrence,
    Rule,
    Span,
    Time,
    Zone,
    like,
    wall_of,
)
from migration.items.zones import to_instant
from tests.unit.items.rules import rules, walls

FIVE_YEARS = timedelta(days=5 * 366)

ZONES = (
    *("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"),
    *("Africa/Cairo", "America/St_Johns", "Pacific/Apia", "Africa/Casablanca"),
)
zones = st.one_of(st.sampled_from(ZONES).map(Zone), st.just(UTC), st.none())

# What a text may hold after it was read: everything but controls and lone surrogates.
shown = st.characters(exclude_categories=("Cs", "Cc"))
texts = st.text(st.one_of(shown, st.sampled_from(' ,;:\\"^\nöß€😀')), max_size=40)
names = st.one_of(texts, st.just("n" * 300)).map(lambda text: text.replace('"', "'").strip())
words = st.text(shown, max_size=12).map(str.strip).filter(bool)
addresses = st.sampled_from(("a@x.example", "o'neil+b@x.example", "urn:uuid:1", "x,y@z.example"))
people = st.builds(Person, addresses, names, st.one_of(st.just(""), addresses))
moments = walls.map(lambda wall: Moment(wall, UTC))
spans = st.builds(Span, st.integers(0, 40), st.integers(0, 86_399))
few_addresses = st.lists(addresses, max_size=2).map(tuple)

attendees = st.builds(
    Attendee,
    people,
    *(st.sampled_from(Role), st.sampled_from(Answer), st.sampled_from(Kind), st.booleans()),
    *(few_addresses, few_addresses, few_addresses),
    st.one_of(st.none(), moments),
)
triggers = st.one_of(spans.map(lambda span: Span(-span.days, -span.seconds)), spans, moments)
alarms = st.builds(
    Alarm,
    triggers,
    st.sampled_from(Action),
    st.booleans(),
    texts,
    texts,
    st.lists(people, max_size=1).map(tuple),
    st.integers(0, 3),
    st.one_of(st.none(), spans),
    st.one_of(st.none(), moments),
).map(lambda alarm: alarm if isinstance(alarm.trigger, Span) else at_a_moment(alarm))
attachments = st.one_of(
    st.builds(Attachment, names, st.just("text/plain"), st.binary(max_size=200)),
    st.builds(Attachment, names, st.just(""), st.none(), st.just("https://files.example/a?b=c,d")),
)


def at_a_moment(alarm: Alarm) -> Alarm:
    """One that does not ring from the end."""
    return Alarm(alarm.trigger, alarm.action, False, *_rest(alarm))


def _rest(alarm: Alarm):  # type: ignore[no-untyped-def]
    return (
        *(alarm.description, alarm.summary, alarm.attendees),
        *(alarm.repeat, alarm.every, alarm.acknowledged),
    )


def tuples(values: st.SearchStrategy[str], most: int = 3) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(values, max_size=most, unique=True).map(tuple)


contents = st.builds(
    Content,
    *(texts, texts, texts, texts),
    st.one_of(st.none(), st.just((52.5, -13.25))),
    st.sampled_from(("", "https://page.example/?a=b;c,d")),
    tuples(st.sampled_from(("https://meet.example/1", "tel:+1-555"))),
    tuples(words),
    st.sampled_from(("", "turquoise")),
    st.sampled_from(Privacy),
    st.integers(0, 9),
    st.one_of(st.none(), people),
    st.lists(attendees, max_size=2).map(tuple),
    st.lists(alarms, max_size=2).map(tuple),
    st.lists(attachments, max_size=2).map(tuple),
    *(tuples(texts.filter(bool), 2), tuples(texts.filter(bool), 2), tuples(words, 2)),
    st.one_of(st.just(""), words),
    *(st.one_of(st.none(), moments), st.one_of(st.none(), moments), st.one_of(st.none(), moments)),
    st.integers(0, 9),
)


@st.composite
def extents(draw: st.DrawFn, start: Time) -> Extent:
    """From `start`, with an end, a length or neither."""
    days = draw(st.integers(1, 5))
    if not isinstance(start, Moment):
        end = draw(st.one_of(st.none(), st.just(start + timedelta(days=days))))
        return Extent(start, end)
    minutes = timedelta(minutes=draw(st.integers(60 * 26, 60 * 72)))
    if draw(st.booleans()):
        return Extent(start, Moment(start.wall + minutes, start.zone))
    return Extent(start, span=draw(st.one_of(st.none(), spans.filter(bool_of))))


def bool_of(span: Span) -> bool:
    return bool(span.days or span.seconds)


@st.composite
def details_at(draw: st.DrawFn, start: Time, content: bool = True) -> Details:
    """All of an event that begins then."""
    return Details(
        draw(extents(start)),
        draw(contents) if content else Content(draw(texts)),
        draw(st.sampled_from((EventStatus.UNSAID, EventStatus.TENTATIVE, EventStatus.CONFIRMED))),
        draw(st.sampled_from(Busy)),
        draw(st.booleans()),
    )


@st.composite
def starts(draw: st.DrawFn) -> Time:
    """A whole day, or a moment of any kind."""
    wall = draw(walls)
    return wall.date() if draw(st.booleans()) else Moment(wall, draw(zones))


def until_of(start: Time, wall: datetime) -> Time:
    """UNTIL as the RFC wants it for such a start."""
    if not isinstance(start, Moment) or start.zone is None:
        return like(wall, start)
    return Moment(to_instant(wall, start.zone).replace(tzinfo=None), UTC)


@st.composite
def series(draw: st.DrawFn, content: bool = True) -> Event:
    """An event, with or without a rule, extra dates and exceptions of each kind."""
    start = draw(starts())
    rule = draw(st.one_of(st.none(), rules(), rules()))
    if rule is not None and not isinstance(start, Moment):
        rule = without_times(rule)
    if rule is not None and draw(st.integers(0, 3)):
        start = first_match(rule, start)
    if rule is not None and rule.count is None and draw(st.booleans()):
        until = wall_of(start) + timedelta(days=draw(st.integers(1, 900)))
        rule = with_until(rule, until_of(start, until))
    walls_of_rule = [wall_of(start)]
    if rule is not None:
        last = wall_of(start) + timedelta(days=800)
        walls_of_rule = list(expand(rule, wall_of(start), wall_of(start), last))[:12]
    places = [like(wall, start) for wall in walls_of_rule]
    chosen = draw(st.lists(st.sampled_from(places), max_size=4, unique_by=wall_of))
    kinds = [draw(st.sampled_from(("excluded", "cancelled", "moved"))) for _ in chosen]
    excluded = [place for place, kind in zip(chosen, kinds, strict=True) if kind == "excluded"]
    cancelled = [place for place, kind in zip(chosen, kinds, strict=True) if kind == "cancelled"]
    moved = []
    for place in [place for place, kind in zip(chosen, kinds, strict=True) if kind == "moved"]:
        other = wall_of(place) + timedelta(days=draw(st.integers(-3, 3)))
        moved.append(Override(place, draw(details_at(like(other, start), content))))
    extra = draw(st.lists(st.integers(1, 400), max_size=2, unique=True))
    dates = [ExtraDate(like(wall_of(start) + timedelta(days=days), start)) for days in extra]
    return Event(
        draw(st.sampled_from(("uid-1", "{040000008200E00074C5}", "ü,;:@x.example"))),
        draw(details_at(start, content)),
        Recurrence(rule, tuple(dates), tuple(excluded)),
        tuple(moved),
        tuple(cancelled),
    )


def first_match(rule: Rule, start: Time) -> Time:
    """The start moved to where the rule comes next, as most calendars have it."""
    wall = wall_of(start)
    found = expand(rule, wall, wall, wall + FIVE_YEARS)
    return like(next(islice(found, 1, 2), wall), start)


def without_times(rule: Rule) -> Rule:
    """A rule for whole days: BYHOUR and BYMINUTE have no place in it."""
    return Rule(**{**_parts(rule), "by_hour": (), "by_minute": (), "by_second": ()})


def with_until(rule: Rule, until: Time) -> Rule:
    return Rule(**{**_parts(rule), "until": until})


def _parts(rule: Rule):  # type: ignore[no-untyped-def]
    return {name: getattr(rule, name) for name in Rule.__slots__}
