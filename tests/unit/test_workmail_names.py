"""What WorkMail accepts, held against the patterns of its own model."""

from __future__ import annotations

import re

import botocore.session
import pytest
from hypothesis import given
from hypothesis import strategies as st

from migration import workmail_names as names


def shape(name: str) -> dict[str, object]:
    model = botocore.session.get_session().get_service_model("workmail")
    return dict(model.shape_for(name).metadata)


def test_patterns_and_lengths_are_those_of_the_api() -> None:
    address, user, text = shape("EmailAddress"), shape("UserName"), shape("UserAttribute")
    assert (address["pattern"], address["max"]) == (names.ADDRESS_PATTERN, names.MAX_ADDRESS)
    assert (user["pattern"], user["max"]) == (names.USERNAME_PATTERN, names.MAX_USERNAME)
    assert text["max"] == names.MAX_TEXT
    group, resource = shape("GroupName"), shape("ResourceName")
    assert (group["pattern"], group["max"]) == (names.GROUP_NAME_PATTERN, names.MAX_TEXT)
    assert (resource["pattern"], resource["max"]) == (user["pattern"], names.MAX_RESOURCE_NAME)
    assert shape("ResourceDescription")["max"] == names.MAX_DESCRIPTION
    assert shape("IdentityProviderUserId")["pattern"] == names.IDENTITY_CENTER_ID_PATTERN


ADDRESS_LIKE = st.from_regex(r"[a-z'é+.]{0,6}@?[a-z0-9.\-_]{0,6}\.?[a-z0-9]{0,3}", fullmatch=True)


@given(ADDRESS_LIKE | st.from_regex(names.ADDRESS_PATTERN, fullmatch=True) | st.text(max_size=20))
def test_an_address_has_a_problem_exactly_when_the_pattern_refuses_it(address: str) -> None:
    accepted = re.fullmatch(names.ADDRESS_PATTERN, address) is not None and len(address) <= 254
    assert (names.address_problem(address) == "") == accepted


@given(st.from_regex(r"[a-z\-.é+ ]{0,5}(@[a-z.]{0,4})?", fullmatch=True) | st.text(max_size=70))
def test_a_user_name_has_a_problem_exactly_when_the_pattern_refuses_it(username: str) -> None:
    pattern = re.compile(names.USERNAME_PATTERN, re.ASCII)
    accepted = pattern.fullmatch(username) is not None and len(username) <= 64
    assert (names.username_problem(username) == "") == accepted


@given(st.text(st.characters(min_codepoint=0x10, max_codepoint=0x17F), max_size=260))
def test_a_group_name_has_a_problem_unless_it_is_latin_1_without_controls(name: str) -> None:
    accepted = re.fullmatch(names.GROUP_NAME_PATTERN, name) is not None and len(name) <= 256
    controls = names.control_problem(name) != ""
    assert (names.group_name_problem(name) == "") == (accepted and not controls)


@given(st.from_regex(names.ADDRESS_PATTERN, fullmatch=True))
def test_a_derived_user_name_is_accepted(address: str) -> None:
    assert names.username_problem(names.derive_username(address)) == ""


@pytest.mark.parametrize(
    ("address", "problem"),
    [
        ("o'neill@example.com", "WorkMail refuses ' before the @"),
        ("a&b/c@example.com", "WorkMail refuses & and / before the @"),
        ("jos\u00e9@example.com", "WorkMail refuses \u00e9 before the @"),
        ("a\u200bb@example.com", "WorkMail refuses U+200B before the @"),
        ("a b@example.com", "WorkMail refuses a space before the @"),
        ("a@ex_ample.com", "WorkMail refuses _ after the @"),
        ("a@example.xn--p1ai", "WorkMail refuses digits in the last part of the domain"),
        ("anna", "is no mail address, because it has no @"),
        ("a" * 65 + "@example.com", "the part before the @ must have 1 to 64 characters"),
        ("a@" + "b." * 130 + "com", "the address has 265 characters, and 254 are the most"),
        ("a@localhost", "the part after the @ is no full domain name"),
    ],
)
def test_the_problem_says_which_character_it_is(address: str, problem: str) -> None:
    assert names.address_problem(address) == problem


def test_what_a_user_name_must_not_hold_becomes_a_hyphen() -> None:
    assert names.derive_username("anna+news%x@example.com") == "anna-news-x"
