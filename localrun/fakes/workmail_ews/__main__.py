"""The emulator as a process of its own: prints its port, and serves until its input ends.

python -m localrun.fakes.workmail_ews --port 0 --token T --mailbox a@example.test ...
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from localrun.fakes.workmail_ews.server import EwsServer


def main() -> None:
    """Serves mailboxes that one token may open."""
    parser = argparse.ArgumentParser(description="WorkMail's EWS, emulated on this machine.")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--token", required=True, help="the bearer token that is let in")
    parser.add_argument("--mailbox", nargs="+", required=True, help="addresses that exist")
    parser.add_argument("--maildir", type=Path, help="a folder in which mail is written, too")
    arguments = parser.parse_args()
    sys.setswitchinterval(0.001)  # who only reads or writes shall not wait for who computes
    known = {address.casefold() for address in arguments.mailbox}

    def check_token(token: str, mailbox: str) -> str:
        return "ok" if token == arguments.token else "unknown"

    with EwsServer(
        check_token, known.__contains__, time.time, arguments.port, arguments.maildir
    ) as server:
        print(server.port, flush=True)
        sys.stdin.buffer.read()


if __name__ == "__main__":
    main()
