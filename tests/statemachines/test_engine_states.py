"""The states one by one, as the language's documents say."""

import json
from typing import Any

import pytest

from localrun.engine.clock import Clock
from localrun.engine.definition import definition_problems
from localrun.engine.execution import Execution
from tests.statemachines.player import (
    HandlerError,
    Player,
    event_types,
    finish,
    machine,
    virtual_seconds,
)

END = {"Type": "Pass", "End": True}
HOUR = 3600


def fail_with(kind: str) -> Any:
    def handler(event: object) -> object:
        raise HandlerError(kind)

    return handler


def play(states: dict[str, Any], state_input: object = None, **fields: Any) -> Execution:
    return Player().play(machine(states, **fields), state_input)


def test_pass_without_output_passes_its_input_on() -> None:
    assert play({"A": END}, {"a": [1, None, "x"]}).output == {"a": [1, None, "x"]}


def test_assign_and_output_both_see_the_variables_as_they_were() -> None:
    states = {
        "A": {"Type": "Pass", "Assign": {"n": 1}, "Next": "B"},
        "B": {"Type": "Pass", "Assign": {"n": "{% $n + 1 %}"}, "Output": "{% $n %}", "Next": "C"},
        "C": {"Type": "Pass", "Output": ["{% $states.input %}", "{% $n %}"], "End": True},
    }
    assert play(states).output == [1, 2]


def test_numbers_that_are_whole_are_written_without_a_fraction() -> None:
    output = play({"A": {**END, "Output": {"n": "{% 10 / 2 %}", "f": "{% 1 / 4 %}"}}}).output
    assert json.dumps(output) == '{"n": 5, "f": 0.25}'


def test_null_survives_an_expression() -> None:
    states = {"A": {**END, "Output": "{% $states.input.a %}"}}
    assert play(states, {"a": None}).output is None


def test_choice_takes_the_first_rule_that_is_true_with_its_own_assign() -> None:
    rules = [
        {"Condition": "{% $states.input.n > 5 %}", "Next": "Big"},
        {"Condition": "{% $states.input.n > 1 %}", "Assign": {"kind": "middle"}, "Next": "Middle"},
    ]
    states = {
        "A": {"Type": "Choice", "Choices": rules, "Default": "Small", "Assign": {"kind": "none"}},
        "Big": {"Type": "Succeed", "Output": "big"},
        "Middle": {"Type": "Succeed", "Output": "{% $kind %}"},
        "Small": {"Type": "Succeed", "Output": "{% $kind %}"},
    }
    outputs = [play(states, {"n": n}).output for n in (9, 3, 0)]
    assert outputs == ["big", "middle", "none"]


def test_choice_without_a_match_or_default_fails() -> None:
    states = {
        "A": {"Type": "Choice", "Choices": [{"Condition": "{% false %}", "Next": "B"}]},
        "B": END,
    }
    assert play(states).error == "States.NoChoiceMatched"


def test_condition_that_is_no_boolean_fails() -> None:
    states = {
        "A": {"Type": "Choice", "Choices": [{"Condition": "{% 1 %}", "Next": "B"}], "Default": "B"},
        "B": END,
    }
    assert play(states).error == "States.QueryEvaluationError"


def test_fail_ends_with_its_evaluated_error_and_cause() -> None:
    states = {"A": {"Type": "Fail", "Error": "Boom", "Cause": "{% 'n=' & $states.input.n %}"}}
    ended = play(states, {"n": 3})
    assert (ended.status, ended.error, ended.cause) == ("FAILED", "Boom", "n=3")


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("$states.input.nothing", "returned nothing"),
        ("1 + 'a'", "threw an error"),
        ("function($x) {$x}", "unsupported result type"),
    ],
)
def test_bad_expression_fails_and_names_its_field(expression: str, reason: str) -> None:
    ended = play({"A": {**END, "Output": {"deep": ["{% " + expression + " %}"]}}}, {})
    assert ended.error == "States.QueryEvaluationError"
    assert ended.cause is not None
    assert reason in ended.cause
    assert "'Output/deep[0]'" in ended.cause
    assert "EvaluationFailed" in event_types(ended)


def test_wait_for_seconds_and_for_a_timestamp_pass_in_virtual_time() -> None:
    states = {
        "A": {"Type": "Wait", "Seconds": "{% $states.input.n %}", "Next": "B"},
        "B": {
            "Type": "Wait",
            "Timestamp": "{% $fromMillis($millis() + 86400000) %}",
            "Output": "{% $states.context.State.EnteredTime < $now() %}",
            "End": True,
        },
    }
    ended = play(states, {"n": HOUR})
    assert ended.output is True
    assert 0 <= virtual_seconds(ended) - 25 * HOUR < 10


@pytest.mark.parametrize("seconds", ["x", -1, 1.5, 100_000_000, True])
def test_wait_refuses_what_is_no_number_of_seconds(seconds: object) -> None:
    states = {"A": {"Type": "Wait", "Seconds": "{% $states.input %}", "End": True}}
    assert play(states, seconds).error == "States.QueryEvaluationError"


def test_a_virtual_start_time_is_what_expressions_see() -> None:
    player = Player(clock=Clock("jump", start=1_700_000_000))
    ended = player.play(machine({"A": {**END, "Output": "{% $now('[Y]-[M01]-[D01]') %}"}}))
    assert ended.output == "2023-11-14"


def test_thousand_waits_of_an_hour_take_one_virtual_hour() -> None:
    wait = {"Type": "Wait", "Seconds": HOUR, "End": True}
    player = Player()
    definition = machine({"A": wait})
    text = json.dumps(definition)
    waiting = player.engine.add_machine("waiting", text, "role")
    began = player.clock.now()
    # One member more keeps the time from leaping before all have started.
    player.clock.enter()
    executions = [player.engine.start(waiting.arn) for _ in range(1000)]
    player.clock.leave()
    for execution in executions:
        assert finish(execution).status == "SUCCEEDED"
    assert HOUR <= player.clock.now() - began < HOUR + 60
    assert player.clock.leapt <= HOUR


@pytest.mark.parametrize(
    ("definition", "reason"),
    [
        ("{", "not JSON"),
        ("[]", "not a JSON object"),
        ({"StartAt": "A", "States": {"A": END}}, "only JSONata"),
        (machine({"A": {**END, "QueryLanguage": "JSONPath"}}), "only JSONata"),
        (machine({"A": {**END, "InputPath": "$.x"}}), "InputPath"),
        (machine({"A": {"Type": "Pass", "Next": "Z"}, "B": END}), "no state Z"),
        (machine({"A": {"Type": "Pass"}}), "Next or End"),
        (machine({"A": {**END, "Output": "{% (1 %}"}}), "does not parse"),
        (machine({"A": {"Type": "Task", "Resource": "arn:aws:states:::x:y", "End": True}}), "x:y"),
        (machine({"A": {"Type": "Jump", "End": True}}), "Jump"),
        (machine({"A": {"Type": "Wait", "End": True}}), "Seconds"),
        ({"QueryLanguage": "JSONata", "StartAt": "A", "States": {}}, "no States"),
    ],
)
def test_refused_definitions(definition: object, reason: str) -> None:
    text = definition if isinstance(definition, str) else json.dumps(definition)
    assert reason in " ".join(definition_problems(text))
