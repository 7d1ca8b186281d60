"""Messages that the target refuses, in the comparison at a run's end."""

from __future__ import annotations

from localrun.compare import FolderComparison
from localrun.outcome import leave_out
from migration.model import FolderRecord, Rejection

RECORD = FolderRecord("f1", ("Sent",), ("Sent Items",), "1", "t1")
REFUSED = Rejection("f1", "7", 50_000_000, "too-large")


def compared(target: int, lost: int) -> FolderComparison:
    return FolderComparison(
        "ann@example.test", ("Sent",), ("Sent Items",), 3, target, 2, lost, 0, 0
    )


def test_a_refused_message_that_the_ledger_names_is_not_lost() -> None:
    (folder,) = leave_out([compared(target=2, lost=1)], [RECORD], [REFUSED])
    assert (folder.source, folder.lost) == (2, 0)
    assert folder.agrees


def test_a_lost_message_that_nobody_names_stays_lost() -> None:
    (folder,) = leave_out([compared(target=1, lost=2)], [RECORD], [REFUSED])
    assert folder.lost == 1
    assert not folder.agrees


def test_a_message_that_is_there_although_it_was_refused_is_no_agreement() -> None:
    (folder,) = leave_out([compared(target=3, lost=0)], [RECORD], [REFUSED])
    assert not folder.agrees
