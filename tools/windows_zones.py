"""Writes which IANA zones Windows' names of time zones stand for, from Unicode's CLDR.

    python -m tools.windows_zones      fetches the pinned cldr-core from the npm registry

A line of lambdas/migration/items/windows_zones.txt is a Windows name, the zone that stands for
it, and the others that belong to it, separated by tabs and spaces. Nothing of this runs later.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from stacks.node import demand_npm

PACKAGE = "cldr-core@48.2.0"
PAGE = Path(__file__).parents[1] / "lambdas" / "migration" / "items" / "windows_zones.txt"
HEAD = f"""\
# Windows' names of time zones, by the windowsZones table of {PACKAGE}: make windows-zones
# Copyright (c) 1991-2026 Unicode, Inc. Unicode License v3, https://www.unicode.org/license.txt
"""


def list_rows(rows: Iterable[Mapping[str, str]]) -> Iterator[str]:
    """The lines of the page, in the order of the table, which goes by offset in each name."""
    standing: dict[str, str] = {}
    zones: dict[str, list[str]] = {}
    for row in rows:
        name = row["_other"]
        if row["_territory"] == "001":
            standing[name] = row["_type"]
        zones.setdefault(name, []).extend(row["_type"].split())
    for name, zone in standing.items():
        others = dict.fromkeys(zones[name])
        yield f"{name}\t{zone}\t{' '.join(one for one in others if one != zone)}".rstrip()


def fetch() -> list[Mapping[str, str]]:
    """The table's rows, from the package."""
    npm, environment = demand_npm("npm", os.environ)
    with tempfile.TemporaryDirectory() as folder:
        pack = [*npm, "pack", "--silent", PACKAGE]
        subprocess.run(pack, cwd=folder, env=environment, check=True)  # noqa: S603 - all of it is here
        (archive,) = Path(folder).glob("*.tgz")
        with tarfile.open(archive) as opened:
            member = opened.extractfile("package/supplemental/windowsZones.json")
            assert member is not None
            table = json.load(member)["supplemental"]["windowsZones"]["mapTimezones"]
    return [row["mapZone"] for row in table]


def main() -> None:
    """Writes the page anew."""
    PAGE.write_text(HEAD + "".join(f"{row}\n" for row in list_rows(fetch())), "utf-8")
    sys.stdout.write(f"{PAGE.name} is written\n")


if __name__ == "__main__":
    main()
