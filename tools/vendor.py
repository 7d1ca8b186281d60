"""Bundles the scripts of other projects that the pages embed: lambdas/migration/web/vendor/.

    python -m tools.vendor      bundles them anew from the npm registry

Each bundle is one script without imports, with what it consists of in its first line, and has a row
in vendor.json: packages with version and licence, and the SHA-256 by which a test holds the file.
NOTICES.txt holds the licences themselves. Nothing of this runs when pages are written.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stacks.node import demand_npm

ROOT = Path(__file__).resolve().parents[1]
ENTRIES = ROOT / "tools" / "vendored"
VENDOR = ROOT / "lambdas" / "migration" / "web" / "vendor"
BUNDLER = "esbuild@0.28.2"

BUNDLES: Mapping[str, str] = {
    "plot.js": "@observablehq/plot@0.6.17",
    "table.js": "@tanstack/table-core@9.3.1",
}
"""The files, and the package that each is made of; tools/vendored/ says which parts of it."""


@dataclass(frozen=True, slots=True, order=True)
class Package:
    """A package that is in a bundle. `licence` as its package.json has it."""

    name: str
    version: str
    licence: str


def bundle(name: str, folder: Path) -> tuple[bytes, dict[Package, str]]:
    """The script, and the text of each package's licence; CalledProcessError if node fails."""
    entry, out, meta = folder / name.replace(".js", ".mjs"), folder / name, folder / "meta.json"
    entry.write_bytes((ENTRIES / entry.name).read_bytes())
    _run(
        folder,
        "npx",
        *("esbuild", entry.name, "--bundle", "--minify", "--format=iife"),
        *("--target=es2022", "--legal-comments=none", "--charset=ascii"),
        *(f"--outfile={out.name}", f"--metafile={meta.name}"),
    )
    inputs = json.loads(meta.read_text("utf-8"))["inputs"]
    packages = dict(_find_packages(folder, inputs))
    told = ", ".join(f"{each.name} {each.version} ({each.licence})" for each in sorted(packages))
    return f"/* {told} */\n".encode() + out.read_bytes(), packages


def _find_packages(folder: Path, inputs: Mapping[str, Any]) -> Iterator[tuple[Package, str]]:
    """The packages from which files went into a bundle."""
    places = {path.split("/node_modules/")[-1] for path in inputs if "node_modules/" in path}
    roots = set()
    for place in places:
        parts = place.removeprefix("node_modules/").split("/")
        roots.add("/".join(parts[: 2 if parts[0].startswith("@") else 1]))
    for root in sorted(roots):
        told = json.loads((folder / "node_modules" / root / "package.json").read_text("utf-8"))
        texts = [
            path.read_text("utf-8")
            for path in sorted((folder / "node_modules" / root).iterdir())
            if path.name.upper().startswith(("LICENSE", "LICENCE"))
        ]
        yield Package(root, told["version"], told["license"]), "\n".join(texts)


def _run(folder: Path, program: str, *arguments: str) -> None:
    command, environment = demand_npm(program, os.environ)
    subprocess.run((*command, *arguments), cwd=folder, env=environment, check=True)  # noqa: S603 -- all commands are in this file


def main() -> int:
    """Writes all bundles, vendor.json and NOTICES.txt."""
    VENDOR.mkdir(parents=True, exist_ok=True)
    rows: dict[str, Any] = {}
    notices: dict[Package, str] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "package.json").write_text('{"private": true}\n', "utf-8")
        install = ("install", "--no-package-lock", "--no-audit", "--no-fund", "--silent")
        _run(folder, "npm", *install, BUNDLER, *BUNDLES.values())
        for file in BUNDLES:
            script, packages = bundle(file, folder)
            (VENDOR / file).write_bytes(script)
            notices |= packages
            told = [[each.name, each.version, each.licence] for each in sorted(packages)]
            rows[file] = {"sha256": hashlib.sha256(script).hexdigest(), "packages": told}
            print(f"{file}: {len(script):,} bytes, {len(packages)} packages")
    (VENDOR / "vendor.json").write_text(json.dumps(rows, indent=1) + "\n", "utf-8")
    parts = (
        f"{each.name} {each.version}\n\n{text.strip()}\n" for each, text in sorted(notices.items())
    )
    (VENDOR / "NOTICES.txt").write_text(("\n" + "-" * 78 + "\n\n").join(parts), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
