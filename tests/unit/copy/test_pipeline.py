"""How much of a mailbox is in memory, and that large messages hold nobody up."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

import pytest

from localrun.fakes.blobs import MemoryBlobs
from localrun.fakes.ledger import MemoryLedger
from localrun.fakes.mailbox import MemorySource, MemoryTarget
from migration.copy.engine import Pace, SliceJob, SliceOutcome, SliceResult, copy_slice
from migration.errors import QuotaExceeded
from migration.mail import BatchLimit, Folder, Gone, Item, ItemRef, Stamped, Unreadable
from migration.mime import MimeStream
from migration.model import CopyPolicy
from migration.ports import Receipt, Source

INBOX = ("INBOX",)
EVERYTHING = CopyPolicy()


class Scale:
    """How many octets were read and not yet sent."""

    def __init__(self) -> None:
        self.weight = self.most = 0
        self._lock = threading.Lock()

    def add(self, octets: int) -> None:
        with self._lock:
            self.weight += octets
            self.most = max(self.most, self.weight)


class WeighedSource(MemorySource):
    """Puts each message on the scale when it is made; a stream piece by piece."""

    def __init__(self, scale: Scale) -> None:
        super().__init__()
        self._scale = scale

    def fetch(
        self, folder: Folder, refs: Sequence[ItemRef], following: Sequence[ItemRef] = ()
    ) -> Iterator[Item | Gone | Unreadable]:
        for answer in super().fetch(folder, refs, following):
            if isinstance(answer, Item):
                is_stream = isinstance(answer.mime, MimeStream)
                self._scale.add(len(answer.mime.head) if is_stream else len(answer.mime))  # type: ignore[union-attr]
            yield answer


class SlowTarget(MemoryTarget):
    """Takes its time for each message, and takes it off the scale."""

    def __init__(self, scale: Scale) -> None:
        super().__init__()
        self._scale = scale

    def append(self, folder_id: str, batch: Iterable[Stamped]) -> Receipt:
        return super().append(folder_id, map(self._take, batch))

    def _take(self, stamped: Stamped) -> Stamped:
        time.sleep(0.001)
        mime = stamped.item.mime
        self._scale.add(-len(mime.head if isinstance(mime, MimeStream) else mime))
        return stamped


def copy(source: Source, target: MemoryTarget) -> SliceResult:
    job = SliceJob("acme", "mailbox1", 1, "2026-11-23T10:00:00Z")
    ledger, blobs = MemoryLedger(), MemoryBlobs()
    return copy_slice(source, target, ledger, blobs, job, lambda: 900.0)


@pytest.mark.parametrize("size", [999_999, 1_000_000])
def test_no_more_than_a_window_is_in_memory(size: int) -> None:
    """Of 200 MB; messages as large as can come whole, and the smallest that come as streams."""
    scale = Scale()
    source, target = WeighedSource(scale), SlowTarget(scale)
    content = b"x" * size
    for _ in range(200):
        source.deliver(INBOX, content)
    assert copy(source, target).copied == 200
    assert scale.most <= 16_000_000
    assert scale.weight == 0


@pytest.mark.timeout(20)
@pytest.mark.parametrize("after", [0, 1, 3])
def test_a_target_that_fails_lets_go_of_large_messages_that_were_read(after: int) -> None:
    source, target = MemorySource(), MemoryTarget()
    for _ in range(20):
        source.deliver(INBOX, b"x" * 1_100_000)
    threads = threading.active_count()

    def fill_up(name: str) -> None:
        if name == "before append" and len(target.contents()[("Inbox",)]) == after:
            time.sleep(0.05)  # the reader has gone ahead meanwhile
            raise QuotaExceeded("the target mailbox is full")

    target.step = fill_up
    with pytest.raises(QuotaExceeded):
        copy(source, target)
    assert threading.active_count() == threads


def refuse_if(is_refused: Callable[[Item], bool]) -> Callable[[Item], str]:
    return lambda item: "no" if is_refused(item) else ""


def test_a_large_message_that_is_refused_as_a_stream_is_offered_whole() -> None:
    source, target = MemorySource(), MemoryTarget()
    for number in range(3):
        source.deliver(INBOX, b"%d" % number + b"x" * 1_100_000)
    offered: list[bytes] = []

    def is_refused(item: Item) -> bool:
        assert isinstance(item.mime, bytes)
        offered.append(item.mime[:1])
        return item.mime[:1] == b"1" and offered.count(b"1") == 1

    target.refuse = refuse_if(is_refused)
    result = copy(source, target)
    assert (result.outcome, result.copied) == (SliceOutcome.DONE, 3)
    assert offered == [b"0", b"1", b"2", b"1"]


class WrongSource(MemorySource):
    """Lists sizes that are not those of the messages."""

    def fetch(
        self, folder: Folder, refs: Sequence[ItemRef], following: Sequence[ItemRef] = ()
    ) -> Iterator[Item | Gone | Unreadable]:
        for answer in super().fetch(folder, refs, following):
            yield replace(answer, ref=replace(answer.ref, size=1))


def test_the_listed_size_counts_whatever_the_source_says_later() -> None:
    source, target = WrongSource(), MemoryTarget()
    source.deliver(INBOX, b"x" * 100)
    job = SliceJob("acme", "mailbox1", 1, "2026-11-23T10:00:00Z")
    ledger = MemoryLedger()
    copy_slice(source, target, ledger, MemoryBlobs(), job, lambda: 900.0)
    assert ledger.folders("mailbox1")[0].total.size == 100


class ToldSource(MemorySource):
    """Remembers what it was asked for, and what it was told to follow."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[tuple[list[int], list[int]]] = []

    def fetch(
        self, folder: Folder, refs: Sequence[ItemRef], following: Sequence[ItemRef] = ()
    ) -> Iterator[Item | Gone | Unreadable]:
        self.told.append(([int(ref.uid) for ref in refs], [int(ref.uid) for ref in following]))
        return super().fetch(folder, refs, following)


def copy_in_batches(source: Source, policy: CopyPolicy = EVERYTHING) -> SliceResult:
    pace = Pace(BatchLimit(items=2), overlap=False)
    job = SliceJob("acme", "mailbox1", 1, "2026-11-23T10:00:00Z", pace, policy)
    return copy_slice(source, MemoryTarget(), MemoryLedger(), MemoryBlobs(), job, lambda: 900.0)


def test_a_source_that_reads_on_is_told_what_follows() -> None:
    source = ToldSource()
    for number in range(5):
        source.deliver(INBOX, b"%d" % number)
    assert copy_in_batches(source).copied == 5
    assert source.told == [([1, 2], [3, 4, 5]), ([3, 4], []), ([5], [])]
    other = ToldSource()
    other.capabilities = replace(other.capabilities, reads_on=False)
    for number in range(5):
        other.deliver(INBOX, b"%d" % number)
    assert copy_in_batches(other).copied == 5
    assert other.told == [([1, 2], []), ([3, 4], []), ([5], [])]


def test_messages_that_are_not_worth_reading_are_not_announced() -> None:
    source = ToldSource()
    large = b"x" * 1_000
    for content in (large, large, b"3", large, large, b"6", b"7"):
        source.deliver(INBOX, content)
    assert copy_in_batches(source, CopyPolicy(max_message_bytes=500)).copied == 3
    assert source.told == [([], []), ([3], [6, 7]), ([6], []), ([7], [])]
