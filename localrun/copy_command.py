"""python -m localrun copy: copies one mailbox with the engine of the migration.

The same engine, adapters and rules as in AWS, with a ledger in a file: an administrator's trial
run, and the way to measure the copy. Each call is a pass: the first brings everything, later ones
what is new.
"""

from __future__ import annotations

import os
import sqlite3
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from localrun.copy_loop import End, Interrupt, copy_all
from localrun.copy_memo import forget, keep, would_rest
from localrun.copy_options import OptionsRefusedError, Order, read_order
from localrun.copy_progress import Progress, WatchedSource
from localrun.copy_sides import open_sides
from localrun.copy_state import TENANT, State, open_state
from localrun.copy_summary import INTERRUPTED, Summary, peak_memory_mb, say, show
from localrun.state_folder import StateRefusedError
from migration.advice import advise
from migration.errors import Busy, MigrationError
from migration.mail import Fate
from migration.model import Agreement, DeltaPolicy, FolderRecord, MailboxVerdict, Tally

if TYPE_CHECKING:
    from migration.mail import Folder
    from migration.ports import Capabilities, Source, Target

_REFUSED = frozenset({Fate.REJECTED, Fate.UNREADABLE})
_VERIFY_SECONDS = 24 * 3600.0


def main(arguments: Sequence[str], environment: Mapping[str, str] = os.environ) -> int:
    """Runs the command; the process's exit status."""
    try:
        order = read_order(arguments, environment)
        for warning in order.warnings:
            say(f"warning: {warning}")
        interrupt = Interrupt()
        places = order.source, order.target
        with open_state(order.state, *places, lambda: interrupt.wanted) as state:
            return _run(order, arguments, state, interrupt)
    except OptionsRefusedError as error:
        for problem in error.problems:
            say(f"error: {problem}")
    except StateRefusedError as error:
        say(f"error: {error}")
    except (OSError, sqlite3.Error) as error:
        say(f"error: cannot go on in the --state folder: {error}")
        return 1
    return 2


def _run(order: Order, arguments: Sequence[str], state: State, interrupt: Interrupt) -> int:
    forget(order.state)
    copy = _Copy(order, state)
    try:
        with open_sides(order, ahead=copy.is_first) as (source, target):
            with interrupt:
                copy.copy(source, target, interrupt)
            if copy.outcome == End.DONE and not interrupt.wanted:
                copy.verify(source, target)
                copy.look_ahead(source.capabilities, target.capabilities)
    except MigrationError as error:
        copy.fail(error)
    except KeyboardInterrupt:
        copy.outcome = End.STOPPED
    if copy.outcome == End.STOPPED:
        say("stopped; the same command goes on where it stopped")
    summary = copy.summarise()
    if copy.unchanged:
        state.ledger.close()
        counts = {"refused": summary.refused, "quarantined": summary.quarantined}
        keep(order, arguments, copy.unchanged, counts)
    show(summary)
    if copy.outcome == End.STOPPED:
        return INTERRUPTED
    return 0 if copy.outcome == End.DONE and copy.agrees else 1


