"""How a copy goes on: after pauses, until it is done, and how Ctrl-C ends it."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

import pytest

from localrun.copy_loop import End, Interrupt, copy_all
from migration.copy.slices import SliceOutcome, SliceResult
from migration.errors import AdministratorPending, QuotaExceeded

MORE = SliceResult(SliceOutcome.MORE, 10, 1)
DONE = SliceResult(SliceOutcome.DONE, 10, 0)
BACKOFF = SliceResult(SliceOutcome.BACKOFF, 10, 1, retry_after=0.3)

Step = SliceResult | Exception | Callable[[], SliceResult]


class Script:
    """Slices that end as it is written."""

    def __init__(self, *steps: Step) -> None:
        self.steps = list(steps)

    def __call__(self) -> SliceResult:
        step = self.steps.pop(0)
        if isinstance(step, Exception):
            raise step
        return step if isinstance(step, SliceResult) else step()


class Naps(Interrupt):
    """Does not really sleep."""

    def __init__(self) -> None:
        super().__init__()
        self.naps: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)


def test_slices_follow_until_nothing_is_left() -> None:
    script, naps, said = Script(MORE, MORE, DONE), Naps(), list[str]()
    assert copy_all(script, naps, said.append) is End.DONE
    assert (script.steps, naps.naps, said) == ([], [], [])


def test_a_server_that_wants_a_pause_gets_it_and_this_is_said() -> None:
    script, naps, said = Script(BACKOFF, DONE), Naps(), list[str]()
    assert copy_all(script, naps, said.append) is End.DONE
    assert naps.naps == [0.3]
    assert said == ["a server wants a pause of 1 seconds; then it goes on"]


def test_an_administrator_who_is_not_known_yet_is_tried_again() -> None:
    script, naps = Script(AdministratorPending("not yet", 60.0), DONE), Naps()
    assert copy_all(script, naps, list[str]().append) is End.DONE
    assert naps.naps == [60.0]


def test_an_administrator_who_never_becomes_known_is_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("localrun.copy_loop._PATIENCE", -1.0)
    with pytest.raises(AdministratorPending):
        copy_all(Script(AdministratorPending("not yet", 60.0)), Naps(), list[str]().append)


def test_what_ends_the_mailbox_ends_the_loop() -> None:
    with pytest.raises(QuotaExceeded):
        copy_all(Script(MORE, QuotaExceeded("full")), Naps(), list[str]().append)


def test_the_first_interrupt_is_a_wish_to_pause() -> None:
    with Interrupt() as interrupt:

        def interrupted() -> SliceResult:
            assert interrupt.seconds_left() > 1000
            before = interrupt.wanted
            os.kill(os.getpid(), signal.SIGINT)
            assert (before, interrupt.wanted) == (False, True)
            return SliceResult(SliceOutcome.PAUSED, 10, 1)

        assert copy_all(Script(interrupted), interrupt, list[str]().append) is End.STOPPED


def test_a_copy_that_was_done_anyway_is_done() -> None:
    with Interrupt() as interrupt:

        def interrupted() -> SliceResult:
            os.kill(os.getpid(), signal.SIGINT)
            return DONE

        assert copy_all(Script(interrupted), interrupt, list[str]().append) is End.DONE


def test_an_interrupt_ends_a_pause() -> None:
    with Interrupt() as interrupt:

        def say(_text: str) -> None:
            os.kill(os.getpid(), signal.SIGINT)

        long = SliceResult(SliceOutcome.BACKOFF, 0, 1, retry_after=500.0)
        assert copy_all(Script(long, MORE), interrupt, say) is End.STOPPED


def test_signals_are_as_before_afterwards() -> None:
    before = signal.getsignal(signal.SIGINT)
    with Interrupt():
        assert signal.getsignal(signal.SIGINT) != before
    assert signal.getsignal(signal.SIGINT) == before
