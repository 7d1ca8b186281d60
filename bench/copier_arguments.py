"""The command line of the bench's own copiers, and their memory between two passes."""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

from bench.imap_wire import Login


@dataclass(frozen=True, slots=True)
class Arguments:
    """Where from, where to, and the file that says what was copied."""

    source: Login
    target: Login
    state: Path

    def remembered(self) -> dict[str, str]:
        """What the last pass has kept; empty before the first."""
        return dict(json.loads(self.state.read_text("utf-8"))) if self.state.exists() else {}

    def remember(self, state: dict[str, str]) -> None:
        """For the next pass."""
        self.state.write_text(json.dumps(state), "utf-8")


def read_arguments(description: str) -> Arguments:
    """Of this process."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("source_port", type=int)
    parser.add_argument("source_user")
    parser.add_argument("target_port", type=int)
    parser.add_argument("target_user")
    parser.add_argument("password_file", type=Path)
    parser.add_argument("state", type=Path)
    given = parser.parse_args()
    password = given.password_file.read_text("utf-8").strip()
    return Arguments(
        Login(given.source_port, given.source_user, password),
        Login(given.target_port, given.target_user, password),
        given.state,
    )
