"""The folder in which one copy keeps what it must remember: `--state DIR` of the copy command.

lock            held by the process that works here
ledger.sqlite   the ledger, and which two mailboxes it is about
files/          audit and quarantine
quiet.json      what the source listed when nothing was left to do (copy_quiet.py)
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

LEDGER = "ledger.sqlite"


class StateRefusedError(Exception):
    """The folder cannot be used for this; the message says why and what to do."""


class FolderLock:
    """An exclusive lock on a folder, for as long as this process has it open.

    The system gives it back when the process dies, however it dies: so whoever gets it knows that
    the one before is dead.
    """

    def __init__(self, folder: Path) -> None:
        """Creates the folder where missing, readable by its owner alone. StateRefusedError if
        another process has the lock, or the folder cannot be written."""
        self._file = -1
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = os.read(self._file, 20).decode("ascii", "replace").strip() or "unknown"
            self.close()
            raise StateRefusedError(
                f"another copy is at work in {folder} (process {owner}): wait for its end, or "
                "give this one a folder of its own"
            ) from None
        except OSError as error:
            self.close()
            raise StateRefusedError(f"cannot write to {folder}: {error.strerror}") from error
        os.ftruncate(self._file, 0)
        os.write(self._file, f"{os.getpid()}\n".encode())

    def close(self) -> None:
        """Gives the lock back; may be called twice."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
