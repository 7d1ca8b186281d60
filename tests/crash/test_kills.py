"""The copy command, killed by its pid at random moments and started again, between real mailboxes.

KILLS in the environment is how often. Mail arrives whenever a call was quicker than its killer.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.integration.dovecot import Dovecot
from tests.integration.dovecot_configuration import SLASH

ROOT = Path(__file__).resolve().parents[2]
KILLS = int(os.environ.get("KILLS", "3"))
ANN, BOB = "ann@example.test", "bob@example.test"
USERS = {ANN: "secret", BOB: "b0bs"}
FOLDERS = ("INBOX", "Projekte", "Drafts")


@pytest.fixture
def server() -> Iterator[Dovecot]:
    with Dovecot(SLASH, USERS) as started:
        yield started


def deliver(server: Dovecot, chance: random.Random, messages: int) -> None:
    """Mail of many sizes: some of it is equal, some of it large."""
    for _ in range(messages):
        number, folder = chance.randrange(10**6), chance.choice(FOLDERS)
        size = 1_200_000 if chance.random() < 0.01 else chance.randrange(100, 30_000)
        text = f"Subject: {number}\r\n\r\n" + f"{number:<70}\r\n" * (size // 72)
        for _ in range(2 if chance.random() < 0.05 else 1):
            server.append(ANN, folder, text.encode())


def contents(server: Dovecot, user: str) -> dict[str, Counter[bytes]]:
    """All messages of a user, by folder."""
    found: dict[str, Counter[bytes]] = {}
    with server.client(user) as client:
        for _, _, name in client.list_folders():
            client.select_folder(name, readonly=True)
            if uids := client.search():
                fetched = client.fetch(uids, ["BODY.PEEK[]"]).values()
                found[name] = Counter(message[b"BODY[]"] for message in fetched)
    return found


class Command:
    """The command with its arguments, to be started again and again."""

    def __init__(self, server: Dovecot, folder: Path) -> None:
        urls = [f"imap://{quote(user)}@127.0.0.1:{server.port}/" for user in (ANN, BOB)]
        self._command = [sys.executable, "-m", "localrun", "copy", *urls, "--quiet"]
        self._command += [f"--state={folder / 'state'}", "--max-kilobytes-per-second=3000"]
        for side, user in (("source", ANN), ("target", BOB)):
            file = folder / side
            file.write_text(USERS[user])
            file.chmod(0o600)
            self._command.append(f"--{side}-secret={file}")

    def run(self, kill_after: float | None = None, *options: str) -> tuple[bool, str]:
        """Whether it was killed, and what it printed."""
        process = subprocess.Popen(
            [*self._command, *options],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            printed, said = process.communicate(timeout=kill_after)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            return True, ""
        assert process.returncode == 0, said
        return False, printed


@pytest.mark.timeout(60 + 10 * KILLS)
@pytest.mark.slow
def test_a_copy_that_is_killed_again_and_again(server: Dovecot, tmp_path: Path) -> None:
    chance = random.Random(KILLS)
    command, kills = Command(server, tmp_path), 0
    deliver(server, chance, 200)
    while kills < KILLS:
        killed, _ = command.run(chance.uniform(0.25, 1.6))
        kills += killed
        if not killed:
            deliver(server, chance, 100)
    while command.run(kill_after=120)[0]:
        raise AssertionError("the copy never ends")
    assert contents(server, BOB) == contents(server, ANN)
    deliver(server, chance, 1)
    _, printed = command.run(120, "--verify", "all")
    summary = json.loads(printed.splitlines()[-1])
    assert (summary["outcome"], summary["verdict"]) == ("done", "agree")
    assert summary["quarantined"] == 0
