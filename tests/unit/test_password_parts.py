"""What the secrets of generated passwords look like, and which password counts."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migration.errors import TenantMisconfigured
from migration.password_parts import (
    LIMIT,
    ROOM,
    Part,
    ResetState,
    choose_password,
    fill,
    wave_path,
)

ADDRESS = "anna@example.com"
FULL = Part(
    {ADDRESS: "word-one", "b@example.com": "wörd"},
    {ADDRESS: "word-two"},
    {ADDRESS: "word-zero"},
    ResetState("run-1", "b@example.com", {"ResetPassword: InvalidPasswordException": 2}),
)


@pytest.mark.parametrize("part", [Part(), Part({ADDRESS: "word"}), FULL])
def test_a_part_comes_back_as_it_was(part: Part) -> None:
    assert Part.parse(part.text, "waves/run-1/1") == part


def test_a_fresh_part_is_the_form_that_the_operator_knows() -> None:
    assert json.loads(Part({ADDRESS: "word"}).text) == {"mailboxes": {ADDRESS: "word"}}


def test_a_part_shows_no_password() -> None:
    assert not [word for word in ("word-", "wörd") if word in repr(FULL)]


@pytest.mark.parametrize(
    "text",
    [
        "word-one",
        "[]",
        '{"mailboxes": ["word-one"]}',
        '{"mailboxes": {"a": 1}}',
        '{"pending": "word-one"}',
        '{"reset": []}',
        '{"reset": {"refused": {"word-one": "x"}}}',
    ],
)
def test_another_form_is_refused_and_not_quoted(text: str) -> None:
    with pytest.raises(TenantMisconfigured, match="waves/r/1 has another form") as caught:
        Part.parse(text, "waves/r/1")
    assert "word-one" not in str(caught.value)


@pytest.mark.parametrize(
    ("run", "path"),
    [
        ("friday", "waves/friday"),
        ("2026-12-04T18.00_x", "waves/2026-12-04T18.00_x"),
        ("0a1b2c3d-0000-4000-8000-0123456789ab", "waves/0a1b2c3d-0000-4000-8000-0123456789ab"),
    ],
)
def test_a_runs_secrets_are_called_like_the_run(run: str, path: str) -> None:
    assert wave_path(run) == path


@given(st.text(min_size=1, max_size=80), st.text(min_size=1, max_size=80))
def test_any_run_has_a_name_that_a_secret_may_have_and_no_other_run_has(one: str, two: str) -> None:
    path = wave_path(one)
    assert re.fullmatch(r"waves/[A-Za-z0-9_.+=@-]{1,80}", path)
    assert (path == wave_path(two)) == (one == two)


def test_the_parts_of_two_runs_never_meet() -> None:
    """Were the number behind a hyphen, part 2 of `friday` would be part 1 of `friday-2`."""
    assert f"{wave_path('friday')}/2" != f"{wave_path('friday-2')}/1"


# ---- how much fits ---------------------------------------------------------------------------

WORD = "x" * 20


def test_a_thousand_users_with_usual_addresses_need_one_secret_and_long_ones_more() -> None:
    usual = {f"user{n:04}@example.com": WORD for n in range(1000)}
    (part,) = fill([], usual)
    assert part.mailboxes == usual
    long = {f"somebody.with-a-long-name.{n:04}@mail.example.com": WORD for n in range(1000)}
    parts = fill([], long)
    assert len(parts) == 2
    assert {**parts[0].mailboxes, **parts[1].mailboxes} == long
    assert all(len(part.text) <= ROOM < LIMIT for part in parts)


@given(st.dictionaries(st.text(max_size=40), st.text(max_size=40), max_size=30), st.integers(0, 29))
def test_filling_loses_nothing_and_leaves_full_parts_alone(
    entries: dict[str, str], cut: int
) -> None:
    first = dict(list(entries.items())[:cut])
    rest = dict(list(entries.items())[cut:])
    before = fill([Part({"a": "x" * ROOM}, {}, {}, FULL.reset)], first)
    after = fill(before, rest)
    assert after[: len(before) - 1] == before[:-1]
    assert before[0].mailboxes == {"a": "x" * ROOM}
    assert before[0].reset == FULL.reset
    found = {address: word for part in after[1:] for address, word in part.mailboxes.items()}
    assert found == entries


# ---- which one counts ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("operators", "part", "expected"),
    [
        ("", None, ""),
        ("theirs", None, "theirs"),
        ("", Part({ADDRESS: "made"}), "made"),
        ("theirs", Part({ADDRESS: "made"}), "theirs"),
        ("theirs", Part({ADDRESS: "made"}, replaced={ADDRESS: "theirs"}), "made"),
        ("newer", Part({ADDRESS: "made"}, replaced={ADDRESS: "theirs"}), "newer"),
        ("", Part({ADDRESS: "made"}, replaced={ADDRESS: "theirs"}), "made"),
        ("", Part({ADDRESS: ""}), ""),
        ("theirs", Part({ADDRESS: ""}, pending={ADDRESS: "made"}), "theirs"),
    ],
)
def test_the_operators_password_wins_unless_a_reset_replaced_it(
    operators: str, part: Part | None, expected: str
) -> None:
    assert choose_password(operators, part, ADDRESS.upper()) == expected
