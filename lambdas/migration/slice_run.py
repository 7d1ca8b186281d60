"""One slice of a mailbox: copied, and told to the ledger, the log and the metrics."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from migration import measures
from migration.copy.engine import copy_slice
from migration.copy.recorder import Progress
from migration.copy.slices import SliceJob, SliceResult
from migration.errors import MigrationError
from migration.logs import logger
from migration.measures import Measure
from migration.model import Tally
from migration.ports import BlobStore, Ledger, Metrics, Source, Target
from migration.runs import note_pause


@dataclass(slots=True)
class _Recorded:
    """What the slice has recorded so far. Batches are added by one thread, and read after it."""

    tally: Tally = field(default_factory=Tally)

    def add(self, tally: Tally) -> None:
        self.tally += tally


def run_slice(
    source: Source,
    target: Target,
    ledger: Ledger,
    blobs: BlobStore,
    metrics: Metrics,
    job: SliceJob,
    at: str,
    seconds_left: Callable[[], float],
) -> SliceResult:
    """Copies as `copy_slice` does, and raises what that raises. `at` is when this attempt began.

    However it ends, one line of the log and one set of measures tell what was recorded. A batch is
    recorded by one conditional update of the ledger, and counted after it: what is played again
    after a crash is not counted twice. What a worker had recorded that was killed is missing in the
    measures, and is not missing in the ledger.
    """

    def copy(progress: Progress) -> SliceResult:
        return copy_slice(
            *(source, target, ledger, blobs, job, seconds_left),
            progress=progress,
            listed=partial(ledger.set_begun, job.mailbox_id, at=at),
        )

    result = tell_slice("slice", copy, metrics, measures.of_slice, at, seconds_left)
    note_pause(ledger, job.mailbox_id, result.outcome)
    return result


def tell_slice(
    name: str,
    copy: Callable[[Progress], SliceResult],
    metrics: Metrics,
    measure: Callable[[Tally, int], Sequence[Measure]],
    at: str,
    seconds_left: Callable[[], float],
) -> SliceResult:
    """What `copy` answers or raises, told to the log under this name, and to the metrics. `copy`
    gets what is to be told of every batch that was recorded."""
    recorded, began = _Recorded(), seconds_left()
    outcome, wait = "", 0
    try:
        result = copy(recorded.add)
        outcome, wait = result.outcome.value, result.wait_seconds
    except MigrationError as error:
        outcome = type(error).__name__
        raise
    finally:
        seconds = round(began - seconds_left(), 1)
        logger.info(name, extra=_describe(recorded.tally, outcome, wait, seconds))
        metrics.emit(at, measure(recorded.tally, wait))
    return result


def _describe(
    tally: Tally, outcome: str, wait: int, seconds: float
) -> dict[str, str | int | float]:
    """`outcome`: how the slice ended, or the error's name; "" for an error nobody foresaw."""
    return {
        "outcome": outcome,
        "copied": tally.copied,
        "bytes": tally.size,
        "refused": tally.rejected,
        "gone": tally.gone,
        "skipped": tally.skipped,
        "wait": wait,
        "seconds": seconds,
    }
