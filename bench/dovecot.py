"""Dovecot 2.3 for measuring: any user, one password, files of its own, a free port of this machine.

Different from the one of the tests: mail is kept as in production (sdbox, fsync as by default),
the special folders have WorkMail's names, and a user needs no preparation: each run of a tool
gets a mailbox that nobody has used before.
"""

from __future__ import annotations

import grp
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Self

from bench.imap_wire import Login

PASSWORD = "not-a-secret"
_MEMORY = Path("/dev/shm")
_ROOM = 3_000_000_000  # octets for all mailboxes of a run, and as much again
_START_SECONDS = 20.0
_ATTEMPTS = 5

_CONFIGURATION = """
base_dir = {root}/run
state_dir = {root}/run
log_path = {root}/dovecot.log
protocols = imap
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain login
mail_location = sdbox:~/mail
mail_fsync = optimized
mail_max_userip_connections = 50
first_valid_uid = 1
{users}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={root}/mail/%u
}}
namespace inbox {{
  inbox = yes
  separator = /
  mailbox Drafts {{
    special_use = \\Drafts
    auto = create
  }}
  mailbox "Sent Items" {{
    special_use = \\Sent
    auto = create
  }}
  mailbox "Junk E-mail" {{
    special_use = \\Junk
    auto = create
  }}
  mailbox "Deleted Items" {{
    special_use = \\Trash
    auto = create
  }}
}}
service imap-login {{
  {login}
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
"""

_UNPRIVILEGED = """
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
"""
"""Who is not root can neither change the user nor the root folder of a process."""


def why_missing() -> str:
    """What to say when Dovecot cannot be used here; "" when it can."""
    found = _find_dovecot()
    if found is None:
        return "Debian's dovecot-imapd is not installed"
    done = subprocess.run([found, "--version"], capture_output=True, text=True, check=False)
    if not done.stdout.startswith("2.3."):
        return f"the configuration is for Dovecot 2.3, not for {done.stdout.strip() or 'this one'}"
    return ""


def memory_folder() -> Path | None:
    """Where files are kept in memory and never on a disk; None where there is no such place, or
    too little room in it."""
    has_room = _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free >= _ROOM
    return _MEMORY if has_room and os.access(_MEMORY, os.W_OK) else None


def _find_dovecot() -> str | None:
    found = shutil.which("dovecot", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    has_imap = Path("/usr/lib/dovecot/imap").exists() or Path("/usr/libexec/dovecot/imap").exists()
    return found if has_imap else None


class Dovecot:
    """Serves every user name with PASSWORD until `close()`. All its files are in `folder`."""

    def __init__(self, place: Path | None = None) -> None:
        """`place` is where the folder is made; None for the usual place for temporary files."""
        if reason := why_missing():
            raise RuntimeError(reason)
        # paths of sockets must be short
        self.folder = Path(tempfile.mkdtemp(prefix="bench-imap-", dir=place))
        self.folder.chmod(0o755)
        self._mail = self.folder / "mail"
        self._mail.mkdir()
        if os.getuid() == 0:
            shutil.chown(self._mail, *_owner())
        try:
            self._process = self._start()
        except BaseException:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise

    def login(self, user: str) -> Login:
        """Opens the user's mailbox directly, without a proxy."""
        return Login(self.port, user, PASSWORD)

    def forget(self, user: str) -> None:
        """Deletes a user's mail."""
        shutil.rmtree(self._mail / user, ignore_errors=True)

    def close(self) -> None:
        """Ends the server and removes its files. May be repeated."""
        _end(self._process)
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _start(self) -> subprocess.Popen[bytes]:
        """Dovecot cannot choose a free port itself, and another program may take the one that was
        free a moment ago: then Dovecot ends at once, and another port is tried."""
        for _ in range(_ATTEMPTS):
            self.port = _free_port()
            configuration = self.folder / "dovecot.conf"
            configuration.write_text(_configuration(self.folder, self.port), "utf-8")
            with (self.folder / "stderr.txt").open("wb") as complaints:
                process = subprocess.Popen(
                    [str(_find_dovecot()), "-F", "-c", str(configuration)],
                    env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "TZ": "UTC"},
                    stdout=subprocess.DEVNULL,
                    stderr=complaints,
                    start_new_session=True,
                )
            if self._is_ready(process):
                return process
        files = [self.folder / "stderr.txt", self.folder / "dovecot.log"]
        said = [file.read_text("utf-8", "replace") for file in files if file.exists()]
        raise RuntimeError(f"Dovecot does not start: {' '.join(said)}")

    def _is_ready(self, process: subprocess.Popen[bytes]) -> bool:
        deadline = time.monotonic() + _START_SECONDS
        while process.poll() is None and time.monotonic() < deadline:
            try:
                with socket.create_connection(("127.0.0.1", self.port), 1) as connection:
                    if connection.recv(4) == b"* OK":
                        return True
            except OSError:
                time.sleep(0.02)
        _end(process)
        return False


def _configuration(root: Path, port: int) -> str:
    user, group = _owner()
    is_root = os.getuid() == 0
    return _CONFIGURATION.format(
        root=root,
        port=port,
        password=PASSWORD,
        user=user,
        group=group,
        users="" if is_root else _UNPRIVILEGED.format(user=user, group=group),
        login="" if is_root else "chroot =",
    )


def _owner() -> tuple[str, str]:
    """User and group that own the mail: this process's, or in root's place Debian's for mail."""
    if os.getuid() == 0:
        return "mail", "mail"
    me = pwd.getpwuid(os.getuid())
    return me.pw_name, grp.getgrgid(me.pw_gid).gr_name


def _free_port() -> int:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return int(unused.getsockname()[1])


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ends Dovecot and the processes it has started; it has a session of its own."""
    if process.poll() is None:  # else its number may belong to somebody else by now
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
