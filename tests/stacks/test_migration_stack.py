"""What is deployed: kept data, narrow rights, no secrets."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
import boto3

from stacks.config import Limits, Passwords, TenantConfig
from stacks.cutover_config import Clients
from stacks.function_row import Row
from stacks.function_table import TABLE
from stacks.migration import MigrationStack

if TYPE_CHECKING:
    from tests.stacks.conftest import Resources

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "tenants" / "example.yaml"

# Actions whose service knows no narrower resource than `*`, and why they are needed.
UNBOUNDED = {
    # the state machine's log delivery; see "Logging using CloudWatch Logs" in the guide
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
    # tracing: X-Ray's actions know no resource at all
    "xray:GetSamplingRules",
    "xray:GetSamplingTargets",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
    # only for tenants that publish there; it has no resource
    "route53:ListHostedZonesByName",
    # a list of schedules names its group in the call; IAM is not known to look at that
    "scheduler:ListSchedules",
    # as above, of secrets: their names, never a value
    "secretsmanager:ListSecrets",
}


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def statements(resources: Resources, name: str = "") -> Iterator[dict[str, Any]]:
    """All statements of identity policies, or of those whose logical id holds `name`."""
    for logical_id, policy in resources("AWS::IAM::Policy").items():
        if name in logical_id:
            yield from policy["Properties"]["PolicyDocument"]["Statement"]


def row_of(function: dict[str, Any]) -> Row:
    """The row of a function in the template."""
    return TABLE[function["Properties"]["Handler"].removesuffix(".handler")]


def rights(resources: Resources, state: str) -> dict[str, list[str]]:
    """The actions of a function's role, each with the resources as JSON text."""
    return {
        action: [json.dumps(resource) for resource in as_list(statement["Resource"])]
        for statement in statements(resources, f"Functions{state}Role")
        for action in as_list(statement["Action"])
    }


# ---- data ----------------------------------------------------------------------------------------


def test_what_holds_data_outlives_the_stack(resources: Resources) -> None:
    kinds = {"AWS::DynamoDB::Table": 1, "AWS::S3::Bucket": 1, "AWS::SecretsManager::Secret": 2}
    for kind, number in kinds.items():
        found = list(resources(kind).values())
        assert len(found) == number
        for one in found:
            assert one["DeletionPolicy"] == one["UpdateReplacePolicy"] == "Retain"


def test_the_ledger_is_on_demand_and_recoverable(resources: Resources) -> None:
    (table,) = resources("AWS::DynamoDB::Table").values()
    properties = table["Properties"]
    assert properties["BillingMode"] == "PAY_PER_REQUEST"
    assert properties["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert properties["KeySchema"] == [
        {"AttributeName": "pk", "KeyType": "HASH"},
        {"AttributeName": "sk", "KeyType": "RANGE"},
    ]
    assert {one["AttributeType"] for one in properties["AttributeDefinitions"]} == {"S"}


def test_the_bucket_is_versioned_encrypted_and_private(resources: Resources) -> None:
    (bucket,) = resources("AWS::S3::Bucket").values()
    properties = bucket["Properties"]
    assert properties["VersioningConfiguration"] == {"Status": "Enabled"}
    assert "BucketEncryption" in properties
    assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}


def test_the_bucket_refuses_plain_http(resources: Resources) -> None:
    (policy,) = resources("AWS::S3::BucketPolicy").values()
    denied = [
        one
        for one in policy["Properties"]["PolicyDocument"]["Statement"]
        if one["Effect"] == "Deny"
    ]
    assert {"Bool": {"aws:SecureTransport": "false"}} in [one["Condition"] for one in denied]


def test_the_secrets_have_names_and_no_value(
    resources: Resources, template: dict[str, Any]
) -> None:
    secrets = {
        one["Properties"]["Name"]: one["Properties"]["Description"]
        for one in resources("AWS::SecretsManager::Secret").values()
    }
    assert set(secrets) == {
        "workmail-migration/example/source",
        "workmail-migration/example/target",
    }
    assert '{"mailboxes": {"user": "password"}' in secrets["workmail-migration/example/source"]
    assert '{"mailboxes": {"address": "password"}}' in secrets["workmail-migration/example/target"]
    text = json.dumps(template)
    for word in ("SecretString", "resolve:secretsmanager"):
        assert word not in text


