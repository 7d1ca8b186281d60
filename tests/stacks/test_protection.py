"""Who may reach the bucket, the topic, the queues and the functions from outside of the stack, and
what the settings of `protection` change."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
import pytest
import yaml
from aws_cdk.assertions import Template
from cfnlint.api import lint
from cfnlint.config import ManualArgs

from localrun.config_pages import EXAMPLE as GIVEN
from localrun.tenant_file import render_tenant
from stacks.boundary import CONTEXT, BoundaryError, choose_boundary
from stacks.config import ConfigError, TenantConfig
from stacks.function_table import TABLE
from stacks.migration import MigrationStack
from stacks.protection_config import Protection

if TYPE_CHECKING:
    from tests.stacks.conftest import Resources

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "tenants" / "example.yaml"
READER = "arn:aws:iam::123456789012:role/Helpdesk"


@pytest.fixture(scope="module")
def protected(context: Mapping[str, Any]) -> dict[str, Any]:
    """The template of a tenant with every setting of `protection`, and the boundary as `-c` gives
    it."""
    app = cdk.App(context={**context, CONTEXT: '{"name": "bounded"}'})
    protection = Protection(quarantine_readers=(READER,), quarantine_days=90, superseded_days=200)
    stack = MigrationStack(app, replace(TenantConfig.load(EXAMPLE), protection=protection))
    return dict(Template.from_stack(stack).to_json())


def of_type(template: Mapping[str, Any], kind: str) -> list[dict[str, Any]]:
    found = template["Resources"].values()
    return [one["Properties"] for one in found if one["Type"] == kind]


def bucket_statements(template: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Of the bucket's policy: those with a name."""
    (policy,) = of_type(template, "AWS::S3::BucketPolicy")
    return {one["Sid"]: one for one in policy["PolicyDocument"]["Statement"] if "Sid" in one}


# ---- the bucket ----------------------------------------------------------------------------------


