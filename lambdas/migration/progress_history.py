"""How far a run was at which time, for as long as it lasts: pure functions over ProgressHistory.

A history holds a few hundred points, however long the run is. When it is full, every other one
goes, and from then on they are taken half as often.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from migration.progress_model import ProgressHistory, ProgressPoint

MOST = 500
"""Points of a history at most."""

_SHORTEST = 240
"""Seconds between two points, the first time that there are too many, unless the history has an
interval from its begin: a little less than between two looks, of which none comes on the second."""


def add_point(history: ProgressHistory, point: ProgressPoint) -> ProgressHistory:
    """The history with the point as its last. What has fallen since the last one, because a mailbox
    is looked at anew or has failed, stays as it was; a point that is no later replaces the last,
    and so does one that comes too soon after the one before that."""
    points = history.points
    if points:
        point = _not_less(point, points[-1])
        if _seconds(points[-1], point) <= 0:
            point, points = replace(point, at=points[-1].at), points[:-1]
        elif len(points) > 1 and _seconds(points[-2], points[-1]) < history.interval:
            points = points[:-1]
    return thin(replace(history, points=(*points, point)))


def thin(history: ProgressHistory) -> ProgressHistory:
    """The history with at most MOST points, the first and the last among them."""
    while len(history.points) > MOST:
        interval = 2 * history.interval or _SHORTEST
        history = replace(history, interval=interval, points=_spread(history.points, interval))
    return history


def _spread(points: Sequence[ProgressPoint], interval: int) -> tuple[ProgressPoint, ...]:
    """The first, the last, and of the others those that are so many seconds apart."""
    kept = [points[0]]
    for point in points[1:-1]:
        if _seconds(kept[-1], point) >= interval:
            kept.append(point)
    return (*kept, points[-1])


def whole_run(history: ProgressHistory, begun: str, last: ProgressPoint) -> ProgressHistory:
    """The history from the run's begin, where nothing was done, to the last point."""
    first = ProgressPoint(begun or last.at, 0, 0, 0)
    points = history.points
    if not points or _seconds(first, points[0]) > 0:
        points = (first, *points)
    return add_point(replace(history, points=points), last)


def _not_less(point: ProgressPoint, before: ProgressPoint) -> ProgressPoint:
    return ProgressPoint(
        point.at,
        max(point.mailboxes, before.mailboxes),
        max(point.messages, before.messages),
        max(point.size, before.size),
    )


def _seconds(before: ProgressPoint, after: ProgressPoint) -> float:
    span = datetime.fromisoformat(after.at) - datetime.fromisoformat(before.at)
    return span.total_seconds()
