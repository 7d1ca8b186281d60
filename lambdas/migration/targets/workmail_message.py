"""A message with its flags and dates, as WorkMail's EWS takes it. Pure functions."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from migration.model import Stamped
from migration.wire.ews_model import NewMessage, Property

KEY = Property("String", property_set="7d1e2c54-93b8-4f0a-a6d7-5b0c8e41f2a9", name="MigrationKey")
"""The named property that holds a message's migration key. The GUID is ours; it never changes."""

# MAPI properties, [MS-OXPROPS].
_MESSAGE_FLAGS = Property("Integer", tag=0x0E07)
_DELIVERY_TIME = Property("SystemTime", tag=0x0E06)
_SUBMIT_TIME = Property("SystemTime", tag=0x0039)
_FLAG_STATUS = Property("Integer", tag=0x1090)
_ICON_INDEX = Property("Integer", tag=0x1080)
_LAST_VERB = Property("Integer", tag=0x1081)
_READ, _UNSENT = 0x1, 0x8
_FOLLOW_UP = "2"
_REPLIED_ICON, _REPLIED = "261", "102"
_FORWARDED_ICON, _FORWARDED = "262", "104"
_NO_CATEGORY = frozenset(
    {"\\seen", "\\flagged", "\\answered", "\\draft", "\\deleted", "\\recent", "$forwarded"}
)
_FIRST_MOMENT = datetime(1601, 1, 1, tzinfo=UTC)  # SystemTime counts from here


def new_message(stamped: Stamped) -> NewMessage:
    """The message as EWS takes it. Dates that MAPI cannot hold become the nearest it can."""
    item = stamped.item
    flags = {flag.casefold() for flag in item.flags}
    is_read = "\\seen" in flags
    bits = (_READ if is_read else 0) | (_UNSENT if "\\draft" in flags else 0)
    properties = [
        (KEY, stamped.key),
        (_MESSAGE_FLAGS, str(bits)),
        (_DELIVERY_TIME, _moment(item.received)),
    ]
    sent = date_header(item.mime)
    if sent is not None:
        properties.append((_SUBMIT_TIME, _moment(sent)))
    if "\\flagged" in flags:
        properties.append((_FLAG_STATUS, _FOLLOW_UP))
    if "\\answered" in flags:
        properties += [(_ICON_INDEX, _REPLIED_ICON), (_LAST_VERB, _REPLIED)]
    elif "$forwarded" in flags:
        properties += [(_ICON_INDEX, _FORWARDED_ICON), (_LAST_VERB, _FORWARDED)]
    categories = sorted(flag for flag in item.flags if flag.casefold() not in _NO_CATEGORY)
    return NewMessage(item.mime, is_read, tuple(categories), tuple(properties))


_DATE = re.compile(rb"^Date:[ \t]*((?:[^\r\n]|\r?\n[ \t])*)", re.IGNORECASE | re.MULTILINE)
_HEADER_END = re.compile(rb"\r?\n\r?\n")


def date_header(mime: bytes) -> datetime | None:
    """The Date header's moment; None when there is none or it makes no sense."""
    end = _HEADER_END.search(mime)
    found = _DATE.search(mime, 0, end.start() + 1 if end else len(mime))
    if found is None:
        return None
    try:
        return parsedate_to_datetime(" ".join(found[1].decode("ascii", "replace").split()))
    except (ValueError, OverflowError):
        return None


def _moment(moment: datetime) -> str:
    """Whole seconds in UTC; not before 1601, where MAPI's time begins."""
    try:
        known = moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except OverflowError:
        known = _FIRST_MOMENT
    return max(known, _FIRST_MOMENT).strftime("%Y-%m-%dT%H:%M:%SZ")
