"""The target's secret: what it may look like, and whose password it gives."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localrun.fakes.workmail import FakeWorkMail
from localrun.model_service import ApiError
from migration.passwords import (
    count_passwords,
    count_weak,
    find_faults,
    find_password,
    meets_rule,
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
