"""What two servers must show alike of a message although one of them rebuilds it. Pure.

A server that takes messages apart gives them back with other headers, other encodings and other
line breaks. So not bytes are compared but what a reader would miss: who wrote to whom and when,
the subject, the text, the attachments.
"""

from __future__ import annotations

import email.message
import email.parser
import hashlib
import html
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.errors import MessageError
from email.header import decode_header, make_header
from email.utils import getaddresses, parsedate_to_datetime

from migration.mime import Mime, pieces

_BROKEN = (MessageError, ValueError, LookupError, TypeError, AttributeError, RecursionError)
"""What the email package raises for mail that is no mail."""

_UNREADABLE = "\N{REPLACEMENT CHARACTER}"
_LINE_ENDS = b"\r\n\0"
_DIGEST = 16

_REMADE = frozenset({"text/calendar", "application/ms-tnef"})
"""Parts that servers turn into items of their own, or write anew."""


@dataclass(frozen=True, slots=True)
class Traits:
    """What a message says. A trait that is empty is not known: the message lacks it, or it is
    written so badly that every server reads it in its own way.

    `text` is a digest of the words, those of the HTML if there is any: servers that keep one form
    of a text keep that one and make the other from it. `attachments` holds digests; a message
    within the message counts as one that is there. `is_empty` says that there is nothing to read.
    """

    message_id: str = ""
    date: datetime | None = None
    subject: str = ""
    sender: frozenset[str] = frozenset()
    to: frozenset[str] = frozenset()
    cc: frozenset[str] = frozenset()
    text: str = ""
    plain: str = ""
    attachments: tuple[str, ...] = ()
    is_empty: bool = False


def read_traits(mime: Mime) -> Traits | None:
    """The traits; None for content of which the parser can make nothing. Uses a stream up."""
    parser = email.parser.BytesFeedParser()
    try:
        for piece in pieces(mime):
            parser.feed(piece)
        return _traits(parser.close())
    except _BROKEN:
        return None


def compare_traits(source: Traits, target: Traits) -> tuple[str, ...]:
    """The names of the traits that the source's message has and the target's has not, or has
    otherwise. `empty`: the target shows nothing of a message that says something."""
    if target.is_empty and not source.is_empty:
        return ("empty",)
    pairs = (
        ("message-id", source.message_id and source.message_id != target.message_id),
        ("date", source.date and source.date != target.date),
        ("subject", source.subject and source.subject != target.subject),
        ("from", source.sender and source.sender != target.sender),
        ("to", source.to and source.to != target.to),
        ("cc", source.cc and source.cc != target.cc),
        ("text", source.text and source.text not in (target.text, target.plain)),
        ("attachments", Counter(source.attachments) - Counter(target.attachments)),
    )
    return tuple(name for name, differs in pairs if differs)


def _traits(message: email.message.Message) -> Traits:
    words: dict[str, list[str | None]] = {"text/plain": [], "text/html": []}
    attachments: list[str] = []
    is_empty = True
    for part in _leaves(message):
        kind = part.get_content_type()
        if part.get_content_maintype() == "message":
            attachments.append("message")
        elif kind in words and not _is_attached(part):
            words[kind].append(_words(part, kind))
        elif kind not in _REMADE:
            attachments.append(_digest_of(part))
        is_empty = is_empty and not _content(part).strip() and not attachments
    plain, markup = (_digest_of_words(words[kind]) for kind in words)
    return Traits(
        message_id="".join(_header(message, "Message-ID").split()),
        date=_date(_header(message, "Date")),
        subject=_subject(_header(message, "Subject")),
        sender=_addresses(message, "From"),
        to=_addresses(message, "To"),
        cc=_addresses(message, "Cc"),
        text=markup or plain,
        plain=plain,
        attachments=tuple(sorted(attachments)),
        is_empty=is_empty,
    )


def _leaves(message: email.message.Message) -> Iterator[email.message.Message]:
    """The parts that hold something, in order. Not by recursion: mail can be nested on purpose."""
    waiting = [message]
    while waiting:
        part = waiting.pop()
        inside = part.get_payload()
        if isinstance(inside, list) and part.get_content_maintype() != "message":
            waiting += [
                each for each in reversed(inside) if isinstance(each, email.message.Message)
            ]
        else:
            yield part


def _is_attached(part: email.message.Message) -> bool:
    return part.get_content_disposition() == "attachment" or bool(part.get_filename())


# ---- headers ---------------------------------------------------------------------------------


def _header(message: email.message.Message, name: str) -> str:
    """As it is written; empty if there is none, or if it holds bytes of no declared charset."""
    text = str(message.get(name, ""))
    return "" if _UNREADABLE in text else text


def _subject(raw: str) -> str:
    """Without white space: lines are folded, and folded back, in many ways."""
    text = str(make_header(decode_header(raw))) if _can_decode(raw) else ""
    return "".join(text.split())


def _can_decode(raw: str) -> bool:
    try:
        return _UNREADABLE not in str(make_header(decode_header(raw)))
    except _BROKEN:
        return False


def _date(raw: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(" ".join(raw.split()))
        return date.replace(tzinfo=date.tzinfo or UTC).astimezone(UTC)
    except (*_BROKEN, OverflowError):
        return None


def _addresses(message: email.message.Message, name: str) -> frozenset[str]:
    """Of the form a@b, in lower case; names are left out."""
    written = [str(value) for value in message.get_all(name, ())]
    found = (address.casefold() for _, address in getaddresses(written))
    return frozenset(each for each in found if "@" in each and _UNREADABLE not in each)


# ---- content ---------------------------------------------------------------------------------


def _words(part: email.message.Message, kind: str) -> str | None:
    """The text without white space and markup; None if it is not in the charset it names."""
    content = _content(part)
    try:
        text = content.decode(part.get_content_charset("ascii"))
    except (UnicodeError, LookupError):
        return None
    if kind == "text/html":
        text = html.unescape(_without_tags(text))
    return "".join(text.replace("\0", "").split())


def _digest_of_words(parts: Sequence[str | None]) -> str:
    """Empty if one of the parts cannot be read: the other side may read it."""
    known = [part for part in parts if part is not None]
    return _digest("".join(known).encode()) if len(known) == len(parts) else ""


def _without_tags(markup: str) -> str:
    """In one pass: mail may be written to make a cleverer way slow."""
    first, *rest = markup.split("<")
    kept = [first]
    for piece in rest:
        tag, _, text = piece.partition(">")
        if not tag[:6].casefold().startswith(("style", "script", "title")):
            kept.append(text)
    return "".join(kept)


def _digest_of(part: email.message.Message) -> str:
    content = _content(part)
    is_text = part.get_content_maintype() == "text"
    return _digest(content.translate(None, _LINE_ENDS) if is_text else content) or "nothing"


def _content(part: email.message.Message) -> bytes:
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:_DIGEST] if content else ""
