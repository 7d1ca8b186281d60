"""What no single entry of a manifest can tell: names and addresses that come twice.

Users, groups and resources share WorkMail's addresses, and its names. All functions are pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
    addresses = [*_claim_addresses(users, groups, resources)]
    blamed: set[tuple[str, str]] = set()
    for claims in (sources, addresses, [*_claim_names(users, groups, resources)], identities):
        yield from _find_twice(claims, blamed)
    yield from _compare_aliases(addresses)


_SOURCE_REMEDY = "remove one of the two, because each mailbox is copied once"
_IDENTITY_REMEDY = "write another ID, because each user needs its own, or leave it empty"


def _claim_addresses(
    users: Sequence[UserReading],
    groups: Sequence[GroupReading],
    resources: Sequence[ResourceReading],
) -> Iterator[_Claim]:
    remedy = "write another address, because each {} needs its own"
    for user in users:
        written = bool(user.record.text("target"))
        yield _Claim(user.record, "target", user.row.target, remedy.format("mailbox"), written)
    for group in groups:
        yield _Claim(group.record, "address", group.group.address, remedy.format("group"))
    for each in resources:
        yield _Claim(each.record, "address", each.resource.address, remedy.format("resource"))


def _claim_names(
    users: Sequence[UserReading],
    groups: Sequence[GroupReading],
    resources: Sequence[ResourceReading],
) -> Iterator[_Claim]:
    remedy = "write another name, because each {} needs its own"
    for user in users:
        written = bool(user.record.text("username"))
        yield _Claim(user.record, "username", user.row.username, remedy.format("user"), written)
    for group in groups:
        written = bool(group.record.text("name"))
        yield _Claim(group.record, "name", group.group.name, remedy.format("group"), written)
    for each in resources:
        written = bool(each.record.text("name"))
        yield _Claim(each.record, "name", each.resource.name, remedy.format("resource"), written)


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
