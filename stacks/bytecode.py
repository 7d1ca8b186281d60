"""Byte-compiles what is deployed, for the functions' Python and not for this machine's.

A function's own folder cannot be written to: what comes without bytecode is compiled anew by every
cold start. Bytecode fits one version of Python, which need not be this one; so it is made by a
CPython 3.14 if there is one, else by Pyodide, the same CPython in WebAssembly, which npm has
(docs/decisions/0022-bundling.md).

Files of an asset get a date of their own on their way to Lambda, so the usual check of bytecode by
the source's date would throw it away: it is made without a check (PEP 552, unchecked).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from stacks.node import find_npm

PYTHON = "3.14"
MAGIC = (3627).to_bytes(2, "little") + b"\r\n"
"""How bytecode of CPython 3.14 begins (Include/internal/pycore_magic_number.h). Python compiles
anew, in memory, what begins otherwise."""

_PYODIDE = "pyodide@314.0.7"
_SCRIPT = Path(__file__).with_name("compile.mjs")
_CACHE = Path(__file__).resolve().parents[1] / "build" / "pyodide"


class CompilerError(Exception):
    """There is none, or it has failed; the message says which and why."""


def compile_folder(folder: Path, place: str) -> None:
    """Writes the bytecode of all modules below the folder, which will be at `place` in the
    function. CompilerError; what has been written then does no harm."""
    python = find_python()
    command = _by_python(python, folder, place) if python else _by_pyodide(folder, place)
    _run(command, dict(os.environ))
    if lacking := list(find_uncompiled(folder)):
        raise CompilerError(f"{lacking[0].name} has no bytecode of Python {PYTHON}")


def find_uncompiled(folder: Path) -> Iterator[Path]:
    """The modules below the folder without bytecode that the function's Python takes unchecked."""
    unchecked = MAGIC + (1).to_bytes(4, "little")
    for module in folder.rglob("*.py"):
        found = module.parent / "__pycache__" / f"{module.stem}.cpython-314.pyc"
        if not found.is_file() or found.read_bytes()[:8] != unchecked:
            yield module


def find_python() -> str:
    """A CPython of the functions' version; "" if there is none."""
    if f"{sys.version_info[0]}.{sys.version_info[1]}" == PYTHON:
        return sys.executable
    return shutil.which(f"python{PYTHON}") or ""


def _by_python(python: str, folder: Path, place: str) -> list[str]:
    options = ["-q", "--invalidation-mode", "unchecked-hash", "-s", str(folder), "-p", place]
    return [python, "-m", "compileall", *options, str(folder)]


def _by_pyodide(folder: Path, place: str) -> list[str]:
    module = _CACHE / "node_modules" / "pyodide" / "pyodide.mjs"
    npm, environment = find_npm("npm", os.environ)
    node = shutil.which("node", path=environment.get("PATH", os.defpath))
    if not npm or not node:
        raise CompilerError(f"there is neither python{PYTHON} nor npm")
    if not module.is_file():
        _CACHE.mkdir(parents=True, exist_ok=True)
        quiet = ["--silent", "--no-audit", "--no-fund", "--ignore-scripts"]
        _run([*npm, "install", *quiet, "--prefix", str(_CACHE), _PYODIDE], environment)
    return [node, str(_SCRIPT), str(module), str(folder), place]


def _run(command: list[str], environment: dict[str, str]) -> None:
    # stdout belongs to the CDK's own talk with its Node process
    done = subprocess.run(  # noqa: S603 - our arguments
        command, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines() or ["it said nothing"]
        raise CompilerError(f"{Path(command[0]).name} failed: {said[-1]}")
