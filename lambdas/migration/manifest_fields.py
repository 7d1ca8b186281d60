"""What the values of a manifest must be, whatever list they stand in.

All functions are pure. Those that check yield faults; what cannot be read is read as empty, for
then there is a fault, and nothing is done.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence

from migration.manifest_records import Fault, Record
from migration.workmail_names import (
    MAX_ALIASES,
    TEST_DOMAIN,
    address_problem,
    control_problem,
    text_problem,
)

ADDRESS_REMEDY = "write an address of letters, digits and . _ % + -"

_YES_NO: Mapping[str, bool] = {"yes": True, "no": False}


def read_yes_no(text: str) -> bool | None:
    """yes and no may be written in capitals or not; None for anything else."""
    return _YES_NO.get(text.lower())


def check_yes_no(record: Record, *columns: str) -> Iterator[Fault]:
    for column in columns:
        if record.text(column) and read_yes_no(record.text(column)) is None:
            yield record.fault(column, "it is neither yes nor no", "write yes, no, or nothing")


def _find_garbled(record: Record) -> Mapping[str, Fault]:
    """The columns with control characters, each with its fault; nothing else is said of them."""
    garbled: dict[str, Fault] = {}
    for column, value in record.texts.items():
        if problem := control_problem(value):
            garbled[column] = record.fault(column, problem, "type the value anew")
    for column, values in record.lists.items():
        for number, value in enumerate(values):
            if column not in garbled and (problem := control_problem(value)):
                garbled[column] = record.fault(column, problem, "type the value anew", number)
    return garbled


def tell_once(record: Record, faults: Iterable[Fault]) -> Iterator[Fault]:
    """The faults of the garbled columns, and those of `faults` that are about others."""
    garbled = _find_garbled(record)
    yield from garbled.values()
    yield from (fault for fault in faults if fault.place.column not in garbled)


def read_name(record: Record) -> str:
    """The name of a group or resource as it is written; by default the part of the address before
    the @."""
    return record.text("name") or record.text("address").partition("@")[0]


def check_filled(record: Record, column: str, remedy: str) -> Iterator[Fault]:
    """A required value must not be empty. One that is not there has been blamed already."""
    if record.has(column) and not record.text(column) and not record.items(column):
        yield record.fault(column, "it is empty", remedy)


def check_length(record: Record, column: str, longest: int) -> Iterator[Fault]:
    """Control characters are left to `_find_garbled`."""
    value = record.text(column)
    problem = text_problem(value, longest)
    if problem and not control_problem(value):
        yield record.fault(column, problem, "shorten it")


def check_own_address(record: Record, column: str, domains: Sequence[str]) -> Iterator[Fault]:
    """A primary address, which is written: it fits WorkMail and is in one of the domains."""
    address = record.text(column)
    if problem := address_problem(address):
        yield record.fault(column, problem, ADDRESS_REMEDY)
    elif foreign := domain_problem(address, domains):
        yield record.fault(column, *foreign)


def check_aliases(record: Record, domains: Sequence[str], way_out: str) -> Iterator[Fault]:
    """`way_out`: what to do with more aliases than WorkMail gives one entity."""
    aliases = record.items("aliases")
    if len(aliases) > MAX_ALIASES:
        problem = (
            f"it has {len(aliases)} aliases, and {MAX_ALIASES} are the most: "
            f"{len(aliases) - MAX_ALIASES} too many"
        )
        yield record.fault("aliases", problem, way_out)
    for number, alias in enumerate(aliases):
        name = f"alias {record.nth('aliases', number)}"
        if problem := address_problem(alias):
            remedy = f"{ADDRESS_REMEDY}, separated by spaces or |"
            yield record.fault("aliases", f"{name}: {problem}", remedy, number)
        elif foreign := domain_problem(alias, domains, with_test_domain=True):
            yield record.fault("aliases", f"{name}: {foreign[0]}", foreign[1], number)


def domain_problem(
    address: str, domains: Sequence[str], *, with_test_domain: bool = False
) -> tuple[str, str] | None:
    """Problem and remedy when the address belongs to no domain of the tenant; without `domains` it
    may belong to any."""
    if not is_foreign(address, domains, with_test_domain=with_test_domain):
        return None
    known = [name.lower() for name in domains]
    close = difflib.get_close_matches(address.rpartition("@")[2].lower(), known, n=1)
    meant = f"did you mean {close[0]}?" if close else f"use one of {', '.join(known)}."
    problem = "its domain is not one of the tenant's"
    return problem, f"{meant} Or add the domain to `domains` in the tenant file"


def is_foreign(address: str, domains: Sequence[str], *, with_test_domain: bool) -> bool:
    """Whether the address is outside the tenant's domains; the organization's test domain counts
    as one of them `with_test_domain`."""
    domain = address.rpartition("@")[2].lower()
    inside = not domains or domain in (name.lower() for name in domains)
    return not inside and not (with_test_domain and domain.endswith(TEST_DOMAIN))