# ---- functions and machine -----------------------------------------------------------------------


def test_all_functions_run_on_python_3_14_and_arm64_with_the_packages(
    resources: Resources,
) -> None:
    (layer_id,) = resources("AWS::Lambda::LayerVersion")
    functions = resources("AWS::Lambda::Function")
    assert len(functions) == len(TABLE)
    for function in functions.values():
        properties = function["Properties"]
        assert properties["Runtime"] == "python3.14"
        assert properties["Architectures"] == ["arm64"]
        assert properties["Layers"] == [{"Ref": layer_id}]


def test_the_long_running_functions_have_what_lambda_gives_at_most(resources: Resources) -> None:
    for function in resources("AWS::Lambda::Function").values():
        properties = function["Properties"]
        if properties["Handler"] in ("copy_slice.handler", "verify_mailbox.handler"):
            assert properties["Timeout"] == 900
            assert properties["MemorySize"] >= 512


def test_all_logs_end_after_a_month(resources: Resources) -> None:
    groups = [one["Properties"] for one in resources("AWS::Logs::LogGroup").values()]
    assert len(groups) == len(TABLE) + 1
    assert {one["RetentionInDays"] for one in groups} == {30}


def test_every_function_writes_into_its_own_log_group(resources: Resources) -> None:
    groups = resources("AWS::Logs::LogGroup")
    for function in resources("AWS::Lambda::Function").values():
        properties = function["Properties"]
        group = groups[properties["LoggingConfig"]["LogGroup"]["Ref"]]["Properties"]
        assert group["LogGroupName"] == f"/aws/lambda/{properties['FunctionName']}"


def test_the_machine_logs_everything_but_the_data(resources: Resources) -> None:
    (machine,) = resources("AWS::StepFunctions::StateMachine").values()
    properties = machine["Properties"]
    assert properties["StateMachineName"] == "WorkMailMigration-example-migrate-tenant"
    assert properties["StateMachineType"] == "STANDARD"
    logging = properties["LoggingConfiguration"]
    assert (logging["Level"], logging["IncludeExecutionData"]) == ("ALL", False)
    (destination,) = logging["Destinations"]
    group_id = destination["CloudWatchLogsLogGroup"]["LogGroupArn"]["Fn::GetAtt"][0]
    group = resources("AWS::Logs::LogGroup")[group_id]["Properties"]
    assert group["LogGroupName"].startswith("/aws/vendedlogs/states/")


def test_everything_that_can_be_tagged_names_app_and_tenant(template: dict[str, Any]) -> None:
    tagged = [one for one in template["Resources"].values() if "Tags" in one.get("Properties", {})]
    assert len(tagged) > len(TABLE)
    for one in tagged:
        tags = {tag["Key"]: tag["Value"] for tag in one["Properties"]["Tags"]}
        assert tags == {"app": "workmail-migration", "tenant": "example"}


def test_the_outputs_say_where_things_are_and_how_to_start(template: dict[str, Any]) -> None:
    outputs = template["Outputs"]
    assert set(outputs) == {
        "StateMachineArn",
        "StateMachineAliasArn",
        "StateMachineUrl",
        "BucketName",
        "BucketUrl",
        "SourceSecretName",
        "TargetSecretName",
        "WaveSecretsPrefix",
        "LedgerTable",
        "NotificationTopicArn",
        "DashboardUrl",
        "StartCommand",
    }
    assert outputs["SourceSecretName"]["Value"] == "workmail-migration/example/source"
    assert outputs["TargetSecretName"]["Value"] == "workmail-migration/example/target"
    assert outputs["WaveSecretsPrefix"]["Value"] == "workmail-migration/example/waves/"
    start = json.dumps(outputs["StartCommand"])
    assert "aws stepfunctions start-execution" in start
    assert "WorkflowAlias" in start
    assert "#/statemachines/view/" in json.dumps(outputs["StateMachineUrl"])
    assert "prefix=intake/" in json.dumps(outputs["BucketUrl"])


