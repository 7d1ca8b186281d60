"""The plan of a migration as a page for people, and as JSON for programs.

Names in the page come from the manifest: the templates below web/ escape all of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from markupsafe import Markup

from migration.directory_plan import PlanRow
from migration.directory_plan import Verdict as RowVerdict
from migration.estimate.forecast import Forecast
from migration.estimate.phases import Span
from migration.estimate.sizes import Sizes, tell_size
from migration.figures import (
    format_duration,
    format_milliseconds,
    format_range,
    format_usd,
    format_usd_range,
)
from migration.migration_plan import MigrationPlan, describe_verdict, summarise
from migration.web.render import macros, render
from migration.web.rows import Column, Rows, Value, lay_out

_LISTED = 100
"""So many problems and conflicts are listed; the page says how many more there are."""
_KINDS: Mapping[str, str] = {
    "user": "Users",
    "group": "Groups",
    "resource": "Resources",
    "permissions": "Mailboxes with permissions",
}
_ORDER = (
    RowVerdict.CONFLICT,
    RowVerdict.UNKNOWN,
    RowVerdict.CHANGE,
    RowVerdict.CREATE,
    RowVerdict.LEAVE,
)
"""In which verdicts need attention."""
_COLUMNS = (
    ("Wanted", "total"),
    ("Create", "create"),
    ("Change", "change"),
    ("Leave alone", "leave"),
    ("Conflict", "conflict"),
    ("Not looked at", "unknown"),
)


def to_json(plan: MigrationPlan) -> bytes:
    """plan.json. ASCII only."""
    return json.dumps(to_dict(plan), indent=1).encode("ascii") + b"\n"


def to_dict(plan: MigrationPlan) -> dict[str, Any]:
    """What plan.json has: the plan, and under `summary` its lines for a terminal."""
    return {**asdict(plan), "summary": dict(summarise(plan))}


def to_html(plan: MigrationPlan) -> bytes:
    """The page, UTF-8."""
    return render(
        "plan.html.j2",
        plan=plan,
        verdict=_upper(describe_verdict(plan)),
        headline=_upper(dict(summarise(plan)).get("duration", "")),
        columns=_COLUMNS if plan.rows else _COLUMNS[:1],
        kind_words=_KINDS,
        entry_rows=_lay_out(plan.rows),
        listed=_LISTED,
        upper=_upper,
        milliseconds=format_milliseconds,
        span=_tell,
        duration=format_duration,
        usd=format_usd,
        **_figures(plan.forecast, plan.sizes),
    )


def _figures(forecast: Forecast | None, sizes: Sizes | None) -> dict[str, str]:
    """What stands in the tiles."""
    if forecast is None or sizes is None:
        return {}
    return {
        "size": tell_size(sizes),
        "copied": _tell(forecast.copied),
        "ended": _tell(forecast.ended),
        "aws": format_usd_range([bill.total for bill in forecast.bills]),
    }


def _tell(span: Span) -> str:
    return format_range(span.least, span.most)


def _upper(text: str) -> str:
    """As a sentence begins; the name of a file or of a setting stays as it is."""
    first = text.partition(" ")[0].rstrip(".,:;")
    return text if set(first) & set("._/`") else text[:1].upper() + text[1:]


def _lay_out(rows: Sequence[PlanRow]) -> Rows:
    """What needs attention comes first."""
    template = macros("plan/row.html.j2")
    columns = (
        Column("Address"),
        Column("What", choices=tuple((kind, kind) for kind in _KINDS)),
        Column("Verdict", choices=tuple((str(each), str(each)) for each in _ORDER)),
        Column("Reasons"),
    )

    def lay_out_row(row: PlanRow) -> tuple[Sequence[Value], Markup]:
        values = (row.address, row.what, str(row.verdict), "; ".join(row.reasons))
        return values, template.plan_row(row)

    ordered: Iterable[PlanRow] = sorted(rows, key=lambda row: _ORDER.index(row.verdict))
    return lay_out(columns, map(lay_out_row, ordered), "entries")
