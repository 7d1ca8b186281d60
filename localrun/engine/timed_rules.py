"""EventBridge's rules with a schedule: functions that are called every few minutes.

Played is `rate(...)`, with functions for targets, each call once. The event is the Scheduled Event
of https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-run-lambda-schedule.html.

A migration waits for days, in which a rule of five minutes would call its function a thousand
times for nothing. So calls are as frequent as the schedule says while children of a Map are at
work, which is when something can happen in between; in all other times each wait is twice as long
as the one before, up to six hours. No call is made before the first execution has started, because
virtual time stands still then, and none is waited for: an execution that waits for an answer from
outside does not go on in time because a rule might be due.
"""

from __future__ import annotations

import re
import threading
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from localrun.engine.clock import Clock
from localrun.engine.event_rules import transform
from localrun.engine.execution import Execution
from localrun.engine.history import Event
from localrun.engine.invocation import Invoke
from localrun.engine.template import RuleTarget, Template, TemplateError

_RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
_SECONDS = {"minute": 60, "hour": 3600, "day": 86_400}
_LONGEST = 6 * 3600.0
_PATIENCE = 10.0
_ENDS = ("ExecutionSucceeded", "ExecutionFailed", "ExecutionTimedOut", "ExecutionAborted")


@dataclass(frozen=True, slots=True)
class TimedRule:
    """A rule that is enabled, and its schedule in seconds."""

    name: str
    every: float
    targets: Sequence[RuleTarget]


def read_timed_rules(template: Template) -> list[TimedRule]:
    """The timed rules of a stack. TemplateError for a schedule that is not played here."""
    found = []
    for name, properties in template.resources("AWS::Events::Rule"):
        expression = properties.get("ScheduleExpression")
        if expression and properties.get("State", "ENABLED") == "ENABLED":
            rate = _RATE.fullmatch(expression)
            if rate is None:
                raise TemplateError(f"{name}: the schedule {expression} is not played here")
            every = float(int(rate[1]) * _SECONDS[rate[2]])
            targets = [RuleTarget.of(target) for target in properties["Targets"]]
            found.append(TimedRule(name, every, targets))
    return found


class TimedRules:
    """Calls the functions of the rules in virtual time from `start` until `close`. `observe` is an
    Observer of the engine."""

    def __init__(self, clock: Clock, rules: Sequence[TimedRule], invoke: Invoke) -> None:
        self._clock = clock
        self._invoke = invoke
        self._changed = threading.Condition()
        self._children = 0
        self._under_way = 0
        self._closed = False
        self._plays = [_Play(rule, rule.every) for rule in rules]

    def start(self) -> None:
        """From now on the functions are called."""
        for play in self._plays:
            self._plan(play)

    def observe(self, execution: Execution, event: Event) -> None:
        """Counts the children that are at work; the first of them makes calls frequent again."""
        if execution.map_run is None:
            return
        with self._changed:
            if event["type"] in _ENDS:
                self._children -= 1
            if event["type"] != "ExecutionStarted":
                return
            self._children += 1
            if self._children > 1:
                return
        for play in self._plays:
            play.gap = play.rule.every
            self._plan(play)

    def close(self) -> None:
        """No call begins any more; waits for the one under way."""
        with self._changed:
            self._closed = True
            self._changed.wait_for(lambda: not self._under_way, _PATIENCE)

    def _plan(self, play: _Play) -> None:
        """Makes the next call the only one that is planned."""
        play.number += 1
        number = play.number
        # In scaled time, a second of this machine lies between two calls.
        gap = max(play.gap, self._clock.scale)
        self._clock.at(gap, lambda: self._call_planned(play, number), outside=False)

    def _call_planned(self, play: _Play, number: int) -> None:
        with self._changed:
            if self._closed or number != play.number:
                return
            self._under_way += 1
        try:
            self._call(play.rule)
        finally:
            with self._changed:
                self._under_way -= 1
                at_work = self._children > 0
                self._changed.notify_all()
        play.gap = play.rule.every if at_work else min(2 * play.gap, _LONGEST)
        self._plan(play)

    def _call(self, rule: TimedRule) -> None:
        event = {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": "Scheduled Event",
            "source": "aws.events",
            "time": f"{datetime.fromtimestamp(self._clock.now(), UTC):%Y-%m-%dT%H:%M:%SZ}",
            "resources": [rule.name],
            "detail": {},
        }
        for target in rule.targets:
            self._invoke(target.arn, transform(target.paths, target.form, event))


@dataclass(slots=True)
class _Play:
    """A rule being played: the wait before its next call, and that call's number."""

    rule: TimedRule
    gap: float
    number: int = 0
