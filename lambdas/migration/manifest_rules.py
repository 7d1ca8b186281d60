"""What a manifest's values must be, row by row and among the rows.

All functions are pure and find every fault, not the first one. Faults name lines, columns and
characters; they never hold an address or a name, because they end in the execution's history.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from migration.manifest_profile import (
    ADDRESS_BOOK_COLUMNS,
    PROFILE_COLUMNS,
    check_profile,
    read_profile,
    read_quota,
)
from migration.model import ManifestRow
from migration.workmail_names import (
    MAX_ALIASES,
    address_problem,
    control_problem,
    derive_username,
    text_problem,
    username_problem,
)

USUAL_COLUMNS = (
    "source",
    "target",
    "username",
    "display_name",
    "first_name",
    "last_name",
    "aliases",
)
COLUMNS = (*USUAL_COLUMNS, *PROFILE_COLUMNS)
REQUIRED = ("source", "display_name")

_TEXTS = ("display_name", "first_name", "last_name", *ADDRESS_BOOK_COLUMNS)
_ADDRESS_REMEDY = "write an address of letters, digits and . _ % + -"
_TEST_DOMAIN = ".awsapps.com"  # every organization has one; aliases there are fine


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong in the manifest, and what to write instead.

    `line` counts from 1, the header included; `column` is empty when the whole line is meant.
    """

    line: int
    column: str
    problem: str
    remedy: str

    @property
    def text(self) -> str:
        """One sentence for the operator: `line 3, target: ...`."""
        where = f"line {self.line}, {self.column}" if self.column else f"line {self.line}"
        return f"{where}: {self.problem}; {self.remedy}"


@dataclass(frozen=True, slots=True)
class Reading:
    """A row, and the columns that were written in it; the others hold their defaults."""

    row: ManifestRow
    written: frozenset[str]


def read_row(line: int, values: Mapping[str, str]) -> Reading:
    """The row with its defaults: the target is the source, and the user name is derived."""
    source = values.get("source", "")
    target = values.get("target", "") or source
    row = ManifestRow(
        line=line,
        source=source,
        target=target,
        username=values.get("username", "") or derive_username(target),
        display_name=values.get("display_name", ""),
        first_name=values.get("first_name", ""),
        last_name=values.get("last_name", ""),
        aliases=tuple(alias for alias in re.split(r"[\s|]+", values.get("aliases", "")) if alias),
        profile=read_profile(values),
        quota_mb=read_quota(values),
    )
    return Reading(row, frozenset(column for column, value in values.items() if value))


def check_row(
    reading: Reading, values: Mapping[str, str], domains: Sequence[str]
) -> Iterator[Fault]:
    """The faults of one row. `values` holds the columns that the manifest has, as written;
    without `domains` any domain is good."""
    garbled = set()
    for column, value in values.items():
        if problem := control_problem(value):
            garbled.add(column)
            yield Fault(reading.row.line, column, problem, "type the value anew")
    for column, check in _CHECKS.items():
        if column not in garbled:
            yield from check(reading, values, domains)
    for column, problem, remedy in check_profile(values):
        if column not in garbled:
            yield Fault(reading.row.line, column, problem, remedy)


def _check_source(
    reading: Reading, values: Mapping[str, str], _domains: Sequence[str]
) -> Iterator[Fault]:
    if "source" in values and not values["source"]:
        remedy = "write the login name or address that the mailbox has at the source"
        yield Fault(reading.row.line, "source", "it is empty", remedy)


def _check_target(
    reading: Reading, _values: Mapping[str, str], domains: Sequence[str]
) -> Iterator[Fault]:
    row = reading.row
    if not row.target:
        return
    problem = address_problem(row.target)
    if problem and "target" not in reading.written:
        remedy = "fill in the WorkMail address, because the source cannot serve as one"
        yield Fault(row.line, "target", problem, remedy)
    elif problem:
        yield Fault(row.line, "target", problem, _ADDRESS_REMEDY)
    elif foreign := _domain_problem(row.target, domains):
        yield Fault(row.line, "target", *foreign)


def _check_username(
    reading: Reading, _values: Mapping[str, str], _domains: Sequence[str]
) -> Iterator[Fault]:
    if "username" in reading.written and (problem := username_problem(reading.row.username)):
        remedy = "write at most 64 letters, digits and . _ -, or leave it empty"
        yield Fault(reading.row.line, "username", problem, remedy)


