"""The options of the live page, and what they do to a command."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console

from localrun.live.session import LiveSession

_WAITS = "The run begins when a browser has opened the page, or with Enter."
_STAYS = "The page stays up until nobody has it open any more, or with Enter."


def add_options(parser: argparse.ArgumentParser) -> None:
    """`--serve` and what belongs to it."""
    parser.add_argument(
        "--serve",
        action="store_true",
        help="show the running migration in a browser; the address is printed",
    )
    parser.add_argument(
        "--port",
        type=int,
        default=argparse.SUPPRESS,
        metavar="N",
        help="with --serve: the port of the page on this machine (default: any free one)",
    )
    parser.add_argument(
        "--no-wait",
        action="store_true",
        help="with --serve: neither wait for a browser at the beginning nor for its end",
    )


@contextmanager
def served(
    options: argparse.Namespace, name: str, console: Console
) -> Iterator[LiveSession | None]:
    """The live page of what is done within, None unless it is wanted. Nobody is waited for if the
    input is no terminal."""
    if not options.serve:
        yield None
        return
    with LiveSession(name, getattr(options, "port", 0)) as session:
        waits = sys.stdin.isatty() and not options.no_wait
        _say(console, f"The run can be watched at {session.url}", _WAITS if waits else "")
        if waits:
            session.wait_for_viewer(sys.stdin)
        yield session
        if waits and session.feed.viewers:
            _say(console, _STAYS)
            session.wait_until_left(sys.stdin)


def _say(console: Console, *lines: str) -> None:
    for line in filter(None, lines):
        console.print(line, markup=False, highlight=False, soft_wrap=True)
