"""Runs a program to its end: how long, how much memory, what it printed."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import ROOT

_SAMPLE_SECONDS = 0.02
_KIBIBYTE = 1024 / 1e6  # in MB
_FAMILY_EVERY = 5
"""Who belongs to the tree is asked at every fifth sample: it means reading all of /proc."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What a run took, from its start to its exit. `peak_memory_mb` is the sum of the peaks of its
    processes (resident), `cpu_seconds` is user and system time of all of them."""

    exit_code: int
    seconds: float
    peak_memory_mb: float
    cpu_seconds: float
    output: str
    complaints: str

    @property
    def last_line(self) -> str:
        """Of its standard output; "" when it printed nothing."""
        lines = self.output.strip().splitlines()
        return lines[-1] if lines else ""

    @property
    def reason(self) -> str:
        """Why it failed, in a line."""
        lines = (self.complaints.strip() or self.output.strip()).splitlines()
        said = lines[-1].strip()[:200] if lines else "it said nothing"
        return f"exit code {self.exit_code}: {said}"


def measure(
    command: Sequence[str],
    environment: Mapping[str, str] | None = None,
    *,
    timeout: float = 3600.0,
    address_space_mb: int = 0,
) -> Measured:
    """Runs the command in a process group of its own, which is killed after `timeout` seconds.
    `address_space_mb` limits what each of its processes may map (RLIMIT_AS); 0 does not."""
    os.sync()  # what the one before has left to be written shall not slow this one
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as complaints:
        started = time.monotonic()
        process = subprocess.Popen(
            _limited(command, address_space_mb) if address_space_mb else command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=complaints,
            cwd=ROOT,
            env=dict(os.environ if environment is None else environment),
            start_new_session=True,
        )
        watcher = _MemoryWatcher(process.pid)
        usage = _wait(process, timeout)
        seconds = time.monotonic() - started
        output.seek(0)
        complaints.seek(0)
        return Measured(
            process.returncode,
            seconds,
            watcher.finish(usage.ru_maxrss * _KIBIBYTE),
            usage.ru_utime + usage.ru_stime,
            output.read().decode("utf-8", "replace"),
            complaints.read().decode("utf-8", "replace"),
        )


def _wait(process: subprocess.Popen[bytes], timeout: float) -> resource.struct_rusage:
    """Until it has ended. What is left of its group then is killed; all of it when interrupted."""
    killer = threading.Timer(timeout, _kill_group, [process.pid])
    killer.start()
    try:
        # Without WNOWAIT its number could belong to somebody else when the group is killed.
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    finally:
        killer.cancel()
        killer.join()
        _kill_group(process.pid)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return usage


def _limited(command: Sequence[str], megabytes: int) -> list[str]:
    return ["/bin/sh", "-c", 'ulimit -v "$0" && exec "$@"', str(megabytes * 1024), *command]


def _kill_group(group: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)


class _MemoryWatcher:
    """Samples the peaks of a process and its descendants in a thread until `finish`."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._peaks: dict[int, float] = {}
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def finish(self, largest: float) -> float:
        """The sum of the peaks in MB. `largest` is the kernel's figure for the largest process. It
        begins with what this process had when it forked, so it counts only when it is above."""
        self._done.set()
        self._thread.join()
        own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _KIBIBYTE
        return max(sum(self._peaks.values()), largest if largest > own else 0.0)

    def _watch(self) -> None:
        family = {self._pid}
        sample = 0
        while not self._done.wait(_SAMPLE_SECONDS):
            if sample % _FAMILY_EVERY == 0:
                family = _descendants(self._pid)
            sample += 1
            for pid in family:
                self._peaks[pid] = max(self._peaks.get(pid, 0.0), _peak(pid))


def _peak(pid: int) -> float:
    """VmHWM of a process in MB of a million bytes; 0 when it is gone."""
    try:
        text = Path(f"/proc/{pid}/status").read_text("utf-8", "replace")
    except OSError:
        return 0.0
    _, found, after = text.partition("VmHWM:")
    return int(after.split()[0]) * _KIBIBYTE if found else 0.0


def _descendants(root: int) -> set[int]:
    """A process and all that it, or they, have started."""
    children: dict[int, list[int]] = {}
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                after_name = (
                    Path(entry.path, "stat").read_text("utf-8", "replace").rpartition(")")[2]
                )
                children.setdefault(int(after_name.split()[1]), []).append(int(entry.name))
    found: set[int] = set()
    waiting = [root]
    while waiting:
        pid = waiting.pop()
        found.add(pid)
        waiting += children.get(pid, [])
    return found
