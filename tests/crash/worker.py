"""A mailbox to copy, workers that can be made to fail at any step, and what must hold afterwards.

The steps are those of the fakes: before and after every ledger write, every append, every audit
file, and between the pieces of a large message. Time is counted, not waited for.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, NoReturn, TypeVar

import pytest

from localrun.fakes.blobs import MemoryBlobs
from localrun.fakes.ledger import MemoryLedger
from localrun.fakes.mailbox import MemorySource, MemoryTarget
from localrun.fakes.ordered_source import OrderedSource
from localrun.fakes.repeating_source import RepeatingSource
from migration.copy.audit import HELD, Audit, count_rows, read_audit
from migration.copy.engine import Pace, SliceJob, SliceOutcome, SliceResult, copy_slice
from migration.errors import FolderGone, MailboxError
from migration.mail import BatchLimit, Fate, Found, Gone, Item, ItemRef, Unreadable
from migration.mime import MimeStream, fingerprint
from migration.model import CopyPolicy, FolderRecord, Tally

TENANT, BOX = "acme", "mailbox1"
PACE = Pace(batch=BatchLimit(items=3, size=1000), overlap=False)
Path = tuple[str, ...]
INBOX, SENT, EMPTY = ("INBOX",), ("Sent",), ("Empty",)
PROJECTS, LISTS = ("Projects",), ("Lists",)
STREAM_FROM, PIECE = 200, 60
"""Octets: what is a large message here, so that thousands of runs take no time."""

Act = Callable[[int, str], None]


class Crash(BaseException):
    """The process dies: nothing may catch this."""


class LedgerDown(Exception):
    """The database does not answer; whether it has written is unknown."""


# ---- workers that die ------------------------------------------------------------------------


class Life:
    """One worker's life: counts its steps, and lets `act` do something at them. All its threads
    die with it."""

    def __init__(self, act: Act | None = None) -> None:
        self.steps: list[str] = []
        self._act = act
        self._dead = False
        self._lock = threading.Lock()

    def step(self, name: str) -> None:
        with self._lock:
            if self._dead:
                raise Crash
            self.steps.append(name)
            number = len(self.steps) - 1
        if self._act is None:
            return
        try:
            self._act(number, name)
        except Crash:
            self._dead = True
            raise

    def die(self) -> NoReturn:
        """Now, between two steps."""
        self._dead = True
        raise Crash

    def end(self) -> None:
        """Whatever still runs of it does nothing more."""
        self._dead = True


class Lives(threading.local):
    """Whose hands are at work in this thread, innermost last."""

    def __init__(self) -> None:
        self.stack: list[Life] = []

    def step(self, name: str) -> None:
        if self.stack:
            self.stack[-1].step(name)

    def die(self) -> NoReturn:
        """Ends the worker whose hands these are."""
        self.stack[-1].die()

    @contextmanager
    def living(self, life: Life) -> Iterator[None]:
        self.stack.append(life)
        try:
            yield
        finally:
            self.stack.pop()


class Hands:
    """A part of the world in the hands of one worker: its steps are that worker's."""

    def __init__(self, part: object, lives: Lives, life: Life) -> None:
        self._part, self._lives, self._life = part, lives, life

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._part, name)
        if not callable(found):
            return found

        def call(*arguments: Any, **named: Any) -> Any:
            with self._lives.living(self._life):
                result = found(*arguments, **named)
            return self._each(result) if isinstance(result, Iterator) else result

        return call

    def _each(self, things: Iterator[Any]) -> Iterator[Any]:
        while True:
            with self._lives.living(self._life):
                try:
                    thing = next(things)
                except StopIteration:
                    return
            yield thing


# ---- the two mailboxes -----------------------------------------------------------------------


class _Pieces(MimeStream):
    """A large message of which only the first piece is read at once."""

    def _read_head(self) -> bytes:
        return next(self._chunks)


class CrashSource(MemorySource):
    """Large messages are small, and come in pieces with a step before each. `meet` is called for
    each message that is read, and may raise."""

    def __init__(self) -> None:
        super().__init__()
        self.meet: Callable[[Item], None] = lambda item: None

    def _answer(self, path: Path, ref: ItemRef) -> Item | Gone | Unreadable:
        answer = super()._answer(path, ref)
        if isinstance(answer, Item):
            self.meet(answer)
        if isinstance(answer, Item) and len(answer.mime) >= STREAM_FROM:
            content = answer.mime
            assert isinstance(content, bytes)
            pieces = self._pieces(content, _life_here(self.step))
            return replace(answer, mime=_Pieces(len(content), pieces))
        return answer

    def _pieces(self, content: bytes, step: Callable[[str], None]) -> Iterator[bytes]:
        for start in range(0, len(content), PIECE):
            if start:
                step("before piece")
            yield content[start : start + PIECE]


