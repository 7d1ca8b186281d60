"""EventBridge Scheduler in memory and in virtual time: one-time schedules that start workflows.

Serve it with `RestServer(ModelService("scheduler", fake))`. Played is what a stack and its
functions use: groups, CreateSchedule with at(...), GetSchedule, ListSchedules, DeleteSchedule, and
the action after completion. Recurring schedules, flexible windows and other targets are refused.

https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from localrun.engine.clock import Clock
from localrun.model_service import ApiError

_AT = re.compile(r"at\((\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\)")
_PAGE = 100

Answer = dict[str, Any]
Start = Callable[[str, Any], object]
"""Starts an execution of the state machine (an ARN) with this input."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """One that has not been deleted. `moment` is when it begins, in epoch seconds."""

    group: str
    name: str
    moment: float
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
            schedule = Schedule(group_name, name, moment, self._clock.now(), given)
            group[name] = schedule
            self._clock.at(moment - self._clock.now(), lambda: self._begin(schedule))
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

    def _begin(self, schedule: Schedule) -> None:
        group = self._groups[schedule.group]
        if group.get(schedule.name) is not schedule:
            return  # deleted since
        target = schedule.given["Target"]
        text = target.get("Input", "{}")
        try:
            self._start(target["Arn"], json.loads(text))
        except Exception:  # noqa: BLE001 - whatever it was: nobody else would hear of it
            self.dead_letters.append((target.get("DeadLetterConfig", {}).get("Arn", ""), text))
        if schedule.given["ActionAfterCompletion"] == "DELETE":
            del group[schedule.name]

    def _moment(self, expression: str, timezone: str) -> float:
        found = _AT.fullmatch(expression)
        if found is None:
            raise ApiError("ValidationException", f"Invalid Schedule Expression {expression}.")
        zone = UTC if timezone == "UTC" else ZoneInfo(timezone)
        moment = datetime.fromisoformat(found[1]).replace(tzinfo=zone).timestamp()
        if moment <= self._clock.now():
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
