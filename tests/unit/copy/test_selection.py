"""What the tenant's policy selects: folders by patterns, messages by date and size."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migration.copy.selection import (
    AFTER_THE_WINDOW,
    BEFORE_THE_WINDOW,
    TOO_LARGE_FOR_POLICY,
    asks_for_dates,
    faults,
    scope,
    selects,
    skips,
)
from migration.mail import Folder, ItemRef, SpecialUse
from migration.model import CopyPolicy, DeltaPolicy

EVERYTHING = CopyPolicy()


def folder(path: str, special: SpecialUse | None = None) -> Folder:
    return Folder(path, tuple(path.split("/")), "1", 0, special)


def takes(path: str, include: tuple[str, ...] = (), exclude: tuple[str, ...] = ()) -> bool:
    return selects(CopyPolicy(include=include, exclude=exclude), folder(path))


# ---- folders ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "fitting", "others"),
    [
        ("Archive", ["Archive", "ARCHIVE", "Archive/2019", "archive/2019/May"],
         ["Archives", "Old/Archive", "Arch"]),
        ("Archive/2019", ["Archive/2019", "Archive/2019/May"], ["Archive", "Archive/2020"]),
        ("Archive/*", ["Archive/2019", "Archive/x"], ["Archive", "Archive/2019/May"]),
        ("Archive/20*", ["Archive/2019", "archive/20"], ["Archive/1999", "Archive/2019/May"]),
        ("Archive/**", ["Archive/2019", "Archive/2019/May"], ["Archive", "Archives/2019"]),
        ("**/Old", ["Old", "a/Old", "a/b/old"], ["Old/a", "Older", "a/Old/b"]),
        ("a/**/z", ["a/z", "a/b/z", "a/b/c/Z"], ["a", "z", "a/b", "b/a/z"]),
        ("**", ["a", "a/b", "a/b/c"], []),
        ("**/**", ["a", "a/b", "a/b/c"], []),
        ("*", ["a", "b c"], ["a/b"]),
        ("*/*", ["a/b"], ["a", "a/b/c"]),
        ("a*b*c", ["abc", "aXbYc", "abbc", "abcbc"], ["ab", "ac", "acb", "abcd", "xabc"]),
        ("*b", ["b", "ab", "bab"], ["ba", "a/b"]),
        ("aa*aa", ["aaaa", "aaXaa"], ["aaa", "aa"]),
        ("Straße", ["STRASSE", "strasse/x"], ["Strase"]),
        ("Entwu\u0308rfe", ["Entw\u00fcrfe", "ENTW\u00dcRFE"], ["Entwurfe"]),
        ("[ab]?.(c", ["[AB]?.(c", "[ab]?.(c/x"], ["a", "ax.c"]),
    ],
)  # fmt: skip
def test_what_a_pattern_fits(pattern: str, fitting: list[str], others: list[str]) -> None:
    assert [path for path in fitting if not takes(path, include=(pattern,))] == []
    assert [path for path in others if takes(path, include=(pattern,))] == []
    assert [path for path in fitting if takes(path, exclude=(pattern,))] == []
    assert [path for path in others if not takes(path, exclude=(pattern,))] == []


def test_without_patterns_every_folder_is_copied() -> None:
    assert takes("a/b/c")


def test_exclude_is_stronger_than_include() -> None:
    assert not takes("Work/Spam", include=("Work",), exclude=("**/Spam",))
    assert takes("Work/Mail", include=("Work",), exclude=("**/Spam",))


@pytest.mark.parametrize("path", ["INBOX", "Inbox", "Posteingang"])
def test_the_inbox_is_left_out_only_by_name(path: str) -> None:
    inbox = folder(path, SpecialUse.INBOX)
    assert selects(CopyPolicy(include=("Work",)), inbox)
    for pattern in (path.lower(), "**", "*"):
        assert not selects(CopyPolicy(include=("Work",), exclude=(pattern,)), inbox)


def test_what_is_below_the_inbox_is_a_folder_like_others() -> None:
    assert takes("INBOX", include=("Work",))
    assert not takes("INBOX/Clients", include=("Work",))
    assert takes("INBOX/Clients", include=("inbox",))


def test_a_slash_in_a_name_counts_as_a_separator() -> None:
    slashed = Folder("k", ("Work", "in/out"), "1", 0)
    assert selects(CopyPolicy(include=("Work/in/out",)), slashed)
    assert not selects(CopyPolicy(include=("Work/*",)), slashed)


NAMES = st.text(st.sampled_from("abäß. *"), min_size=1, max_size=4).filter(
    lambda name: "**" not in name and name.strip()
)
PATHS = st.lists(st.text(st.sampled_from("abäß. "), min_size=1, max_size=4), min_size=1, max_size=5)
PATTERNS = st.lists(NAMES | st.just("**"), min_size=1, max_size=5).map("/".join)


def by_regex(pattern: str, path: str) -> bool:
    """The same rules in another way: one regular expression for the pattern."""
    parts = pattern.casefold().split("/")
    if "*" not in pattern:
        parts.append("(?:.+/)?")
    pieces = []
    for place, part in enumerate(parts):
        if part == "(?:.+/)?":
            pieces.append(part)
        elif part == "**":
            pieces.append("(?:[^/]+/)" + ("+" if place == len(parts) - 1 else "*"))
        else:
            pieces.append("[^/]*".join(map(re.escape, part.split("*"))) + "/")
    return re.fullmatch("".join(pieces), path.casefold() + "/") is not None


@given(PATTERNS, PATHS)
def test_a_pattern_fits_what_its_regular_expression_fits(pattern: str, names: list[str]) -> None:
    path = "/".join(names)
    assert takes(path, include=(pattern,)) == by_regex(pattern, path)


@given(st.lists(PATTERNS, max_size=4), st.lists(PATTERNS, max_size=4), PATHS)
def test_every_folder_is_either_copied_or_has_a_pattern_to_blame(
    include: list[str], exclude: list[str], names: list[str]
) -> None:
    path = "/".join(names)
    left_out = any(by_regex(pattern, path) for pattern in exclude)
    named = not include or any(by_regex(pattern, path) for pattern in include)
    assert takes(path, tuple(include), tuple(exclude)) == (named and not left_out)


@given(PATHS)
def test_a_folders_own_path_is_a_pattern_for_it_and_what_is_below(names: list[str]) -> None:
    path = "/".join(names)
    assert takes(path, include=(path.upper(),))
    assert takes(f"{path}/x/y", include=(path,))
    assert not takes(path, exclude=(path,))


# ---- messages --------------------------------------------------------------------------------

WINDOW = CopyPolicy(received_from="2015-03-01", received_before="2020-01-01")
EAST = timezone(timedelta(hours=5, minutes=30))
WEST = timezone(timedelta(hours=-8))


def moment(text: str, zone: timezone = UTC) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


@pytest.mark.parametrize(
    ("received", "reason"),
    [
        (moment("2015-02-28T23:59:59"), BEFORE_THE_WINDOW),
        (moment("2015-03-01T00:00:00"), ""),
        (moment("2015-03-01T05:29:59", EAST), BEFORE_THE_WINDOW),
        (moment("2015-03-01T05:30:00", EAST), ""),
        (moment("2015-02-28T16:00:00", WEST), ""),
        (moment("2019-12-31T23:59:59"), ""),
        (moment("2020-01-01T00:00:00"), AFTER_THE_WINDOW),
        (moment("2019-12-31T16:00:00", WEST), AFTER_THE_WINDOW),
        (datetime.min.replace(tzinfo=EAST), BEFORE_THE_WINDOW),
        (datetime.max.replace(tzinfo=WEST), AFTER_THE_WINDOW),
        (None, ""),
    ],
)
def test_the_window_is_of_days_in_utc(received: datetime | None, reason: str) -> None:
    assert skips(WINDOW, ItemRef("1", 5), received) == reason


def test_the_date_that_the_source_listed_stands_in_for_the_messages() -> None:
    listed = ItemRef("1", 5, "2014-01-01T00:00:00Z")
    assert skips(WINDOW, listed, None) == BEFORE_THE_WINDOW
    assert skips(WINDOW, listed, moment("2016-01-01T00:00:00")) == ""


def test_larger_messages_are_left_out_and_those_of_the_size_are_not() -> None:
    policy = CopyPolicy(max_message_bytes=1000)
    assert skips(policy, ItemRef("1", 1000), None) == ""
    assert skips(policy, ItemRef("1", 1001), None) == TOO_LARGE_FOR_POLICY


DAYS = st.dates().map(lambda day: day.isoformat())
REFS = st.builds(ItemRef, st.just("1"), st.integers(0, 10**9))
MOMENTS = st.none() | st.datetimes(timezones=st.sampled_from([UTC, EAST, WEST]))


@given(REFS, MOMENTS)
def test_without_filters_nothing_is_left_out(ref: ItemRef, received: datetime | None) -> None:
    assert skips(EVERYTHING, ref, received) == ""


@given(DAYS, REFS, st.datetimes(timezones=st.just(UTC)))
def test_of_two_windows_that_meet_exactly_one_takes_a_message(
    day: str, ref: ItemRef, received: datetime
) -> None:
    before = skips(CopyPolicy(received_before=day), ref, received)
    after = skips(CopyPolicy(received_from=day), ref, received)
    assert sorted([before, after]) in (["", BEFORE_THE_WINDOW], ["", AFTER_THE_WINDOW])
    assert (after == "") == (received.date().isoformat() >= day)


@given(st.integers(1, 10**9), REFS, MOMENTS)
def test_a_wider_limit_never_leaves_out_more(
    limit: int, ref: ItemRef, received: datetime | None
) -> None:
    narrow = CopyPolicy(max_message_bytes=limit)
    wide = CopyPolicy(max_message_bytes=limit * 2)
    if not skips(narrow, ref, received):
        assert not skips(wide, ref, received)


# ---- the scope -------------------------------------------------------------------------------


def test_the_scope_is_empty_unless_messages_are_filtered() -> None:
    assert scope(EVERYTHING) == ""
    others = CopyPolicy(
        include=("a",), exclude=("b",), max_bytes_per_second=5, delta=DeltaPolicy.FOLLOW,
        verify_sample=-1,
    )  # fmt: skip
    assert scope(others) == ""


FILTERS = st.builds(
    CopyPolicy,
    received_from=st.just("") | DAYS,
    received_before=st.just("") | DAYS,
    max_message_bytes=st.integers(0, 5),
)


@given(FILTERS, FILTERS)
def test_two_scopes_are_equal_if_and_only_if_their_filters_are(
    one: CopyPolicy, two: CopyPolicy
) -> None:
    assert (scope(one) == scope(two)) == (one == two)
    assert scope(replace(one, include=("x",), verify_sample=0)) == scope(one)
    assert len(scope(one)) <= 12


def test_dates_are_asked_for_where_they_decide() -> None:
    assert asks_for_dates(WINDOW)
    assert not asks_for_dates(CopyPolicy(max_message_bytes=1, include=("a",)))


# ---- faults ----------------------------------------------------------------------------------


def test_every_fault_is_named_with_its_key() -> None:
    policy = CopyPolicy(
        include=("a//b", "fine"),
        exclude=("x**",),
        received_from="2015-2-1",
        received_before="tomorrow",
    )
    rule = "must be folder names joined by /, without an empty one"
    assert list(faults(policy)) == [
        f"`copy.include` in the tenant file: 'a//b' {rule}",
        "`copy.exclude` in the tenant file: 'x**' must have ** alone between slashes",
        "`copy` in the tenant file: '2015-2-1' is no day such as 2027-03-31",
        "`copy` in the tenant file: 'tomorrow' is no day such as 2027-03-31",
    ]


def test_a_window_must_have_a_day_in_it() -> None:
    for before in ("2015-03-01", "2015-02-28"):
        (fault,) = faults(CopyPolicy(received_from="2015-03-01", received_before=before))
        assert "must be later" in fault
    assert list(faults(WINDOW)) == []


@given(st.text())
def test_any_text_is_a_pattern_or_a_fault(text: str) -> None:
    policy = CopyPolicy(include=(text,))
    if not list(faults(policy)):
        selects(policy, folder("a/b"))
