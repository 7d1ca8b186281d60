"""Zones: names of all kinds, rules of their own, and the odd ones of this world."""

from __future__ import annotations

from datetime import UTC as INSTANT
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from exchangelib.winzone import CLDR_TO_MS_TIMEZONE_MAP
from hypothesis import given, settings
from hypothesis import strategies as st
from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from migration.items.ical_zones import read_observances, write_zone
from migration.items.lines import parse
from migration.items.times import UTC, Moment, Observance, Span, Zone
from migration.items.zone_matching import means_same, resolve
from migration.items.zone_names import candidates, find_zone, read_table, windows_name
from migration.items.zones import add, instant, offset_at, to_instant, to_wall
from tests.unit.items.events import ZONES
from tools.windows_zones import add_links, list_rows


def as_rules(name: str, years: range, called: str = "Custom") -> Zone:
    """The zone by rules of its own, as they are written for these years."""
    (definition,) = parse(b"".join(write_zone(Zone(name), years)), [])
    return Zone(called, read_observances(definition, []))


@pytest.mark.parametrize("name", ZONES)
def test_own_rules_show_what_the_iana_zone_shows(name: str) -> None:
    """Half-hour changes, changes that skip a day, none at all."""
    zone, iana = as_rules(name, range(2009, 2014)), ZoneInfo(name)
    at = datetime(2010, 1, 1, tzinfo=INSTANT)
    for number in range(0, 3 * 365 * 24, 7):
        moment = at + timedelta(hours=number)
        wall = to_wall(moment, zone)
        expected = moment.astimezone(iana)
        assert (wall, wall.fold) == (expected.replace(tzinfo=None), expected.fold)
        assert to_instant(wall, zone) == moment


@settings(max_examples=80, deadline=None)
@given(
    st.sampled_from(ZONES),
    st.datetimes(datetime(2010, 1, 1), datetime(2013, 1, 1)),
    st.integers(0, 1),
)
def test_clock_times_that_come_twice_or_never(name: str, wall: datetime, fold: int) -> None:
    zone = as_rules(name, range(2009, 2014))
    local = wall.replace(fold=fold, microsecond=0)
    assert to_instant(local, zone) == to_instant(local, Zone(name))


def test_the_night_of_the_change() -> None:
    berlin = Zone("Europe/Berlin")
    never, twice = datetime(2026, 3, 29, 2, 30), datetime(2026, 10, 25, 2, 30)
    assert instant(Moment(never, berlin)) == datetime(2026, 3, 29, 1, 30, tzinfo=INSTANT)
    assert instant(Moment(twice, berlin)) == datetime(2026, 10, 25, 0, 30, tzinfo=INSTANT)
    later = add(Moment(twice, berlin), Span(seconds=3600))
    assert instant(later) == datetime(2026, 10, 25, 1, 30, tzinfo=INSTANT)
    day = add(Moment(datetime(2026, 3, 28, 9), berlin), Span(days=1))
    assert day == Moment(datetime(2026, 3, 29, 9), berlin)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Europe/Berlin", "Europe/Berlin"),
        ("europe/BERLIN", "Europe/Berlin"),
        (' "Asia/Kathmandu" ', "Asia/Kathmandu"),
        ("/freeassociation.sourceforge.net/Tzfile/Europe/Vienna", "Europe/Vienna"),
        ("/mozilla.org/20050126_1/America/Argentina/Ushuaia", "America/Argentina/Ushuaia"),
        ("tzone://Microsoft/Utc", "UTC"),
        ("W. Europe Standard Time", "Europe/Berlin"),
        ("eastern standard time", "America/New_York"),
        ("Z", None),
        ("GMT+0200", "Etc/GMT-2"),
        ("UTC-5", "Etc/GMT+5"),
        ("UTC+00:00", "UTC"),
        ("UTC+99", None),
        ("Customized Time Zone", None),
        ("../../etc/passwd", None),
        ("localtime", None),
        ("", None),
    ],
)
def test_names_of_zones(name: str, expected: str | None) -> None:
    found = find_zone(name)
    assert (found.name if found else None) == expected


def test_an_offset_with_minutes_has_a_rule_of_its_own() -> None:
    zone = find_zone("UTC+05:45")
    assert zone is not None
    assert offset_at(zone, datetime(2026, 1, 1)) == timedelta(hours=5, minutes=45)


