"""What the source's directory has that a manifest has not, and the other way round. Pure.

Only the lists of users and groups are compared, so that it takes seconds. Differences name
addresses: they are for a file of the administrator's; findings count them and name lines.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from migration.discovery_model import Entry, Outline
from migration.findings import NOTHING, Findings
from migration.manifest import Manifest
from migration.manifest_fields import is_foreign
from migration.spreadsheet import write_sheet
from migration.workmail_names import address_problem

_LINES_AT_MOST = 20


class What(StrEnum):
    """A kind of difference, as the file calls it."""

    NO_LINE = "not in the manifest"
    NO_GROUP = "group not in the manifest"
    NO_ALIAS = "alias not in the manifest"
    UNKNOWN = "unknown at the source"
    OTHER_NAME = "known at the source by another name"


@dataclass(frozen=True, slots=True)
class Difference:
    """`line` is that of the manifest's list of users, 0 without one; `who` an address or name;
    `better` what could be written instead."""

    what: What
    who: str
    line: int = 0
    better: str = ""


def compare(outline: Outline, manifest: Manifest, domains: Sequence[str]) -> list[Difference]:
    """What differs, by kinds. Addresses outside `domains` do not count; without them all do. If
    the outline is not complete, nobody is unknown."""
    books = _Books(outline, manifest, domains)
    found = [*books.missing_users(), *books.missing_groups(), *books.missing_aliases()]
    found += [each for each in books.sources() if outline.complete or each.what != What.UNKNOWN]
    order = list(What)
    return sorted(found, key=lambda each: (order.index(each.what), each.line, each.who.lower()))


def tell_differences(differences: Sequence[Difference], file: str) -> Findings:
    """Warnings: how many of each kind, and where; `file` is the key of the list in the bucket."""
    warnings = []
    for what, text in _WARNINGS.items():
        if some := [each for each in differences if each.what is what]:
            told = text.format(number=len(some))
            warnings.append(told + _tell_lines([each.line for each in some if each.line]))
    if not warnings:
        return NOTHING
    return Findings(warnings=(*warnings, f"{file} lists what differs from the source's directory"))


def write_differences(differences: Sequence[Difference]) -> bytes:
    """The list, as CSV for a spreadsheet."""
    rows = [(each.what.value, each.who, each.line or None, each.better) for each in differences]
    return write_sheet(("difference", "who", "line of users", "better"), rows)


_WARNINGS = {
    What.NO_LINE: (
        "{number} users of the source's directory with an address in the tenant's domains are in "
        "no list of the manifest: they are not migrated, if they have a mailbox"
    ),
    What.NO_GROUP: "{number} groups of the source's directory are not in the manifest",
    What.NO_ALIAS: (
        "{number} aliases that users have at the source are not in the manifest: mail to them will "
        "not reach WorkMail"
    ),
    What.UNKNOWN: "{number} entries of the manifest have a source that its directory does not know",
    What.OTHER_NAME: (
        "{number} entries of the manifest name their source by an address that is not the name by "
        "which it is opened"
    ),
}


class _Books:
    """Both sides by addresses in small letters."""

    def __init__(self, outline: Outline, manifest: Manifest, domains: Sequence[str]) -> None:
        self._outline, self._manifest, self._domains = outline, manifest, domains
        self._sources = {source.lower(): line for source, line in _list_sources(manifest) if source}
        self._addresses = {address.lower() for address in _list_addresses(manifest)}
        self._users = {entry.name.lower(): entry for entry in outline.users}
        self._owners = {
            address.lower(): entry for entry in outline.users for address in entry.addresses
        }

    def missing_users(self) -> Iterator[Difference]:
        for entry in self._outline.users:
            ours = self._ours(entry.addresses)
            if ours and not self._is_listed(entry):
                yield Difference(What.NO_LINE, ours[0])

    def missing_groups(self) -> Iterator[Difference]:
        for entry in self._outline.groups:
            ours = self._ours(entry.addresses)
            if ours and not self._addresses & {one.lower() for one in ours}:
                yield Difference(What.NO_GROUP, ours[0])

    def missing_aliases(self) -> Iterator[Difference]:
        for row in self._manifest.rows:
            if entry := self._users.get(row.source.lower()):
                for address in self._ours(entry.addresses):
                    if address.lower() not in self._addresses and not address_problem(address):
                        yield Difference(What.NO_ALIAS, address, row.line)

    def sources(self) -> Iterator[Difference]:
        for source, line in _list_sources(self._manifest):
            if not source or source.lower() in self._users:
                continue
            if entry := self._owners.get(source.lower()):
                yield Difference(What.OTHER_NAME, source, line, entry.name)
            else:
                yield Difference(What.UNKNOWN, source, line)

    def _ours(self, addresses: Iterable[str]) -> list[str]:
        return [
            one for one in addresses if not is_foreign(one, self._domains, with_test_domain=False)
        ]

    def _is_listed(self, entry: Entry) -> bool:
        names = {name.lower() for name in (entry.name, *entry.addresses)}
        return not names.isdisjoint(self._sources) or not names.isdisjoint(self._addresses)


def _list_sources(manifest: Manifest) -> Iterator[tuple[str, int]]:
    """The lines of resources are not known any more."""
    yield from ((row.source, row.line) for row in manifest.rows)
    yield from ((resource.source, 0) for resource in manifest.resources)


def _list_addresses(manifest: Manifest) -> Iterator[str]:
    for row in manifest.rows:
        yield from (row.target, *row.aliases)
    for group in manifest.groups:
        yield from (group.address, *group.aliases)
    for resource in manifest.resources:
        yield from (resource.address, *resource.aliases)


def _tell_lines(lines: Sequence[int]) -> str:
    if not lines:
        return ""
    shown = ", ".join(map(str, lines[:_LINES_AT_MOST]))
    more = f" and {len(lines) - _LINES_AT_MOST} more" if len(lines) > _LINES_AT_MOST else ""
    return f"; by the line of the manifest: {shown}{more}"
