"""One JSON logger for all functions.

Log lines hold ids, counts, states and error names; never events, bodies, subjects, addresses or
tokens. `bind` adds the run and the mailbox's id to every line that follows in this invocation.
"""

from __future__ import annotations

from aws_lambda_powertools import Logger

logger = Logger(service="workmail-migration", log_uncaught_exceptions=False)


def bind(**keys: str | int) -> None:
    """Replaces the keys of the previous invocation, which a warm process still has."""
    logger.clear_state()
    logger.append_keys(**keys)