# ---- rights --------------------------------------------------------------------------------------


def test_no_policy_has_a_wildcard_action(resources: Resources) -> None:
    for statement in statements(resources):
        assert statement["Effect"] == "Allow"
        assert not [one for one in as_list(statement["Action"]) if "*" in one]


def test_no_policy_has_a_bare_wildcard_resource_without_a_reason(resources: Resources) -> None:
    for statement in statements(resources):
        if "*" in as_list(statement["Resource"]):
            assert set(as_list(statement["Action"])) <= UNBOUNDED


def test_no_role_has_a_managed_policy(resources: Resources) -> None:
    roles = resources("AWS::IAM::Role")
    assert len(roles) == len(TABLE) + 3
    assert not [name for name, role in roles.items() if "ManagedPolicyArns" in role["Properties"]]


def test_workmail_rights_end_at_the_tenants_organization(resources: Resources) -> None:
    seen = 0
    for statement in statements(resources):
        if any(action.startswith("workmail:") for action in as_list(statement["Action"])):
            seen += 1
            (resource,) = as_list(statement["Resource"])
            assert json.dumps(resource).endswith(
                ':organization/m-0123456789abcdef0123456789abcdef"]]}'
            )
    assert seen == sum(bool(row.workmail) for row in TABLE.values())


def test_workmail_rights_are_what_the_adapter_calls(resources: Resources) -> None:
    granted = {
        action.removeprefix("workmail:")
        for statement in statements(resources)
        for action in as_list(statement["Action"])
        if action.startswith("workmail:")
    }
    adapters = (ROOT / "lambdas" / "migration" / "aws").glob("directory*.py")
    source = "".join(path.read_text("utf-8") for path in adapters)
    names = boto3.client("workmail", region_name="eu-west-1").meta.method_to_api_mapping
    used = set(re.findall(r"_client\.(?:get_paginator\(\")?(\w+)", source)) & set(names)
    assert granted == {names[one] for one in used}


def test_only_these_functions_may_change_the_directory(resources: Resources) -> None:
    harmless = {
        "workmail:DescribeEntity",
        "workmail:DescribeGroup",
        "workmail:DescribeIdentityProviderConfiguration",
        "workmail:DescribeInboundDmarcSettings",
        "workmail:DescribeOrganization",
        "workmail:DescribeResource",
        "workmail:DescribeUser",
        "workmail:ListGroups",
        "workmail:ListMailboxPermissions",
        "workmail:GetMailDomain",
        "workmail:GetDefaultRetentionPolicy",
        "workmail:GetMailboxDetails",
        "workmail:ListAccessControlRules",
        "workmail:ListAliases",
        "workmail:ListGroupMembers",
        "workmail:ListImpersonationRoles",
        "workmail:ListResourceDelegates",
        "workmail:ListUsers",
    }
    making = {
        "workmail:CreateAlias",
        "workmail:CreateGroup",
        "workmail:CreateResource",
        "workmail:RegisterToWorkMail",
        "workmail:UpdateGroup",
        "workmail:UpdateResource",
    }
    taking_away = {
        "workmail:DeleteImpersonationRole",
        "workmail:DeleteMailboxPermissions",
        "workmail:DeleteUser",
        "workmail:DeregisterFromWorkMail",
        "workmail:PutMailboxPermissions",
    }
    changing: dict[str, set[str]] = {}
    for logical_id in resources("AWS::IAM::Policy"):
        if logical_id.startswith("Functions"):
            state = logical_id.removeprefix("Functions").split("Role")[0]
            actions = {one for one in rights(resources, state) if one.startswith("workmail:")}
            if actions - harmless:
                changing[state] = actions - harmless
    assert changing == {
        "CopySlice": {"workmail:AssumeImpersonationRole"},
        "CopyGroupware": {"workmail:AssumeImpersonationRole"},
        "VerifyMailbox": {"workmail:AssumeImpersonationRole"},
        "EnableAdministrator": taking_away
        | {
            "workmail:AssumeImpersonationRole",
            "workmail:CreateImpersonationRole",
            "workmail:CreateUser",
            "workmail:RegisterToWorkMail",
            "workmail:ResetPassword",
        },
        "CleanUp": taking_away,
        "DisableAdministrator": taking_away,
        "EnsureDomains": {"workmail:RegisterMailDomain", "workmail:UpdateDefaultMailDomain"},
        "LookIntoMailbox": {"workmail:AssumeImpersonationRole"},
        "UndoStep": {
            "workmail:DeleteAlias",
            "workmail:DeleteGroup",
            "workmail:DeleteMailboxPermissions",
            "workmail:DeleteResource",
            "workmail:DeleteUser",
            "workmail:DeregisterFromWorkMail",
            "workmail:DeregisterMailDomain",
            "workmail:DisassociateDelegateFromResource",
            "workmail:DisassociateMemberFromGroup",
            "workmail:PutMailboxPermissions",
        },
        "ResetPasswords": {"workmail:ResetPassword"},
        "ProvisionUser": {
            "workmail:CreateAlias",
            "workmail:CreateUser",
            "workmail:RegisterToWorkMail",
            "workmail:UpdateMailboxQuota",
            "workmail:UpdatePrimaryEmailAddress",
            "workmail:UpdateUser",
        },
        "ProvisionEntity": making,
        "LinkEntity": making
        | {
            "workmail:AssociateDelegateToResource",
            "workmail:AssociateMemberToGroup",
            "workmail:PutMailboxPermissions",
        },
    }


