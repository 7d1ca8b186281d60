"""One slice of a mailbox's calendars, address books, tasks and notes: copied, and told to the
ledger, the log and the metrics."""

from __future__ import annotations

from collections.abc import Callable

from migration import measures
from migration.automatic_replies import bring_reply
from migration.copy.groupware import copy_groupware
from migration.copy.recorder import Progress
from migration.copy.slices import SliceJob, SliceOutcome, SliceResult
from migration.errors import Busy
from migration.groupware_port import GroupwareSource, GroupwareTarget
from migration.mailbox_settings import SettingsEnds
from migration.ports import BlobStore, Ledger, Metrics
from migration.runs import note_pause
from migration.settings_file import keep_settings, read_settings
from migration.slice_run import tell_slice


def run_groupware(
    source: GroupwareSource,
    target: GroupwareTarget,
    ledger: Ledger,
    blobs: BlobStore,
    metrics: Metrics,
    job: SliceJob,
    at: str,
    seconds_left: Callable[[], float],
    settings: SettingsEnds | None = None,
) -> SliceResult:
    """Copies as `copy_groupware` does, and raises what that raises. `at` is when this attempt
    began. What is told, and when, is as `slice_run.run_slice` has it. When nothing is left, the
    rules and the automatic reply that `settings` tells are written down for the report, and the
    latter is written into WorkMail, as automatic_replies.py has it."""

    def copy(progress: Progress) -> SliceResult:
        result = copy_groupware(source, target, ledger, blobs, job, seconds_left, progress=progress)
        if settings is None or result.outcome is not SliceOutcome.DONE:
            return result
        try:
            found = settings.source.read()
            if settings.target is not None:
                watch = ledger.dns_watch(job.run)
                before = read_settings(blobs, job.mailbox_id)
                found = bring_reply(found, before, settings.target, watch, job.now)
        except Busy as busy:
            return SliceResult(SliceOutcome.BACKOFF, result.copied, 1, busy.retry_after)
        keep_settings(found, blobs, job.mailbox_id)
        return result

    result = tell_slice(
        "groupware slice", copy, metrics, measures.of_groupware_slice, at, seconds_left
    )
    note_pause(ledger, job.mailbox_id, result.outcome)
    return result