class RepeatingCrashSource(CrashSource, RepeatingSource):
    """The same, of which pages show messages again."""


def _life_here(step: Callable[[str], None]) -> Callable[[str], None]:
    """The step of the worker that asks now: its messages are read by any of its threads."""
    lives = getattr(step, "__self__", None)
    if isinstance(lives, Lives) and lives.stack:
        return lives.stack[-1].step
    return step


class CrashTarget(MemoryTarget):
    """`since` does not show what was stored within the last `lag` seconds of `now`. A message may
    be shown by its size and date alone (`blurred`), as where the server alters it."""

    def __init__(self, *, keeps_key: bool) -> None:
        super().__init__(refuse=refuse_marked, keeps_key=keeps_key)
        self.lag = 0.0
        self.now: Callable[[], datetime] = lambda: datetime(2026, 1, 1, tzinfo=UTC)
        self._stored_at: dict[int, datetime] = {}

    def since(self, folder_id: str, mark: str, keys: Sequence[str]) -> Iterable[Found]:
        found = super().since(folder_id, mark, keys)
        shown = self.now() - timedelta(seconds=self.lag)
        return [each for each in found if self._stored_at[_number(each.target_id)] <= shown]

    def mark(self, folder_id: str) -> str:
        mark = super().mark(folder_id)
        if folder_id not in self._items:
            raise FolderGone(f"folder {folder_id} is gone")
        return mark

    def find(self, path: Path, mime: bytes) -> str:
        """The id of the message with that content."""
        (kept, *_) = (each for each in self.contents()[path] if each.item.mime == mime)
        return f"item-{kept.number}"

    def move(self, target_id: str, path: Path) -> None:
        """A user moves a message into another folder."""
        for kept in self._items.values():
            for each in [each for each in kept if each.number == _number(target_id)]:
                kept.remove(each)
                self._items[self._ids[path]].append(each)
                return

    def drop(self, target_id: str) -> None:
        """A user deletes a message."""
        for id_, kept in self._items.items():
            self._items[id_] = [each for each in kept if each.number != _number(target_id)]

    def _put(self, folder_id: str, key: str, item: Item) -> int:
        number = super()._put(folder_id, key, item)
        self._stored_at[number] = self.now()
        return number


def _number(target_id: str) -> int:
    return int(target_id.rpartition("-")[2])


def refuse_marked(item: Item) -> str:
    assert isinstance(item.mime, bytes)
    return "bad-mime" if b"refuse me" in item.mime else ""


def text(number: int, size: int = 30, subject: str = "") -> bytes:
    """A message that differs from others in its number."""
    header = subject or f"Subject: message {number}"
    return f"{header}\r\n\r\n{number} ".encode() + b"x" * size


def fill(source: MemorySource) -> None:
    """Messages of every kind: refused, too large, vanished, unreadable, large, equal, and alike."""
    source.add_folder(EMPTY)
    for number in range(4):
        source.deliver(INBOX, text(number) + (b"refuse me" if number == 2 else b""))
    source.deliver(INBOX, text(4, 3000))
    for _ in range(2):
        source.deliver(INBOX, text(5))
    source.deliver(INBOX, text(6, 400))
    for number in (7, 8):
        source.deliver(INBOX, text(number, subject="Message-ID: <one@two.test>"))
    source.vanish(INBOX, "2")
    for number in range(20, 24):
        source.deliver(SENT, text(number))
    source.deliver(SENT, text(24, 300) + b"refuse me")
    source.deliver(SENT, text(25, 300))
    source.spoil(SENT, "2")
    for number in range(40, 44):
        source.deliver(PROJECTS, text(number))
    for number in (60, 61, 62, 62, 63):
        source.deliver(LISTS, text(number))
    source.deliver(LISTS, text(64, 300))


