"""Everything is encrypted with the tenant's key, and each role may use it for what it does."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pytest

from stacks.key_rights import NEEDS
from tests.stacks.test_migration_stack import as_list

if TYPE_CHECKING:
    from tests.stacks.conftest import Resources

MACHINE = "WorkMailMigration-example-migrate-tenant"


@pytest.fixture(scope="module")
def key(resources: Resources) -> dict[str, Any]:
    """How the template refers to the key."""
    (logical_id,) = resources("AWS::KMS::Key")
    return {"Fn::GetAtt": [logical_id, "Arn"]}


# ---- what is encrypted ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("AWS::DynamoDB::Table", "SSESpecification.KMSMasterKeyId"),
        ("AWS::Lambda::Function", "KmsKeyArn"),
        ("AWS::Logs::LogGroup", "KmsKeyId"),
        ("AWS::SNS::Topic", "KmsMasterKeyId"),
        ("AWS::SQS::Queue", "KmsMasterKeyId"),
        ("AWS::SecretsManager::Secret", "KmsKeyId"),
        ("AWS::StepFunctions::StateMachine", "EncryptionConfiguration.KmsKeyId"),
    ],
)
def test_whatever_keeps_something_has_the_tenants_key(
    resources: Resources, key: dict[str, Any], kind: str, path: str
) -> None:
    found = resources(kind)
    assert found
    for logical_id, one in found.items():
        value = one["Properties"]
        for name in path.split("."):
            value = value[name]
        assert value == key, logical_id


def test_the_bucket_asks_kms_once_for_many_objects(
    resources: Resources, key: dict[str, Any]
) -> None:
    (bucket,) = resources("AWS::S3::Bucket").values()
    (rule,) = bucket["Properties"]["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["BucketKeyEnabled"] is True
    assert rule["ServerSideEncryptionByDefault"] == {
        "SSEAlgorithm": "aws:kms",
        "KMSMasterKeyID": key,
    }


def test_nothing_else_in_the_stack_keeps_data(template: dict[str, Any]) -> None:
    """A type that is not known here may need the key, too."""
    kinds = {one["Type"] for one in template["Resources"].values()}
    assert kinds <= {
        *("AWS::Lambda::Version", "AWS::Logs::QueryDefinition"),
        *("AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::S3::BucketPolicy"),
        *("AWS::SecretsManager::Secret", "AWS::KMS::Key", "AWS::KMS::Alias"),
        *("AWS::SNS::Topic", "AWS::SNS::TopicPolicy", "AWS::SNS::Subscription"),
        *("AWS::SQS::Queue", "AWS::SQS::QueuePolicy", "AWS::Logs::LogGroup"),
        *("AWS::Lambda::Function", "AWS::Lambda::LayerVersion", "AWS::Lambda::Permission"),
        *("AWS::Lambda::EventInvokeConfig", "AWS::Lambda::Url"),
        *("AWS::StepFunctions::StateMachine", "AWS::StepFunctions::StateMachineVersion"),
        *("AWS::StepFunctions::StateMachineAlias", "AWS::Events::Rule"),
        # Schedules hold a run's name and its phases, alarms and dashboards numbers.
        *("AWS::Scheduler::ScheduleGroup", "AWS::Scheduler::Schedule"),
        *("AWS::CloudWatch::Alarm", "AWS::CloudWatch::Dashboard"),
        *("AWS::IAM::Role", "AWS::IAM::Policy"),
    }


# ---- the key -------------------------------------------------------------------------------------


def key_policy(resources: Resources) -> dict[str, dict[str, Any]]:
    (one,) = resources("AWS::KMS::Key").values()
    return {each["Sid"]: each for each in one["Properties"]["KeyPolicy"]["Statement"]}


def test_the_key_is_renewed_kept_and_slow_to_delete(resources: Resources) -> None:
    (one,) = resources("AWS::KMS::Key").values()
    assert one["DeletionPolicy"] == one["UpdateReplacePolicy"] == "Retain"
    assert one["Properties"]["EnableKeyRotation"] is True
    assert one["Properties"]["PendingWindowInDays"] == 30
    (alias,) = resources("AWS::KMS::Alias").values()
    assert alias["Properties"]["AliasName"] == "alias/workmail-migration/example"


def test_nobody_may_use_the_key_directly(resources: Resources) -> None:
    using = {"Encrypt", "Decrypt", "GenerateDataKey", "CreateGrant", "ReEncryptFrom", "ReEncryptTo"}
    for name, statement in key_policy(resources).items():
        actions = {action.removeprefix("kms:") for action in as_list(statement["Action"])}
        assert not [action for action in actions if "*" in action]
        if actions & using:
            assert statement["Condition"], name


def test_administrators_manage_the_key_without_its_use(resources: Resources) -> None:
    managing = key_policy(resources)["Manage"]
    assert "Condition" not in managing
    actions = set(managing["Action"])
    assert {"kms:PutKeyPolicy", "kms:ScheduleKeyDeletion", "kms:CancelKeyDeletion"} <= actions
    assert not [action for action in actions if "crypt" in action or "DataKey" in action]


def test_services_use_the_key_for_things_of_this_stack_alone(resources: Resources) -> None:
    found = {
        statement["Principal"]["Service"]: statement
        for statement in key_policy(resources).values()
        if "Service" in statement["Principal"]
    }
    assert set(found) == {
        "logs.eu-west-1.amazonaws.com",
        "delivery.logs.amazonaws.com",
        "events.amazonaws.com",
        "cloudwatch.amazonaws.com",
    }
    groups = json.dumps(found["logs.eu-west-1.amazonaws.com"]["Condition"]["ArnLike"])
    for prefix in ("/aws/lambda", "/aws/vendedlogs/states"):
        assert f":log-group:{prefix}/WorkMailMigration-example-*" in groups
    for service, source in (("events", "rule/"), ("cloudwatch", "alarm:")):
        condition = found[f"{service}.amazonaws.com"]["Condition"]
        assert condition["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
        (arn,) = condition["ArnLike"].values()
        assert f":{source}WorkMailMigration-example-*" in json.dumps(arn)


def test_the_key_lets_every_log_group_of_the_stack_be_written(resources: Resources) -> None:
    for group in resources("AWS::Logs::LogGroup").values():
        name = group["Properties"]["LogGroupName"]
        assert name.startswith(
            (
                "/aws/lambda/WorkMailMigration-example-",
                "/aws/vendedlogs/states/WorkMailMigration-example-",
            )
        )


def test_rules_and_alarms_have_names_by_which_the_key_knows_them(resources: Resources) -> None:
    """CloudFormation cuts the stack's name off in a rule's name of its own, not in an alarm's."""
    rules = resources("AWS::Events::Rule").values()
    assert rules
    for rule in rules:
        assert rule["Properties"]["Name"].startswith("WorkMailMigration-example-")
    for alarm in resources("AWS::CloudWatch::Alarm").values():
        name = alarm["Properties"].get("AlarmName", "WorkMailMigration-example-")
        assert name.startswith("WorkMailMigration-example-")


