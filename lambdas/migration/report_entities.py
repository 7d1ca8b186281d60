"""What the report says of groups, resources and mailbox permissions, as values. Pure.

Addresses and names stand here as they do of mailboxes; failures and remarks hold numbers alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from migration.directory_model import EntityRecord, EntityStatus, Group, Resource
from migration.model import Failure
from migration.provisioning import UNDER_WAY

FAILED, UNFINISHED, NOT_PROVISIONED = "failed", "unfinished", "not provisioned"


@dataclass(frozen=True, slots=True)
class EntityLine:
    """A group, a resource, or the permissions of a mailbox.

    id       the digest by which logs and messages name it
    kind     groups, resources or permissions
    name     its name; empty for permissions
    address  its address; of permissions, the mailbox's
    outcome  created, enabled, enabled again, changed, unchanged, failed, unfinished (its work began
             and nobody has ended it), or not provisioned (the run was not asked to, or did not get
             so far)
    failure  what WorkMail refused; null if nothing was. The rest was done as far as it could be
    remarks  what could not be done exactly
    """

    id: str
    kind: str
    name: str
    address: str
    outcome: str
    failure: Failure | None
    remarks: tuple[str, ...]

    @property
    def needs_attention(self) -> bool:
        return self.outcome in (FAILED, UNFINISHED)


def tell_entities(records: Iterable[EntityRecord]) -> tuple[EntityLine, ...]:
    """Those that need attention come first, then by kind and address."""
    lines = [_line(record) for record in records]
    return tuple(
        sorted(lines, key=lambda line: (not line.needs_attention, line.kind, line.address))
    )


def count_entities(lines: Iterable[EntityLine]) -> Mapping[str, Mapping[str, int]]:
    """How many of each kind ended how."""
    counted: dict[str, Counter[str]] = {}
    for line in lines:
        counted.setdefault(line.kind, Counter())[line.outcome] += 1
    return {kind: dict(sorted(counts.items())) for kind, counts in sorted(counted.items())}


def _line(record: EntityRecord) -> EntityLine:
    wanted = record.wanted
    kind, name, address = "permissions", "", ""
    if isinstance(wanted, Group):
        kind, name, address = "groups", wanted.name, wanted.address
    elif isinstance(wanted, Resource):
        kind, name, address = "resources", wanted.source_name or wanted.name, wanted.address
    else:
        address = wanted.owner
    outcome = _outcome(record)
    return EntityLine(wanted.id, kind, name, address, outcome, record.failure, record.remarks)


def _outcome(record: EntityRecord) -> str:
    if record.status is EntityStatus.FAILED:
        return FAILED
    if record.status is EntityStatus.DONE:
        return record.outcome
    begun = record.status is EntityStatus.MADE or record.outcome in UNDER_WAY
    return UNFINISHED if begun else NOT_PROVISIONED
