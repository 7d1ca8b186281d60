"""What must change at a WorkMail user who has a mailbox, for it to be as the manifest says.

All functions are pure. What the manifest leaves empty stays as WorkMail has it. Reasons name the
manifest's columns and sizes, never an address or a name.
"""

from __future__ import annotations

import math
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Any

from migration.directory_model import DirectoryUser, Group, MailboxSize, Owner, Resource
from migration.model import Mailbox, Profile
from migration.workmail_names import ROLES

_NAMES = ("display_name", "first_name", "last_name")


class Action(StrEnum):
    """What to do with one thing that the manifest says."""

    LEAVE = "leave"
    CHANGE = "change"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Ruling:
    """An action and the reason for it."""

    action: Action
    reason: str


def wanted_user(mailbox: Mailbox, user: DirectoryUser) -> DirectoryUser:
    """The user as it should be: what the manifest says, and WorkMail's own where it says nothing.
    WorkMail's spelling of an id is kept, whose digits count the same in capitals."""
    names = {name: getattr(mailbox, name) or getattr(user, name) for name in _NAMES}
    said = {
        name: value for name, value in _members(mailbox.profile).items() if value not in ("", None)
    }
    known = user.profile.identity_center_id
    if mailbox.profile.identity_center_id.lower() == known.lower():
        said["identity_center_id"] = known
    return replace(user, **names, profile=replace(user.profile, **said))


def rule_on_user(mailbox: Mailbox, user: DirectoryUser) -> Ruling:
    """Whether names and profile must change. A role that WorkMail keeps for itself cannot."""
    wanted = wanted_user(mailbox, user)
    columns = [name for name in _NAMES if getattr(wanted, name) != getattr(user, name)]
    before, after = _members(user.profile), _members(wanted.profile)
    columns += [name for name in after if after[name] != before[name]]
    if "role" in columns and user.profile.role not in ("", *ROLES):
        reason = (
            "role: WorkMail shows a resource or a system user, whose role cannot be changed: "
            "leave role empty, or write another target and username in the manifest"
        )
        return Ruling(Action.REFUSE, reason)
    if columns:
        return Ruling(Action.CHANGE, f"WorkMail has another value of {', '.join(columns)}")
    return Ruling(Action.LEAVE, "WorkMail has what the manifest says")


def rule_on_quota(quota_mb: int, size: MailboxSize) -> Ruling:
    """Whether the mailbox gets `quota_mb`: not if it holds more than that already."""
    if quota_mb == size.quota_mb:
        return Ruling(Action.LEAVE, "the mailbox has that quota")
    if quota_mb < size.held_mb:
        held = math.ceil(size.held_mb)
        reason = (
            f"quota_mb: the mailbox holds {held} MB already: write at least {held}, "
            "leave quota_mb empty, or delete mail in WorkMail"
        )
        return Ruling(Action.REFUSE, reason)
    return Ruling(Action.CHANGE, f"the mailbox has a quota of {size.quota_mb} MB")


def missing_aliases(
    wanted: Mailbox | Group | Resource, present: AbstractSet[str]
) -> list[tuple[int, str]]:
    """The aliases still to add, each with its number in the manifest, counted from 1."""
    known = {alias.lower() for alias in present}
    return [
        (number, alias)
        for number, alias in enumerate(wanted.aliases, 1)
        if alias.lower() not in known
    ]


def tell_taken_alias(number: int, owner: Owner) -> str:
    """Why the alias of that number cannot be added, whose `owner` is another entity."""
    return f"alias {number} belongs to another {owner.kind.lower()} in WorkMail"


def _members(profile: Profile) -> dict[str, Any]:
    return {field.name: getattr(profile, field.name) for field in fields(profile)}
