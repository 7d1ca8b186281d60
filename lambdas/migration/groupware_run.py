"""One slice of a mailbox's calendars, address books, tasks and notes: copied, and told to the
ledger, the log and the metrics."""

from __future__ import annotations

from collections.abc import Callable

from migration import measures
from migration.copy.groupware import copy_groupware
from migration.copy.recorder import Progress
from migration.copy.slices import SliceJob, SliceResult
from migration.groupware_port import GroupwareSource, GroupwareTarget
from migration.ports import BlobStore, Ledger, Metrics
from migration.runs import note_pause
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
) -> SliceResult:
    """Copies as `copy_groupware` does, and raises what that raises. `at` is when this attempt
    began. What is told, and when, is as `slice_run.run_slice` has it."""

    def copy(progress: Progress) -> SliceResult:
        return copy_groupware(source, target, ledger, blobs, job, seconds_left, progress=progress)

    result = tell_slice(
        "groupware slice", copy, metrics, measures.of_groupware_slice, at, seconds_left
    )
    note_pause(ledger, job.mailbox_id, result.outcome)
    return result
