"""Groups, resources and sharings as attributes of ledger items, and back (see rows.py)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from migration.directory_model import (
    Booking,
    EntityRecord,
    EntityStatus,
    Grant,
    Group,
    Permission,
    Resource,
    ResourceKind,
    Sharing,
    Wanted,
)
from migration.model import Failure

_KINDS: Mapping[str, type[Wanted]] = {"group": Group, "resource": Resource, "sharing": Sharing}


def plan_attributes(run: str, wanted: Wanted) -> dict[str, Any]:
    """What planning sets. What an earlier run has found out about the entity is not among it."""
    return {
        "kind": _kind_of(wanted),
        "wanted": _wanted_text(wanted),
        "run": run,
        "status": str(EntityStatus.PLANNED),
        "remarks": [],
    }


def entity_attributes(record: EntityRecord) -> dict[str, Any]:
    """The whole record."""
    attributes = plan_attributes(record.run, record.wanted) | {
        "status": str(record.status),
        "entity_id": record.entity_id,
        "outcome": record.outcome,
        "remarks": list(record.remarks),
    }
    if record.failure:
        attributes["failure"] = json.dumps(asdict(record.failure), ensure_ascii=False)
    return attributes


def entity_from(item: Mapping[str, Any]) -> EntityRecord:
    return EntityRecord(
        wanted=_wanted_from(item["kind"], item["wanted"]),
        run=item["run"],
        status=EntityStatus(item["status"]),
        entity_id=item.get("entity_id", ""),
        outcome=item.get("outcome", ""),
        failure=Failure(**json.loads(item["failure"])) if "failure" in item else None,
        remarks=tuple(item["remarks"]),
    )


def _kind_of(wanted: Wanted) -> str:
    return next(kind for kind, type_ in _KINDS.items() if isinstance(wanted, type_))


def _wanted_text(wanted: Wanted) -> str:
    fields = asdict(wanted)
    for grant in fields.get("grants", ()):
        grant["permissions"] = sorted(grant["permissions"])
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":"))


def _wanted_from(kind: str, text: str) -> Wanted:
    fields = json.loads(text)
    for name in ("aliases", "members", "owners", "delegates"):
        if name in fields:
            fields[name] = tuple(fields[name])
    if "booking" in fields:
        fields["booking"] = Booking(**fields["booking"])
        fields["kind"] = ResourceKind(fields["kind"])
    if "grants" in fields:
        fields["grants"] = tuple(
            Grant(each["grantee"], frozenset(map(Permission, each["permissions"])))
            for each in fields["grants"]
        )
    return _KINDS[kind](**fields)
