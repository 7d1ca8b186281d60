"""python -m localrun plan: what a manifest would do to WorkMail's directory, before any run."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from botocore.exceptions import BotoCoreError, NoCredentialsError
from rich.console import Console
from rich.table import Table

from migration.aws.directory import WorkMailDirectory, build_client
from migration.directory_plan import PlanRow, Verdict, describe, plan_directory, write_plan
from migration.errors import Busy, MigrationError
from migration.manifest import Manifest, parse_folder, parse_manifest
from migration.wave import to_mailboxes
from stacks.config import ConfigError, TenantConfig

_SHOWN_AT_MOST = 200
_STYLES: Mapping[Verdict, str] = {
    Verdict.CREATE: "green",
    Verdict.CHANGE: "yellow",
    Verdict.CONFLICT: "bold red",
    Verdict.UNKNOWN: "magenta",
    Verdict.LEAVE: "dim",
}


class PlanRefusedError(Exception):
    """There is nothing to plan with; the message says what to do."""


def build_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        "python -m localrun plan",
        description="Read a manifest, tell every fault with its place, and say what a run would "
        "create, change and leave alone in WorkMail, and what conflicts. Nothing is changed.",
        epilog="Exit status: 0, nothing is in the way; 1, faults or conflicts; 2, it could not be "
        "looked at.",
    )
    parser.add_argument(
        "manifest",
        type=Path,
        help="a CSV file of users, a folder with users.csv, groups.csv, resources.csv and "
        "permissions.csv, or one YAML or JSON document; see examples/README.md",
    )
    parser.add_argument(
        "--tenant",
        type=Path,
        metavar="FILE",
        help="the tenant file, such as tenants/acme.yaml: its domains are checked, and its "
        "WorkMail organization is asked with the AWS credentials of this terminal (reading only). "
        "Without it, only the manifest itself is looked at",
    )
    parser.add_argument(
        "--offline",
        action="store_true",
        help="with --tenant: check the domains, do not ask WorkMail",
    )
    parser.add_argument(
        "--csv", type=Path, metavar="FILE", help="write the whole plan there, as Preflight does"
    )
    parser.add_argument(
        "--all", action="store_true", help="show also what is left alone, and more than 200 rows"
    )
    return parser


def main(arguments: Sequence[str]) -> int:
    """Runs the command line; the process's exit status."""
    options = build_parser().parse_args(arguments)
    console = Console(width=None if sys.stdout.isatty() else 150)
    try:
        return _plan(options, console)
    except NoCredentialsError:
        advice = "name them by AWS_PROFILE or `aws login`, or give --offline"
        print(
            f"error: there are no AWS credentials to ask WorkMail with: {advice}", file=sys.stderr
        )
        return 2
    except (PlanRefusedError, ConfigError, MigrationError, BotoCoreError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


def _plan(options: argparse.Namespace, console: Console) -> int:
    config = TenantConfig.load(options.tenant) if options.tenant else None
    manifest = _read(options.manifest, config)
    if manifest.faults:
        for fault in manifest.faults:
            console.print(fault.text, markup=False, highlight=False, soft_wrap=True)
        plural = "fault" if len(manifest.faults) == 1 else "faults"
        console.print(f"{len(manifest.faults)} {plural}: nothing would be done", style="bold red")
        return 1
    rows = _look(manifest, config) if config and not options.offline else []
    if not rows:
        _say_what_it_has(manifest, console)
        return 0
    if options.csv:
        options.csv.write_bytes(write_plan(rows))
    _show(rows, console, everything=options.all)
    return 1 if any(row.verdict in (Verdict.CONFLICT, Verdict.UNKNOWN) for row in rows) else 0


def _read(path: Path, config: TenantConfig | None) -> Manifest:
    domains, tenant = (config.domains, config.tenant) if config else ((), "")
    if path.is_dir():
        files = {each.name: each.read_bytes() for each in path.iterdir() if each.is_file()}
        return parse_folder(files, domains, tenant)
    if not path.exists():
        raise PlanRefusedError(f"there is no {path}: name a file or a folder (examples/ has both)")
    return parse_manifest(path.read_bytes(), domains, tenant, path.name)


def _look(manifest: Manifest, config: TenantConfig) -> list[PlanRow]:
    """Asks WorkMail about every entry."""
    directory = WorkMailDirectory(build_client(config.region), config.organization_id)
    try:
        directory.organization()
    except Busy as busy:
        raise PlanRefusedError(f"WorkMail does not answer ({busy}): try again later") from busy
    mailboxes = to_mailboxes(config.tenant, manifest.rows)
    return list(plan_directory(directory, mailboxes, manifest.wanted))


def _say_what_it_has(manifest: Manifest, console: Console) -> None:
    parts = (
        (len(manifest.rows), "users"),
        (len(manifest.groups), "groups"),
        (len(manifest.resources), "resources"),
        (len(manifest.sharings), "mailboxes with permissions"),
    )
    counted = ", ".join(f"{number} {what}" for number, what in parts)
    console.print(f"no fault: {counted}", highlight=False)
    renamed = [each for each in manifest.resources if each.source_name]
    for resource in renamed:
        text = (
            f"the name of {resource.address} would be {resource.name}: WorkMail takes 20 characters"
        )
        console.print(text, markup=False, highlight=False, soft_wrap=True)
    hint = "WorkMail was not asked: name the tenant file with --tenant, and have AWS credentials"
    console.print(hint, style="dim")


def _show(rows: Sequence[PlanRow], console: Console, *, everything: bool) -> None:
    wanted = [row for row in rows if everything or row.verdict is not Verdict.LEAVE]
    shown = wanted if everything else wanted[:_SHOWN_AT_MOST]
    table = Table(title="What a run would do to WorkMail's directory", title_justify="left")
    for column in ("what", "address", "verdict", "reasons"):
        table.add_column(column, overflow="fold")
    for row in shown:
        verdict = f"[{_STYLES[row.verdict]}]{row.verdict}[/]"
        table.add_row(row.what, row.address, verdict, "\n".join(row.reasons))
    if shown:
        console.print(table)
    if len(wanted) > len(shown):
        console.print(f"and {len(wanted) - len(shown)} more: --all shows them, --csv writes them")
    console.print(describe(rows), highlight=False)
