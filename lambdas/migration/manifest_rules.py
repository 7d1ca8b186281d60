"""What the users of a manifest must be, one by one.

All functions are pure and find every fault, not the first one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from migration.manifest_columns import ADDRESS_BOOK
from migration.manifest_fields import (
    ADDRESS_REMEDY,
    check_aliases,
    check_filled,
    check_length,
    domain_problem,
    tell_once,
)
from migration.manifest_profile import check_profile, read_profile, read_quota
from migration.manifest_records import Fault, Record
from migration.model import ManifestRow
from migration.workmail_names import (
    MAX_TEXT,
    address_problem,
    derive_username,
    username_problem,
)

_TEXTS = ("display_name", "first_name", "last_name", *(column.name for column in ADDRESS_BOOK))


@dataclass(frozen=True, slots=True)
class UserReading:
    """A user as it is read, and where it stands; columns that were not written hold defaults."""

    record: Record
    row: ManifestRow


def read_user(record: Record) -> UserReading:
    """The row with its defaults: the target is the source, and the user name is derived."""
    source = record.text("source")
    target = record.text("target") or source
    row = ManifestRow(
        line=record.place.line,
        source=source,
        target=target,
        username=record.text("username") or derive_username(target),
        display_name=record.text("display_name"),
        first_name=record.text("first_name"),
        last_name=record.text("last_name"),
        aliases=record.items("aliases"),
        profile=read_profile(record),
        quota_mb=read_quota(record),
    )
    return UserReading(record, row)


def check_user(reading: UserReading, domains: Sequence[str]) -> Iterator[Fault]:
    """The faults of one user; without `domains` any domain is good."""
    yield from tell_once(reading.record, _check(reading, domains))


def _check(reading: UserReading, domains: Sequence[str]) -> Iterator[Fault]:
    record = reading.record
    remedy = "write the login name or address that the mailbox has at the source"
    yield from check_filled(record, "source", remedy)
    yield from _check_target(reading, domains)
    if record.text("username") and (problem := username_problem(reading.row.username)):
        remedy = "write at most 64 letters, digits and . _ -, or leave it empty"
        yield record.fault("username", problem, remedy)
    yield from check_filled(record, "display_name", "write the name as colleagues see it")
    for column in _TEXTS:
        yield from check_length(record, column, MAX_TEXT)
    yield from check_aliases(record, domains, "leave some out, or give some to a group of the user")
    yield from check_profile(record)


def _check_target(reading: UserReading, domains: Sequence[str]) -> Iterator[Fault]:
    record, target = reading.record, reading.row.target
    if not target:
        return
    problem = address_problem(target)
    if problem and not record.text("target"):
        remedy = "fill in the WorkMail address, because the source cannot serve as one"
        yield record.fault("target", problem, remedy)
    elif problem:
        yield record.fault("target", problem, ADDRESS_REMEDY)
    elif foreign := domain_problem(target, domains):
        yield record.fault("target", *foreign)
