"""A probe that is interrupted leaves nothing behind, wherever it was."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.client import BaseClient

from localrun.probe.command import Survey
from localrun.probe.ews_calls import EwsCalls
from migration.wire.ews_http import Transport
from migration.wire.imap_socket import Wire
from tests.localrun.probe_cloud import OTHER, PILOT, ProbeCloud

WRITE = ("--pilot", PILOT, "--write", "--create-user", "probe-user")
WRITING = (
    *("new-user", "impersonation", "size-lag", "ews-append", "ews-size", "imap-append"),
    *("calendar", "contacts", "tasks"),
)
ROOT = Path(__file__).resolve().parents[2]

STEPS: tuple[tuple[Any, str], ...] = (
    (BaseClient, "_make_api_call"),
    (Transport, "_send"),
    (EwsCalls, "post"),
    (Wire, "write"),
)
"""Everything by which the probe reaches a server."""


class Steps:
    """Counts the steps of a run, and interrupts before or after one of them, once."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.names: list[str] = []
        self.at = -1
        self.is_after = False
        for owner, name in STEPS:
            monkeypatch.setattr(owner, name, self._stepping(getattr(owner, name), name))

    def start(self, at: int = -1, *, is_after: bool = False) -> None:
        self.names, self.at, self.is_after = [], at, is_after

    def _stepping(self, act: Callable[..., Any], name: str) -> Callable[..., Any]:
        def step(*args: Any, **kwargs: Any) -> Any:
            here = len(self.names)
            self.names.append(str(args[1]) if name == "_make_api_call" else name)
            if here == self.at and not self.is_after:
                raise KeyboardInterrupt
            result = act(*args, **kwargs)
            if here == self.at:
                raise KeyboardInterrupt
            return result

        return step


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ProbeCloud]:
    made = ProbeCloud(tmp_path, monkeypatch, propagation_lag=12.0, password_lag=6.0)
    # Sizes never change here, so that waiting for them is short.
    yield made
    made.close()


@pytest.mark.parametrize("question", WRITING)
@pytest.mark.parametrize("is_after", [False, True])
def test_an_interrupt_at_any_step_leaves_nothing(
    cloud: ProbeCloud, monkeypatch: pytest.MonkeyPatch, question: str, is_after: bool
) -> None:
    steps = Steps(monkeypatch)
    options = ("--only", question, "--wait", "130", *WRITE)
    steps.start()
    cloud.run(*options)
    assert cloud.leftovers() == []
    quiet = list(steps.names)
    assert len(quiet) > 10
    for at in range(1, len(quiet)):  # the first call only checks the credentials
        steps.start(at, is_after=is_after)
        status = cloud.run(*options)
        where = f"step {at} of {len(quiet)}: {quiet[at]}"
        steps.at = -1
        assert cloud.leftovers() == [], where
        assert "LEFT" not in (cloud.folder / "answers.json").read_text("utf-8")
        assert status in (0, 1, 130), where
    assert cloud.fake.mailbox_exists(OTHER)
    assert cloud.ews.mailboxes() == [] or cloud.ews.mailboxes() == [PILOT]


def test_a_user_whom_workmail_does_not_show_yet_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud = ProbeCloud(tmp_path, monkeypatch, consistency_lag=40.0)
    try:
        steps = Steps(monkeypatch)
        steps.start()
        options = ("--only", "new-user", *WRITE)
        cloud.run(*options)
        at = steps.names.index("CreateUser")
        steps.start(at, is_after=True)  # the user is there, and its id is lost
        assert cloud.run(*options) == 130
        cloud.sleep(60)
        assert cloud.leftovers() == []
    finally:
        cloud.close()


def test_what_a_killed_run_left_is_removed_by_the_next(
    cloud: ProbeCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as killed:
        killed.setattr(Survey, "_remove", lambda *_, **__: [])
        cloud.run("--wait", "130", *WRITE)
    left = cloud.leftovers()
    kinds = {"role", "user", "message", "folder", "IMAP"}
    kinds |= {"CalendarItem", "Contact", "DistributionList", "Task", "Message"}
    assert {kind for kind in kinds if any(each.startswith(kind) for each in left)} == kinds
    cloud.run("--wait", "130", *WRITE)
    assert cloud.leftovers() == []


def test_messages_are_found_again_without_their_ids(
    cloud: ProbeCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer with the ids is lost, and the server stores them later than it says so."""
    cloud.ews.faults.answer_504_next(store_after=3.0)
    cloud.run("--only", "ews-append", *WRITE)
    cloud.sleep(60)
    assert cloud.answers()["ews-append"]["verdict"] == "failed"
    assert cloud.leftovers() == []


@pytest.mark.parametrize("question", ["calendar", "contacts", "tasks"])
def test_events_and_the_like_that_come_late_are_removed(cloud: ProbeCloud, question: str) -> None:
    cloud.ews.faults.answer_504_next(store_after=3.0)
    assert cloud.ask(question, *WRITE)["verdict"] == "failed"
    cloud.sleep(60)
    assert cloud.leftovers() == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_properly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    cloud = ProbeCloud(tmp_path, monkeypatch, propagation_lag=1e6)
    try:
        process = subprocess.Popen(
            [sys.executable, "-m", "localrun", "probe", *cloud.arguments(*WRITE)],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT / "lambdas"), **cloud.environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        ends = time.monotonic() + 60
        while "AssumeImpersonationRole" not in cloud.operations():
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < ends
            time.sleep(0.05)
        assert cloud.leftovers() != []
        process.send_signal(number)
        said, _ = process.communicate(timeout=60)
        assert process.returncode == 130
        assert cloud.leftovers() == []
        assert "questions: " in said
    finally:
        cloud.close()
