"""The calendars, address books, tasks and notes of one mailbox: one slice of their copy, and what
verification says of them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from migration import measures
from migration.copy.groupware import copy_groupware
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
    began. However it ends, it is told of as the slices of the mail are."""
    copy = partial(copy_groupware, source, target, ledger, blobs, job, seconds_left)
    result = tell_slice(
        lambda add: copy(progress=add), measures.of_groupware, metrics, at, seconds_left
    )
    note_pause(ledger, job.mailbox_id, result.outcome.value)
    return result
