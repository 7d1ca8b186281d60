"""Known vulnerabilities of the packages that are deployed, and of those of the CDK app.

    python tools/audit.py                fails for a vulnerability (1), and if it could not ask (2)
    python tools/audit.py --if-possible  where it could not ask, says so in one line and goes on

pip-audit asks PyPI's advisory service. By itself it passes over a package that the service does not
know, as any package is where an index stands in PyPI's place: here that is "not audited".
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tools.licences import APP, DEPLOYED, HERE, LAMBDA, closure, read_requirements  # noqa: E402


@dataclass(frozen=True, slots=True)
class Outcome:
    """`audited`: how many packages; `vulnerable`: sentences; `problem`: why some or all could not
    be audited, "" if all were."""

    audited: int
    vulnerable: Sequence[str]
    problem: str


def read_outcome(stdout: str, stderr: str) -> Outcome:
    """What pip-audit said: JSON on stdout, unless it could not work at all."""
    try:
        dependencies = json.loads(stdout)["dependencies"]
    except (ValueError, KeyError):
        lines = [line for line in stderr.splitlines() if line.strip()]
        return Outcome(0, (), lines[-1].strip() if lines else "pip-audit said nothing")
    skipped = [each for each in dependencies if "skip_reason" in each]
    vulnerable = [
        f"{each['name']} {each['version']}: {one['id']}; fixed in "
        f"{', '.join(one['fix_versions']) or 'no version yet'}"
        for each in dependencies
        for one in each.get("vulns", ())
    ]
    problem = ""
    if skipped:
        problem = f"{len(skipped)} of {len(dependencies)} packages: {skipped[0]['skip_reason']}"
    return Outcome(len(dependencies) - len(skipped), vulnerable, problem)


def audit() -> Outcome:
    """Asks about the versions that are installed here; those that are deployed are pinned."""
    wanted = {
        f"{one.name}=={one.version}"
        for path, place in ((DEPLOYED, LAMBDA), (APP, HERE))
        for one in closure(read_requirements(path), place)
    }
    with tempfile.TemporaryDirectory() as folder:
        listing = Path(folder) / "requirements.txt"
        listing.write_text("\n".join(sorted(wanted)), "utf-8")
        command = [sys.executable, "-m", "pip_audit", "--no-deps", "--disable-pip"]
        command += ["--requirement", str(listing), "--format", "json", "--progress-spinner", "off"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    return read_outcome(done.stdout, done.stderr)


def main(arguments: Sequence[str]) -> int:
    outcome = audit()
    for sentence in outcome.vulnerable:
        print(sentence, file=sys.stderr)
    if outcome.vulnerable:
        return 1
    if outcome.problem:
        print(f"not audited: {outcome.problem}", file=sys.stderr)
        return 0 if "--if-possible" in arguments else 2
    print(f"audited: {outcome.audited} packages, no known vulnerability")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
