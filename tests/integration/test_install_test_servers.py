"""Installing the servers: what cannot be had is said, and is no failure."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools import install_test_servers


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine without any server; the folder of its programs."""
    programs = tmp_path / "bin"
    programs.mkdir()
    monkeypatch.setattr(install_test_servers, "CYRUS", tmp_path / "servers" / "cyrus")
    monkeypatch.setattr(install_test_servers, "dovecot_version", lambda: "")
    monkeypatch.setenv("PATH", str(programs))
    return programs


def add_program(programs: Path, name: str, script: str) -> None:
    (programs / name).write_text(f"#!/bin/sh\n{script}\n")
    (programs / name).chmod(0o755)


def test_without_apt_it_says_so(bare: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert install_test_servers.main() == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(",")[0] for line in lines] == [
        "Dovecot is not there",
        "Cyrus is not there",
    ]
    assert all(line.endswith("it is installed from Debian's packages") for line in lines)


def test_without_a_network_it_gives_apts_reason(
    bare: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    add_program(bare, "dpkg", "exit 1")
    add_program(bare, "apt-get", "echo 'E: Unable to locate package x' >&2; exit 100")
    assert install_test_servers.main() == 0
    assert "Cyrus is not there, the tests that want it skip: apt-get: E: Unable to locate" in (
        capsys.readouterr().out
    )
    assert install_test_servers.cyrus_version() == ""
    assert list(install_test_servers.CYRUS.parent.iterdir()) == []


def test_who_is_not_root_is_told_what_root_can_do(
    bare: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    add_program(bare, "dpkg", "exit 1")
    add_program(bare, "apt-get", "exit 1")
    monkeypatch.setattr("os.getuid", lambda: 1000)
    assert install_test_servers.main() == 0
    assert "only root can install it: apt-get install dovecot-imapd" in capsys.readouterr().out


def test_what_is_there_is_left_alone(bare: Path, capsys: pytest.CaptureFixture[str]) -> None:
    install_test_servers.CYRUS.mkdir(parents=True)
    (install_test_servers.CYRUS / "VERSION").write_text("3.6.1\n")
    install_test_servers.main()
    assert "Cyrus 3.6.1 is there" in capsys.readouterr().out