def readers_of(resources: Resources, secret: str) -> set[str]:
    """The states whose functions may read the secret of that construct."""
    return {
        logical_id.removeprefix("Functions").split("Role")[0]
        for logical_id in resources("AWS::IAM::Policy")
        for statement in statements(resources, logical_id)
        if "secretsmanager:GetSecretValue" in as_list(statement["Action"])
        and f'"Storage{secret}' in json.dumps(statement["Resource"])
    }


ERASING = ("PlanErasure", "EraseTenant", "ProveErasure")
"""They see whether there is a value."""


def test_only_who_opens_the_source_reads_its_secret(resources: Resources) -> None:
    readers = readers_of(resources, "SourceCredentials")
    assert readers == {"CopySlice", "CopyGroupware", "VerifyMailbox", "Preflight", *ERASING}


def test_only_who_opens_or_makes_mailboxes_reads_their_passwords(resources: Resources) -> None:
    assert readers_of(resources, "TargetPasswords") == {
        "CopySlice",
        "CopyGroupware",
        "VerifyMailbox",
        "LookIntoMailbox",
        "Preflight",
        "PreparePasswords",
        "EnableAdministrator",
        "ProvisionUser",
        "ResetPasswords",
        *ERASING,
    }


def used_secrets(resources: Resources, name: str) -> dict[str, set[str]]:
    """What each state may do with the made-up secrets whose ARNs end so."""
    return {
        logical_id.removeprefix("Functions").split("Role")[0]: {
            action.removeprefix("secretsmanager:") for action in as_list(statement["Action"])
        }
        for logical_id in resources("AWS::IAM::Policy")
        for statement in statements(resources, logical_id)
        for resource in as_list(statement["Resource"])
        if json.dumps(resource).endswith(f':secret:workmail-migration/example/{name}"]]}}')
    }


READING = {"GetSecretValue"}
CHANGING = {"GetSecretValue", "PutSecretValue"}
MAKING = {"GetSecretValue", "CreateSecret", "TagResource", "PutSecretValue"}


def test_secrets_with_generated_passwords_are_used_by_these_functions_in_these_ways(
    resources: Resources,
) -> None:
    assert used_secrets(resources, "waves/*") == {
        "PreparePasswords": MAKING,
        "ProvisionUser": READING,
        "SettlePasswords": {"GetSecretValue", "PutSecretValue", "DeleteSecret"},
        "EnableAdministrator": READING,
        "LookIntoMailbox": READING,
        "CopySlice": READING,
        "VerifyMailbox": READING,
        "ResetPasswords": MAKING,
        "EraseTenant": {"DeleteSecret"},
    }


