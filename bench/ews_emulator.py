"""The project's EWS emulator as a process of its own, so that its work is not its client's.

    python -m bench.ews_emulator

It prints its port. For each line on its input, an address, it prints what that mailbox holds and
how long writing it took, as JSON. It serves until its input ends.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Self

from bench import ROOT
from localrun.fakes.workmail_ews import EwsServer

TOKEN = "not-a-secret"
_BEGINNING = 4_096  # octets of a request, enough to see what it asks for


def fingerprint(messages: Iterable[tuple[bytes, float]]) -> str:
    """Of messages, given as the SHA-256 of their bytes and the time of their arrival; the order
    does not matter."""
    lines = sorted(f"{digest.hex()} {instant:.0f}" for digest, instant in messages)
    return sha256("\n".join(lines).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Written:
    """How many messages a mailbox holds, their fingerprint, and the seconds from the first request
    to store some that the server had read until the last one was answered."""

    count: int
    digest: str
    seconds: float


class EwsEmulator:
    """The emulator's process, for who measures. `contents` may be asked between runs."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.ews_emulator"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._input, self._output = self._process.stdin, self._process.stdout
        self.port = int(self._output.readline())

    def contents(self, address: str) -> Written:
        """What a mailbox holds."""
        print(address, file=self._input, flush=True)
        return Written(*json.loads(self._output.readline()))

    def close(self) -> None:
        """Ends it. May be repeated."""
        self._input.close()
        self._output.close()
        self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _TimedServer(EwsServer):
    """Knows when it was asked to store messages. Measured here, the time is the same thing for
    every client, whatever a client does before and afterwards."""

    began = ended = 0.0

    def __enter__(self) -> Self:
        return self

    def answer(self, authorization: str, body: bytes) -> tuple[int, bytes]:
        """As the server does."""
        began = time.perf_counter()
        answer = super().answer(authorization, body)
        if b":CreateItem " in body[:_BEGINNING]:
            self.began = min(self.began or began, began)
            self.ended = max(self.ended, time.perf_counter())
        return answer


def _main() -> None:
    def check_token(token: str, mailbox: str) -> str:
        return "ok" if token == TOKEN else "unknown"

    def mailbox_exists(address: str) -> bool:
        return True

    with _TimedServer(check_token, mailbox_exists, time.time) as server:
        print(server.port, flush=True)
        for line in sys.stdin:
            folders = server.folders(line.strip())
            found = [
                (sha256(message.mime).digest(), message.received.timestamp())
                for messages in folders.values()
                for message in messages
            ]
            seconds = server.ended - server.began
            print(json.dumps([len(found), fingerprint(found), seconds]), flush=True)


if __name__ == "__main__":
    _main()
