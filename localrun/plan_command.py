"""python -m localrun plan: what a manifest would do to WorkMail's directory, before any run."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from botocore.exceptions import BotoCoreError, NoCredentialsError
from rich.console import Console
from rich.table import Table

from localrun.estimate.terms import read_terms
from migration.aws.directory import WorkMailDirectory, build_client
from migration.directory_plan import PlanRow, Verdict, describe, plan_directory, write_plan
from migration.end_of_support import days_left
from migration.errors import Busy, MigrationError
from migration.execution_input import MIGRATION
from migration.findings import Findings
from migration.manifest import Manifest, parse_folder, parse_manifest
from migration.migration_plan import Known, MigrationPlan, make_plan, summarise
from migration.model import NewPasswords
from migration.plan_page import to_html, to_json
from migration.preflight import check_end_of_support
from migration.preflight_workmail import check_workmail
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
        "create, change and leave alone in WorkMail, what conflicts, how long it takes and what it "
        "costs. Nothing is changed.",
        epilog="Exit status: 0, nothing is in the way; 1, faults, problems or conflicts; 2, it "
        "could not be looked at.",
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
        "--html",
        type=Path,
        metavar="FILE",
        help="with --tenant: write the plan's page there, as Preflight does. The source is not "
        "asked from here: how far it is and how large its mailboxes are is assumed",
    )
    parser.add_argument(
        "--json", action="store_true", help="with --tenant: the plan as one JSON object, no table"
    )
    parser.add_argument(
        "--gigabytes",
        type=_read_size,
        default=0.0,
        metavar="GB",
        help="of all mailboxes together, if you know (default: 1 GB each is assumed)",
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


def _read_size(text: str) -> float:
    size = float(text)
    if not 0 < size < 1e9:
        raise argparse.ArgumentTypeError("must be a number above 0")
    return size


def _plan(options: argparse.Namespace, console: Console) -> int:
    config = TenantConfig.load(options.tenant) if options.tenant else None
    if config is None and (options.html or options.json):
        raise PlanRefusedError("--html and --json need the tenant file: name it with --tenant")
    manifest = _read(options.manifest, config)
    if config is None:
        return _say_what_it_has(manifest, console)
    known = _look(manifest, config, online=not (options.offline or manifest.faults))
    known = replace(known, given_size=options.gigabytes)
    plan = make_plan(known, "", _now(), options.manifest.name)
    if options.html:
        options.html.write_bytes(to_html(plan))
    if options.csv and plan.rows:
        options.csv.write_bytes(write_plan(plan.rows))
    if options.json:
        print(to_json(plan).decode("ascii"), end="")
    else:
        _show(plan, manifest, console, everything=options.all)
    return 1 if plan.problems or _is_in_the_way(plan.rows) else 0


def _is_in_the_way(rows: Iterable[PlanRow]) -> bool:
    return any(row.verdict in (Verdict.CONFLICT, Verdict.UNKNOWN) for row in rows)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _read(path: Path, config: TenantConfig | None) -> Manifest:
    domains, tenant = (config.domains, config.tenant) if config else ((), "")
    if path.is_dir():
        files = {each.name: each.read_bytes() for each in path.iterdir() if each.is_file()}
        return parse_folder(files, domains, tenant)
    if not path.exists():
        raise PlanRefusedError(f"there is no {path}: name a file or a folder (examples/ has both)")
    return parse_manifest(path.read_bytes(), domains, tenant, path.name)


def _look(manifest: Manifest, config: TenantConfig, *, online: bool) -> Known:
    """What is known of the migration from here: by WorkMail as well if it may be asked."""
    end = check_end_of_support(days_left(_now()), config.end_of_support_acknowledged)
    known = Known(
        terms=read_terms(config),
        phases=frozenset(MIGRATION),
        problems=end.problems,
        notices=end.warnings,
        manifest=manifest,
        unasked="WorkMail was not asked",
    )
    if not online:
        return known
    directory = WorkMailDirectory(build_client(config.region), config.organization_id)
    try:
        findings = _check(directory, manifest, config)
    except Busy as busy:
        raise PlanRefusedError(f"WorkMail does not answer ({busy}): try again later") from busy
    known = replace(
        known,
        problems=known.problems + findings.problems,
        warnings=findings.warnings,
        provisions=findings.provisions,
        domains_open=not findings.verified,
    )
    if not findings.provisions:
        return replace(known, unasked="users are managed elsewhere")
    mailboxes = to_mailboxes(config.tenant, manifest.rows)
    rows = tuple(plan_directory(directory, mailboxes, manifest.wanted))
    return replace(known, rows=rows, unasked="")


def _check(directory: WorkMailDirectory, manifest: Manifest, config: TenantConfig) -> Findings:
    """What Preflight finds in the organization."""
    return check_workmail(
        directory,
        config.domains,
        config.target.kind,
        manifest.rows,
        NewPasswords(config.passwords.new_users),
        register=config.domain_setup.register,
    )


def _say_what_it_has(manifest: Manifest, console: Console) -> int:
    """Without a tenant file: the faults of the manifest, or what it holds; the exit status."""
    if manifest.faults:
        _say_faults(manifest, console)
        return 1
    _say_counts(manifest, console)
    hint = "WorkMail was not asked: name the tenant file with --tenant, and have AWS credentials"
    console.print(hint, style="dim")
    return 0


def _say_faults(manifest: Manifest, console: Console) -> None:
    for fault in manifest.faults:
        console.print(fault.text, markup=False, highlight=False, soft_wrap=True)
    plural = "fault" if len(manifest.faults) == 1 else "faults"
    console.print(f"{len(manifest.faults)} {plural}: nothing would be done", style="bold red")


def _say_counts(manifest: Manifest, console: Console) -> None:
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


def _show(plan: MigrationPlan, manifest: Manifest, console: Console, *, everything: bool) -> None:
    """The rows, what is in the way, and the lines that the page has on top."""
    if manifest.faults:
        _say_faults(manifest, console)
    elif plan.rows:
        _show_rows(plan.rows, console, everything=everything)
    else:
        _say_counts(manifest, console)
    if plan.unasked:
        console.print(f"{plan.unasked}: what it has of these is not known", style="dim")
    told = [("problem", text) for text in plan.problems if text not in _texts(manifest)]
    told += [("warning", text) for text in plan.warnings + plan.notices]
    for label, text in (*told, *summarise(plan)):
        console.print(f"{label}: {text}", markup=False, highlight=False, soft_wrap=True)


def _texts(manifest: Manifest) -> set[str]:
    return {fault.text for fault in manifest.faults}


def _show_rows(rows: Sequence[PlanRow], console: Console, *, everything: bool) -> None:
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
