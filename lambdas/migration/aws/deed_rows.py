"""Deeds as attributes of ledger items, and back (see rows.py)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from migration.deeds import Deed, DeedKind, DeedState
from migration.directory_model import Permission


def deed_attributes(deed: Deed) -> dict[str, Any]:
    """The whole deed."""
    return {
        "deed": str(deed.kind),
        "run": deed.run,
        "at": deed.at,
        "subject": deed.subject,
        "detail": deed.detail,
        "status": str(deed.state),
        "entity_id": deed.entity_id,
        "before": sorted(deed.before),
        "after": sorted(deed.after),
        "decided_by": deed.decided_by,
        "reason": deed.reason,
    }


def deed_from(item: Mapping[str, Any]) -> Deed:
    return Deed(
        kind=DeedKind(item["deed"]),
        run=item["run"],
        at=item["at"],
        subject=item["subject"],
        detail=item["detail"],
        state=DeedState(item["status"]),
        entity_id=item["entity_id"],
        before=frozenset(map(Permission, item["before"])),
        after=frozenset(map(Permission, item["after"])),
        decided_by=item["decided_by"],
        reason=item["reason"],
    )
