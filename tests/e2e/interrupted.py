"""A tenant whose executions are interrupted: its mail, a server that is slow on demand, and what
can be seen of an execution. Each test has users and a manifest of its own.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from rich.console import Console

from localrun.display import PlainDisplay
from localrun.letters import Letter
from localrun.runner import Options, Outcome, Run
from localrun.scenario import Happening, Scenario
from localrun.series.interrupting import SlowServer
from localrun.world import World
from migration.identity import mailbox_id

DOMAIN = "acme.example"
KILLED = (f"ada@{DOMAIN}", f"ben@{DOMAIN}")
STOPPED = (f"cleo@{DOMAIN}", f"dan@{DOMAIN}")
TWICE = (f"eve@{DOMAIN}",)
CHANGED = (f"fay@{DOMAIN}", f"gus@{DOMAIN}")
PAUSED = (f"hope@{DOMAIN}", f"ivo@{DOMAIN}")
REFUSED = (f"joy@{DOMAIN}", f"kim@{DOMAIN}")
USERS = {
    address: f"old-{address}"
    for address in (*KILLED, *STOPPED, *TWICE, *CHANGED, *PAUSED, *REFUSED)
}
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
    with world.old_mailbox(first) as client:
        client.delete_folder("Trips/2019")
    world.deliver(first, [letter(first, "Trips/2019", 7)], ["Trips/2019"])
    world.deliver(second, [letter(second, "INBOX", 8)])


STORY = Scenario(
    name="interruptions",
    sentence="Eleven mailboxes, one at a time.",
    domain=DOMAIN,
    manifest=b"",
    secret={"mailboxes": USERS},
    seed=seed,
    users=USERS,
    tenant={"limits": {"mailboxes": 1}},
    happenings=(Happening("WaitForLateMail", 3600, "a folder begins anew", recreate_folder),),
)


@contextmanager
def opened_run(out: Path) -> Iterator[Run]:
    """The cloud of the story, before any execution."""
    with (out / "shown.txt").open("w", encoding="utf-8") as file:
        display = PlainDisplay(Console(file=file, width=110))
        with Run(STORY, Options(out=out), display) as run:
            yield run


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
    """What became of each message of a mailbox when it was copied, by its audit files."""
    s3, bucket = run.cloud.client("s3"), run.cloud.output("BucketName")
    prefix = f"audit/{mailbox_id(f'{STORY.name}-local', address)}/"
    outcomes = []
    keys = [each["Key"] for each in s3.list_objects_v2(Bucket=bucket, Prefix=prefix)["Contents"]]
    for key in keys:
        if key.endswith("-changes.jsonl"):
            continue
        lines = s3.get_object(Bucket=bucket, Key=key)["Body"].read().splitlines()
        outcomes += [json.loads(line)["outcome"] for line in lines]
    return outcomes


def ledger_items(run: Run) -> list[Any]:
    items = run.cloud.table(run.cloud.output("LedgerTable")).scan()["Items"]
    return sorted(items, key=lambda item: (item["pk"], item["sk"]))


def roles(run: Run) -> list[Any]:
    organization = run.world.organization_id
    return list(run.world.workmail.list_impersonation_roles(organization_id=organization)["Roles"])
