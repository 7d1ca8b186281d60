"""The API calls in what a handler reaches, and which resources they name."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import botocore.session

from tools.rights.actions import actions_of, method_names, operations
from tools.rights.code import is_named, walk_code
from tools.rights.program import ANYTHING, Code
from tools.rights.reach import Reach
from tools.rights.values import Client, Evaluation

_STUBS = "mypy_boto3_"
_WRITER = ("put_item", "delete_item")


@dataclass(frozen=True, order=True)
class ApiCall:
    """One call: its place, the IAM actions that it needs, the members of its request as patterns
    (see values.py), where they are texts. The partition key of a table is the member `pk`."""

    place: str
    service: str
    operation: str
    actions: tuple[str, ...]
    members: tuple[tuple[str, tuple[str, ...]], ...]

    def texts(self, member: str) -> tuple[str, ...]:
        """What a member can be; nothing if the call does not give it."""
        return dict(self.members).get(member, ())


class UnclearError(Exception):
    """The code does not tell which service is called."""


def find_calls(reached: Reach) -> list[ApiCall]:
    """All API calls in what is reached. UnclearError names every place where it cannot be told."""
    return sorted(set(_Finder(reached).run()))


class _Finder:
    def __init__(self, reached: Reach) -> None:
        self._reached = reached
        self._program = reached.program
        self._evaluation = Evaluation(reached)
        self._unclear: list[str] = []

    def run(self) -> Iterator[ApiCall]:
        for code in self._reached.codes.values():
            for node in walk_code(code.node):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                    yield from self._look(code, node, node.func)
        if self._unclear:
            raise UnclearError("; ".join(sorted(self._unclear)))

    def _look(self, code: Code, node: ast.Call, method: ast.Attribute) -> Iterator[ApiCall]:
        name = method.attr
        if name not in method_names() and name not in ("get_paginator", "get_waiter"):
            return
        if self._program.refers_to(code.module, method) or self._never_runs(code, node):
            return  # a function of a module, or nothing
        for service in self._services(code, node, method):
            if name == "get_paginator":
                request = self._parent_call(node)
                operation = operations(service)[self._constant(code, node)]
            elif name == "get_waiter":
                request = self._parent_call(node)
                operation = _waiter(service, self._constant(code, node))
            elif service == "batch" and name in _WRITER:
                request, operation, service = node, "BatchWriteItem", "dynamodb"
            elif name in operations(service):
                request, operation = node, operations(service)[name]
            else:
                continue
            yield self._describe(code, request, service, operation)

    def _never_runs(self, code: Code, node: ast.AST) -> bool:
        """Whether it stands behind a condition that a text is not empty, and that always is: a
        parameter that nobody in what is reached gives."""
        while node is not code.node and (parent := self._program.parents.get(node)) is not None:
            if (
                isinstance(parent, ast.If)
                and isinstance(parent.test, ast.Name)
                and node in parent.body
                and self._evaluation.values(code, parent.test) == {""}
            ):
                return True
            node = parent
        return False

    def _services(self, code: Code, node: ast.Call, method: ast.Attribute) -> set[str]:
        """Which services' clients may stand before the dot."""
        classes = self._program.classes_of(code.module, method.value)
        found = {_service_of(each) for each in classes if each.startswith(_STUBS)}
        if any(each.endswith(".BatchWriter") for each in classes):
            found.add("batch")
        if found:
            return found
        concrete = [
            each for each in classes if each != ANYTHING and not self._program.is_protocol(each)
        ]
        if concrete or self._reached.members(code, method):
            return set()
        values = self._evaluation.values(code, method.value)
        found = {each.service for each in values if isinstance(each, Client)}
        if not found and (ANYTHING in classes or not classes):
            where = f"{code.module}:{node.lineno}"
            self._unclear.append(f"{where}: nothing tells what {ast.unparse(method)} calls")
        return found

    def _describe(self, code: Code, node: ast.Call, service: str, operation: str) -> ApiCall:
        members: dict[str, tuple[str, ...]] = {}
        names = set()
        for name, within, value in self._given(code, node):
            names.add(name)
            if name not in ("Key", "Item", "TransactItems") or service != "dynamodb":
                members[name] = tuple(sorted(self._evaluation.texts(within, value)))
        parts = [*self._parts(code, node)]
        names |= {name for name, _, _ in parts}
        if service == "dynamodb":
            keys = [
                self._evaluation.texts(within, value)
                for name, within, value in parts
                if name == "pk"
            ]
            members["pk"] = tuple(sorted(frozenset[str]().union(*keys)))
        return ApiCall(
            f"{code.module}:{node.lineno}",
            service,
            operation,
            actions_of(service, operation, names),
            tuple(sorted(members.items())),
        )

    def _given(self, code: Code, node: ast.Call) -> Iterator[tuple[str, Code, ast.expr]]:
        """The members of a request by their names, those in dictionaries with two stars too."""
        for keyword in node.keywords:
            if keyword.arg:
                yield keyword.arg, code, keyword.value
                continue
            for within, origin in self._evaluation.origins(code, keyword.value):
                if isinstance(origin, ast.Dict):
                    for key, value in zip(origin.keys, origin.values, strict=True):
                        if isinstance(key, ast.Constant):
                            yield str(key.value), within, value

    def _parts(self, code: Code, node: ast.AST) -> Iterator[tuple[str, Code, ast.expr]]:
        """Everything in a request that has a name, however deep: `{"pk": x}`, and `Key("pk").eq(x)`
        of a condition."""
        for each in ast.walk(node):
            if isinstance(each, ast.Dict):
                for key, value in zip(each.keys, each.values, strict=True):
                    if isinstance(key, ast.Constant):
                        yield str(key.value), code, value
            elif isinstance(each, ast.Call) and is_named(each.func, "eq"):
                about = each.func.value if isinstance(each.func, ast.Attribute) else None
                if isinstance(about, ast.Call) and is_named(about.func, "Key"):
                    yield str(ast.literal_eval(about.args[0])), code, each.args[0]
            elif isinstance(each, ast.Name):
                yield from self._parts_behind(code, each, node)

    def _parts_behind(
        self, code: Code, name: ast.Name, node: ast.AST
    ) -> Iterator[tuple[str, Code, ast.expr]]:
        """Those of what a name in `node` stands for: something written down, or what a method
        returns."""
        for within, origin in self._evaluation.origins(code, name):
            if isinstance(origin, ast.Dict | ast.BinOp) and origin is not node:
                yield from self._parts(within, origin)
            elif isinstance(origin, ast.Call) and isinstance(origin.func, ast.Attribute):
                for member in self._reached.members(within, origin.func):
                    for result in self._evaluation.results(member):
                        yield from self._parts(member, result)

    def _constant(self, code: Code, node: ast.Call) -> str:
        (name,) = self._evaluation.texts(code, node.args[0])
        return name

    def _parent_call(self, node: ast.Call) -> ast.Call:
        """`client.get_paginator(...).paginate(...)`: the latter has the request."""
        attribute = self._program.parents[node]
        call = self._program.parents[attribute]
        return call if isinstance(call, ast.Call) else node


def _service_of(class_name: str) -> str:
    return class_name.removeprefix(_STUBS).partition(".")[0]


def _waiter(service: str, name: str) -> str:
    loaded = botocore.session.get_session().get_waiter_model(service)
    known: Mapping[str, str] = {
        each.lower().replace("_", ""): loaded.get_waiter(each).operation
        for each in loaded.waiter_names
    }
    return known[name.lower().replace("_", "")]
