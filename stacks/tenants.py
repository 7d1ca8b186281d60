"""Which tenant this synth is for."""

from __future__ import annotations

import sys
from pathlib import Path

from stacks.config import ConfigError, TenantConfig


def choose_tenant(folder: Path, tenant: str | None, tenant_file: str | None) -> TenantConfig:
    """The tenant named, or that of a file elsewhere, or the only one that `folder` has (which one
    is said on stderr). ConfigError otherwise, with the names to choose from."""
    if tenant and tenant_file:
        raise ConfigError("the context", ["give tenant or tenant_file, not both"])
    if tenant_file:
        return TenantConfig.load(Path(tenant_file))
    names = sorted(path.stem for path in folder.glob("*.yaml"))
    listing = ", ".join(names) or "none"
    if not tenant and len(names) == 1:
        tenant = names[0]
        print(f"tenant: {tenant}, the only one in {folder.name}/", file=sys.stderr)  # noqa: T201
    if not tenant:
        problem = f"say which tenant: -c tenant=NAME, or the variable TENANT; there are: {listing}"
        raise ConfigError("the context", [problem])
    if tenant not in names:
        problem = f"tenant: there is no {folder.name}/{tenant}.yaml; there are: {listing}"
        raise ConfigError("the context", [problem])
    return TenantConfig.load(folder / f"{tenant}.yaml", tenant)
