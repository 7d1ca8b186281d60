"""The synthesized stack of a tenant that uses everything, read as the laptop's cloud reads it."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from localrun.engine.template import Template
from localrun.iam import Statement
from stacks.config import TenantConfig
from stacks.node import use_bundled_node
from tools.rights.needs import Place

ROOT = Path(__file__).resolve().parents[2]
TENANT = Path(__file__).parent / "tenant.yaml"
REGION, ACCOUNT = "eu-west-1", "123456789012"


@dataclass(frozen=True)
class Granted:
    """What one function may, what its environment is, and the queue to which Lambda sends what it
    could not deliver, if there is one."""

    place: Place
    statements: tuple[Statement, ...]
    dead_letters: str


@dataclass(frozen=True)
class Stack:
    """Functions by their handlers; the state machine's definition and rights."""

    functions: Mapping[str, Granted]
    definition: Mapping[str, Any]
    machine_arn: str
    machine_statements: tuple[Statement, ...]
    function_arns: Mapping[str, str]


def synthesize() -> Stack:
    """The stack of tenant.yaml; nothing is bundled, nothing is kept."""
    use_bundled_node()
    import aws_cdk as cdk  # only now: importing it starts Node

    from stacks.migration import MigrationStack

    flags = json.loads((ROOT / "cdk.json").read_text("utf-8"))["context"]
    with tempfile.TemporaryDirectory() as folder:
        app = cdk.App(context={**flags, "aws:cdk:bundling-stacks": []}, outdir=folder)
        name = MigrationStack(app, TenantConfig.load(TENANT)).stack_name
        app.synth()
        return _read(Template.load(Path(folder), name, REGION, ACCOUNT))


def _read(template: Template) -> Stack:
    rights, policies = template.rights(), template.policies()
    functions, queues = template.functions(), template.dead_letters()
    (machine,) = template.state_machines()
    return Stack(
        {
            each.handler.removesuffix(".handler"): Granted(
                Place(REGION, ACCOUNT, each.environment),
                rights[each.name],
                queues.get(each.name, ""),
            )
            for each in functions
        },
        machine.definition,
        machine.arn,
        policies[machine.role_arn.rpartition("/")[2]],
        {each.handler.removesuffix(".handler"): each.arn for each in functions},
    )