def test_who_takes_the_administrator_away_sees_nobody_elses_password(
    resources: Resources,
) -> None:
    assert used_secrets(resources, "administrator*") == {
        "EnableAdministrator": MAKING,
        "DisableAdministrator": CHANGING,
        "CleanUp": CHANGING,
        "LookIntoMailbox": READING,
        "CopySlice": READING,
        "CopyGroupware": READING,
        "VerifyMailbox": READING,
        "EraseTenant": {"DeleteSecret"},
    }


def test_no_function_may_use_another_secret(resources: Resources) -> None:
    known = ("waves/*", "administrator*")
    for statement in statements(resources):
        actions = {*as_list(statement["Action"])} - UNBOUNDED
        if any("secretsmanager:" in action for action in actions):
            for resource in map(json.dumps, as_list(statement["Resource"])):
                named = [f':secret:workmail-migration/example/{one}"]]}}' for one in known]
                assert '"Storage' in resource or resource.endswith(tuple(named))


def test_functions_are_told_where_the_tenants_secrets_are(resources: Resources) -> None:
    for function in resources("AWS::Lambda::Function").values():
        variables = function["Properties"]["Environment"]["Variables"]
        arn = json.dumps(variables["SECRETS_ARN"])
        assert arn.endswith(':secret:workmail-migration/example/"]]}')
        (key_id,) = resources("AWS::KMS::Key")
        given = {name: variables[f"PASSWORDS_{name}"] for name in ("NEW_USERS", "KMS_KEY")}
        assert given == {"NEW_USERS": "generate", "KMS_KEY": {"Fn::GetAtt": [key_id, "Arn"]}}
        assert variables["PASSWORDS_RESET_AFTER_RUN"] == "false"


def test_another_key_for_passwords_may_be_used_where_passwords_are(tmp_path: Path) -> None:
    key = "arn:aws:kms:eu-west-1:123456789012:key/0a1b2c3d-0000-4000-8000-0123456789ab"
    config = TenantConfig.load(ROOT / "tenants" / "example.yaml")
    config = replace(config, passwords=Passwords(kms_key=key))
    app = cdk.App(context={"aws:cdk:bundling-stacks": []}, outdir=str(tmp_path))
    stack = MigrationStack(app, config)
    found = app.synth().get_stack_by_name(stack.stack_name).template["Resources"]
    users = {
        name.removeprefix("Functions").split("Role")[0]: set(as_list(statement["Action"]))
        for name, one in found.items()
        if one["Type"] == "AWS::IAM::Policy"
        for statement in one["Properties"]["PolicyDocument"]["Statement"]
        if statement["Resource"] == key
    }
    reading, writing = {"kms:Decrypt"}, {"kms:Decrypt", "kms:GenerateDataKey"}
    assert users == {
        "CopySlice": reading,
        "CopyGroupware": reading,
        "VerifyMailbox": reading,
        "LookIntoMailbox": reading,
        "ProvisionUser": reading,
        "PreparePasswords": writing,
        "SettlePasswords": writing,
        "ResetPasswords": writing,
        "EnableAdministrator": writing,
        "DisableAdministrator": writing,
        "CleanUp": writing,
    }


def test_the_copy_may_reach_audit_and_quarantine_alone(resources: Resources) -> None:
    given = rights(resources, "CopySlice")
    s3 = {one for one in given if one.startswith("s3:")}
    assert s3 == {"s3:PutObject", "s3:GetObject", "s3:ListBucket"}
    written, read = given["s3:PutObject"], given["s3:GetObject"]
    assert all('"/audit/*"' in keys or '"/quarantine/*"' in keys for keys in written)
    assert all('"/audit/*"' in keys for keys in read)


def test_the_copy_of_calendars_may_reach_its_own_files_and_read_what_was_put_in(
    resources: Resources,
) -> None:
    given = rights(resources, "CopyGroupware")
    written, read = given["s3:PutObject"], given["s3:GetObject"]
    assert all('"/groupware/*"' in keys or '"/quarantine/*"' in keys for keys in written)
    assert all('"/groupware/*"' in keys or '"/intake/*"' in keys for keys in read)


