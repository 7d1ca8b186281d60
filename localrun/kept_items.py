"""What the report of a run says of calendars, contacts, tasks and notes, as tables for the end of a
run."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rich.table import Table

from migration.report_groupware import KIND_WORDS, Kept


def tables_of(summary: Path) -> Iterator[Table]:
    """Of a summary.json; nothing if it is not there, or if the run copied none."""
    told = json.loads(summary.read_bytes()) if summary.exists() else {}
    if groupware := told.get("groupware"):
        yield _kinds(groupware)
        if groupware["losses"]:
            yield _losses(groupware)


def _kinds(groupware: Mapping[str, Any]) -> Table:
    """`kept in another place` and `lost or in part` count properties, of which an item has many."""
    table = Table(title="Calendars, contacts, tasks and notes", title_justify="left")
    table.add_column("kind")
    counts = ("source", "copied", "refused", "ledger", "target")
    for name in (*counts, *(kept.value for kept in Kept)):
        table.add_column(name, justify="right")
    losses: Counter[tuple[str, str]] = Counter()
    for each in groupware["losses"]:
        losses[each["kind"], each["kept"]] += each["count"]
    for each in groupware["kinds"]:
        kept = [losses[each["kind"], one.value] for one in Kept]
        row = [*(each[name] for name in counts), *kept]
        table.add_row(KIND_WORDS[each["kind"]], *map(str, row))
    return table


def _losses(groupware: Mapping[str, Any]) -> Table:
    table = Table(title="What WorkMail does not have as the source has it", title_justify="left")
    for name in ("of", "what", "became", "why"):
        table.add_column(name, overflow="fold")
    table.add_column("how often", justify="right")
    for each in groupware["losses"]:
        texts = KIND_WORDS[each["kind"]], each["what"], each["kept"], each["why"]
        table.add_row(*texts, str(each["count"]))
    return table
