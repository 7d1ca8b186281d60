"""IMAP to EWS: ours, exchangelib, and raw requests, each into an emulator of its own."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bench.corpus import Corpus
from bench.dovecot import PASSWORD, Dovecot
from bench.ews_emulator import TOKEN, EwsEmulator, Written, fingerprint
from bench.imap_passes import describe, row_of, tool_environment
from bench.imap_wire import Login
from bench.measuring import measure
from bench.routes import Routes
from bench.rows import EWS, EWS_WHOLE, Row
from bench.source_mailboxes import Loaded, SourceMailboxes
from bench.tools import EXCHANGELIB, MIGRATION, RAW_EWS, imap_url, password_file

EWS_TOOLS = (MIGRATION, EXCHANGELIB, RAW_EWS)
_ADDRESS = "bench@example.test"


@dataclass(frozen=True, slots=True)
class EwsPlan:
    """What to measure; `round_trip` is that of both sides."""

    tools: Sequence[str]
    round_trip: int
    repeat: int
    corpus: Corpus


class EwsBench:
    """Measures from an IMAP server that is there already; `say` is told each result."""

    def __init__(self, source: Dovecot, routes: Routes, say: Callable[[str], None]) -> None:
        self._source = source
        self._routes = routes
        self._say = say
        self._mailboxes = SourceMailboxes(source, say, prefix="ews-source")

    def passes(self, plan: EwsPlan) -> Iterator[Row]:
        """Tool after tool, each repetition in another order."""
        for repetition in range(plan.repeat):
            shift = repetition % len(plan.tools)
            for tool in [*plan.tools[shift:], *plan.tools[:shift]]:
                for row in self._run(tool, self._mailboxes.load(plan.corpus), plan.round_trip):
                    self._say(describe(row))
                    yield row

    def _run(self, tool: str, source: Loaded, round_trip: int) -> Iterator[Row]:
        """How long the writing took, as the server saw it, and how long the whole run."""
        port = self._routes.port(self._source.port, round_trip)
        login = Login(port, source.user, PASSWORD)
        with (
            tempfile.TemporaryDirectory(prefix="bench-state-") as folder,
            EwsEmulator() as emulator,
            Routes() as way,
        ):
            state = Path(folder)
            command = _command(tool, login, way.port(emulator.port, round_trip), state)
            measured = measure(command, tool_environment(state))
            written = emulator.contents(_ADDRESS)
        reason = measured.reason if measured.exit_code else _difference(source, written)
        writing = replace(measured, seconds=written.seconds)
        yield row_of(tool, round_trip, EWS, source, writing, reason)
        yield row_of(tool, round_trip, EWS_WHOLE, source, measured, reason)


def _command(tool: str, source: Login, port: int, state: Path) -> list[str]:
    password = str(password_file(state, source.password))
    token = str(password_file(state, TOKEN, "token"))
    if tool == MIGRATION:
        return [
            *(sys.executable, "-m", "localrun", "copy", imap_url(source)),
            f"ews+http://127.0.0.1:{port}/EWS/Exchange.asmx?mailbox={_ADDRESS}",
            *("--verify=none", "--state", str(state / "state")),
            *("--source-secret", password, "--target-secret", token),
        ]
    module = "bench.ews_exchangelib" if tool == EXCHANGELIB else "bench.ews_raw"
    return [
        *(sys.executable, "-m", module, str(source.port), source.user),
        *(password, str(port), _ADDRESS, token),
    ]


def _difference(source: Loaded, written: Written) -> str:
    """Bytes and dates are compared; "" when all are there."""
    if written.count != source.content.count:
        return f"{written.count:,} messages instead of {source.content.count:,}"
    prints = [each for folder in source.content.folders.values() for each in folder]
    if written.digest != fingerprint((each.digest, each.instant) for each in prints):
        return "bytes or dates differ"
    return ""
