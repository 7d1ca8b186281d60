"""What was measured: one row for each tool, round trip and pass."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

from bench import ROOT

LATEST = ROOT / "bench" / "results" / "latest.json"

FIRST = "first"
SECOND = "second"
LARGE = "large"
LIMITED = "limited"
EWS = "ews"
EWS_WHOLE = "ews whole run"


@dataclass(frozen=True, slots=True)
class Row:
    """One run, or the median of several. `round_trip` is in ms. `messages` is what lies at the
    source, `identical` says whether the target then had the same; `reason` why not, or how the
    tool failed. `seconds` is 0 when no run succeeded."""

    tool: str
    round_trip: int
    pass_name: str
    messages: int
    size: int
    seconds: float
    peak_memory_mb: float
    cpu_seconds: float
    identical: bool
    reason: str = ""
    ledger_writes: int | None = None
    repeats: tuple[float, ...] = ()

    @property
    def key(self) -> tuple[str, int, str]:
        """What it is a measurement of."""
        return self.tool, self.round_trip, self.pass_name

    @property
    def messages_per_second(self) -> float:
        """0 when no run succeeded."""
        return self.messages / self.seconds if self.seconds else 0.0

    @property
    def ledger_writes_per_message(self) -> float | None:
        """None for tools without a ledger."""
        if self.ledger_writes is None or not self.messages:
            return None
        return self.ledger_writes / self.messages

    def to_json(self) -> dict[str, Any]:
        """For a file."""
        writes = self.ledger_writes_per_message
        return {
            "tool": self.tool,
            "round_trip": self.round_trip,
            "pass": self.pass_name,
            "messages": self.messages,
            "bytes": self.size,
            "messages_per_second": round(self.messages_per_second, 1),
            "seconds": round(self.seconds, 3),
            "peak_memory_mb": round(self.peak_memory_mb, 1),
            "cpu_seconds": round(self.cpu_seconds, 2),
            "identical": "yes" if self.identical else "no",
            "reason": self.reason,
            "ledger_writes": self.ledger_writes,
            "ledger_writes_per_message": None if writes is None else round(writes, 4),
            "repeats": [round(seconds, 3) for seconds in self.repeats],
        }

    @staticmethod
    def from_json(found: dict[str, Any]) -> Row:
        """What `to_json` has written."""
        return Row(
            found["tool"],
            found["round_trip"],
            found["pass"],
            found["messages"],
            found["bytes"],
            found["seconds"],
            found["peak_memory_mb"],
            found["cpu_seconds"],
            found["identical"] == "yes",
            found["reason"],
            found["ledger_writes"],
            tuple(found["repeats"]),
        )


def combine(runs: Iterable[Row]) -> list[Row]:
    """Runs of the same thing become one row: the median of the times of those that succeeded, the
    highest memory, and identical only if all were. In the order of the first run of each."""
    groups: dict[tuple[str, int, str], list[Row]] = {}
    for run in runs:
        groups.setdefault(run.key, []).append(run)
    return [_median(group) for group in groups.values()]


def _median(group: Sequence[Row]) -> Row:
    times = [run.seconds for run in group if run.seconds]
    writes = [run.ledger_writes for run in group if run.ledger_writes is not None]
    return replace(
        group[0],
        seconds=median(times) if times else 0.0,
        peak_memory_mb=max(run.peak_memory_mb for run in group),
        cpu_seconds=median(run.cpu_seconds for run in group),
        identical=all(run.identical for run in group),
        reason=next((run.reason for run in group if run.reason), ""),
        ledger_writes=max(writes) if writes else None,
        repeats=tuple(run.seconds for run in group),
    )


def write_rows(rows: Sequence[Row], file: Path) -> None:
    """As JSON, one row a line."""
    file.parent.mkdir(parents=True, exist_ok=True)
    lines = ",\n".join(json.dumps(row.to_json(), ensure_ascii=False) for row in rows)
    file.write_text(f"[\n{lines}\n]\n", "utf-8")


def read_rows(file: Path) -> list[Row]:
    """What `write_rows` has written."""
    return [Row.from_json(found) for found in json.loads(file.read_text("utf-8"))]
