"""Ids, change keys and tokens: texts that say nothing, as long as Exchange's are."""

from __future__ import annotations

import base64
import hashlib
import secrets
import threading
from dataclasses import dataclass
from typing import TypeVar

Kept = TypeVar("Kept")


@dataclass(frozen=True, slots=True)
class ItemIds:
    """The two ids of a message, event, contact: one that stays, and one that changes when the item
    moves, which is told to those who do not ask for immutable ids."""

    immutable: str
    ordinary: str

    def told(self, immutable: bool) -> str:
        return self.immutable if immutable else self.ordinary


def item_ids(mailbox: str, kind: str, number: int, place: str) -> ItemIds:
    """Ids of one item. `place` says where it lies, and how often it has moved."""
    stays = _text("AAkALgAAAAAAHYQDEapmEc2byACqAC-EWg0A", mailbox, kind, str(number))
    return ItemIds(stays, _text("AAMkAGFiNmRk", mailbox, kind, str(number), place))


def container_id(mailbox: str, kind: str, number: int) -> str:
    """The id of a folder or calendar; it stays."""
    return _text("AQMkAGFiNmRk", mailbox, kind, str(number), length=84)


def change_key(*parts: object) -> str:
    """Another text for every state of an item."""
    told = hashlib.shake_128("|".join(map(str, parts)).encode()).digest(22)
    return base64.b64encode(b"\t\x00\x00\x00\x16\x00\x00\x00" + told).decode("ascii")


def _text(prefix: str, *parts: str, length: int = 149) -> str:
    told = hashlib.shake_128("|".join(parts).encode()).digest(length)
    return (prefix + base64.urlsafe_b64encode(told).decode("ascii"))[:length] + "AAA="


class Tokens:
    """What the tokens in links stand for. A token is a new text each time, and after a restart of
    the server, or `forget`, nobody knows it any more."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[str, object] = {}

    def issue(self, state: object) -> str:
        token = secrets.token_urlsafe(48)
        with self._lock:
            self._kept[token] = state
        return token

    def find(self, token: str, kind: type[Kept]) -> Kept | None:
        """What was kept, if it is of this kind."""
        with self._lock:
            state = self._kept.get(token)
        return state if isinstance(state, kind) else None

    def forget(self) -> None:
        """All of them."""
        with self._lock:
            self._kept.clear()
