"""A proxy before a server that makes it distant: latency.c, compiled when it is first wanted."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Self

from bench import ROOT

_SOURCE = ROOT / "bench" / "latency.c"
_PROGRAM = ROOT / "build" / "bench" / "latency"


def why_missing() -> str:
    """What to say when there can be no latency here; "" when there can."""
    return "" if shutil.which("gcc") else "gcc is not installed"


def compiled() -> Path:
    """The program; made anew when its source is newer. Safe to call from many processes."""
    if _PROGRAM.exists() and _PROGRAM.stat().st_mtime > _SOURCE.stat().st_mtime:
        return _PROGRAM
    _PROGRAM.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=_PROGRAM.parent) as folder:
        made = Path(folder) / "latency"
        subprocess.run(
            ["gcc", "-O2", "-Wall", "-Wextra", "-o", str(made), str(_SOURCE)], check=True
        )
        os.replace(made, _PROGRAM)  # noqa: PTH105 - one step, whoever else is at it
    return _PROGRAM


class Latency:
    """Listens on `port` for a server at `backend_port`, which then is `round_trip` ms away."""

    def __init__(self, round_trip: float, backend_port: int) -> None:
        self._process = subprocess.Popen(
            [str(compiled()), str(round_trip), str(backend_port)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())

    def close(self) -> None:
        """Ends the proxy and every connection through it. May be repeated."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()  # it serves until its input ends
        self._process.stdout.close()
        self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
