"""The series `upload`: a manifest that is dropped into the bucket starts the run by itself.

Other files start nothing. While the run works, a newer manifest is uploaded over the one that it
reads: the run goes on by its own, and the operators are told that the second has started nothing.
EventBridge tells the first upload twice; then a folder is uploaded, users.csv last.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from rich.console import Console

from localrun.runner import Options, Run
from localrun.scenario import manifest_of
from localrun.series.interrupting import SlowServer, wait_for
from localrun.series.series import Played, Series, opened, show_rows
from localrun.series.small_tenant import (
    MANIFEST,
    SEEDED,
    USERS,
    check_end,
    executions,
    mx_changes,
    output,
    story,
)

_ONE = next(iter(USERS))
_JUNK = {
    "intake/passwords.csv": b"ana,secret\n",
    "intake/acme/groups.csv": b"address,name\n",
    "intake/client-templates/en.yaml": b"greeting: Hello\n",
    "reports/manifest.csv": MANIFEST,
}

# The manifest comes when the tenant is ready, by the series.
STORY = replace(
    story(
        "upload",
        {"start": {"on_upload": True}, "delta": {"interval_minutes": 10}},
        [mx_changes(300)],
    ),
    manifest=b"",
)


def play(options: Options, console: Console, _size: int) -> Played:
    """All of it on one cloud."""
    with opened(STORY, options, console) as run:
        tenant = _Story(run)
        problems = list(tenant.play())
    columns = ("uploaded", "execution", "ended as", "verdict", "mailboxes")
    show_rows(console, "What was uploaded, and what it started", columns, tenant.rows)
    return Played(tuple(problems), {"executions": len(tenant.rows) - 1, "told": tenant.told})


class _Story:
    """What happens, in its order; what should not be is yielded as a sentence."""

    def __init__(self, run: Run) -> None:
        self.rows: list[tuple[str, ...]] = []
        self.told = 0
        self._run = run

    def play(self) -> Iterator[str]:
        run = self._run
        yield from self._put_junk()
        server = SlowServer(2)
        run.world.ews.faults = server
        first, version = self._upload("intake/manifest.csv", MANIFEST)
        wait_for(server.reached.is_set, "the middle of the copy")
        second, _ = self._upload("intake/manifest.csv", manifest_of([_ONE]))
        said = output(self._end("a newer one, amid the copy", second))
        if said != {"verdict": "AlreadyRunning", "owner": first}:
            yield f"the second upload was answered by: {said}"
        yield from self._check_told(version)
        server.go_on.set()
        described = self._end("three users", first)
        yield from check_end(run, described, SEEDED)
        if json.loads(described["input"])["version"] != version:
            yield "the run was not told which version it has to read"
        yield from self._tell_twice(described)
        yield from self._upload_folder()

    def _put_junk(self) -> Iterator[str]:
        for key, body in _JUNK.items():
            self._put(key, body)
        self._run.cloud.rules.settle()
        if executions(self._run):
            yield "a file has started a run that is no manifest"
        self.rows.append((", ".join(_JUNK), "none", "", "", ""))

    def _upload(self, key: str, body: bytes) -> tuple[str, str]:
        """The execution that begins by itself, and the version that was uploaded."""
        known = executions(self._run)
        version = self._put(key, body)
        found = wait_for(
            lambda: [arn for arn in executions(self._run) if arn not in known],
            "an execution that begins by itself",
        )
        return found[0], version

    def _put(self, key: str, body: bytes) -> str:
        cloud = self._run.cloud
        bucket = cloud.output("BucketName")
        return str(cloud.client("s3").put_object(Bucket=bucket, Key=key, Body=body)["VersionId"])

    def _end(self, what: str, arn: str) -> Mapping[str, Any]:
        run = self._run
        described = run.wait(arn)
        verdict = str(output(described).get("verdict", ""))
        number = str(len(list(run.ledger.mailboxes(described["name"]))))
        self.rows.append((what, described["name"], described["status"], verdict, number))
        return described

    def _check_told(self, version: str) -> Iterator[str]:
        self._run.cloud.rules.settle()
        notices = [each for each in self._run.world.told() if each["kind"] == "not started"]
        self.told = len(notices)
        if len(notices) != 1 or "upload it once more" not in notices[0]["text"]:
            yield f"of the second upload was told: {notices}"
        elif version in notices[0]["text"]:
            yield "the version that was taken is told as the one that was not"

    def _tell_twice(self, described: Mapping[str, Any]) -> Iterator[str]:
        """EventBridge delivers the first upload again, when its run has ended long ago."""
        sfn = self._run.cloud.client("stepfunctions")
        started = sfn.start_execution(
            stateMachineArn=self._run.cloud.alias_arn, input=described["input"]
        )
        said = output(self._end("the first one, told twice", started["executionArn"]))
        if said["verdict"] != "AlreadyTaken":
            yield f"an upload that was told twice was answered by: {said}"

    def _upload_folder(self) -> Iterator[str]:
        """The three have been copied: one of them is looked at again."""
        groups = b"address,name,members\nteam@acme.example,Team," + _ONE.encode() + b"\n"
        self._put("intake/next/groups.csv", groups)
        arn, _ = self._upload("intake/next/users.csv", manifest_of([_ONE]))
        described = self._end("a folder, users.csv last", arn)
        if described["status"] != "SUCCEEDED":
            yield f"the folder's run: {described['status']} {described.get('cause', '')}"
        planned = [record.mailbox.target for record in self._run.ledger.mailboxes(arn_name(arn))]
        if planned != [_ONE]:
            yield f"the folder's run has planned {planned}"
        if not [each for each in self._run.ledger.entities(arn_name(arn)) if each.wanted]:
            yield "the folder's run has not read groups.csv"


def arn_name(arn: str) -> str:
    """The name of an execution."""
    return arn.rpartition(":")[2]


UPLOAD = Series(
    STORY.name,
    "A manifest that is uploaded starts the run, which reads that version; a second one is told.",
    play,
)
