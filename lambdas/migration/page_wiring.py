"""The composition root of the progress page: what wiring.py is for all else."""

from __future__ import annotations

from migration.aws.histories import read_histories
from migration.progress_file import ProgressFile
from migration.wiring import Wiring


def progress_file(wired: Wiring) -> ProgressFile:
    """What shows the tenant's run in the bucket."""
    return ProgressFile(wired.settings, wired.region, wired.ledger, wired.blobs, read_histories())
