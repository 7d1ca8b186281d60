"""Keeps what the next call needs to see that nothing has happened (copy_quiet.py)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from localrun.copy_options import Order
from localrun.copy_quiet import MEMO, VERSION, digest, stamp
from localrun.copy_state import TENANT, State
from migration.mail import Folder
from migration.model import CopyPolicy
from migration.ports import Capabilities

_SECONDS = 3600.0


def forget(folder: Path) -> None:
    """Before anything changes."""
    (folder / MEMO).unlink(missing_ok=True)


def keep(
    order: Order, arguments: Sequence[str], folders: Sequence[Folder], counts: Mapping[str, int]
) -> None:
    """After a pass that has seen these folders and left nothing to do; the ledger is closed. Does
    nothing where that cannot be written: the memo only saves time."""
    memo = {
        "version": VERSION,
        "arguments": list(arguments),
        "source": asdict(order.source),
        "target": asdict(order.target),
        "secrets": [str(file) if file else None for file in order.secret_files],
        "ca": str(order.ca_file) if order.ca_file else None,
        "allow_plain": order.allow_plain,
        "quiet": order.quiet,
        "folders": digest(
            (each.key, each.path, each.validity, each.count, each.end, each.changes)
            for each in folders
        ),
        **counts,
    }
    with suppress(OSError):
        draft = order.state / f"{MEMO}.unfinished"
        draft.write_text(json.dumps(memo | {"ledger": stamp(order.state)}), "utf-8")
        draft.chmod(0o600)
        draft.replace(order.state / MEMO)


class WouldActError(Exception):
    """The engine wanted more than to look."""


class _Only:
    """Has these attributes; whoever wants another one would act."""

    def __init__(self, **shown: object) -> None:
        self.__dict__.update(shown)

    def __getattr__(self, name: str) -> Any:
        raise WouldActError(name)


def _only(**shown: object) -> Any:
    """In place of a source, a target, a ledger or blobs."""
    return _Only(**shown)


def would_rest(
    state: State,
    folders: Sequence[Folder],
    capabilities: tuple[Capabilities, Capabilities],
    policy: CopyPolicy,
) -> bool:
    """Whether the engine would find nothing to do, if the source listed these folders and the
    ledger were as it is. The engine itself is asked; the capabilities are the source's and the
    target's."""
    from migration.copy.engine import Pace, SliceJob, SliceOutcome, copy_slice

    def close() -> None:
        """Nothing is open."""

    now = datetime.now(UTC).isoformat()
    pace = Pace(overlap=False)
    try:
        result = copy_slice(
            _only(capabilities=capabilities[0], folders=lambda: list(folders), close=close),
            _only(capabilities=capabilities[1], close=close),
            _only(folders=state.ledger.folders, pause_wanted=lambda run: False),
            _only(),
            SliceJob(TENANT, state.mailbox, 0, now, pace=pace, policy=policy),
            lambda: _SECONDS,
        )
    except WouldActError:
        return False
    return result.outcome is SliceOutcome.DONE