def change(world: World) -> None:
    """What happens between two passes, on both sides."""
    source, target = world.source, world.target
    for number in (100, 101, 5, 102):
        source.deliver(INBOX, text(number), flags=("\\Seen",))
    source.deliver(INBOX, text(103, 500))
    source.deliver(("New",), text(104))
    source.flag(INBOX, "1", ("\\Flagged",))
    source.flag(SENT, "1", ("\\Seen", "$Work"))
    source.delete(SENT, "3")
    source.delete(PROJECTS, "2")
    source.rename(PROJECTS, ("Projects", "Old"))
    source.deliver(("Projects", "Old"), text(105))
    source.recreate(LISTS)
    source.deliver(LISTS, text(106))
    source.deliver(LISTS, text(62))
    source.deliver(LISTS, text(107, 400))
    target.drop(target.find(("Inbox",), text(3)))
    target.move(target.find(("Inbox",), text(0)), ("Sent Items",))


# ---- the world -------------------------------------------------------------------------------


SourceT = TypeVar("SourceT")
TargetT = TypeVar("TargetT")


def at(number: int, fault: Callable[[], BaseException]) -> Act:
    """Lets something happen at one step."""

    def act(step: int, _name: str) -> None:
        if step == number:
            raise fault()

    return act


def each(name: str, fault: Callable[[], BaseException], which: int = 0) -> Act:
    """Lets something happen at the step of that name when it comes for the n-th time, from 0."""
    seen = [0]

    def act(_step: int, step_name: str) -> None:
        seen[0] += step_name == name
        if step_name == name and seen[0] == which + 1:
            raise fault()

    return act


@dataclass
class Slices(ABC, Generic[SourceT, TargetT]):
    """Both sides, the ledger and the bucket, which outlive every worker; and what goes on in
    slices, each by a worker of its own that may be made to fail at any of its `steps` by `act`.
    Time is what waiting makes of it."""

    policy: CopyPolicy = field(default_factory=CopyPolicy)
    pace: Pace = PACE
    clock: datetime = datetime(2026, 11, 23, tzinfo=UTC)
    act: Act | None = None
    steps: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.lives = Lives()
        self.source, self.target = self.sides()
        self.ledger, self.blobs = MemoryLedger(), MemoryBlobs()
        parts: list[Any] = [self.target, self.source, self.ledger, self.blobs]
        parts[0].now = lambda: self.clock
        for part in parts:
            part.step = self.lives.step

    @abstractmethod
    def sides(self) -> tuple[SourceT, TargetT]:
        """A new source and a new target with their `step`; the target has a `now` and a `lag`."""

    @abstractmethod
    def work(self, parts: Sequence[Any], job: SliceJob, left: Callable[[], float]) -> SliceResult:
        """The slice itself, on the parts in a worker's hands: source, target, ledger, bucket.
        `left` says how many seconds are left."""

    @abstractmethod
    def end(self) -> object:
        """What is the same after any two ways to the same end, interrupted or not."""

    def slice(self, pass_id: int = 1, lifetime: float = 3600.0) -> SliceResult:
        """One worker from start to end, whatever the end is. Its steps take no time."""
        started = self.clock
        life = Life(self.act)
        self.steps = life.steps
        now = self.clock.isoformat().replace("+00:00", "Z")
        parts = (self.source, self.target, self.ledger, self.blobs)
        try:
            return self.work(
                [Hands(part, self.lives, life) for part in parts],
                SliceJob(TENANT, BOX, pass_id, now, self.pace, self.policy),
                lambda: lifetime - (self.clock - started).total_seconds(),
            )
        finally:
            life.end()

    def wait(self, seconds: float) -> None:
        self.clock += timedelta(seconds=seconds)

    def finish(self, pass_id: int = 1) -> int:
        """Slices until nothing is left, as the workflow calls them; how many it took."""
        for count in range(1, 50):
            result = self.slice(pass_id)
            if result.outcome is SliceOutcome.DONE:
                return count
            self.wait(result.wait_seconds)
        raise AssertionError("the copy never ends")

    def outlive(
        self,
        fault: type[BaseException] = Crash,
        pause: Callable[[], float] = lambda: 1,
        most: int = 200,
    ) -> int:
        """Workers, at most so many, one after the other, until nothing is left; how many of them
        the fault has ended. After each of those comes a pause of so many seconds."""
        ended = 0
        for _ in range(most):
            try:
                result = self.slice()
            except fault:
                ended += 1
                self.wait(pause())
            else:
                if result.outcome is SliceOutcome.DONE:
                    return ended
                self.wait(result.wait_seconds)
        raise AssertionError("the copy never ends")

    def survive(self, pass_id: int = 1) -> BaseException | None:
        """A slice that may die; what it died of."""
        try:
            self.wait(self.slice(pass_id).wait_seconds)
        except (Crash, MailboxError) as end:
            return end
        return None

    def break_off(self, act: Act, pass_id: int = 1, fault: type[BaseException] = Crash) -> None:
        """A worker that the fault ends, by what `act` does; the next one is left alone."""
        self.act = act
        with pytest.raises(fault):
            self.slice(pass_id)
        self.act = None


