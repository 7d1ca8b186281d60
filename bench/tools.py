"""The tools that are compared: how each is started, and whether it is here."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from bench import ROOT
from bench.imap_wire import Login

MIGRATION = "migration"
INTERIMAP = "interimap"
MBSYNC = "mbsync"
LOOP = "imaplib loop"
CEILING = "ceiling"
PEERS = (INTERIMAP, MBSYNC, LOOP)
EXCHANGELIB = "exchangelib"
RAW_EWS = "raw requests"


@dataclass(frozen=True, slots=True)
class Job:
    """Copy one mailbox into another. `state` is a folder that the second pass finds again."""

    source: Login
    target: Login
    state: Path


@dataclass(frozen=True, slots=True)
class Tool:
    """`command` writes what the tool wants to find in the job's state folder, and returns the
    command line. `why_missing` says what is missing, or "". A tool that waits for each answer gets
    a small mailbox where there is latency (`is_slow`)."""

    name: str
    command: Callable[[Job], list[str]]
    why_missing: Callable[[], str]
    is_slow: bool = False


def _nothing_missing() -> str:
    return ""


@cache
def migration_is_missing() -> str:
    """Asks `python -m localrun copy --help`."""
    asked = subprocess.run(
        [sys.executable, "-m", "localrun", "copy", "--help"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    return "" if asked.returncode == 0 else "not available: there is no `python -m localrun copy`"


def _migration(job: Job) -> list[str]:
    secret = password_file(job.state, job.source.password)
    return [
        *(
            sys.executable,
            "-m",
            "localrun",
            "copy",
            "--verify=none",
            imap_url(job.source),
            imap_url(job.target),
        ),
        *("--state", str(job.state / "state")),
        *("--source-secret", str(secret), "--target-secret", str(secret)),
    ]


def imap_url(login: Login) -> str:
    """As `localrun copy` wants it, without the password."""
    return f"imap://{login.user}@127.0.0.1:{login.port}/"


def _program_is_missing(program: str, package: str) -> Callable[[], str]:
    return lambda: "" if shutil.which(program) else f"Debian's {package} is not installed"


def _interimap(job: Job) -> list[str]:
    def section(login: Login) -> str:
        return (
            f"type = imap\nhost = 127.0.0.1\nport = {login.port}\nSTARTTLS = NO\ncompress = NO\n"
            f"username = {login.user}\npassword = {login.password}\n"
        )

    config = job.state / "interimap.conf"
    text = f"database = {job.state}/interimap.db\n\n[local]\n{section(job.target)}"
    config.write_text(f"{text}\n[remote]\n{section(job.source)}", "utf-8")
    config.chmod(0o600)
    return ["interimap", f"--config={config}", "--quiet"]


def _mbsync(job: Job) -> list[str]:
    def store(name: str, login: Login) -> str:
        return (
            f"IMAPAccount {name}\nHost 127.0.0.1\nPort {login.port}\nUser {login.user}\n"
            f"Pass {login.password}\nSSLType None\nAuthMechs LOGIN\n\n"
            f"IMAPStore {name}\nAccount {name}\n\n"
        )

    config = job.state / "mbsyncrc"
    states = job.state / "mbsync"
    states.mkdir(exist_ok=True)
    channel = (
        "Channel copy\nFar :source:\nNear :target:\nPatterns *\nCreate Near\nSync Pull\n"
        f"CopyArrivalDate yes\nSyncState {states}/\n"
    )
    config.write_text(store("source", job.source) + store("target", job.target) + channel, "utf-8")
    return ["mbsync", "--config", str(config), "--all", "--quiet"]


def _own_script(module: str) -> Callable[[Job], list[str]]:
    """One of the bench's own copiers; both take the same arguments."""

    def command(job: Job) -> list[str]:
        return [
            *(sys.executable, "-m", module),
            *(str(job.source.port), job.source.user, str(job.target.port), job.target.user),
            *(str(password_file(job.state, job.source.password)), str(job.state / "copied.json")),
        ]

    return command


def password_file(folder: Path, password: str, name: str = "password") -> Path:
    """A file that holds the password as its only line, and that nobody else may read."""
    file = folder / name
    file.write_text(password + "\n", "utf-8")
    file.chmod(0o600)
    return file


TOOLS = (
    Tool(MIGRATION, _migration, migration_is_missing),
    Tool(INTERIMAP, _interimap, _program_is_missing("interimap", "interimap")),
    Tool(MBSYNC, _mbsync, _program_is_missing("mbsync", "isync")),
    Tool(LOOP, _own_script("bench.plain_loop"), _nothing_missing, is_slow=True),
    Tool(CEILING, _own_script("bench.ceiling"), _nothing_missing),
)
