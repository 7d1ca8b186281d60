"""The programs that the bench wants and that come from Debian."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable

from bench import dovecot

_PACKAGES = {"isync": "mbsync", "interimap": "interimap", "gcc": "gcc"}
_OPTIONS = ("-qq", "-o", "Acquire::Retries=0", "-o", "Acquire::http::Timeout=15")


def missing_packages() -> list[str]:
    """Debian packages whose programs are not here."""
    missing = [package for package, program in _PACKAGES.items() if not shutil.which(program)]
    return [*missing, *(["dovecot-imapd"] if dovecot.why_missing() else [])]


def install_missing(say: Callable[[str], None]) -> None:
    """Installs them by apt-get where root and apt-get are there. What cannot be had is said; it is
    missing in the tables then."""
    wanted = missing_packages()
    if not wanted:
        return
    if os.getuid() != 0 or not shutil.which("apt-get"):
        say(f"not installed, and only root with apt-get could install it: {' '.join(wanted)}")
        return
    say(f"installing {' '.join(wanted)}")
    _apt_get("update")
    for package in wanted:
        if said := _apt_get("install", "-y", "--no-install-recommends", package):
            say(f"cannot install {package}: {said}")


def _apt_get(*arguments: str) -> str:
    """The last line of what it complained about; "" when it succeeded."""
    done = subprocess.run(
        ["apt-get", *_OPTIONS, *arguments],
        env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
    return lines[-1] if done.returncode else ""
