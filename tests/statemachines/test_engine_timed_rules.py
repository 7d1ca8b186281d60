"""Rules with a schedule, in virtual time."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from localrun.engine.clock import Clock
from localrun.engine.engine import Engine
from localrun.engine.intrinsics import Resolver
from localrun.engine.invocation import InvokeResult
from localrun.engine.template import RuleTarget, Template, TemplateError
from localrun.engine.timed_rules import TimedRule, TimedRules, read_timed_rules

START = 1_796_000_000.0
MINUTE, HOUR = 60.0, 3600.0
RULE = TimedRule("rule", 5 * MINUTE, [RuleTarget("look", {"t": "$.time"}, '{"now":<t>}')])


class Calls:
    """Lambda: when it was called, in minutes after the start, and with what."""

    def __init__(self, clock: Clock) -> None:
        self.minutes: list[int] = []
        self.events: list[Any] = []
        self._clock = clock

    def __call__(self, function: str, payload: bytes) -> InvokeResult:
        assert function == "look"
        self.minutes.append(round((self._clock.now() - START) / MINUTE))
        self.events.append(json.loads(payload))
        return InvokeResult(200, None, b"{}", "id")


def play(states: Mapping[str, Any]) -> Calls:
    """What is called while an execution of these states is at work, from its first state on."""
    clock = Clock("jump", start=START)
    calls = Calls(clock)
    rules = TimedRules(clock, [RULE], calls)
    engine = Engine(clock, calls, lambda _: None, observers=[rules.observe])
    definition = {"QueryLanguage": "JSONata", "StartAt": next(iter(states)), "States": states}
    machine = engine.add_machine("machine", json.dumps(definition), "arn:role")
    rules.start()
    execution = engine.start(machine.arn, "run-1")
    assert execution.ended.wait(20)
    rules.close()
    assert execution.status == "SUCCEEDED", execution.cause
    return calls


def wait(hours: float, then: str = "") -> dict[str, Any]:
    end = {"Next": then} if then else {"End": True}
    return {"Type": "Wait", "Seconds": round(hours * HOUR), **end}


def test_a_long_wait_is_looked_at_seldom() -> None:
    assert play({"Wait": wait(20)}).minutes == [5, 15, 35, 75, 155, 315, 635, 995]


def test_five_days_are_a_few_dozen_calls() -> None:
    assert 20 < len(play({"Wait": wait(5 * 24)}).minutes) < 40


def test_while_children_work_the_schedule_is_kept_and_after_them_it_is_not() -> None:
    child = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "Wait",
        "States": {"Wait": wait(1)},
    }
    children = {
        "Type": "Map",
        "Label": "children",
        "Items": [1],
        "MaxConcurrency": 1,
        "ItemProcessor": child,
        "Next": "After",
    }
    states = {"Before": wait(2, "Children"), "Children": children, "After": wait(2)}
    minutes = play(states).minutes
    within = [each for each in minutes if 120 < each < 180]
    assert within == list(range(125, 180, 5))
    assert [each for each in minutes if each <= 120] == [5, 15, 35, 75]
    assert len([each for each in minutes if each > 185]) in (3, 4)


def test_the_function_gets_the_time_in_the_rules_form() -> None:
    event = play({"Wait": wait(0.1)}).events[0]
    assert event == {"now": "2026-11-30T00:58:20Z"}


def test_nothing_is_called_without_an_execution_or_after_the_end() -> None:
    clock = Clock("jump", start=START)
    calls = Calls(clock)
    rules = TimedRules(clock, [RULE], calls)
    rules.start()
    rules.close()
    clock.enter()
    clock.sleep_until(START + HOUR)
    clock.leave()
    assert calls.minutes == []


def template(**rule: object) -> Template:
    properties = {"Targets": [{"Arn": "look", "Id": "t"}], **rule}
    document = {"Resources": {"Rule": {"Type": "AWS::Events::Rule", "Properties": properties}}}
    return Template(document, {}, Resolver(document, "stack", "eu-west-1", "123456789012"))


@pytest.mark.parametrize(
    ("expression", "seconds"),
    [("rate(5 minutes)", 300), ("rate(1 hour)", 3600), ("rate(2 days)", 172_800)],
)
def test_schedules_are_read(expression: str, seconds: float) -> None:
    (rule,) = read_timed_rules(template(ScheduleExpression=expression))
    assert (rule.every, rule.targets) == (seconds, [RuleTarget("look", {}, "")])


def test_other_rules_are_left_alone() -> None:
    assert read_timed_rules(template(EventPattern={"source": ["aws.states"]})) == []
    off = template(ScheduleExpression="rate(5 minutes)", State="DISABLED")
    assert read_timed_rules(off) == []


def test_a_schedule_that_is_not_played_is_refused_by_name() -> None:
    with pytest.raises(TemplateError, match=r"Rule: the schedule cron"):
        read_timed_rules(template(ScheduleExpression="cron(0 12 * * ? *)"))