def _check_texts(
    reading: Reading, values: Mapping[str, str], _domains: Sequence[str]
) -> Iterator[Fault]:
    line = reading.row.line
    if "display_name" in values and not values["display_name"]:
        yield Fault(line, "display_name", "it is empty", "write the name as colleagues see it")
    for column in _TEXTS:
        value = values.get(column, "")
        problem = text_problem(value)
        if problem and not control_problem(value):
            yield Fault(line, column, problem, "shorten it")


def _check_aliases(
    reading: Reading, _values: Mapping[str, str], domains: Sequence[str]
) -> Iterator[Fault]:
    row = reading.row
    if len(row.aliases) > MAX_ALIASES:
        problem = f"it has {len(row.aliases)} aliases, and {MAX_ALIASES} are the most"
        yield Fault(row.line, "aliases", problem, "leave some out, or make them groups later")
    for number, alias in enumerate(row.aliases, 1):
        if problem := address_problem(alias):
            remedy = f"{_ADDRESS_REMEDY}, separated by spaces or |"
            yield Fault(row.line, "aliases", f"alias {number}: {problem}", remedy)
        elif not alias.lower().endswith(_TEST_DOMAIN) and (
            foreign := _domain_problem(alias, domains)
        ):
            yield Fault(row.line, "aliases", f"alias {number}: {foreign[0]}", foreign[1])


_Check = Callable[[Reading, Mapping[str, str], Sequence[str]], Iterator[Fault]]
_CHECKS: Mapping[str, _Check] = {
    "source": _check_source,
    "target": _check_target,
    "username": _check_username,
    "display_name": _check_texts,
    "aliases": _check_aliases,
}


def _domain_problem(address: str, domains: Sequence[str]) -> tuple[str, str] | None:
    """Problem and remedy when the address belongs to no domain of the tenant."""
    domain = address.rpartition("@")[2].lower()
    known = [name.lower() for name in domains]
    if not known or domain in known:
        return None
    close = difflib.get_close_matches(domain, known, n=1)
    meant = f"did you mean {close[0]}?" if close else f"use one of {', '.join(known)}"
    problem = "its domain is not one of the tenant's"
    return problem, f"{meant} Or add the domain to `domains` in the tenant file"


def compare_rows(readings: Sequence[Reading]) -> Iterator[Fault]:
    """What no single row can tell: sources, targets, user names and aliases that come twice.

    A value that was not written is not blamed when the value that it comes from is."""
    blamed: set[tuple[int, int]] = set()
    for column in ("source", "target", "username"):
        first: dict[str, int] = {}
        for reading in readings:
            row = reading.row
            value = str(getattr(row, column)).lower()
            earlier = first.setdefault(value, row.line)
            if not value or earlier == row.line:
                continue
            if column in reading.written or (earlier, row.line) not in blamed:
                blamed.add((earlier, row.line))
                yield Fault(
                    row.line, column, f"it is the same as in line {earlier}", _twice(column)
                )
    rows = [reading.row for reading in readings]
    yield from _compare_identities(rows)
    yield from _compare_aliases(rows)


def _twice(column: str) -> str:
    return {
        "source": "remove one of the lines, because each mailbox is copied once",
        "target": "write another address, because each mailbox needs its own",
        "username": "write another name, because each user needs its own",
    }[column]


def _compare_identities(rows: Sequence[ManifestRow]) -> Iterator[Fault]:
    first: dict[str, int] = {}
    for row in rows:
        identity = row.profile.identity_center_id.lower()
        earlier = first.setdefault(identity, row.line)
        if identity and earlier != row.line:
            remedy = "write another ID, because each user needs its own, or leave it empty"
            yield Fault(
                row.line, "identity_center_id", f"it is the same as in line {earlier}", remedy
            )


def _compare_aliases(rows: Sequence[ManifestRow]) -> Iterator[Fault]:
    owners: dict[str, tuple[int, str]] = {}
    for row in rows:
        owners.setdefault(row.target.lower(), (row.line, "target"))
    for row in rows:
        for number, alias in enumerate(row.aliases, 1):
            own = (row.line, f"alias {number}")
            line, what = owners.setdefault(alias.lower(), own)
            if (line, what) != own:
                place = "this line" if line == row.line else f"line {line}"
                problem = f"alias {number} is the same as {what} of {place}"
                yield Fault(row.line, "aliases", problem, "remove it from one of them")
