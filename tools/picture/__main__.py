"""`python -m tools.picture`: lays out the picture of the workflow anew."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from localrun.diagram import DEFINITION
from stacks.node import demand_npm
from tools.picture.graph import digest, make_graphs, read_layout

ROOT = Path(__file__).resolve().parents[2]
PICTURE = ROOT / "lambdas" / "migration" / "web" / "workflow.json"
LIBRARY = "elkjs@0.12.1"
SCRIPT = Path(__file__).with_name("layout.mjs")


def lay_out(graphs: Sequence[Mapping[str, Any]]) -> Any:
    """The graphs as ELK has laid them out. It is installed for this once, and thrown away;
    CalledProcessError if that or the layout fails, with npm's or node's own words."""
    npm, environment = demand_npm("npm", os.environ)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "package.json").write_text('{"private": true}\n', "utf-8")
        (folder / SCRIPT.name).write_bytes(SCRIPT.read_bytes())
        install = (*npm, "install", "--no-package-lock", "--no-audit", "--no-fund", "--silent")
        subprocess.run((*install, LIBRARY), cwd=folder, env=environment, check=True)  # noqa: S603
        done = subprocess.run(  # noqa: S603 - both commands are in this function
            ("node", SCRIPT.name),  # noqa: S607 - npm's own node is the first on its PATH
            cwd=folder,
            env=environment,
            input=json.dumps(graphs).encode(),
            stdout=subprocess.PIPE,
            check=True,
        )
    return json.loads(done.stdout)


def main() -> None:
    definition = json.loads(DEFINITION.read_text("utf-8"))
    chapters = read_layout(lay_out(make_graphs(definition)))
    of = json.dumps(digest(definition))
    lines = ",\n".join(json.dumps(each, separators=(",", ":")) for each in chapters)
    PICTURE.write_text(f'{{"of":{of},"chapters":[\n{lines}\n]}}\n', "utf-8")
    states = sum(len(each["nodes"]) for each in chapters)
    print(f"{PICTURE.name}: {len(chapters)} chapters, {states} states")


if __name__ == "__main__":
    main()
