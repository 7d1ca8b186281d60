"""Which code a handler can reach.

A reference to a function counts as a call of it, so that callbacks are followed wherever they are
called from. A method is looked for in the classes that are made somewhere in what is reached, and
fit what is asked for (rapid type analysis): a Protocol leads to the implementations that wiring.py
has chosen. Methods that Python calls by itself (`__enter__`, `__iter__`) are reached with their
class.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from tools.rights.code import is_named, walk_code
from tools.rights.program import Code, Program

_ASKED_ABOUT = ("isinstance", "issubclass", "except")


@dataclass(frozen=True)
class Call:
    """One place where something is called: `within` says in which code."""

    within: Code
    node: ast.Call


@dataclass
class Reach:
    """What is reached: `codes` by their full names, `made` classes. `calls` of each function by its
    full name, `escaped` those that are also handed over without being called, so that nobody knows
    what they are called with; `constructions` of each class."""

    program: Program
    codes: dict[str, Code] = field(default_factory=dict)
    made: set[str] = field(default_factory=set)
    calls: defaultdict[str, set[Call]] = field(default_factory=lambda: defaultdict(set))
    escaped: set[str] = field(default_factory=set)
    constructions: defaultdict[str, set[Call]] = field(default_factory=lambda: defaultdict(set))

    def members(self, code: Code, node: ast.Attribute) -> list[Code]:
        """The methods and properties that an attribute can be, among the classes that are made."""
        found: dict[str, Code] = {}
        for wanted in self.program.classes_of(code.module, node.value):
            for made in self.made:
                if self.program.fits(made, wanted):
                    member = self.program.find(made, node.attr)
                    found |= {member.name: member} if member else {}
        return list(found.values())


def reach(program: Program, handler: str) -> Reach:
    """Everything that `handler` of a module can reach."""
    return _Walk(program).run(f"{handler}.handler")


def reach_all(program: Program) -> Reach:
    """Everything that any handler can reach."""
    walk = _Walk(program)
    return walk.run(*(f"{handler}.handler" for handler in program.handlers))


class _Walk:
    def __init__(self, program: Program) -> None:
        self._program = program
        self._reach = Reach(program)
        self._todo: list[Code] = []
        self._asked: defaultdict[tuple[str, str], list[tuple[Code, ast.Attribute]]]
        self._asked = defaultdict(list)

    def run(self, *starts: str) -> Reach:
        for start in starts:
            self._enter(self._program.codes[start])
        while self._todo:
            self._follow(self._todo.pop())
        return self._reach

    def _enter(self, code: Code) -> None:
        if code.name not in self._reach.codes:
            self._reach.codes[code.name] = code
            self._todo.append(code)

    def _follow(self, code: Code) -> None:
        for node in walk_code(code.node):
            if isinstance(node, ast.Name | ast.Attribute):
                full = self._program.refers_to(code.module, node)
                if full in self._program.codes:
                    self._refer(code, node, self._program.codes[full])
                elif full in self._program.shapes:
                    self._meet(code, node, full)
                elif isinstance(node, ast.Attribute):
                    self._ask(code, node)

    def _refer(self, code: Code, node: ast.expr, target: Code) -> None:
        self._enter(target)
        call = self._call_of(node)
        if call is not None:
            self._reach.calls[target.name].add(Call(code, call))
        else:
            self._reach.escaped.add(target.name)

    def _meet(self, code: Code, node: ast.expr, class_name: str) -> None:
        parent = self._program.parents[node]
        about = isinstance(parent, ast.ExceptHandler) or (
            isinstance(parent, ast.Call) and is_named(parent.func, *_ASKED_ABOUT)
        )
        if about or isinstance(parent, ast.ClassDef | ast.MatchClass):
            return
        if (call := self._call_of(node)) is not None:
            self._reach.constructions[class_name].add(Call(code, call))
            for ancestor in self._program.shapes[class_name].ancestors:
                if f"{ancestor}.__init__" in self._program.codes:
                    self._reach.calls[f"{ancestor}.__init__"].add(Call(code, call))
                    break
        self._make(class_name)

    def _make(self, class_name: str) -> None:
        if class_name in self._reach.made or self._program.is_protocol(class_name):
            return
        self._reach.made.add(class_name)
        for ancestor in self._program.shapes[class_name].ancestors:
            for code in self._own(ancestor):
                self._enter(code)
        for (wanted, attribute), places in list(self._asked.items()):
            if self._program.fits(class_name, wanted):
                for code, node in places:
                    self._lead(class_name, attribute, code, node)

    def _own(self, class_name: str) -> Iterator[Code]:
        """The body of a class, and the methods that Python calls by itself."""
        if class_name in self._program.shapes:
            yield self._program.codes[f"{class_name}.<body>"]
            for member in self._program.shapes[class_name].members:
                code = self._program.codes.get(f"{class_name}.{member}")
                if code and member.startswith("__") and member.endswith("__"):
                    yield code

    def _ask(self, code: Code, node: ast.Attribute) -> None:
        if is_named(node.value, "super") or _is_super(node.value):
            self._ask_super(code, node)
        for wanted in self._program.classes_of(code.module, node.value):
            if wanted in self._program.shapes:
                self._asked[wanted, node.attr].append((code, node))
                for made in list(self._reach.made):
                    if self._program.fits(made, wanted):
                        self._lead(made, node.attr, code, node)

    def _ask_super(self, code: Code, node: ast.Attribute) -> None:
        for made in [code.owner, *self._reach.made]:
            ancestors = self._program.shapes[made].ancestors if made else ()
            if code.owner in ancestors:
                for ancestor in ancestors[ancestors.index(code.owner) + 1 :]:
                    if target := self._program.codes.get(f"{ancestor}.{node.attr}"):
                        self._refer(code, node, target)
                        break

    def _lead(self, class_name: str, attribute: str, code: Code, node: ast.Attribute) -> None:
        if target := self._program.find(class_name, attribute):
            self._refer(code, node, target)

    def _call_of(self, node: ast.expr) -> ast.Call | None:
        parent = self._program.parents.get(node)
        return parent if isinstance(parent, ast.Call) and parent.func is node else None


def _is_super(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and is_named(node.func, "super")
