"""Cyrus IMAP, a real and strict server, on a free port of this machine and on files of its own.

Debian's packages of it cannot be installed beside Dovecot's, so `make test-servers` unpacks them
into a folder below the project. Tests that want it skip where that has not been done.

Unlike Dovecot it refuses messages with NUL characters, bare newlines or no header, lets a master in
as a user that does not exist (who then has no folder at all), and spells `\\sent` in lower case for
folders that the user has made.
"""

from __future__ import annotations

import imaplib
import os
import re
import secrets
import shutil
import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest

from tests.integration.cyrus_configuration import (
    ADMINISTRATOR,
    administrators_name,
    imapd_configuration,
    services,
)
from tests.integration.dovecot_configuration import Layout, owner
from tests.integration.mail_server import MailServer
from tools.install_test_servers import CYRUS, cyrus_version

_FOLDERS = {"Drafts": "Drafts", "Gesendet": "Sent", "Junk": "Junk", "Trash": "Trash"}
_SIDE = re.compile(rb"([<>])(\d{9,})\1")
"""Who speaks from here on in a recording, `<` a client, and when."""


@cache
def why_missing() -> str:
    """What to say when Cyrus cannot be used here; "" when it can."""
    version = cyrus_version()
    if not version:
        return "Cyrus has not been unpacked (`make test-servers`)"
    if not version.startswith("3.6."):
        return f"the configuration is for Cyrus 3.6, not for {version}"
    return ""


def skip_without_cyrus() -> None:
    """Skips the test that asks, with the reason."""
    if reason := why_missing():
        pytest.skip(reason)


class Cyrus(MailServer):
    """Serves `users` (address -> password) until `close()`. `masters` (name -> password) may open
    the mailbox of any user, named as authorization identity of AUTHENTICATE PLAIN (RFC 4616).

    A mailbox begins with an empty INBOX, Drafts, Gesendet (\\Sent), Junk and Trash. Dates are shown
    in `zone` (TZ of POSIX), whatever zone they came with. With `certificate` (a PEM file with
    certificate and key) there is STARTTLS, and TLS from the first byte on `tls_port`. `quota_mb` is
    the size of each mailbox (0: no limit). `settings` are more lines of imapd.conf, which must not
    repeat those that are there.
    """

    def __init__(
        self,
        layout: Layout,
        users: Mapping[str, str],
        masters: Mapping[str, str] | None = None,
        *,
        zone: str = "UTC",
        certificate: Path | None = None,
        quota_mb: int = 0,
        record: bool = False,
        settings: str = "",
    ) -> None:
        skip_without_cyrus()
        super().__init__(users, zone, certificate)
        self.layout = layout
        self._masters = dict(masters or {})
        self._quota_mb = quota_mb
        self._record = record
        self._settings = settings
        try:
            self._write_files()
            self._begin()
            self._make_mailboxes()
        except BaseException:
            self.close()
            raise

    def log(self) -> str:
        """What Cyrus has printed so far: little, for it logs to the machine's syslog."""
        return self._printed()

    def sent(self, address: str) -> str:
        if not self._record:
            raise RuntimeError("this Cyrus does not record: start it with record=True")
        connections = sorted((self._root / "conf" / "log" / address).iterdir(), key=_begun)
        return b"".join(_said_by_client(each) for each in connections).decode("latin-1")

    # -- the files

    def _write_files(self) -> None:
        """The programs are copied, because Cyrus's user may not be able to reach the project."""
        for name in ("bin", "lib"):
            shutil.copytree(CYRUS / name, self._root / name)
        for path in ("conf/proc", "conf/lock", "conf/socket", "mail"):
            (self._root / path).mkdir(parents=True)
        if self._certificate:
            shutil.copy(self._certificate, self._root / "certificate.pem")
        self._password = secrets.token_hex(8)
        self._write_passwords({ADMINISTRATOR: self._password} | self._masters | self._users)
        _give_to_owner(self._root)

    def _write_passwords(self, passwords: Mapping[str, str]) -> None:
        for user, password in passwords.items():
            name, _, realm = user.partition("@")
            subprocess.run(
                [
                    *(str(self._root / "bin/saslpasswd2"), "-c", "-p"),
                    *("-f", str(self._root / "sasldb2"), "-u", realm or "localhost", name),
                ],
                input=password.encode(),
                env=self._environment(),
                check=True,
                capture_output=True,
            )

    def _record_from_now_on(self) -> None:
        """Cyrus records the connections of those users for whom there is a folder."""
        log = self._root / "conf" / "log"
        for address in self._users:
            (log / address).mkdir(parents=True)
        _give_to_owner(log)

    def _make_mailboxes(self) -> None:
        with imaplib.IMAP4("127.0.0.1", self.port) as administrator:
            administrator.login(ADMINISTRATOR, self._password)
            for address in self._users:
                name = f'"{administrators_name(address, self.layout.separator)}"'
                _expect_ok(administrator.create(name))
                if self._quota_mb:
                    limit = f"(STORAGE {self._quota_mb * 1024})"
                    _expect_ok(administrator.setquota(name, limit))
        for address, password in self._users.items():
            with imaplib.IMAP4("127.0.0.1", self.port) as user:
                user.login(address, password)
                for folder, use in _FOLDERS.items():
                    name = self.layout.name((folder,))
                    _expect_ok(user.create(f'"{name}" (USE (\\{use}))'))
        if self._record:
            self._record_from_now_on()

    # -- the process

    def _command(self) -> list[str]:
        root = self._root
        certificate = root / "certificate.pem" if self._certificate else None
        text = imapd_configuration(root, self.layout, list(self._masters), certificate)
        (root / "imapd.conf").write_text(text + self._settings, "utf-8")
        (root / "cyrus.conf").write_text(
            services(root, self.port, self.tls_port, not self._record), "utf-8"
        )
        return [
            *(str(root / "bin/master"), "-D", "-p", str(root / "conf/master.pid")),
            *("-C", str(root / "imapd.conf"), "-M", str(root / "cyrus.conf")),
        ]

    def _environment(self) -> dict[str, str]:
        libraries = self._root / "lib"
        environment = {**super()._environment(), "LD_LIBRARY_PATH": str(libraries)}
        if (plugins := libraries / "sasl2").exists():
            installed = Path("/usr/lib").glob("*/sasl2")
            environment["SASL_PATH"] = ":".join(map(str, (plugins, *installed)))
        return environment


def _give_to_owner(folder: Path) -> None:
    if os.getuid() == 0:
        for path in (folder, *folder.rglob("*")):
            shutil.chown(path, *owner())


def _expect_ok(answer: tuple[str, list[object]]) -> None:
    if answer[0] != "OK":
        raise RuntimeError(f"Cyrus refuses to make a mailbox: {answer[1]}")


def _begun(recording: Path) -> tuple[bytes, int]:
    """Orders recordings; of those of the same second the first is whose process came first."""
    first = _SIDE.search(recording.read_bytes())
    return first[2] if first else b"", int(recording.name.rpartition("-")[2])


def _said_by_client(recording: Path) -> bytes:
    _, *pieces = _SIDE.split(recording.read_bytes())  # side, time, text, side, time, text, ...
    both = zip(pieces[::3], pieces[2::3], strict=True)
    return b"".join(text for side, text in both if side == b"<")
