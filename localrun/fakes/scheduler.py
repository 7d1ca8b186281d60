"""EventBridge Scheduler in memory and in virtual time: schedules that start workflows.

Serve it with `RestServer(ModelService("scheduler", fake))`. Played is what a stack and its
functions use: groups, CreateSchedule, GetSchedule, ListSchedules, DeleteSchedule, the time of the
start in the input, and the action after completion. Flexible windows and other targets are refused.

https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from localrun.engine.clock import Clock
from localrun.fakes.schedule_times import is_once, next_time
from localrun.model_service import ApiError

_PAGE = 100
_SCHEDULED_TIME = "<aws.scheduler.scheduled-time>"
"""https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html"""

Answer = dict[str, Any]
Start = Callable[[str, Any], object]
"""Starts an execution of the state machine (an ARN) with this input."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """One that has not been deleted."""

    group: str
    name: str
    created: float
    given: Mapping[str, Any]


class FakeScheduler:
    """The schedules of one account and Region. What could not be started is in `dead_letters`: the
    queue's ARN and the input. AWS begins within the minute of a schedule, this one on time."""

    def __init__(self, clock: Clock, start: Start, region: str, account: str) -> None:
        self.dead_letters: list[tuple[str, str]] = []
        self._clock = clock
        self._start = start
        self._place = f"arn:aws:scheduler:{region}:{account}"
        self._groups: dict[str, dict[str, Schedule]] = {"default": {}}

    def create_schedule_group(
        self, name: str, tags: Any = None, client_token: str | None = None
    ) -> Answer:
        if name in self._groups:
            raise ApiError("ConflictException", f"Schedule group {name} already exists.")
        self._groups[name] = {}
        return {"ScheduleGroupArn": f"{self._place}:schedule-group/{name}"}

    def create_schedule(
        self,
        name: str,
        schedule_expression: str,
        target: Mapping[str, Any],
        flexible_time_window: Mapping[str, Any],
        group_name: str = "default",
        schedule_expression_timezone: str = "UTC",
        action_after_completion: str = "NONE",
        description: str | None = None,
        client_token: str | None = None,
    ) -> Answer:
        """The same token with the same request is the same request."""
        group = self._group(group_name)
        given = {
            "ScheduleExpression": schedule_expression,
            "ScheduleExpressionTimezone": schedule_expression_timezone,
            "Target": dict(target),
            "FlexibleTimeWindow": dict(flexible_time_window),
            "ActionAfterCompletion": action_after_completion,
            "Description": description,
            "token": client_token,
        }
        known = group.get(name)
        if known is not None and known.given != given:
            raise ApiError("ConflictException", f"Schedule {name} already exists.")
        moment = self._moment(schedule_expression, schedule_expression_timezone)
        if flexible_time_window["Mode"] != "OFF" or ":stateMachine:" not in target["Arn"]:
            raise ApiError("NotImplementedLocally", "only a state machine, and on time")
        if known is None:
            group[name] = Schedule(group_name, name, self._clock.now(), given)
            self._arm(group[name], moment)
        return {"ScheduleArn": self._arn(group_name, name)}

    def get_schedule(self, name: str, group_name: str = "default") -> Answer:
        schedule = self._schedule(group_name, name)
        told = {key: value for key, value in schedule.given.items() if key != "token"}
        return {**told, **self._summary(schedule)}

    def delete_schedule(
        self, name: str, group_name: str = "default", client_token: str | None = None
    ) -> None:
        self._schedule(group_name, name)
        del self._groups[group_name][name]

    def list_schedules(
        self,
        group_name: str | None = None,
        name_prefix: str = "",
        max_results: int = _PAGE,
        next_token: str = "0",
    ) -> Answer:
        groups = [self._group(group_name)] if group_name else self._groups.values()
        found = sorted(
            (schedule.group, schedule.name)
            for group in groups
            for schedule in group.values()
            if schedule.name.startswith(name_prefix)
        )
        start = int(next_token)
        end = start + max_results
        summaries = []
        for group, name in found[start:end]:
            schedule = self._groups[group][name]
            target = {"Arn": schedule.given["Target"]["Arn"]}
            summaries.append({**self._summary(schedule), "Target": target})
        return {"Schedules": summaries, "NextToken": str(end) if end < len(found) else None}

    def _arm(self, schedule: Schedule, moment: float) -> None:
        self._clock.at(moment - self._clock.now(), lambda: self._begin(schedule, moment))

    def _begin(self, schedule: Schedule, moment: float) -> None:
        group = self._groups[schedule.group]
        if group.get(schedule.name) is not schedule:
            return  # deleted since
        target = schedule.given["Target"]
        time = f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%dT%H:%M:%SZ}"
        text = target.get("Input", "{}").replace(_SCHEDULED_TIME, time)
        try:
            self._start(target["Arn"], json.loads(text))
        except Exception:  # noqa: BLE001 - whatever it was: nobody else would hear of it
            self.dead_letters.append((target.get("DeadLetterConfig", {}).get("Arn", ""), text))
        expression = schedule.given["ScheduleExpression"]
        if not is_once(expression):
            zone = schedule.given["ScheduleExpressionTimezone"]
            following = next_time(expression, zone, moment)
            if following is not None:
                self._arm(schedule, following)
                return
        if schedule.given["ActionAfterCompletion"] == "DELETE":
            del group[schedule.name]

    def _moment(self, expression: str, timezone: str) -> float:
        try:
            moment = next_time(expression, timezone, self._clock.now())
        except (ValueError, KeyError):  # the latter for a time zone that nobody knows
            message = f"Invalid Schedule Expression {expression}."
            raise ApiError("ValidationException", message) from None
        if moment is None:
            raise ApiError("ValidationException", "The time of a schedule must lie ahead.")
        return moment

    def _group(self, name: str) -> dict[str, Schedule]:
        if name not in self._groups:
            raise ApiError("ResourceNotFoundException", f"Schedule group {name} does not exist.")
        return self._groups[name]

    def _schedule(self, group_name: str, name: str) -> Schedule:
        schedule = self._group(group_name).get(name)
        if schedule is None:
            raise ApiError("ResourceNotFoundException", f"Schedule {name} does not exist.")
        return schedule

    def _summary(self, schedule: Schedule) -> Answer:
        created = datetime.fromtimestamp(schedule.created, UTC)
        return {
            "Arn": self._arn(schedule.group, schedule.name),
            "Name": schedule.name,
            "GroupName": schedule.group,
            "State": "ENABLED",
            "CreationDate": created,
            "LastModificationDate": created,
        }

    def _arn(self, group: str, name: str) -> str:
        return f"{self._place}:schedule/{group}/{name}"
