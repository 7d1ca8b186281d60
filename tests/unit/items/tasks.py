"""Tasks and notes, made at random."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import strategies as st

from migration.items.task import Note, NoteStatus, Task, TaskStatus, Work
from migration.items.times import (
    ONCE,
    ExtraDate,
    Frequency,
    Recurrence,
    Rule,
    Span,
    Time,
    like,
    wall_of,
)
from tests.unit.items.events import contents, moments, starts, words
from tests.unit.items.rules import rules

minutes = st.one_of(st.none(), st.integers(0, 10**9))
works = st.builds(
    Work, minutes, minutes, st.one_of(st.just(""), words), st.one_of(st.just(""), words),
    st.lists(words, max_size=2, unique=True).map(tuple),
)  # fmt: skip


@st.composite
def recurrences(draw: st.DrawFn, start: Time) -> Recurrence:
    """None, a plain rule, any rule, or dates, from `start`."""
    plain = st.builds(Rule, st.sampled_from(Frequency), st.integers(1, 120))
    rule = draw(st.one_of(st.none(), plain, rules()))
    days = draw(st.lists(st.integers(1, 400), max_size=2, unique=True))
    extra = tuple(ExtraDate(like(wall_of(start) + timedelta(days=one), start)) for one in days)
    excluded = (start,) if rule and draw(st.booleans()) else ()
    return Recurrence(rule, extra if draw(st.booleans()) else (), excluded)


@st.composite
def tasks(draw: st.DrawFn) -> Task:
    """A task as lists hold it, and as hostile files would."""
    start, due = draw(st.one_of(st.none(), starts())), draw(st.one_of(st.none(), starts()))
    begins = start or due
    recurrence = ONCE if begins is None else draw(st.one_of(st.just(ONCE), recurrences(begins)))
    return Task(
        "u",
        draw(contents),
        draw(st.sampled_from(TaskStatus)),
        start,
        due,
        draw(st.one_of(st.none(), st.just(Span(2, 60)))) if due is None else None,
        draw(st.one_of(st.none(), moments)),
        draw(st.one_of(st.none(), st.integers(0, 100))),
        recurrence,
        draw(st.one_of(st.none(), st.none(), starts())),
        draw(works),
        draw(st.booleans()) and recurrence.rule is not None,
    )


@st.composite
def notes(draw: st.DrawFn) -> Note:
    """A note or an entry of a journal."""
    start = draw(st.one_of(st.none(), starts()))
    once = st.just(ONCE)
    return Note(
        "u",
        draw(contents),
        draw(st.sampled_from(NoteStatus)),
        start,
        draw(once if start is None else st.one_of(once, recurrences(start))),
        draw(st.one_of(st.none(), st.none(), starts())),
    )
