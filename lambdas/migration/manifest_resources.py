"""What the resources of a manifest must be. All functions are pure and find every fault."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from migration.directory_model import Booking, EntityKind, Resource, ResourceKind
from migration.identity import entity_id
from migration.manifest_fields import (
    check_aliases,
    check_filled,
    check_length,
    check_own_address,
    check_yes_no,
    read_name,
    read_yes_no,
    tell_once,
)
from migration.manifest_records import Fault, Record
from migration.manifest_references import Known, check_list
from migration.resource_names import derive_names
from migration.workmail_names import MAX_DESCRIPTION, MAX_TEXT

_BOOKING = ("auto_accept", "auto_decline_recurring", "auto_decline_conflicts")


@dataclass(frozen=True, slots=True)
class ResourceReading:
    """A resource as it is read, and where it stands."""

    record: Record
    resource: Resource


def read_resources(
    records: Sequence[Record], tenant: str, known: Known, taken: Collection[str]
) -> list[ResourceReading]:
    """The resources, with names that fit WorkMail and differ from those that are `taken`.
    Delegates of the manifest stand by their primary addresses."""
    wanted = {record.text("address").lower(): read_name(record) for record in records}
    fit = derive_names(wanted, taken)
    readings = []
    for record in records:
        source_name = read_name(record)
        name = fit[record.text("address").lower()]
        resource = _read(record, tenant, known, name, "" if name == source_name else source_name)
        readings.append(ResourceReading(record, resource))
    return readings


def _read(record: Record, tenant: str, known: Known, name: str, source_name: str) -> Resource:
    address, kind = record.text("address"), record.text("type").upper()
    return Resource(
        id=entity_id(tenant, "resource", address),
        address=address,
        name=name,
        kind=ResourceKind(kind) if kind in list(ResourceKind) else ResourceKind.ROOM,
        source_name=source_name,
        description=record.text("description"),
        hidden=read_yes_no(record.text("hidden")),
        aliases=record.items("aliases"),
        booking=Booking(*(read_yes_no(record.text(column)) for column in _BOOKING)),
        delegates=known.primaries(record.items("delegates")),
        source=record.text("source"),
    )


def check_resource(record: Record, known: Known, domains: Sequence[str]) -> Iterator[Fault]:
    """The faults of one resource; without `domains` any domain is good."""
    yield from tell_once(record, _check(record, known, domains))


def _check(record: Record, known: Known, domains: Sequence[str]) -> Iterator[Fault]:
    remedy = "write the address that the resource gets in WorkMail"
    yield from check_filled(record, "address", remedy)
    if record.text("address"):
        yield from check_own_address(record, "address", domains)
    yield from check_length(record, "name", MAX_TEXT)
    yield from check_filled(record, "type", "write room or equipment")
    kind = record.text("type").upper()
    if kind and kind not in list(ResourceKind):
        problem = "it is no type of resource that WorkMail has"
        yield record.fault("type", problem, "write room or equipment")
    yield from check_length(record, "description", MAX_DESCRIPTION)
    yield from check_yes_no(record, "hidden", *_BOOKING)
    yield from check_aliases(record, domains, "leave some out")
    if read_yes_no(record.text("auto_accept")) is False and not record.items("delegates"):
        problem = "it neither accepts requests by itself, nor has it a delegate who answers them"
        yield record.fault("auto_accept", problem, "name a delegate, or write yes")
    yield from check_list(record, "delegates", "delegate", known, domains)
    for item, delegate in enumerate(record.items("delegates")):
        if known.kind(delegate) is EntityKind.RESOURCE:
            number = record.nth("delegates", item)
            problem = f"delegate {number} is a resource, and delegates are users or groups"
            remedy = "remove it, or name a user or a group who answers"
            yield record.fault("delegates", problem, remedy, item)
