"""`python -m localrun scenario erase`: a tenant is migrated, then all that is kept of it is erased.

Once it is refused, because a mailbox has failed; once rejected; once killed amid its slices; then
it ends with its proof, and once more, which finds nothing. The people's details are words that are
searched for in the ledger, in every version of every file and in the secrets.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

from localrun.kept import read_all
from localrun.operator import answer_by_page
from localrun.runner import Options, Run
from localrun.series.interrupting import kill_workers, wait_for
from localrun.series.series import Played, Series, opened
from localrun.series.small_tenant import output
from localrun.stories.marked import DOMAIN, MARKED, MARKS, upload
from localrun.traces import find_words

ERASE: Mapping[str, Any] = {"phases": ["erase"], "unfinished": True}
WORDS = tuple(word for words in MARKS.values() for word in words)
_PROOFS = ("killed", "erased", "again")
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
        self._keep_proof("killed")
        yield from self._end(self._start("erased", "approve"), "SUCCEEDED")
        yield from self._check("erased")
        yield from self._end(self._run.start("again", ERASE), "SUCCEEDED")
        yield from self._check("again")
        yield from self._compare()

    def _compare(self) -> Iterator[str]:
        """The three proofs together."""
        killed, erased, again = (self.proofs.get(name, {}) for name in _PROOFS)
        if not (killed and erased and again):
            return  # it is said above
        self.found = sum(killed["found"].values())
        self.left = sum((*erased["left"].values(), *again["left"].values()))
        if killed["finished"] or erased["earlier"] != ["killed"]:
            yield "the proof does not name the erasure that was killed"
        if not (erased["finished"] and erased["approved"]["by"] == "link"):
            yield "the proof does not say when it was finished, and who has approved"
        if again["found"] or not again["finished"]:
            yield "the second erasure has found something"

    def _kill(self) -> Iterator[str]:
        """Its function dies when the proof is begun, and the execution is ended with it."""
        arn = self._start("killed", "approve")
        s3, bucket = self._run.cloud.client("s3"), self._run.cloud.output("BucketName")
        begun = {"Bucket": bucket, "Prefix": "erased/killed"}
        wait_for(lambda: s3.list_objects_v2(**begun).get("KeyCount"), "its proof")
        killed = kill_workers("erase_tenant")
        self._run.cloud.client("stepfunctions").stop_execution(executionArn=arn)
        killed += kill_workers("erase_tenant")
        if not killed:
            yield "killed: its function had ended before"
        yield from self._end(arn, "ABORTED")

    def _start(self, name: str, word: str) -> str:
        """Starts an erasure whose question is answered on the page, some minutes later: a late pass
        is scheduled, so that time would leap to the reminders while nothing else is."""
        world = self._run.world

        def answer() -> None:
            answer_by_page(world, word)

        world.clock.at(_PATIENCE, answer)
        return self._run.start(name, ERASE)

    def _end(self, arn: str, status: str) -> Iterator[str]:
        described = self._run.wait(arn)
        name = described["name"]
        if described["status"] != status:
            cause = f"{described.get('error')}: {described.get('cause')}"
            yield f"{name}: {described['status']}, and not {status}: {cause}"
        if owner := self._run.ledger.lock_owner():
            yield f"{name}: the tenant's lock is held still, by {owner.rpartition(':')[2]}"
        if output(described).get("verdict") == "erased":
            self._keep_proof(name)

    def _keep_proof(self, name: str) -> None:
        s3, bucket = self._run.cloud.client("s3"), self._run.cloud.output("BucketName")
        body = s3.get_object(Bucket=bucket, Key=f"erased/{name}.json")["Body"].read()
        self.proofs[name] = json.loads(body)

    def _check(self, name: str) -> Iterator[str]:
        """Nothing may be left: no item, no file but the proofs, no word anywhere."""
        s3, bucket = self._run.cloud.client("s3"), self._run.cloud.output("BucketName")
        if name not in self.proofs:
            yield f"{name}: there is no proof"
            return
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
