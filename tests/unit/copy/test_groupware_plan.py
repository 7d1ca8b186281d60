"""Where collections go, what is to be done in them, and what became of an item."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migration.copy.groupware_plan import (
    KEPT,
    STAYS,
    Before,
    decide_quarantined,
    decide_refused,
    decide_vanished,
    decide_written,
    find_work,
    is_quiet,
    place_collections,
)
from migration.copy.groupware_size import BATCH, fit_batch
from migration.copy.groupware_state import ItemFate, ItemRow
from migration.folder_names import LONGEST_NAME
from migration.groupware_port import Collection, CollectionKind, Entry, NotReadable, Read, Written
from migration.items.losses import Loss
from migration.mail import ItemRef, Rejected
from migration.model import DeltaPolicy, FolderRecord, Intent

TASKS, CALENDAR, NOTES = CollectionKind.TASKS, CollectionKind.CALENDAR, CollectionKind.NOTES
KINDS = frozenset({TASKS, CALENDAR})
ADD, FOLLOW = DeltaPolicy.ADD, DeltaPolicy.FOLLOW


def collection(
    name: str, kind: CollectionKind = TASKS, *, is_default: bool = False, key: str = ""
) -> Collection:
    return Collection(key or f"{kind}/{name}", kind, name, is_default)


# ---- places ----------------------------------------------------------------------------------


def names(*collections: Collection, **placed: tuple[str, str]) -> list[tuple[str, str]]:
    placements, _ = place_collections(collections, KINDS, placed)
    return [(each.plan.name, each.reason) for each in placements]


def test_the_first_default_of_a_kind_goes_to_the_default_folder() -> None:
    assert names(
        collection("Other"),
        collection("Mine", is_default=True),
        collection("Second", is_default=True),
        collection("Mine", CALENDAR, is_default=True),
    ) == [
        ("Other", ""),
        ("", "the default folder of its kind (tasks)"),
        ("Second", ""),
        ("", "the default folder of its kind (calendar)"),
    ]


def test_equal_names_get_numbers_within_their_kind() -> None:
    assert names(
        collection("Club", key="a"),
        collection("CLUB", key="b"),
        collection("Club (2)", key="c"),
        collection("Club", CALENDAR),
    ) == [
        ("Club", ""),
        ("CLUB (2)", "name is taken"),
        ("Club (2) (2)", "name is taken"),
        ("Club", ""),
    ]


def test_names_that_cannot_be_names() -> None:
    (empty, why), (long, why_long), (lines, _) = names(
        collection(""), collection("x" * 300), collection("a\nb")
    )
    assert (empty, why) == ("(unnamed)", "an empty name")
    assert (len(long), why_long) == (LONGEST_NAME, "a name that is too long")
    assert lines == "a_b"


def test_places_of_earlier_passes_stay() -> None:
    first = collection("Renamed", key="a")
    assert names(
        collection("Old", key="z"),
        first,
        collection("Default", key="d", is_default=True),
        a=("tasks", "Old"),
        gone=("tasks", ""),
    ) == [
        ("Old (2)", "name is taken"),
        ("Old", "the place of earlier passes"),
        ("Default", ""),
    ]


def test_kinds_without_a_place_are_told() -> None:
    note = collection("Diary", NOTES)
    placements, strangers = place_collections([note, collection("Work")], KINDS, {})
    assert [each.plan.name for each in placements] == ["Work"]
    assert strangers == [note]


@given(st.lists(st.tuples(st.text(max_size=4), st.booleans(), st.sampled_from([TASKS, CALENDAR]))))
def test_no_two_collections_share_a_place(drawn: list[tuple[str, bool, CollectionKind]]) -> None:
    collections = [
        collection(name, kind, is_default=is_default, key=str(number))
        for number, (name, is_default, kind) in enumerate(drawn)
    ]
    placements, _ = place_collections(collections, KINDS, {})
    places = [(each.plan.collection.kind, each.plan.name.casefold()) for each in placements]
    assert len(set(places)) == len(collections)
    placed = {
        each.plan.collection.key: (str(kind), each.plan.name)
        for (kind, _), each in zip(places, placements, strict=True)
    }
    again, _ = place_collections(collections[::-1], KINDS, placed)
    assert {each.plan.collection.key: each.plan.name for each in again} == {
        key: name for key, (_, name) in placed.items()
    }


# ---- what is to be done ----------------------------------------------------------------------

RECORD = FolderRecord("k", ("tasks", "Work"), ("tasks", "Work"), "1", "t", cursor="7", scope="add")


@pytest.mark.parametrize(
    ("known", "token", "quiet"),
    [
        (RECORD, "7", True),
        (RECORD, "8", False),
        (None, "7", False),
        (replace(RECORD, cursor=""), "", False),
        (replace(RECORD, scope="follow"), "7", False),
        (replace(RECORD, intent=Intent((ItemRef("u", 0),), "1")), "7", False),
    ],
)
def test_a_quiet_collection(known: FolderRecord | None, token: str, quiet: bool) -> None:
    assert is_quiet(known, replace(collection("Work"), token=token), "add") is quiet


def row(uid: str, version: str = "1", fate: ItemFate = ItemFate.STORED) -> ItemRow:
    marks = {f"t-{uid}": "m"} if fate in (ItemFate.STORED, ItemFate.KEPT) else {}
    return ItemRow(uid, version, fate, marks=marks)


def state(*rows: ItemRow) -> dict[str, ItemRow]:
    return {each.uid: each for each in rows}


def test_work_is_what_is_new_or_changed_in_the_sources_order() -> None:
    known = state(
        row("same"),
        row("changed"),
        row("refused", fate=ItemFate.REJECTED),
        row("back", fate=ItemFate.REMOVED),
        row("seen", fate=ItemFate.GONE),
    )
    uids = ("new", "seen", "same", "refused", "back")
    entries = [*(Entry(uid, "1") for uid in uids), Entry("changed", "2")]
    assert [each.uid for each in find_work(entries, known, ADD)] == [
        "new",
        "seen",
        "back",
        "changed",
    ]


def test_deletions_come_last_and_only_if_they_are_followed() -> None:
    known = state(
        row("b"),
        row("a"),
        row("kept", version="", fate=ItemFate.KEPT),
        row("refused", fate=ItemFate.REJECTED),
        row("over", fate=ItemFate.REMOVED),
    )
    entries = [Entry("new", "1")]
    assert find_work(entries, known, ADD) == [Entry("new", "1"), Entry("refused", "")]
    assert find_work(entries, known, FOLLOW) == [
        Entry("new", "1"),
        *(Entry(uid, "") for uid in ("a", "b", "refused")),
    ]


# ---- what became of an item ------------------------------------------------------------------

READ = Read(Entry("u", "2"), (), (Loss("X", "line 1", "unknown"),), b"12345")
WRITTEN = Written("key2", {"t2": "m2"}, (Loss("Y", "", "no place", "other"),))
OLD = ItemRow("u", "1", ItemFate.STORED, key="key1", marks={"t1": "m1", "t0": "m0"}, size=3)
NOTHING = Before(None, {})
THERE = Before(OLD, {"t1": "m1"})
TOUCHED = Before(OLD, {"t1": "changed"})


def test_what_is_new_is_stored() -> None:
    decided = decide_written(READ, WRITTEN, NOTHING)
    assert decided.row == ItemRow(
        "u",
        "2",
        ItemFate.STORED,
        key="key2",
        marks={"t2": "m2"},
        size=5,
        losses=(Loss("X", "line 1", "unknown", "u"), Loss("Y", "", "no place", "other")),
    )
    assert (decided.remove, decided.did) == ((), True)


def test_what_changed_takes_the_place_of_what_is_there() -> None:
    decided = decide_written(READ, WRITTEN, THERE)
    assert decided.row == decide_written(READ, WRITTEN, NOTHING).row
    assert decided.remove == ("t1",)


def test_what_people_have_changed_stays_and_what_was_written_goes() -> None:
    decided = decide_written(READ, WRITTEN, TOUCHED)
    kept = Loss("item", "", KEPT, "u")
    assert decided.row == replace(
        OLD, version="2", fate=ItemFate.KEPT, marks={"t1": "m1"}, losses=(kept,)
    )
    assert (decided.remove, decided.did) == (("t2",), False)
    again = decide_written(READ, WRITTEN, Before(decided.row, {"t1": "changed"}))
    assert again.row.losses == (kept,)


def test_what_a_target_has_changed_in_place_is_not_removed_with_what_it_was() -> None:
    """A target may take an event with a uid that it knows for a change of that event."""
    written = Written("key2", {"t1": "m2"})
    decided = decide_written(READ, written, Before(OLD, {"t1": "m2"}))
    assert (decided.row.fate, decided.row.marks) == (ItemFate.STORED, {"t1": "m2"})
    assert decided.remove == ()


@pytest.mark.parametrize(
    ("items", "octets", "seconds", "fit"),
    [
        (10, 5_000, 1.0, 40),
        (40, 5_000, 1.0, BATCH),
        (10, 0, 0.0, 40),
        (10, 80_000_000, 1.0, 2),
        (1, 40_000_000, 1.0, 1),
        (10, 5_000, 300.0, 2),
        (1, 5_000, 800.0, 1),
    ],
)
def test_a_batch_is_as_large_as_the_last_one_allows(
    items: int, octets: int, seconds: float, fit: int
) -> None:
    assert fit_batch(items, octets, seconds) == fit


@pytest.mark.parametrize(
    ("answer", "refusal", "fate", "reason"),
    [
        (NotReadable(Entry("u", "2"), "malformed"), None, ItemFate.UNREADABLE, "malformed"),
        (READ, Rejected("key2", "no"), ItemFate.REJECTED, "no"),
        (READ, None, ItemFate.EMPTY, ""),
    ],
)
def test_of_what_is_not_written_the_earlier_version_stays(
    answer: Read | NotReadable, refusal: Rejected | None, fate: ItemFate, reason: str
) -> None:
    fresh = decide_refused(answer, refusal, NOTHING)
    assert (fresh.row.fate, fresh.row.reason, fresh.row.version) == (fate, reason, "2")
    assert (fresh.row.marks, fresh.row.key, fresh.remove) == ({}, "", ())
    later = decide_refused(answer, refusal, THERE)
    assert (later.row.marks, later.row.key, later.remove) == ({"t1": "m1"}, "key1", ())
    assert later.row.losses[-1].why == STAYS


def test_what_is_put_aside() -> None:
    decided = decide_quarantined(Entry("u", "2"), "ended-its-worker", THERE)
    assert (decided.row.fate, decided.row.reason) == (ItemFate.QUARANTINED, "ended-its-worker")
    assert decided.row.marks == {"t1": "m1"}


def test_what_vanished() -> None:
    assert decide_vanished("u", NOTHING, ADD).row == ItemRow("u", "", ItemFate.GONE)
    left = decide_vanished("u", THERE, ADD)
    assert (left.row, left.remove, left.did) == (replace(OLD, marks={"t1": "m1"}), (), False)
    removed = decide_vanished("u", THERE, FOLLOW)
    assert (removed.row, removed.remove) == (ItemRow("u", "", ItemFate.REMOVED), ("t1",))
    kept = decide_vanished("u", TOUCHED, FOLLOW)
    assert (kept.row.fate, kept.row.version, kept.remove) == (ItemFate.KEPT, "", ())
    assert decide_vanished("u", Before(OLD, {}), FOLLOW).row.fate is ItemFate.REMOVED
