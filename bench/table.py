"""The rows as Markdown tables, readable as they are."""

from __future__ import annotations

from collections.abc import Sequence

from bench.rows import EWS, EWS_WHOLE, FIRST, LARGE, LIMITED, SECOND, Row

_NO_RUN = "-"


def all_tables(rows: Sequence[Row]) -> str:
    """IMAP, large messages, EWS: those that have rows."""
    parts = [
        imap_table([row for row in rows if row.pass_name in (FIRST, SECOND)]),
        plain_table("40 MB messages", [row for row in rows if row.pass_name in (LARGE, LIMITED)]),
        plain_table("EWS, writing", [row for row in rows if row.pass_name == EWS]),
        plain_table("EWS, whole run", [row for row in rows if row.pass_name == EWS_WHOLE]),
    ]
    return "\n".join(part for part in parts if part)


def imap_table(rows: Sequence[Row]) -> str:
    """Messages per second of the first pass / seconds of the second, by round trip."""
    if not rows:
        return ""
    trips = sorted({row.round_trip for row in rows})
    found = {row.key: row for row in rows}
    whole = max(row.messages for row in rows)
    head = ["IMAP", *(f"{trip} ms" for trip in trips), "peak memory", "identical"]
    lines = []
    for tool in dict.fromkeys(row.tool for row in rows):
        own = [row for row in rows if row.tool == tool]
        cells = [
            _pair(found.get((tool, trip, FIRST)), found.get((tool, trip, SECOND)), whole)
            for trip in trips
        ]
        lines.append([tool, *cells, _memory(own), _identical(own)])
    notes = "messages/s of the first pass / seconds of the second, in which nothing is new"
    samples = sorted({row.messages for row in rows if row.messages < whole})
    if samples:
        notes += f"; (*) with {samples[0]:,} messages of the same kinds instead of {whole:,}"
    return f"{_markdown(head, lines)}\n{notes}\n"


def plain_table(title: str, rows: Sequence[Row]) -> str:
    """One line a row."""
    if not rows:
        return ""
    head = [title, "round trip", "messages", "messages/s", "seconds", "peak memory", "identical"]
    lines = [
        [
            f"{row.tool} within 512 MB" if row.pass_name == LIMITED else row.tool,
            f"{row.round_trip} ms",
            f"{row.messages:,}",
            _number(row.messages_per_second),
            _number(row.seconds),
            _memory([row]),
            _identical([row]),
        ]
        for row in rows
    ]
    return _markdown(head, lines)


def _pair(first: Row | None, second: Row | None, whole: int) -> str:
    if first is None:
        return _NO_RUN
    if not first.seconds:
        return "failed"
    star = " (*)" if first.messages < whole else ""
    again = f"{_number(second.seconds)} s" if second is not None and second.seconds else _NO_RUN
    return f"{_number(first.messages_per_second)} / {again}{star}"


def _number(value: float) -> str:
    if not value:
        return _NO_RUN
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _memory(rows: Sequence[Row]) -> str:
    return f"{max(row.peak_memory_mb for row in rows):.0f} MB"


def _identical(rows: Sequence[Row]) -> str:
    reasons = dict.fromkeys(row.reason or "no" for row in rows if not row.identical)
    return f"no: {next(iter(reasons))}" if reasons else "yes"


def _markdown(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    table = [list(head), *(list(line) for line in lines)]
    widths = [max(len(line[column]) for line in table) for column in range(len(head))]
    table.insert(1, ["-" * width for width in widths])
    return "".join(
        "| "
        + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        + " |\n"
        for line in table
    )
