"""What this process and its children have used of the machine, by Linux's /proc."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_PEAK = re.compile(r"VmHWM:\s+(\d+) kB")


@dataclass(frozen=True, slots=True)
class ProcessUsage:
    """`own` and `children` are seconds of the processor, `peak` is the resident memory of this
    process at its highest in bytes; `child_peak` that of the largest child, of `number` that are
    alive."""

    own: float
    children: float
    peak: int
    child_peak: int
    number: int


def read_usage() -> ProcessUsage:
    """As of now. Children that have ended are counted in `children`, and not in the others."""
    times = os.times()
    alive = list(_children())
    seconds = times.children_user + times.children_system + sum(map(_seconds, alive))
    peaks = [_peak(pid) for pid in alive]
    own = times.user + times.system
    return ProcessUsage(own, seconds, _peak(os.getpid()), max(peaks, default=0), len(alive))


def _children() -> Iterator[int]:
    for task in Path("/proc/self/task").iterdir():
        try:
            yield from map(int, (task / "children").read_text().split())
        except OSError:  # a thread that has just ended
            continue


def _seconds(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:  # it has just ended
        return 0.0
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _peak(pid: int) -> int:
    try:
        found = _PEAK.search(Path(f"/proc/{pid}/status").read_text())
    except OSError:
        return 0
    return int(found[1]) * 1024 if found else 0
