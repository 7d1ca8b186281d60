"""Who is in which group, as WorkMail can have it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from migration import discovery_notes as notes
from migration.directory_model import EntityKind
from migration.discovery_model import FoundGroup, GroupKind
from migration.discovery_notes import Notes
from migration.workmail_names import address_problem


@dataclass(frozen=True, slots=True)
class Known:
    """What the manifest has, by each address of the source in small letters: what it is, and its
    address in WorkMail."""

    entities: Mapping[str, tuple[EntityKind, str]]

    def find(self, address: str) -> tuple[EntityKind | None, str]:
        """None and the address itself if the manifest has nobody with it."""
        return self.entities.get(address.lower(), (None, address))


def choose_members(
    groups: Sequence[tuple[str, FoundGroup]], known: Known, told: Notes
) -> dict[str, list[str]]:
    """The members of each group by its address in WorkMail, which comes first in each pair.

    Only users and groups of the manifest, each once, and without circles; `told` gets a note of
    those who are left out.
    """
    members = {
        target: list(dict.fromkeys(_members(target, group, known, told)))
        for target, group in groups
    }
    for group, member in find_circles(members):
        members[group].remove(member)
        told.add(notes.CIRCLE, f"{group}: {member}")
    return members


def choose_owners(group: FoundGroup, known: Known) -> list[str]:
    """The owners who have an address that the manifest takes, each once."""
    targets = [known.find(owner)[1] for owner in group.owners]
    good = {one.lower(): one for one in targets if not address_problem(one)}
    return list(good.values())


def note_group(target: str, group: FoundGroup, members: Sequence[str], told: Notes) -> None:
    """What becomes of a group of this kind."""
    for text, holds in (
        (notes.UNIFIED, group.kind is GroupKind.UNIFIED),
        (notes.SECURITY, group.kind is GroupKind.SECURITY),
        (notes.DYNAMIC, group.dynamic),
        (notes.EMPTY, not members),
    ):
        if holds:
            told.add(text, target)
    for address in group.outside:
        told.add(notes.OUTSIDE, f"{target}: {address}")
    if group.unaddressed:
        told.add(notes.UNADDRESSED, f"{target}: {group.unaddressed}")


def find_circles(members: Mapping[str, Sequence[str]]) -> list[tuple[str, str]]:
    """The memberships without which no group is a member of itself, through others or not."""
    found: list[tuple[str, str]] = []
    ended: set[str] = set()
    for start in members:
        if start in ended:
            continue
        # by hand, because groups may be nested deeper than Python's calls
        path: dict[str, Iterator[str]] = {start: iter(members[start])}
        while path:
            here = next(reversed(path))
            for member in path[here]:
                if member in path:
                    found.append((here, member))
                elif member in members and member not in ended:
                    path[member] = iter(members[member])
                    break
            else:
                ended.add(here)
                del path[here]
    return found


def _members(target: str, group: FoundGroup, known: Known, told: Notes) -> Iterable[str]:
    for address in group.members:
        kind, member = known.find(address)
        if kind is None:
            told.add(notes.LOST_MEMBERS, f"{target}: {address}")
        elif kind is EntityKind.RESOURCE:
            told.add(notes.RESOURCE_MEMBERS, f"{target}: {address}")
        else:
            yield member
