"""The Step Functions API as boto3 sees it."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.statemachines.player import (
    REAL_SECONDS,
    ROLE,
    HandlerError,
    Player,
    distributed,
    machine,
    task,
)

HOUR = 3600
END = {"Type": "Pass", "End": True}
WAIT = {"W": {"Type": "Wait", "Seconds": HOUR, "End": True}}
ASK = {
    "Type": "Task",
    "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
    "Arguments": {
        "FunctionName": "ask",
        "Payload": {"token": "{% $states.context.Task.Token %}"},
    },
    "End": True,
}


FUNCTION = "arn:aws:lambda:eu-west-1:123456789012:function:"


def caught_by(name: str) -> list[dict[str, Any]]:
    return [{"ErrorEquals": ["States.ALL"], "Next": name}]


def create(sfn: Any, name: str, definition: dict[str, Any]) -> str:
    answer = sfn.create_state_machine(name=name, definition=json.dumps(definition), roleArn=ROLE)
    return str(answer["stateMachineArn"])


def ended(sfn: Any, player: Player, arn: str) -> Any:
    assert player.engine.executions[arn].ended.wait(REAL_SECONDS)
    return sfn.describe_execution(executionArn=arn)


def run(sfn: Any, player: Player, definition: dict[str, Any], given: str = "{}") -> Any:
    arn = create(sfn, f"m{len(player.engine.machines)}", definition)
    started = sfn.start_execution(stateMachineArn=arn, input=given)
    return ended(sfn, player, started["executionArn"])


def code_of(error: pytest.ExceptionInfo[ClientError]) -> str:
    return error.value.response["Error"]["Code"]


def test_execution_from_start_to_end(sfn: Any, player: Player) -> None:
    answer = run(sfn, player, machine({"A": END}), '{"a": [1.0, null]}')
    assert (answer["status"], answer["output"]) == ("SUCCEEDED", '{"a":[1.0,null]}')
    assert answer["stopDate"] >= answer["startDate"]


def test_failed_execution_shows_error_and_cause(sfn: Any, player: Player) -> None:
    fail = {"Type": "Fail", "Error": "Boom", "Cause": "why"}
    answer = run(sfn, player, machine({"A": fail}))
    assert (answer["status"], answer["error"], answer["cause"]) == ("FAILED", "Boom", "why")


def test_validation_names_every_problem(sfn: Any) -> None:
    bad = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass"}}})
    answer = sfn.validate_state_machine_definition(definition=bad)
    messages = [one["message"] for one in answer["diagnostics"]]
    assert answer["result"] == "FAIL"
    assert len(messages) == 2
    good = json.dumps(machine({"A": END}))
    assert sfn.validate_state_machine_definition(definition=good)["result"] == "OK"


def test_bad_definition_is_not_created(sfn: Any) -> None:
    with pytest.raises(sfn.exceptions.InvalidDefinition, match="only JSONata"):
        create(sfn, "old", {"StartAt": "A", "States": {"A": END}})
    assert sfn.list_state_machines()["stateMachines"] == []


def test_machine_is_created_once_and_described(sfn: Any) -> None:
    definition = machine({"A": END})
    arn = create(sfn, "one", definition)
    assert create(sfn, "one", definition) == arn
    with pytest.raises(sfn.exceptions.StateMachineAlreadyExists):
        create(sfn, "one", machine({"B": END}))
    described = sfn.describe_state_machine(stateMachineArn=arn)
    assert json.loads(described["definition"]) == definition
    assert [one["name"] for one in sfn.list_state_machines()["stateMachines"]] == ["one"]


@pytest.mark.parametrize("name", ["a b", "a/b", "a:b", "a*"])
def test_names_that_are_not_allowed(sfn: Any, name: str) -> None:
    with pytest.raises(sfn.exceptions.InvalidName):
        create(sfn, name, machine({"A": END}))


def test_start_is_idempotent_by_name_while_the_execution_runs(sfn: Any, player: Player) -> None:
    player.clock.enter()  # keeps the time from leaping
    arn = create(sfn, "waits", machine(WAIT))
    first = sfn.start_execution(stateMachineArn=arn, name="x", input='{"a": 1}')
    again = sfn.start_execution(stateMachineArn=arn, name="x", input='{"a":1}')
    assert again == {**first, "ResponseMetadata": again["ResponseMetadata"]}
    with pytest.raises(sfn.exceptions.ExecutionAlreadyExists):
        sfn.start_execution(stateMachineArn=arn, name="x", input="{}")
    player.clock.leave()
    ended(sfn, player, first["executionArn"])
    with pytest.raises(sfn.exceptions.ExecutionAlreadyExists):
        sfn.start_execution(stateMachineArn=arn, name="x", input='{"a":1}')


def test_what_cannot_be_started(sfn: Any) -> None:
    arn = create(sfn, "one", machine({"A": END}))
    with pytest.raises(sfn.exceptions.InvalidExecutionInput):
        sfn.start_execution(stateMachineArn=arn, input="{")
    with pytest.raises(sfn.exceptions.StateMachineDoesNotExist):
        sfn.start_execution(stateMachineArn=arn + "x")


def test_history_in_pages_and_backwards(sfn: Any, player: Player) -> None:
    states = {f"S{n}": {"Type": "Pass", "Next": f"S{n + 1}"} for n in range(60)} | {"S60": END}
    arn = run(sfn, player, machine(states))["executionArn"]
    pages = sfn.get_paginator("get_execution_history").paginate(executionArn=arn)
    events = [event for page in pages for event in page["events"]]
    assert [event["id"] for event in events] == list(range(1, 125))
    (last,) = sfn.get_execution_history(executionArn=arn, reverseOrder=True, maxResults=1)["events"]
    assert (last["type"], last["id"]) == ("ExecutionSucceeded", 124)


def test_every_kind_of_event_fits_the_model(sfn: Any, player: Player) -> None:
    """The server answers 500 to an event that breaks the API's own shapes."""

    def fail(event: object) -> None:
        raise HandlerError("Bad")

    player.handlers |= {"fail": fail, "echo": lambda event: event}
    function = {"Type": "Task", "TimeoutSeconds": 9, "End": True}
    broken = {**function, "Resource": f"{FUNCTION}fail", "Catch": caught_by("Caught")}
    iteration = {"StartAt": "Fails", "States": {"Fails": task("fail")}}
    branch = {"StartAt": "Broken", "States": {"Broken": broken, "Caught": END}}
    states = {
        "Both": {"Type": "Parallel", "Branches": [branch], "Next": "Each"},
        "Each": {
            "Type": "Map",
            "Items": [1],
            "ItemProcessor": iteration,
            "Catch": caught_by("Wait"),
            "Next": "Wait",
        },
        "Wait": {"Type": "Wait", "Seconds": 1, "Next": "Children"},
        "Children": distributed({"Child": {**function, "Resource": f"{FUNCTION}echo"}}, Items=[1]),
    }
    answer = run(sfn, player, machine(states))
    assert answer["status"] == "SUCCEEDED"
    history = sfn.get_execution_history(executionArn=answer["executionArn"])["events"]
    kinds = {event["type"] for event in history}
    assert {
        "LambdaFunctionFailed",
        "MapIterationFailed",
        "MapRunStarted",
        "WaitStateExited",
    } <= kinds


