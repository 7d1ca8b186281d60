"""What is kept of users' client settings as attributes of ledger items, and back (see rows.py)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from migration.model import GuideRecord, GuideState

OPEN = (str(GuideState.WRITTEN), str(GuideState.REFUSED))
"""In these states a mail may be sent."""


def guide_attributes(record: GuideRecord) -> dict[str, Any]:
    """The whole record."""
    return {
        "mailbox_id": record.mailbox_id,
        "status": str(record.state),
        "round": record.round,
        "message_id": record.message_id,
        "reason": record.reason,
    }


def guide_from(item: Mapping[str, Any]) -> GuideRecord:
    return GuideRecord(
        item["mailbox_id"],
        GuideState(item["status"]),
        item["round"],
        item["message_id"],
        item["reason"],
    )


def may_begin(item: Mapping[str, Any]) -> bool:
    """Whether a mail may be sent."""
    return item["status"] in OPEN
