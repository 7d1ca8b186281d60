"""What python -m bench takes and refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import command_line, dovecot, latency
from bench.command_line import main
from bench.rows import LATEST, Row, write_rows
from bench.tools import INTERIMAP


def test_help_explains(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    text = capsys.readouterr().out
    for word in ("interimap", "mbsync", "exchangelib", "identical", "--round-trips", "--quick"):
        assert word in text


@pytest.mark.parametrize(
    "wrong",
    [
        ["--tools", "migration,nonsense"],
        ["--tables", "pop3"],
        ["--round-trips", "20,fast"],
        ["--repeat", "0"],
    ],
)
def test_nonsense_is_refused(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(wrong)
    assert ended.value.code == 2
    assert wrong[0] in capsys.readouterr().err


def test_a_file_can_be_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "rows.json"
    write_rows([Row(INTERIMAP, 20, "first", 100, 1, 2.0, 40.0, 0.1, True)], file)
    assert main(["--show", str(file)]) == 0
    assert "| interimap | 50 / - |" in capsys.readouterr().out


def test_without_a_server_it_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(dovecot, "why_missing", lambda: "Dovecot is not here")
    assert main([]) == 1
    assert "nothing can be measured: Dovecot is not here" in capsys.readouterr().out


def test_only_a_whole_run_replaces_the_latest_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(latency, "why_missing", lambda: "")

    def output(*arguments: str) -> Path | None:
        parsed = command_line._parser().parse_args(arguments)
        return command_line._options(parsed).output

    assert output() == LATEST
    assert output("--repeat", "5") == LATEST
    assert output("--quick") is None
    assert output("--disk") is None
    assert output("--tables", "ews") is None
    assert output("--tools", "ceiling") is None
    assert output("--round-trips", "0") is None
    assert output("--quick", "--output", "here.json") == Path("here.json")


def test_without_a_compiler_there_is_no_latency(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(latency, "why_missing", lambda: "gcc is not installed")
    options = command_line._options(command_line._parser().parse_args([]))
    assert (options.round_trips, options.output) == ((0,), None)
    assert "only 0 ms is measured: gcc is not installed" in capsys.readouterr().out
