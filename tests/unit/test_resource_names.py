"""Names of resources: what WorkMail takes, from whatever the source has."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migration.resource_names import derive_names, make_fit
from migration.workmail_names import USERNAME_PATTERN

ADDRESSES = st.from_regex(r"[a-z0-9%+._-]{1,30}@example\.com", fullmatch=True)
NAMES = st.text(max_size=40) | st.from_regex(
    r"(Room|Raum) [A-C]( [a-z]{1,12}){0,3}", fullmatch=True
)
WANTED = st.dictionaries(ADDRESSES, NAMES, max_size=12)
FIT = st.from_regex(r"[A-Za-z0-9._-]{1,20}", fullmatch=True)


def is_fit(name: str) -> bool:
    return len(name) <= 20 and re.fullmatch(USERNAME_PATTERN, name, re.ASCII) is not None


@pytest.mark.parametrize(
    ("name", "fit"),
    [
        ("Oslo", "Oslo"),
        ("Room 3", "Room-3"),
        ("Board Room of the Fifth Floor", "Board-Room-of-Floor"),
        ("Besprechungsraum Erdgeschoss 12", "Besprechungsraum-12"),
        ("B\u00fcro Stra\u00dfe", "Buro-Strasse"),
        ("Salle d'\u00e9t\u00e9 (2\u00b0)", "Salle-dete-2"),
        ("x" * 21, "x" * 20),
        ("first " + "second" * 9, "first-secondse"),
        ("\u4f1a\u8bae\u5ba4 3F", "room.north-wing"),
        ("!!!", "room.north-wing"),
    ],
)
def test_a_name_is_made_fit_and_stays_readable(name: str, fit: str) -> None:
    assert make_fit(name, "room.north-wing@example.com") == fit


def test_what_nothing_can_be_made_of_has_a_name_nevertheless() -> None:
    assert make_fit("\u4f1a", "%%@example.com") == "resource"


def test_names_that_meet_get_numbers_whatever_their_order_is() -> None:
    wanted = {f"{name}@x": "Conference Room Berlin" for name in "cab"} | {"d@x": "taken name"}
    expected = {
        "a@x": "Conference-Ro-Berlin",
        "b@x": "Conference-Ro-Berl-2",
        "c@x": "Conference-Ro-Berl-3",
        "d@x": "taken-name-2",
    }
    assert derive_names(wanted, ["Taken-Name"]) == expected
    assert derive_names(dict(reversed(wanted.items())), ["Taken-Name"]) == expected


@given(NAMES, ADDRESSES)
def test_every_name_is_made_fit_once(name: str, address: str) -> None:
    fit = make_fit(name, address)
    assert is_fit(fit)
    assert make_fit(fit, address) == fit


@given(WANTED, st.sets(FIT, max_size=12), st.randoms())
def test_derived_names_are_fit_and_meet_nothing(wanted, taken, random) -> None:  # type: ignore[no-untyped-def]
    derived = derive_names(wanted, taken)
    assert derived.keys() == wanted.keys()
    assert all(is_fit(name) for name in derived.values())
    kept = {address: name for address, name in wanted.items() if is_fit(name)}
    assert kept.items() <= derived.items()
    made = [name.lower() for address, name in derived.items() if address not in kept]
    others = {name.lower() for name in (*taken, *kept.values())}
    assert len(made) == len(set(made) - others)
    shuffled = list(wanted.items())
    random.shuffle(shuffled)
    assert derive_names(dict(shuffled), taken) == derived
