"""A server in a process of its own: on 127.0.0.1, in a temporary folder, until it is closed."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import tempfile
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Self

_START_SECONDS = 30.0
_END_SECONDS = 10.0
_ATTEMPTS = 5


class DavProcess(ABC):
    """A subclass writes what the server needs into `root`, and then calls `begin`."""

    port = 0
    _process: subprocess.Popen[bytes] | None = None

    def __init__(self) -> None:
        self.root = Path(tempfile.mkdtemp(prefix=f"{type(self).__name__.lower()}-"))

    @abstractmethod
    def arguments(self) -> list[str]:
        """Python's arguments that start the server on `port`, in the foreground."""

    def begin(self) -> None:
        """Starts it, at another port where somebody else takes the one that was free a moment
        ago. RuntimeError, with what it has printed."""
        for _ in range(_ATTEMPTS):
            self.port = _free_port()
            with (self.root / "printed.txt").open("wb") as printed:
                self._process = subprocess.Popen(
                    [sys.executable, *self.arguments()],
                    cwd=self.root,
                    stdin=subprocess.DEVNULL,
                    stdout=printed,
                    stderr=subprocess.STDOUT,
                )
            if self._is_ready():
                return
            self._end()
        printed_text = (self.root / "printed.txt").read_text("utf-8", "replace")
        self.close()
        raise RuntimeError(f"{type(self).__name__} does not start: {printed_text}")

    def close(self) -> None:
        """Ends the server and removes its files. May be repeated."""
        self._end()
        shutil.rmtree(self.root, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _is_ready(self) -> bool:
        assert self._process is not None
        deadline = time.monotonic() + _START_SECONDS
        while self._process.poll() is None and time.monotonic() < deadline:
            try:
                with socket.create_connection(("127.0.0.1", self.port), 1):
                    return True
            except OSError:
                time.sleep(0.05)
        return False

    def _end(self) -> None:
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
