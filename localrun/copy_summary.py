"""The last line of the copy command: what a call came to, for programs."""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

INTERRUPTED = 130
"""The exit status of a process that Ctrl-C has ended."""


@dataclass(frozen=True, slots=True)
class Summary:
    """The last line on stdout. `messages` and `bytes` are what this call copied in `seconds`,
    logins included and verification not; `refused` and `quarantined` count messages of all calls.
    `verdict` is empty where nothing was verified."""

    outcome: str
    messages: int
    bytes: int
    seconds: float
    messages_per_second: float
    refused: int
    quarantined: int
    ledger_writes: int
    peak_memory_mb: float
    verdict: str = ""
    error: str = ""


def show(summary: Summary) -> None:
    """Prints it as a JSON object in a line."""
    print(json.dumps(asdict(summary)), flush=True)


def say(text: str) -> None:
    """A line for the administrator."""
    print(text, file=sys.stderr, flush=True)


def peak_memory_mb() -> float:
    """The most that this process ever held, in MB of a million bytes; 0 where the system does not
    tell."""
    with suppress(OSError, ValueError):
        for line in Path("/proc/self/status").read_text("ascii").splitlines():
            if line.startswith("VmHWM:"):
                return round(int(line.split()[1]) * 1024 / 1e6, 1)
    return 0.0
