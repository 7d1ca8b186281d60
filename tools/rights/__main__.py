"""`python -m tools.rights`: the comparison as a table; status 1 if anything is missing or more."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterable

from rich.console import Console
from rich.table import Table

from tools.rights.comparison import compare
from tools.rights.needs import Need
from tools.rights.program import Program
from tools.rights.stack import synthesize


def main() -> int:
    compared = compare(Program(), synthesize())
    table = Table("role", "calls", "missing", "more", "what it calls", show_lines=True)
    for each in compared:
        table.add_row(
            each.name,
            str(len(each.needed)),
            describe(each.missing) or "-",
            describe(each.more) or "-",
            describe(each.needed),
        )
    Console(width=160 if not sys.stdout.isatty() else None).print(table)
    wrong = [each.name for each in compared if each.missing or each.more]
    print(f"{len(compared)} roles, of which {len(wrong)} differ from what is called")  # noqa: T201
    return 1 if wrong else 0


def describe(needs: Iterable[Need]) -> str:
    """One line per service and resource."""
    grouped: defaultdict[str, list[str]] = defaultdict(list)
    for need in sorted(needs):
        service, _, action = need.action.partition(":")
        where = need.key or need.resource.rpartition(":")[2]
        grouped[f"{service} {where}"].append(action)
    return "\n".join(f"{where}: {', '.join(names)}" for where, names in grouped.items())


if __name__ == "__main__":
    sys.exit(main())
