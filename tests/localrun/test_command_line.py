"""The command line of the laptop's cloud: what it refuses, and what it lists."""

from __future__ import annotations

from pathlib import Path

import pytest

from localrun.__main__ import main
from localrun.series import SERIES
from localrun.stories import SCENARIOS
from localrun.tenant_command import build_parser


def test_the_scenarios_are_listed_with_a_sentence_each(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scenario", "--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == [*SCENARIOS, *SERIES]
    assert all(line.endswith(".") for line in lines)


def test_a_scenario_without_a_name_lists_them_and_fails(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["scenario"]) == 2
    assert "sample" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--clock", "soon"], "the clock is real, jump or a number, not 'soon'"),
        (["scenario", "nope"], "invalid choice: 'nope'"),
        (["--speed=9"], "unrecognized arguments"),
        (["--plain", "copy"], "copy comes first"),
    ],
)
def test_a_wrong_command_line_is_refused_by_name(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--input", "{"], "--input is not JSON"),
        (["--input", "[1]"], "--input must be a JSON object"),
        (["--source", "imaps://mail.example"], "--source needs --manifest"),
        (["--manifest", "missing.csv"], "cannot read the manifest"),
        (
            ["--source", "imaps://u:p@mail.example", "--manifest", "m.csv"],
            "--source must not hold a user or a password",
        ),
    ],
)
def test_what_cannot_be_run_is_explained_before_anything_starts(
    arguments: list[str],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SOURCE_PASSWORD", "pw")
    Path("m.csv").write_text("source,target,display_name\na@x.example,a@x.example,A\n")
    assert main(arguments) == 2
    assert said in capsys.readouterr().err
    assert not Path("out").exists()


def test_options_count_before_and_after_the_command() -> None:
    parser = build_parser()
    before = parser.parse_args(["--clock", "60", "scenario", "sample"])
    after = parser.parse_args(["scenario", "sample", "--clock", "60"])
    assert before == after
    assert parser.parse_args(["scenario", "sample"]).clock == "jump"
