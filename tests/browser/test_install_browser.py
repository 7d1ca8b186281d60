"""Installing the browser: what cannot be had is said, and is no failure."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools import install_browser


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine without programs; the folder of those that there are."""
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def add_program(folder: Path, name: str, script: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def test_without_apt_it_says_so(bare: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert install_browser.main() == 0
    assert "Chromium is not there, the tests that want it skip: there is no apt-get" in (
        capsys.readouterr().out
    )


def test_who_is_not_root_is_told_what_root_can_do(
    bare: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    add_program(bare, "dpkg", "exit 1")
    add_program(bare, "apt-get", "exit 1")
    monkeypatch.setattr("os.getuid", lambda: 1000)
    assert install_browser.main() == 0
    assert "only root can install it: apt-get install chromium" in capsys.readouterr().out


def test_it_is_installed_when_it_is_missing(
    bare: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    program = bare / "chromium"
    add_program(bare, "dpkg", "exit 1")
    made = f"printf '#!/bin/sh\\necho Chromium 1.2.3\\n' > {program}; PATH=/bin chmod 755 {program}"
    add_program(bare, "apt-get", f'case "$*" in *"install -y"*chromium) {made};; esac')
    monkeypatch.setattr("os.getuid", lambda: 0)
    assert install_browser.main() == 0
    assert "Chromium 1.2.3 is there" in capsys.readouterr().out


def test_what_is_there_is_left_alone(bare: Path, capsys: pytest.CaptureFixture[str]) -> None:
    add_program(bare, "chromium", "echo Chromium 1.2.3")
    install_browser.main()
    assert capsys.readouterr().out == "Chromium 1.2.3 is there\n"