class _Copy:
    """One call: a pass over the mailbox, and what came of it."""

    def __init__(self, order: Order, state: State) -> None:
        self.outcome = ""
        self._order = order
        self._state = state
        self._pass_id = time.time_ns() // 1_000_000
        self._records = state.ledger.folders(state.mailbox)
        self._verdict: MailboxVerdict | None = None
        self._error = ""
        self._seconds = 0.0
        self._listed: Sequence[Folder] = ()
        self.unchanged: Sequence[Folder] = ()
        """If the source lists these again, the next call has nothing to do."""
        self._progress = Progress(
            sys.stderr, quiet=order.quiet, known={each.key: _seen(each) for each in self._records}
        )

    def copy(self, source: Source, target: Target, interrupt: Interrupt) -> None:
        """The copy itself, on the clock."""
        from migration.copy.engine import Pace, SliceJob, SliceResult, copy_slice

        watched = WatchedSource(source, self._progress)

        def next_slice() -> SliceResult:
            job = SliceJob(
                TENANT,
                self._state.mailbox,
                self._pass_id,
                datetime.now(UTC).isoformat().replace("+00:00", "Z"),
                pace=Pace(settle=self._order.settle, pause_check=0.0),
                policy=self._order.policy,
            )
            return copy_slice(
                watched,
                target,
                self._state.ledger,
                self._state.blobs,
                job,
                interrupt.seconds_left,
                interrupt.sleep,
                progress=self._progress.count,
            )

        began = time.perf_counter()
        try:
            self.outcome = copy_all(next_slice, interrupt, self._progress.say)
        finally:
            self._seconds = time.perf_counter() - began
            self._records = self._state.ledger.folders(self._state.mailbox)
            self._listed = watched.listed
            self._progress.close()

    def verify(self, source: Source, target: Target) -> None:
        """Asks both sides what they hold, as far as the order wants it."""
        if not self._is_to_be_verified():
            return
        from migration.copy.verify import verify_mailbox

        ends = time.monotonic() + _VERIFY_SECONDS
        self._verdict = verify_mailbox(
            source,
            target,
            self._state.ledger,
            self._state.blobs,
            self._state.mailbox,
            self._pass_id,
            self._order.policy,
            lambda: ends - time.monotonic(),
            TENANT,
        )
        say(f"verified: source, ledger and target {self._verdict.agreement}")
        for reason in self._verdict.reasons:
            say(f"  {name_folders(reason, self._records)}")

    def look_ahead(self, source: Capabilities, target: Capabilities) -> None:
        """Finds out whether there would be nothing to do, if nothing happens until the next call.
        Only where the list of folders tells every change."""
        wanted = self._order.verify
        verifies = wanted != "none" if wanted else not self._is_verified
        if verifies or not self.agrees or not all(folder.changes for folder in self._listed):
            return
        if would_rest(self._state, self._listed, (source, target), self._order.policy):
            self.unchanged = self._listed

    def fail(self, error: MigrationError) -> None:
        """Says what went wrong and what to do."""
        self.outcome = "failed"
        self._error = type(error).__name__
        say(f"error: {explain(error)}")

    @property
    def is_first(self) -> bool:
        """Whether no pass before has seen a folder."""
        return not self._records

    @property
    def agrees(self) -> bool:
        """False if verification found a difference."""
        return self._verdict is None or self._verdict.agreement is not Agreement.DIFFER

    def summarise(self) -> Summary:
        """What came of it."""
        tally = sum(
            (each.in_pass for each in self._records if each.pass_id == self._pass_id), Tally()
        )
        fates = [each.fate for each in self._state.ledger.remarks(self._state.mailbox)]
        return Summary(
            outcome=str(self.outcome),
            messages=tally.copied,
            bytes=tally.size,
            seconds=round(self._seconds, 3),
            messages_per_second=round(tally.copied / max(self._seconds, 0.001), 1),
            refused=sum(1 for fate in fates if fate in _REFUSED),
            quarantined=fates.count(Fate.QUARANTINED),
            ledger_writes=self._state.ledger.writes,
            peak_memory_mb=peak_memory_mb(),
            verdict=str(self._verdict.agreement) if self._verdict else "",
            error=self._error,
        )

    def _is_to_be_verified(self) -> bool:
        """Where nothing was said: if messages have come, or may have been deleted, or if nothing
        was ever verified."""
        order = self._order
        if order.verify:
            return order.verify != "none"
        follows = order.policy.delta is DeltaPolicy.FOLLOW
        touched = [each for each in self._records if each.pass_id == self._pass_id]
        if any(each.in_pass.seen or follows for each in touched):
            return True
        return not self._is_verified

    @property
    def _is_verified(self) -> bool:
        """Whether anything was ever verified."""
        return self._state.ledger.mailbox(self._state.mailbox).verdict is not None


def explain(error: MigrationError) -> str:
    """What went wrong, and what to do about it, for somebody who runs this command."""
    advice = advise(type(error).__name__)
    if isinstance(error, Busy):
        advice = "Start the workflow again later: it goes on where it stopped."
    for said, meant in (
        ("start the workflow again", "run the same command again"),
        ("Start the workflow again", "Run the same command again"),
    ):
        advice = advice.replace(said, meant)
    return f"{error}\n{advice}"


def name_folders(reason: str, records: Sequence[FolderRecord]) -> str:
    """A reason of verification with the folders' names in place of their keys."""
    for record in records:
        reason = reason.replace(f"folder {record.key}", f"folder {'/'.join(record.path)}")
    return reason


def _seen(record: FolderRecord) -> int:
    return record.total.seen if record.cursor else 0
