"""What is put right after an execution that could not do so itself."""

from __future__ import annotations

import pytest

from localrun.fakes.ledger import MemoryLedger
from migration.aftermath import Ended, clean_up, make_under_lock
from migration.errors import ProvisioningPending, TargetBusy, TenantMisconfigured
from migration.runs import take_lock
from tests.unit.test_runs import Running

ENDED = Ended("arn:me", "run-1", "ABORTED", "2026-12-04T18:00:00Z")
# The first attempt; within its quarter of an hour, and after it.
BEGAN, SOON, LATER = "2026-12-04T18:01:00Z", "2026-12-04T18:15:59Z", "2026-12-04T18:16:00Z"


class Rights:
    """Counts how often they were taken away."""

    def __init__(self, *raises: Exception) -> None:
        self.taken = 0
        self._raises = list(raises)

    def __call__(self) -> None:
        if self._raises:
            raise self._raises.pop(0)
        self.taken += 1


def owner(ledger: MemoryLedger) -> str:
    """Who holds the lock; "nobody" if nobody does."""
    held = ledger.acquire_lock("nobody", ENDED.at)
    ledger.release_lock("nobody")
    return held


def test_rights_and_the_lock_of_the_ended_execution_go() -> None:
    ledger, rights = MemoryLedger(), Rights()
    ledger.acquire_lock("arn:me", ENDED.at)
    assert clean_up(ledger, Running(), rights, ENDED, BEGAN)
    assert (rights.taken, owner(ledger)) == (1, "nobody")
    (note,) = ledger.notes("run-1")
    assert (note.state, note.at) == ("CleanUp", ENDED.at)
    assert "ABORTED" in note.what


def test_an_execution_that_left_nothing_behind_is_cleaned_up_all_the_same() -> None:
    ledger, rights = MemoryLedger(), Rights()
    assert clean_up(ledger, Running(), rights, ENDED, BEGAN)
    assert (rights.taken, owner(ledger)) == (1, "nobody")


def test_the_rights_of_another_execution_that_runs_stay() -> None:
    ledger, rights = MemoryLedger(), Rights()
    ledger.acquire_lock("arn:other", ENDED.at)
    assert not clean_up(ledger, Running("arn:other"), rights, ENDED, BEGAN)
    assert (rights.taken, owner(ledger)) == (0, "arn:other")
    assert ledger.notes("run-1") == []


def test_the_lock_of_a_third_that_ended_too_does_not_keep_the_rights() -> None:
    ledger, rights = MemoryLedger(), Rights()
    ledger.acquire_lock("arn:third", ENDED.at)
    assert clean_up(ledger, Running(), rights, ENDED, BEGAN)
    assert (rights.taken, owner(ledger)) == (1, "nobody")


def test_no_execution_begins_between_the_lock_and_the_rights() -> None:
    ledger = MemoryLedger()
    ledger.acquire_lock("arn:me", ENDED.at)
    tried: list[str] = []

    def take() -> None:
        with pytest.raises(ProvisioningPending):
            take_lock(ledger, Running(), "arn:new", SOON)
        tried.append("new")

    clean_up(ledger, Running(), take, ENDED, BEGAN)
    assert tried == ["new"]
    assert take_lock(ledger, Running(), "arn:new", SOON) == "arn:new"


def test_a_clean_up_that_died_is_repeated_or_gives_way_after_a_quarter_of_an_hour() -> None:
    ledger = MemoryLedger()
    ledger.acquire_lock("arn:me", ENDED.at)
    with pytest.raises(TargetBusy):
        clean_up(ledger, Running(), Rights(TargetBusy("busy", 10)), ENDED, BEGAN)
    with pytest.raises(ProvisioningPending):
        take_lock(ledger, Running(), "arn:new", SOON)
    rights = Rights()
    assert clean_up(ledger, Running(), rights, ENDED, SOON)  # the same event again
    assert (rights.taken, owner(ledger)) == (1, "nobody")

    with pytest.raises(TargetBusy):
        clean_up(ledger, Running(), Rights(TargetBusy("busy", 10)), ENDED, BEGAN)
    assert take_lock(ledger, Running(), "arn:new", LATER) == "arn:new"


def test_a_lock_that_is_taken_in_the_same_moment_is_looked_at_again() -> None:
    ledger = MemoryLedger()
    ledger.acquire_lock("arn:third", ENDED.at)

    class Quicker(Running):
        def is_running(self, execution: str) -> bool:
            ledger.take_over_lock("arn:rival", "arn:third", ENDED.at)
            return False

    rights = Rights()
    with pytest.raises(ProvisioningPending):
        clean_up(ledger, Quicker(), rights, ENDED, BEGAN)
    assert (rights.taken, owner(ledger)) == (0, "arn:rival")


