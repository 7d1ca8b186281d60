"""Executions that an upload or a schedule has started: taken once, in order, or told."""

from __future__ import annotations

import json

import pytest

from migration.execution_input import ExecutionInput
from migration.starts import Admission, Starting, admit, manifest_of
from tests.unit.desks import Office
from tests.unit.test_runs import Running

NOW = "2026-12-04T18:00:00Z"
USUAL = "intake/manifest.csv"
SECOND, THIRD = "0064D3901D00059242", "0064D3901D0005924A"


def upload(sequence: str = SECOND, key: str = USUAL) -> ExecutionInput:
    given = {"manifest": key, "version": f"v-{sequence}", "trigger": "upload"}
    return ExecutionInput.parse({**given, "sequence": sequence})


def schedule(time: str = "2026-12-05T06:00:00Z") -> ExecutionInput:
    given = {"phases": ["provision", "copy"], "trigger": "first-copy", "sequence": time}
    return ExecutionInput.parse(given)


@pytest.fixture
def office() -> Office:
    return Office()


def start(office: Office, execution: str, wanted: ExecutionInput, *running: str) -> Admission:
    means = Starting(office.ledger, Running(*running), office.teller, USUAL, NOW)
    return admit(means, f"arn:{execution}", execution, wanted)


@pytest.mark.parametrize("wanted", [upload(), schedule(), ExecutionInput()])
def test_a_start_works_and_takes_the_lock(office: Office, wanted: ExecutionInput) -> None:
    for _ in range(2):  # the answer of the first call may have been lost
        assert start(office, "run-1", wanted) == Admission("", "arn:run-1")
    assert office.ledger.lock_owner() == "arn:run-1"


@pytest.mark.parametrize("wanted", [upload(), schedule()])
def test_an_event_that_comes_twice_starts_once_even_when_the_run_has_ended(
    office: Office, wanted: ExecutionInput
) -> None:
    start(office, "run-1", wanted)
    assert start(office, "run-2", wanted, "arn:run-1") == Admission("AlreadyTaken", "arn:run-1")
    office.ledger.release_lock("arn:run-1")
    assert start(office, "run-3", wanted) == Admission("AlreadyTaken", "arn:run-1")
    assert office.ledger.lock_owner() == ""
    assert office.notifier.told == []


def test_an_upload_that_comes_after_a_later_one_does_nothing(office: Office) -> None:
    start(office, "later", upload(THIRD))
    office.ledger.release_lock("arn:later")
    assert start(office, "earlier", upload(SECOND)).verdict == "AlreadyTaken"


def test_a_shorter_sequencer_is_compared_as_if_it_had_zeros_at_its_end(office: Office) -> None:
    start(office, "run-1", upload("0064D3901D"))
    office.ledger.release_lock("arn:run-1")
    assert start(office, "run-2", upload("0064D3901D000000")).verdict == "AlreadyTaken"
    assert start(office, "run-3", upload("0064D3901D000001")).verdict == ""


def test_uploads_of_other_files_and_other_schedules_have_their_own_order(office: Office) -> None:
    start(office, "run-1", upload(THIRD))
    office.ledger.release_lock("arn:run-1")
    assert start(office, "run-2", upload(SECOND, "intake/b-manifest.csv")).verdict == ""
    office.ledger.release_lock("arn:run-2")
    assert start(office, "run-3", schedule()).verdict == ""


def test_an_upload_that_meets_a_run_changes_nothing_and_is_told(office: Office) -> None:
    start(office, "run-1", ExecutionInput())
    for _ in range(2):
        met = start(office, "run-2", upload(), "arn:run-1")
        assert met == Admission("AlreadyRunning", "arn:run-1")
    (notice,) = office.notifier.told
    text = " ".join(notice.text.split())
    assert "A manifest was uploaded, while the run" in text
    given = {"manifest": USUAL, "version": f"v-{SECOND}"}
    assert notice.text.endswith(f"\n\n  {json.dumps(given)}\n")
    again = ExecutionInput.parse(given)
    office.ledger.release_lock("arn:run-1")
    assert start(office, "by-hand", again) == Admission("", "arn:by-hand")


def test_of_a_folder_the_operators_are_told_the_folder(office: Office) -> None:
    start(office, "run-1", ExecutionInput())
    start(office, "run-2", upload(key="intake/acme/users.csv"), "arn:run-1")
    (notice,) = office.notifier.told
    given = {"manifest": "intake/acme/", "version": f"v-{SECOND}"}
    assert notice.facts["input"] == json.dumps(given)


def test_a_schedule_that_meets_a_run_is_told_with_its_phases(office: Office) -> None:
    start(office, "run-1", ExecutionInput())
    assert start(office, "run-2", schedule(), "arn:run-1").verdict == "AlreadyRunning"
    (notice,) = office.notifier.told
    assert "The schedule first-copy was due" in notice.text
    assert notice.text.endswith('\n\n  {"phases": ["provision", "copy"]}\n')


def test_who_starts_one_by_hand_sees_it_and_is_not_told(office: Office) -> None:
    start(office, "run-1", ExecutionInput())
    assert start(office, "run-2", ExecutionInput(), "arn:run-1").verdict == "AlreadyRunning"
    assert office.notifier.told == []


@pytest.mark.parametrize(
    ("key", "usual", "manifest"),
    [
        ("intake/manifest.csv", USUAL, "intake/manifest.csv"),
        ("intake/wave-2-manifest.yaml", USUAL, "intake/wave-2-manifest.yaml"),
        ("intake/acme/users.csv", USUAL, "intake/acme/"),
        ("intake/a/b/users.csv", "intake/a/b/", "intake/a/b/"),
        ("intake/acme/users.csv", "intake/acme/users.csv", "intake/acme/users.csv"),
        ("intake/users.csv", USUAL, "intake/users.csv"),
        ("intake/acme/power-users.csv", USUAL, "intake/acme/power-users.csv"),
    ],
)
def test_an_uploaded_file_stands_for_its_manifest(key: str, usual: str, manifest: str) -> None:
    assert manifest_of(upload(key=key), usual) == manifest


def test_who_names_a_file_by_hand_means_that_file() -> None:
    by_hand = ExecutionInput(manifest="intake/acme/users.csv")
    assert manifest_of(by_hand, USUAL) == "intake/acme/users.csv"
    assert manifest_of(ExecutionInput(), USUAL) == USUAL
