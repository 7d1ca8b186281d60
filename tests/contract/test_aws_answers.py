"""TenantSecrets and StepFunctions against AWS in memory."""

import json

import boto3
import pytest

from migration.aws.executions import StepFunctions
from migration.aws.secrets import TenantSecrets
from migration.errors import TenantMisconfigured

PASS = {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}


def test_a_secret_is_a_json_object(aws: None) -> None:
    client = boto3.client("secretsmanager")
    arn = client.create_secret(Name="source", SecretString='{"admin": {"user": "u"}}')["ARN"]
    assert TenantSecrets(client, arn, "other").read_source() == {"admin": {"user": "u"}}


@pytest.mark.parametrize("text", ["hunter2", "[1]", "{}", '"x"'])
def test_anything_else_is_misconfigured_and_not_quoted(aws: None, text: str) -> None:
    client = boto3.client("secretsmanager")
    arn = client.create_secret(Name="source", SecretString=text)["ARN"]
    with pytest.raises(TenantMisconfigured) as caught:
        TenantSecrets(client, arn, "other").read_source()
    assert "hunter2" not in str(caught.value)


def test_a_secret_without_a_value_is_misconfigured(aws: None) -> None:
    client = boto3.client("secretsmanager")
    arn = client.create_secret(Name="empty")["ARN"]
    for name in (arn, "missing"):
        with pytest.raises(TenantMisconfigured):
            TenantSecrets(client, name, "other").read_source()


@pytest.mark.parametrize("text", ["hunter2", "[1]", '"x"', "null"])
def test_a_targets_secret_that_is_no_object_is_misconfigured_and_not_quoted(
    aws: None, text: str
) -> None:
    client = boto3.client("secretsmanager")
    arn = client.create_secret(Name="target", SecretString=text)["ARN"]
    with pytest.raises(TenantMisconfigured, match="the target's secret") as caught:
        TenantSecrets(client, "other", arn).read_target()
    assert "hunter2" not in str(caught.value)


def test_a_targets_secret_may_be_empty_or_have_no_value(aws: None) -> None:
    client = boto3.client("secretsmanager")
    arns = [client.create_secret(Name="none")["ARN"]]
    arns += [client.create_secret(Name=f"s{text}", SecretString=text)["ARN"] for text in ("{}",)]
    assert [TenantSecrets(client, "other", arn).read_target() for arn in arns] == [{}, {}]
    given = '{"mailboxes": {"a@example.com": "p"}}'
    arn = client.create_secret(Name="target", SecretString=given)["ARN"]
    assert TenantSecrets(client, "other", arn).read_target() == {
        "mailboxes": {"a@example.com": "p"}
    }


def test_an_execution_runs_until_it_is_stopped(aws: None) -> None:
    client = boto3.client("stepfunctions")
    machine = client.create_state_machine(
        name="m", definition=json.dumps(PASS), roleArn="arn:aws:iam::123456789012:role/r"
    )["stateMachineArn"]
    execution = client.start_execution(stateMachineArn=machine, name="e")["executionArn"]
    executions = StepFunctions(client)
    assert executions.is_running(execution) is True
    client.stop_execution(executionArn=execution)
    assert executions.is_running(execution) is False
    assert executions.is_running(execution + "x") is False
    assert executions.is_running("no arn") is False
