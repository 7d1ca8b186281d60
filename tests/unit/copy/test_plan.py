"""What the engine decides, without acting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from migration.copy.audit import Audit, Row
from migration.copy.plan import (
    Print,
    Rematch,
    changed_flags,
    has_news,
    is_poison,
    is_quiet,
    is_stuck,
    is_suspicious,
    match_found,
    narrow_focus,
    patience,
    reason_of_all,
    rename_candidates,
    settle_wait,
    settled_in,
    vanished,
)
from migration.mail import Fate, Folder, Found, ItemRef, Page
from migration.model import FolderRecord, Intent

DAY = datetime(2020, 5, 1, tzinfo=UTC)
SEEN = frozenset({"\\Seen"})


def ref(uid: int, size: int = 10) -> ItemRef:
    return ItemRef(str(uid), size)


def row(uid: int, print_: str = "", fate: Fate = Fate.STORED, target_id: str = "") -> Row:
    return Row(ref(uid), fate, target_id or f"item-{uid}", fingerprint=print_)


def keys_of(each: ItemRef) -> Sequence[str]:
    return [f"key-{each.uid}", f"old-{each.uid}"]


def matched(
    refs: Sequence[ItemRef],
    prints: dict[str, Print],
    found: Sequence[Found],
    *,
    certain: bool = False,
) -> dict[str, str]:
    rows = match_found(refs, prints, found, keys_of, certain=certain)
    assert {each.fate for each in rows} <= {Fate.FOUND}
    return {each.ref.uid: each.target_id for each in rows}


# ---- what the target has ---------------------------------------------------------------------


def test_keys_decide_whatever_was_read() -> None:
    found = [Found("b", "key-2"), Found("a", "old-1"), Found("c", "key-9")]
    assert matched([ref(1), ref(2), ref(3)], {}, found) == {"1": "a", "2": "b"}


def test_each_thing_found_stands_for_one_of_equal_messages() -> None:
    prints = {str(uid): Print("same", DAY, SEEN) for uid in (1, 2, 3)}
    refs = [ref(1), ref(2), ref(3)]
    found = [Found("a", fingerprint="same", size=10), Found("b", fingerprint="same", size=10)]
    assert matched(refs, prints, found) == {"1": "a", "2": "b"}


def test_messages_alike_but_for_their_content_are_two() -> None:
    prints = {"1": Print("one", DAY, SEEN), "2": Print("two", DAY + timedelta(1), SEEN)}
    found = [Found("a", fingerprint="two", size=10, received=DAY + timedelta(1))]
    assert matched([ref(1), ref(2)], prints, found) == {"2": "a"}


def test_an_altered_message_is_known_by_size_and_date_together() -> None:
    prints = {"1": Print("one", DAY, SEEN), "2": Print("two", DAY + timedelta(1), SEEN)}
    altered = Found("a", fingerprint="other", size=10, received=DAY + timedelta(1))
    assert matched([ref(1), ref(2)], prints, [altered]) == {"2": "a"}
    assert matched([ref(1), ref(2)], prints, [altered], certain=True) == {}
    other_date = replace(altered, received=DAY + timedelta(2))
    assert matched([ref(1), ref(2)], prints, [other_date]) == {}
    other_size = replace(altered, size=11)
    assert matched([ref(1), ref(2)], prints, [other_size]) == {}


def test_of_a_message_that_vanished_since_the_size_is_enough() -> None:
    found = [Found("a", fingerprint="x", size=10, received=DAY)]
    assert matched([ref(1, 11), ref(2, 10)], {}, found) == {"2": "a"}


def test_content_goes_before_size() -> None:
    prints = {"2": Print("two", DAY, SEEN)}
    found = [Found("a", fingerprint="two", size=10, received=DAY)]
    assert matched([ref(1), ref(2)], prints, found) == {"2": "a"}


def test_a_row_found_keeps_what_was_read() -> None:
    prints = {"1": Print("one", DAY, SEEN)}
    (found,) = match_found([ref(1)], prints, [Found("a", fingerprint="one")], keys_of)
    assert (found.fingerprint, found.flags) == ("one", SEEN)


# ---- what ends workers -----------------------------------------------------------------------


def intent(refs: int, attempts: int = 0, crashes: int = 0, focus: int = 0) -> Intent:
    messages = tuple(map(ref, range(1, refs + 1)))
    return Intent(messages, "", attempts=attempts, crashes=crashes, focus=focus)


@pytest.mark.parametrize("messages", [1, 2, 3, 7, 200, 2000])
def test_a_batch_is_halved_down_to_one_message(messages: int) -> None:
    state, deaths = intent(messages), 0
    while not is_poison(state):
        deaths += 1
        state = replace(state, crashes=state.crashes + 1)
        focus = narrow_focus(state)
        assert focus <= messages
        if focus != state.focus:
            state = replace(state, focus=focus, crashes=0)
        assert deaths < 20
    assert state.focus == 1
    assert is_suspicious(state)


def test_only_deaths_and_a_focus_make_suspicious() -> None:
    assert not is_suspicious(None)
    assert not is_suspicious(intent(3, attempts=9))
    assert is_suspicious(intent(3, crashes=1))
    assert is_suspicious(intent(3, focus=2))


def test_a_batch_is_stuck_after_hours_and_then_every_few_attempts() -> None:
    assert [number for number in range(40) if is_stuck(number)] == [25, 30, 35]
    assert sum(map(patience, range(25))) > 2 * 3600
    assert patience(0) <= 1
    assert patience(10**6) == 600


def test_an_intent_settles_from_when_it_was_seen() -> None:
    assert settle_wait("2026-11-23T10:00:00Z", "2026-11-23T10:01:00Z", 540) == 480
    assert settle_wait("2026-11-23T10:00:00Z", "2026-11-23T11:00:00Z", 540) == 0
    seen = settled_in("2026-11-23T10:00:00Z", 30, 540)
    assert settle_wait(seen, "2026-11-23T10:00:00Z", 540) == 30


def test_many_different_messages_are_not_refused_for_one_reason() -> None:
    refused = [replace(row(uid), fate=Fate.REJECTED, reason="no") for uid in range(10)]
    assert reason_of_all(refused) == "no"
    assert reason_of_all(refused[:9]) == ""
    assert reason_of_all([*refused, row(11)]) == ""


# ---- folders read anew -----------------------------------------------------------------------


def test_of_equal_messages_as_many_are_met_again_as_were_copied() -> None:
    earlier = [row(1, "a"), row(2, "a"), row(3, "b")]
    rematch = Rematch.of(Audit({}, earlier))
    met = [rematch.match(ref(uid), "a") for uid in (11, 12, 13)]
    assert [each.target_id if each else "" for each in met] == ["item-1", "item-2", ""]
    assert rematch.match(ref(14), "c") is None


def test_what_was_met_before_a_worker_died_is_not_met_twice() -> None:
    met = Row(ref(11), Fate.MATCHED, "item-2", fingerprint="a")
    rematch = Rematch.of(Audit({"11": met}, [row(1, "a"), row(2, "a")]))
    again = rematch.match(ref(12), "a")
    assert again is not None
    assert (again.fate, again.target_id) == (Fate.MATCHED, "item-1")
    assert rematch.match(ref(13), "a") is None


def test_a_target_without_ids_is_matched_by_numbers() -> None:
    earlier = [Row(ref(uid), Fate.STORED, fingerprint="a") for uid in (1, 2)]
    met = Row(ref(11), Fate.MATCHED, fingerprint="a")
    rematch = Rematch.of(Audit({"11": met}, earlier))
    assert rematch.match(ref(12), "a") is not None
    assert rematch.match(ref(13), "a") is None


def test_what_may_be_met_again_and_wanted_is_not_dealt_with() -> None:
    fates = (Fate.STORED, Fate.REJECTED, Fate.GONE, Fate.REMOVED, Fate.UNREADABLE)
    rows = {str(uid): row(uid, fate=fate) for uid, fate in enumerate(fates, 1)}
    assert Audit(rows).dealt("") == {"1", "2", "5"}


def test_what_filters_left_out_is_dealt_with_as_long_as_they_are_the_same() -> None:
    rows = {"1": replace(row(1, fate=Fate.SKIPPED), scope="since 2020")}
    assert Audit(rows).dealt("since 2020") == {"1"}
    assert Audit(rows).dealt("since 2010") == set()


def test_a_message_met_again_has_the_flags_its_copy_was_made_with() -> None:
    rematch = Rematch.of(Audit({}, [replace(row(1, "a"), flags=SEEN)]))
    met = rematch.match(ref(11), "a")
    assert met is not None
    assert met.flags == SEEN


# ---- changes ---------------------------------------------------------------------------------


def test_flags_that_the_source_has_changed_are_set() -> None:
    held = {"1": row(1), "2": replace(row(2), flags=SEEN), "3": row(3), "4": row(4)}
    held["4"] = replace(held["4"], target_id="")
    now = {"1": SEEN, "2": SEEN, "4": SEEN, "9": SEEN}
    assert [(each.ref.uid, each.flags) for each in changed_flags(held, now)] == [("1", SEEN)]


def test_the_flags_of_a_copy_that_was_found_are_set_once() -> None:
    """Its worker had made it with flags that nobody knows."""
    held = {"1": replace(row(1, fate=Fate.FOUND), flags=SEEN)}
    (changed,) = changed_flags(held, {"1": SEEN})
    assert (changed.flags, changed.fate) == (SEEN, Fate.STORED)
    assert changed_flags({"1": changed}, {"1": SEEN}) == []
    assert changed_flags(held, {}) == []


def test_what_is_no_longer_at_the_source_has_vanished() -> None:
    held = {str(uid): row(uid) for uid in (1, 2, 3)}
    held["3"] = replace(held["3"], target_id="")
    gone = vanished(held, frozenset({"1"}))
    assert [(each.ref.uid, each.fate) for each in gone] == [("2", Fate.REMOVED)]


# ---- folders ---------------------------------------------------------------------------------


def folder(key: str, validity: str = "1", end: str = "9", count: int = 9) -> Folder:
    return Folder(key, (key,), validity, count, end=end)


def record(key: str, validity: str = "1", cursor: str = "9") -> FolderRecord:
    return FolderRecord(key, (key,), (key,), validity, "folder-1", cursor=cursor)


@pytest.mark.parametrize(
    ("known", "listed", "expected"),
    [
        ([record("a")], [folder("b")], [("a", "b")]),
        ([record("a")], [folder("a"), folder("b")], []),  # it is still there
        ([record("a")], [folder("a", "2"), folder("b")], [("a", "b")]),  # another has its name
        ([record("a")], [folder("b", "2")], []),
        ([record("a"), record("b")], [folder("b")], []),
        ([record("a", cursor="")], [folder("b")], []),
        ([record("a", cursor="12")], [folder("b", end="9")], []),
        ([record("a")], [folder("b", end="")], [("a", "b")]),
    ],
)
def test_a_folder_may_have_been_renamed(
    known: list[FolderRecord], listed: list[Folder], expected: list[tuple[str, str]]
) -> None:
    pairs = rename_candidates(known, listed)
    assert [(before.key, after.key) for before, after in pairs] == expected


def test_the_list_of_folders_may_say_that_nothing_is_new() -> None:
    assert is_quiet(record("a"), folder("a"), "")
    assert not is_quiet(None, folder("a"), "")
    assert not is_quiet(record("a"), folder("a", end="10"), "")
    assert not is_quiet(record("a"), folder("a", validity="2"), "")
    assert not is_quiet(record("a"), folder("a"), "filtered")
    assert not is_quiet(record("a", cursor=""), folder("a", end="", count=1), "")
    assert is_quiet(record("a", cursor=""), folder("a", end="", count=0), "")
    assert not is_quiet(replace(record("a"), intent=intent(1)), folder("a"), "")


def test_a_page_with_nothing_in_it_is_no_news() -> None:
    assert not has_news(Page((), "9", more=False), "9")
    assert has_news(Page((), "10", more=False), "9")
    assert has_news(Page((ref(1),), "9", more=False), "9")
    assert has_news(Page((), "9", more=True), "9")
