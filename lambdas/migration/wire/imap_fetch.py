"""Whole messages out of the answers to FETCH (RFC 3501 section 7.4.2)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache

from migration.mail import Item, ItemRef
from migration.mime import STREAM_FROM, MimeStream, head
from migration.wire.imap import ImapConnection, check
from migration.wire.imap_errors import CommandRefused, Garbled, ImapError
from migration.wire.imap_parse import (
    Response,
    Value,
    format_uids,
    number,
    parse_date,
    parse_pairs,
    parse_values,
)
from migration.wire.imap_socket import Part

_BODY_ITEMS = b"(UID FLAGS INTERNALDATE BODY.PEEK[])"
_BODY = re.compile(
    rb'\d+ FETCH \(UID (\d+) FLAGS \(([^()]*)\) INTERNALDATE "([^"]*)" BODY\[\] \0\)', re.IGNORECASE
)
"""The usual form of an answer; any other is read by the general parser."""


def fetched(response: Response) -> dict[bytes, Value]:
    """What a FETCH response holds, by item name; empty for other responses."""
    number_, _, rest = response.line.partition(b" ")
    if not number_.isdigit() or rest[:6].upper() != b"FETCH ":
        return {}
    values = response.values()
    return parse_pairs(values[2]) if len(values) > 2 else {}


_EARLY = 1_000_000
"""So many octets are kept of messages that come before those that are read."""


@dataclass(slots=True, eq=False)
class Stretch:
    """Messages of one folder that were asked for with one command. `wanted` holds those that did
    not come yet, `early` those that came before their part was read, `held` one that would be too
    much to keep: it is read on only with its part."""

    tag: bytes
    wanted: dict[int, ItemRef]
    early: dict[int, Item] = field(default_factory=dict)
    early_size: int = 0
    held: Item | None = None
    is_answered: bool = False
    refusal: CommandRefused | None = None

    @property
    def is_over(self) -> bool:
        """Whether nothing of it is left on the connection but the end of its answer."""
        return self.held is None and (self.is_answered or not self.wanted)


class BodyStream:
    """Whole messages over one connection, without marking them as read.

    A stretch is asked for with one command and read in parts, from its beginning. Several may be
    under way, to be read in the order of asking, if another folder was opened between two: servers
    may carry out commands for the same folder at once, and mix their answers.
    """

    def __init__(
        self,
        connection: ImapConnection,
        translate: Callable[[ImapError], Exception],
        stream_from: int = STREAM_FROM,
    ) -> None:
        """Content of at least `stream_from` octets comes as a stream; what breaks while it is read
        is raised to its reader, by `translate`."""
        self._connection = connection
        self._translate = translate
        self._stream_from = stream_from

    def ask(self, refs: Sequence[ItemRef]) -> Stretch:
        """Asks for messages of the opened folder."""
        wanted = {int(ref.uid): ref for ref in refs}
        uids = format_uids(sorted(wanted)).encode()
        tag = self._connection.send(b"UID FETCH " + uids + b" " + _BODY_ITEMS)
        return Stretch(tag, wanted)

    def read(self, stretch: Stretch, part: dict[int, ItemRef] | None = None) -> Iterator[Item]:
        """The messages of a part of the stretch, all of it without `part`, as they come. Each is
        taken out of `part`; what does not come is left in it. CommandRefused if the server refuses
        the command and something of the part is missing. The answer is read on when the content of
        an item was read, if it is a stream.

        Servers answer in the order of the folder. One that does not costs memory, up to 1 MB; what
        would need more ends the part, as if the rest of it were not there.
        """
        part = dict(stretch.wanted) if part is None else part
        first = min(part, default=0)
        for uid in sorted(stretch.early):
            if uid in part or uid < first:  # those below are of a part that was never read
                early = stretch.early.pop(uid)
                stretch.early_size -= len(early.mime)
                if part.pop(uid, None):
                    yield early
        while part and (item := self._next(stretch)) is not None:
            uid = int(item.ref.uid)
            if part.pop(uid, None):
                yield item
            elif uid < first:
                _drop(item)
            elif not _keep(stretch, item):
                stretch.held = item
                break
            self._skip_rest(item)
        if stretch.refusal and part:
            raise stretch.refusal

    def _next(self, stretch: Stretch) -> Item | None:
        """The next message of the stretch; None when it is answered."""
        if (held := stretch.held) is not None:
            stretch.held = None
            return held
        while not stretch.is_answered:
            part = self._connection.wire.read_part()
            if part.literal >= self._stream_from:
                item = self._stream_of(stretch, part)
                if item is not None:
                    return item
            response = self._connection.finish(part)
            if response.tag == stretch.tag:
                stretch.is_answered = True
                try:
                    check(response)
                except CommandRefused as error:
                    stretch.refusal = error
            elif response.tag == b"*" and (item := self._whole_of(stretch, response)) is not None:
                return item
        return None

    def _whole_of(self, stretch: Stretch, response: Response) -> Item | None:
        """None for what is no message that is wanted. Servers send answers about others, too, and
        about the same message twice."""
        quick = _BODY.fullmatch(response.line)
        if quick:
            ref = stretch.wanted.pop(int(quick[1]), None)
            if ref is None:
                return None
            return make_item(ref, response.literals[0], quick[2].split(), quick[3])
        pairs = fetched(response)
        content = pairs.get(b"BODY[]")
        if b"UID" not in pairs or not isinstance(content, bytes):
            return None
        ref = stretch.wanted.pop(number(pairs[b"UID"]), None)
        return None if ref is None else _item_from(ref, content, pairs)

    def _stream_of(self, stretch: Stretch, part: Part) -> Item | None:
        """The message whose content follows this line; None if the server tells uid, flags and date
        only behind it, or nobody wants it: then it must be read whole."""
        try:
            values = parse_values(part.line.partition(b" ")[2] + b" \0)", [b""])
            pairs = parse_pairs(values[2]) if len(values) > 2 else {}
        except Garbled:
            return None
        if not {b"UID", b"FLAGS", b"INTERNALDATE", b"BODY[]"} <= pairs.keys():
            return None
        ref = stretch.wanted.pop(number(pairs[b"UID"]), None)
        if ref is None:
            return None
        stream = MimeStream(part.literal, self._chunks(part.literal))
        return _item_from(ref, stream, pairs)

    def _chunks(self, size: int) -> Iterator[bytes]:
        """The literal, with the errors of whoever reads: it is used by others."""
        try:
            yield from self._connection.wire.read_chunks(size)
        except ImapError as error:
            raise self._translate(error) from None

    def _skip_rest(self, item: Item) -> None:
        """Reads what the reader of a stream has left, and the end of the response."""
        if isinstance(item.mime, MimeStream):
            item.mime.wait()
            for _ in item.mime.rest():
                pass
            self._connection.finish(self._connection.wire.read_part())


def _keep(stretch: Stretch, item: Item) -> bool:
    """Puts a message that comes early by; False if that would be too much."""
    if isinstance(item.mime, MimeStream) or stretch.early_size + len(item.mime) > _EARLY:
        return False
    stretch.early[int(item.ref.uid)] = item
    stretch.early_size += len(item.mime)
    return True


def _drop(item: Item) -> None:
    if isinstance(item.mime, MimeStream):
        item.mime.close()


def _item_from(ref: ItemRef, content: bytes | MimeStream, pairs: dict[bytes, Value]) -> Item:
    flags, date = pairs.get(b"FLAGS"), pairs.get(b"INTERNALDATE")
    names = [flag for flag in flags if isinstance(flag, bytes)] if isinstance(flags, list) else []
    return make_item(ref, content, names, date if isinstance(date, bytes) else b"")


def make_item(
    ref: ItemRef, content: bytes | MimeStream, flags: Sequence[bytes], date: bytes
) -> Item:
    """An item from what FETCH gives. For a date that cannot be read: the Date header, else 1970."""
    received = parse_date(date)
    return Item(
        ref=ref,
        mime=content,
        received=received or _date_of_header(head(content)),
        flags=read_flag_names(tuple(flags)),
    )


@lru_cache(maxsize=1024)  # most messages of a mailbox have one of a few sets of flags
def read_flag_names(flags: tuple[bytes, ...]) -> frozenset[str]:
    """Flags as text, without \\Recent, which is about the session and not about the message."""
    names = {flag.decode("utf-8", "replace") for flag in flags}
    return frozenset(name for name in names if name.lower() != "\\recent")


def _date_of_header(headers: bytes) -> datetime:
    # Few messages need it, and a pass over a quiet mailbox takes no longer than loading it.
    from email.parser import BytesHeaderParser
    from email.utils import parsedate_to_datetime

    message = BytesHeaderParser().parsebytes(headers)
    try:
        date = parsedate_to_datetime(str(message["Date"]))
    except (TypeError, ValueError, OverflowError):
        return datetime.fromtimestamp(0, UTC)
    return date if date.tzinfo else date.replace(tzinfo=UTC)
