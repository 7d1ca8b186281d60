"""Rules and the automatic reply of a mailbox, kept in the tenant's bucket for the report.

`groupware/<mailbox>/settings.json` is written anew by each pass, so that it has what there was when
the mailbox was last copied. It holds addresses and what people wrote: nothing of it is logged.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from migration.mailbox_settings import (
    Audience,
    AutomaticReply,
    MailboxSettings,
    ReplyStatus,
    Rule,
)
from migration.ports import BlobStore


def keep_settings(found: MailboxSettings, blobs: BlobStore, mailbox_id: str) -> None:
    """Writes them down, over what was there."""
    body = json.dumps(asdict(found), indent=1, sort_keys=True).encode()
    blobs.put(f"groupware/{mailbox_id}/settings.json", body, "application/json")


def read_settings(blobs: BlobStore, mailbox_id: str) -> MailboxSettings:
    """What was written down of that mailbox; nothing if it was not."""
    try:
        told = json.loads(blobs.get(f"groupware/{mailbox_id}/settings.json"))
    except KeyError:
        return MailboxSettings()
    return MailboxSettings(
        tuple(map(_rule, told["rules"])),
        _reply(told["reply"]) if told["reply"] else None,
        tuple(told["problems"]),
        told["is_at_target"],
    )


def _rule(told: dict[str, Any]) -> Rule:
    return Rule(
        told["name"],
        told["order"],
        told["is_active"],
        tuple(told["conditions"]),
        tuple(told["exceptions"]),
        tuple(told["actions"]),
        tuple(told["forwards"]),
        told["has_error"],
    )


def _reply(told: dict[str, Any]) -> AutomaticReply:
    return AutomaticReply(
        ReplyStatus(told["status"]),
        told["inside"],
        told["outside"],
        Audience(told["audience"]),
        told["begin"],
        told["end"],
    )
