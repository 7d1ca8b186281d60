"""What a run came to: how the comparison treats messages that the target refuses, what is wrong."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from localrun.compare import FolderComparison
from localrun.engine.alarms import Raised
from localrun.scenario import Scenario
from migration.mail import Fate, Remark
from migration.model import FolderRecord, MailboxRecord

_OTHER_BYTES = frozenset({"crlf", "nul-removed", "header-added"})
"""Codes of adjustments after which a message is another one to a comparison of bytes."""


def count_refused(remarks: Iterable[Remark]) -> int:
    """How many messages of a mailbox are not in the target, and the ledger names them."""
    return sum(remark.fate is not Fate.ADJUSTED for remark in remarks)


def leave_out(
    compared: Iterable[FolderComparison],
    records: Iterable[FolderRecord],
    remarks: Iterable[Remark],
) -> list[FolderComparison]:
    """One mailbox's comparison without the messages that the target refused, and without what had
    to be adjusted in others.

    The ledger names them, so the target must lack exactly as many: one that is there all the same
    makes `lost` negative, and the folder does not agree. A message that was adjusted must differ.
    """
    paths = {record.key: record.path for record in records}
    refused: Counter[tuple[str, ...]] = Counter()
    rewritten: Counter[tuple[str, ...]] = Counter()
    restated: Counter[tuple[str, ...]] = Counter()
    for remark in remarks:
        path = paths[remark.folder_key]
        if remark.fate is not Fate.ADJUSTED:
            refused[path] += 1
        elif _OTHER_BYTES.isdisjoint(remark.reason.split("+")):
            restated[path] += 1
        else:
            rewritten[path] += 1
    return [
        replace(
            folder,
            source=folder.source - refused[folder.source_path],
            lost=folder.lost - refused[folder.source_path] - rewritten[folder.source_path],
            doubled=folder.doubled - rewritten[folder.source_path],
            differing=folder.differing - restated[folder.source_path],
        )
        for folder in compared
    ]


def find_problems(folders: Sequence[FolderComparison]) -> Iterator[str]:
    """What no story may have."""
    for what, number in (
        ("messages lost", sum(folder.lost for folder in folders)),
        ("messages doubled", sum(folder.doubled for folder in folders)),
        ("messages that differ", sum(folder.differing for folder in folders)),
        ("messages that stand elsewhere", sum(folder.misplaced for folder in folders)),
        ("folders whose counts disagree", sum(not one.agrees for one in folders)),
    ):
        if number:
            yield f"{what}: {number}"


def find_deviations(
    story: Scenario,
    described: Mapping[str, Any],
    verdict: str,
    refused: int,
    left: Sequence[str],
    alarms: Sequence[Raised],
) -> Iterator[str]:
    """Where the run left the story. `left` is what did not happen outside."""
    status = described["status"]
    raised = sorted({alarm.name for alarm in alarms})
    if story.alarms is not None and raised != sorted(story.alarms):
        yield f"alarms raised: {raised}, expected {sorted(story.alarms)}"
    if story.expected is None:
        if status != "SUCCEEDED":
            yield f"the execution ended as {status}"
        return
    wanted = "FAILED" if story.expected == "failed" else "SUCCEEDED"
    if status != wanted:
        yield f"the execution ended as {status}, expected {wanted}"
    if verdict != story.expected:
        yield f"the report says {verdict!r}, expected {story.expected!r}"
    if refused != story.refused:
        yield f"messages refused: {refused}, expected {story.refused}"
    cause = described.get("cause", "")
    yield from (f"the cause lacks {part!r}" for part in story.cause if part not in cause)
    yield from (f"this did not happen outside: {what}" for what in left)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run came to. `status` and `verdict` are the execution's; `folders` holds what the
    independent comparison found; `problems` says in words why `ok` is False.

    A message that the target refused is not lost if the ledger names it: it is counted in
    `refused` and left out of `messages` and `folders`.
    """

    scenario: str
    status: str
    verdict: str
    cause: str
    folders: tuple[FolderComparison, ...]
    failed: tuple[MailboxRecord, ...]
    messages: int
    refused: int
    virtual_seconds: float
    wall_seconds: float
    timings: Mapping[str, float]
    report: Path | None
    problems: tuple[str, ...]
    alarms: tuple[Raised, ...]

    @property
    def ok(self) -> bool:
        return not self.problems

    def line(self) -> str:
        """The JSON object that ends a scenario's output."""
        return json.dumps(
            {
                "scenario": self.scenario,
                "verdict": "ok" if self.ok else "failed",
                "status": self.status,
                "report_verdict": self.verdict,
                "messages": self.messages,
                "refused": self.refused,
                "lost": sum(folder.lost for folder in self.folders),
                "doubled": sum(folder.doubled for folder in self.folders),
                "differing": sum(folder.differing for folder in self.folders),
                "failed_mailboxes": len(self.failed),
                "alarms": sorted({alarm.name for alarm in self.alarms}),
                "virtual_seconds": round(self.virtual_seconds),
                "wall_seconds": round(self.wall_seconds, 1),
                "problems": list(self.problems),
            }
        )
