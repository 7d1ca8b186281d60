"""What to try when an IMAP server refuses a message. Pure functions.

Each step changes a little more than the one before; the first that the server takes is the copy,
and the report says what was changed. The steps are those that real servers were seen to want: Cyrus
refuses bare line feeds, NUL and messages without a header, Dovecot refuses single keywords, others
refuse dates.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache

from migration.mime import Mime

LONGEST_KEYWORD = 50

_SYSTEM = frozenset({"\\seen", "\\flagged", "\\answered", "\\draft", "\\deleted"})
_ATOM = re.compile(r"[^\x00-\x20\x7f-\U0010ffff()\[\]{%*\"\\]+")
_BARE = re.compile(rb"\r\n|\r|\n")
_FIELD = re.compile(rb"[!-9;-~]+[ \t]*:")
_HEADER = b"X-Migration-Note: this message had no header\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Attempt:
    """A message as it is to be sent. `altered` names what was changed, by codes joined with +;
    without `received` the server takes the time of its arrival."""

    mime: bytes
    flags: tuple[str, ...]
    received: datetime | None
    altered: str = ""


def ladder(first: Attempt) -> Iterator[Attempt]:
    """What to try after `first` was refused, one step after the other. Steps that would change
    nothing are left out."""
    current = first
    for code, step in (
        ("crlf", _with_crlf),
        ("nul-removed", _without_nul),
        ("header-added", _with_header),
        ("keywords-left-out", _without_keywords),
        ("date-left-out", _without_date),
    ):
        changed = step(current)
        if changed != current:
            current = replace(changed, altered=join_codes(current.altered, code))
            yield current


def without_note(mime: Mime) -> Mime:
    """The message as it was before the ladder put a header before it."""
    if isinstance(mime, bytes) and mime.startswith(_HEADER):
        return mime[len(_HEADER) :]
    return mime


@lru_cache(maxsize=1024)  # most messages of a mailbox have one of a few sets of flags
def split_flags(flags: frozenset[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Flags that every server takes, sorted, and those that are left out: keywords that are no
    atoms, or longer than servers keep."""
    fit = {flag for flag in flags if _fits(flag)}
    return tuple(sorted(fit)), tuple(sorted(flags - fit))


def join_codes(*codes: str) -> str:
    """Codes joined with +, without empty ones."""
    return "+".join(code for code in codes if code)


def _fits(flag: str) -> bool:
    if flag.startswith("\\"):
        return flag.lower() in _SYSTEM
    return len(flag) <= LONGEST_KEYWORD and _ATOM.fullmatch(flag) is not None


def _with_crlf(attempt: Attempt) -> Attempt:
    return replace(attempt, mime=_BARE.sub(b"\r\n", attempt.mime))


def _without_nul(attempt: Attempt) -> Attempt:
    return replace(attempt, mime=attempt.mime.replace(b"\0", b""))


def _with_header(attempt: Attempt) -> Attempt:
    """Only where there is none: the first line of a message with a header begins a field."""
    if _FIELD.match(attempt.mime):
        return attempt
    return replace(attempt, mime=_HEADER + attempt.mime)


def _without_keywords(attempt: Attempt) -> Attempt:
    system = tuple(flag for flag in attempt.flags if flag.startswith("\\"))
    return replace(attempt, flags=system)


def _without_date(attempt: Attempt) -> Attempt:
    return replace(attempt, received=None)