def test_stop_answers_when_the_execution_has_ended(sfn: Any, player: Player) -> None:
    player.clock.enter()  # keeps the time from leaping
    arn = create(sfn, "waits", machine(WAIT))
    started = sfn.start_execution(stateMachineArn=arn)["executionArn"]
    sfn.stop_execution(executionArn=started, error="E", cause="c")
    answer = sfn.describe_execution(executionArn=started)
    assert (answer["status"], answer["error"], answer["cause"]) == ("ABORTED", "E", "c")


def test_executions_by_machine_and_status(sfn: Any, player: Player) -> None:
    arn = run(sfn, player, machine({"A": {"Type": "Fail"}}))["stateMachineArn"]
    run(sfn, player, machine({"A": END}))
    listed = sfn.list_executions(stateMachineArn=arn)["executions"]
    assert [one["status"] for one in listed] == ["FAILED"]
    assert sfn.list_executions(stateMachineArn=arn, statusFilter="SUCCEEDED")["executions"] == []


def test_map_run_and_its_children(sfn: Any, player: Player) -> None:
    rule = {"Condition": "{% $states.input = 2 %}", "Next": "F"}
    inner = {
        "D": {"Type": "Choice", "Choices": [rule], "Default": "S"},
        "F": {"Type": "Fail", "Error": "Two"},
        "S": {"Type": "Succeed"},
    }
    states = {
        "M": distributed(
            inner, Items=[1, 2, 3], Label="three", MaxConcurrency=2, ToleratedFailureCount=1
        )
    }
    parent = run(sfn, player, machine(states))
    (listed,) = sfn.list_map_runs(executionArn=parent["executionArn"])["mapRuns"]
    described = sfn.describe_map_run(mapRunArn=listed["mapRunArn"])
    assert listed["stateMachineArn"].endswith("/three")
    assert (described["status"], described["maxConcurrency"]) == ("SUCCEEDED", 2)
    counts = {name: described["itemCounts"][name] for name in ("succeeded", "failed", "total")}
    assert counts == {"succeeded": 2, "failed": 1, "total": 3}
    children = sfn.list_executions(mapRunArn=listed["mapRunArn"])["executions"]
    assert sorted(one["status"] for one in children) == ["FAILED", "SUCCEEDED", "SUCCEEDED"]
    child = sfn.describe_execution(executionArn=children[0]["executionArn"])
    assert child["mapRunArn"] == listed["mapRunArn"]
    of_machine = sfn.list_executions(stateMachineArn=parent["stateMachineArn"])["executions"]
    assert [one["executionArn"] for one in of_machine] == [parent["executionArn"]]


