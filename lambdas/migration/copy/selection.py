"""Which folders and messages the tenant's policy selects. Pure functions.

A folder pattern holds the names of a folder and its parents, joined by `/`. Case does not count.
`*` stands for any characters within a name; `**`, alone between slashes, for any number of names,
at the end for at least one. A pattern without a `*` means the folder and everything below it; one
with a `*` means what it fits and no more.

A name that holds a `/` itself (the separator may be another one) counts as two.
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time

from migration.mail import Folder, ItemRef, SpecialUse
from migration.model import CopyPolicy

BEFORE_THE_WINDOW = "before-the-window"
AFTER_THE_WINDOW = "after-the-window"
TOO_LARGE_FOR_POLICY = "too-large-for-policy"

_MANY = "**"
_SCOPE_LENGTH = 12


def selects(policy: CopyPolicy, folder: Folder) -> bool:
    """Whether the folder is copied: no `exclude` fits it, and an `include` does, if there are any.

    The inbox needs no `include`: mail that still arrives at the old server arrives there, and a
    list of other folders must not leave it behind unnoticed. An `exclude` leaves it out.
    """
    names = _names("/".join(folder.path))
    if any(_fits(pattern, names) for pattern in policy.exclude):
        return False
    if not policy.include or folder.special is SpecialUse.INBOX or names == ["inbox"]:
        return True
    return any(_fits(pattern, names) for pattern in policy.include)


def scope(policy: CopyPolicy) -> str:
    """A digest of what filters messages, "" if nothing does. Where it differs from the one that a
    folder was copied under, messages that were left out may have to be copied."""
    filters = [policy.received_from, policy.received_before, policy.max_message_bytes]
    if not any(filters):
        return ""
    return hashlib.sha256(json.dumps(filters).encode()).hexdigest()[:_SCOPE_LENGTH]


def asks_for_dates(policy: CopyPolicy) -> bool:
    """Whether `skips` can tell more about a message whose date of reception is known."""
    return bool(policy.received_from or policy.received_before)


def skips(policy: CopyPolicy, ref: ItemRef, received: datetime | None) -> str:
    """The code of why the message is left out, "" if it is not.

    `received` is timezone-aware; None stands for the date in `ref`, if the source was asked for it.
    A message of which no date is known is not left out by its date.
    """
    if received is None and ref.received:
        received = datetime.fromisoformat(ref.received)
    if received is not None:
        if policy.received_from and received < _midnight(policy.received_from):
            return BEFORE_THE_WINDOW
        if policy.received_before and received >= _midnight(policy.received_before):
            return AFTER_THE_WINDOW
    if policy.max_message_bytes and ref.size > policy.max_message_bytes:
        return TOO_LARGE_FOR_POLICY
    return ""


def faults(policy: CopyPolicy) -> Iterator[str]:
    """What is wrong with a policy, as sentences about the tenant file. The other functions here
    expect one without faults."""
    for key, patterns in (("include", policy.include), ("exclude", policy.exclude)):
        for pattern in patterns:
            if complaint := _complain(pattern):
                yield f"`copy.{key}` in the tenant file: {pattern!r} {complaint}"
    days = (policy.received_from, policy.received_before)
    wrong = [day for day in days if day and not _is_day(day)]
    yield from (f"`copy` in the tenant file: {day!r} is no day such as 2027-03-31" for day in wrong)
    if all(days) and not wrong and days[0] >= days[1]:
        yield "`copy.received_before` in the tenant file must be later than `copy.received_from`"


def _complain(pattern: str) -> str:
    names = pattern.split("/")
    if not all(name.strip() for name in names):
        return "must be folder names joined by /, without an empty one"
    if any(_MANY in name and name != _MANY for name in names):
        return "must have ** alone between slashes"
    return ""


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _midnight(day: str) -> datetime:
    return datetime.combine(date.fromisoformat(day), time(), UTC)


def _names(text: str) -> list[str]:
    folded = unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())
    return folded.split("/")


def _fits(pattern: str, names: Sequence[str]) -> bool:
    wanted = _names(pattern)
    if "*" not in pattern:
        return wanted == list(names[: len(wanted)])
    ends = {0}  # how many of the names the pattern so far may stand for
    for place, part in enumerate(wanted):
        if part != _MANY:
            ends = {end + 1 for end in ends if end < len(names) and _name_fits(part, names[end])}
        elif ends:
            at_least = 1 if place == len(wanted) - 1 else 0
            ends = set(range(min(ends) + at_least, len(names) + 1))
    return len(names) in ends


def _name_fits(part: str, name: str) -> bool:
    """Each piece between two * is taken where it comes first: then most is left for the others."""
    first, *others = part.split("*")
    if not others:
        return part == name
    *middle, last = others
    if not name.startswith(first):
        return False
    position = len(first)
    for piece in middle:
        found = name.find(piece, position)
        if found < 0:
            return False
        position = found + len(piece)
    return name.endswith(last) and len(name) - len(last) >= position
