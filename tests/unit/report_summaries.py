"""Summaries of reports: one with something of every kind, and such as nobody has thought of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from types import NoneType
from typing import Any, Literal, get_args, get_origin, get_type_hints

from hypothesis import strategies as st

from migration.client_report import ClientsReport
from migration.dns_rollback import DnsRollback
from migration.report_lines import Summary

_LATER = {"ClientsReport": ClientsReport, "DnsRollback": DnsRollback}


def anything(kind: Any) -> st.SearchStrategy[Any]:
    """Any value of the type, with short lists and with mappings that JSON has."""
    if isinstance(kind, type) and is_dataclass(kind):
        hints = get_type_hints(kind, localns=_LATER)
        parts = {each.name: anything(hints[each.name]) for each in fields(kind)}
        return st.fixed_dictionaries(parts).map(lambda values: kind(**values))
    origin, inner = get_origin(kind), get_args(kind)
    if origin is tuple and Ellipsis in inner:
        return st.lists(anything(inner[0]), max_size=2).map(tuple)
    if origin is Mapping:
        return st.dictionaries(st.text(), anything(inner[1]), max_size=2)
    if NoneType in inner:
        return st.one_of([anything(each) for each in inner])
    return st.from_type(kind)


summaries = anything(Summary)


def fill(kind: Any) -> Any:
    """A value of the type that leaves nothing out: no list is empty, nothing is None."""
    if isinstance(kind, type) and is_dataclass(kind):
        hints = get_type_hints(kind, localns=_LATER)
        return kind(**{each.name: fill(hints[each.name]) for each in fields(kind)})
    origin, inner = get_origin(kind), get_args(kind)
    if origin is tuple:
        return tuple(fill(each) for each in inner if each is not Ellipsis)
    if origin is Mapping:
        return {"a": fill(inner[1])}
    if origin is Literal:
        return inner[0]
    if NoneType in inner:
        return fill(next(each for each in inner if each is not NoneType))
    return next(iter(kind)) if issubclass(kind, Enum) else kind(1)
