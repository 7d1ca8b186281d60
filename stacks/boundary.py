"""The policy that bounds every role of a stack, if there is one."""

from __future__ import annotations

import json
from collections.abc import Mapping

import aws_cdk as cdk
from constructs import Construct

from stacks.errors import SynthError

CONTEXT = "@aws-cdk/core:permissionsBoundary"


class BoundaryError(SynthError):
    """The permissions boundary cannot be understood, or there are two."""


def find_boundary(scope: Construct, setting: str) -> cdk.PermissionsBoundary | None:
    """That of the tenant's setting (a name or an ARN), or of the context, for all tenants. The CDK
    understands the context as a mapping, in cdk.json; `-c` hands over a text, which it would pass
    over in silence. BoundaryError."""
    found = choose_boundary(scope.node.try_get_context(CONTEXT), setting)
    if not found:
        return None
    make = cdk.PermissionsBoundary
    return make.from_arn(found) if found.startswith("arn:") else make.from_name(found)


def choose_boundary(context: object, setting: str) -> str:
    """A policy's name or ARN, "" for none. BoundaryError."""
    given = _read(context)
    if setting and given and setting != given:
        raise BoundaryError(
            f"two permissions boundaries: protection.permissions_boundary says {setting}, the "
            f"context {CONTEXT} says {given}; leave one out"
        )
    return setting or given


def _read(context: object) -> str:
    if context is None:
        return ""
    value = context
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            value = None
    if isinstance(value, Mapping) and len(value) == 1:
        ((kind, name),) = value.items()
        if kind in ("name", "arn") and isinstance(name, str) and name:
            return name
    raise BoundaryError(
        f'the context {CONTEXT} must be {{"name": "..."}} or {{"arn": "..."}}, not {context!r}'
    )
