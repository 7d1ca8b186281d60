"""`python -m tools.rights [RAN...]`: the comparison as a table; status 1 if anything is missing or
more. Each RAN is an `api-calls.json` that a run on the laptop has left: they show which of the
calls were really made."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tools.rights.comparison import compare
from tools.rights.needs import Need
from tools.rights.program import Program
from tools.rights.ran import covers, kinds_of, read_ran
from tools.rights.stack import synthesize


def main(ran: Sequence[Path]) -> int:
    compared = compare(Program(), synthesize())
    made = read_ran(ran)
    table = Table("role", "calls", "missing", "more", "what it calls", show_lines=True)
    for each in compared:
        derived = kinds_of(each.needed)
        called = {kind for kind in derived if any(covers(kind, one) for one in made[each.name])}
        count = f"{len(called)} of {len(derived)}" if ran else str(len(derived))
        table.add_row(
            each.name,
            count,
            describe(each.missing) or "-",
            describe(each.more) or "-",
            describe(each.needed),
        )
    console = Console(width=None if sys.stdout.isatty() else 160)
    console.print(table)
    wrong = [each.name for each in compared if each.missing or each.more]
    console.print(f"{len(compared)} roles, of which {len(wrong)} differ from what is called")
    if ran:
        beyond = [
            f"{each.name}: {' '.join(kind)}"
            for each in compared
            for kind in sorted(made[each.name])
            if not any(covers(one, kind) for one in kinds_of(each.needed))
        ]
        console.print(f"made on the laptop and not derived: {', '.join(beyond) or 'nothing'}")
        wrong += beyond
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
    sys.exit(main([Path(each) for each in sys.argv[1:]]))
