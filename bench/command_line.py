"""python -m bench: what was asked for, and what is done about it."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from bench import dovecot, latency
from bench.claims import claim_lines, judge
from bench.corpus import FULL, ORDINARY, QUICK, SAMPLE, Corpus
from bench.document import update_document
from bench.dovecot import Dovecot, memory_folder
from bench.ews_passes import EWS_TOOLS, EwsBench, EwsPlan
from bench.imap_passes import ImapBench, ImapPlan
from bench.machine import install_missing
from bench.routes import Routes
from bench.rows import LATEST, Row, combine, read_rows, write_rows
from bench.table import all_tables
from bench.tools import MIGRATION, TOOLS, Tool, migration_is_missing

TABLES = ("imap", "large", "ews")
_NAMES = tuple(dict.fromkeys((*(tool.name for tool in TOOLS), *EWS_TOOLS)))
_ROUND_TRIPS = (0, 20, 50)
_EWS_ROUND_TRIP = 20
_BUSY = 0.5

_DESCRIPTION = """\
The copy engine against its peers, side by side on this machine: two Dovecots, a latency proxy
before each, every tool as a process of its own, one after the other.

  migration      python -m localrun copy, the engine of this repository
  interimap      pipelined, QRESYNC        mbsync        isync, pipelined
  imaplib loop   one message at a time: a yardstick
  ceiling        what one Python process reaches without ledger, recovery or checks
  exchangelib    bulk_create, 50 a batch, 4 connections     raw requests  the emulator's own limit

Tables: imap (first and second pass at every round trip), large (six messages of 40 MB, and the
same within 512 MB), ews (12,000 messages into the EWS emulator at 20 ms).

The servers keep mail in memory (/dev/shm) where there is room: on a disk, the disk is what is
measured, and how busy others keep it. With --disk, or without room, they keep it there.

After every copy both servers are asked for everything: "identical" means every byte,
INTERNALDATE, flag, keyword, folder, and the order of messages (on EWS: bytes and dates).
Memory is the sum of the peaks of a tool's processes, in MB of a million bytes.
"""
_EPILOG = """\
The full run takes about twenty minutes on two cores. The machine should have nothing else to do.
The rows go to bench/results/latest.json unless the run was --quick, on --disk, or only a part
(then say where: --output). docs/performance.md shows the last full run: --document writes it there.
"""


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked for."""

    tools: tuple[str, ...]
    round_trips: tuple[int, ...]
    tables: tuple[str, ...]
    repeat: int
    is_quick: bool
    on_disk: bool
    output: Path | None


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line; the exit status. 0 also when a claim does not hold: it is printed."""
    given = _parser().parse_args(arguments)
    if given.install:
        install_missing(_say)
    if given.document:
        update_document(read_rows(LATEST))
        return 0
    if given.show:
        _report(read_rows(given.show))
        return 0
    options = _options(given)
    if reason := dovecot.why_missing():
        _say(f"nothing can be measured: {reason}")
        return 1
    load = os.getloadavg()[0]
    if load > _BUSY:
        _say(f"this machine is busy (load {load:.1f}): the figures will say less")
    rows = combine(_measure(options))
    if options.output is not None:
        write_rows(rows, options.output)
        _say(f"written: {options.output}")
    _report(rows)
    return 0


def _measure(options: Options) -> list[Row]:
    """All runs, in the order in which they were made."""
    runs: list[Row] = []
    with ExitStack() as stack:
        place = None if options.on_disk else memory_folder()
        _say(f"the servers keep mail {'in memory' if place else 'on the disk'}")
        source = stack.enter_context(Dovecot(place))
        target = stack.enter_context(Dovecot(place))
        routes = stack.enter_context(Routes())
        tools = _available(options)
        corpus: Corpus = QUICK if options.is_quick else FULL
        plan = ImapPlan(tools, options.round_trips, options.repeat, corpus, SAMPLE)
        bench = ImapBench(source, target, routes, _say)
        if "imap" in options.tables and tools:
            runs += bench.passes(plan)
        if "large" in options.tables and tools:
            runs += bench.large_messages(plan)
        if "ews" in options.tables:
            names = _available_for_ews(options)
            trip = 0 if latency.why_missing() else _EWS_ROUND_TRIP
            ews = EwsBench(source, routes, _say)
            if names:
                runs += ews.passes(EwsPlan(names, trip, options.repeat, ORDINARY))
    return runs


def _available(options: Options) -> list[Tool]:
    """The tools asked for that are here; for each other one it is said why it is left out."""
    found = []
    for tool in TOOLS:
        if tool.name in options.tools:
            reason = tool.why_missing()
            if reason:
                _say(f"{tool.name} is left out: {reason}")
            else:
                found.append(tool)
    return found


def _available_for_ews(options: Options) -> list[str]:
    names = [name for name in EWS_TOOLS if name in options.tools]
    return [name for name in names if name != MIGRATION or not migration_is_missing()]


def _report(rows: Sequence[Row]) -> None:
    print()
    print(all_tables(rows))
    print("\n".join(claim_lines(judge(rows))))


def _say(text: str) -> None:
    print(text, flush=True)


def _options(given: argparse.Namespace) -> Options:
    trips = tuple(given.round_trips)
    if reason := latency.why_missing():
        trips = (0,)
        _say(f"only 0 ms is measured: {reason}")
    is_part = (given.tools, given.tables, trips, given.disk) != (
        *(_NAMES, TABLES, _ROUND_TRIPS, False),
    )
    return Options(
        tuple(given.tools),
        trips,
        tuple(given.tables),
        1 if given.quick else given.repeat,
        given.quick,
        given.disk,
        given.output or (None if given.quick or is_part else LATEST),
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "python -m bench",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--repeat", type=_positive, default=5, metavar="N", help="runs of each; default 5 (median)")
    add("--tools", type=_OneOf(_NAMES), default=_NAMES, metavar="A,B", help="only these")
    add(
        "--round-trips",
        type=_milliseconds,
        default=_ROUND_TRIPS,
        metavar="MS,MS",
        help="default 0,20,50",
    )
    add("--tables", type=_OneOf(TABLES), default=TABLES, metavar="A,B", help="imap, large, ews")
    add("--quick", action="store_true", help="500 messages, one run of each: a minute or three")
    add("--disk", action="store_true", help="the servers keep mail on the disk, not in memory")
    add("--output", type=Path, metavar="FILE", help="where the rows go, as JSON")
    add("--install", action="store_true", help="first apt-get what is missing, where root may")
    add("--show", type=Path, metavar="FILE", help="measure nothing, print the tables of a file")
    add("--document", action="store_true", help="measure nothing, write docs/performance.md anew")
    return parser


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError("a number from 1 on")
    return int(text)


def _milliseconds(text: str) -> tuple[int, ...]:
    parts = text.split(",")
    if not all(part.isdecimal() for part in parts):
        raise argparse.ArgumentTypeError("whole numbers, separated by commas")
    return tuple(dict.fromkeys(map(int, parts)))


class _OneOf:
    """Reads names that are separated by commas."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names

    def __call__(self, text: str) -> tuple[str, ...]:
        parts = tuple(part.strip() for part in text.split(","))
        if unknown := [part for part in parts if part not in self._names]:
            known = ", ".join(self._names)
            raise argparse.ArgumentTypeError(f"{unknown[0]} is none of {known}")
        return parts
