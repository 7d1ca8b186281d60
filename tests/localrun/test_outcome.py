"""Messages that the target refuses, in the comparison at a run's end; alarms that a story wants."""

from __future__ import annotations

from dataclasses import replace

import pytest

from localrun.compare import FolderComparison
from localrun.engine.alarms import Raised
from localrun.outcome import count_refused, find_deviations, leave_out
from localrun.stories.stalled import STALLED
from migration.mail import Fate, Remark
from migration.model import FolderRecord

RECORD = FolderRecord("f1", ("Sent",), ("Sent Items",), "1", "t1")
REFUSED = Remark("f1", "7", 50_000_000, "too-large")


def compared(
    target: int, lost: int, doubled: int = 0, differing: int = 0, ledger: int = 2
) -> FolderComparison:
    return FolderComparison(
        "ann@example.test", ("Sent",), ("Sent Items",), 3, target, ledger, lost, doubled, differing
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


def test_a_message_with_other_line_ends_is_not_lost_and_doubled() -> None:
    adjusted = Remark("f1", "7", 50, "crlf+date-left-out", Fate.ADJUSTED)
    (folder,) = leave_out([compared(3, 1, 1, ledger=3)], [RECORD], [adjusted])
    assert folder.agrees
    assert folder.source == 3, "it is in the target"


def test_a_message_whose_keywords_were_left_out_is_the_only_one_that_may_differ() -> None:
    adjusted = Remark("f1", "7", 50, "keywords-left-out", Fate.ADJUSTED)
    (one,) = leave_out([compared(3, 0, differing=1, ledger=3)], [RECORD], [adjusted])
    (two,) = leave_out([compared(3, 0, differing=2, ledger=3)], [RECORD], [adjusted])
    (none,) = leave_out([compared(3, 0, differing=0, ledger=3)], [RECORD], [adjusted])
    assert [one.agrees, two.agrees, none.agrees] == [True, False, False]


def test_what_was_adjusted_was_not_refused() -> None:
    assert count_refused([REFUSED, Remark("f1", "8", 1, "crlf", Fate.ADJUSTED)]) == 1


@pytest.mark.parametrize(
    ("wanted", "raised", "fine"),
    [
        (("NoProgress",), ["NoProgress", "NoProgress"], True),
        (("NoProgress",), [], False),
        (("NoProgress",), ["NoProgress", "RunFailed"], False),
        ((), ["RunFailed"], False),
        ((), [], True),
        (None, ["RunFailed"], True),
    ],
)
def test_a_story_says_which_alarms_and_no_others(
    wanted: tuple[str, ...] | None, raised: list[str], fine: bool
) -> None:
    story = replace(STALLED, alarms=wanted)
    alarms = [Raised(f"WorkMailMigration-some-tenant-{name}", 0.0) for name in raised]
    found = list(find_deviations(story, {"status": "SUCCEEDED"}, "done", 0, [], alarms))
    assert bool(found) is not fine
    assert all("alarms raised" in problem for problem in found)
