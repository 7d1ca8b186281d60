"""python -m localrun estimate: what a migration costs and how long it takes, before any is made."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from localrun.estimate.terms import read_terms
from migration.estimate.bill import Estimate, estimate
from migration.estimate.prices import REGION
from migration.estimate.workload import Workload, as_set, of_size
from stacks.config import ConfigError, TenantConfig


def build_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        "python -m localrun estimate",
        description="What the migration of a tenant costs in AWS and how long it takes: "
        "arithmetic with list prices that stand in docs/cost.md. Nothing is asked "
        "or fetched.",
    )
    whole, part = _above(int, 1), _above(float, 0.0)
    parser.add_argument("--mailboxes", type=whole, required=True, metavar="N")
    parser.add_argument(
        "--gigabytes", type=part, required=True, metavar="GB", help="of all mailboxes together"
    )
    parser.add_argument(
        "--messages",
        type=whole,
        default=0,
        metavar="N",
        help="of all mailboxes together (default: as many as 75 kB make each)",
    )
    parser.add_argument(
        "--tenant",
        type=Path,
        metavar="FILE",
        help="the tenant file: how many mailboxes are copied at once, passes, mails to users",
    )
    _add_assumptions(parser)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    return parser


def _add_assumptions(parser: argparse.ArgumentParser) -> None:
    whole, part = _above(int, 1), _above(float, 0.0)
    usual = Workload(1, 1.0, 1)
    settings: tuple[tuple[str, Callable[[str], float], str, str], ...] = (
        ("folders", whole, "N", "in each mailbox"),
        ("days", part, "N", "that the DNS is waited for"),
        ("megabytes-per-second", part, "MB", "how fast one mailbox is copied"),
        ("months", whole, "N", "that bucket, ledger, secrets and keys are kept"),
        ("keys", _above(int, 0), "N", "of the customer, in KMS"),
    )
    for name, kind, metavar, meaning in settings:
        default = getattr(usual, name.replace("-", "_"))
        parser.add_argument(
            f"--{name}",
            type=kind,
            default=default,
            metavar=metavar,
            help=f"{meaning} (default: {default:g})",
        )


def _above(kind: Callable[[str], float], least: float) -> Callable[[str], float]:
    def parse(text: str) -> float:
        value = kind(text)
        if not least <= value < 1e12 or (kind is float and value == 0):
            raise argparse.ArgumentTypeError(f"must be a number above {least - (kind is int):g}")
        return value

    parse.__name__ = "number"  # what argparse calls it where `text` is none
    return parse


def main(arguments: Sequence[str]) -> int:
    """Runs the command line; the process's exit status."""
    options = build_parser().parse_args(arguments)
    try:
        config = TenantConfig.load(options.tenant) if options.tenant else None
    except (ConfigError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    work = replace(
        of_size(options.mailboxes, options.gigabytes, options.messages),
        folders=options.folders,
        days=options.days,
        megabytes_per_second=options.megabytes_per_second,
        months=options.months,
        keys=options.keys,
    )
    result = estimate(as_set(work, read_terms(config)) if config else work)
    if options.json:
        print(json.dumps(to_json(result), indent=2))
    else:
        _show(result, Console(width=None if sys.stdout.isatty() else 110))
    return 0


def to_json(result: Estimate) -> Mapping[str, Any]:
    """Everything that the table shows, and the counts behind it."""
    return {
        "region": REGION,
        "total_usd": round(result.total, 2),
        "workmail_usd_a_month": round(result.seats, 2),
        "hours": {what: round(hours, 2) for what, hours in result.hours},
        "lines": [
            {
                "item": line.item,
                "units": round(line.units, 3),
                "unit": line.price.unit,
                "usd": round(line.usd, 4),
                "price": asdict(line.price),
            }
            for line in result.lines
        ],
        "workload": asdict(result.work),
        "counts": asdict(result.counts),
        "assumptions": list(result.assumptions),
    }


def _show(result: Estimate, console: Console) -> None:
    work = result.work
    size = f"{work.mailboxes:,} mailboxes, {work.gigabytes:,g} GB, {work.messages:,} messages"
    table = Table(title=size, title_justify="left")
    for name in ("item", "units", "unit", "price", "USD"):
        table.add_column(name, justify="left" if name in ("item", "unit") else "right")
    for line in result.lines:
        price = f"{line.price.usd:g} / {line.price.per:,}"
        units = f"{line.units:,.0f}" if line.units >= 10 else f"{line.units:.2f}"
        table.add_row(line.item, units, line.price.unit, price, f"{line.usd:,.2f}")
    table.add_section()
    table.add_row("total", "", "", "", f"{result.total:,.2f}")
    console.print(table)
    for what, hours in result.hours:
        console.print(f"{what}: {hours:,.1f} hours", highlight=False)
    console.print(f"WorkMail itself: {result.seats:,.2f} USD a month", highlight=False)
    for assumption in result.assumptions:
        console.print(f"- {assumption}", markup=False, highlight=False)
