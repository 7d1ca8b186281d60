"""What has gathered is written at once, in order, and nothing more after a failure."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from localrun.fakes.blobs import MemoryBlobs
from localrun.fakes.ledger import MemoryLedger
from migration.copy.audit import Row
from migration.copy.recorder import FolderWork, InlineRecorder, Recorder, ThreadedRecorder
from migration.errors import FencedOff
from migration.mail import Fate, Folder, FolderPlan, ItemRef
from migration.model import Tally

BOX = "mailbox1"


class Desk:
    """A folder that is claimed, and the ledger, which may be held up."""

    def __init__(self) -> None:
        self.ledger, self.blobs = MemoryLedger(), MemoryBlobs()
        self.tallies: list[Tally] = []
        plan = FolderPlan(Folder("key", ("INBOX",), "1", 9), ("Inbox",))
        record = self.ledger.claim_folder(BOX, plan, "folder-1", 1, 1)
        self.work = FolderWork(plan, record)
        self.inline = InlineRecorder(self.ledger, self.blobs, BOX, self.tallies.append)

    def hold(self) -> threading.Event:
        """The next write waits for this event."""
        event, step = threading.Event(), self.ledger.step

        def wait(name: str) -> None:
            if name == "before advance":
                self.ledger.step = step
                assert event.wait(10)

        self.ledger.step = wait
        self._waits = wait
        return event

    def is_held(self) -> bool:
        """Whether the write that is to wait has not begun."""
        return self.ledger.step is self._waits


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture(params=["inline", "threaded"])
def recorder(request: pytest.FixtureRequest, desk: Desk) -> Iterator[Recorder]:
    if request.param == "inline":
        yield desk.inline
    else:
        threaded = ThreadedRecorder(desk.inline)
        yield threaded
        threaded.close()


def refs(*uids: int) -> list[ItemRef]:
    return [ItemRef(str(uid), 10) for uid in uids]


def rows(*uids: int) -> list[Row]:
    return [Row(ref, Fate.STORED, f"item-{ref.uid}") for ref in refs(*uids)]


def test_batches_are_opened_and_finished_in_order(recorder: Recorder, desk: Desk) -> None:
    recorder.open(desk.work, refs(1, 2), "2", "7")()
    recorder.open(desk.work, refs(3), "3", "8")()
    assert desk.work.record.intent is not None
    assert [ref.uid for ref in desk.work.record.intent.refs] == ["1", "2", "3"]
    assert desk.work.record.intent.mark == "7"
    recorder.finish(desk.work, rows(1, 2), "9")
    recorder.drain()
    assert [ref.uid for ref in desk.work.record.intent.refs] == ["3"]
    assert desk.work.record.intent.mark == "9"
    recorder.finish(desk.work, rows(3))
    recorder.drain()
    finished = desk.work.record
    assert not finished.intent
    assert finished.cursor == "3"
    assert finished.total == Tally(copied=3, size=30)
    assert desk.tallies == [Tally(copied=2, size=20), Tally(copied=1, size=10)]
    assert len(desk.blobs.files()) == 2


def test_the_commit_of_a_batch_and_the_intent_of_the_next_are_one_write(desk: Desk) -> None:
    recorder = ThreadedRecorder(desk.inline)
    recorder.open(desk.work, refs(1), "1", "7")()
    writes, held = desk.ledger.writes, desk.hold()
    recorder.open(desk.work, refs(2), "2", "")
    while desk.is_held():  # the thread has taken the first of them only
        pass
    recorder.finish(desk.work, rows(1))
    wait = recorder.open(desk.work, refs(3), "3", "")
    held.set()
    wait()
    assert desk.ledger.writes - writes == 2
    assert desk.work.record.total.copied == 1
    recorder.close()


def test_rows_are_written_before_the_ledger(recorder: Recorder, desk: Desk) -> None:
    recorder.open(desk.work, refs(1), "1", "7")()
    seen: list[int] = []
    desk.ledger.step = lambda name: seen.append(len(desk.blobs.files()))
    recorder.finish(desk.work, rows(1))
    recorder.drain()
    assert set(seen) == {1}


class Ended(BaseException):
    """What no handler expects."""


@pytest.mark.parametrize("error", [FencedOff, ValueError, Ended])
def test_a_failure_is_raised_by_all_that_comes_later(
    error: type[BaseException], desk: Desk
) -> None:
    recorder = ThreadedRecorder(desk.inline)

    def fail(name: str) -> None:
        raise error("broken")

    desk.ledger.step = fail
    with pytest.raises(error):
        recorder.open(desk.work, refs(1), "1", "7")()
    desk.ledger.step = lambda name: None
    writes = desk.ledger.writes
    with pytest.raises(error):
        recorder.open(desk.work, refs(2), "2", "7")
    with pytest.raises(error):
        recorder.finish(desk.work, rows(1))
    with pytest.raises(error):
        recorder.drain()
    with pytest.raises(error):
        recorder.close()
    assert desk.ledger.writes == writes
