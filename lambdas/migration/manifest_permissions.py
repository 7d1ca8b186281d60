"""What the permissions of a manifest must be. All functions are pure and find every fault."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from migration.directory_model import EntityKind, Grant, Permission, Sharing
from migration.identity import entity_id
from migration.manifest_fields import check_filled, tell_once
from migration.manifest_records import Fault, Record
from migration.manifest_references import Known, check_address
from migration.manifest_tables import name_hint

_WORDS = tuple(permission.value.lower() for permission in Permission)
_SEND_ONLY = f"write {_WORDS[1]} or {_WORDS[2]}"


@dataclass(frozen=True, slots=True)
class GrantReading:
    """What one grantee may do with one mailbox, as it is read, and where it stands. Both are by
    their primary addresses."""

    record: Record
    mailbox: str
    grant: Grant


def read_grant(record: Record, known: Known) -> GrantReading:
    """Words that are no permission are left out."""
    words = [word.upper() for word in record.items("permissions")]
    permissions = frozenset(each for each in Permission if each.value in words)
    grant = Grant(known.primary(record.text("grantee")), permissions)
    return GrantReading(record, known.primary(record.text("mailbox")), grant)


def share(readings: Sequence[GrantReading], tenant: str) -> list[Sharing]:
    """One sharing per mailbox, with its grants in their order."""
    by_mailbox: dict[str, list[GrantReading]] = {}
    for reading in readings:
        by_mailbox.setdefault(reading.mailbox.lower(), []).append(reading)
    return [
        Sharing(
            id=entity_id(tenant, "sharing", mailbox),
            owner=grants[0].mailbox,
            grants=tuple(reading.grant for reading in grants),
        )
        for mailbox, grants in by_mailbox.items()
    ]


def check_grant(reading: GrantReading, known: Known, domains: Sequence[str]) -> Iterator[Fault]:
    """The faults of one permission; without `domains` any domain is good."""
    yield from tell_once(reading.record, _check(reading, known, domains))


def _check(reading: GrantReading, known: Known, domains: Sequence[str]) -> Iterator[Fault]:
    record, grant = reading.record, reading.grant
    yield from check_filled(record, "mailbox", "write the address of the mailbox")
    yield from check_filled(record, "grantee", "write the address of the user or group")
    for column in ("mailbox", "grantee"):
        if record.text(column):
            yield from check_address(record, column, record.text(column), domains)
    if record.text("grantee") and known.same(record.text("mailbox"), record.text("grantee")):
        problem = "it is the mailbox itself, which may do everything already"
        yield record.fault("grantee", problem, "write who else may, or remove the entry")
    yield from check_filled(record, "permissions", f"write one or more of {', '.join(_WORDS)}")
    for item, word in enumerate(record.items("permissions")):
        if word.lower() not in _WORDS:
            problem = f"permission {record.nth('permissions', item)} is unknown"
            yield record.fault("permissions", problem, name_hint(word.lower(), _WORDS), item)
    if Permission.FULL_ACCESS in grant.permissions:
        yield from _check_full_access(reading, known)


def _check_full_access(reading: GrantReading, known: Known) -> Iterator[Fault]:
    """Administrator guide, "Working with mailbox permissions" and "Managing group permissions"."""
    words = [word.upper() for word in reading.record.items("permissions")]
    item = words.index(Permission.FULL_ACCESS)
    if known.kind(reading.mailbox) is EntityKind.GROUP:
        problem = "the mailbox is a group, for which there is no full access"
        yield reading.record.fault("permissions", problem, _SEND_ONLY, item)
    kind = known.kind(reading.grant.grantee)
    if kind not in (None, EntityKind.USER):
        problem = f"the grantee is a {kind.lower()}, and only users can have full access"
        remedy = f"write one entry per user, or {_SEND_ONLY.removeprefix('write ')}"
        yield reading.record.fault("permissions", problem, remedy, item)


def find_pairs_twice(readings: Sequence[GrantReading]) -> Iterator[Fault]:
    """The same grantee at the same mailbox: WorkMail would keep only what was put last."""
    first: dict[tuple[str, str], GrantReading] = {}
    for reading in readings:
        pair = reading.mailbox.lower(), reading.grant.grantee.lower()
        earlier = first.setdefault(pair, reading)
        if all(pair) and earlier is not reading:
            where = earlier.record.place.seen_from(reading.record.place)
            problem = f"the same mailbox and grantee are there in {where} already"
            remedy = "write all permissions there, and remove this one"
            yield reading.record.fault("grantee", problem, remedy)
