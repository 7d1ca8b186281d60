"""What no single entry of a manifest can tell: names and addresses that come twice.

Users, groups and resources share WorkMail's addresses, and its names. All functions are pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from migration.directory_model import EntityKind
from migration.manifest_groups import GroupReading
from migration.manifest_records import Fault, Record
from migration.manifest_resources import ResourceReading
from migration.manifest_rules import UserReading


@dataclass(frozen=True, slots=True)
class _Claim:
    """A value that no other entry may have. `written`: not a default."""

    record: Record
    column: str
    value: str
    remedy: str
    written: bool = True


def compare(
    users: Sequence[UserReading],
    groups: Sequence[GroupReading],
    resources: Sequence[ResourceReading],
) -> Iterator[Fault]:
    """A default is not blamed when the value that it comes from is."""
    sources = [_Claim(each.record, "source", each.row.source, _SOURCE_REMEDY) for each in users]
    identities = [
        _Claim(each.record, "identity_center_id", identity, _IDENTITY_REMEDY)
        for each in users
        if (identity := each.row.profile.identity_center_id)
    ]
    addresses = _claim(
        "address",
        [
            *((each.record, "target", each.row.target, "mailbox") for each in users),
            *((each.record, "address", each.group.address, "group") for each in groups),
            *((each.record, "address", each.resource.address, "resource") for each in resources),
        ],
    )
    names = _claim(
        "name",
        [
            *((each.record, "username", each.row.username, "user") for each in users),
            *((each.record, "name", each.group.name, "group") for each in groups),
            *((each.record, "name", each.resource.name, "resource") for each in resources),
        ],
    )
    blamed: set[tuple[str, str]] = set()
    for claims in (sources, addresses, names, identities):
        yield from _find_twice(claims, blamed)
    yield from _compare_aliases(addresses)


_SOURCE_REMEDY = "remove one of the two, because each mailbox is copied once"
_IDENTITY_REMEDY = "write another ID, because each user needs its own, or leave it empty"


def _claim(what: str, entries: Iterable[tuple[Record, str, str, str]]) -> list[_Claim]:
    """Addresses or names. Each entry: its record, the column, the value, and the noun for it."""
    return [
        _Claim(
            record,
            column,
            value,
            f"write another {what}, because each {noun} needs its own",
            written=bool(record.text(column)),
        )
        for record, column, value, noun in entries
    ]


def _find_twice(claims: Sequence[_Claim], blamed: set[tuple[str, str]]) -> Iterator[Fault]:
    """`blamed` holds the pairs of entries of which one has been blamed, and grows."""
    first: dict[str, _Claim] = {}
    for claim in claims:
        earlier = first.setdefault(claim.value.lower(), claim)
        if not claim.value or earlier is claim:
            continue
        pair = earlier.record.place.record, claim.record.place.record
        if claim.written or pair not in blamed:
            blamed.add(pair)
            where = earlier.record.place.seen_from(claim.record.place)
            same = f"{earlier.column} of" if earlier.column != claim.column else "in"
            problem = f"it is the same as {same} {where}"
            yield claim.record.fault(claim.column, problem, claim.remedy)


def _compare_aliases(addresses: Sequence[_Claim]) -> Iterator[Fault]:
    """No alias is an address, or an alias, of another entry or of its own."""
    owners: dict[str, tuple[Record, str]] = {}
    for claim in addresses:
        owners.setdefault(claim.value.lower(), (claim.record, claim.column))
    for claim in addresses:
        for item, alias in enumerate(claim.record.items("aliases")):
            name = f"alias {claim.record.nth('aliases', item)}"
            record, what = owners.setdefault(alias.lower(), (claim.record, name))
            if (record, what) != (claim.record, name):
                where = record.place.seen_from(claim.record.place)
                problem = f"{name} is the same as {what} of {where}"
                yield claim.record.fault("aliases", problem, "remove it from one of them", item)


def index(
    users: Sequence[UserReading], groups: Sequence[Record], resources: Sequence[Record]
) -> dict[str, tuple[EntityKind, str]]:
    """What has each address, in small letters, and its primary address."""
    entities: dict[str, tuple[EntityKind, str]] = {}
    primaries = [(EntityKind.USER, each.row.target, each.record) for each in users]
    primaries += [(EntityKind.GROUP, each.text("address"), each) for each in groups]
    primaries += [(EntityKind.RESOURCE, each.text("address"), each) for each in resources]
    for kind, primary, _ in primaries:
        entities.setdefault(primary.lower(), (kind, primary))
    for kind, primary, record in primaries:
        for alias in record.items("aliases"):
            entities.setdefault(alias.lower(), (kind, primary))
    return entities
