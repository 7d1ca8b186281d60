"""IMAP to IMAP: every tool at every round trip, each time into a mailbox that nobody has used."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random

from bench.comparison import difference, read_mailbox
from bench.corpus import LargeCorpus
from bench.dovecot import PASSWORD, Dovecot
from bench.imap_wire import Login, RefusedError
from bench.loading import AnyCorpus
from bench.measuring import Measured, measure
from bench.routes import Routes
from bench.rows import FIRST, LARGE, LIMITED, SECOND, Row
from bench.source_mailboxes import Loaded, SourceMailboxes
from bench.tools import MIGRATION, Job, Tool

_LIMIT_MB = 512
_LARGE_ROUND_TRIP = 20
_SECOND_PASSES = 3  # each is over in a tenth of a second, in which much may happen on a machine


@dataclass(frozen=True, slots=True)
class ImapPlan:
    """What to measure. Slow tools get `sample` instead of `corpus` where there is latency."""

    tools: Sequence[Tool]
    round_trips: Sequence[int]
    repeat: int
    corpus: AnyCorpus
    sample: AnyCorpus


class ImapBench:
    """Measures over two servers that are there already; `say` is told each result."""

    def __init__(
        self, source: Dovecot, target: Dovecot, routes: Routes, say: Callable[[str], None]
    ) -> None:
        self._source = source
        self._target = target
        self._routes = routes
        self._say = say
        self._mailboxes = SourceMailboxes(source, say)
        self._runs = 0

    def passes(self, plan: ImapPlan) -> Iterator[Row]:
        """First and second pass, tool after tool. Each repetition has an order of its own, the
        same in every bench: whoever comes after a tool that writes much finds a busier disk."""
        for repetition in range(plan.repeat):
            for round_trip in plan.round_trips:
                order = Random(f"{repetition}/{round_trip}").sample(plan.tools, len(plan.tools))
                for tool in order:
                    is_sample = tool.is_slow and round_trip > 0
                    corpus = plan.sample if is_sample else plan.corpus
                    passes = (FIRST, *[SECOND] * _SECOND_PASSES)
                    yield from self._run(tool, corpus, round_trip, passes)

    def large_messages(self, plan: ImapPlan) -> Iterator[Row]:
        """Messages of 40 MB, and once more within 512 MB for ours. Not for slow tools."""
        trips = [trip for trip in plan.round_trips if trip == _LARGE_ROUND_TRIP]
        round_trip = [*trips, *plan.round_trips][0]
        for tool in plan.tools:
            if not tool.is_slow:
                yield from self._run(tool, LargeCorpus(), round_trip, (LARGE,))
        for tool in plan.tools:
            if tool.name == MIGRATION:
                yield from self._run(tool, LargeCorpus(), round_trip, (LIMITED,))

    def _run(
        self, tool: Tool, corpus: AnyCorpus, round_trip: int, passes: Sequence[str]
    ) -> Iterator[Row]:
        """Passes into one new mailbox; none after one that failed."""
        source = self._mailboxes.load(corpus)
        self._runs += 1
        user = f"target{self._runs}"
        with tempfile.TemporaryDirectory(prefix="bench-state-") as folder:
            job = Job(
                self._login(self._source, source.user, round_trip),
                self._login(self._target, user, round_trip),
                Path(folder),
            )
            for pass_name in passes:
                limit = _LIMIT_MB if pass_name == LIMITED else 0
                measured = measure(
                    tool.command(job), tool_environment(job.state), address_space_mb=limit
                )
                reason = self._reason(measured, source, user)
                row = row_of(tool.name, round_trip, pass_name, source, measured, reason)
                self._say(describe(row))
                yield row
                if not row.seconds:
                    break
        self._target.forget(user)

    def _login(self, server: Dovecot, user: str, round_trip: int) -> Login:
        return Login(self._routes.port(server.port, round_trip), user, PASSWORD)

    def _reason(self, measured: Measured, source: Loaded, user: str) -> str:
        """Why the copy is not identical; "" when it is."""
        if measured.exit_code:
            return measured.reason
        if self._mailboxes.is_changed(source):
            return "it changed the source"
        try:
            return difference(source.content, read_mailbox(self._target.login(user)))
        except RefusedError as error:
            return f"the target cannot be read: {error}"


def tool_environment(state: Path) -> dict[str, str]:
    """Of this process, with a home folder of the tool's own. Python may keep what it has compiled,
    as it does for everybody who does not forbid it."""
    own = {"HOME": str(state), "XDG_CONFIG_HOME": str(state), "LC_ALL": "C.UTF-8"}
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, **own}


def row_of(
    tool: str, round_trip: int, pass_name: str, source: Loaded, measured: Measured, reason: str
) -> Row:
    """One run."""
    return Row(
        tool,
        round_trip,
        pass_name,
        source.content.count,
        source.content.size,
        measured.seconds if measured.exit_code == 0 else 0.0,
        measured.peak_memory_mb,
        measured.cpu_seconds,
        not reason,
        reason,
        ledger_writes(measured) if tool == MIGRATION else None,
        (measured.seconds,),
    )


def ledger_writes(measured: Measured) -> int | None:
    """What `localrun copy` says in its last line; None when there is none."""
    with suppress(ValueError, KeyError, TypeError):
        return int(json.loads(measured.last_line)["ledger_writes"])
    return None


def describe(row: Row) -> str:
    """One line for the terminal."""
    seconds = f"{row.seconds:8.2f} s {row.messages_per_second:9,.0f}/s" if row.seconds else "failed"
    verdict = "identical" if row.identical else row.reason
    return (
        f"{row.tool:<13}{row.round_trip:>3} ms  {row.pass_name:<14}{seconds}"
        f"{row.peak_memory_mb:7.0f} MB  {verdict}"
    )
