"""Identities are stable, well-formed and never shared by two different things."""

import re

from hypothesis import given
from hypothesis import strategies as st

from migration.identity import folder_key, mailbox_id, migration_key

PARTS = st.tuples(*[st.text(max_size=8)] * 5)


def test_identities_do_not_change_between_versions() -> None:
    # A changed value would copy every mailbox a second time.
    assert mailbox_id("acme", "Ann@Example.test") == "43m7ytqm5isodvhk"
    assert folder_key("INBOX/Été") == "i5mpyfbpcaatdkqd"
    assert migration_key("acme", "m", "f", "1", "42") == "xfk7xf4zupdhkwu3w7ic7syiob"


@given(PARTS, PARTS)
def test_different_messages_have_different_keys(
    one: tuple[str, str, str, str, str], other: tuple[str, str, str, str, str]
) -> None:
    assert (migration_key(*one) == migration_key(*other)) == (one == other)


def test_moving_a_character_between_two_parts_gives_another_key() -> None:
    assert migration_key("a", "b|c", "d", "1", "2") != migration_key("a|b", "c", "d", "1", "2")


@given(PARTS)
def test_keys_are_26_characters_of_lower_case_base32(
    parts: tuple[str, str, str, str, str],
) -> None:
    assert re.fullmatch("[a-z2-7]{26}", migration_key(*parts))


@given(st.text())
def test_folder_keys_are_16_characters_for_any_name(name: str) -> None:
    assert re.fullmatch("[a-z2-7]{16}", folder_key(name))


def test_a_lone_surrogate_in_a_folder_name_has_a_key() -> None:
    assert folder_key("\ud800") != folder_key("?")


def test_addresses_are_compared_without_case() -> None:
    assert mailbox_id("acme", " Ann@Example.test") == mailbox_id("acme", "ann@example.TEST")
    assert mailbox_id("acme", "ann@example.test") != mailbox_id("other", "ann@example.test")
