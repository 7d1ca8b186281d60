"""A run's time, memory, output and end."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from bench.measuring import Measured, measure


def python(code: str, **options: float) -> Measured:
    return measure([sys.executable, "-c", code], **options)  # type: ignore[arg-type]


def test_time_output_and_memory() -> None:
    done = python("import time; held = b'x' * 90_000_000; time.sleep(0.3); print('a'); print('b')")
    assert done.exit_code == 0
    assert 0.3 <= done.seconds < 10
    assert done.last_line == "b"
    assert 90 < done.peak_memory_mb < 200


def test_memory_that_was_given_back_counts() -> None:
    done = python("held = bytearray(80_000_000); del held; import time; time.sleep(0.2)")
    assert done.peak_memory_mb > 80


def test_the_memory_of_children_is_added() -> None:
    hold = "import time; held = bytearray(60_000_000); time.sleep(0.8)"
    code = (
        "import subprocess, sys;"
        f"[p.wait() for p in [subprocess.Popen([sys.executable, '-c', {hold!r}])"
        " for _ in range(2)]]"
    )
    assert 120 < python(code).peak_memory_mb < 300


def test_cpu_time_is_counted() -> None:
    done = python("import time\nwhile time.process_time() < 0.3: pass")
    assert 0.3 <= done.cpu_seconds < 3


def test_a_failure_gives_its_reason() -> None:
    done = python("raise SystemExit('no such mailbox')")
    assert (done.exit_code, done.reason) == (1, "exit code 1: no such mailbox")


def test_what_takes_too_long_is_killed() -> None:
    began = time.monotonic()
    done = python("import time; time.sleep(60)", timeout=0.3)
    assert done.exit_code == -9
    assert time.monotonic() - began < 10


def test_what_is_left_behind_is_ended() -> None:
    code = (
        "import subprocess, sys;"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']);"
        "print(child.pid)"
    )
    child = int(python(code).last_line)
    for _ in range(200):
        if not _is_running(child):
            return
        time.sleep(0.02)
    raise AssertionError("the child goes on")


def _is_running(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("utf-8")
        return stat.rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def test_address_space_can_be_limited() -> None:
    code = "held = bytearray(600_000_000); print('held')"
    assert python(code).exit_code == 0
    limited = python(code, address_space_mb=512)
    assert limited.exit_code == 1
    assert "MemoryError" in limited.reason