def test_task_is_answered_through_the_api(sfn: Any, player: Player) -> None:
    def answer(event: Any) -> None:
        sfn.send_task_heartbeat(taskToken=event["token"])
        sfn.send_task_success(taskToken=event["token"], output='{"yes": true}')

    player.handlers["ask"] = answer
    assert json.loads(run(sfn, player, machine({"A": ASK}))["output"]) == {"yes": True}


def test_task_is_refused_through_the_api(sfn: Any, player: Player) -> None:
    kept: list[str] = []

    def refuse(event: Any) -> None:
        kept.append(event["token"])
        sfn.send_task_failure(taskToken=event["token"], error="No", cause="never")

    player.handlers["ask"] = refuse
    answer = run(sfn, player, machine({"A": ASK}))
    assert (answer["error"], answer["cause"]) == ("No", "never")
    with pytest.raises(sfn.exceptions.TaskTimedOut):
        sfn.send_task_success(taskToken=kept[0], output="{}")


def test_bad_answers_to_tokens(sfn: Any) -> None:
    with pytest.raises(sfn.exceptions.InvalidToken):
        sfn.send_task_success(taskToken="unknown", output="{}")
    with pytest.raises(sfn.exceptions.InvalidOutput):
        sfn.send_task_success(taskToken="unknown", output="{")


@pytest.mark.parametrize(
    ("operation", "member", "code"),
    [
        ("describe_execution", "executionArn", "ExecutionDoesNotExist"),
        ("stop_execution", "executionArn", "ExecutionDoesNotExist"),
        ("get_execution_history", "executionArn", "ExecutionDoesNotExist"),
        ("list_map_runs", "executionArn", "ExecutionDoesNotExist"),
        ("describe_state_machine", "stateMachineArn", "StateMachineDoesNotExist"),
        ("list_executions", "stateMachineArn", "StateMachineDoesNotExist"),
        ("describe_map_run", "mapRunArn", "ResourceNotFound"),
        ("list_executions", "mapRunArn", "ResourceNotFound"),
    ],
)
def test_what_does_not_exist(sfn: Any, operation: str, member: str, code: str) -> None:
    with pytest.raises(ClientError) as error:
        getattr(sfn, operation)(**{member: "arn:aws:states:none"})
    assert code_of(error) == code
