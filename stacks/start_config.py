"""The settings in tenants/<tenant>.yaml that say what starts the workflow by itself."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from zoneinfo import available_timezones

from stacks.checks import matches, one_of, says

_RATE = re.compile(r"rate\(([1-9]\d{0,3}) (minute|hour|day)(s?)\)")
_CRON = re.compile(r"cron\(([^()]+)\)")
_CRON_FIELDS = (
    r"[0-9*,/-]+",  # minutes
    r"[0-9*,/-]+",  # hours
    r"[0-9*,/?LW-]+",  # day of the month
    r"[0-9A-Z*,/-]+",  # month
    r"[0-9A-Z*,/?#-]+",  # day of the week
    r"[0-9*,/-]+",  # year
)
_WHEN = (
    "must be a time such as 2026-12-04T20:00, or a rate or cron expression of EventBridge "
    "Scheduler, such as rate(1 day) or cron(0 20 ? * FRI *)"
)


@says(
    "a time such as 2026-12-04T20:00, or a rate or cron expression",
    pattern=r"[0-9]{1,4}(-[0-9]{1,2}){2}T[0-9]{1,2}(:[0-9]{1,2}){1,2}|rate\(.+\)|cron\(.+\)",
)
def is_when(text: str) -> str:
    """A local time to the minute or the second, or an expression of EventBridge Scheduler:
    https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html. Of a cron
    expression the shape is checked, not every value."""
    if rate := _RATE.fullmatch(text):
        return "" if (rate[1] == "1") is (rate[3] == "") else f"{_WHEN}; one day, but two days"
    if cron := _CRON.fullmatch(text):
        fields = cron[1].split()
        fits = len(fields) == len(_CRON_FIELDS) and all(
            re.fullmatch(form, field) for form, field in zip(_CRON_FIELDS, fields, strict=True)
        )
        if fits and (fields[2] == "?") is not (fields[4] == "?"):
            return ""
        return f"{_WHEN}; a cron expression has six fields, and ? in one of its two for days"
    return "" if _read_moment(text) else _WHEN


@says("a time zone such as Europe/Berlin", pattern="[A-Za-z0-9_+/-]+")
def is_timezone(text: str) -> str:
    """A name of the IANA time zone database; any, on a machine that has none."""
    known = available_timezones()
    return "" if text in known or not known else "must be a time zone such as Europe/Berlin"


def _read_moment(text: str) -> datetime | None:
    try:
        moment = datetime.strptime(text, "%Y-%m-%dT%H:%M:%S" if text.count(":") == 2 else _MINUTE)
    except ValueError:
        return None
    return moment


_MINUTE = "%Y-%m-%dT%H:%M"


@dataclass(frozen=True, slots=True)
class Start:
    """What starts a run beside you.

    on_upload  whether the upload of a manifest does, below intake/ in the tenant's bucket: of the
               file that `manifest` names, and of any whose name ends in manifest.csv,
               manifest.yaml, manifest.yml, manifest.json or users.csv. The run reads the very
               version that was uploaded; of a folder, users.csv comes last. Without it you start
               every run yourself. It asks before it cuts over as any other run
    """

    on_upload: bool = True


@dataclass(frozen=True, slots=True)
class Schedule:
    """A time at which the workflow starts by itself, for the manifest that is there then.

    name      letters, digits and dashes; the schedule's name in EventBridge Scheduler
    at        once, at a local time such as 2026-12-04T20:00; or again and again, by a rate or cron
              expression, such as rate(1 day) or cron(0 20 ? * FRI *)
    timezone  of `at`, such as Europe/Berlin; a rate has none
    phases    what the run does, as in its input; the default copies, and cuts nothing over
    """

    name: Annotated[
        str,
        matches(
            "(?!upload$)[A-Za-z0-9](-?[A-Za-z0-9]){0,31}",
            "letters, digits and single dashes, at most 32, and not upload",
        ),
    ]
    at: Annotated[str, is_when]
    timezone: Annotated[str, is_timezone] = "UTC"
    phases: tuple[
        Annotated[str, one_of("provision", "copy", "cutover", "delta", "report", "clients")], ...
    ] = ("provision", "copy")

    @property
    def expression(self) -> str:
        """As EventBridge Scheduler writes it."""
        moment = _read_moment(self.at)
        return f"at({moment:%Y-%m-%dT%H:%M:%S})" if moment else self.at


def schedule_faults(schedules: Sequence[Schedule]) -> Iterator[str]:
    """What is wrong with schedules that are right one by one."""
    names = [schedule.name for schedule in schedules]
    for place, schedule in enumerate(schedules):
        if schedule.name in names[:place]:
            yield f"schedules[{place}].name: {schedule.name} is the name of another one"
        if not schedule.phases:
            yield f"schedules[{place}].phases: needs at least one"
