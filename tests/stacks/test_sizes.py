"""What is synthesized stays below what AWS takes, with room for what is still to come."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest

from stacks.config import Copy, Passwords, Target, TenantConfig
from stacks.cutover_config import Clients, Delta, Dns
from stacks.environment import ENVIRONMENT_LIMIT, EnvironmentTooLargeError
from stacks.migration import MigrationStack
from stacks.sizes import OUTPUT_LIMIT, RESOURCE_LIMIT, TEMPLATE_LIMIT, UNZIPPED_LIMIT, measure
from tests.stacks.conftest import EXAMPLE

LONGEST = "a" * 24
HOST = f"{'h' * 40}.mail.example"


def make_large(**more: Any) -> TenantConfig:
    """A tenant with long names and many patterns, in which every setting is used."""
    config = TenantConfig.load(EXAMPLE)
    patterns = ("x" * 180, "y" * 180, "z" * 180)
    return replace(
        config,
        tenant=LONGEST,
        account="123456789012",
        manifest=f"intake/{'m' * 20}/manifest.csv",
        source=replace(config.source, host=HOST, port=65535, tls="starttls"),
        target=Target("workmail_ews", "console", f"https://{HOST}/EWS", HOST, "ssl", 65535),
        copy=Copy(patterns, (), "2015-01-01", "2026-01-01", 40, 10**6, "follow", -1),
        dns=Dns(("[2001:db8::53]:65535",) * 1, 65535, "all", (), "b" * 20, 28, "route53"),
        delta=Delta(10080, 50, (1, 7, 14, 30, 60)),
        clients=Clients("new", "migration@acme.example", ("en", "de", "fr", "es", "ja")),
        passwords=Passwords(
            "generate", kms_key=f"arn:aws:kms:eu-west-1:123456789012:key/{'k' * 36}"
        ),
        end_of_support_acknowledged="2027-03-31",
        **more,
    )


def synthesize(context: Mapping[str, Any], out: Path, config: TenantConfig) -> MigrationStack:
    app = cdk.App(context=context, outdir=str(out))
    stack = MigrationStack(app, config)
    app.synth()
    return stack


@pytest.fixture(scope="module")
def large(context: Mapping[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("large")
    synthesize(context, out, make_large(domains=("acme.example", "acme.test")))
    return out


def test_the_largest_tenant_stays_below_cloudformations_limits(large: Path) -> None:
    sizes = measure(large, f"WorkMailMigration-{LONGEST}")
    assert 100_000 < sizes.template < TEMPLATE_LIMIT * 0.7
    assert 100 < sizes.resources < RESOURCE_LIMIT * 0.7
    assert 5 < sizes.outputs < OUTPUT_LIMIT / 4
    assert 0 < sum(sizes.assets.values()) < UNZIPPED_LIMIT / 5
    assert " of 500 resources, " in sizes.describe()
    assert "\n" not in sizes.describe()


def test_the_largest_tenant_has_room_in_every_functions_environment(large: Path) -> None:
    path = large / f"WorkMailMigration-{LONGEST}.template.json"
    resources = json.loads(path.read_text("utf-8"))["Resources"].values()
    functions = [one for one in resources if one["Type"] == "AWS::Lambda::Function"]
    assert len(functions) > 30
    for one in functions:
        variables = one["Properties"]["Environment"]["Variables"]
        resolved = {
            name: value if isinstance(value, str) else "x" * 100
            for name, value in variables.items()
        }
        assert len(json.dumps(resolved)) <= ENVIRONMENT_LIMIT, one["Properties"]["FunctionName"]


def test_more_than_an_environment_holds_is_told_before_it_is_deployed(
    context: Mapping[str, Any], tmp_path: Path
) -> None:
    domains = tuple(f"department-{number}.of-a-large-enterprise.example" for number in range(80))
    with pytest.raises(EnvironmentTooLargeError) as caught:
        synthesize(context, tmp_path, make_large(domains=domains))
    said = str(caught.value)
    assert "DOMAINS" in said
    assert "COPY_INCLUDE" in said
    assert str(ENVIRONMENT_LIMIT) in said
