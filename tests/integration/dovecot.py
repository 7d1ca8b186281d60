"""Dovecot, a real IMAP server, on a free port of this machine and on files of its own.

It is not in Python's registry but a Debian package (dovecot-imapd), so tests that want it skip
where it is missing. `make test-servers` installs it.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest

from tests.integration.dovecot_configuration import (
    Layout,
    Options,
    configuration,
    owner,
    token_configuration,
)
from tests.integration.mail_server import MailServer
from tests.integration.token_endpoint import KnownTokens, TokenEndpoint

_RECORDED_LINE = re.compile(rb"^(\d+\.\d{6}) ", re.M)
"""Each line of a recording begins with the time when it came."""


@cache
def why_missing() -> str:
    """What to say when Dovecot cannot be used here; "" when it can."""
    if _find_dovecot() is None:
        return "Debian's dovecot-imapd is not installed (`make test-servers`)"
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


class Dovecot(MailServer):
    """Serves `users` (address -> password) until `close()`. `masters` (name -> password) may open
    the mailbox of any user, named as authorization identity of AUTHENTICATE PLAIN (RFC 4616) or in
    front of the own name: `user*master`. `tokens` (token -> user; it may change meanwhile) are good
    for XOAUTH2 and OAUTHBEARER, which nobody offers without it; with `any_user` each of them opens
    every mailbox.

    A mailbox begins with an empty INBOX, Drafts, Gesendet (\\Sent), Junk and Trash. Dates are shown
    in `zone` (TZ of POSIX), whatever zone they came with. With `certificate` (a PEM file with
    certificate and key) there is STARTTLS, and TLS from the first byte on `tls_port`.

    `capabilities` is what the server tells instead of all it can, as "IMAP4rev1 NAMESPACE". It
    obeys the commands of what it hides all the same: to notice a client that uses them, `record`
    and look with unadvertised.find_unadvertised().

    `quota_mb` is the size of each mailbox, `max_message_mb` that of a message (0: no limit).
    `settings` are more lines of the configuration; the last of equal ones counts.
    """

    def __init__(
        self,
        layout: Layout,
        users: Mapping[str, str],
        masters: Mapping[str, str] | None = None,
        *,
        tokens: KnownTokens | None = None,
        any_user: bool = False,
        zone: str = "UTC",
        certificate: Path | None = None,
        capabilities: str = "",
        quota_mb: int = 0,
        max_message_mb: int = 0,
        record: bool = False,
        settings: str = "",
    ) -> None:
        skip_without_dovecot()
        super().__init__(users, zone, certificate)
        self.layout = layout
        self._options = Options(
            certificate, capabilities, quota_mb, max_message_mb, record, tokens is not None
        )
        self._settings = settings
        self._any_user = any_user
        self._endpoint = TokenEndpoint(tokens) if tokens is not None else None
        try:
            self._write_files(masters or {})
            self._begin()
        except BaseException:
            self.close()
            raise

    def home(self, address: str) -> Path:
        """The folder that holds all of a user's mail."""
        return self._root / "mail" / address

    def log(self) -> str:
        file = self._root / "dovecot.log"
        return file.read_text("utf-8", "replace") if file.exists() else ""

    def sent(self, address: str) -> str:
        return self._recorded(address)

    def sent_before_login(self) -> str:
        """What all clients sent until they were logged in, passwords too. Needs `record=True`."""
        return self._recorded("login")

    def close(self) -> None:
        super().close()
        if self._endpoint:
            self._endpoint.close()

    # -- the files

    def _write_files(self, masters: Mapping[str, str]) -> None:
        self._write_passwords("users", self._users)
        self._write_passwords("masters", masters)
        if self._endpoint:
            text = token_configuration(self._endpoint.url, any_user=self._any_user)
            (self._root / "oauth2.conf").write_text(text, "utf-8")
        (self._root / "mail").mkdir()
        if os.getuid() == 0:
            shutil.chown(self._root / "mail", *owner())
        if self._options.record:
            for name in ("login", *self._users):
                (self._root / "sent" / name).mkdir(parents=True)
                (self._root / "sent" / name).chmod(0o777)  # Dovecot's users are several

    def _write_passwords(self, name: str, passwords: Mapping[str, str]) -> None:
        lines = [f"{user}:{{PLAIN}}{password}\n" for user, password in passwords.items()]
        (self._root / name).write_text("".join(lines), "utf-8")

    def _recorded(self, name: str) -> str:
        if not self._options.record:
            raise RuntimeError("this Dovecot does not record: start it with record=True")
        found = [file.read_bytes() for file in (self._root / "sent" / name).glob("*.in")]
        connections = sorted(filter(None, found))  # by the time at their beginning
        return b"".join(_RECORDED_LINE.sub(b"", each) for each in connections).decode("latin-1")

    # -- the process

    def _command(self) -> list[str]:
        path = self._root / "dovecot.conf"
        text = configuration(self._root, self.layout, self._options, self.port, self.tls_port)
        path.write_text(text + self._settings, "utf-8")
        return [str(_find_dovecot()), "-F", "-c", str(path)]