@dataclass
class World(Slices[CrashSource, CrashTarget]):
    """Two mailboxes. The source `repeats` what was changed."""

    keeps_key: bool = field(default=True, kw_only=True)
    repeats: bool = field(default=False, kw_only=True)

    def sides(self) -> tuple[CrashSource, CrashTarget]:
        target = CrashTarget(keeps_key=self.keeps_key)
        target.limit_size(2000)
        return RepeatingCrashSource() if self.repeats else CrashSource(), target

    def work(self, parts: Sequence[Any], job: SliceJob, left: Callable[[], float]) -> SliceResult:
        source, target, ledger, blobs = parts
        ordered = OrderedSource(source)
        return copy_slice(ordered, target, ledger, blobs, job, seconds_left=left, sleep=self.wait)

    def end(self) -> object:
        """Without the order in which messages came."""
        return replace(picture(self), order={})


@dataclass(frozen=True)
class Picture:
    """What is compared: messages at the target with their flags, positions and counts, refusals,
    audit. `order` holds the messages of each folder in the order in which they came."""

    messages: dict[Path, Counter[tuple[bytes, frozenset[str]]]]
    records: list[tuple[Path, Path, str, str, Tally, Tally]]
    remarks: list[tuple[str, str, str]]
    audit: dict[tuple[str, str], Counter[tuple[str, str]]]
    order: dict[Path, list[bytes]]


def picture(world: World) -> Picture:
    """Stored, found and matched are one in the audit: only a worker that died knows who stored a
    message, and of equal messages nobody can say which is which."""
    contents = world.target.contents()
    there = {f"item-{kept.number}": kept.item for kept_ in contents.values() for kept in kept_}
    audit: dict[tuple[str, str], Counter[tuple[str, str]]] = {}
    records = world.ledger.folders(BOX)
    for record in records:
        assert record.intent is None
        known = read_audit(world.blobs, BOX, record)
        check_audit(record, known, there, repeats=world.repeats)
        audit[record.key, record.validity] = Counter(
            (
                row.fingerprint or uid,
                "held" if row.fate in HELD else f"{row.fate}:{row.reason}",
            )
            for uid, row in known.rows.items()
        )
    return Picture(
        messages={
            path: Counter((content(kept.item), kept.item.flags) for kept in kept_items)
            for path, kept_items in contents.items()
        },
        records=[
            (
                record.path,
                record.target_path,
                record.validity,
                record.cursor,
                record.total,
                record.in_pass,
            )
            for record in records
        ],
        remarks=[(each.folder_key, each.uid, each.reason) for each in world.ledger.remarks(BOX)],
        audit=audit,
        order={path: [content(kept.item) for kept in kept_] for path, kept_ in contents.items()},
    )


def content(item: Item) -> bytes:
    """What a message at the target says."""
    assert isinstance(item.mime, bytes)
    return item.mime


def check_audit(
    record: FolderRecord, audit: Audit, there: dict[str, Item], *, repeats: bool = False
) -> None:
    """The audit tells the truth: each row names a copy of its own with its content, and the rows
    add up to the counts."""
    held = [row for row in audit.rows.values() if row.fate in HELD and row.target_id]
    for row in held:
        if row.target_id in there and row.fingerprint:
            assert row.fingerprint == fingerprint(there[row.target_id].mime)
    counts = count_rows(row for row in audit.rows.values() if row.fate is not Fate.REMOVED)
    assert counts.rejected == record.total.rejected
    if repeats:  # a message may be gone more than once
        assert counts.gone <= record.total.gone
    else:
        assert counts.gone == record.total.gone
    # Of equal messages, an overtaken worker may have noted another one than its successor.
    prints = Counter(row.fingerprint for row in held)
    ids = Counter(row.target_id for row in held if prints[row.fingerprint] == 1)
    assert all(count == 1 for count in ids.values()), f"one copy, two rows: {ids}"
    if len(held) == len({row.target_id for row in held}):
        copies = audit.copies()
        assert (record.total.copied, record.total.size) == (copies.copied, copies.size)
