"""A migration that is killed, stopped, started twice, or loses its footing at the source.

One cloud serves all tests. Each test has two users and a manifest of its own.
"""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from imapclient import IMAPClient
from rich.console import Console

from localrun.display import PlainDisplay
from localrun.fakes.workmail_ews.faults import Faults
from localrun.letters import Letter
from localrun.runner import Options, Outcome, Run
from localrun.scenario import Happening, Scenario
from localrun.world import World
from migration.identity import mailbox_id

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

DOMAIN = "acme.example"
KILLED = (f"ada@{DOMAIN}", f"ben@{DOMAIN}")
STOPPED = (f"cleo@{DOMAIN}", f"dan@{DOMAIN}")
TWICE = (f"eve@{DOMAIN}",)
CHANGED = (f"fay@{DOMAIN}", f"gus@{DOMAIN}")
USERS = {address: f"old-{address}" for address in (*KILLED, *STOPPED, *TWICE, *CHANGED)}
FOLDERS = ("INBOX", "Sent", "Trips", "Trips/2019", "Größe", "Zoo")
PER_FOLDER = 3
COPY_ONLY = ["provision", "copy", "report"]
FIRST_DAY = datetime(2023, 5, 1, 8, tzinfo=UTC)


def letter(address: str, folder: str, number: int) -> Letter:
    place = FOLDERS.index(folder)
    mime = (
        f"From: x@partner.example\r\nTo: {address}\r\nSubject: {number} of {place}\r\n"
        f"Message-ID: <{number}.{place}.{address}>\r\n\r\nHello.\r\n"
    )
    moment = FIRST_DAY + timedelta(days=number, hours=place)
    return Letter(tuple(folder.split("/")), mime.encode(), ("\\Seen",), moment)


def seed(world: World) -> int:
    return sum(
        world.deliver(
            address,
            [letter(address, folder, number) for folder in FOLDERS for number in range(PER_FOLDER)],
            FOLDERS[1:],
        )
        for address in USERS
    )


def recreate_folder(world: World) -> None:
    """One user begins a folder anew, under its old name; the other one gets mail."""
    first, second = CHANGED
    assert world.imap is not None
    with IMAPClient("127.0.0.1", world.imap.port, ssl=False) as client:
        client.login(first, USERS[first])
        client.delete_folder("Trips/2019")
    world.deliver(first, [letter(first, "Trips/2019", 7)], ["Trips/2019"])
    world.deliver(second, [letter(second, "INBOX", 8)])


STORY = Scenario(
    name="interruptions",
    sentence="Seven mailboxes, one at a time.",
    domain=DOMAIN,
    manifest=b"",
    secret={"mailboxes": USERS},
    seed=seed,
    users=USERS,
    tenant={"limits": {"mailboxes": 1}},
    happenings=(Happening("WaitForLateMail", 3600, "a folder begins anew", recreate_folder),),
)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    out = tmp_path_factory.mktemp("interruptions")
    with (out / "shown.txt").open("w", encoding="utf-8") as file:
        display = PlainDisplay(Console(file=file, width=110))
        with Run(STORY, Options(out=out), display) as run:
            yield run


class SlowServer(Faults):
    """Holds one CreateItem back, before anything of it is stored, until `go_on` is set."""

    def __init__(self, passing: int) -> None:
        """`passing`: how many CreateItems are let through before that."""
        super().__init__()
        self.reached = threading.Event()
        self.go_on = threading.Event()
        self._passing = passing
        self._counting = threading.Lock()

    def take_close(self) -> bool | None:
        with self._counting:
            self._passing -= 1
            held = self._passing == -1
        if held:
            self.reached.set()
            assert self.go_on.wait(60)
        return super().take_close()


def begin(
    run: Run, name: str, people: Sequence[str], phases: Sequence[str], passing: int = 10**6
) -> tuple[str, SlowServer]:
    """Starts an execution for these people; its ARN, and the server that will be slow."""
    lines = ["source,target,display_name", *(f"{one},{one},{one.title()}" for one in people)]
    key = f"intake/{name}.csv"
    run.cloud.client("s3").put_object(
        Bucket=run.cloud.output("BucketName"), Key=key, Body="\n".join(lines).encode()
    )
    server = SlowServer(passing)
    run.world.ews.faults = server
    return run.start(name, {"manifest": key, "phases": list(phases)}), server


def assert_complete(outcome: Outcome, people: Sequence[str], extra: int = 0) -> None:
    """Every message of these people is at the target once, and everybody says so."""
    assert (outcome.status, outcome.verdict, outcome.failed) == ("SUCCEEDED", "done", ())
    assert [folder for folder in outcome.folders if not folder.agrees] == []
    assert {folder.mailbox for folder in outcome.folders} == set(people)
    assert outcome.messages == len(people) * len(FOLDERS) * PER_FOLDER + extra


