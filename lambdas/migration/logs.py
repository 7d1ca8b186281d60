"""One JSON logger for all functions.

Log lines hold ids, counts, states and error names; never events, bodies, subjects, addresses or
tokens. `bind` and `bind_more` add keys to every line that follows in this invocation: the state,
the request's id, the tenant, the run, and the mailbox's id. The variable POWERTOOLS_LOG_LEVEL of a
function says which lines are written, INFO without it.
"""

from __future__ import annotations

from aws_lambda_powertools import Logger

logger = Logger(service="workmail-migration", log_uncaught_exceptions=False)


def bind(**keys: str | int) -> None:
    """Replaces the keys of the previous invocation, which a warm process still has."""
    logger.clear_state()
    logger.append_keys(**keys)


def bind_more(**keys: str | int) -> None:
    """Adds to the keys of this invocation."""
    logger.append_keys(**keys)
