"""The looks at the copy's progress as attributes of a DynamoDB item, and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from migration.progress_model import Look, ProgressRecord


def progress_attributes(record: ProgressRecord) -> dict[str, Any]:
    looks = json.dumps([asdict(look) for look in record.looks], separators=(",", ":"))
    return {"run": record.run, "moved": record.moved, "looks": looks}


def progress_from(item: Mapping[str, Any]) -> ProgressRecord:
    looks = tuple(Look(**look) for look in json.loads(item["looks"]))
    return ProgressRecord(item["run"], item["moved"], looks)
