"""How the questions open the pilot mailbox over EWS."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from localrun.probe.ews_calls import EwsCalls
from localrun.probe.session import Session
from migration.wire.ews import EwsClient


@contextmanager
def open_calls(session: Session, connections: int = 1) -> Iterator[EwsCalls]:
    """Single requests, whose fate is seen as it is."""
    calls = EwsCalls(session.options.ews_url, connections)
    try:
        yield calls
    finally:
        calls.close()


@contextmanager
def open_client(session: Session) -> Iterator[EwsClient]:
    """The migration's own client, with the role of this run. NotAsked without one."""
    client = session.open_ews()
    try:
        yield client
    finally:
        client.close()
