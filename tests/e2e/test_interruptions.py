"""A migration that is killed, stopped, started twice, or loses its footing at the source.

One cloud serves all tests.
"""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from localrun.runner import Run
from tests.e2e.interrupted import (
    CHANGED,
    COPY_ONLY,
    FOLDERS,
    KILLED,
    PER_FOLDER,
    REFUSED,
    STOPPED,
    TWICE,
    assert_complete,
    audit,
    begin,
    child_events,
    ledger_items,
    letter,
    opened_run,
    roles,
)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    with opened_run(tmp_path_factory.mktemp("interruptions")) as run:
        yield run


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


def quiet_ledger(run: Run) -> list[Any]:
    """The ledger when the first worker has nothing more to do but to wait for the slow server."""
    seen: list[Any] = []
    while seen != (now := ledger_items(run)):
        seen = now
        time.sleep(0.5)
    return seen


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


def test_a_stopped_run_loses_its_rights_and_the_next_goes_on_where_it_stopped(run: Run) -> None:
    arn, server = begin(run, "stopped", STOPPED, COPY_ONLY, passing=3)
    assert server.reached.wait(60)
    run.cloud.client("stepfunctions").stop_execution(executionArn=arn, error="Tried", cause="it")
    # As in AWS, the function that was at work goes on although nobody listens any more.
    server.go_on.set()
    assert run.wait(arn)["status"] == "ABORTED"
    # Nothing of the workflow ran any more, and still the rights are gone and the tenant is free.
    assert roles(run) == []
    assert [item for item in ledger_items(run) if item["sk"] == "LOCK"] == []
    (noted,) = [note for note in run.ledger.notes("stopped") if note.state == "CleanUp"]
    assert "ended as ABORTED" in noted.what
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
    expected = [letter(CHANGED[0], "Trips/2019", number) for number in (*range(PER_FOLDER), 7)]
    assert sorted(message.mime for message in trips) == sorted(each.mime for each in expected)


def test_a_mailbox_that_takes_nothing_fails_with_its_own_error_and_without_pauses(run: Run) -> None:
    arn, server = begin(run, "refused", REFUSED, COPY_ONLY)
    server.refuse(REFUSED[0], "ErrorMailboxConfiguration", only_storing=True)
    outcome = run.conclude(run.wait(arn))

    (failed,) = outcome.failed
    assert failed.mailbox.source == REFUSED[0]
    assert failed.failure is not None
    assert failed.failure.error == "MailboxUnreachable"
    history = [json.dumps(event, default=str) for event in child_events(run, arn)]
    assert not any("WaitForServer" in event for event in history)
