"""What every IMAP server has that tests start: a folder of its own, a free port, users, an end."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from imapclient import IMAPClient
from imapclient.datetime_util import datetime_to_INTERNALDATE
from imapclient.exceptions import IMAPClientError
from imapclient.imapclient import _literal

_START_SECONDS = 20.0
_ATTEMPTS = 5


class MailServer(ABC):
    """An IMAP server on 127.0.0.1 that serves `users` (address -> password) until `close()`.

    It runs as root or as any user, and uses nothing outside its temporary folder. A subclass writes
    what the server needs into `_root` and then calls `_begin()`.
    """

    port: int
    tls_port: int
    _process: subprocess.Popen[bytes] | None = None

    def __init__(self, users: Mapping[str, str], zone: str, certificate: Path | None) -> None:
        self._users = dict(users)
        self._zone = zone
        self._certificate = certificate
        # Not pytest's folder: paths of sockets must be short, and the server's users must get in.
        self._root = Path(tempfile.mkdtemp(prefix=f"{type(self).__name__.lower()}-"))
        self._root.chmod(0o755)

    def append(
        self,
        address: str,
        folder: str,
        message: bytes,
        flags: Sequence[str] = (),
        date: datetime | None = None,
    ) -> None:
        """Let a message arrive in a user's folder, byte by byte. The folder is created when it is
        not there; it is spelled as in `layout.name()`. Raises IMAPClientError when the server
        refuses it."""
        with self.client(address) as client:
            if not client.folder_exists(folder):
                client.create_folder(folder)
            append_exactly(client, folder, message, flags, date)

    def client(self, address: str) -> IMAPClient:
        """A connection of the user's own, which can change things. Close it by `with`."""
        client = self.connect()
        client.login(address, self._users[address])
        return client

    def connect(self) -> IMAPClient:
        """A connection on which nobody is logged in. Close it by `with`."""
        client = IMAPClient("127.0.0.1", self.port, ssl=False, timeout=30)
        client.normalise_times = False  # else dates are sent without their zone
        return client

    def process_ids(self) -> set[int]:
        """The processes of the server that run now."""
        files = Path("/proc").glob("[0-9]*/stat")
        return {int(file.parent.name) for file in files if self._is_of_a_process(file)}

    @abstractmethod
    def log(self) -> str:
        """What the server has logged so far."""

    @abstractmethod
    def sent(self, address: str) -> str:
        """Everything that clients sent after they were logged in as this user, as Latin-1, one
        connection after the other as they began. Needs `record=True`."""

    def close(self) -> None:
        """Ends the server and removes its files. May be repeated."""
        self._end()
        shutil.rmtree(self._root, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- what differs

    @abstractmethod
    def _command(self) -> list[str]:
        """Writes the configuration for `port` and `tls_port`; the server's command line, which must
        stay in the foreground."""

    def _environment(self) -> dict[str, str]:
        return {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "TZ": self._zone}

    # -- the process

    def _begin(self) -> None:
        """Starts the server. It cannot choose a free port itself, and another program may take the
        one that was free a moment ago: then the server ends at once, and another port is tried."""
        for _ in range(_ATTEMPTS):
            self.port, self.tls_port = free_port(), free_port() if self._certificate else 0
            with (self._root / "printed.txt").open("wb") as printed:
                process = self._process = subprocess.Popen(
                    self._command(),
                    env=self._environment(),
                    stdout=printed,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            if self._wait_until_ready(process):
                return
            self._end()
        raise RuntimeError(f"{type(self).__name__} does not start: {self._printed()}{self.log()}")

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> bool:
        deadline = time.monotonic() + _START_SECONDS
        while process.poll() is None and time.monotonic() < deadline:
            try:
                with socket.create_connection(("127.0.0.1", self.port), 1) as connection:
                    if connection.recv(4) == b"* OK":
                        return True
            except OSError:
                pass
            time.sleep(0.02)
        return False

    def _printed(self) -> str:
        file = self._root / "printed.txt"
        return file.read_text("utf-8", "replace") if file.exists() else ""

    def _end(self) -> None:
        """Ends the server and the processes it has started. Asked politely, some take a second to
        think; there is nothing that they would have to save."""
        if self._process and self._process.poll() is None:  # else its number may be another's now
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def _is_of_a_process(self, stat: Path) -> bool:
        """Whether this file of /proc is of a process of the server that has not ended."""
        try:
            state, _, group = stat.read_text("utf-8", "replace").rpartition(")")[2].split()[:3]
        except (OSError, ValueError):
            return False  # it has just gone
        return self._process is not None and int(group) == self._process.pid and state != "Z"


def append_exactly(
    client: IMAPClient,
    folder: str,
    message: bytes,
    flags: Sequence[str] = (),
    date: datetime | None = None,
) -> None:
    """What IMAPClient.append does, but that one makes CRLF of bare newlines. Raises IMAPClientError
    when the server refuses it."""
    arguments = [client._normalise_folder(folder), f"({' '.join(flags)})".encode()]
    if date:
        arguments.append(f'"{datetime_to_INTERNALDATE(date)}"'.encode())
    arguments.append(_literal(message))
    answer, text = client._raw_command(b"APPEND", arguments, uid=False)
    if answer != "OK":
        raise IMAPClientError(f"append failed: {text[0].decode('utf-8', 'replace')}")


def read_folder(client: IMAPClient, folder: str) -> list[Mapping[bytes, Any]]:
    """BODY[], FLAGS and INTERNALDATE of each message, oldest first. Nothing is changed by it."""
    client.select_folder(folder, readonly=True)
    found = client.fetch(client.search(), ["BODY.PEEK[]", "FLAGS", "INTERNALDATE"])
    return [message for _, message in sorted(found.items())]


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return int(unused.getsockname()[1])
