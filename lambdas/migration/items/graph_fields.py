"""The properties of one resource of Microsoft Graph, taken one after the other, with what goes
wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import TypeVar

from migration.items.losses import Loss

Word = TypeVar("Word", bound=StrEnum)
_Any = TypeVar("_Any")

_NO_PLACE = "has no place"
_NOTHING: tuple[object, ...] = (None, "", False)


class Fields:
    """What is taken is done with; `lose_the_rest` tells of all others that say anything. null, and
    what has another type than it should, is as if it was not there; the latter is a loss."""

    def __init__(
        self,
        found: Mapping[str, object],
        kind: str,
        losses: list[Loss],
        uid: str = "",
        inside: str = "",
    ) -> None:
        """`kind` is where losses are, `uid` the item that has them; `inside` says of which property
        `found` is the value, with a dot behind it."""
        self._kind = kind
        self._uid = uid
        self._inside = inside
        self._losses = losses
        self._found = {name: value for name, value in found.items() if "@" not in name}

    def lose(self, what: str, why: str) -> None:
        """Notes that something of a property is not kept."""
        self._losses.append(Loss(f"{self._inside}{what}", self._kind, why, self._uid))

    def ignore(self, *names: str) -> None:
        """Of properties that say nothing about the item itself."""
        for name in names:
            self._found.pop(name, None)

    def text(self, name: str) -> str:
        """A string without spaces around it, "" without one."""
        value = self._found.pop(name, None)
        return value.strip() if isinstance(value, str) else self._no_other(name, value, "")

    def texts(self, name: str) -> tuple[str, ...]:
        """The strings of a list that are not empty."""
        values = self._list(name)
        found = tuple(one.strip() for one in values if isinstance(one, str))
        if any(not isinstance(one, str) and one is not None for one in values):
            self.lose(name, "has parts of another type than it should have")
        return tuple(filter(None, found))

    def flag(self, name: str) -> bool:
        """A boolean, False without one."""
        value = self._found.pop(name, None)
        return value if isinstance(value, bool) else self._no_other(name, value, False)

    def number(self, name: str) -> int | None:
        """An integer, None without one."""
        value = self._found.pop(name, None)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        return self._no_other(name, value, None)

    def decimal(self, name: str) -> float | None:
        """A number, None without one."""
        value = self._found.pop(name, None)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return float(value)
        return self._no_other(name, value, None)

    def word(self, name: str, words: Mapping[str, Word], default: Word) -> Word:
        """What a word of an enumeration means; unknown ones are lost."""
        told = self.text(name)
        if told and told not in words:
            self.lose(name, "a word that nobody knows")
        return words.get(told, default)

    def part(self, name: str) -> Fields:
        """A resource in the resource; an empty one without one."""
        value = self._found.pop(name, None)
        found = value if isinstance(value, dict) else self._no_other(name, value, {})
        return self._inner(name, found)

    def parts(self, name: str) -> list[Fields]:
        """The resources of a list."""
        values = self._list(name)
        if any(not isinstance(one, dict) and one is not None for one in values):
            self.lose(name, "has parts of another type than it should have")
        return [self._inner(name, one) for one in values if isinstance(one, dict)]

    def lose_the_rest(self) -> None:
        """Tells of all that was not taken and says anything."""
        for name in self.rest():
            self.lose(name, _NO_PLACE)
        self._found.clear()

    def rest(self) -> list[str]:
        """The names of all that was not taken and says anything, by the alphabet."""
        return sorted(name for name, value in self._found.items() if _says_anything(value))

    def __bool__(self) -> bool:
        """Whether anything that says anything was not taken yet."""
        return any(map(_says_anything, self._found.values()))

    def _list(self, name: str) -> Sequence[object]:
        value = self._found.pop(name, None)
        return value if isinstance(value, list) else self._no_other(name, value, [])

    def _inner(self, name: str, found: Mapping[str, object]) -> Fields:
        return Fields(found, self._kind, self._losses, self._uid, f"{self._inside}{name}.")

    def _no_other(self, name: str, value: object, default: _Any) -> _Any:
        if value is not None:
            self.lose(name, "has another type than it should have")
        return default


def _says_anything(value: object) -> bool:
    if isinstance(value, dict):
        return any(_says_anything(one) for name, one in value.items() if "@" not in name)
    if isinstance(value, list):
        return any(map(_says_anything, value))
    return value not in _NOTHING
