"""What functions may do with Route 53, and that they may do nothing unless the tenant wants it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import boto3
from aws_cdk.assertions import Template

from migration.aws.zones import Route53Zones
from stacks.config import TenantConfig
from stacks.function_table import TABLE
from stacks.migration import MigrationStack

EXAMPLE = Path(__file__).resolve().parents[2] / "tenants" / "example.yaml"


def zone_rights(
    context: Mapping[str, Any], *domains: str, publish: str = "route53", zone_id: str = ""
) -> dict[str, dict[str, dict[str, Any]]]:
    """The statements on Route 53 by function and action."""
    config = TenantConfig.load(EXAMPLE)
    dns = replace(config.dns, publish=publish, zone_id=zone_id)
    config = replace(config, domains=domains or ("acme.example",), dns=dns)
    template = Template.from_stack(MigrationStack(cdk.App(context=context), config)).to_json()
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for name, one in template["Resources"].items():
        if one["Type"] == "AWS::IAM::Policy":
            for statement in one["Properties"]["PolicyDocument"]["Statement"]:
                actions = statement["Action"]
                for action in actions if isinstance(actions, list) else [actions]:
                    if action.startswith("route53:"):
                        state = name.removeprefix("Functions").partition("Role")[0]
                        found.setdefault(state, {})[action.removeprefix("route53:")] = statement
    return found


def test_nobody_may_touch_hosted_zones_unless_the_tenant_wants_it(
    context: Mapping[str, Any],
) -> None:
    assert zone_rights(context, publish="none") == {}


def test_changes_are_bounded_to_the_tenants_names_and_to_what_mail_needs(
    context: Mapping[str, Any],
) -> None:
    found = zone_rights(context, "acme.example", "acme.test")
    assert set(found) == {"PrepareDns", "PublishDns", "RollbackDns"}
    for rights in found.values():
        statement = rights["ChangeResourceRecordSets"]
        assert statement["Resource"] == "arn:aws:route53:::hostedzone/*"
        assert statement["Condition"] == {
            "ForAllValues:StringEquals": {
                "route53:ChangeResourceRecordSetsRecordTypes": ["MX", "TXT", "CNAME"],
                "route53:ChangeResourceRecordSetsActions": ["UPSERT", "DELETE"],
            },
            "ForAllValues:StringLike": {
                "route53:ChangeResourceRecordSetsNormalizedRecordNames": [
                    *("acme.example", "*.acme.example"),
                    *("acme.test", "*.acme.test"),
                ]
            },
        }
    assert "ListHostedZonesByName" not in found["RollbackDns"]
    assert found["PublishDns"]["GetChange"]["Resource"] == "arn:aws:route53:::change/*"


def test_a_zone_that_is_known_is_the_only_one(context: Mapping[str, Any]) -> None:
    one = zone_rights(context, "acme.example", zone_id="Z123")["PublishDns"]
    assert "hostedzone/Z123" in json.dumps(one["ChangeResourceRecordSets"]["Resource"])
    two = zone_rights(context, "acme.example", "acme.test", zone_id="Z123")["PublishDns"]
    assert "Z123" not in json.dumps(two)


def test_the_rights_are_those_that_the_adapter_uses(context: Mapping[str, Any]) -> None:
    model = boto3.client("route53", region_name="eu-west-1").meta.method_to_api_mapping
    source = Path(Route53Zones.find.__code__.co_filename).read_text("utf-8")
    used = {operation for method, operation in model.items() if f"client.{method}(" in source}
    assert set(TABLE["publish_dns"].zones) == used
    assert set(zone_rights(context)["PublishDns"]) == used
