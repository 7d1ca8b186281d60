"""Under which licences the packages stand that are deployed, and those of the CDK app.

    python tools/licences.py           fails for a licence that is not allowed, for a deployed
                                       package without a pin, and if docs/licences.md is out of date
    python tools/licences.py --write   writes docs/licences.md anew

What is installed is read, so nothing is asked of the network.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import Distribution, distribution
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "licences.md"
DEPLOYED = ROOT / "lambdas" / "requirements.txt"
APP = ROOT / "requirements.txt"

LAMBDA: Mapping[str, str] = {
    "python_version": "3.14",
    "sys_platform": "linux",
    "platform_machine": "aarch64",
}
"""Where the layer's packages run; a package may need others elsewhere."""
HERE: Mapping[str, str] = {}

ALLOWED = frozenset(
    ("0BSD", "Apache-2.0", "BSD", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "MIT-0", "PSF-2.0")
)
"""Those that ask for nothing but a notice. "BSD" is what older packages say of either."""

ALONE: Mapping[str, str] = {"certifi": "MPL-2.0"}
"""Packages with another licence that are deployed as they are. MPL-2.0 asks that whoever changes
its files publishes the changes: nothing of certifi, which is a list of certificates, is changed."""

_CLASSIFIERS: Mapping[str, str] = {
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "MIT No Attribution License (MIT-0)": "MIT-0",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}

Find = Callable[[str], Distribution]


@dataclass(frozen=True, slots=True, order=True)
class Package:
    """An installed package. `licence` is its expression in SPDX's words, as far as it has one; else
    what its metadata says, "" if that is nothing."""

    name: str
    version: str
    licence: str


def read_requirements(path: Path) -> list[Requirement]:
    """The lines of a requirements file, without comments."""
    lines = (line.partition("#")[0].strip() for line in path.read_text("utf-8").splitlines())
    return [Requirement(line) for line in lines if line]


def closure(
    requirements: Iterable[Requirement], place: Mapping[str, str], find: Find = distribution
) -> list[Package]:
    """The packages of the requirements and all that they need at `place`, by name."""
    found: dict[str, Package] = {}
    to_do, seen = list(requirements), set[str]()
    while to_do:
        requirement = to_do.pop()
        if str(requirement) in seen:
            continue
        seen.add(str(requirement))
        one = find(requirement.name)
        name = canonicalize_name(requirement.name)
        found[name] = Package(name, one.version, read_licence(one.metadata))
        for needed in map(Requirement, one.requires or ()):
            extras = [{**place, "extra": extra} for extra in ("", *requirement.extras)]
            if needed.marker is None or any(needed.marker.evaluate(extra) for extra in extras):
                to_do.append(needed)
    return [found[name] for name in sorted(found)]


def read_licence(metadata: Any) -> str:
    """The licence expression; else the licences of the classifiers, with commas, since whether one
    may choose is not said there; else the first line of the field License."""
    if expression := metadata.get("License-Expression"):
        return str(expression)
    named = [
        classifier.rpartition(" :: ")[2]
        for classifier in metadata.get_all("Classifier") or ()
        if classifier.startswith("License :: ") and not classifier.endswith("OSI Approved")
    ]
    if named:
        return ", ".join(_CLASSIFIERS.get(name, name) for name in named)
    return next(iter(str(metadata.get("License") or "").splitlines()), "")


def is_allowed(licence: str) -> bool:
    """Whether all licences of the expression are allowed. Of a plain choice (MIT OR GPL-2.0) one is
    enough."""
    names = [name for name in re.split(r"\s+(?:AND|OR)\s+|, |[()]", licence) if name.strip()]
    enough = any if not re.search(r"\sAND\s|, |[()]", licence) else all
    return bool(names) and enough(name.strip() in ALLOWED for name in names)


def read_pins(requirements: Iterable[Requirement]) -> dict[str, str]:
    """The one version of each package that is pinned to one."""
    return {
        canonicalize_name(requirement.name): specifier.version
        for requirement in requirements
        for specifier in requirement.specifier
        if specifier.operator == "=="
    }


def find_problems(
    deployed: Sequence[Package], app: Sequence[Package], pins: Mapping[str, str]
) -> Iterator[str]:
    """What is in the way of deploying, in sentences. `pins`: those of lambdas/requirements.txt."""
    for package in deployed:
        if package.version != pins.get(package.name):
            yield (
                f"{package.name} {package.version} is deployed, and lambdas/requirements.txt does "
                "not pin it to that version"
            )
    for package in sorted({*deployed, *app}):
        if not is_allowed(package.licence) and ALONE.get(package.name) != package.licence:
            yield (
                f"{package.name} {package.version} stands under {package.licence or 'no licence'}, "
                f"which is not allowed; allowed are {', '.join(sorted(ALLOWED))}"
            )


def as_page(deployed: Sequence[Package], app: Sequence[Package]) -> str:
    """docs/licences.md. Versions only where they are pinned."""
    lines = [
        "# Licences of other people's packages",
        "",
        "Written by `make licences` from what packages say of themselves. `make check` compares",
        f"them, and refuses any other licence than {', '.join(sorted(ALLOWED))}.",
        "",
        "## Deployed, in the functions' layer",
        "",
        "boto3 comes with Lambda's runtime. Of other licences are only these, of packages that are",
        f"deployed unchanged: {', '.join(f'{name} ({told})' for name, told in ALONE.items())}.",
        "Tests and runs on the laptop use more, none of which is deployed: among them Radicale and",
        "Xandikos (GPL), in processes of their own.",
        "",
        "| package | version | licence |",
        "| --- | --- | --- |",
        *(f"| {one.name} | {one.version} | {one.licence} |" for one in deployed),
        "",
        "## Needed to deploy (the CDK app)",
        "",
        "| package | licence |",
        "| --- | --- |",
        *(f"| {one.name} | {one.licence} |" for one in app),
    ]
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str]) -> int:
    deployed = closure(read_requirements(DEPLOYED), LAMBDA)
    app = closure(read_requirements(APP), HERE)
    page = as_page(deployed, app)
    if "--write" in arguments:
        PAGE.write_text(page, "utf-8")
    problems = list(find_problems(deployed, app, read_pins(read_requirements(DEPLOYED))))
    if not PAGE.is_file() or PAGE.read_text("utf-8") != page:
        problems.append("docs/licences.md is not what is installed: run `make licences`")
    for problem in problems:
        print(problem, file=sys.stderr)
    if not problems:
        print(f"licences: {len(deployed)} deployed packages, {len(app)} of the CDK app: allowed")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
