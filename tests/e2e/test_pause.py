"""An operator stops the copy for a while, as docs/limits.md says, and lets it go on."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from localrun.runner import Run
from migration.model import MailboxStatus
from tests.e2e.interrupted import (
    COPY_ONLY,
    FOLDERS,
    PAUSED,
    PER_FOLDER,
    STORY,
    assert_complete,
    audit,
    begin,
    child_events,
    opened_run,
    roles,
)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

LIMITS = Path(__file__).parents[2] / "docs" / "limits.md"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    with opened_run(tmp_path_factory.mktemp("pause")) as run:
        yield run


def want_pause(run: Run, wanted: bool) -> None:
    """The command of the documentation."""
    found = re.search(r"--item '(\{.*?\})'\n", LIMITS.read_text("utf-8"))
    assert found
    item = json.loads(found[1].replace("T#acme", f"T#{STORY.name}-local"))
    assert item["wanted"] == {"BOOL": True}
    item["wanted"] = {"BOOL": wanted}
    table = run.cloud.output("LedgerTable")
    run.cloud.client("dynamodb").put_item(TableName=table, Item=item)


def history(run: Run, arn: str) -> list[Any]:
    pages = run.cloud.client("stepfunctions").get_paginator("get_execution_history")
    return [event for page in pages.paginate(executionArn=arn) for event in page["events"]]


def entered(run: Run, arn: str, state: str) -> int:
    """How often the execution has come to that state so far."""
    return names(history(run, arn))[state]


def names(events: Iterable[Any]) -> Counter[str]:
    """The states that were entered."""
    return Counter(each["stateEnteredEventDetails"]["name"] for each in events if is_entry(each))


def is_entry(event: Any) -> bool:
    return "stateEnteredEventDetails" in event


def stored(run: Run) -> int:
    return sum(run.world.count_stored().get(address, 0) for address in PAUSED)


def test_a_pause_stops_the_copy_fails_nothing_and_ends_when_it_is_taken_back(run: Run) -> None:
    arn, server = begin(run, "paused", PAUSED, COPY_ONLY, passing=2)
    server.is_busy_then = True  # ends the slice: the next one looks for a pause when it begins
    assert server.reached.wait(60)
    want_pause(run, True)
    server.go_on.set()
    while not run.world.clock.leapt > 20 * 60:
        time.sleep(0.1)
    server.is_busy_then = False
    while entered(run, arn, "WaitWhilePaused") < 1:
        time.sleep(0.1)
    during = stored(run)
    looks = entered(run, arn, "WaitWhilePaused")
    statuses = {record.status for record in run.ledger.mailboxes("paused")}
    while entered(run, arn, "WaitWhilePaused") < looks + 2:
        time.sleep(0.1)
    assert stored(run) == during
    want_pause(run, False)
    outcome = run.conclude(run.wait(arn))

    assert_complete(outcome, PAUSED)
    assert statuses == {MailboxStatus.PAUSED}
    assert 0 < during < outcome.messages == len(PAUSED) * len(FOLDERS) * PER_FOLDER
    assert entered(run, arn, "ResumePass") == 1
    assert outcome.virtual_seconds > 2 * 15 * 60
    children = child_events(run, arn)
    assert "ExecutionFailed" not in {event["type"] for event in children}
    states = names(children)
    assert (states["MailboxPaused"], states["FailMailbox"]) == (2, 0)
    assert states["WaitForServer"] >= 1, "the first was in the middle of its copy"
    assert sum(len(audit(run, address)) for address in PAUSED) == outcome.messages
    assert roles(run) == []
    assert outcome.report is not None
    assert "2 paused" in outcome.report.read_text("utf-8")
