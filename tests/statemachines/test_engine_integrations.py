"""Tasks that call AWS APIs or start executions."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from tests.statemachines.player import (
    Player,
    finish,
    machine,
    virtual_seconds,
)

REGION = "eu-west-1"


HOUR = 3600


CAUGHT = {"Type": "Succeed", "Output": "{% $states.input.Error %}"}


CATCH_ALL = [{"ErrorEquals": ["States.ALL"], "Next": "C"}]


def call(resource: str, arguments: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return machine(
        {
            "A": {
                "Type": "Task",
                "Resource": f"arn:aws:states:::{resource}",
                "Arguments": arguments,
                "Catch": CATCH_ALL,
                "End": True,
                **fields,
            },
            "C": CAUGHT,
        }
    )


@pytest.fixture
def cloud() -> Iterator[Player]:
    with mock_aws():
        session: Any = boto3.Session("key", "secret", region_name=REGION)
        names = ("s3", "dynamodb", "sns", "sqs", "events")
        yield Player(clients={name: session.client(name) for name in names})


def nested(player: Player, pattern: str, child_input: int, **fields: Any) -> dict[str, Any]:
    """A machine that starts another, which fails for a negative input and waits an hour."""
    rule = {"Condition": "{% $states.input < 0 %}", "Next": "F"}
    child = machine(
        {
            "W": {"Type": "Wait", "Seconds": HOUR, "Next": "D"},
            "D": {"Type": "Choice", "Choices": [rule], "Default": "S"},
            "F": {"Type": "Fail", "Error": "Negative"},
            "S": {"Type": "Succeed", "Output": {"twice": "{% $states.input * 2 %}"}},
        }
    )
    arn = finish(player.start(child, 0)).machine.arn
    arguments = {"StateMachineArn": arn, "Input": child_input}
    return call(f"states:startExecution{pattern}", arguments, **fields)


@pytest.mark.parametrize(
    ("pattern", "output"), [(".sync:2", {"twice": 8}), (".sync", '{"twice":8}')]
)
def test_nested_execution_gives_its_output(pattern: str, output: object) -> None:
    player = Player()
    ended = player.play(nested(player, pattern, 4, Output="{% $states.result.Output %}"))
    assert ended.output == output
    assert HOUR <= virtual_seconds(ended) < HOUR + 60


def test_nested_execution_that_fails_is_a_task_failure() -> None:
    player = Player()
    assert player.play(nested(player, ".sync:2", -1)).output == "States.TaskFailed"


def test_nested_execution_is_not_waited_for_without_a_pattern() -> None:
    player = Player()
    ended = player.play(nested(player, "", 4, Output="{% $states.result.ExecutionArn %}"))
    assert finish(player.engine.executions[ended.output]).output == {"twice": 8}


def test_nested_execution_is_stopped_when_its_task_times_out() -> None:
    player = Player()
    ended = player.play(nested(player, ".sync:2", 4, TimeoutSeconds=60))
    assert ended.output == "States.Timeout"
    children = [one for one in player.engine.executions.values() if one.input == 4]
    assert [finish(child).status for child in children] == ["ABORTED"]


def test_unknown_machine_is_an_error_of_the_service() -> None:
    definition = call("states:startExecution", {"StateMachineArn": "arn:aws:states:none"})
    assert Player().play(definition).output == "StepFunctions.StateMachineDoesNotExistException"


def put_item(resource: str) -> dict[str, Any]:
    arguments = {
        "TableName": "ledger",
        "Item": {"pk": {"S": "1"}},
        "ConditionExpression": "attribute_not_exists(pk)",
    }
    return call(resource, arguments)


@pytest.mark.parametrize(
    ("resource", "error"),
    [
        ("dynamodb:putItem", "DynamoDB.ConditionalCheckFailedException"),
        ("aws-sdk:dynamodb:putItem", "DynamoDb.ConditionalCheckFailedException"),
    ],
)
def test_service_errors_have_the_name_of_their_integration(
    cloud: Player, resource: str, error: str
) -> None:
    boto3.client("dynamodb", REGION).create_table(
        TableName="ledger",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    assert cloud.play(put_item(resource)).output == {}
    assert cloud.play(put_item(resource)).output == error


def test_sdk_call_writes_an_object_as_json_and_reads_it_as_text(cloud: Player) -> None:
    boto3.client("s3", REGION).create_bucket(
        Bucket="files", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    where = {"Bucket": "files", "Key": "k"}
    cloud.play(call("aws-sdk:s3:putObject", {**where, "Body": {"a": 1}}))
    read = cloud.play(call("aws-sdk:s3:getObject", where, Output="{% $states.result.Body %}"))
    assert read.output == '{"a":1}'


def test_modelled_error_of_an_sdk_call(cloud: Player) -> None:
    missing = call("aws-sdk:s3:getObject", {"Bucket": "nowhere", "Key": "k"})
    assert cloud.play(missing).output == "S3.NoSuchBucketException"


def test_unknown_argument_of_an_sdk_call_is_a_runtime_error(cloud: Player) -> None:
    ended = cloud.play(call("aws-sdk:s3:getObject", {"bucket": "x", "Key": "k"}))
    assert ended.error == "States.Runtime"


def test_optimised_messages_carry_objects_as_json(cloud: Player) -> None:
    queue = boto3.client("sqs", REGION).create_queue(QueueName="q")["QueueUrl"]
    topic = boto3.client("sns", REGION).create_topic(Name="t")["TopicArn"]
    body = {"a": [1]}
    sent = cloud.play(call("sqs:sendMessage", {"QueueUrl": queue, "MessageBody": body}))
    told = cloud.play(call("sns:publish", {"TopicArn": topic, "Message": body}))
    assert "MessageId" in sent.output
    assert "MessageId" in told.output
    received = boto3.client("sqs", REGION).receive_message(QueueUrl=queue)["Messages"]
    assert [message["Body"] for message in received] == ['{"a":[1]}']


def test_put_events_takes_the_detail_as_an_object(cloud: Player) -> None:
    entry = {"Source": "a", "DetailType": "b", "Detail": {"k": 1}}
    ended = cloud.play(call("events:putEvents", {"Entries": [entry]}))
    assert ended.output["FailedEntryCount"] == 0
