"""python -m localrun: the whole migration of a tenant on this machine.

Without arguments it runs the sample tenant, as `make demo` does. The state machine is the
synthesized definition, the handlers are the real ones; every server is started by the run and
ends with it.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from localrun.display import Shown, format_moment
from localrun.engine.clock import parse_clock
from localrun.kept_items import tables_of
from localrun.kept_running import endpoints_help
from localrun.live.command import add_options, served
from localrun.live.session import PortUnusableError
from localrun.runner import Options, Outcome, Run
from localrun.scenario import Scenario
from localrun.series import SERIES
from localrun.stories import SCENARIOS
from localrun.tenant import SynthesisError
from localrun.trial import TrialRefusedError, make_trial

COPY = "copy"
PLAN = "plan"
DISCOVER = "discover"
PROBE = "probe"
NEW_TENANT = "new-tenant"
TENANTS = "tenants"
DEPLOY = "deploy"
ESTIMATE = "estimate"
"""The commands that are not run here (see __main__.py)."""


def _shared_options(missing: str | None = None) -> argparse.ArgumentParser:
    """The options of every command; `missing` replaces their defaults."""
    shared = argparse.ArgumentParser(add_help=False, argument_default=missing)
    shared.add_argument(
        "--clock",
        type=_clock,
        default=missing or "jump",
        metavar="real|jump|SCALE",
        help="how waits pass: jump leaps over them (default), real waits, 3600 makes an hour "
        "a second",
    )
    shared.add_argument(
        "--out",
        type=Path,
        default=missing or Path("out"),
        help="folder for reports and logs (default: out)",
    )
    shared.add_argument("--plain", action="store_true", help="lines instead of a live picture")
    shared.add_argument(
        "--input",
        default=missing or "{}",
        metavar="JSON",
        help='the execution\'s input, e.g. \'{"phases": ["provision", "copy"]}\'',
    )
    shared.add_argument(
        "--keep-running",
        action="store_true",
        help="keep the endpoints up at the end, and print how to reach them with the AWS CLI "
        "and boto3",
    )
    add_options(shared)
    return shared


def build_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        "python -m localrun",
        parents=[_shared_options()],
        description="Run the whole migration on this machine: no AWS account, no Docker. "
        "Without arguments: a sample tenant with three mailboxes.",
    )
    parser.add_argument(
        "--manifest", type=Path, metavar="CSV", help="your own manifest instead of the sample's"
    )
    parser.add_argument(
        "--source",
        metavar="imap[s]://HOST[:PORT]",
        help="a trial with your own IMAP server as the source (read only), into an emulated "
        "WorkMail; needs --manifest, and credentials from --credentials or the variables "
        "SOURCE_ADMIN_USER and SOURCE_ADMIN_PASSWORD (or SOURCE_PASSWORD for one mailbox)",
    )
    parser.add_argument(
        "--credentials", type=Path, metavar="FILE", help="JSON file in the source secret's form"
    )
    parser.add_argument(
        "--maildir", type=Path, metavar="DIR", help="also write the copied mail as Maildir there"
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    scenario = commands.add_parser(
        "scenario",
        # Without defaults, so that what stands before the command is not overwritten.
        parents=[_shared_options(argparse.SUPPRESS)],
        help="run a named story and end with one JSON line",
        description="Run a named story; the exit status is 0 only if its verdict is ok.",
    )
    names = sorted({*SCENARIOS, *SERIES})
    scenario.add_argument("name", nargs="?", choices=names, metavar="NAME")
    scenario.add_argument(
        "--size",
        type=int,
        default=0,
        metavar="N",
        help="how many users a story of several executions has, if it can be chosen",
    )
    scenario.add_argument("--list", action="store_true", help="name the stories")
    commands.add_parser(
        COPY,
        add_help=False,
        help="copy one mailbox between your own servers, and nothing else; see copy --help",
    )
    commands.add_parser(
        DISCOVER,
        add_help=False,
        help="write a manifest from what the source's directory shows; see discover --help",
    )
    commands.add_parser(
        PLAN,
        add_help=False,
        help="what a manifest would create, change and leave alone in WorkMail; see plan --help",
    )
    commands.add_parser(
        PROBE,
        add_help=False,
        help="ask a real WorkMail organization what no documentation says; see probe --help",
    )
    commands.add_parser(
        ESTIMATE,
        add_help=False,
        help="what a migration costs and how long it takes; see estimate --help",
    )
    commands.add_parser(
        NEW_TENANT, add_help=False, help="write a tenant file by asking; see new-tenant --help"
    )
    commands.add_parser(
        TENANTS, add_help=False, help="list the tenant files, with what is wrong with each"
    )
    commands.add_parser(
        DEPLOY,
        add_help=False,
        help="deploy a tenant's stack, or show what that would change; see deploy --help",
    )
    return parser


def _clock(text: str) -> str:
    try:
        parse_clock(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return text


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line; the process's exit status."""
    parser = build_parser()
    options = parser.parse_args(arguments)
    if options.command in (COPY, DISCOVER, PLAN, PROBE, ESTIMATE, NEW_TENANT, TENANTS, DEPLOY):
        name = options.command
        parser.error(f"{name} comes first: python -m localrun {name} --help")
    console = Console(width=None if sys.stdout.isatty() else 130)
    if options.command == "scenario" and (options.list or not options.name):
        listed = [(story.name, story.sentence) for story in SCENARIOS.values()]
        listed += [(series.name, series.sentence) for series in SERIES.values()]
        for name, sentence in listed:
            print(f"{name:<24}{sentence}")
        return 0 if options.list else 2
    try:
        run_options = Options(
            clock=options.clock,
            out=options.out,
            maildir=getattr(options, "maildir", None),
            input=_parse_input(options.input),
        )
        name = getattr(options, "name", "") or "sample"
        with served(options, name, console) as session:
            run_options = replace(run_options, onlooker=session)
            if options.command == "scenario" and options.name in SERIES:
                return SERIES[options.name].run(run_options, console, options.size)
            return _run(_choose(options), run_options, console, options)
    except (TrialRefusedError, SynthesisError, PortUnusableError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130


def _choose(options: argparse.Namespace) -> Scenario:
    if options.command == "scenario":
        return SCENARIOS[options.name]
    if options.source:
        if not options.manifest:
            raise TrialRefusedError("--source needs --manifest: a CSV that names the mailboxes")
        return make_trial(options.source, options.manifest, options.credentials, os.environ)
    sample = SCENARIOS["sample"]
    if _parse_input(options.input):
        sample = replace(sample, expected=None)
    if options.manifest:
        try:
            return replace(sample, manifest=options.manifest.read_bytes(), expected=None)
        except OSError as error:
            raise TrialRefusedError(f"cannot read the manifest: {error}") from error
    return sample


def _parse_input(text: str) -> dict[str, Any]:
    try:
        loaded = json.loads(text)
    except ValueError as error:
        raise TrialRefusedError(f"--input is not JSON: {error}") from error
    if not isinstance(loaded, dict):
        raise TrialRefusedError("--input must be a JSON object")
    return loaded


def _run(
    scenario: Scenario, run_options: Options, console: Console, options: argparse.Namespace
) -> int:
    with (
        Shown(console, plain=options.plain or options.command == "scenario") as display,
        Run(scenario, run_options, display) as run,
    ):
        outcome = run.execute()
        _print_tables(console, outcome)
        for table in tables_of(run.out / "summary.json"):
            console.print(table)
        _print_end(console, outcome)
        if options.keep_running:
            console.print(endpoints_help(run), markup=False, highlight=False, soft_wrap=True)
            _wait_for_interrupt()
    if options.command == "scenario":
        print(outcome.line())
    return 0 if outcome.ok else 1


def _wait_for_interrupt() -> None:
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        return


def _print_tables(console: Console, outcome: Outcome) -> None:
    table = Table(title="Source, ledger and target at the end", title_justify="left")
    for name in ("mailbox", "folder", "folder at the target"):
        table.add_column(name, overflow="fold")
    for name in ("source", "ledger", "target"):
        table.add_column(name, justify="right")
    table.add_column("")
    for folder in outcome.folders:
        verdict = (
            "agree"
            if folder.agrees
            else f"lost {folder.lost}, doubled {folder.doubled}, differing {folder.differing}, "
            f"misplaced {folder.misplaced}"
        )
        table.add_row(
            folder.mailbox,
            "/".join(folder.source_path),
            "/".join(folder.target_path),
            str(folder.source),
            str(folder.ledger),
            str(folder.target),
            verdict,
        )
    totals = [
        str(sum(getattr(folder, name) for folder in outcome.folders))
        for name in ("source", "ledger", "target")
    ]
    table.add_section()
    table.add_row("all", "", "", *totals, "agree" if outcome.ok else "see below")
    if outcome.folders:
        console.print(table)
    for record in outcome.failed:
        reason = record.failure
        text = f"{record.mailbox.target}: FAILED, {reason.error}: {reason.reason}" if reason else ""
        console.print(text, markup=False, highlight=False)


def _print_end(console: Console, outcome: Outcome) -> None:
    days, seconds = divmod(round(outcome.virtual_seconds), 86_400)
    hours, minutes = seconds // 3600, seconds % 3600 // 60
    timings = ", ".join(f"{name} {value:.1f} s" for name, value in outcome.timings.items())
    alarms = [f"{alarm.name} ({format_moment(alarm.at)})" for alarm in outcome.alarms]
    lines = [
        f"execution {outcome.status}, report verdict: {outcome.verdict or 'none'}",
        f"{outcome.messages} messages, {days} d {hours} h {minutes} min of virtual time",
        f"times: {timings}",
        f"alarms raised: {', '.join(alarms) or 'none'}",
        f"report: {outcome.report or 'none was written'}",
        *(f"problem: {problem}" for problem in outcome.problems),
    ]
    lines[1:1] = [f"  {part}" for part in outcome.cause.splitlines() if part]
    for line in lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)
