"""Dovecot, a real IMAP server, on a free port of this machine and on files of its own.

It is not in Python's registry but a Debian package (dovecot-imapd), so tests that want it skip
where it is missing. It runs as root or as any user; nothing outside its temporary folder is used.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Self

import pytest
from imapclient import IMAPClient

from tests.integration.dovecot_configuration import Layout, configuration, owner

_START_SECONDS = 20.0
_ATTEMPTS = 5


@cache
def why_missing() -> str:
    """What to say when Dovecot cannot be used here; "" when it can."""
    if _find_dovecot() is None:
        return "Debian's dovecot-imapd is not installed"
    done = subprocess.run(
        [str(_find_dovecot()), "--version"], capture_output=True, text=True, check=False
    )
    if not done.stdout.startswith("2.3."):
        return f"the configuration is for Dovecot 2.3, not for {done.stdout.strip() or 'this one'}"
    return ""


def skip_without_dovecot() -> None:
    """Skips the test that asks, with the reason."""
    if reason := why_missing():
        pytest.skip(reason)


def _find_dovecot() -> str | None:
    found = shutil.which("dovecot", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    has_imap = Path("/usr/lib/dovecot/imap").exists() or Path("/usr/libexec/dovecot/imap").exists()
    return found if has_imap else None


class Dovecot:
    """Serves `users` (address -> password) until `close()`. `masters` (name -> password) may open
    the mailbox of any user, named as authorization identity of AUTHENTICATE PLAIN (RFC 4616).

    A mailbox begins with an empty INBOX, Drafts, Gesendet (\\Sent), Junk and Trash. Dates are shown
    in `zone` (TZ of POSIX), whatever zone they came with. With `certificate` (a PEM file with
    certificate and key) there is STARTTLS, and TLS from the first byte on `tls_port`. `settings`
    are more lines of the configuration; the last of equal ones counts.
    """

    def __init__(
        self,
        layout: Layout,
        users: Mapping[str, str],
        masters: Mapping[str, str] | None = None,
        *,
        zone: str = "UTC",
        certificate: Path | None = None,
        settings: str = "",
    ) -> None:
        skip_without_dovecot()
        self.layout = layout
        self._users = dict(users)
        self._zone = zone
        self._certificate = certificate
        self._settings = settings
        # Not pytest's folder: paths of sockets must be short, and Dovecot's users must get in.
        self._root = Path(tempfile.mkdtemp(prefix="dovecot-"))
        self._root.chmod(0o755)
        self._write_passwords("users", users)
        self._write_passwords("masters", masters or {})
        self._make_mail_folder()
        try:
            self._process = self._start()
        except BaseException:
            shutil.rmtree(self._root, ignore_errors=True)
            raise

    def append(
        self,
        address: str,
        folder: str,
        message: bytes,
        flags: Sequence[str] = (),
        date: datetime | None = None,
    ) -> None:
        """Let a message arrive in a user's folder, which is created when it is not there. `folder`
        is spelled as in `layout.name()`."""
        with self.client(address) as client:
            if not client.folder_exists(folder):
                client.create_folder(folder)
            client.append(folder, message, flags, date)

    def client(self, address: str) -> IMAPClient:
        """A connection of the user's own, which can change things. Close it by `with`."""
        client = IMAPClient("127.0.0.1", self.port, ssl=False, timeout=30)
        client.normalise_times = False  # else dates are sent without their zone
        client.login(address, self._users[address])
        return client

    def home(self, address: str) -> Path:
        """The folder that holds all of a user's mail."""
        return self._root / "mail" / address

    def log(self) -> str:
        """What Dovecot has logged so far."""
        file = self._root / "dovecot.log"
        return file.read_text("utf-8", "replace") if file.exists() else ""

    def close(self) -> None:
        """Ends the server and removes its files. May be repeated."""
        _end(self._process)
        shutil.rmtree(self._root, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- the files

    def _write_passwords(self, name: str, passwords: Mapping[str, str]) -> None:
        lines = [f"{user}:{{PLAIN}}{password}\n" for user, password in passwords.items()]
        (self._root / name).write_text("".join(lines), "utf-8")

    def _make_mail_folder(self) -> None:
        (self._root / "mail").mkdir()
        if os.getuid() == 0:
            shutil.chown(self._root / "mail", *owner())

    def _write_configuration(self) -> Path:
        path = self._root / "dovecot.conf"
        text = configuration(self._root, self.layout, self.port, self.tls_port, self._certificate)
        path.write_text(text + self._settings, "utf-8")
        return path

    # -- the process

    def _start(self) -> subprocess.Popen[bytes]:
        """Dovecot cannot choose a free port itself, and another program may take the one that was
        free a moment ago: then Dovecot ends at once, and another port is tried."""
        for _ in range(_ATTEMPTS):
            self.port, self.tls_port = _free_port(), _free_port() if self._certificate else 0
            with (self._root / "stderr.txt").open("wb") as complaints:
                process = subprocess.Popen(
                    [str(_find_dovecot()), "-F", "-c", str(self._write_configuration())],
                    env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "TZ": self._zone},
                    stdout=subprocess.DEVNULL,
                    stderr=complaints,
                    start_new_session=True,
                )
            if self._wait_until_ready(process):
                return process
        printed = (self._root / "stderr.txt").read_text("utf-8", "replace")
        raise RuntimeError(f"Dovecot does not start: {printed}{self.log()}")

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
        _end(process)
        return False


def _free_port() -> int:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return int(unused.getsockname()[1])


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ends Dovecot and the processes it has started. Asked politely, it takes a second to think;
    there is nothing that it would have to save."""
    if process.poll() is None:  # else its number may belong to somebody else by now
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
