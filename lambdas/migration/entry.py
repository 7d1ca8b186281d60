"""What every Lambda does before and after its one call."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from pathlib import PurePath
from typing import Any, TypeVar

from migration.errors import MigrationError, Unexpected
from migration.events import Event
from migration.logs import bind, bind_more, logger

Job = TypeVar("Job", bound=Event)
Handler = Callable[[object, Any], dict[str, Any]]


def entry(job_type: type[Job]) -> Callable[[Callable[[Job, Any], Event]], Handler]:
    """Makes a Lambda handler of a function from a state's event to its result.

    Parses the event, binds the logger, logs how it ended. Errors of migration.errors pass as they
    are; any other exception becomes Unexpected, because its text may hold personal data and
    Step Functions would keep it.
    """

    def decorate(function: Callable[[Job, Any], Event]) -> Handler:
        def handler(event: object, context: Any) -> dict[str, Any]:
            bind(state=job_type.__name__, request=getattr(context, "aws_request_id", ""))
            try:
                job = job_type.parse(event)
                bind_more(**_identify(job))
                result = function(job, context).dump()
            except MigrationError as error:
                logger.warning("ended by an error", extra={"error": type(error).__name__})
                raise
            except Exception as error:  # noqa: BLE001 - the last line before Step Functions
                unexpected = Unexpected(f"{type(error).__name__} at {_locate(error)}")
                logger.error("unexpected", extra={"error": str(unexpected)})
                raise unexpected from None
            logger.info("done", extra={"counts": _counts(result)})
            return result

        return handler

    return decorate


def _identify(job: Event) -> dict[str, str]:
    names = ("run", "mailbox", "entity", "pass_id")
    return {name: str(getattr(job, name)) for name in names if hasattr(job, name)}


def _counts(result: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in result.items() if isinstance(value, int)}


def _locate(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return " < ".join(
        f"{PurePath(frame.filename).name}:{frame.lineno}" for frame in reversed(frames[-3:])
    )
