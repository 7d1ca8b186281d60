"""MAPI properties of messages, as $expand=singleValueExtendedProperties tells them.

https://learn.microsoft.com/graph/api/singlevaluelegacyextendedproperty-get. Asked for as
"Integer 0x0E07", told as "Integer 0xe07"; one that a message does not have is left out. Names and
meanings: [MS-OXPROPS].
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime

from localrun.fakes.graph.answers import GraphError, Json, moment
from localrun.fakes.graph.messages import Message

_EXPAND = re.compile(r"singleValueExtendedProperties\(\s*\$filter=(.*)\)", re.I | re.S)
_ID = re.compile(r"\s*id\s+eq\s+'(\w+) 0x([0-9a-f]{1,4})'\s*", re.IGNORECASE)

_READ, _UNSENT, _HAS_ATTACHMENTS = 0x1, 0x8, 0x10
_REPLIED, _FORWARDED = 102, 104


def wanted_properties(expand: str) -> list[tuple[str, int]]:
    """Types and numbers that $expand names; GraphError if it is something else."""
    if not expand:
        return []
    found = _EXPAND.fullmatch(expand.strip())
    terms = re.split(r"\s+or\s+", found[1], flags=re.I) if found else [""]
    ids = [_ID.fullmatch(term) for term in terms]
    if not all(ids):
        raise GraphError(400, "ErrorInvalidUrlQuery", f"'{expand}' cannot be expanded.")
    return [(one[1].capitalize(), int(one[2], 16)) for one in ids if one]


def told_properties(message: Message, wanted: list[tuple[str, int]]) -> Json:
    """{"singleValueExtendedProperties": [..]}, or nothing if there is none of them."""
    found = []
    for kind, number in wanted:
        types, value_of = _PROPERTIES.get(number, ((), _nothing))
        value = value_of(message) if kind in types else None
        if value is not None:
            spelled = _SPELLED.get(kind, kind)
            found.append({"id": f"{spelled} 0x{number:x}", "value": value})
    return {"singleValueExtendedProperties": found} if found else {}


def _nothing(message: Message) -> str | None:
    return None


def _delivered(message: Message) -> str | None:
    return None if message.is_draft else moment(message.received)


def _submitted(message: Message) -> str | None:
    sent: datetime | None = message.sent
    return None if sent is None else moment(sent)


def _flags(message: Message) -> str:
    flags = _READ if message.is_read else 0
    flags |= _UNSENT if message.is_draft else 0
    flags |= _HAS_ATTACHMENTS if b"disposition: attachment" in message.mime.lower() else 0
    return str(flags)


def _verb(message: Message) -> str | None:
    if "$Forwarded" in message.flags:
        return str(_FORWARDED)
    return str(_REPLIED) if "\\Answered" in message.flags else None


def _size(message: Message) -> str:
    return str(len(message.mime))


_SPELLED = {"Systemtime": "SystemTime"}
_TIME, _NUMBER = ("Systemtime",), ("Integer", "Long")
_PROPERTIES: Mapping[int, tuple[tuple[str, ...], Callable[[Message], str | None]]] = {
    0x0E06: (_TIME, _delivered),
    0x0039: (_TIME, _submitted),
    0x0E07: (_NUMBER, _flags),
    0x1081: (_NUMBER, _verb),
    0x0E08: (_NUMBER, _size),
}
