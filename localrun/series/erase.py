"""`python -m localrun scenario erase`: a tenant is migrated, then all that is kept of it is erased.

Once it is refused, because a mailbox has failed; once rejected; once killed amid its slices; then
it ends with its proof, and once more, which finds nothing. The people's details are words that are
searched for in the ledger, in every version of every file and in the secrets.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

from localrun.kept import read_all
from localrun.operator import answer_by_page
from localrun.runner import Options, Run
from localrun.series.series import Played, Series, opened
from localrun.series.small_tenant import check_free, output
from localrun.stories.marked import DOMAIN, MARKED, MARKS, upload
from localrun.traces import find_words

ERASE: Mapping[str, Any] = {"phases": ["erase"], "unfinished": True}
WORDS = tuple(word for words in MARKS.values() for word in words)
_PATIENCE = 600.0
"""Virtual seconds until the operator answers."""


def play(options: Options, console: Console, _size: int) -> Played:
    """Plays it and prints what was found, left and searched for."""
    with opened(MARKED, options, console) as run:
        story = _Story(run)
        upload(run.cloud.client("s3"), run.cloud.output("BucketName"))
        problems = [*story.play()]
        console.print(_tabulate(story.proofs))
        facts = {"found": story.found, "left": story.left, "traces": story.traces}
    return Played(tuple(problems), facts)


class _Story:
    """The tenant's administrator at work. What should not be is yielded as a sentence."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self.proofs: dict[str, dict[str, Any]] = {}
        self.traces: dict[str, int] = {}
        self.found = self.left = 0

    def play(self) -> Iterator[str]:
        yield from self._end(self._run.start("migration", MARKED.input), "SUCCEEDED")
        self.traces["migrated"] = self._count_traces()
        if not self.traces["migrated"]:
            yield "the migration has left no trace of anybody: the search cannot find anything"
        yield from self._end(self._run.start("refused", {"phases": ["erase"]}), "FAILED")
        yield from self._end(self._start("rejected", "reject"), "SUCCEEDED")
        self.traces["rejected"] = self._count_traces()
        if self.traces["rejected"] < self.traces["migrated"]:
            yield "a rejected erasure has erased something"
        yield from self._kill()
        yield from self._end(self._start("erased", "approve"), "SUCCEEDED")
        yield from self._check("erased")
        yield from self._end(self._run.start("again", ERASE), "SUCCEEDED")
        yield from self._check("again")
        if any(self.proofs["again"]["found"].values()):
            yield "the second erasure has found something"
        self.found, self.left = (
            sum(self.proofs["killed"]["found"].values()),
            sum(self.proofs["again"]["left"].values()),
        )

    def _kill(self) -> Iterator[str]:
        """Ends the execution after the first word of its proof, before all is gone."""
        arn = self._start("killed", "approve")
        s3, bucket = self._run.cloud.client("s3"), self._run.cloud.output("BucketName")
        while not s3.list_objects_v2(Bucket=bucket, Prefix="erased/killed").get("KeyCount"):
            time.sleep(0.02)
        self._run.cloud.client("stepfunctions").stop_execution(executionArn=arn)
        yield from self._end(arn, "ABORTED")
        yield from check_free(self._run, "killed")

    def _start(self, name: str, word: str) -> str:
        """Starts an erasure whose question is answered on the page, some minutes later: a late pass
        is scheduled, so that time would leap to the reminders while nothing else is."""
        world = self._run.world
        world.clock.at(_PATIENCE, lambda: answer_by_page(world, word))
        return self._run.start(name, ERASE)

    def _end(self, arn: str, status: str) -> Iterator[str]:
        described = self._run.wait(arn)
        name = described["name"]
        if described["status"] != status:
            cause = f"{described.get('error')}: {described.get('cause')}"
            yield f"{name}: {described['status']}, and not {status}: {cause}"
        yield from check_free(self._run, name)
        if output(described).get("verdict") == "erased":
            s3, bucket = self._run.cloud.client("s3"), self._run.cloud.output("BucketName")
            body = s3.get_object(Bucket=bucket, Key=f"erased/{name}.json")["Body"].read()
            self.proofs[name] = json.loads(body)

    def _check(self, name: str) -> Iterator[str]:
        """Nothing may be left: no item, no file but the proofs, no word anywhere."""
        s3, bucket = self._run.cloud.client("s3"), self._run.cloud.output("BucketName")
        if name not in self.proofs:
            yield f"{name}: there is no proof"
            return
        if "killed" not in self.proofs:
            body = s3.get_object(Bucket=bucket, Key="erased/killed.json")["Body"].read()
            self.proofs["killed"] = json.loads(body)
        table = self._run.cloud.table(self._run.cloud.output("LedgerTable"))
        if items := table.scan()["Items"]:
            yield f"{name}: {len(items)} items are left in the ledger"
        versions = s3.list_object_versions(Bucket=bucket)
        keys = {
            one["Key"] for one in versions.get("Versions", []) + versions.get("DeleteMarkers", [])
        }
        if others := {key for key in keys if not key.startswith("erased/")}:
            yield f"{name}: {len(others)} files are left in the bucket"
        self.traces[name] = self._count_traces()
        if self.traces[name]:
            yield f"{name}: words of the tenant's people are left: {self._where()}"

    def _count_traces(self) -> int:
        return sum(len(find_words(WORDS, kept.text)) for kept in read_all(self._run.cloud))

    def _where(self) -> dict[str, int]:
        return Counter(
            kept.place for kept in read_all(self._run.cloud) if find_words(WORDS, kept.text)
        )


def _tabulate(proofs: Mapping[str, Mapping[str, Any]]) -> Table:
    table = Table(title=f"What was kept of {DOMAIN}", title_justify="left")
    table.add_column("kind")
    for name in proofs:
        table.add_column(f"{name}: found", justify="right")
        table.add_column("left", justify="right")
    for kind in sorted({kind for proof in proofs.values() for kind in proof["found"]}):
        row = [
            str(proof[side].get(kind, 0 if proof["finished"] else "?"))
            for proof in proofs.values()
            for side in ("found", "left")
        ]
        table.add_row(kind, *row)
    return table


ERASURE = Series(
    "erase", "All that is kept of a tenant is erased: refused, rejected, killed, done, again.", play
)
