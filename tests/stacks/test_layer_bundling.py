"""The layer: fetched once, for the Lambda's platform, and a clear sentence when pip cannot."""

from __future__ import annotations

from pathlib import Path

import pytest
from aws_cdk import App, Stack

from stacks import layer
from stacks.layer import BundlingError, hash_requirements, install, make_layer

REQUIREMENTS = Path(__file__).resolve().parents[2] / "lambdas" / "requirements.txt"
AARCH64 = b"\xb7\x00"  # e_machine in an ELF header


def synth(outdir: Path, requirements: Path) -> None:
    app = App(outdir=str(outdir))
    make_layer(Stack(app, "S"), "Packages", requirements)
    app.synth()


def test_pip_runs_again_only_when_the_requirements_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetched: list[str] = []

    def fetch(requirements: Path, folder: Path) -> None:
        folder.mkdir()
        (folder / "package.py").write_text(requirements.read_text("utf-8"), "utf-8")
        fetched.append(requirements.read_text("utf-8"))

    monkeypatch.setattr(layer, "install", fetch)
    source = tmp_path / "lambdas"
    source.mkdir()
    requirements = source / "requirements.txt"
    for text in ("a==1", "a==1", "a==2"):
        requirements.write_text(text, "utf-8")
        synth(tmp_path / "out", requirements)
    assert fetched == ["a==1", "a==2"]


def test_a_failure_of_pip_is_one_sentence(tmp_path: Path) -> None:
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("--no-index\nno-such-package==1\n", "utf-8")
    with pytest.raises(BundlingError) as caught:
        synth(tmp_path / "out", requirements)
    assert "Python 3.14 on manylinux2014_aarch64" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_hash_knows_the_requirements(tmp_path: Path) -> None:
    one, two = tmp_path / "1.txt", tmp_path / "2.txt"
    one.write_text("a==1", "utf-8")
    two.write_text("a==2", "utf-8")
    assert hash_requirements(one) != hash_requirements(two)


@pytest.mark.slow
def test_the_real_packages_fit_the_lambdas_platform(tmp_path: Path) -> None:
    install(REQUIREMENTS, tmp_path / "python")
    wheels = list(tmp_path.glob("python/*.dist-info/WHEEL"))
    wanted = [line for line in REQUIREMENTS.read_text("utf-8").splitlines() if "==" in line]
    assert len(wheels) >= len(wanted)
    for wheel in wheels:
        tags = [
            line.removeprefix("Tag: ")
            for line in wheel.read_text("utf-8").splitlines()
            if line.startswith("Tag: ")
        ]
        assert any(fits(tag) for tag in tags), wheel.parent.name
    binaries = list(tmp_path.glob("python/**/*.so"))
    assert binaries, "nothing here would show a wrong platform"
    for binary in binaries:
        assert binary.read_bytes()[18:20] == AARCH64, binary.name


def fits(tag: str) -> bool:
    """Whether a wheel's tag (PEP 425) fits CPython 3.14 on 64-bit ARM Linux."""
    python, abi, platform = tag.split("-")
    pure = python.startswith("py3") and abi == "none" and platform == "any"
    compiled = abi in ("cp314", "abi3") and platform.endswith("_aarch64")
    return pure or compiled