def test_every_key_that_the_product_writes_below_is_granted() -> None:
    granted = {keys.removesuffix("/*") for row in TABLE.values() for keys in row.writes}
    sources = (ROOT / "lambdas" / "migration").rglob("*.py")
    keys = re.compile(r'f"([a-z]+)/\{[^"]*\.(?:jsonl|json|html|csv|eml)"')
    written = {top for path in sources for top in keys.findall(path.read_text("utf-8"))}
    assert {"plans", "audit", "quarantine"} <= written <= granted


def test_the_machine_reads_and_writes_where_the_definition_says() -> None:
    text = (ROOT / "statemachines" / "migrate_tenant.asl.json").read_text("utf-8")
    assert set(re.findall(r"\"Prefix\": \"\{% '(\w+)/", text)) == {"runs"}


def test_readers_of_the_intake_can_tell_missing_from_forbidden(resources: Resources) -> None:
    given = rights(resources, "PlanWave")
    assert '"/intake/*"' in given["s3:GetObject"][0]
    assert "s3:ListBucket" in given
    assert '"/plans/*"' in given["s3:PutObject"][0]


def test_prepare_may_ask_about_executions_of_this_machine_only(resources: Resources) -> None:
    (executions,) = rights(resources, "Prepare")["states:DescribeExecution"]
    assert ":execution:WorkMailMigration-example-migrate-tenant:*" in executions


def test_the_scheduler_starts_the_machine_for_the_tenants_own_schedules_alone(
    resources: Resources,
) -> None:
    (group,) = resources("AWS::Scheduler::ScheduleGroup").values()
    name = "WorkMailMigration-example-late-passes"
    assert group["Properties"]["Name"] == name
    (role,) = (
        one["Properties"]
        for logical_id, one in resources("AWS::IAM::Role").items()
        if logical_id.startswith("LatePassesRole")
    )
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "scheduler.amazonaws.com"}
    (condition,) = trust["Condition"].values()
    assert set(condition) == {"aws:SourceAccount", "aws:SourceArn"}
    assert f":schedule-group/{name}" in json.dumps(condition["aws:SourceArn"])
    granted = {
        action: json.dumps(statement["Resource"])
        for logical_id, policy in resources("AWS::IAM::Policy").items()
        if logical_id.startswith("LatePassesRole")
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        for action in as_list(statement["Action"])
    }
    assert {action for action in granted if not action.startswith("kms:")} == {
        "states:StartExecution",
        "sqs:SendMessage",
    }
    machine = ":stateMachine:WorkMailMigration-example-migrate-tenant"
    assert machine in granted["states:StartExecution"]
    assert "LatePassesDeadLetters" in granted["sqs:SendMessage"]


def test_only_these_functions_touch_schedules_or_end_an_execution(resources: Resources) -> None:
    found: dict[str, set[str]] = {}
    for logical_id in resources("AWS::IAM::Policy"):
        if logical_id.startswith("Functions"):
            state = logical_id.removeprefix("Functions").split("Role")[0]
            actions = {
                action
                for action in rights(resources, state)
                if action.startswith(("scheduler:", "iam:"))
                or action in {"states:StopExecution", "states:ListMapRuns"}
            }
            if actions:
                found[state] = actions
    removing = {"scheduler:DeleteSchedule", "scheduler:ListSchedules"}
    assert found == {
        "ControlRun": {"states:StopExecution", "states:ListMapRuns", *removing},
        "OrderRollback": removing,
        "EraseTenant": removing,
        "PlanErasure": {"scheduler:ListSchedules"},
        "ProveErasure": {"scheduler:ListSchedules"},
        "ScheduleLatePasses": {"scheduler:CreateSchedule", "iam:PassRole"},
    }
    executions = ":execution:WorkMailMigration-example-migrate-tenant:*"
    assert executions in "".join(rights(resources, "ControlRun")["states:StopExecution"])
    (schedules,) = rights(resources, "ScheduleLatePasses")["scheduler:CreateSchedule"]
    assert ":schedule/WorkMailMigration-example-late-passes/*" in schedules
    (passing,) = (
        statement
        for statement in statements(resources, "FunctionsScheduleLatePassesRole")
        if "iam:PassRole" in as_list(statement["Action"])
    )
    assert "LatePassesRole" in json.dumps(passing["Resource"])
    assert passing["Condition"] == {
        "StringEquals": {"iam:PassedToService": "scheduler.amazonaws.com"}
    }


