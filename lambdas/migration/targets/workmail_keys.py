"""Which items of a folder of WorkMail carry which migration key."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

from migration.targets.workmail_message import KEY
from migration.wire.ews import EwsClient
from migration.wire.ews_model import FolderRef, HasAny

_KEYS_PER_SEARCH = 50

_T = TypeVar("_T")


def find_keys(client: EwsClient, folder_id: str, keys: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The id and the key of each item with one of exactly these keys: the server compares without
    regard to case. Raises EwsError."""
    for some in parts(keys, _KEYS_PER_SEARCH):
        wanted, asked = HasAny(KEY, tuple(some)), frozenset(some)
        offset, is_last = 0, False
        while not is_last:
            page = client.find_items(FolderRef(folder_id), wanted, [KEY], offset)
            for item in page.items:
                if item.values.get(KEY) in asked:
                    yield item.id, item.values[KEY]
            offset, is_last = page.next_offset, page.is_last or not page.items


def parts(whole: Sequence[_T], size: int) -> Iterator[Sequence[_T]]:
    """The whole, so many at a time."""
    for start in range(0, len(whole), size):
        yield whole[start : start + size]
