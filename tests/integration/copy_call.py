"""The copy command as its users start it, between two mailboxes of one Dovecot."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tests.integration.dovecot import Dovecot

ROOT = Path(__file__).resolve().parents[2]
ANN, BOB = "ann@example.test", "bob@example.test"
USERS = {ANN: "secret", BOB: "b0bs"}


class Command:
    """The command with its arguments, to be started again and again."""

    def __init__(self, server: Dovecot, folder: Path) -> None:
        self.server, self.folder = server, folder
        self.target = ""
        self.secret("source", "secret\n")
        self.secret("target", "b0bs\n")

    def secret(self, side: str, text: str) -> None:
        (self.folder / side).write_text(text)
        (self.folder / side).chmod(0o600)

    def start(
        self,
        *options: str,
        scheme: str = "imap",
        state: str = "state",
        python: tuple[str, ...] = (),
    ) -> subprocess.Popen[str]:
        port = self.server.tls_port if scheme == "imaps" else self.server.port
        urls = [f"{scheme}://{quote(user)}@127.0.0.1:{port}/" for user in (ANN, BOB)]
        if self.target:
            urls[1] = self.target
        files = [f"--{side}-secret={self.folder / side}" for side in ("source", "target")]
        folder = f"--state={self.folder / state}"
        return subprocess.Popen(
            [sys.executable, *python, "-m", "localrun", "copy", *urls, folder, *files, *options],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def call(self, *options: str, status: int = 0, **kwargs: Any) -> tuple[dict[str, Any], str]:
        """The summary of a call that ends with this status, and what it said on stderr."""
        process = self.start(*options, **kwargs)
        printed, said = process.communicate(timeout=90)
        assert process.returncode == status, said
        summary: dict[str, Any] = json.loads(printed.splitlines()[-1])
        return summary, said

    def run(self, *options: str, scheme: str = "imap", status: int = 0) -> dict[str, Any]:
        """The summary alone."""
        return self.call(*options, scheme=scheme, status=status)[0]
