"""One synth of the stack for all tests here, without bundling the layer."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from stacks.node import use_bundled_node

use_bundled_node()  # before anything here imports aws_cdk

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "tenants" / "example.yaml"
ORGANIZATION = "m-" + "0123456789abcdef" * 2
SMALLEST = f"""
tenant: acme
region: us-west-2
organization_id: {ORGANIZATION}
domains: [acme.example]
source: {{kind: imap, host: mail.acme.example}}
"""
"""A tenant file with nothing but what must be given."""


@pytest.fixture(scope="session")
def context() -> Mapping[str, Any]:
    """The feature flags that are deployed, and no bundling."""
    flags: dict[str, Any] = json.loads((ROOT / "cdk.json").read_text("utf-8"))["context"]
    return {**flags, "aws:cdk:bundling-stacks": []}


@pytest.fixture(scope="session")
def template(context: Mapping[str, Any]) -> dict[str, Any]:
    """The example tenant's CloudFormation template."""
    import aws_cdk as cdk
    from aws_cdk.assertions import Template

    from stacks.config import TenantConfig
    from stacks.migration import MigrationStack

    stack = MigrationStack(cdk.App(context=context), TenantConfig.load(EXAMPLE, "example"))
    assert stack.termination_protection
    return dict(Template.from_stack(stack).to_json())


Resources = Callable[[str], dict[str, dict[str, Any]]]


@pytest.fixture(scope="session")
def resources(template: dict[str, Any]) -> Iterator[Resources]:
    """The resources of a type, by their logical id."""

    def find(kind: str) -> dict[str, dict[str, Any]]:
        return {name: one for name, one in template["Resources"].items() if one["Type"] == kind}

    yield find
