"""The engine enters the states that sfnx.testing enters, and ends as it does."""

from typing import Any

import pytest

from tests.statemachines.oracle import (
    StubError,
    states_entered_by_engine,
    states_entered_by_sfnx,
)
from tests.statemachines.player import chain, distributed, inline, machine, task
from tests.statemachines.test_engine_lint import good

END = {"Type": "Pass", "End": True}
BUSY = StubError("SourceBusy")
RETRY = [{"ErrorEquals": ["SourceBusy"], "IntervalSeconds": 30, "MaxAttempts": 2}]
CATCH = [
    {
        "ErrorEquals": ["SourceBusy", "States.Timeout"],
        "Assign": {"seen": "{% $states.errorOutput.Error %}"},
        "Next": "Caught",
    }
]
CAUGHT = {"Caught": {**END, "Output": "{% [$seen, $states.input.Error] %}"}}

LOOP = machine(
    {
        "Start": {"Type": "Pass", "Assign": {"n": 0}, "Next": "Slice"},
        "Slice": task(
            "Slice",
            {"n": "{% $n %}"},
            Assign={"n": "{% $n + 1 %}"},
            Next="More",
            Retry=RETRY,
            Catch=CATCH,
        ),
        "More": {
            "Type": "Choice",
            "Choices": [
                {"Condition": "{% $states.input.status = 'more' %}", "Next": "Slice"},
                {
                    "Condition": "{% $states.input.status = 'backoff' %}",
                    "Assign": {"pause": "{% $states.input.after %}"},
                    "Next": "Pause",
                },
            ],
            "Default": "Done",
        },
        "Pause": {"Type": "Wait", "Seconds": "{% $pause %}", "Next": "Slice"},
        "Done": {"Type": "Succeed", "Output": {"rounds": "{% $n %}"}},
        **CAUGHT,
    }
)

ROWS = '{"n":1}\n{"n":2}\n{"n":3}\n'
WAVE = machine(
    {
        "Copy": {
            **distributed(
                {
                    "One": task("Copy", Catch=CATCH, Next="Two"),
                    "Two": {**END, "Output": "{% $states.input.n * 10 %}"},
                    "Caught": {"Type": "Fail", "Error": "CopyFailed"},
                }
            ),
            "ItemReader": {
                "Resource": "arn:aws:states:::s3:getObject",
                "ReaderConfig": {"InputType": "JSONL"},
                "Arguments": {"Bucket": "b", "Key": "k"},
            },
            "ItemSelector": {"n": "{% $states.context.Map.Item.Value.n %}"},
            "ToleratedFailurePercentage": 50,
        }
    }
)

