"""The stories of several executions, small, by the command that runs them.

`rollback` has a test of its own, variant by variant.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from localrun.series import SERIES
from localrun.tenant_command import main

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def play(
    name: str, out: Path, capsys: pytest.CaptureFixture[str], *options: str
) -> dict[str, object]:
    """The JSON line at the end; the exit status must fit it."""
    status = main(["scenario", name, "--out", str(out), *options])
    line = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert isinstance(line, dict)
    assert status == (0 if line["verdict"] == "ok" else 1)
    assert line["problems"] == []
    return line


def test_every_series_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scenario", "--list"]) == 0
    said = capsys.readouterr().out
    for series in SERIES.values():
        assert f"{series.name} " in said
        assert series.sentence in said


def test_a_directory_is_provisioned_whatever_dies_and_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = play("directory", tmp_path, capsys, "--size", "40")
    runs = line["runs"]
    assert isinstance(runs, list)
    ended = [run["ended"] for run in runs]
    assert ended == ["SUCCEEDED", "SUCCEEDED", "ABORTED", "ABORTED", "SUCCEEDED", "SUCCEEDED"]
    again = [run["writing_calls"] for run in runs if run["run"] in ("quiet-again", "fourth")]
    assert again == [0, 0]


def test_an_upload_starts_the_run_that_reads_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = play("upload", tmp_path, capsys)
    assert (line["executions"], line["told"]) == (4, 1)


def test_a_page_shows_the_run_at_work_and_how_it_ended(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert play("progress-page", tmp_path, capsys)["pages"] == 4


def test_the_first_copy_begins_by_a_schedule(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = play("scheduled", tmp_path, capsys)
    assert (line["executions"], line["told"]) == (3, 1)


def test_a_deployment_amid_a_run_changes_nothing_in_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert play("deployed-amid-run", tmp_path, capsys)["executions"] == 3


def test_the_administrators_rights_end_on_every_way_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert play("administrator", tmp_path, capsys)["executions"] == 12


def test_the_run_publishes_its_records_and_the_old_ones_come_back(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = play("route53", tmp_path, capsys)
    sets = line["record_sets"]
    assert isinstance(sets, dict)
    assert sets["before"] == sets["put back"] == sets["and the rest"] == 5
    assert sets["published"] == 5 + 6


def test_a_quick_cut_over_takes_less_than_an_hour(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = play("quick-cutover", tmp_path, capsys)
    assert line["messages"] == 38
    assert 15 < int(str(line["virtual_minutes"])) < 60


def test_late_mail_is_brought_whenever_it_comes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = play("late-mail", tmp_path, capsys)
    assert (line["executions"], line["messages"]) == (4, 36 + 4 + 3 + 2 + 1 + 1)


def test_a_run_that_is_stopped_by_hand_leaves_nothing_in_the_way_of_the_next(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = play("aborted-from-console", tmp_path, capsys)
    assert line["ended"] == {"stopped": "ABORTED", "next": "SUCCEEDED"}


def test_what_dies_twice_is_taken_up_twice(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = play("died-and-restarted", tmp_path, capsys)
    ended = {"died-in-copy": "ABORTED", "died-in-delta": "ABORTED", "last": "SUCCEEDED"}
    assert line["ended"] == ended


def test_of_several_executions_one_works(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert play("two-executions-at-once", tmp_path, capsys)["executions"] == 9


def test_pause_resume_and_abort_are_said_by_executions_of_their_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert play("controlled", tmp_path, capsys)["words"] == 10


def test_what_is_kept_of_a_tenant_is_erased_once_and_for_all(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = play("erase", tmp_path, capsys)
    traces = line["traces"]
    assert isinstance(traces, dict)
    assert traces["migrated"] > 50
    assert (traces["erased"], traces["again"], line["left"]) == (0, 0, 0)
    assert int(str(line["found"])) > 100
