"""When schedules begin, by expressions as EventBridge Scheduler has them."""

from __future__ import annotations

from datetime import datetime

import pytest

from localrun.fakes.schedule_times import is_once, next_time

FRIDAY = "2026-12-04T18:00:00+00:00"


def moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


@pytest.mark.parametrize(
    ("expression", "timezone", "after", "next_"),
    [
        ("at(2026-12-04T20:00:00)", "UTC", FRIDAY, "2026-12-04T20:00:00+00:00"),
        ("at(2026-12-04T20:00:00)", "Europe/Berlin", FRIDAY, "2026-12-04T19:00:00+00:00"),
        ("rate(90 minutes)", "UTC", FRIDAY, "2026-12-04T19:30:00+00:00"),
        ("rate(1 day)", "UTC", FRIDAY, "2026-12-05T18:00:00+00:00"),
        ("cron(0 20 * * ? *)", "UTC", FRIDAY, "2026-12-04T20:00:00+00:00"),
        ("cron(0 18 * * ? *)", "UTC", FRIDAY, "2026-12-05T18:00:00+00:00"),
        ("cron(30 6 ? * MON-FRI *)", "UTC", FRIDAY, "2026-12-07T06:30:00+00:00"),
        ("cron(0 6 ? * 1,7 *)", "UTC", FRIDAY, "2026-12-05T06:00:00+00:00"),
        ("cron(0/15 18 * * ? *)", "UTC", FRIDAY, "2026-12-04T18:15:00+00:00"),
        ("cron(0 0 1 JAN ? 2027)", "Europe/Berlin", FRIDAY, "2026-12-31T23:00:00+00:00"),
        # the night in which Berlin's clocks go forward: 20:00 is an hour earlier in UTC
        ("cron(0 20 * * ? *)", "Europe/Berlin", "2027-03-27T21:00:00Z", "2027-03-28T18:00:00Z"),
    ],
)
def test_the_next_time(expression: str, timezone: str, after: str, next_: str) -> None:
    assert next_time(expression, timezone, moment(after)) == moment(next_)


def test_what_has_passed_never_comes_again() -> None:
    assert next_time("at(2026-12-04T18:00:00)", "UTC", moment(FRIDAY)) is None
    assert next_time("cron(0 0 1 1 ? 2026)", "UTC", moment(FRIDAY)) is None


@pytest.mark.parametrize(
    ("expression", "problem"),
    [
        ("tomorrow", "tomorrow is no expression"),
        ("at(soon)", "is no expression"),
        ("cron(0 20 * * ?)", "six fields"),
        ("cron(0 20 L * ? *)", "invalid literal"),
        ("cron(61 20 * * ? *)", "61 is not from 0 to 59"),
    ],
)
def test_what_is_not_understood_is_refused(expression: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        next_time(expression, "UTC", moment(FRIDAY))


def test_only_at_is_once() -> None:
    assert is_once("at(2026-12-04T20:00:00)")
    assert not is_once("rate(1 day)")
