"""The target's secret: what it may look like, and whose password it gives."""

from __future__ import annotations

import math
import random
import secrets
import string
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localrun.fakes.workmail import FakeWorkMail
from localrun.model_service import ApiError
from migration.model import NewPasswords
from migration.passwords import (
    ALPHABET,
    LENGTH,
    count_passwords,
    count_weak,
    find_faults,
    find_password,
    generate,
    known_addresses,
    lives_elsewhere,
    meets_rule,
    settle_rule,
)

GOOD = "Sommer-2026"


def test_a_password_is_found_whatever_the_case_of_its_address() -> None:
    secret = {"mailboxes": {"Anna@Example.com": GOOD}}
    assert find_password(secret, "anna@example.COM") == GOOD
    assert find_password(secret, "berta@example.com") == ""


@pytest.mark.parametrize("secret", [{}, {"mailboxes": {}}])
def test_an_empty_secret_is_fine(secret: Mapping[str, object]) -> None:
    assert find_faults(secret) == []
    assert find_password(secret, "anna@example.com") == ""
    assert count_passwords(secret) == 0


@pytest.mark.parametrize(
    ("secret", "word"),
    [
        ({"anna@example.com": GOOD}, "1 unknown keys"),
        ({"mailboxes": [GOOD]}, "must be a mapping"),
        ({"mailboxes": GOOD}, "must be a mapping"),
        ({"mailboxes": {"anna@example.com": "", "b@example.com": 5}}, "2 of the `mailboxes`"),
    ],
)
def test_other_forms_are_faults_that_quote_nothing(secret: Mapping[str, object], word: str) -> None:
    (fault,) = find_faults(secret)
    assert word in fault
    assert GOOD not in fault
    assert "anna" not in fault
    assert find_password(secret, "anna@example.com") == ""


def test_passwords_are_counted_and_the_weak_ones_among_them() -> None:
    secret = {"mailboxes": {"a": GOOD, "b": "password", "c": "", "d": 5}}
    assert count_passwords(secret) == 2
    assert count_weak(secret) == 1


@pytest.mark.parametrize("password", [GOOD, "pässw0rd", "A1-aaaaa", "aB3" + "x" * 60])
def test_passwords_that_workmail_takes(password: str) -> None:
    assert meets_rule(password)


@pytest.mark.parametrize(
    "password", ["", "Short1!", "onlysmallletters", "lettersand1", "aB3" + "x" * 61, "Snow☃2026x"]
)
def test_passwords_that_workmail_refuses(password: str) -> None:
    assert not meets_rule(password)


@pytest.fixture(scope="module")
def users() -> Iterator[tuple[FakeWorkMail, str]]:
    fake = FakeWorkMail(now=lambda: 1_800_000_000.0)
    yield fake, fake.seed_organization("acme", "example.com")


@settings(max_examples=200)
@given(st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=70))
def test_the_rule_is_the_emulators(users: tuple[FakeWorkMail, str], password: str) -> None:
    fake, organization = users
    taken = True
    try:
        user = fake.create_user(
            organization_id=organization, name="anna", display_name="A", password=password
        )
        del fake._account.organizations[organization].users[user["UserId"]]
    except ApiError:
        taken = False
    assert taken == meets_rule(password)


# ---- passwords that are made up --------------------------------------------------------------

SMALL, CAPITAL = "abcdefghijkmnopqrstuvwxyz", "ABCDEFGHJKLMNPQRSTUVWXYZ"
DIGITS, MARKS = "23456789", "-_."


@settings(max_examples=500)
@given(st.integers())
def test_a_generated_password_meets_the_rule_and_can_be_typed(seed: int) -> None:
    password = generate(random.Random(seed))
    assert meets_rule(password)
    assert len(password) == LENGTH == 20
    assert set(password) <= set(ALPHABET)
    assert all(set(kind) & set(password) for kind in (SMALL, CAPITAL, DIGITS, MARKS))
    assert password[0] in string.ascii_letters
    assert password[-1] in string.ascii_letters + string.digits


def test_nothing_that_looks_alike_or_means_something_elsewhere_is_used() -> None:
    assert set(ALPHABET) == set(SMALL + CAPITAL + DIGITS + MARKS)
    assert len(ALPHABET) == len(set(ALPHABET)) == 60
    assert not set(ALPHABET) & set("0O1lI" + " \\'\"`$!,;:&|<>(){}[]*?#~%^=+/@")


def test_there_are_more_than_two_to_the_power_of_115_of_them() -> None:
    """Counted by leaving out kinds: first place letters, then anything, last letters and digits."""
    kinds = (SMALL, CAPITAL, DIGITS, MARKS)
    count = 0
    for missing in range(len(kinds)):
        for left_out in combinations(kinds, missing):
            gone = set("".join(left_out))
            first = len(set(SMALL + CAPITAL) - gone)
            middle = len(set(ALPHABET) - gone)
            last = len(set(SMALL + CAPITAL + DIGITS) - gone)
            count += (-1) ** missing * first * middle ** (LENGTH - 2) * last
    assert math.log2(count) > 115


def test_every_character_is_as_likely_as_the_others_of_its_place() -> None:
    source = random.Random("even")
    drawn = Counter(generate(source)[0] for _ in range(9_800))
    assert set(drawn) == set(SMALL + CAPITAL)
    assert max(drawn.values()) < 1.5 * 200
    assert min(drawn.values()) > 200 / 1.5


def test_the_systems_own_source_gives_another_one_each_time() -> None:
    source = secrets.SystemRandom()
    assert len({generate(source) for _ in range(1000)}) == 1000


@pytest.mark.parametrize("wanted", list(NewPasswords))
def test_the_rule_is_what_the_tenant_wants_in_workmails_own_directory(wanted: NewPasswords) -> None:
    assert settle_rule(wanted, "VpcDirectory", "") is wanted
    assert settle_rule(wanted, "VpcDirectory", "IDENTITY_PROVIDER_AND_DIRECTORY") is wanted
    assert settle_rule(wanted, "VpcDirectory", "IDENTITY_PROVIDER_ONLY") is NewPasswords.NONE


def test_where_another_directory_has_the_users_none_is_made_up() -> None:
    assert settle_rule(NewPasswords.GENERATE, "MicrosoftAD", "") is NewPasswords.NONE
    assert settle_rule(NewPasswords.GIVEN, "MicrosoftAD", "") is NewPasswords.GIVEN
    names = ("AD Connector", "ADConnector", "SimpleAD", "SharedMicrosoftAD")
    assert all(map(lives_elsewhere, names))
    assert not any(map(lives_elsewhere, ("", "VpcDirectory")))


def test_the_addresses_that_have_a_password() -> None:
    secret = {"mailboxes": {"Anna@Example.com": GOOD, "b": "", "c": 5}}
    assert known_addresses(secret) == {"anna@example.com"}
    assert known_addresses({"mailboxes": [GOOD]}) == frozenset()
