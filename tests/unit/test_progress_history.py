"""How far a run was at which time: what is kept of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import accumulate, pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from migration.aws.progress_rows import history_attributes, history_from
from migration.progress_history import MOST, add_point, thin, whole_run
from migration.progress_model import ProgressHistory, ProgressPoint

NOON = datetime.fromisoformat("2026-12-04T12:00:00+00:00")
EMPTY = ProgressHistory("run-1")

STEPS = st.lists(
    st.tuples(st.integers(1, 4000), *[st.integers(-5, 1000)] * 3), min_size=1, max_size=900
)


def at(seconds: float) -> str:
    return (NOON + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")


def points_of(steps: list[tuple[int, int, int, int]]) -> list[ProgressPoint]:
    """Points so many seconds and things apart; counts may fall, as they do when a mailbox fails."""
    sums = accumulate(steps, lambda a, b: (a[0] + b[0], a[1] + b[1], a[2] + b[2], a[3] + b[3]))
    return [ProgressPoint(at(seconds), *counts) for seconds, *counts in sums]


def history_of(points: list[ProgressPoint]) -> ProgressHistory:
    history = EMPTY
    for point in points:
        history = add_point(history, point)
    return history


def check_monotone(points: tuple[ProgressPoint, ...]) -> None:
    for before, after in pairwise(points):
        assert datetime.fromisoformat(before.at) < datetime.fromisoformat(after.at)
        assert before.mailboxes <= after.mailboxes
        assert before.messages <= after.messages
        assert before.size <= after.size


@settings(deadline=None, max_examples=60)
@given(STEPS)
def test_first_and_last_are_kept_nothing_falls_and_there_is_a_bound(
    steps: list[tuple[int, int, int, int]],
) -> None:
    points = points_of(steps)
    history = history_of(points)
    assert len(history.points) <= MOST
    assert history.points[0] == points[0]
    assert history.points[-1].at == points[-1].at
    assert history.points[-1].messages == max(each.messages for each in points)
    check_monotone(history.points)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(1, 4000), min_size=1, max_size=2500))
def test_thinning_keeps_the_ends_and_takes_the_rest_from_what_is_there(gaps: list[int]) -> None:
    points = tuple(
        ProgressPoint(at(second), number, number, number)
        for number, second in enumerate(accumulate(gaps))
    )
    thinned = thin(ProgressHistory("run-1", 0, points))
    assert len(thinned.points) <= MOST
    assert (thinned.points[0], thinned.points[-1]) == (points[0], points[-1])
    assert set(thinned.points) <= set(points)
    check_monotone(thinned.points)
    assert thin(thinned) == thinned
    if len(points) <= MOST:
        assert thinned.points == points


def test_a_run_of_two_weeks_is_told_evenly() -> None:
    looks = range(0, 14 * 86_400, 300)
    history = history_of([ProgressPoint(at(each), 1, each, each) for each in looks])
    assert MOST / 3 < len(history.points) <= MOST
    spans = [
        datetime.fromisoformat(after.at) - datetime.fromisoformat(before.at)
        for before, after in pairwise(history.points[:-1])
    ]
    assert max(spans) <= 2 * min(spans)


def test_a_full_history_is_small_enough_to_be_written_with_every_look() -> None:
    large = ProgressPoint(at(0), 10_000, 10**9, 10**14)
    looks = range(0, 40 * 86_400, 300)
    history = history_of([ProgressPoint(at(each + 0.123), *large_numbers(large)) for each in looks])
    attributes = history_attributes(history)
    assert sum(len(str(value)) for value in attributes.values()) < 50_000
    assert history_from(attributes) == history


def large_numbers(point: ProgressPoint) -> tuple[int, int, int]:
    return point.mailboxes, point.messages, point.size


def test_a_look_at_the_same_moment_replaces_the_one_before() -> None:
    history = history_of([ProgressPoint(at(0), 0, 1, 1), ProgressPoint(at(60), 0, 2, 2)])
    again = add_point(history, ProgressPoint(at(60), 1, 3, 3))
    assert again.points == (history.points[0], ProgressPoint(at(60), 1, 3, 3))


def test_a_whole_run_begins_at_its_begin_and_ends_at_its_end() -> None:
    middle = ProgressPoint(at(600), 1, 50, 500)
    last = ProgressPoint(at(900), 2, 80, 800)
    kept = add_point(EMPTY, middle)
    assert whole_run(kept, at(0), last).points == (ProgressPoint(at(0), 0, 0, 0), middle, last)
    assert whole_run(EMPTY, at(0), last).points == (ProgressPoint(at(0), 0, 0, 0), last)
    assert whole_run(EMPTY, "", last).points == (last,)


def test_a_whole_run_ends_no_lower_than_it_was() -> None:
    """Of a mailbox that failed nothing is counted, although much was copied."""
    middle = ProgressPoint(at(600), 1, 50, 500)
    (*_, last) = whole_run(add_point(EMPTY, middle), at(0), ProgressPoint(at(900), 0, 9, 0)).points
    assert last == ProgressPoint(at(900), 1, 50, 500)
