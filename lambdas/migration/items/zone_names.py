"""Names of time zones: IANA's, Windows', and those that calendars make of them."""

from __future__ import annotations

import functools
import re
import zoneinfo
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

from migration.items.times import UTC, Observance, Zone

_TABLE = Path(__file__).with_name("windows_zones.txt")
_NONE_OF_A_PLACE = {"localtime", "posixrules", "Factory", "leapseconds"}
_OFFSET = re.compile(r"(?:GMT|UTC)\s*([+-])(\d{1,2})(?::?([0-5]\d))?")


def find_zone(name: str) -> Zone | None:
    """The zone of a name: IANA's in any capitals, at the end of a path too ("/mozilla.org/2005/
    Europe/Berlin"), Windows', or an offset from UTC."""
    plain = name.strip().strip('"').strip()
    parts = plain.split("/")
    for length in range(min(3, len(parts)), 0, -1):
        if iana := _iana_names().get("/".join(parts[-length:]).lower()):
            return UTC if iana in ("Etc/UTC", "Zulu", "Etc/UCT", "UCT") else Zone(iana)
    if windows := _by_windows_name().get(plain.lower()):
        return find_zone(windows)
    return _read_offset(plain)


def _read_offset(name: str) -> Zone | None:
    found = _OFFSET.fullmatch(name.upper())
    if not found or int(found[2]) > 14:
        return None
    offset = timedelta(hours=int(found[2]), minutes=int(found[3] or 0))
    if found[1] == "-":
        offset = -offset
    if not offset:
        return UTC
    if not found[3] or found[3] == "00":
        # POSIX counts westwards: Etc/GMT-2 is two hours ahead of UTC.
        return Zone(f"Etc/GMT{'-' if found[1] == '+' else '+'}{int(found[2])}")
    return Zone(name.upper(), (Observance(datetime(1601, 1, 1), offset, offset),))


@functools.cache
def _iana_names() -> Mapping[str, str]:
    names = zoneinfo.available_timezones() - _NONE_OF_A_PLACE
    return {name.lower(): name for name in names}


@functools.cache
def read_table() -> tuple[tuple[str, str, tuple[str, ...]], ...]:
    """Windows' names, the IANA zone that stands for each, and the others that belong to it."""
    rows = []
    for line in _TABLE.read_text("utf-8").splitlines():
        if not line.startswith("#"):
            name, zone, others = (*line.split("\t"), "")[:3]
            rows.append((name, zone, tuple(others.split())))
    return tuple(rows)


@functools.cache
def _by_windows_name() -> Mapping[str, str]:
    return {name.lower(): zone for name, zone, _ in read_table()}


@functools.cache
def _windows_names() -> Mapping[str, str]:
    named = {one: name for name, _, others in read_table() for one in others}
    return named | {zone: name for name, zone, _ in read_table()}


def windows_name(iana: str) -> str:
    """Windows' name of an IANA zone; "" where it has none."""
    return _windows_names().get(iana, "UTC" if iana == UTC.name else "")


@functools.cache
def candidates() -> tuple[str, ...]:
    """The zones that a calendar may mean without saying so: those that stand for a Windows name,
    then all others, each once and as far as this machine knows it."""
    known = set(_iana_names().values())
    standing = [zone for _, zone, _ in read_table()]
    others = [one for _, _, zones in read_table() for one in zones]
    return tuple(one for one in dict.fromkeys((*standing, *others)) if one in known)
