"""What the groups of a manifest must be. All functions are pure and find every fault."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from migration.directory_model import EntityKind, Group
from migration.identity import entity_id
from migration.manifest_fields import (
    check_aliases,
    check_filled,
    check_own_address,
    check_yes_no,
    read_name,
    read_yes_no,
    tell_once,
)
from migration.manifest_records import Fault, Record
from migration.manifest_references import Known, check_list
from migration.workmail_names import group_name_problem


@dataclass(frozen=True, slots=True)
class GroupReading:
    """A group as it is read, and where it stands."""

    record: Record
    group: Group


def read_group(record: Record, tenant: str, known: Known) -> GroupReading:
    """Members and owners of the manifest stand by their primary addresses."""
    address = record.text("address")
    group = Group(
        id=entity_id(tenant, "group", address),
        address=address,
        name=read_name(record),
        hidden=read_yes_no(record.text("hidden")),
        aliases=record.items("aliases"),
        members=known.primaries(record.items("members")),
        owners=known.primaries(record.items("owners")),
    )
    return GroupReading(record, group)


def check_group(record: Record, known: Known, domains: Sequence[str]) -> Iterator[Fault]:
    """The faults of one group; without `domains` any domain is good."""
    yield from tell_once(record, _check(record, known, domains))


def _check(record: Record, known: Known, domains: Sequence[str]) -> Iterator[Fault]:
    yield from check_filled(record, "address", "write the address that the group gets in WorkMail")
    if record.text("address"):
        yield from check_own_address(record, "address", domains)
    if record.text("name") and (problem := group_name_problem(record.text("name"))):
        remedy = "write letters of Latin-1 (A to Z, with or without accents), or leave it empty"
        yield record.fault("name", problem, remedy if "refuses" in problem else "shorten it")
    yield from check_list(record, "members", "member", known, domains)
    for item, member in enumerate(record.items("members")):
        if known.kind(member) is EntityKind.RESOURCE:
            number = record.nth("members", item)
            problem = f"member {number} is a resource, and a group holds users and groups only"
            remedy = "remove it, or name the users who look after the resource"
            yield record.fault("members", problem, remedy, item)
    # owners may be anybody, since WorkMail is not told of them
    yield from check_list(record, "owners", "owner", known, ())
    yield from check_aliases(
        record,
        domains,
        "leave some out, or give some to another group that this one is a member of",
    )
    yield from check_yes_no(record, "hidden")


def find_cycles(readings: Sequence[GroupReading]) -> Iterator[Fault]:
    """Members by which a group becomes a member of itself, through others or not. Without all of
    them no group would be."""
    groups = {reading.group.address.lower(): reading for reading in readings}
    ended: set[str] = set()
    for start in groups:
        # by hand, because groups may be nested deeper than Python's calls
        path: dict[str, Iterator[tuple[int, str]]] = {}
        following: str | None = None if start in ended else start
        while following is not None or path:
            if following is not None:
                path[following] = _nested(groups, following)
                following = None
            here = next(reversed(path))
            for item, member in path[here]:
                if member in path:
                    yield _blame_cycle(groups[here], item, len(path) - list(path).index(member))
                elif member not in ended:
                    following = member
                    break
            else:
                ended.add(here)
                del path[here]


def _nested(groups: Mapping[str, GroupReading], address: str) -> Iterator[tuple[int, str]]:
    """The members that are groups of the manifest, each with its number."""
    for item, member in enumerate(groups[address].group.members):
        if member.lower() in groups:
            yield item, member.lower()


def _blame_cycle(reading: GroupReading, item: int, length: int) -> Fault:
    number = reading.record.nth("members", item)
    if length == 1:
        problem, remedy = f"member {number} is the group itself", "remove it"
    else:
        problem = (
            f"by member {number} the group is a member of itself, in a circle of {length} groups"
        )
        remedy = "remove it, or another member of that circle"
    return reading.record.fault("members", problem, remedy, item)
