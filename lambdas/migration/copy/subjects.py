"""The subject of a message, for those of which the report tells, if the tenant wants it there."""

from __future__ import annotations

import re
from email.errors import MessageError
from email.policy import default as rules

from migration.mime import HEAD, Mime, head

LONGEST = 200
"""So many characters of a subject are kept."""

_LONGEST_FIELD = 4_000  # octets: LONGEST characters in the longest way of writing them
_END_OF_HEADER = re.compile(rb"(?:\A|\n)\r?\n")
_SUBJECT = re.compile(rb"^subject[ \t]*:((?:[^\n]|\n[ \t])*)", re.IGNORECASE | re.MULTILINE)
_LINE_ENDS = re.compile(rb"[\r\n]")
_HALVES = re.compile("[\ud800-\udfff]")


def find_subject(mime: Mime) -> bytes:
    """The first Subject field as it stands in the header, at most as much of it as is decoded; b""
    if there is none. Uses nothing up."""
    beginning = head(mime)[:HEAD]
    end = _END_OF_HEADER.search(beginning)
    found = _SUBJECT.search(beginning, 0, end.start() if end else len(beginning))
    return found[1][:_LONGEST_FIELD] if found else b""


def decode_subject(field: bytes) -> str:
    """What a reader of mail shows of the field, at most LONGEST characters in one line. Octets that
    mean nothing become U+FFFD; a field over which the standard library stumbles is shown as it is
    written."""
    written = _LINE_ENDS.sub(b"", field)
    text = written.decode("ascii", "surrogateescape")
    try:
        text = str(rules.header_factory("subject", text))
    except (MessageError, ValueError, LookupError, TypeError, AttributeError):
        text = written.decode("utf-8", "replace")
    return _HALVES.sub("\N{REPLACEMENT CHARACTER}", " ".join(text.split()))[:LONGEST]
