"""What a policy of IAM allows, for the part of the language that the stacks here speak.

Statements of identity policies with Action, Resource and, as conditions, texts compared by
StringEquals and StringLike, alone, as ForAllValues or ForAnyValue, and with IfExists. NotAction,
NotResource, Principal, policy variables and other operators are refused: what is not understood
must not pass for allowed.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

Context = Mapping[str, Collection[str]]
"""The values of the condition keys of a request, by their names in small letters. Of a key that is
not there IAM says something else than of one without values."""

_KNOWN = {"Sid", "Effect", "Action", "Resource", "Condition"}


class UnknownPolicyError(Exception):
    """A statement says what is not understood here."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One key under one operator: `values` are what it is compared with."""

    operator: str
    key: str
    values: tuple[str, ...]

    def holds(self, context: Context) -> bool:
        """ForAllValues holds where the request has no such key or no values of it; the others do
        not, unless they end in IfExists."""
        quantifier, _, operator = self.operator.rpartition(":")
        given = context.get(self.key.lower())
        if not given and (quantifier == "ForAllValues" or operator.endswith("IfExists")):
            return True
        matches = _MATCHES[operator.removesuffix("IfExists")]
        found = [any(matches(value, wanted) for wanted in self.values) for value in given or ()]
        return all(found) if quantifier == "ForAllValues" and found else any(found)


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement; actions and resources are patterns with `*` and `?`."""

    allows: bool
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: tuple[Condition, ...] = field(default=())

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> Statement:
        """UnknownPolicyError for what is not understood."""
        if unknown := set(raw) - _KNOWN:
            raise UnknownPolicyError(f"a statement has {', '.join(sorted(unknown))}")
        conditions = tuple(
            Condition(operator, key, tuple(_listed(values)))
            for operator, keys in raw.get("Condition", {}).items()
            for key, values in keys.items()
        )
        for each in conditions:
            operator = each.operator.rpartition(":")[2].removesuffix("IfExists")
            if operator not in _MATCHES or any("${" in value for value in each.values):
                raise UnknownPolicyError(f"a condition says {each.operator} of {each.key}")
        return cls(
            raw["Effect"] == "Allow",
            tuple(_listed(raw["Action"])),
            tuple(_listed(raw["Resource"])),
            conditions,
        )

    def applies(self, action: str, resource: str, context: Context) -> bool:
        """Whether it speaks of this request. Actions are compared without regard to case."""
        return (
            any(fits(action.lower(), each.lower()) for each in self.actions)
            and any(fits(resource, each) for each in self.resources)
            and all(each.holds(context) for each in self.conditions)
        )


def is_allowed(
    statements: Iterable[Statement], action: str, resource: str, context: Context
) -> bool:
    """Something allows it and nothing denies it. `resource` is an ARN, or `*` for actions that
    have none."""
    applying = [each for each in statements if each.applies(action, resource, context)]
    return bool(applying) and all(each.allows for each in applying)


def fits(text: str, pattern: str) -> bool:
    """Whether the whole text fits a pattern in which `*` stands for any characters and `?` for
    one."""
    return _compiled(pattern).fullmatch(text) is not None


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    words = {"*": ".*", "?": "."}
    return re.compile("".join(words.get(char, re.escape(char)) for char in pattern), re.DOTALL)


def _equal(value: str, wanted: str) -> bool:
    return value == wanted


_MATCHES = {"StringEquals": _equal, "StringLike": fits, "ArnLike": fits, "ArnEquals": fits}


def _listed(value: Any) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list) else [str(value)]