def copy_workers() -> list[int]:
    """The processes that the Lambda host has started for CopySlice."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes().split(b"\0")
            status = (process / "status").read_text()
        except OSError:
            continue  # it has ended since
        if b"copy_slice.handler" in command and f"PPid:\t{os.getpid()}\n" in status:
            found.append(int(process.name))
    return found


def child_events(run: Run, arn: str) -> list[Mapping[str, Any]]:
    """The histories of all mailboxes' executions."""
    sfn = run.cloud.client("stepfunctions")
    events: list[Mapping[str, Any]] = []
    for map_run in sfn.list_map_runs(executionArn=arn)["mapRuns"]:
        for child in sfn.list_executions(mapRunArn=map_run["mapRunArn"])["executions"]:
            pages = sfn.get_paginator("get_execution_history").paginate(
                executionArn=child["executionArn"]
            )
            events += [event for page in pages for event in page["events"]]
    return events


def audit(run: Run, address: str) -> list[str]:
    """What became of each message of a mailbox, by its audit files."""
    s3, bucket = run.cloud.client("s3"), run.cloud.output("BucketName")
    prefix = f"audit/{mailbox_id(f'{STORY.name}-local', address)}/"
    outcomes = []
    for entry in s3.list_objects_v2(Bucket=bucket, Prefix=prefix)["Contents"]:
        lines = s3.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read().splitlines()
        outcomes += [json.loads(line)["outcome"] for line in lines]
    return outcomes


def ledger_items(run: Run) -> list[Any]:
    items = run.cloud.table(run.cloud.output("LedgerTable")).scan()["Items"]
    return sorted(items, key=lambda item: (item["pk"], item["sk"]))


def quiet_ledger(run: Run) -> list[Any]:
    """The ledger when the first worker has nothing more to do but to wait for the slow server."""
    seen: list[Any] = []
    while seen != (now := ledger_items(run)):
        seen = now
        time.sleep(0.5)
    return seen


def roles(run: Run) -> list[Any]:
    organization = run.world.organization_id
    return list(run.world.workmail.list_impersonation_roles(organization_id=organization)["Roles"])


def test_a_killed_worker_is_replaced_and_what_its_last_request_stored_is_found(run: Run) -> None:
    arn, server = begin(run, "killed", KILLED, COPY_ONLY, passing=2)
    assert server.reached.wait(60)
    (worker,) = copy_workers()
    os.kill(worker, signal.SIGKILL)
    server.go_on.set()
    outcome = run.conclude(run.wait(arn))

    assert_complete(outcome, KILLED)
    history = [json.dumps(event, default=str) for event in child_events(run, arn)]
    assert sum("Runtime.ExitError" in event for event in history) == 1
    fates = [fate for address in KILLED for fate in audit(run, address)]
    assert fates.count("found") >= PER_FOLDER  # and whatever else was on its way
    assert len(fates) == outcome.messages


def test_a_stopped_run_is_taken_over_and_goes_on_where_it_stopped(run: Run) -> None:
    arn, server = begin(run, "stopped", STOPPED, COPY_ONLY, passing=3)
    assert server.reached.wait(60)
    run.cloud.client("stepfunctions").stop_execution(executionArn=arn, error="Tried", cause="it")
    # As in AWS, the function that was at work goes on although nobody listens any more.
    server.go_on.set()
    assert run.wait(arn)["status"] == "ABORTED"
    assert len(roles(run)) == 1
    second, _ = begin(run, "taken-over", STOPPED, COPY_ONLY)
    outcome = run.conclude(run.wait(second))

    assert_complete(outcome, STOPPED)
    verdicts = [record.verdict for record in run.ledger.mailboxes("taken-over")]
    begun, other = sorted(verdict.in_pass.copied for verdict in verdicts if verdict)
    assert begun < len(FOLDERS) * PER_FOLDER == other
    assert roles(run) == []
    assert [item for item in ledger_items(run) if item["sk"] == "LOCK"] == []


def test_a_second_execution_at_the_same_time_changes_nothing(run: Run) -> None:
    first, server = begin(run, "first", TWICE, COPY_ONLY, passing=1)
    assert server.reached.wait(60)
    before, roles_before = quiet_ledger(run), roles(run)
    second = run.wait(run.start("second", {}))
    after, roles_after = ledger_items(run), roles(run)
    server.go_on.set()
    outcome = run.conclude(run.wait(first))

    assert second["status"] == "SUCCEEDED"
    assert json.loads(second["output"]) == {"verdict": "AlreadyRunning", "owner": first}
    assert after == before
    assert roles_after == roles_before
    assert_complete(outcome, TWICE)


def test_a_folder_that_began_anew_brings_what_is_new_and_nothing_twice(run: Run) -> None:
    arn, _ = begin(run, "changed", CHANGED, ["provision", "copy", "delta", "report"])
    outcome = run.conclude(run.wait(arn))

    assert (outcome.status, outcome.verdict, outcome.failed) == ("SUCCEEDED", "done", ())
    assert {folder.mailbox for folder in outcome.folders} == set(CHANGED)
    # What was thrown away with the old folder stays in WorkMail: deletions are not followed.
    trips = run.world.ews.folders(CHANGED[0])["Trips", "2019"]
    subjects = sorted(str(message.headers["Subject"]) for message in trips)
    place = FOLDERS.index("Trips/2019")
    assert subjects == [f"{number} of {place}" for number in (*range(PER_FOLDER), 7)]
