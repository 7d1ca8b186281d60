"""A message with its flags and dates, as WorkMail's EWS takes and shows it. Pure functions.

Nobody must learn from a migration that somebody has read or deleted an old message. A server sends
a receipt when a message that asks for one is marked as read, or is deleted unread; EWS up to 2010
SP2 has no way to tell it not to. So the request for the receipt is taken back first, in a change of
its own that is saved before the next is begun.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache

from migration.mail import Item, ItemRef, Stamped
from migration.mime import HEAD, Mime, head
from migration.wire.ews_model import ItemChange, NewMessage, Property, Shown

KEY = Property("String", property_set="7d1e2c54-93b8-4f0a-a6d7-5b0c8e41f2a9", name="MigrationKey")
"""The named property that holds a message's migration key. The GUID is ours; it never changes."""

# MAPI properties, [MS-OXPROPS].
_MESSAGE_FLAGS = Property("Integer", tag=0x0E07)
_DELIVERY_TIME = Property("SystemTime", tag=0x0E06)
_SUBMIT_TIME = Property("SystemTime", tag=0x0039)
_FLAG_STATUS = Property("Integer", tag=0x1090)
_ICON_INDEX = Property("Integer", tag=0x1080)
_LAST_VERB = Property("Integer", tag=0x1081)
_READ_RECEIPT = Property("Boolean", tag=0x0029)
_NON_READ_RECEIPT = Property("Boolean", tag=0x0C06)
_NO_RECEIPTS = ((_READ_RECEIPT, "false"), (_NON_READ_RECEIPT, "false"))

SHOWN_PROPERTIES = (_DELIVERY_TIME, _FLAG_STATUS, _LAST_VERB)
"""What `shown_item` wants to know besides what every item shows."""

_READ, _UNSENT = 0x1, 0x8
_FOLLOW_UP = "2"
_REPLIED_ICON, _REPLIED, _REPLIED_TO_ALL = "261", "102", "103"
_FORWARDED_ICON, _FORWARDED = "262", "104"
_NO_CATEGORY = frozenset(
    {"\\seen", "\\flagged", "\\answered", "\\draft", "\\deleted", "\\recent", "$forwarded"}
)
_FIRST_MOMENT = datetime(1601, 1, 1, tzinfo=UTC)  # SystemTime counts from here


def new_message(stamped: Stamped) -> NewMessage:
    """The message as EWS takes it. Dates that MAPI cannot hold become the nearest it can."""
    item = stamped.item
    state = _state_of(item.flags)
    headers = Headers(item.mime)
    properties = [(KEY, stamped.key), state.bits, (_DELIVERY_TIME, _moment(item.received))]
    sent = headers.date()
    if sent is not None:
        properties.append((_SUBMIT_TIME, _moment(sent)))
    properties += state.marks
    if state.is_read and headers.asks_for_receipt():
        properties += _NO_RECEIPTS
    return NewMessage(item.mime, state.is_read, state.categories, tuple(properties))


@dataclass(frozen=True, slots=True)
class _State:
    """What the flags of a new message mean in WorkMail."""

    is_read: bool
    bits: tuple[Property, str]
    marks: tuple[tuple[Property, str], ...]
    categories: tuple[str, ...]


@lru_cache(maxsize=1024)  # most messages of a mailbox have one of a few sets of flags
def _state_of(flags: frozenset[str]) -> _State:
    folded = {flag.casefold() for flag in flags}
    is_read = "\\seen" in folded
    bits = (_READ if is_read else 0) | (_UNSENT if "\\draft" in folded else 0)
    marks = tuple((name, value) for name, value in _marks(folded) if value is not None)
    return _State(is_read, (_MESSAGE_FLAGS, str(bits)), marks, _categories(flags))


