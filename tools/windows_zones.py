"""Writes which IANA zones Windows' names of time zones stand for, from Unicode's CLDR.

    python -m tools.windows_zones      fetches the pinned cldr-core from the npm registry

A line of lambdas/migration/items/windows_zones.txt is a Windows name, the zone that stands for
it, and the others that belong to it, separated by tabs and spaces. Unicode keeps the names that
zones had first (Asia/Calcutta), programs say those that IANA gives them today (Asia/Kolkata): what
IANA links to a zone belongs to its Windows name, too. Nothing of this runs later.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.resources import files
from pathlib import Path

from stacks.node import demand_npm

PACKAGE = "cldr-core@48.2.0"
PAGE = Path(__file__).parents[1] / "lambdas" / "migration" / "items" / "windows_zones.txt"
HEAD = f"""\
# Windows' names of time zones, by the windowsZones table of {PACKAGE}, with the links of
# IANA's tz database, which is in the public domain: make windows-zones
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


def add_links(lines: Iterable[str], links: Sequence[tuple[str, str]]) -> Iterator[str]:
    """The lines with all names of the zones in them. `links` are pairs of a zone and another name
    of it. A name that the table has stays where it is; of several rows that a new one fits into it
    is in that of the zone itself, else in the first."""
    rows = [(*line.split("\t"), "")[:3] for line in lines]
    row_of = {
        zone: number
        for number, (_, standing, others) in enumerate(rows)
        for zone in (standing, *others.split())
    }
    added: dict[int, list[str]] = {}
    for names in _same(links):
        known = [row_of[name] for name in names if name in row_of]
        for name in names if known else ():
            if name not in row_of:
                added.setdefault(known[0], []).append(name)
    for number, (name, standing, others) in enumerate(rows):
        whole = [*others.split(), *sorted(added.get(number, []))]
        yield f"{name}\t{standing}\t{' '.join(whole)}".rstrip()


def _same(links: Sequence[tuple[str, str]]) -> Iterator[list[str]]:
    """The names of each zone, its own first."""
    names: dict[str, list[str]] = {}
    for zone, link in links:
        names.setdefault(zone, [zone]).append(link)
    return iter(names.values())


def read_links() -> list[tuple[str, str]]:
    """IANA's links, from the database as the package tzdata has it."""
    text = (files("tzdata") / "zoneinfo" / "tzdata.zi").read_text("utf-8")
    lines = [line.split() for line in text.splitlines() if line.startswith("L ")]
    return [(zone, link) for _, zone, link in lines]


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
    rows = add_links(list_rows(fetch()), read_links())
    PAGE.write_text(HEAD + "".join(f"{row}\n" for row in rows), "utf-8")
    sys.stdout.write(f"{PAGE.name} is written\n")


if __name__ == "__main__":
    main()
