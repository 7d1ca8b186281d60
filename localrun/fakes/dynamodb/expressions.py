"""Expressions of DynamoDB, as far as the ledger writes them.

    condition   comparisons (= <> < <= > >=), IN, AND, OR, parentheses, attribute_exists,
                attribute_not_exists, begins_with, contains, size
    update      SET name = :value or if_not_exists(name, :value), REMOVE name, ADD name :value

Attributes are named at the top level only. What else the service has is refused: ExpressionError.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.OperatorsAndFunctions.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from moto.dynamodb.parsing.reserved_keywords import ReservedKeywords

from localrun.fakes.dynamodb.values import Item, Value, add, comparable, has, length, only

_TOKEN = re.compile(r"\s*([#:]?[A-Za-z_0-9]+|<>|<=|>=|[=<>(),])")
_COMPARATORS = ("=", "<>", "<", "<=", ">", ">=")
_FUNCTIONS = {"attribute_exists": 1, "attribute_not_exists": 1, "begins_with": 2, "contains": 2}
_CLAUSES = ("SET", "REMOVE", "ADD")

Operand: TypeAlias = str
"""An attribute's name or its alias (#n), a value's name (:v), or size(name)."""


class ExpressionError(Exception):
    """An expression that the service would not take, or that nobody plays here."""


@dataclass(frozen=True, slots=True)
class Test:
    """One test: a comparator, IN or a function, and what it is about."""

    what: str
    operands: tuple[Operand, ...]


@dataclass(frozen=True, slots=True)
class Junction:
    """AND or OR of conditions."""

    what: str
    parts: tuple[Condition, ...]


Condition: TypeAlias = "Test | Junction"


@dataclass(frozen=True, slots=True)
class Change:
    """SET, REMOVE, ADD, or FIRST: a SET of what is not there yet. `value` is empty for REMOVE."""

    what: str
    name: Operand
    value: Operand = ""


@dataclass(frozen=True, slots=True)
class Names:
    """What the aliases of a request stand for: attributes (#n) and values (:v)."""

    names: Mapping[str, str]
    values: Mapping[str, Value]

    def attribute(self, operand: Operand) -> str:
        if operand.startswith("#"):
            if operand not in self.names:
                raise ExpressionError(f"the attribute name {operand} is not defined")
            return self.names[operand]
        if operand.upper() in ReservedKeywords.get_reserved_keywords():
            raise ExpressionError(f"Attribute name is a reserved keyword; reserved: {operand}")
        return operand

    def value(self, operand: Operand) -> Value:
        if operand not in self.values:
            raise ExpressionError(f"the attribute value {operand} is not defined")
        return self.values[operand]

    def find(self, item: Mapping[str, Value], operand: Operand) -> Value | None:
        """What an operand is in an item; None if the item lacks the attribute."""
        if operand.startswith("size("):
            measured = item.get(self.attribute(operand[5:-1]))
            return None if measured is None else {"N": str(length(measured))}
        if operand.startswith(":"):
            return self.value(operand)
        return item.get(self.attribute(operand))


def holds(condition: Condition, item: Mapping[str, Value], names: Names) -> bool:
    """Whether an item, {} if there is none, meets a condition."""
    if isinstance(condition, Junction):
        found = (holds(part, item, names) for part in condition.parts)
        return all(found) if condition.what == "AND" else any(found)
    values = [names.find(item, operand) for operand in condition.operands]
    if condition.what == "attribute_exists":
        return values[0] is not None
    if condition.what == "attribute_not_exists":
        return values[0] is None
    first, *others = values
    if condition.what == "<>" and (first is None or others[0] is None):
        return True
    if first is None or any(each is None for each in others):
        return False
    return _compare(condition.what, first, [each for each in others if each is not None])


def _compare(what: str, first: Value, others: Sequence[Value]) -> bool:
    if what == "IN":
        return any(comparable(first) == comparable(each) for each in others)
    second = others[0]
    if what == "begins_with":
        same = only(first)[0] == only(second)[0] in ("S", "B")
        return same and bool(only(first)[1].startswith(only(second)[1]))
    if what == "contains":
        return has(first, second)
    one, other = comparable(first), comparable(second)
    if what in ("=", "<>"):
        is_equal: bool = one == other
        return is_equal if what == "=" else not is_equal
    if one[0] != other[0] or one[0] not in ("S", "N", "B"):
        return False
    is_less: bool = one[1] < other[1]
    is_same: bool = one[1] == other[1]
    return {
        "<": is_less,
        "<=": is_less or is_same,
        ">": not is_less and not is_same,
        ">=": not is_less,
    }[what]


def change(changes: Sequence[Change], item: Item, names: Names) -> Item:
    """The item after an update; every value is taken from the item before."""
    changed = dict(item)
    for each in changes:
        name = names.attribute(each.name)
        if each.what == "REMOVE":
            changed.pop(name, None)
        elif each.what == "SET":
            changed[name] = names.value(each.value)
        elif each.what == "FIRST":
            changed[name] = item.get(name, names.value(each.value))
        else:
            changed[name] = add(item.get(name), names.value(each.value))
    return changed


@lru_cache(maxsize=1000)
def parse_condition(text: str) -> Condition:
    """ConditionExpression, FilterExpression or KeyConditionExpression."""
    tokens = _Tokens(text)
    condition = _either(tokens)
    tokens.end()
    return condition


@lru_cache(maxsize=1000)
def parse_update(text: str) -> tuple[Change, ...]:
    """UpdateExpression."""
    tokens = _Tokens(text)
    changes: list[Change] = []
    while tokens.peek():
        clause = tokens.take()
        if clause not in _CLAUSES:
            raise ExpressionError(f"Syntax error; token: {clause}")
        changes.append(_step(clause, tokens))
        while tokens.peek() == ",":
            tokens.take()
            changes.append(_step(clause, tokens))
    return tuple(changes)


@lru_cache(maxsize=1000)
def aliases(text: str) -> frozenset[str]:
    """The aliases, of names and of values, that an expression uses."""
    return frozenset(token for token in _Tokens(text).all if token[0] in "#:")


def _step(clause: str, tokens: _Tokens) -> Change:
    name = tokens.name()
    if clause == "REMOVE":
        return Change(clause, name)
    if clause == "SET":
        tokens.expect("=")
    if tokens.peek() != "if_not_exists":
        return Change(clause, name, tokens.value())
    for token in ("if_not_exists", "(", name, ","):
        tokens.expect(token)
    first = Change("FIRST", name, tokens.value())
    tokens.expect(")")
    return first


def _either(tokens: _Tokens) -> Condition:
    return _join("OR", tokens)


def _join(what: str, tokens: _Tokens) -> Condition:
    inner = _primary if what == "AND" else _both
    parts = [inner(tokens)]
    while tokens.peek().upper() == what:
        tokens.take()
        parts.append(inner(tokens))
    return parts[0] if len(parts) == 1 else Junction(what, tuple(parts))


def _both(tokens: _Tokens) -> Condition:
    return _join("AND", tokens)


def _primary(tokens: _Tokens) -> Condition:
    if tokens.peek() == "(":
        tokens.take()
        condition = _either(tokens)
        tokens.expect(")")
        return condition
    if tokens.peek() in _FUNCTIONS:
        function = tokens.take()
        operands = _list(tokens)
        if len(operands) != _FUNCTIONS[function]:
            raise ExpressionError(f"Incorrect number of operands for {function}")
        return Test(function, operands)
    first = _operand(tokens)
    comparator = tokens.take()
    if comparator.upper() == "IN":
        return Test("IN", (first, *_list(tokens)))
    if comparator not in _COMPARATORS:
        raise ExpressionError(f"Syntax error; token: {comparator}")
    return Test(comparator, (first, _operand(tokens)))


def _list(tokens: _Tokens) -> tuple[Operand, ...]:
    tokens.expect("(")
    operands = [_operand(tokens)]
    while tokens.peek() == ",":
        tokens.take()
        operands.append(_operand(tokens))
    tokens.expect(")")
    return tuple(operands)


def _operand(tokens: _Tokens) -> Operand:
    if tokens.peek() == "size":
        tokens.take()
        (name,) = _list(tokens)
        return f"size({name})"
    token = tokens.take()
    if not re.fullmatch(r"[#:]?\w+", token):
        raise ExpressionError(f"Syntax error; token: {token}")
    return token


class _Tokens:
    """The tokens of an expression, taken from the left."""

    def __init__(self, text: str) -> None:
        self.all: list[str] = []
        at, text = 0, text.rstrip()
        while at < len(text):
            found = _TOKEN.match(text, at)
            if found is None:
                raise ExpressionError(f"Syntax error; near: {text[at : at + 20]!r}")
            self.all.append(found[1])
            at = found.end()
        self._next = 0

    def peek(self) -> str:
        return self.all[self._next] if self._next < len(self.all) else ""

    def take(self) -> str:
        token = self.peek()
        if not token:
            raise ExpressionError("Syntax error; token: <EOF>")
        self._next += 1
        return token

    def expect(self, token: str) -> None:
        if (found := self.take()) != token:
            raise ExpressionError(f"Syntax error; token: {found}")

    def name(self) -> Operand:
        token = self.take()
        if not re.fullmatch(r"#?[A-Za-z_]\w*", token):
            raise ExpressionError(f"Syntax error; token: {token}")
        return token

    def value(self) -> Operand:
        token = self.take()
        if not token.startswith(":"):
            raise ExpressionError(f"here only a :value can be set or added, not {token}")
        return token

    def end(self) -> None:
        if self.peek():
            raise ExpressionError(f"Syntax error; token: {self.peek()}")
