"""Addresses by which entries of a manifest refer to entities: members, owners, delegates, grantees.

An address of the manifest stands for its entity, whichever of its addresses it is. Another one in
the tenant's domains may be an entity that WorkMail has already: that is looked up when the entry is
provisioned. All functions are pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from migration.directory_model import EntityKind
from migration.manifest_fields import ADDRESS_REMEDY, domain_problem
from migration.manifest_records import Fault, Place, Record
from migration.workmail_names import address_problem

NO_CONTACTS = "WorkMail knows nobody outside the organization"


@dataclass(frozen=True, slots=True)
class Known:
    """The entities of the manifest by all of their addresses, in small letters: what each is, and
    its primary address."""

    entities: Mapping[str, tuple[EntityKind, str]]

    def kind(self, address: str) -> EntityKind | None:
        """What has the address; None if the manifest does not say."""
        kind, _ = self.entities.get(address.lower(), (None, ""))
        return kind

    def primary(self, address: str) -> str:
        """The primary address of the entity; the address itself where the manifest has none."""
        _, primary = self.entities.get(address.lower(), (None, address))
        return primary

    def primaries(self, addresses: Iterable[str]) -> tuple[str, ...]:
        return tuple(self.primary(address) for address in addresses)

    def same(self, one: str, other: str) -> bool:
        """Whether both addresses are of one entity."""
        return self.primary(one).lower() == self.primary(other).lower()


def check_address(
    record: Record,
    column: str,
    address: str,
    domains: Sequence[str],
    item: int = -1,
    word: str = "",
) -> Iterator[Fault]:
    """The address can be one of an entity in WorkMail. `word`: what an item of a list is called."""
    name = f"{word} {record.nth(column, item)}: " if word else ""
    if problem := address_problem(address):
        yield record.fault(column, f"{name}{problem}", ADDRESS_REMEDY, item)
    elif foreign := domain_problem(address, domains, with_test_domain=True):
        problem = f"{name}{foreign[0]}, and {NO_CONTACTS}"
        yield record.fault(column, problem, f"{foreign[1]}; else leave it out", item)


def check_list(
    record: Record, column: str, word: str, known: Known, domains: Sequence[str]
) -> Iterator[Fault]:
    """Each item can be an address of an entity in WorkMail, and none is there twice. `word`: what
    an item is called."""
    first: dict[str, int] = {}
    for item, address in enumerate(record.items(column)):
        yield from check_address(record, column, address, domains, item, word)
        earlier = first.setdefault(known.primary(address).lower(), item)
        if earlier != item:
            number, other = record.nth(column, item), record.nth(column, earlier)
            problem = f"{word} {number} is the same as {word} {other}"
            yield record.fault(column, problem, "remove one of them", item)


def find_unknown(
    known: Known, records: Iterable[Record], columns: Sequence[str]
) -> Iterator[Place]:
    """Where those columns name what is not in the manifest, and so must be in WorkMail already."""
    for record in records:
        for column in columns:
            items = record.items(column)
            for item, address in enumerate(items):
                if known.kind(address) is None:
                    yield record.at(column, item)
            if not items and record.text(column) and known.kind(record.text(column)) is None:
                yield record.at(column)
