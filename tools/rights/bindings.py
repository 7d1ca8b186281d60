"""Where the value of a name, a parameter or a field comes from."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Literal

from tools.rights.code import Routine, default_of, is_named, parameters
from tools.rights.program import Code
from tools.rights.reach import Call, Reach

Step = int | Literal["each", "key", "value"]
Path = tuple[Step, ...]
"""Which part of an expression is meant: the element of that number, or each of them, or the keys or
values of a dictionary; and then a part of that."""

_Comprehension = ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp
_Scope = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


@dataclass(frozen=True)
class Source:
    """A value comes from this part of this expression; from nobody knows where without one."""

    code: Code
    node: ast.expr | None
    path: Path = ()


class Bindings:
    """The sources of names, parameters and fields in what is reached."""

    def __init__(self, reached: Reach) -> None:
        self._reached = reached
        self._program = reached.program
        self._parents = reached.program.parents
        self._set: dict[tuple[str, str], list[Source]] = {}
        self._replaced: dict[str, list[Source]] = {}
        for code in reached.codes.values():
            for node in ast.walk(code.node):
                self._note(code, node)
        self.of = cache(self._of)
        self.of_field = cache(self._of_field)
        self.results = cache(self._results)

    def _note(self, code: Code, node: ast.AST) -> None:
        """Keeps what a method sets of its object, and what `replace` changes of any."""
        for target, value in _assignments(node):
            if isinstance(target, ast.Attribute) and is_named(target.value, "self"):
                self._set.setdefault((code.owner, target.attr), []).append(Source(code, value))
        if isinstance(node, ast.Call) and is_named(node.func, "replace"):
            for keyword in node.keywords:
                if keyword.arg:
                    found = self._replaced.setdefault(keyword.arg, [])
                    found.append(Source(code, keyword.value))

    def _of(self, code: Code, node: ast.Name) -> tuple[Source, ...]:
        scope: ast.AST | None = self._parents.get(node)
        while scope is not None:
            if isinstance(scope, _Comprehension):
                found = [
                    source
                    for generator in scope.generators
                    for source in _bound(code, generator.target, node.id, generator.iter, ("each",))
                ]
                if found:
                    return tuple(found)
            elif isinstance(scope, _Scope):
                found = [*self._parameter(code, scope, node.id), *_assigned(code, scope, node.id)]
                if found:
                    return tuple(found)
            scope = self._parents.get(scope)
        full = self._program.refers_to(code.module, node)
        target = self._program.codes.get(full)
        if target is None or not isinstance(target.node, ast.expr):
            return (Source(code, None),)
        return (Source(target, target.node),)

    def _parameter(self, code: Code, scope: Routine, name: str) -> Iterator[Source]:
        names = parameters(scope)
        if name not in names:
            return
        if isinstance(scope, ast.Lambda):
            yield Source(code, None)
            return
        if scope is not code.node:
            calls: Iterable[Call] = _calls_of_nested(code, scope)
        else:
            calls = self._reached.calls[code.name]
            if code.name in self._reached.escaped:
                yield Source(code, None)
        is_static = any(is_named(each, "staticmethod") for each in scope.decorator_list)
        named = names[1:] if code.owner and scope is code.node and not is_static else names
        if name not in named:
            return
        for call in calls:
            if given := self._argument(call, named, name):
                yield given
            elif (default := default_of(scope, name)) is not None:
                yield Source(code, default)

    def _argument(self, call: Call, names: list[str], name: str) -> Source | None:
        """What a call gives for the parameter `name` of `names`, None if it gives nothing. A star
        before anything but a tuple that is written down hides what is given."""
        for keyword in call.node.keywords:
            if keyword.arg == name:
                return Source(call.within, keyword.value)
        given = self._spread(call.within, call.node.args)
        if given is None:
            return Source(call.within, None)
        if name in names[: len(given)]:
            return Source(call.within, given[names.index(name)])
        hidden = any(keyword.arg is None for keyword in call.node.keywords)
        return Source(call.within, None) if hidden else None

    def _spread(self, code: Code, nodes: Iterable[ast.expr]) -> list[ast.expr] | None:
        """The expressions with what stands behind a star in its place, those within it too; None if
        that is not written down."""
        found: list[ast.expr] = []
        for node in nodes:
            inner: list[ast.expr] | None = [node]
            if isinstance(node, ast.Starred):
                written = self._written(code, node.value)
                inner = None if written is None else self._spread(code, written)
            if inner is None:
                return None
            found += inner
        return found

    def _written(self, code: Code, node: ast.expr) -> list[ast.expr] | None:
        """The elements of a tuple that a name stands for; None if it stands for anything else."""
        sources = self.of(code, node) if isinstance(node, ast.Name) else ()
        if len(sources) == 1 and isinstance(sources[0].node, ast.Tuple) and not sources[0].path:
            return sources[0].node.elts
        return None

    def _of_field(self, classes: frozenset[str], name: str) -> tuple[Source, ...]:
        """Of an object of one of these classes, or of one that may stand in its place."""
        found: list[Source] = []
        for made in self._reached.made:
            if any(self._program.fits(made, each) for each in classes):
                found += self._set_in(made, name)
                found += self._given_to(made, name)
        found += self._replaced.get(name, [])
        return tuple(found)

    def _set_in(self, class_name: str, name: str) -> Iterator[Source]:
        for ancestor in self._program.shapes[class_name].ancestors:
            yield from self._set.get((ancestor, name), [])

    def _given_to(self, class_name: str, name: str) -> Iterator[Source]:
        fields = list(self._program.shapes[class_name].fields)
        if name not in fields:
            return
        calls = self._reached.constructions[class_name]
        if not calls:  # by cls(...), from what comes from outside
            yield Source(self._program.codes[f"{class_name}.<body>"], None)
        for call in calls:
            if given := self._argument(call, fields, name):
                yield given
        for ancestor in self._program.shapes[class_name].ancestors:
            if body := self._program.codes.get(f"{ancestor}.<body>"):
                yield from _assigned(body, body.node, name)

    def _results(self, code: Code) -> tuple[ast.expr, ...]:
        """What a function returns or yields, without what is nested in it."""
        return tuple(
            node.value
            for node in _own_nodes(code.node)
            if isinstance(node, ast.Return | ast.Yield) and node.value is not None
        )

    def conditions(self, code: Code, node: ast.expr) -> Iterator[ast.expr]:
        """The texts with which a name or an attribute begins, by the conditions around it."""
        text = ast.unparse(node)
        child: ast.AST = node
        while child is not code.node and (parent := self._parents.get(child)) is not None:
            for test in _tests(parent, child):
                for each in test.values if isinstance(test, ast.BoolOp) else [test]:
                    if (
                        isinstance(each, ast.Call)
                        and isinstance(each.func, ast.Attribute)
                        and each.func.attr == "startswith"
                        and ast.unparse(each.func.value) == text
                    ):
                        yield each.args[0]
            child = parent


def _tests(parent: ast.AST, child: ast.AST) -> Iterator[ast.expr]:
    """What is true where `child` is computed."""
    match parent:
        case ast.IfExp(test=test, body=body) if child is body:
            yield test
        case ast.If(test=test, body=body) if child in body:
            yield test
        case ast.BoolOp(op=ast.And(), values=values):
            yield from values[: values.index(child)]  # type: ignore[arg-type]  # one of them
        case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
            if not isinstance(child, ast.comprehension):
                yield from (test for each in parent.generators for test in each.ifs)


def _own_nodes(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, _Scope):
            yield child
            yield from _own_nodes(child)


def _assignments(node: ast.AST) -> Iterator[tuple[ast.expr, ast.expr]]:
    if isinstance(node, ast.Assign):
        yield from ((target, node.value) for target in node.targets)
    elif isinstance(node, ast.AnnAssign | ast.NamedExpr) and node.value is not None:
        yield node.target, node.value


def _assigned(code: Code, scope: ast.AST, name: str) -> Iterator[Source]:
    """What the name is set to in a scope."""
    for node in _own_nodes(scope):
        for target, value in _assignments(node):
            yield from _bound(code, target, name, value, ())
        if isinstance(node, ast.AugAssign) and is_named(node.target, name):
            yield Source(code, None)
        elif isinstance(node, ast.For | ast.AsyncFor):
            yield from _bound(code, node.target, name, node.iter, ("each",))
        elif isinstance(node, ast.withitem) and node.optional_vars is not None:
            yield from _bound(code, node.optional_vars, name, node.context_expr, ())
        elif (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in ("append", "add")
            and is_named(node.func.value, name)
        ):
            yield Source(code, ast.List([node.args[0]], ast.Load()))


def _bound(
    code: Code, target: ast.expr, name: str, value: ast.expr, path: Path
) -> Iterator[Source]:
    """Where the name is in what is assigned to."""
    if isinstance(target, ast.Name) and target.id == name:
        yield Source(code, value, path)
    elif isinstance(target, ast.Starred):
        yield from (Source(code, None) for each in ast.walk(target) if is_named(each, name))
    elif isinstance(target, ast.Tuple | ast.List):
        for number, each in enumerate(target.elts):
            yield from _bound(code, each, name, value, (*path, number))


def _calls_of_nested(code: Code, scope: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[Call]:
    for node in ast.walk(code.node):
        if isinstance(node, ast.Call) and is_named(node.func, scope.name):
            yield Call(code, node)