def flag_changes(item_id: str, flags: frozenset[str]) -> list[ItemChange]:
    """What makes these the flags of an item. Whether it is a draft cannot be changed any more."""
    folded = {flag.casefold() for flag in flags}
    is_read = "\\seen" in folded
    change = ItemChange(item_id, is_read, _categories(flags), tuple(_marks(folded)))
    return [no_receipt(item_id), change] if is_read else [change]


def no_receipt(item_id: str) -> ItemChange:
    """Takes back what asks for a receipt."""
    return ItemChange(item_id, properties=_NO_RECEIPTS)


def shown_item(item_id: str, shown: Shown) -> Item:
    """The item as WorkMail has it. Its MIME is made by the server, from what it kept."""
    verb = shown.values.get(_LAST_VERB, "")
    flags = {
        "\\Seen": shown.is_read,
        "\\Draft": shown.is_draft,
        "\\Flagged": shown.values.get(_FLAG_STATUS) == _FOLLOW_UP,
        "\\Answered": verb in (_REPLIED, _REPLIED_TO_ALL),
        "$Forwarded": verb == _FORWARDED,
    }
    received = _read_moment(shown.received) or _read_moment(shown.values.get(_DELIVERY_TIME, ""))
    return Item(
        ItemRef(item_id, len(shown.mime)),
        shown.mime,
        received or _FIRST_MOMENT,
        frozenset(flag for flag, is_set in flags.items() if is_set) | set(shown.categories),
    )


def _marks(flags: set[str]) -> list[tuple[Property, str | None]]:
    """The properties that show a message as flagged, answered or forwarded; None for those that it
    shall not have. Answered and forwarded are one property: the answer counts for more."""
    icon, verb = None, None
    if "\\answered" in flags:
        icon, verb = _REPLIED_ICON, _REPLIED
    elif "$forwarded" in flags:
        icon, verb = _FORWARDED_ICON, _FORWARDED
    status = _FOLLOW_UP if "\\flagged" in flags else None
    return [(_FLAG_STATUS, status), (_ICON_INDEX, icon), (_LAST_VERB, verb)]


def _categories(flags: frozenset[str]) -> tuple[str, ...]:
    return tuple(sorted(flag for flag in flags if flag.casefold() not in _NO_CATEGORY))


_VALUE = re.compile(rb"[ \t]*((?:[^\r\n]|\r?\n[ \t])*)")
_RECEIPT_HEADERS = (b"disposition-notification-to:", b"return-receipt-to:")


class Headers:
    """The header block of a message, as far as it stands in its beginning."""

    def __init__(self, mime: Mime) -> None:
        beginning = head(mime)
        end = beginning.find(b"\n\r\n", 0, HEAD)
        end = end if end >= 0 else min(len(beginning), HEAD)
        bare = beginning.find(b"\n\n", 0, end)
        self._block = beginning[: bare if bare >= 0 else end]
        self._folded = b"\n" + self._block.lower()

    def date(self) -> datetime | None:
        """The moment in Date; None when there is none or it makes no sense."""
        name = b"\ndate:"
        at = self._folded.find(name)
        found = None if at < 0 else _VALUE.match(self._block, at + len(name) - 1)
        if found is None:
            return None
        try:
            return parsedate_to_datetime(" ".join(found[1].decode("ascii", "replace").split()))
        except (ValueError, OverflowError):
            return None

    def asks_for_receipt(self) -> bool:
        """Whether the sender wants to know that the message was read."""
        return any(b"\n" + name in self._folded for name in _RECEIPT_HEADERS)


def _moment(moment: datetime) -> str:
    """Whole seconds in UTC; not before 1601, where MAPI's time begins."""
    try:
        known = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except OverflowError:
        known = _FIRST_MOMENT
    text = max(known, _FIRST_MOMENT).isoformat(timespec="seconds")
    return f"{text.removesuffix('+00:00')}Z"


def _read_moment(text: str) -> datetime | None:
    """An xs:dateTime, with however many fractional digits; without a zone it is UTC."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC).replace(microsecond=0)
