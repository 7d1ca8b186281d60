"""The layer: fetched once, for the Lambda's platform, and a clear sentence when pip cannot."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from aws_cdk import App, Stack

from stacks import layer
from stacks.bytecode import MAGIC, CompilerError, find_python, find_uncompiled
from stacks.layer import BundlingError, CodeBundling, hash_requirements, install, make_layer
from stacks.node import find_npm
from stacks.sizes import UNZIPPED_LIMIT, measure_folder

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
    monkeypatch.setattr(layer, "compile_folder", lambda folder, place: None)
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


def test_where_nothing_can_compile_it_is_said_and_deployed_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def refuse(folder: Path, place: str) -> None:
        raise CompilerError("there is neither python3.14 nor npm")

    monkeypatch.setattr(layer, "compile_folder", refuse)
    source = tmp_path / "lambdas"
    source.mkdir()
    (source / "handler.py").write_text("x = 1", "utf-8")
    (source / "requirements.txt").write_text("", "utf-8")
    out = tmp_path / "out"
    assert CodeBundling(source).try_bundle(str(out))
    assert [path.name for path in out.iterdir()] == ["handler.py"]
    assert "neither python3.14 nor npm" in capfd.readouterr().err


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_what_is_bundled_is_byte_compiled_for_the_functions(tmp_path: Path) -> None:
    if not find_python() and not find_npm("npm", os.environ)[0]:
        pytest.skip("neither CPython 3.14 nor npm is here")
    source = tmp_path / "lambdas"
    (source / "deeper").mkdir(parents=True)
    (source / "__pycache__").mkdir()
    (source / "__pycache__" / "handler.cpython-311.pyc").write_bytes(b"old")
    (source / "handler.py").write_text("import deeper.other\nprint(f'{deeper}')\n", "utf-8")
    (source / "deeper" / "other.py").write_text("x: int = 1\n", "utf-8")
    (source / "deeper" / "page.html.j2").write_text("<p>", "utf-8")
    out = tmp_path / "out"
    assert CodeBundling(source).try_bundle(str(out))
    assert list(find_uncompiled(out)) == []
    found = {str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()}
    assert found == {
        *("handler.py", "deeper/other.py", "deeper/page.html.j2"),
        *("__pycache__/handler.cpython-314.pyc", "deeper/__pycache__/other.cpython-314.pyc"),
    }
    compiled = out / "__pycache__" / "handler.cpython-314.pyc"
    assert b"/var/task/handler.py" in compiled.read_bytes()
    assert str(tmp_path).encode() not in compiled.read_bytes()


@pytest.mark.parametrize(
    "head",
    [
        b"",
        (3495).to_bytes(2, "little") + b"\r\n\x01\0\0\0",  # another Python's
        MAGIC + b"\0\0\0\0",  # checked by date
        MAGIC + b"\x03\0\0\0",  # checked by content
    ],
)
def test_bytecode_that_lambda_would_not_take_is_found(tmp_path: Path, head: bytes) -> None:
    (tmp_path / "a.py").write_text("", "utf-8")
    compiled = tmp_path / "__pycache__" / "a.cpython-314.pyc"
    compiled.parent.mkdir()
    compiled.write_bytes(head + bytes(8))
    assert [path.name for path in find_uncompiled(tmp_path)] == ["a.py"]
    compiled.write_bytes(MAGIC + b"\x01\0\0\0" + bytes(8))
    assert list(find_uncompiled(tmp_path)) == []


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
    compiled = {binary.name.split(".")[0] for binary in binaries}
    assert compiled == {"_rust", "_cffi_backend", "_yaml", "_speedups"}, "else pip chose otherwise"
    assert measure_folder(tmp_path) < UNZIPPED_LIMIT / 4, "far below what Lambda takes"
    for binary in binaries:
        assert binary.read_bytes()[18:20] == AARCH64, binary.name
        assert ".cpython-314-aarch64" in binary.name or ".abi3." in binary.name, binary.name


def fits(tag: str) -> bool:
    """Whether a wheel's tag (PEP 425) fits CPython 3.14 on 64-bit ARM Linux."""
    python, abi, platform = tag.split("-")
    pure = python.startswith("py3") and abi == "none" and platform == "any"
    compiled = abi in ("cp314", "abi3") and platform.endswith("_aarch64")
    return pure or compiled
