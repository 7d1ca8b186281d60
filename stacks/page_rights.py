"""What a function needs to write the progress page of a run, beside its other rights."""

from __future__ import annotations

from dataclasses import replace

from stacks.function_row import Row

_RECORDS = ("GetItem", "Query")
"""Mailboxes, the timeline, questions, what the DNS said, how far the run was."""
_FOLDERS = ("Query",)
"""Of mailboxes that are copied now."""
_WRITES = ("reports/*",)


def add_page(row: Row) -> Row:
    """The row with what is missing in it."""
    return replace(
        row,
        records=_join(row.records, _RECORDS),
        folders=_join(row.folders, _FOLDERS),
        writes=_join(row.writes, _WRITES),
    )


def _join(has: tuple[str, ...], needs: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*has, *needs)))