CASES: list[tuple[str, dict[str, Any], Any, dict[str, list[Any]]]] = [
    (
        "loop that ends well",
        LOOP,
        {},
        {"Slice": [{"status": "more"}, {"status": "backoff", "after": 60}, {"status": "done"}]},
    ),
    ("loop with a retry", LOOP, {}, {"Slice": [BUSY, {"status": "more"}, BUSY, {"status": "x"}]}),
    ("loop that is caught", LOOP, {}, {"Slice": [{"status": "more"}, BUSY]}),
    ("loop that times out", LOOP, {}, {"Slice": [StubError("States.Timeout")]}),
    ("loop that fails uncaught", LOOP, {}, {"Slice": [StubError("Other")]}),
    ("choice without a field", LOOP, {}, {"Slice": [{"status": "backoff"}]}),
    ("wave", WAVE, {}, {"s3:getObject": [ROWS], "Copy": [{"n": 1}, BUSY, {"n": 3}]}),
    ("wave that fails", WAVE, {}, {"s3:getObject": [ROWS], "Copy": [{"n": 1}, BUSY, BUSY]}),
    ("wave of nobody", WAVE, {}, {"s3:getObject": [""], "Copy": []}),
    (
        "inline map",
        machine({"M": inline({"I": task("F")}, Items="{% $states.input.l %}")}),
        {"l": [1, 2]},
        {"F": ["a", "b"]},
    ),
    (
        "inline map that fails",
        machine({"M": inline({"I": task("F", Next="J"), "J": END}, Items=[1, 2, 3], Retry=RETRY)}),
        {},
        {"F": ["a", BUSY, "b", "c", "d", "e"]},
    ),
    (
        "parallel",
        machine(
            {
                "P": {
                    "Type": "Parallel",
                    "Branches": [chain({"A": task("F")}), chain({"B": task("F")})],
                    "Catch": CATCH,
                    "End": True,
                },
                **CAUGHT,
            }
        ),
        {},
        {"F": [1, BUSY]},
    ),
    (
        "token",
        machine(
            {
                "Ask": {
                    "Type": "Task",
                    "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
                    "Arguments": {
                        "FunctionName": "${AskArn}",
                        "Payload": {"token": "{% $states.context.Task.Token %}"},
                    },
                    "Catch": CATCH,
                    "Next": "Go",
                },
                "Go": END,
                **CAUGHT,
            }
        ),
        {},
        {"Ask": [{"go": True}]},
    ),
    (
        "service error",
        machine(
            {
                "Put": {
                    "Type": "Task",
                    "Resource": "arn:aws:states:::aws-sdk:dynamodb:putItem",
                    "Arguments": {"TableName": "t", "Item": {"pk": {"S": "1"}}},
                    "Catch": [
                        {
                            "ErrorEquals": ["DynamoDb.ConditionalCheckFailedException"],
                            "Output": "{% $states.errorOutput.Error %}",
                            "Next": "Held",
                        }
                    ],
                    "Next": "Put2",
                },
                "Put2": END,
                "Held": END,
            }
        ),
        {},
        {"aws-sdk:dynamodb:putItem": [StubError("DynamoDb.ConditionalCheckFailedException")]},
    ),
]


@pytest.mark.parametrize(
    ("definition", "state_input", "stubs"),
    [case[1:] for case in CASES],
    ids=[case[0] for case in CASES],
)
def test_engine_and_oracle_agree(
    definition: dict[str, Any], state_input: object, stubs: dict[str, list[Any]]
) -> None:
    ours = states_entered_by_engine(definition, state_input, stubs)
    theirs = states_entered_by_sfnx(definition, state_input, stubs)
    assert ours == theirs
    assert len(ours.states) > 1 or ours.output == []


PLAN = {"key": "wave.jsonl"}
NOTED = {"aws-sdk:dynamodb:updateItem": [{}], "s3:getObject": [ROWS]}


@pytest.mark.parametrize(
    ("stubs", "last"),
    [
        ({"PlanWave": [PLAN], "CopySlice": [{"done": True}], "Ask": ["go"], **NOTED}, "Right"),
        ({"PlanWave": [PLAN], "CopySlice": [{"done": False}], "Ask": ["go"], **NOTED}, "Right"),
        ({"PlanWave": [StubError("PlanInvalid")]}, "Failed"),
        ({"PlanWave": [PLAN], "CopySlice": [BUSY], "Ask": [StubError("No")], **NOTED}, "Failed"),
    ],
    ids=["good", "many rounds", "no plan", "refused"],
)
def test_engine_and_oracle_agree_on_a_whole_workflow(
    stubs: dict[str, list[Any]], last: str
) -> None:
    ours = states_entered_by_engine(good(), {}, stubs)
    assert ours == states_entered_by_sfnx(good(), {}, stubs)
    assert ours.states[-1] == last


def test_a_call_without_an_answer_is_no_agreement() -> None:
    definition = machine({"A": task("Nobody")})
    for run in (states_entered_by_engine, states_entered_by_sfnx):
        with pytest.raises(AssertionError, match="Nobody"):
            run(definition, {}, {})
