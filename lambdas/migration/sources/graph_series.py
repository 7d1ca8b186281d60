"""Masters of series over Microsoft Graph, with what is known of their occurrences."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

from migration.items.graph_events import CANCELLED, EXCEPTIONS
from migration.wire.graph import GraphClient
from migration.wire.graph_model import GraphRefused, Json

_NEXT = f"{EXCEPTIONS}@odata.nextLink"
_MASTER = "seriesMaster"
_MARK = ":"  # none of Base64, in which changeKeys are


def is_master(event: Json) -> bool:
    """Whether it is the master of a series, as its list says."""
    return event.get("type") == _MASTER


def was_master(version: str) -> bool:
    """The same of what was listed with that version."""
    return _MARK in version


def expand(path: str, select: Sequence[str]) -> str:
    """What asks for the master at `path` with its occurrences. $select counts for them, too."""
    return f"{path}?$select={','.join(select)}&$expand={EXCEPTIONS}"


def read_masters(client: GraphClient, paths: Sequence[str]) -> list[Json | GraphRefused]:
    """What is at the paths, of `expand`, in order; all exceptions, where there is more than a page
    of them."""
    return [
        one if isinstance(one, GraphRefused) else _complete(client, one)
        for one in client.batch(paths)
    ]


def _complete(client: GraphClient, master: Json) -> Json:
    if not master.get(_NEXT):
        return master
    more = list(client.values(master[_NEXT]))
    whole = {name: value for name, value in master.items() if name != _NEXT}
    return {**whole, EXCEPTIONS: [*(master.get(EXCEPTIONS) or []), *more]}


def make_version(event: Json) -> str:
    """The event's changeKey; for a master also what its exceptions and cancelled occurrences are.
    Whether a change of these changes the master's own changeKey is documented nowhere."""
    key = str(event.get("changeKey") or "")
    if not is_master(event):
        return key
    exceptions = sorted(
        [str(one.get(name) or "") for name in ("id", "changeKey", "lastModifiedDateTime")]
        for one in event.get(EXCEPTIONS) or []
    )
    said = json.dumps([exceptions, sorted(event.get(CANCELLED) or [])])
    return f"{key}{_MARK}{hashlib.sha256(said.encode()).hexdigest()[:32]}"
