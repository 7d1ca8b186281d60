"""Which errors a Retry or a Catch names, and how long to wait before the next attempt.

https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
"""

import random
from collections.abc import Collection, Mapping, Sequence

from localrun.engine.payload import Json

LONGEST_DELAY = 31_622_400.0

_NEVER_CAUGHT = "States.Runtime"
_NOT_IN_ALL = "States.DataLimitExceeded"
_NOT_A_TASK_FAILURE = ("States.Timeout", "States.QueryEvaluationError", _NOT_IN_ALL)


def matches(names: Collection[str], error: str) -> bool:
    """Whether an ErrorEquals list catches the error. Names are compared as strings.

    States.ALL catches neither States.Runtime, which nothing catches, nor States.DataLimitExceeded,
    which must be named. States.Timeout also stands for a missed heartbeat. States.TaskFailed
    stands for every other error of a task.
    """
    if error == _NEVER_CAUGHT:
        return False
    if error in names:
        return True
    if "States.ALL" in names:
        return error != _NOT_IN_ALL
    if error == "States.HeartbeatTimeout" and "States.Timeout" in names:
        return True
    return "States.TaskFailed" in names and error not in _NOT_A_TASK_FAILURE


class Retries:
    """The attempts of one state. Every retrier counts its own."""

    def __init__(self, retriers: Sequence[Mapping[str, Json]]) -> None:
        self._retriers = retriers
        self._used = [0] * len(retriers)

    @property
    def count(self) -> int:
        """The Context Object's State.RetryCount."""
        return sum(self._used)

    def delay(self, error: str) -> float | None:
        """Seconds until the next attempt, or None when there is none.

        Only the first retrier that names the error counts: once it is used up, the state fails,
        also when a later one names the error too.
        """
        for index, retrier in enumerate(self._retriers):
            if matches(retrier["ErrorEquals"], error):
                if self._used[index] >= retrier.get("MaxAttempts", 3):
                    return None
                seconds = _backoff(retrier, self._used[index])
                self._used[index] += 1
                return seconds
        return None


def _backoff(retrier: Mapping[str, Json], used: int) -> float:
    interval = float(retrier.get("IntervalSeconds", 1))
    longest = float(retrier.get("MaxDelaySeconds", LONGEST_DELAY))
    try:
        seconds = min(interval * float(retrier.get("BackoffRate", 2.0)) ** used, longest)
    except OverflowError:
        seconds = longest
    return random.uniform(0, seconds) if retrier.get("JitterStrategy") == "FULL" else seconds
