"""Which tenant this synth is for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from stacks.config import TenantConfig
from stacks.reading import ConfigError

EXAMPLE = "example"
NOBODYS_ACCOUNT = "123456789012"
"""The account of AWS's own documentation. The CDK's command line refuses to deploy a stack with
credentials of another account than the stack's."""


def list_tenants(folder: Path) -> list[str]:
    """The names of the tenants that have a file, in alphabetical order, the example included."""
    return sorted(path.stem for path in folder.glob("*.yaml"))


def choose_tenant(folder: Path, tenant: str | None, tenant_file: str | None) -> TenantConfig:
    """The tenant named, or that of a file elsewhere. ConfigError otherwise, with the names to
    choose from. The example is for an account that nobody has: it can be synthesized, and not be
    deployed."""
    if tenant and tenant_file:
        raise ConfigError("the context", ["give tenant or tenant_file, not both"])
    if tenant_file:
        return TenantConfig.load(Path(tenant_file))
    names = list_tenants(folder)
    there_are = "; there are: " + (", ".join(names) or "none")
    if not tenant:
        problem = f"say which tenant: -c tenant=NAME, or the variable TENANT{there_are}"
        raise ConfigError("the context", [problem])
    if tenant not in names:
        problem = f"tenant: there is no {folder.name}/{tenant}.yaml{there_are}"
        raise ConfigError("the context", [problem])
    config = TenantConfig.load(folder / f"{tenant}.yaml", tenant)
    return replace(config, account=NOBODYS_ACCOUNT) if tenant == EXAMPLE else config
