"""Filters and sort orders of FindItem.

Strings are compared without regard to case, as MAPI stores do: who needs an exact match compares
what comes back. Times are compared as moments, numbers as numbers.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from lxml import etree

from localrun.fakes.workmail_ews.items import StoredItem
from localrun.fakes.workmail_ews.properties import (
    FieldPath,
    PropertyPath,
    first_path,
    read_path,
    read_time,
)
from localrun.fakes.workmail_ews.soap import ItemRefused, children, find, local_name
from localrun.fakes.workmail_ews.values import path_values

Test = Callable[[StoredItem], bool]

_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "IsEqualTo": operator.eq,
    "IsGreaterThan": operator.gt,
    "IsGreaterThanOrEqualTo": operator.ge,
    "IsLessThan": operator.lt,
    "IsLessThanOrEqualTo": operator.le,
}
_TIMES = frozenset(
    (
        *(f"item:DateTime{name}" for name in ("Received", "Sent", "Created")),
        *("item:LastModifiedTime", "item:ReminderDueBy"),
        *("calendar:Start", "calendar:End", "calendar:OriginalStart", "calendar:RecurrenceId"),
        *("task:StartDate", "task:DueDate", "task:CompleteDate", "contacts:Birthday"),
    )
)


def read_restriction(element: etree._Element) -> Test:
    """A search expression element (the child of Restriction) as a predicate.

    ItemRefused ErrorUnsupportedQueryFilter for expressions that we do not know.
    """
    kind = local_name(element)
    if kind == "Or" and (membership := _membership(element)) is not None:
        return membership
    if kind in ("And", "Or"):
        tests = [read_restriction(child) for child in children(element)]
        join = all if kind == "And" else any
        return lambda item: join(test(item) for test in tests)
    if kind == "Not":
        inner = read_restriction(children(element)[0])
        return lambda item: not inner(item)
    path = first_path(element)
    if kind == "Exists":
        return lambda item: bool(path_values(item, path))
    if kind == "Contains":
        return _contains(element, path)
    if kind == "IsNotEqualTo":
        equal = _compare(operator.eq, path, _constant(find(element, "FieldURIOrConstant")))
        return lambda item: not equal(item)
    if kind in _COMPARISONS:
        return _compare(_COMPARISONS[kind], path, _constant(find(element, "FieldURIOrConstant")))
    raise ItemRefused("ErrorUnsupportedQueryFilter")


def sort_items(items: list[StoredItem], order: etree._Element | None) -> list[StoredItem]:
    """The items in the order asked for; without one, newest first."""
    if order is None:
        return sorted(items, key=lambda item: (item.received, item.number), reverse=True)
    for field_order in reversed(children(order)):
        path = read_path(children(field_order)[0])
        items = sorted(
            items,
            key=lambda item: _sort_key(item, path),
            reverse=field_order.get("Order") == "Descending",
        )
    return items


def _sort_key(item: StoredItem, path: FieldPath) -> tuple[bool, Any]:
    values = path_values(item, path)
    return (bool(values), comparable(path, values[0]) if values else "")


def comparable(path: FieldPath, text: str) -> Any:
    """A value in the type in which the property is compared."""
    kind = path.type.removesuffix("Array") if isinstance(path, PropertyPath) else ""
    if kind == "SystemTime" or path in _TIMES:
        return read_time(text)
    if kind in ("Integer", "Long", "Short") or path == "item:Size":
        return int(text)
    return text.casefold()


def _compare(compare: Callable[[Any, Any], bool], path: FieldPath, constant: str) -> Test:
    wanted = _comparable_constant(path, constant)
    return lambda item: any(
        compare(comparable(path, value), wanted) for value in path_values(item, path)
    )


def _membership(element: etree._Element) -> Test | None:
    """An Or of many equalities of one property as one look-up; None for any other Or."""
    tests = children(element)
    if any(local_name(test) != "IsEqualTo" for test in tests):
        return None
    paths = {first_path(test) for test in tests}
    if len(paths) != 1:
        return None
    (path,) = paths
    wanted = {
        _comparable_constant(path, _constant(find(test, "FieldURIOrConstant"))) for test in tests
    }
    return lambda item: any(comparable(path, value) in wanted for value in path_values(item, path))


def _comparable_constant(path: FieldPath, constant: str) -> Any:
    try:
        return comparable(path, constant)
    except ValueError as error:
        raise ItemRefused("ErrorInvalidRestriction") from error


def _contains(element: etree._Element, path: FieldPath) -> Test:
    wanted = _constant(element)
    exact = element.get("ContainmentComparison", "Exact") == "Exact"
    mode = element.get("ContainmentMode", "FullString")

    def fold(text: str) -> str:
        return text if exact else text.casefold()

    def matches(value: str) -> bool:
        if mode == "FullString":
            return fold(value) == fold(wanted)
        if mode == "Prefixed":
            return fold(value).startswith(fold(wanted))
        return fold(wanted) in fold(value)

    return lambda item: any(matches(value) for value in path_values(item, path))


def _constant(holder: etree._Element | None) -> str:
    constant = None if holder is None else find(holder, "Constant")
    if constant is None:
        raise ItemRefused("ErrorUnsupportedQueryFilter", "Only constants can be compared with.")
    return constant.get("Value", "")
