"""Attribute values as they travel: {"S": "text"}, {"N": "12"}, {"M": {...}} and so on.

Sizes are counted as the service does:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeAlias

Value: TypeAlias = Mapping[str, Any]
Item: TypeAlias = dict[str, Value]

_SETS = ("SS", "NS", "BS")
_ELEMENT = {"SS": "S", "NS": "N", "BS": "B"}
_CONTAINER = 3  # bytes of a list or a map beside its elements, each of which costs one more


def only(value: Value) -> tuple[str, Any]:
    """The type of a value, and what it is."""
    ((kind, content),) = value.items()
    return kind, content


def comparable(value: Value) -> tuple[str, Any]:
    """Equal for equal values: numbers by their worth, sets whatever their order."""
    kind, content = only(value)
    if kind == "N":
        return kind, Decimal(content)
    if kind in _SETS:
        return kind, frozenset(comparable({_ELEMENT[kind]: each}) for each in content)
    if kind == "L":
        return kind, [comparable(each) for each in content]
    if kind == "M":
        return kind, {name: comparable(each) for name, each in content.items()}
    return kind, content


def has(value: Value, part: Value) -> bool:
    """Whether a text has this part, or a set or a list this element."""
    kind, content = only(value)
    if kind in ("S", "B"):
        return only(part)[0] == kind and only(part)[1] in content
    if kind in _SETS:
        return any(comparable({_ELEMENT[kind]: each}) == comparable(part) for each in content)
    return kind == "L" and any(comparable(each) == comparable(part) for each in content)


def length(value: Value) -> int:
    """What the function size() says: bytes of a text, elements of anything that has some."""
    kind, content = only(value)
    return len(content.encode()) if kind == "S" else len(content)


def add(value: Value | None, more: Value) -> Value:
    """What ADD makes of an attribute: the sum of two numbers, all elements of two sets."""
    kind, content = only(more)
    if value is None:
        return more
    known = only(value)[1]
    if kind == "N":
        return {"N": str(Decimal(known) + Decimal(content))}
    return {kind: [*known, *(each for each in content if each not in known)]}


def item_size(item: Mapping[str, Value]) -> int:
    """Bytes of an item, the names of its attributes among them."""
    return sum(len(name.encode()) + _size(value) for name, value in item.items())


def _size(value: Value) -> int:
    kind, content = only(value)
    if kind == "S":
        return len(content.encode())
    if kind == "N":
        return _number_size(content)
    if kind == "B":
        return len(content)
    if kind in ("BOOL", "NULL"):
        return 1
    if kind in _SETS:
        return sum(_size({_ELEMENT[kind]: each}) for each in content)
    if kind == "L":
        return _CONTAINER + sum(1 + _size(each) for each in content)
    names: Sequence[str] = list(content)
    return (
        _CONTAINER
        + sum(len(name.encode()) for name in names)
        + sum(1 + _size(content[name]) for name in names)
    )


def _number_size(text: str) -> int:
    """About one byte for two significant digits, and one."""
    digits = text.lstrip("-").replace(".", "").strip("0")
    return (len(digits) + 1) // 2 + 1
