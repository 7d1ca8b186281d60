"""A mailbox to copy, workers that can be made to fail at any step, and what must hold afterwards.

The steps are those of the fakes: before and after every ledger write, every append, every audit
file. Time is counted, not waited for.
"""

import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from localrun.fakes.blobs import MemoryBlobs
from localrun.fakes.ledger import MemoryLedger
from localrun.fakes.mailbox import MemorySource, MemoryTarget
from migration.copy.engine import Pace, SliceJob, SliceOutcome, SliceResult, copy_slice
from migration.model import BatchLimit, Item, Tally

BOX = "mailbox1"
PACE = Pace(batch=BatchLimit(items=3, size=1000))
INBOX, SENT, EMPTY = ("INBOX",), ("Sent",), ("Empty",)
Path = tuple[str, ...]


class Crash(BaseException):
    """The process dies: nothing may catch this."""


def refuse_marked(item: Item) -> str:
    return "bad-mime" if b"refuse me" in item.mime else ""


def fill(source: MemorySource) -> None:
    """Seven messages in two folders, one refused, one too large, one vanished, one unreadable."""
    source.add_folder(EMPTY)
    for number in range(7):
        text = b"refuse me" if number == 2 else b"x" * (3000 if number == 4 else 30)
        source.deliver(INBOX, b"Subject: %d\r\n\r\n" % number + text)
    source.vanish(INBOX, "6")
    for number in range(4):
        source.deliver(SENT, b"Subject: %d\r\n\r\nsent" % number)
    source.spoil(SENT, "2")


def arrive(source: MemorySource) -> None:
    """What comes between two passes."""
    for number in range(4):
        source.deliver(INBOX, b"Subject: later %d\r\n\r\n" % number)
    source.deliver(("New",), b"Subject: new folder\r\n\r\n")


@dataclass
class World:
    """Both mailboxes, the ledger and the audit, which outlive every worker."""

    source: MemorySource = field(default_factory=MemorySource)
    target: MemoryTarget = field(default_factory=lambda: MemoryTarget(refuse=refuse_marked))
    ledger: MemoryLedger = field(default_factory=MemoryLedger)
    blobs: MemoryBlobs = field(default_factory=MemoryBlobs)
    clock: datetime = datetime(2026, 11, 23, tzinfo=UTC)

    def __post_init__(self) -> None:
        self.target.limit_size(2000)
        for part in (self.source, self.target, self.ledger, self.blobs):
            part.step = self.on_step
        self.steps: list[str] = []
        self.act: Any = None

    def on_step(self, name: str) -> None:
        """Counts the step, and lets the current fault act at it."""
        self.steps.append(name)
        if self.act is not None:
            self.act(len(self.steps) - 1, name)

    def slice(self, pass_id: int = 1, lifetime: float = 900.0) -> SliceResult:
        """One worker from start to end. Its steps take no time."""
        now = self.clock.isoformat().replace("+00:00", "Z")
        job = SliceJob("acme", BOX, pass_id, now, PACE)
        return copy_slice(
            self.source,
            self.target,
            self.ledger,
            self.blobs,
            job,
            seconds_left=lambda: lifetime,
            sleep=self.wait,
        )

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


@dataclass(frozen=True)
class Picture:
    """What is compared: messages at the target, positions and counts, refusals, audit."""

    messages: dict[Path, Counter[bytes]]
    records: list[tuple[Path, Path, str, Tally, Tally]]
    rejections: list[tuple[str, str, str]]
    audit: dict[tuple[str, str], str]


def picture(world: World) -> Picture:
    """`found` and `stored` are one in the audit: only a worker that died knows the difference."""
    audit: dict[tuple[str, str], str] = {}
    for key, body in world.blobs.files().items():
        folder = key.rsplit("/", 1)[0]
        for line in body.splitlines():
            row = json.loads(line)
            outcome = row["outcome"].replace("found", "stored")
            # An overtaken worker may leave a file beside its successor's: they must agree.
            assert audit.setdefault((folder, row["uid"]), outcome) == outcome
    records = world.ledger.folders(BOX)
    assert not any(record.intent for record in records)
    return Picture(
        messages={
            path: Counter(kept.item.mime for kept in kept_items)
            for path, kept_items in world.target.contents().items()
        },
        records=[
            (record.path, record.target_path, record.cursor, record.total, record.in_pass)
            for record in records
        ],
        rejections=[
            (each.folder_key, each.uid, each.reason) for each in world.ledger.rejections(BOX)
        ],
        audit=audit,
    )
