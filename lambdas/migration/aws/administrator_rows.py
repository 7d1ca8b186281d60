"""The migration administrator and its grants as attributes of ledger items, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from migration.directory_model import AdministratorRecord, Before, GrantRecord, Permission


def administrator_attributes(record: AdministratorRecord) -> dict[str, Any]:
    return {
        "address": record.address,
        "before": str(record.before),
        "user_id": record.user_id,
        "why": record.why,
        "refusals": record.refusals,
        "seen": record.seen,
    }


def administrator_from(item: Mapping[str, Any]) -> AdministratorRecord:
    return AdministratorRecord(
        item["address"],
        Before(item["before"]),
        item["user_id"],
        item["why"],
        int(item.get("refusals", 0)),
        item.get("seen", False),
    )


def grant_attributes(grant: GrantRecord) -> dict[str, Any]:
    return {
        "owner_id": grant.owner_id,
        "grantee_id": grant.grantee_id,
        "before": sorted(grant.before),
        "given": grant.given,
    }


def grant_from(item: Mapping[str, Any]) -> GrantRecord:
    before = frozenset(map(Permission, item["before"]))
    return GrantRecord(item["owner_id"], item["grantee_id"], before, item["given"])
