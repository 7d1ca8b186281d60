"""How long each handler takes to load in a fresh process: python -m bench.cold_import

The handlers and the layer's packages are laid out as they are deployed, once byte-compiled and
once not; the standard library and boto3, which the runtime brings, are this Python's own. Seconds
are the processor's, from the start of Python to the end of the import, the best of several runs:
what else the machine does only makes them longer. One thread does the work and nothing is waited
for, so on a quiet machine the clock says the same.
"""

from __future__ import annotations

import argparse
import compileall
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import distribution
from itertools import product
from pathlib import Path
from py_compile import PycInvalidationMode

from bench import ROOT
from localrun.marks import write_between

RESULTS = ROOT / "bench" / "results" / "cold_import.json"
PAGE = ROOT / "docs" / "performance.md"
BEGIN = "<!-- from bench/results/cold_import.json: make cold-import -->"
END = "<!-- end of cold import -->"
LIMIT = 0.5
"""Seconds that a handler may take, byte-compiled, on a machine with two cores."""

LAYER = (
    *("aws-lambda-powertools", "dnspython", "Jinja2", "PyYAML", "urllib3"),
    *("MarkupSafe", "jmespath", "typing-extensions", "tzdata"),
    *("httpx", "httpcore", "anyio", "certifi", "h11", "idna"),
    *("PyJWT", "cryptography", "cffi", "pycparser"),
)
"""What pip installs for lambdas/requirements.txt."""


@dataclass(frozen=True, slots=True)
class Figure:
    """Seconds of one handler, with bytecode and without."""

    handler: str
    modules: int
    seconds: float
    uncompiled: float


def lay_out(folder: Path, *, compiled: bool) -> None:
    """The folders task and python, as /var/task and /opt/python of a function."""
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "lambdas", folder / "task", ignore=ignore)
    for name in LAYER:
        for file in distribution(name).files or ():
            if file.suffix != ".pyc" and ".." not in file.parts:
                target = folder / "python" / file
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(file.locate(), target)
    if compiled:
        mode = PycInvalidationMode.UNCHECKED_HASH
        compileall.compile_dir(folder, maxlevels=50, quiet=2, invalidation_mode=mode)


def list_handlers() -> list[str]:
    """All handlers, in alphabetical order."""
    return sorted(path.stem for path in (ROOT / "lambdas").glob("[!_]*.py"))


def measure(handlers: Sequence[str], repeat: int) -> Iterator[Figure]:
    """One figure per handler."""
    with tempfile.TemporaryDirectory() as name:
        compiled, plain = Path(name) / "compiled", Path(name) / "plain"
        lay_out(compiled, compiled=True)
        lay_out(plain, compiled=False)
        best: dict[tuple[Path, str], tuple[float, int]] = {}
        # all in turn, again and again: what disturbs for a while disturbs each of them once
        for _ in range(repeat):
            for key in product((compiled, plain), handlers):
                run = _load(*key)
                best[key] = min(run, best.get(key, run))
    for handler in handlers:
        (seconds, modules), (uncompiled, _) = best[compiled, handler], best[plain, handler]
        yield Figure(handler, modules, round(seconds, 3), round(uncompiled, 3))


def _load(folder: Path, handler: str) -> tuple[float, int]:
    """Seconds, and how many modules were loaded."""
    program = f"import sys, {handler}; print(len(sys.modules))"
    path = os.pathsep.join((str(folder / "task"), str(folder / "python")))
    before = os.times()
    done = subprocess.run(
        [sys.executable, "-B", "-c", program],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    after = os.times()
    user = after.children_user - before.children_user
    return user + after.children_system - before.children_system, int(done.stdout)


def render(measured: Mapping[str, object]) -> str:
    """The figures as a Markdown table, the slowest first."""
    rows = measured["figures"]
    assert isinstance(rows, list)
    figures = sorted((Figure(**row) for row in rows), key=lambda one: -one.seconds)
    lines = [
        f"{measured['machine']}; the best of {measured['repeat']} runs each.",
        "",
        "| handler | modules | seconds | without bytecode |",
        "| --- | --- | --- | --- |",
    ]
    lines += [
        f"| {one.handler} | {one.modules} | {one.seconds:.2f} | {one.uncompiled:.2f} |"
        for one in figures
    ]
    slow = [one.handler for one in figures if one.seconds > LIMIT]
    verdict = f"NO: {', '.join(slow)}" if slow else "yes"
    return "\n".join([*lines, "", f"Each below {LIMIT} s, byte-compiled: {verdict}", ""])


def update_document(page: Path = PAGE, results: Path = RESULTS) -> None:
    """Writes the table between the marks of the page. ValueError when there are none."""
    write_between(page, BEGIN, END, render(json.loads(results.read_text("utf-8"))))


def main() -> int:
    """Runs the command line; the exit status: 1 if a handler takes longer than it may."""
    parser = argparse.ArgumentParser("python -m bench.cold_import", description=__doc__)
    parser.add_argument("--repeat", type=int, default=7, metavar="N")
    parser.add_argument("handlers", nargs="*", help="only these; nothing is written then")
    options = parser.parse_args()
    figures = []
    for figure in measure(options.handlers or list_handlers(), options.repeat):
        print(
            f"{figure.handler:<24}{figure.seconds:.2f} s, without bytecode "
            f"{figure.uncompiled:.2f} s",
            flush=True,
        )
        figures.append(figure)
    if not options.handlers:
        machine = f"Python {platform.python_version()} on {os.cpu_count()} cores"
        rows = [asdict(figure) for figure in figures]
        text = json.dumps({"machine": machine, "repeat": options.repeat, "figures": rows}, indent=1)
        RESULTS.write_text(text + "\n", "utf-8")
        update_document()
    return 1 if any(figure.seconds > LIMIT for figure in figures) else 0


if __name__ == "__main__":
    sys.exit(main())
