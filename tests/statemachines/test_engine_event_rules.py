"""Rules on the status of executions, as EventBridge has them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from localrun.engine.clock import Clock
from localrun.engine.engine import Engine
from localrun.engine.event_rules import EventRules, matches, transform
from localrun.engine.invocation import InvokeResult
from localrun.engine.machines import MachineMissingError
from localrun.engine.template import EventRuleResource, RuleTarget

START = 1_796_000_000.0
ARN = "arn:aws:states:eu-west-1:123456789012:stateMachine:machine"
PATTERN = {
    "source": ["aws.states"],
    "detail-type": ["Step Functions Execution Status Change"],
    "detail": {"stateMachineArn": [ARN], "status": ["ABORTED", "FAILED", "TIMED_OUT"]},
}
PATHS = {"detail-name": "$.detail.name", "status": "$.detail.status", "time": "$.time"}
FORM = '{"run":<detail-name>,"what":"it is <status>","now":<time>}'
ENDS: dict[str, Any] = {
    "SUCCEEDED": {"Type": "Pass", "End": True},
    "FAILED": {"Type": "Fail", "Error": "Bad"},
    "TIMED_OUT": {"Type": "Wait", "Seconds": 100, "End": True},
    "ABORTED": {"Type": "Wait", "Seconds": 20, "End": True},
}


class Functions:
    """Lambda: keeps what functions were called with, and fails the first `failures` times."""

    def __init__(self, failures: int = 0) -> None:
        self.calls: list[tuple[str, Any]] = []
        self.failures = failures

    def __call__(self, function: str, payload: bytes) -> InvokeResult:
        self.calls.append((function, json.loads(payload)))
        self.failures -= 1
        return InvokeResult(200, "Unhandled" if self.failures >= 0 else None, b"{}", "id")


def start_nothing(machine: str, state_input: Any) -> None:
    raise AssertionError(f"nobody starts {machine}")


def play(status: str, functions: Functions) -> tuple[EventRules, Clock]:
    """Runs an execution to that end; the rules after they have settled."""
    clock = Clock("real" if status == "ABORTED" else "jump", start=START)
    rule = EventRuleResource("rule", PATTERN, [RuleTarget("clean", PATHS, FORM, "queue")])
    rules = EventRules(clock, [rule], functions, start_nothing, "eu-west-1", "123456789012")
    engine = Engine(clock, functions, lambda _: None, observers=[rules.observe])
    definition = {
        "QueryLanguage": "JSONata",
        "StartAt": "Only",
        "TimeoutSeconds": 50,
        "States": {"Only": ENDS[status]},
    }
    machine = engine.add_machine("machine", json.dumps(definition), "arn:role")
    execution = engine.start(machine.arn, "run-1")
    if status == "ABORTED":
        engine.stop(execution)
    assert execution.ended.wait(10)
    rules.settle()
    assert execution.status == status
    return rules, clock


@pytest.mark.parametrize("status", ["FAILED", "TIMED_OUT", "ABORTED"])
def test_the_function_of_a_matching_rule_gets_what_its_transformer_makes(status: str) -> None:
    functions = Functions()
    rules, _ = play(status, functions)
    ((function, event),) = functions.calls
    assert function == "clean"
    assert (event["run"], event["what"]) == ("run-1", f"it is {status}")
    assert event["now"].startswith("2026-11-30T")
    assert event["now"].endswith("Z")
    assert rules.dead_letters == []


def test_an_execution_that_succeeds_calls_nobody() -> None:
    functions = Functions()
    play("SUCCEEDED", functions)
    assert functions.calls == []


def test_a_function_that_fails_is_called_again_after_one_and_two_minutes() -> None:
    functions = Functions(failures=2)
    rules, clock = play("FAILED", functions)
    assert len(functions.calls) == 3
    assert clock.now() - START >= 180
    assert rules.dead_letters == []


def test_what_fails_three_times_is_kept() -> None:
    rules, _ = play("FAILED", Functions(failures=9))
    ((queue, letter),) = rules.dead_letters
    assert queue == "queue"
    assert letter["detail"]["status"] == "FAILED"


@pytest.mark.parametrize(
    ("pattern", "fits"),
    [
        ({}, True),
        ({"a": ["x", "y"]}, True),
        ({"a": ["y"]}, False),
        ({"b": {"c": [1]}}, True),
        ({"b": {"c": [2]}}, False),
        ({"b": {"d": [1]}}, False),
        ({"a": {"c": [1]}}, False),
        ({"list": ["q"]}, True),
        ({"list": ["r"]}, False),
    ],
)
def test_patterns(pattern: dict[str, Any], fits: bool) -> None:
    assert matches(pattern, {"a": "x", "b": {"c": 1}, "list": ["p", "q"]}) is fits


def test_a_matcher_that_is_not_understood_is_no_match_in_silence() -> None:
    with pytest.raises(ValueError, match="only wildcard"):
        matches({"a": [{"prefix": "x"}]}, {"a": "x"})


@pytest.mark.parametrize(
    ("key", "fits"),
    [
        ("intake/manifest.csv", True),
        ("intake/acme/wave-2-manifest.csv", True),
        ("intake/special.csv", True),
        ("intake/manifest.csv.bak", False),
        ("plans/manifest.csv", False),
        ("intake/manifestxcsv", False),
        (None, False),
    ],
)
def test_wildcards(key: str | None, fits: bool) -> None:
    pattern = {"key": [{"wildcard": "intake/*manifest.csv"}, "intake/special.csv"]}
    assert matches(pattern, {"key": key}) is fits


UPLOADED = {"source": "aws.s3", "detail": {"object": {"key": 'intake/"a" manifest.csv'}}}


def tell(start: Any) -> EventRules:
    """A rule that starts a machine hears of an upload."""
    form = '{"manifest":<key>}'
    target = RuleTarget(f"{ARN}:live", {"key": "$.detail.object.key"}, form, "queue")
    rule = EventRuleResource("rule", {"source": ["aws.s3"]}, [target])
    clock = Clock("jump", start=START)
    rules = EventRules(clock, [rule], Functions(), start, "eu-west-1", "123456789012")
    rules.tell(UPLOADED)
    rules.settle()
    return rules


def test_a_rule_starts_a_machine_with_what_its_transformer_makes() -> None:
    started: list[tuple[str, Any]] = []
    rules = tell(lambda arn, state_input: started.append((arn, state_input)))
    assert started == [(f"{ARN}:live", {"manifest": 'intake/"a" manifest.csv'})]
    assert rules.dead_letters == []


def test_what_cannot_be_started_is_kept() -> None:
    def refuse(machine: str, _: Any) -> None:
        raise MachineMissingError(machine)

    assert tell(refuse).dead_letters == [("queue", UPLOADED)]


def test_the_event_of_an_execution_names_its_version_and_alias() -> None:
    clock = Clock("jump", start=START)
    functions = Functions()
    rule = EventRuleResource("rule", PATTERN, [RuleTarget("clean", {}, "")])
    rules = EventRules(clock, [rule], functions, start_nothing, "eu-west-1", "123456789012")
    engine = Engine(clock, functions, lambda _: None, observers=[rules.observe])
    definition = {"QueryLanguage": "JSONata", "StartAt": "Only", "States": {"Only": ENDS["FAILED"]}}
    machine = engine.add_machine("machine", json.dumps(definition), "arn:role")
    version = engine.versions.publish(machine, "")
    alias = engine.versions.point("live", version.arn, "")
    assert engine.start(alias.arn, "run-1").ended.wait(10)
    rules.settle()
    ((_, event),) = functions.calls
    assert event["detail"]["stateMachineArn"] == ARN
    assert event["detail"]["stateMachineVersionArn"] == f"{ARN}:1"
    assert event["detail"]["stateMachineAliasArn"] == f"{ARN}:live"


def test_without_a_transformer_the_event_goes_as_it_is() -> None:
    assert json.loads(transform({}, "", {"a": 1})) == {"a": 1}