def test_the_bucket_knows_no_access_lists(template: dict[str, Any]) -> None:
    (bucket,) = of_type(template, "AWS::S3::Bucket")
    assert bucket["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}


def test_nothing_comes_into_the_bucket_with_another_encryption(template: dict[str, Any]) -> None:
    denied = bucket_statements(template)["NoOtherEncryption"]
    assert (denied["Effect"], denied["Principal"]) == ("Deny", {"AWS": "*"})
    header = "s3:x-amz-server-side-encryption"
    # who does not name any gets the bucket's own
    assert denied["Condition"] == {
        "Null": {header: "false"},
        "StringNotEquals": {header: "aws:kms"},
    }


def test_what_was_overwritten_is_forgotten_only_after_the_longest_execution(
    template: dict[str, Any], protected: dict[str, Any]
) -> None:
    machine = json.loads((ROOT / "statemachines" / "migrate_tenant.asl.json").read_text("utf-8"))
    longest = machine["TimeoutSeconds"] / 86400
    (rule,) = of_type(template, "AWS::S3::Bucket")[0]["LifecycleConfiguration"]["Rules"]
    assert rule["NoncurrentVersionExpiration"]["NoncurrentDays"] == 130
    assert longest < 121 <= 130  # 121 is the least that the setting allows
    assert "ExpirationInDays" not in rule
    (rule, _) = of_type(protected, "AWS::S3::Bucket")[0]["LifecycleConfiguration"]["Rules"]
    assert rule["NoncurrentVersionExpiration"]["NoncurrentDays"] == 200


def test_messages_that_were_put_aside_go_when_the_tenant_says_so(protected: dict[str, Any]) -> None:
    (_, rule) = of_type(protected, "AWS::S3::Bucket")[0]["LifecycleConfiguration"]["Rules"]
    assert (rule["Prefix"], rule["ExpirationInDays"]) == ("quarantine/", 90)
    assert rule["NoncurrentVersionExpiration"]["NoncurrentDays"] == 1


def test_only_the_named_readers_see_messages_that_were_put_aside(
    template: dict[str, Any], protected: dict[str, Any]
) -> None:
    assert "QuarantineReaders" not in bucket_statements(template)
    denied = bucket_statements(protected)["QuarantineReaders"]
    assert denied["Effect"] == "Deny"
    assert set(denied["Action"]) == {"s3:GetObject", "s3:GetObjectVersion"}
    assert '"/quarantine/*"' in json.dumps(denied["Resource"])
    assert denied["Condition"] == {"ArnNotLike": {"aws:PrincipalArn": [READER]}}


def test_no_function_reads_messages_that_were_put_aside() -> None:
    assert not [name for name, row in TABLE.items() if "quarantine/*" in row.reads]


# ---- topic, queues, functions --------------------------------------------------------------------


def test_only_alarms_of_the_stack_publish_without_a_right_in_iam(resources: Resources) -> None:
    (policy,) = resources("AWS::SNS::TopicPolicy").values()
    statements = policy["Properties"]["PolicyDocument"]["Statement"]
    (allowed,) = (one for one in statements if one["Effect"] == "Allow")
    assert allowed["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert allowed["Action"] == "sns:Publish"
    assert allowed["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    source = json.dumps(allowed["Condition"]["ArnLike"])
    assert ":alarm:WorkMailMigration-example-*" in source
    (denied,) = (one for one in statements if one["Effect"] == "Deny")
    assert denied["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_only_rules_of_the_stack_send_to_a_queue_without_a_right_in_iam(
    resources: Resources,
) -> None:
    rules = resources("AWS::Events::Rule")
    for policy in resources("AWS::SQS::QueuePolicy").values():
        for one in policy["Properties"]["PolicyDocument"]["Statement"]:
            if one["Effect"] == "Allow":
                assert one["Principal"] == {"Service": "events.amazonaws.com"}
                (source,) = one["Condition"]["ArnEquals"].values()
                assert source["Fn::GetAtt"][0] in rules


def test_every_queue_keeps_dead_letters_for_two_weeks_and_refuses_plain_http(
    resources: Resources,
) -> None:
    queues = resources("AWS::SQS::Queue")
    guarded = {
        policy["Properties"]["Queues"][0]["Ref"]
        for policy in resources("AWS::SQS::QueuePolicy").values()
        for one in policy["Properties"]["PolicyDocument"]["Statement"]
        if one["Effect"] == "Deny" and "aws:SecureTransport" in json.dumps(one["Condition"])
    }
    assert guarded == set(queues)
    assert {one["Properties"]["MessageRetentionPeriod"] for one in queues.values()} == {1209600}


def test_services_call_functions_for_things_of_this_stack_alone(resources: Resources) -> None:
    """All but the page of questions, whose URL is for everybody who has a link."""
    seen = 0
    for permission in resources("AWS::Lambda::Permission").values():
        properties = permission["Properties"]
        if properties["Principal"] != "*":
            seen += 1
            assert "Fn::GetAtt" in properties["SourceArn"]
    assert seen


def test_roles_of_services_that_work_for_every_account_are_bound_to_this_one(
    resources: Resources,
) -> None:
    services = set()
    for role in resources("AWS::IAM::Role").values():
        (trust,) = role["Properties"]["AssumeRolePolicyDocument"]["Statement"]
        service = trust["Principal"]["Service"]
        services.add(service)
        # Lambda assumes a role for the functions that somebody who may pass it has made, no other
        if service != "lambda.amazonaws.com":
            condition = json.dumps(trust["Condition"])
            assert "aws:SourceAccount" in condition
            assert "aws:SourceArn" in condition
    assert {"lambda.amazonaws.com", "states.amazonaws.com"} <= services


def test_the_page_of_questions_is_the_only_function_with_a_url(resources: Resources) -> None:
    (url,) = resources("AWS::Lambda::Url").values()
    assert "AnswerQuestion" in url["Properties"]["TargetFunctionArn"]["Fn::GetAtt"][0]
    assert "Cors" not in url["Properties"]
    functions = resources("AWS::Lambda::Function")
    exposed = {
        one["Properties"]["FunctionName"]["Fn::GetAtt"][0]
        for one in resources("AWS::Lambda::Permission").values()
        if one["Properties"]["Principal"] == "*"
    }
    handlers = [functions[name]["Properties"]["Handler"] for name in exposed]
    assert handlers == ["answer_question.handler"]


# ---- permissions boundary ------------------------------------------------------------------------


def test_a_boundary_of_the_context_bounds_every_role(protected: dict[str, Any]) -> None:
    roles = of_type(protected, "AWS::IAM::Role")
    assert len(roles) > len(TABLE)
    for role in roles:
        assert ":policy/bounded" in json.dumps(role["PermissionsBoundary"])


def test_a_boundary_of_the_tenant_bounds_every_role(context: Mapping[str, Any]) -> None:
    arn = "arn:aws:iam::123456789012:policy/teams/bounded"
    config = replace(TenantConfig.load(EXAMPLE), protection=Protection(permissions_boundary=arn))
    stack = MigrationStack(cdk.App(context=context), config)
    roles = of_type(Template.from_stack(stack).to_json(), "AWS::IAM::Role")
    assert {role["PermissionsBoundary"] for role in roles} == {arn}


@pytest.mark.parametrize(
    ("given", "setting", "found"),
    [
        (None, "", ""),
        (None, "mine", "mine"),
        ({"name": "ours"}, "", "ours"),
        ('{"name": "ours"}', "ours", "ours"),
        ('{"arn": "arn:aws:iam::123456789012:policy/p"}', "", "arn:aws:iam::123456789012:policy/p"),
    ],
)
def test_a_boundary_is_the_contexts_or_the_tenants(given: object, setting: str, found: str) -> None:
    assert choose_boundary(given, setting) == found


@pytest.mark.parametrize(
    "given", ["bounded", '{"Name": "x"}', {"name": ""}, {"name": "a", "arn": "b"}, "[]"]
)
def test_a_context_that_would_bound_nothing_is_refused(given: object) -> None:
    with pytest.raises(BoundaryError, match="permissionsBoundary must be"):
        choose_boundary(given, "")


def test_two_boundaries_are_refused_by_name() -> None:
    with pytest.raises(BoundaryError, match=r"says mine, the context .* says ours"):
        choose_boundary({"name": "ours"}, "mine")


def test_settings_that_make_no_sense_are_all_told(tmp_path: Path) -> None:
    path = tmp_path / "t.yaml"
    path.write_text(
        render_tenant(GIVEN, shortest=True)
        + "protection:\n  quarantine_readers: [me]\n  quarantine_days: -1\n  superseded_days: 30\n"
        "  permissions_boundary: a b\n",
        "utf-8",
    )
    with pytest.raises(ConfigError) as caught:
        TenantConfig.load(path)
    assert [problem.partition(":")[0] for problem in caught.value.problems] == [
        "protection.quarantine_readers[0]",
        "protection.quarantine_days",
        "protection.superseded_days",
        "protection.permissions_boundary",
    ]


# ---- cfn-lint ------------------------------------------------------------------------------------


def lint_template(template: Mapping[str, Any]) -> list[str]:
    """What cfn-lint says, by the settings of `make templates`."""
    settings = yaml.safe_load((ROOT / ".cfnlintrc.yaml").read_text("utf-8"))
    found = lint(json.dumps(template), config=ManualArgs(**settings))
    return [f"{match.rule.id} {match.message}" for match in found]


@pytest.mark.slow
def test_cloudformations_rules_find_nothing(protected: dict[str, Any]) -> None:
    assert lint_template(protected) == []


def test_cloudformations_rules_find_what_is_wrong() -> None:
    queue = {"Type": "AWS::SQS::Queue", "Properties": {"MessageRetentionPeriod": 5, "Nope": 1}}
    found = lint_template({"Resources": {"Queue": queue}})
    assert sorted(one.partition(" ")[0] for one in found) == ["E3002", "E3034"]
