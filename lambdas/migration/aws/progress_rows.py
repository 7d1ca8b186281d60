"""The looks at the copy's progress as attributes of DynamoDB items, and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, astuple
from typing import Any

from migration.progress_model import Look, ProgressHistory, ProgressPoint, ProgressRecord


def progress_attributes(record: ProgressRecord) -> dict[str, Any]:
    looks = json.dumps([asdict(look) for look in record.looks], separators=(",", ":"))
    return {"run": record.run, "moved": record.moved, "looks": looks}


def progress_from(item: Mapping[str, Any]) -> ProgressRecord:
    looks = tuple(Look(**look) for look in json.loads(item["looks"]))
    return ProgressRecord(item["run"], item["moved"], looks)


def history_key(run: str) -> str:
    """The sort key of a run's history."""
    return f"PROGRESS#{run}"


def history_attributes(history: ProgressHistory) -> dict[str, Any]:
    """Points as lists of four: hundreds of them are written anew with every look."""
    points = json.dumps([astuple(point) for point in history.points], separators=(",", ":"))
    return {"run": history.run, "interval": history.interval, "points": points}


def history_from(item: Mapping[str, Any]) -> ProgressHistory:
    points = tuple(ProgressPoint(*point) for point in json.loads(item["points"]))
    return ProgressHistory(item["run"], int(item["interval"]), points)
