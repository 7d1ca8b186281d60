"""Writes the tables of docs/cost.md between their marks.

`python -m localrun.estimate.page FILE` replaces what stands between the marks in FILE.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from migration.estimate import prices
from migration.estimate.bill import Estimate, estimate
from migration.estimate.prices import Price
from migration.estimate.workload import of_size

SIZES = ((100, 100.0), (1_000, 1_000.0), (10_000, 10_000.0))
"""Mailboxes and gigabytes."""

_TABLE = re.compile(r"(<!-- (\w+): make cost -->\n).*?(<!-- end of \2 -->)", re.DOTALL)


def _write_sizes() -> str:
    results = [estimate(of_size(mailboxes, gigabytes)) for mailboxes, gigabytes in SIZES]
    head = [f"{each.work.mailboxes:,} mailboxes" for each in results]
    lines = [_row("USD", head), _row("---", ["---:"] * len(results))]
    items = [line.item for line in results[0].lines]
    for number, item in enumerate(items):
        lines.append(_row(item, [f"{each.lines[number].usd:,.2f}" for each in results]))
    lines.append(_row("**total**", [f"**{each.total:,.2f}**" for each in results]))
    lines.append(_row("for each mailbox", [f"{_each(one):.3f}" for one in results]))
    lines.append(_row("WorkMail itself, a month", [f"{each.seats:,.0f}" for each in results]))
    for number, (what, _) in enumerate(results[0].hours):
        lines.append(_row(f"hours: {what}", [f"{each.hours[number][1]:,.1f}" for each in results]))
    return "\n".join(lines) + "\n"


def _each(result: Estimate) -> float:
    return result.total / result.work.mailboxes


def _write_arithmetic() -> str:
    """Of the middle size: units times price, item by item."""
    result = estimate(of_size(*SIZES[1]))
    lines = [_row("item", ["units", "price", "USD"]), _row("---", ["---:", "---:", "---:"])]
    for line in result.lines:
        units = f"{line.units:,.0f}" if line.units >= 10 else f"{line.units:.2f}"
        price = f"{line.price.usd:g} for {line.price.per:,} {line.price.unit}"
        lines.append(_row(line.item, [units, price, f"{line.usd:,.2f}"]))
    return "\n".join(lines) + "\n"


def _write_prices() -> str:
    known = {name: each for name, each in vars(prices).items() if isinstance(each, Price)}
    lines = [_row("unit", ["USD", "as of", "source"]), _row("---", ["---:", "---", "---"])]
    for each in known.values():
        usd = f"{each.usd:g} for {each.per:,}"
        lines.append(_row(each.unit, [usd, each.day, f"<{each.source}>"]))
    return "\n".join(lines) + "\n"


_TABLES: Mapping[str, Callable[[], str]] = {
    "sizes": _write_sizes,
    "arithmetic": _write_arithmetic,
    "prices": _write_prices,
}


def insert_tables(text: str) -> str:
    """`text` with each table between its marks; ValueError if one has no place."""
    missing = _TABLES.keys() - {found[1] for found in _TABLE.findall(text)}
    if missing:
        raise ValueError(f"no place for the table of {', '.join(sorted(missing))}")
    return _TABLE.sub(lambda found: found[1] + _TABLES[found[2]]() + found[3], text)


def _row(first: str, others: list[str]) -> str:
    return f"| {' | '.join([first, *others])} |"


def main() -> None:
    """Rewrites the file that is named on the command line."""
    path = Path(sys.argv[1])
    path.write_text(insert_tables(path.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main()