def test_the_machine_may_call_every_function_and_run_its_maps(resources: Resources) -> None:
    given: dict[str, list[Any]] = {}
    for statement in statements(resources, "WorkflowMachineRole"):
        for action in as_list(statement["Action"]):
            given.setdefault(action, []).extend(as_list(statement["Resource"]))
    invoked = [one["Fn::Join"][1] for one in given["lambda:InvokeFunction"]]
    assert {rest for _, rest in invoked} == {":*"}
    called = {function["Fn::GetAtt"][0] for function, _ in invoked}
    assert called == {
        logical_id
        for logical_id, one in resources("AWS::Lambda::Function").items()
        if not (row_of(one).by_rule or row_of(one).by_url)
    }
    name = "WorkMailMigration-example-migrate-tenant"
    assert f":stateMachine:{name}" in json.dumps(given["states:StartExecution"])
    for action in ("DescribeExecution", "StopExecution", "RedriveExecution"):
        text = json.dumps(given[f"states:{action}"])
        assert f":execution:{name}/*" in text
        assert f":execution:{name}:*" in text
    for action in ("GetObject", "GetObjectVersion"):
        assert '"/plans/*"' in json.dumps(given[f"s3:{action}"])
    assert '"/runs/*"' in json.dumps(given["s3:PutObject"])
    assert "plans" not in json.dumps(given["s3:PutObject"])
    assert not {"s3:DeleteObject", "states:*"} & set(given)


# ---- mail ------------------------------------------------------------------------------------


def test_mail_is_sent_only_from_the_sender_and_only_if_that_is_wanted(tmp_path: Path) -> None:
    config = TenantConfig.load(ROOT / "tenants" / "example.yaml")
    config = replace(config, clients=Clients(send="old", sender="it@example.com"))
    app = cdk.App(context={"aws:cdk:bundling-stacks": []}, outdir=str(tmp_path))
    stack = MigrationStack(app, config)
    mailing = {
        logical_id: statement
        for logical_id, one in app.synth()
        .get_stack_by_name(stack.stack_name)
        .template["Resources"]
        .items()
        if one["Type"] == "AWS::IAM::Policy"
        for statement in one["Properties"]["PolicyDocument"]["Statement"]
        if "ses:" in json.dumps(statement["Action"])
    }
    (logical_id,) = mailing
    statement = mailing[logical_id]
    assert "FunctionsSendClientGuidesRole" in logical_id
    assert statement["Action"] == "ses:SendEmail"
    assert statement["Condition"] == {"StringEquals": {"ses:FromAddress": "it@example.com"}}
    resources = [json.dumps(each) for each in statement["Resource"]]
    assert [":identity/it@example.com" in each for each in resources] == [True, False]
    assert [":identity/example.com" in each for each in resources] == [False, True]


def test_nobody_may_send_mail_where_none_is_wanted(resources: Resources) -> None:
    assert "ses:" not in json.dumps([statement["Action"] for statement in statements(resources)])


def test_functions_are_reserved_where_the_tenant_wants_it(context: Mapping[str, Any]) -> None:
    from aws_cdk.assertions import Template

    config = TenantConfig.load(EXAMPLE, "example")
    reserved = {}
    for wanted in (False, True):
        given = replace(config, limits=Limits(mailboxes=50, reserve=wanted))
        template = Template.from_stack(MigrationStack(cdk.App(context=context), given)).to_json()
        reserved[wanted] = {
            one["Properties"]["FunctionName"].rpartition("example-")[2]: number
            for one in template["Resources"].values()
            if one["Type"] == "AWS::Lambda::Function"
            and (number := one["Properties"].get("ReservedConcurrentExecutions"))
        }
    together = config.source.max_connections // 2
    copiers = ("copy-groupware", "copy-slice", "verify-mailbox")
    assert reserved == {False: {}, True: dict.fromkeys(copiers, together)}
