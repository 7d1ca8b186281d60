"""How the secrets of a tenant are called in Secrets Manager."""

from __future__ import annotations


def secret_name(tenant: str) -> str:
    """Where the operator puts the source's credentials."""
    return f"workmail-migration/{tenant}/source"


def passwords_name(tenant: str) -> str:
    """Where the operator puts passwords of the target's mailboxes."""
    return f"workmail-migration/{tenant}/target"


def secrets_prefix(tenant: str) -> str:
    """How the names of all secrets of a tenant begin."""
    return f"workmail-migration/{tenant}/"


def waves_prefix(tenant: str) -> str:
    """Where the runs keep the passwords that they have made up."""
    return f"{secrets_prefix(tenant)}waves/"


def administrator_name(tenant: str) -> str:
    """Where the runs keep the password of an administrator of their own."""
    return f"{secrets_prefix(tenant)}administrator"
