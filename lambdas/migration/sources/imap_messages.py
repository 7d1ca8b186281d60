"""Messages of the opened folder: which there are, and what is in them."""

from __future__ import annotations

import email.message
import email.parser
import email.utils
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from migration.errors import SourceBusy
from migration.model import BatchLimit, Gone, Item, ItemRef, Unreadable
from migration.sources.imap_errors import CAUGHT, Phase, translate
from migration.sources.paging import cut_batch

Answer = Item | Gone | Unreadable

_CHUNK_BYTES = 4_000_000
"""How much is asked for in one FETCH: it is all in memory at once. One larger message is alone."""

_ITEMS = ("UID", "FLAGS", "INTERNALDATE", "BODY.PEEK[]")


def search_uids(client: Any, low: int, high: str) -> list[int]:
    """UIDs from `low` to `high`. `n:*` answers with the last message even if that is below n."""
    return sorted(uid for uid in client.search(f"UID {low}:{high}") if uid >= low)


def fetch_sizes(client: Any, uids: Sequence[int]) -> list[ItemRef]:
    """Messages with their sizes, in the order asked.

    One that the server leaves out of its answer has size 0: reading it will show whether it is gone
    or cannot be read, and either is counted.
    """
    answers = client.fetch(uids, ("UID", "RFC822.SIZE")) if uids else {}
    return [ItemRef(str(uid), int(answers.get(uid, {}).get(b"RFC822.SIZE", 0))) for uid in uids]


def chunks(refs: Sequence[ItemRef]) -> Iterator[list[ItemRef]]:
    """The messages in portions that fit into memory together."""
    rest = list(refs)
    while rest:
        chunk = cut_batch(rest, BatchLimit(items=len(rest), size=_CHUNK_BYTES))
        yield list(chunk)
        rest = rest[len(chunk) :]


def fetch_chunk(client: Any, refs: Sequence[ItemRef]) -> list[Answer]:
    """The messages in order. Some servers refuse a whole FETCH for one bad or vanished message,
    so that a refusal is followed by asking one by one."""
    try:
        answers = client.fetch([int(ref.uid) for ref in refs], _ITEMS)
    except CAUGHT as error:
        if isinstance(translate(error, Phase.COMMAND), SourceBusy):
            raise
        if len(refs) > 1:
            return [answer for ref in refs for answer in fetch_chunk(client, [ref])]
        return [explain_missing(client, refs[0], "fetch-refused")]
    return [_answer(client, ref, answers.get(int(ref.uid), {})) for ref in refs]


def _answer(client: Any, ref: ItemRef, answer: Mapping[bytes, Any]) -> Answer:
    mime = answer.get(b"BODY[]")
    if not isinstance(mime, bytes):
        return explain_missing(client, ref, "no-body")
    received = answer.get(b"INTERNALDATE")
    flags = frozenset(_flag_text(flag) for flag in answer.get(b"FLAGS", ()))
    return Item(
        ref=ref,
        mime=mime,
        received=_with_zone(received) if received else _date_of_header(mime),
        flags=frozenset(flag for flag in flags if flag.lower() != "\\recent"),
    )


def explain_missing(client: Any, ref: ItemRef, reason: str) -> Answer:
    """What to answer for a message that did not come: it is gone, or cannot be read."""
    uid = int(ref.uid)
    return Unreadable(ref, reason) if uid in search_uids(client, uid, ref.uid) else Gone(ref)


def _flag_text(flag: object) -> str:
    # IMAPClient parses a keyword of digits as a number and one named NIL as None.
    if flag is None:
        return "NIL"
    return flag.decode("utf-8", "replace") if isinstance(flag, bytes) else str(flag)


def _with_zone(received: datetime) -> datetime:
    offset = received.utcoffset() or timedelta()
    return received.replace(tzinfo=timezone(offset) if offset else UTC)


def _date_of_header(mime: bytes) -> datetime:
    """For servers whose INTERNALDATE cannot be read: the Date header, else 1970."""
    headers: email.message.Message = email.parser.BytesHeaderParser().parsebytes(mime)
    try:
        date = email.utils.parsedate_to_datetime(str(headers["Date"]))
    except (TypeError, ValueError, OverflowError):
        return datetime.fromtimestamp(0, UTC)
    return _with_zone(date)
