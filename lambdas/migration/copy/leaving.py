"""What a worker that stops, and lives to tell it, writes into the intents that it leaves open."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from migration import transitions
from migration.copy.plan import CRASHES, is_given_up, settled_in
from migration.copy.recorder import FolderWork
from migration.errors import (
    BatchStuck,
    Busy,
    FolderGone,
    MailboxUnreachable,
    MigrationError,
    SourceBusy,
    TargetBusy,
)
from migration.model import FolderRecord, Intent


@dataclass(frozen=True, slots=True)
class Farewell:
    """What is known at the end: `error` is why the worker stops, `sent` are the folders of which
    it has begun to send something, `in_doubt` those of which answers are missing, `recreated` the
    keys of folders that it has created again. `is_answered` says that the target has nothing under
    way any more: then it may be asked after a `moment`, for a search may lag behind. `has_stored`
    says that it has stored something.
    """

    error: MigrationError
    now: str
    settle: float
    moment: float
    sent: Collection[FolderWork]
    in_doubt: Collection[FolderWork]
    recreated: Collection[str]
    is_answered: bool
    has_stored: bool

    def leave(self, work: FolderWork, *, is_last: bool) -> FolderRecord:
        """The record to write for a folder whose intent is open: from when on the target may be
        asked, and whether this was an attempt at it. `is_last` for the folder claimed last.

        What was not begun to be sent need not settle at all. Only the target itself can say that
        what was sent and not answered settles sooner than that of a dead worker. Not an attempt:
        what ends with an error of its own, for the workflow counts those in a row. But where
        something is in doubt, the pause until it has settled ends that row: then this counts the
        folders and mailboxes that the target gives up.
        """
        intent = _intent(work)
        is_mine = not intent.seen_at
        is_stuck = isinstance(self.error, BatchStuck) and is_last
        left = transitions.leave(
            work.record,
            settled_in(self.now, self._wait(work), self.settle) if is_mine else "",
            tried=is_stuck or (is_mine and self._was_tried(work)),
            suspicious=self._is_suspicious(work),
        )
        return self._accuse(work, left)

    def _was_tried(self, work: FolderWork) -> bool:
        if isinstance(self.error, (FolderGone, MailboxUnreachable)):
            return work in self.in_doubt and not self.is_answered
        return isinstance(self.error, (SourceBusy, TargetBusy)) and work in self.sent

    def _wait(self, work: FolderWork) -> float:
        """Seconds until the target can be trusted to know what was sent."""
        is_fresh = isinstance(self.error, FolderGone) and work.record.key in self.recreated
        if work not in self.in_doubt or is_fresh:
            return 0.0
        if self.is_answered:
            rest = self.error.retry_after if isinstance(self.error, TargetBusy) else 0.0
            return max(self.moment, rest)
        if isinstance(self.error, Busy) and not isinstance(self.error, SourceBusy):
            return self.error.retry_after
        return self.settle

    def _was_lost_over(self, work: FolderWork) -> bool:
        """Whether the connection broke without a word while messages of the folder were sent."""
        return isinstance(self.error, TargetBusy) and self.error.lost and work in self.sent

    def _is_suspicious(self, work: FolderWork) -> bool:
        """Of a message that was sent alone, only that others were stored on the same way tells it
        from a target that stores none."""
        intent = _intent(work)
        return self._was_lost_over(work) and (
            intent.focus != 1 or self.has_stored or is_given_up(intent)
        )

    def _accuse(self, work: FolderWork, left: FolderRecord) -> FolderRecord:
        if not self._was_lost_over(work) or _intent(work).focus != 1:
            return left
        return (
            transitions.accuse(left, CRASHES - 1) if self.has_stored else transitions.put_last(left)
        )


def _intent(work: FolderWork) -> Intent:
    assert work.record.intent is not None
    return work.record.intent