# ---- roles ---------------------------------------------------------------------------------------


def roles(resources: Resources) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Each policy of a role, by its logical id."""
    for logical_id, policy in resources("AWS::IAM::Policy").items():
        yield logical_id, policy["Properties"]["PolicyDocument"]["Statement"]


def actions_of(statements: list[dict[str, Any]]) -> set[str]:
    return {action for statement in statements for action in as_list(statement["Action"])}


def key_uses(
    statements: list[dict[str, Any]], key: Mapping[str, Any]
) -> dict[str, dict[str, set[str]]]:
    """What a role may do with the key: by condition key its values, and by these the actions."""
    found: dict[str, dict[str, set[str]]] = {}
    for statement in statements:
        if key in as_list(statement["Resource"]):
            ((_, condition),) = statement["Condition"].items()
            ((name, values),) = condition.items()
            for value in as_list(values):
                text = value if isinstance(value, str) else json.dumps(value)
                uses = found.setdefault(name, {}).setdefault(text, set())
                uses |= set(as_list(statement["Action"]))
    return found


READ, WRITE, BOTH = {"kms:Decrypt"}, {"kms:GenerateDataKey"}, {"kms:Decrypt", "kms:GenerateDataKey"}


def wanted_uses(actions: set[str]) -> dict[str, set[str]]:
    """By the guides of the services: what a caller needs on the key for these actions."""
    wanted: dict[str, set[str]] = {}

    def want(service: str, uses: set[str]) -> None:
        wanted.setdefault(f"{service}.eu-west-1.amazonaws.com", set()).update(uses)

    if any(action.startswith("dynamodb:") for action in actions):
        want("dynamodb", READ)
    if "s3:GetObject" in actions:
        want("s3", READ)
    if "s3:PutObject" in actions:
        want("s3", WRITE)
    if "s3:ListMultipartUploadParts" in actions:
        want("s3", BOTH)
    if "secretsmanager:GetSecretValue" in actions:
        want("secretsmanager", READ)
    if actions & {"secretsmanager:CreateSecret", "secretsmanager:PutSecretValue"}:
        want("secretsmanager", BOTH)
    if "sns:Publish" in actions:
        want("sns", BOTH)
    if "sqs:SendMessage" in actions:
        want("sqs", BOTH)
    return wanted


def test_each_role_may_use_the_key_by_the_services_that_it_uses_and_no_other(
    resources: Resources, key: dict[str, Any]
) -> None:
    seen = 0
    for logical_id, statements in roles(resources):
        given = key_uses(statements, key).get("kms:ViaService", {})
        assert given == wanted_uses(actions_of(statements)), logical_id
        seen += bool(given)
    assert seen > 30


def test_who_asks_about_executions_may_decrypt_their_data(
    resources: Resources, key: dict[str, Any]
) -> None:
    """Step Functions wants it of who describes an execution, not of who starts one."""
    context = "kms:EncryptionContext:aws:states:stateMachineArn"
    askers = set()
    for logical_id, statements in roles(resources):
        given = key_uses(statements, key).get(context, {})
        if "WorkflowMachine" in logical_id:
            assert set(map(frozenset, given.values())) == {frozenset(BOTH)}
        elif given:
            askers.add(logical_id)
            assert set(map(frozenset, given.values())) == {frozenset(READ)}
        assert bool(given) == ("states:DescribeExecution" in actions_of(statements)), logical_id
        for arn in given:
            assert f":stateMachine:{MACHINE}" in arn
    assert askers


def test_the_machines_role_has_no_condition_on_the_service_for_its_own_data(
    resources: Resources, key: dict[str, Any]
) -> None:
    """With kms:ViaService in that statement, executions fail: it is the role itself that asks."""
    (statements,) = (found for name, found in roles(resources) if "WorkflowMachine" in name)
    uses = key_uses(statements, key)
    assert set(uses) == {
        "kms:EncryptionContext:aws:states:stateMachineArn",
        "kms:EncryptionContext:SourceArn",
        "kms:ViaService",
    }
    assert set(uses["kms:ViaService"]) == {"s3.eu-west-1.amazonaws.com"}
    (logs,) = uses["kms:EncryptionContext:SourceArn"].values()
    assert logs == WRITE


def test_the_machine_has_a_name_of_its_own_and_long_lived_data_keys(resources: Resources) -> None:
    """Without the name, the CDK would write a condition on a machine without one."""
    (machine,) = resources("AWS::StepFunctions::StateMachine").values()
    assert machine["Properties"]["StateMachineName"] == MACHINE
    configuration = machine["Properties"]["EncryptionConfiguration"]
    assert configuration["Type"] == "CUSTOMER_MANAGED_KMS_KEY"
    assert configuration["KmsDataKeyReusePeriodSeconds"] == 900


def test_whoever_needs_the_key_for_an_action_is_known(resources: Resources) -> None:
    """An action of these services that the table does not name needs nothing of the key."""
    nothing = {
        *("s3:ListBucket", "s3:ListBucketVersions", "s3:AbortMultipartUpload"),
        *("s3:DeleteObject", "s3:DeleteObjectVersion"),
        *("secretsmanager:TagResource", "secretsmanager:DeleteSecret"),
        "secretsmanager:ListSecrets",
        *("sqs:GetQueueAttributes", "sqs:GetQueueUrl"),
        *("states:StartExecution", "states:StopExecution", "states:RedriveExecution"),
        *("states:ListMapRuns", "states:SendTaskSuccess", "states:SendTaskFailure"),
    }
    services = ("dynamodb:", "s3:", "secretsmanager:", "sns:", "sqs:", "states:")
    for logical_id, statements in roles(resources):
        known = {action for action in actions_of(statements) if action.startswith(services)}
        assert known <= nothing | set(NEEDS), logical_id
