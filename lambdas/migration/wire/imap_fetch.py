"""Whole messages out of the answers to FETCH (RFC 3501 section 7.4.2)."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from migration.mime import STREAM_FROM, MimeStream, head, whole
from migration.model import Item, ItemRef
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


@dataclass(slots=True, eq=False)
class Batch:
    """Messages that were asked for together. `wanted` holds those that did not come yet. Before
    one of an `other_folder`, another folder was opened."""

    tag: bytes
    wanted: dict[int, ItemRef]
    other_folder: bool = False
    is_answered: bool = False
    refusal: CommandRefused | None = None


class BodyStream:
    """Whole messages over one connection, without marking them as read. Several batches may be
    asked for before the first is read; they are read in the order of asking.

    Servers may carry out several commands at once: when its output is blocked, Dovecot goes on with
    the next FETCH of the folder, and answers of both are mixed. So a message belongs to the batch
    that wants its uid; what comes too early waits here for its batch, in memory.
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
        self._batches: deque[Batch] = deque()
        self._early: dict[int, Item] = {}

    def ask(self, refs: Sequence[ItemRef], *, other_folder: bool = False) -> Batch:
        """Asks for messages of the opened folder. Say `other_folder` if another one was opened
        since the last batch was asked for: uids mean something else there."""
        wanted = {int(ref.uid): ref for ref in refs}
        uids = format_uids(sorted(wanted)).encode()
        tag = self._connection.send(b"UID FETCH " + uids + b" " + _BODY_ITEMS)
        batch = Batch(tag, wanted, other_folder)
        self._batches.append(batch)
        return batch

    def read(self, batch: Batch) -> Iterator[Item]:
        """The messages as they come; what does not come stays in `batch.wanted`. CommandRefused if
        the server refuses this batch. The answer is read on when the content of an item was read,
        if it is a stream."""
        while self._batches and self._batches[0] is not batch:
            self._batches.popleft()
        for uid in sorted(self._early.keys() & batch.wanted.keys()):
            del batch.wanted[uid]
            yield self._early.pop(uid)
        while batch.wanted and (item := self._next(batch)) is not None:
            uid = int(item.ref.uid)
            if uid not in batch.wanted:
                self._early[uid] = replace(item, mime=whole(item.mime))
                self._skip_rest(item)
                continue
            del batch.wanted[uid]
            yield item
            self._skip_rest(item)
        if batch.refusal and batch.wanted:
            raise batch.refusal

    def _next(self, batch: Batch) -> Item | None:
        """The next message of any batch; None when this one is answered."""
        while not batch.is_answered:
            part = self._connection.wire.read_part()
            if part.literal >= self._stream_from:
                item = self._stream_of(part)
                if item is not None:
                    return item
            response = self._connection.finish(part)
            if response.tag != b"*":
                self._note_answer(response)
                continue
            item = self._whole_of(response)
            if item is not None:
                return item
        return None

    def _note_answer(self, response: Response) -> None:
        for batch in self._batches:
            if batch.tag == response.tag:
                batch.is_answered = True
                try:
                    check(response)
                except CommandRefused as error:
                    batch.refusal = error

    def _ref(self, uid: int) -> ItemRef | None:
        """Of a message that somebody wants. Servers send answers about others, too, and about the
        same message twice."""
        for position, batch in enumerate(self._batches):
            if position and batch.other_folder:
                return None
            if uid in batch.wanted:
                return batch.wanted[uid]
        return None

    def _whole_of(self, response: Response) -> Item | None:
        quick = _BODY.fullmatch(response.line)
        if quick:
            ref = self._ref(int(quick[1]))
            if ref is None:
                return None
            return make_item(ref, response.literals[0], quick[2].split(), quick[3])
        pairs = fetched(response)
        content = pairs.get(b"BODY[]")
        if b"UID" not in pairs or not isinstance(content, bytes):
            return None
        ref = self._ref(number(pairs[b"UID"]))
        return None if ref is None else _item_from(ref, content, pairs)

    def _stream_of(self, part: Part) -> Item | None:
        """The message whose content follows this line; None if the server tells uid, flags and date
        only behind it, or nobody wants it: then it must be read whole."""
        try:
            values = parse_values(part.line.partition(b" ")[2] + b" \0)", [b""])
            pairs = parse_pairs(values[2]) if len(values) > 2 else {}
        except Garbled:
            return None
        if not {b"UID", b"FLAGS", b"INTERNALDATE", b"BODY[]"} <= pairs.keys():
            return None
        ref = self._ref(number(pairs[b"UID"]))
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
        flags=read_flag_names(flags),
    )


def read_flag_names(flags: Sequence[bytes]) -> frozenset[str]:
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
