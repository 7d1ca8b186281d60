"""The functions and classes of lambdas/: Python's own syntax trees, with what mypy knows of their
names and types."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tools.rights.code import parents_of, place_of
from tools.rights.types import ANYTHING, Known, Shape, find_types, module_files

__all__ = ["ANYTHING", "LAMBDAS", "Code", "Program"]

LAMBDAS = Path(__file__).resolve().parents[2] / "lambdas"


@dataclass(frozen=True)
class Code:
    """A piece of code that runs as one: a function with all that is nested in it, the body of a
    class, or the value of a module's variable. `owner` is the class whose method it is, or ""."""

    name: str
    module: str
    node: ast.AST
    owner: str = ""


class Program:
    """Everything in a folder of handlers. `codes` and `shapes` (the classes) by their full names,
    `parents` of every node of a syntax tree."""

    def __init__(self, folder: Path = LAMBDAS, known: Mapping[str, Known] | None = None) -> None:
        self.known = known if known is not None else find_types(folder)
        self.shapes: dict[str, Shape] = {}
        self.codes: dict[str, Code] = {}
        self.parents: dict[ast.AST, ast.AST] = {}
        self._fits: dict[tuple[str, str], bool] = {}
        for module, path in module_files(folder).items():
            tree = ast.parse(path.read_text("utf-8"))
            self.shapes |= self.known[module].shapes
            self.parents |= parents_of(tree)
            self._index(module, tree.body, module, "")
        self.handlers = tuple(
            sorted(each for each in self.known if "." not in each and each != "migration")
        )

    def refers_to(self, module: str, node: ast.expr) -> str:
        """The full name of what a name or an attribute means; "" or a bare name for what is local,
        "" for a member of an object."""
        return self.known[module].names.get(place_of(node), "")

    def classes_of(self, module: str, node: ast.expr) -> frozenset[str]:
        """The full names of the classes that an expression before a dot may have."""
        return self.known[module].classes.get(place_of(node), frozenset())

    def find(self, class_name: str, member: str) -> Code | None:
        """The method or property that objects of a class have; None for a plain attribute."""
        for ancestor in self.shapes[class_name].ancestors:
            if code := self.codes.get(f"{ancestor}.{member}"):
                return code
        return None

    def is_protocol(self, class_name: str) -> bool:
        return class_name in self.shapes and bool(self.shapes[class_name].required)

    def fits(self, class_name: str, wanted: str) -> bool:
        """Whether an object of the class may stand where `wanted` is asked for: a base of it, or a
        Protocol whose members it has. What has `__getattr__` has every member."""
        key = class_name, wanted
        if key not in self._fits:
            self._fits[key] = self._judge_fit(class_name, wanted)
        return self._fits[key]

    def _judge_fit(self, class_name: str, wanted: str) -> bool:
        ancestors = self.shapes[class_name].ancestors
        if wanted in ancestors:
            return True
        if not self.is_protocol(wanted) or self.is_protocol(class_name):
            return False
        shapes = [self.shapes[each] for each in ancestors if each in self.shapes]
        members = frozenset[str]().union(*(shape.members for shape in shapes))
        return "__getattr__" in members or self.shapes[wanted].required <= members

    def _index(self, module: str, body: list[ast.stmt], scope: str, owner: str) -> None:
        for node in body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                name = f"{scope}.{node.name}"
                self.codes[name] = Code(name, module, node, owner)
            elif isinstance(node, ast.ClassDef):
                name = f"{scope}.{node.name}"
                self._index(module, node.body, name, name)
                rest = [each for each in node.body if not isinstance(each, ast.FunctionDef)]
                body_of = ast.Module([*rest, *map(ast.Expr, node.decorator_list)], [])
                self.codes[f"{name}.<body>"] = Code(f"{name}.<body>", module, body_of, name)
            elif not owner and isinstance(node, ast.Assign | ast.AnnAssign) and node.value:
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                for each in (each for target in targets for each in ast.walk(target)):
                    if isinstance(each, ast.Name):
                        name = f"{scope}.{each.id}"
                        self.codes[name] = Code(name, module, node.value)
