"""Debian's packages by apt-get, for tools that install what tests run.

What cannot be had is Missing, with the reason.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

_OPTIONS = ["-qq", "-o", "Acquire::Retries=0", "-o", "Acquire::http::Timeout=15"]


class Missing(Exception):
    """Something cannot be installed here; the text says why."""


def need_apt() -> None:
    """Raises Missing where there is none."""
    if not shutil.which("apt-get") or not shutil.which("dpkg"):
        raise Missing("there is no apt-get: it is installed from Debian's packages")


def install(package: str) -> None:
    """Raises Missing when it cannot."""
    need_apt()
    if os.getuid() != 0:
        raise Missing(f"only root can install it: apt-get install {package}")
    apt("install", "-y", "--no-install-recommends", package)


def apt(command: str, *arguments: str, folder: Path | None = None) -> str:
    """What it prints. Raises Missing with its complaint."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"}
    options = [*_OPTIONS, "-o", "DPkg::Lock::Timeout=60"]
    return output(["apt-get", *options, command, *arguments], environment, folder)


def output(
    command: list[str], environment: dict[str, str] | None = None, folder: Path | None = None
) -> str:
    """What a program prints. Raises Missing when it fails."""
    try:
        done = subprocess.run(  # noqa: S603 -- all commands are in tools/
            command,
            env=environment,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Missing(str(error)) from error
    if done.returncode:
        complaints = done.stderr.strip().splitlines() or [f"it ended with {done.returncode}"]
        raise Missing(f"{' '.join(command[:1])}: {complaints[-1]}")
    return done.stdout


def update_lists() -> None:
    """Lets apt-get learn what there is. Without it, what it knows already may do."""
    if os.getuid() == 0 and shutil.which("apt-get"):
        try:
            apt("update")
        except Missing as reason:
            print(f"apt-get update failed, going on with the old lists: {reason}")
