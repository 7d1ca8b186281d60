"""Changed record sets as attributes of ledger items, and back (see rows.py)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from migration.zone_model import PublishedSet, RecordSet


def published_key(record: PublishedSet) -> str:
    """The sort key. Names hold no #."""
    return f"Z#{record.zone}#{record.name}#{record.type}"


def published_attributes(record: PublishedSet) -> dict[str, Any]:
    """The whole record as one text."""
    return {"published": json.dumps(asdict(record), ensure_ascii=False, separators=(",", ":"))}


def published_from(item: Mapping[str, Any]) -> PublishedSet:
    fields = json.loads(item["published"])
    before = fields.pop("before")
    written = fields.pop("written")
    return PublishedSet(
        **fields,
        before=_read(before) if before else None,
        written=tuple(map(_read, written)),
    )


def _read(fields: Mapping[str, Any]) -> RecordSet:
    return RecordSet(**{**fields, "values": tuple(fields["values"])})