def test_windows_names_are_those_that_other_libraries_know() -> None:
    """Theirs are of other years, so that single names may differ; a table read wrongly would not
    get so far."""
    table = {name: zone for name, zone, _ in read_table()}
    same = [name for name in table if WINDOWS_TO_OLSON.get(name) == table[name]]
    assert len(same) > 0.95 * len(table) > 120
    known = {zone: name for zone, (name, _) in CLDR_TO_MS_TIMEZONE_MAP.items()}
    shared = [zone for zone in candidates() if zone in known]
    agreed = [zone for zone in shared if known[zone] == windows_name(zone)]
    assert len(agreed) > 0.95 * len(shared) > 400


def test_every_windows_name_leads_to_a_zone_and_back() -> None:
    for name, zone, _ in read_table():
        assert find_zone(name) is not None
        assert windows_name(zone) == name
    assert windows_name("UTC") == "UTC"
    assert windows_name("Nowhere/Town") == ""


def test_the_table_is_made_of_unicodes() -> None:
    rows = [
        {"_other": "A Time", "_territory": "001", "_type": "X/One"},
        {"_other": "A Time", "_territory": "XX", "_type": "X/One X/Two"},
        {"_other": "B Time", "_territory": "001", "_type": "X/Three"},
    ]
    assert list(list_rows(rows)) == ["A Time\tX/One\tX/Two", "B Time\tX/Three"]


def test_names_that_iana_links_to_a_zone_have_its_windows_name() -> None:
    links = [("Y/New", "X/One"), ("Y/New", "Z/Old"), ("X/Three", "Y/Three"), ("Q/A", "Q/B")]
    assert list(add_links(["A Time\tX/One\tX/Two", "B Time\tX/Three"], links)) == [
        "A Time\tX/One\tX/Two Y/New Z/Old",
        "B Time\tX/Three\tY/Three",
    ]


@pytest.mark.parametrize(
    ("today", "windows"),
    [
        ("Asia/Kolkata", "India Standard Time"),
        ("Europe/Kyiv", "FLE Standard Time"),
        ("America/Argentina/Buenos_Aires", "Argentina Standard Time"),
        ("Asia/Istanbul", "Turkey Standard Time"),
        ("US/Eastern", "Eastern Standard Time"),
        ("Antarctica/Troll", ""),
    ],
)
def test_the_names_that_programs_say_today_are_windows_zones(today: str, windows: str) -> None:
    assert windows_name(today) == windows


# -- which zone is meant ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", ZONES)
def test_rules_without_a_name_are_known_again(name: str) -> None:
    zone = as_rules(name, range(2009, 2014), "Customized Time Zone")
    found = resolve(zone.name, "", zone.observances, range(2010, 2013))
    assert found is not None
    assert not found.zone.observances
    assert means_same(zone, found.zone, range(2010, 2013))


def test_rules_that_no_zone_has_are_kept() -> None:
    own = Observance(datetime(1601, 1, 1), timedelta(minutes=17), timedelta(minutes=17))
    found = resolve("Ours", "", (own,), range(2026, 2028))
    assert found is not None
    assert found.zone == Zone("Ours", (own,))
    assert resolve("Ours", "", (), range(2026, 2028)) is None


def test_rules_of_the_years_in_use_decide() -> None:
    """Cairo had no summer time from 2015 to 2022: then it shows what Tripoli shows."""
    cairo = as_rules("Africa/Cairo", range(2015, 2026))
    assert means_same(cairo, Zone("Africa/Tripoli"), range(2016, 2022))
    assert not means_same(cairo, Zone("Africa/Tripoli"), range(2016, 2025))
    assert means_same(cairo, Zone("Africa/Cairo"), range(2016, 2025))


def test_a_name_is_followed_and_rules_that_differ_are_told() -> None:
    never = Observance(datetime(1601, 1, 1), timedelta(hours=1), timedelta(hours=1))
    found = resolve("Romance Standard Time", "", (never,), range(2026, 2027))
    assert found is not None
    assert (found.zone, found.differs) == (Zone("Europe/Paris"), True)
    hinted = resolve("Paris, mostly", "Europe/Paris", (), range(2026, 2027))
    assert hinted is not None
    assert (hinted.zone, hinted.differs) == (Zone("Europe/Paris"), False)


def test_utc_is_one_zone() -> None:
    assert {find_zone(name) for name in ("UTC", "Etc/UTC", "utc", "Zulu")} == {UTC}
