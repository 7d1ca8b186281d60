"""What Microsoft Graph tells of a message beside its content. Pure.

https://learn.microsoft.com/graph/api/resources/message and, for what has no name there, MAPI
properties ([MS-OXPROPS]) as singleValueExtendedProperties. Importance and the date of sending stand
in the MIME that Exchange writes: nothing is added to it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from migration.mail import ItemRef
from migration.wire.graph_model import Json

SELECT = "receivedDateTime,sentDateTime,createdDateTime,changeKey,isRead,isDraft,flag,categories"
"""For $select; `id` always comes."""

_SIZE, _LAST_VERB = 0x0E08, 0x1081
EXPAND = (
    "singleValueExtendedProperties("
    f"$filter=id%20eq%20'Integer%200x{_SIZE:04X}'%20or%20id%20eq%20'Integer%200x{_LAST_VERB:04X}')"
)
"""For $expand: PidTagMessageSize and PidTagLastVerbExecuted."""

_ANSWERED, _FORWARDED = ("102", "103"), "104"
_DATES = ("receivedDateTime", "sentDateTime", "createdDateTime")
_NEEDED = ("receivedDateTime", "changeKey", "isRead", "isDraft", "flag", "categories")
_FIRST_MOMENT = datetime(1601, 1, 1, tzinfo=UTC)  # where Exchange's time begins


@dataclass(frozen=True, slots=True)
class Told:
    """A message as it was listed. `received` is in UTC: Exchange keeps no zone."""

    ref: ItemRef
    received: datetime
    flags: frozenset[str]


def is_complete(message: Json) -> bool:
    """Whether all of it was told: a delta round shows of a changed message what has changed, and
    maybe more. A size is always there; a verb only where somebody has answered or forwarded."""
    return all(name in message for name in _NEEDED) and _SIZE in dict(_extended(message))


def read_told(message: Json) -> Told:
    """The message, from an object with `SELECT` and `EXPAND`. What is missing counts as not set:
    size 0, received when it was sent or made (not when it was changed last, which may be today).
    Without any of these the date in `ref` is empty: no filter may leave the message out by it."""
    extended = dict(_extended(message))
    size = extended.get(_SIZE, "")
    received = next(filter(None, (_moment(message.get(name)) for name in _DATES)), None)
    date = received.isoformat() if received else ""
    ref = ItemRef(read_uid(message), int(size) if size.isdecimal() else 0, date)
    flags = _flags(message, extended.get(_LAST_VERB, ""))
    return Told(ref, received or _FIRST_MOMENT, flags)


def read_uid(message: Json) -> str:
    """The message's uid: its immutable id.

    A draft keeps that while it is written, so its version (changeKey) stands behind it, after ~,
    which ids do not contain: a draft that was edited is another message, as over IMAP. Of other
    messages only flags change.
    """
    id_ = str(message["id"])
    if not message.get("isDraft"):
        return id_
    return f"{id_}~{''.join(filter(str.isalnum, str(message.get('changeKey') or '')))}"


def id_of(uid: str) -> str:
    """The immutable id in a uid."""
    return uid.partition("~")[0]


def _flags(message: Json, verb: str) -> frozenset[str]:
    flag = message.get("flag") or {}
    flags = {
        "\\Seen": bool(message.get("isRead")),
        "\\Draft": bool(message.get("isDraft")),
        "\\Flagged": flag.get("flagStatus") == "flagged",
        "\\Answered": verb in _ANSWERED,
        "$Forwarded": verb == _FORWARDED,
    }
    # A category that is called like a system flag must not become one.
    categories = {name for name in message.get("categories") or () if not name.startswith("\\")}
    return frozenset(name for name, is_set in flags.items() if is_set) | categories


def _extended(message: Json) -> Iterator[tuple[int, str]]:
    """Tag and value of each property. Graph spells tags in its own way: asked for `Integer 0x0E08`,
    it tells `Integer 0xe08`."""
    for each in message.get("singleValueExtendedProperties") or ():
        tag = str(each.get("id", "")).rpartition(" ")[2]
        try:
            yield int(tag, 16), str(each.get("value", ""))
        except ValueError:
            continue  # a named property, of which none is asked for


def _moment(text: object) -> datetime | None:
    """A DateTimeOffset; None for the first moment of a calendar, which stands for none."""
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    moment = moment.replace(tzinfo=moment.tzinfo or UTC)
    return moment.astimezone(UTC) if moment > _FIRST_MOMENT else None