def test_an_attempt_hours_later_has_a_quarter_of_an_hour_of_its_own() -> None:
    ledger = MemoryLedger()
    ledger.acquire_lock("arn:me", ENDED.at)
    tried: list[str] = []

    def take() -> None:
        with pytest.raises(ProvisioningPending):
            take_lock(ledger, Running(), "arn:new", "2026-12-04T23:14:59Z")
        tried.append("new")

    clean_up(ledger, Running(), take, ENDED, "2026-12-04T23:00:00Z")
    assert tried == ["new"]


def test_a_repetition_goes_on_with_its_own_lock_and_a_new_quarter_of_an_hour() -> None:
    ledger = MemoryLedger()
    ledger.acquire_lock("arn:me", ENDED.at)
    with pytest.raises(TargetBusy):
        clean_up(ledger, Running(), Rights(TargetBusy("busy", 10)), ENDED, BEGAN)
    with pytest.raises(TargetBusy):
        clean_up(ledger, Running(), Rights(TargetBusy("busy", 10)), ENDED, SOON)
    with pytest.raises(ProvisioningPending):
        take_lock(ledger, Running(), "arn:new", LATER)


def test_a_cleaner_at_work_keeps_its_lock_from_the_clean_up_of_another_execution() -> None:
    """One that began meanwhile, waited for the lock in vain and failed by that."""
    ledger = MemoryLedger()
    other = Ended("arn:new", "run-2", "FAILED", SOON)
    tried: list[str] = []

    def take() -> None:
        rights = Rights()
        with pytest.raises(ProvisioningPending):
            clean_up(ledger, Running(), rights, other, SOON)
        assert rights.taken == 0
        tried.append("new")

    assert clean_up(ledger, Running(), take, ENDED, BEGAN)
    assert tried == ["new"]
    assert clean_up(ledger, Running(), Rights(), other, SOON)


def test_a_cleaner_that_died_does_not_keep_the_clean_up_of_another_execution() -> None:
    ledger, rights = MemoryLedger(), Rights()
    with pytest.raises(TargetBusy):
        clean_up(ledger, Running(), Rights(TargetBusy("busy", 10)), ENDED, BEGAN)
    assert clean_up(ledger, Running(), rights, Ended("arn:new", "run-2", "FAILED", SOON), LATER)
    assert (rights.taken, owner(ledger)) == (1, "nobody")


def test_step_functions_is_not_asked_about_a_cleaner() -> None:
    class Asked(Running):
        def is_running(self, execution: str) -> bool:
            assert not execution.startswith("clean-up")
            return False

    ledger = MemoryLedger()
    with pytest.raises(TargetBusy):
        clean_up(ledger, Asked(), Rights(TargetBusy("busy", 10)), ENDED, BEGAN)
    with pytest.raises(ProvisioningPending):
        take_lock(ledger, Asked(), "arn:new", SOON)
    assert take_lock(ledger, Asked(), "arn:new", LATER) == "arn:new"


# ---- a function that was at work when its execution was aborted -------------------------------


def test_who_has_the_lock_keeps_what_it_has_made() -> None:
    ledger, rights = MemoryLedger(), Rights()
    ledger.acquire_lock("arn:me", ENDED.at)
    assert make_under_lock(ledger, "arn:me", lambda: "role", rights) == "role"
    assert rights.taken == 0


@pytest.mark.parametrize("is_ready", [True, False])
@pytest.mark.parametrize("is_at_work", [True, False])
def test_rights_that_are_made_behind_the_cleaners_back_are_taken_away(
    is_ready: bool, is_at_work: bool
) -> None:
    ledger, rights = MemoryLedger(), Rights()
    ledger.acquire_lock("arn:me", ENDED.at)

    def make() -> str:
        with pytest.raises(TargetBusy):
            clean_up(ledger, Running(), Rights(TargetBusy("busy", 10)), ENDED, BEGAN)
        if not is_at_work:
            clean_up(ledger, Running(), Rights(), ENDED, SOON)
        if not is_ready:
            raise ProvisioningPending("not yet", 10)
        return "role"

    with pytest.raises(TenantMisconfigured if is_ready else ProvisioningPending):
        make_under_lock(ledger, "arn:me", make, rights)
    assert rights.taken == 1


def test_rights_that_another_execution_uses_by_now_are_its_own() -> None:
    ledger, rights = MemoryLedger(), Rights()
    ledger.acquire_lock("arn:other", ENDED.at)
    with pytest.raises(TenantMisconfigured, match="not this execution's any more"):
        make_under_lock(ledger, "arn:me", lambda: "role", rights)
    assert rights.taken == 0
