"""Which commands a deployment consists of; nothing is run here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from stacks.config import TenantConfig

CDK = "aws-cdk@2.1148.1"
"""The command line of the CDK. npm's `latest` is an accident: docs/decisions/0006-synthesis.md."""


@dataclass(frozen=True, slots=True)
class Step:
    """A command, and what it is for."""

    reason: str
    command: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose credentials these are. `toolkit` is the version of the CDK's bootstrap stack in the
    Region, None if it is not there."""

    account: str
    toolkit: int | None


def stack_name(config: TenantConfig) -> str:
    """The stack of a tenant."""
    return f"WorkMailMigration-{config.tenant}"


def refuse_caller(config: TenantConfig, caller: Caller) -> str:
    """Why this caller cannot deploy the tenant; "" if it can."""
    if config.account and config.account != caller.account:
        return (
            f"tenants/{config.tenant}.yaml is for the account {config.account}, and these "
            f"credentials are of {caller.account}: name others by AWS_PROFILE, or change `account`"
        )
    return ""


def plan_bootstrap(config: TenantConfig, caller: Caller, needed: int) -> list[Step]:
    """The bootstrap stack of account and Region, if it is missing or older than the version
    `needed`; else nothing."""
    if caller.toolkit is not None and caller.toolkit >= needed:
        return []
    where = f"aws://{caller.account}/{config.region}"
    lack = (
        f"{where} has never been used with the CDK"
        if caller.toolkit is None
        else f"the CDK's stack in {where} has version {caller.toolkit}, and {needed} is needed"
    )
    return [Step(f"{lack}: this makes the stack CDKToolkit", _cdk("bootstrap", where))]


def plan_deploy(config: TenantConfig, assembly: str, options: Sequence[str]) -> list[Step]:
    """The deployment of what lies synthesized in `assembly`."""
    command = _cdk("deploy", stack_name(config), "--app", assembly, *options)
    return [Step(f"deploying {stack_name(config)} to {config.region}", command)]


def plan_diff(config: TenantConfig, assembly: str) -> list[Step]:
    """What the deployment would change."""
    command = _cdk("diff", stack_name(config), "--app", assembly)
    return [Step(f"comparing {stack_name(config)} with what is deployed", command)]


def explain_destroy(config: TenantConfig) -> str:
    """How the stack is deleted, and what stays. It is said and not done: a stack that is protected
    is to be deleted by somebody who has read this."""
    name, region = stack_name(config), config.region
    return f"""\
The stack {name} is protected against deletion. To delete it, end its runs, and then:

    aws cloudformation update-termination-protection --no-enable-termination-protection \\
        --region {region} --stack-name {name}
    npx {" ".join(_cdk("destroy", name, "-c", f"tenant={config.tenant}"))}

What holds data stays and goes on costing: the table, the bucket, and the secrets whose names
begin with workmail-migration/{config.tenant}/. The stack's outputs name them: note them first.
What a run has changed in WorkMail and in the DNS stays as well; the phases rollback and
rollback-dns take it back, and need the stack for that.
"""


def _cdk(*arguments: str) -> tuple[str, ...]:
    return "--yes", CDK, *arguments
