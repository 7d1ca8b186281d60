"""How sizes, moments, durations and names are written for people."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime

WIDTH = 78
"""Characters of a line in a message."""

_INVISIBLE = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def format_bytes(size: int) -> str:
    """Decimal units, three digits: `12 B`, `4.2 kB`, `512 MB`."""
    amount, unit = float(size), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if amount < 999.5:
            break
        amount, unit = amount / 1000, larger
    digits = 0 if unit == "B" or amount >= 99.95 else 1
    return f"{amount:.{digits}f} {unit}"


def format_moment(moment: str) -> str:
    """An ISO 8601 time as `2026-12-04 18:00 UTC`."""
    return datetime.fromisoformat(moment).astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def format_second(moment: str) -> str:
    """An ISO 8601 time as `2026-12-04 18:00:05`, in UTC."""
    return datetime.fromisoformat(moment).astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def format_duration(seconds: float) -> str:
    """Two units at most: `40 s`, `12 min`, `2 h 5 min`, `3 d 4 h`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 90:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h" if hours else f"{days} d"


def make_visible(name: str) -> str:
    """The name without what would disguise it: control characters and those that turn the
    direction of the text become U+FFFD."""
    return _INVISIBLE.sub("\N{REPLACEMENT CHARACTER}", name)


def format_milliseconds(seconds: float) -> str:
    """`1,234 ms`, or that it is less than one."""
    return f"{seconds * 1000:,.0f} ms" if seconds >= 0.001 else "less than 1 ms"


_COARSE = ((90.0, 1.0, "s"), (90 * 60.0, 60.0, "min"), (48 * 3600.0, 3600.0, "h"))
"""Below so many seconds, this unit."""


def format_range(least: float, most: float) -> str:
    """Two durations of which one knows little, in one unit each: `40 min to 3 h`, `5 to 14 h`,
    `up to 30 min`."""
    (low, unit), (high, other) = _round(least), _round(most)
    if not low:
        return f"up to {high} {other}"
    if unit == other:
        return f"{low} {unit}" if low == high else f"{low} to {high} {unit}"
    return f"{low} {unit} to {high} {other}"


def _round(seconds: float) -> tuple[int, str]:
    for limit, each, unit in _COARSE:
        if seconds < limit:
            return round(seconds / each), unit
    return round(seconds / 86400), "d"


def format_usd(amount: float) -> str:
    """`12.30 USD`; without cents from a hundred on."""
    return f"{amount:,.0f} USD" if amount >= 100 else f"{amount:,.2f} USD"


def format_usd_range(amounts: Iterable[float]) -> str:
    """From the least to the most of them: `17 to 42 USD`."""
    shown = sorted(amounts)
    low, high = f"{shown[0]:,.0f}", f"{shown[-1]:,.0f}"
    return f"{low} USD" if low == high else f"{low} to {high} USD"
