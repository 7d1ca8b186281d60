"""What segments say together."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localrun.fakes.blobs import MemoryBlobs
from migration.copy.groupware_state import (
    MANY,
    ItemFate,
    ItemRow,
    count_rows,
    count_targets,
    entry_of,
    item_key,
    make_state,
    merge_segments,
    read_state,
    ref_of,
    segment_key,
    segment_lines,
)
from migration.groupware_port import Entry
from migration.items.losses import Loss
from migration.model import FolderRecord, Intent, Tally

RECORD = FolderRecord("k", ("tasks", "Work"), ("tasks", "Work"), "1", "folder-1")
texts = st.text(max_size=5)
rows = st.builds(
    ItemRow,
    uid=texts,
    version=texts,
    fate=st.sampled_from(ItemFate),
    reason=texts,
    key=texts,
    marks=st.dictionaries(texts, texts, max_size=2),
    size=st.integers(0, 9),
    losses=st.lists(st.builds(Loss, texts, texts, texts, texts), max_size=2).map(tuple),
)


def put(blobs: MemoryBlobs, revision: int, *some: ItemRow, folder: str = "folder-1") -> None:
    record = replace(RECORD, revision=revision, target_id=folder)
    blobs.put(segment_key("box", record), segment_lines(record, some))


def stored(uid: str, version: str) -> ItemRow:
    return ItemRow(uid, version, ItemFate.STORED, marks={f"{uid}{version}": "m"})


@given(st.lists(rows, unique_by=lambda row: row.uid))
def test_a_segment_is_read_as_it_was_written(some: list[ItemRow]) -> None:
    body = segment_lines(RECORD, some)
    assert make_state([("0000000001.jsonl", body)], RECORD) == {row.uid: row for row in some}


def test_the_last_segment_says_what_became_of_an_item() -> None:
    blobs = MemoryBlobs()
    put(blobs, 10, stored("a", "3"))
    put(blobs, 9, stored("a", "2"), stored("b", "1"))
    put(blobs, 2, stored("a", "1"))
    found = read_state(blobs, "box", RECORD)
    assert {uid: row.version for uid, row in found.items()} == {"a": "3", "b": "1"}
    assert read_state(blobs, "other", RECORD) == {}


def test_segments_of_another_target_folder_say_nothing() -> None:
    blobs = MemoryBlobs()
    put(blobs, 1, stored("a", "1"), folder="deleted")
    put(blobs, 2, stored("b", "1"))
    assert read_state(blobs, "box", RECORD).keys() == {"b"}


def test_of_an_item_in_an_open_intent_what_was_written_since_does_not_count() -> None:
    blobs = MemoryBlobs()
    put(blobs, 3, stored("a", "1"), stored("b", "1"))
    put(blobs, 6, stored("a", "2"), stored("c", "1"))
    intent = Intent((ref_of(Entry("a", "2")),), "5")
    found = read_state(blobs, "box", replace(RECORD, intent=intent))
    assert {uid: row.version for uid, row in found.items()} == {"a": "1", "b": "1", "c": "1"}


def put_whole(blobs: MemoryBlobs, record: FolderRecord = RECORD) -> None:
    merge_segments(blobs, "box", record, read_state(blobs, "box", record), many=0)


def test_many_segments_become_one_that_says_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    blobs = MemoryBlobs()
    for revision in range(1, MANY + 2):
        put(blobs, revision, stored(f"u{revision % 7}", str(revision)))
    before = read_state(blobs, "box", RECORD)
    merge_segments(blobs, "box", RECORD, before)
    put(blobs, MANY + 5, stored("later", "1"))
    asked: list[str] = []
    get = blobs.get

    def count(key: str) -> bytes:
        asked.append(key)
        return get(key)

    monkeypatch.setattr(blobs, "get", count)
    assert read_state(blobs, "box", RECORD) == before | {"later": stored("later", "1")}
    assert len(asked) == 2


def test_few_segments_stay_as_they_are() -> None:
    blobs = MemoryBlobs()
    for revision in range(1, MANY + 1):
        put(blobs, revision, stored("a", str(revision)))
    files = blobs.files()
    merge_segments(blobs, "box", RECORD, read_state(blobs, "box", RECORD))
    assert blobs.files() == files


def test_a_whole_can_be_merged_again() -> None:
    blobs = MemoryBlobs()
    for revision in (1, 2, 4):
        put(blobs, revision, stored("a", str(revision)))
        put_whole(blobs)
        put_whole(blobs)
    assert read_state(blobs, "box", RECORD) == {"a": stored("a", "4")}


def test_of_an_item_in_an_open_intent_the_whole_before_it_counts() -> None:
    blobs = MemoryBlobs()
    put(blobs, 3, stored("a", "1"), stored("b", "1"))
    put_whole(blobs)
    put(blobs, 6, stored("a", "2"))
    intent = Intent((ref_of(Entry("a", "2")),), "5")
    assert read_state(blobs, "box", replace(RECORD, intent=intent))["a"] == stored("a", "1")


def test_a_whole_of_an_overtaken_worker_hides_nothing() -> None:
    blobs, late = MemoryBlobs(), MemoryBlobs()
    for each in (blobs, late):
        put(each, 3, stored("a", "1"))
    put(blobs, 7, stored("b", "1"))
    state = read_state(blobs, "box", RECORD)
    for successor_merges in (False, True):
        if successor_merges:
            put_whole(blobs)
        put_whole(late)
        for key, body in late.files().items():
            blobs.put(key, body)
        assert read_state(blobs, "box", RECORD) == state


def test_a_whole_of_another_target_folder_says_nothing() -> None:
    blobs = MemoryBlobs()
    put(blobs, 1, stored("a", "1"), folder="deleted")
    put_whole(blobs, replace(RECORD, target_id="deleted"))
    put(blobs, 2, stored("b", "1"))
    assert read_state(blobs, "box", RECORD).keys() == {"b"}


@given(texts, texts)
def test_an_intent_remembers_uid_and_version(uid: str, version: str) -> None:
    assert entry_of(ref_of(Entry(uid, version))) == Entry(uid, version)


def test_every_version_has_a_key_of_its_own() -> None:
    entries = [Entry("a", "1"), Entry("a", "2"), Entry("b", "1"), Entry("1", "a"), Entry("a", "")]
    keys = {item_key("acme", "box-items", "k", entry) for entry in entries}
    keys |= {item_key("acme", "box-items", "other", entries[0])}
    assert len(keys) == 6


def test_counts() -> None:
    def row(fate: ItemFate, **fields: object) -> ItemRow:
        return replace(ItemRow(fate.value, "1", fate, size=10), **fields)  # type: ignore[arg-type]

    some = [row(fate) for fate in ItemFate]
    assert count_rows(some) == Tally(copied=2, size=20, rejected=3, gone=1, skipped=1)
    state = {each.uid: each for each in (row(ItemFate.STORED, marks={"a": "", "b": ""}), *some[1:])}
    assert count_targets(state) == 2
