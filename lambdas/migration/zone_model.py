"""What a hosted zone holds, and what this migration has done to it. Standard library only.

Names are in small letters without the final dot. Values are rdata as Route 53 writes it: hosts with
or without their final dot, the strings of a TXT record in quotation marks, other characters as
`\\` and three octal digits.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class HostedZone:
    """A public hosted zone."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class RecordSet:
    """All values of one name and type. `special` says what it is if it is no plain one: "an alias"
    or "weighted", for instance; it may have no values and no TTL then."""

    name: str
    type: str
    ttl: int
    values: tuple[str, ...]
    special: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """`action` is UPSERT, which puts the set in the place of what is there, or DELETE, which is
    refused unless exactly this set is there."""

    action: str
    record_set: RecordSet


@dataclass(frozen=True, slots=True)
class PublishedSet:
    """A record set that this migration has changed.

    `before` is what stood there when it was first touched (None: nothing); later runs keep it.
    `written` is all that this migration has put in its place since, the newest last; it is known
    before it is written. `change` is Route 53's id of the latest change, "" while that is not
    known; `in_sync` once all its servers have it. `outcome` is empty, or what a rollback made of
    it: restored or left; then `decided_by` is the run and `reason` says why it was left.
    """

    zone: str
    name: str
    type: str
    before: RecordSet | None
    written: tuple[RecordSet, ...]
    run: str
    change: str = ""
    in_sync: bool = False
    outcome: str = ""
    decided_by: str = ""
    reason: str = ""
