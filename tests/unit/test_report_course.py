"""The course of a run in words and charts."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from migration.progress_model import ProgressPoint
from migration.report_course import tell_course
from migration.report_phases import PhaseLine

WRITTEN = "2026-12-05T06:00:00Z"


def point(minutes: int, messages: int) -> ProgressPoint:
    at = f"2026-12-04T{18 + minutes // 60:02}:{minutes % 60:02}:00+00:00"
    return ProgressPoint(at, 0, messages, 0)


def test_the_sentence_leaves_out_the_time_before_and_after_the_copy() -> None:
    points = [point(0, 0), point(30, 0), point(35, 1000), point(45, 2000), point(200, 2000)]
    course = tell_course(points, (), WRITTEN)
    assert course.sentence == (
        "2,000 messages were dealt with in 15 min; 200 a minute at the fastest."
    )
    assert [each.messages for each in course.points] == [0, 0, 1000, 2000, 2000]


def test_what_stood_still_is_not_drawn() -> None:
    for points in ([], [point(0, 7)], [point(0, 7), point(5, 7)]):
        assert tell_course(points, (), WRITTEN).points == ()


def test_two_looks_at_one_moment_have_no_rate() -> None:
    course = tell_course([point(0, 0), point(0, 10), point(1, 20)], (), WRITTEN)
    assert "10 a minute at the fastest" in course.sentence


def test_a_phase_that_goes_on_is_drawn_until_the_report() -> None:
    phases = (
        PhaseLine("Checks", "2026-12-04T18:00:00Z", "2026-12-04T18:02:00Z"),
        PhaseLine("First copy", "2026-12-04T18:02:00Z", ""),
    )
    checks, copy = tell_course((), phases, WRITTEN).phases
    assert (checks.lasted, checks.has_ended) == ("2 min", True)
    assert (copy.lasted, copy.has_ended, copy.ended) == ("11 h 58 min", False, WRITTEN)


@given(st.lists(st.tuples(st.integers(0, 300), st.integers(0, 10**6)), max_size=30))
def test_any_course_can_be_told(looks: list[tuple[int, int]]) -> None:
    minutes = sorted(minute for minute, _ in looks)
    messages = sorted(number for _, number in looks)
    points = [point(*each) for each in zip(minutes, messages, strict=True)]
    course = tell_course(points, (), WRITTEN)
    assert len(course.points) in (0, len(points))
    assert (course.sentence == "") == (course.points == ())
