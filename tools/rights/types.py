"""What mypy knows of the product's expressions, as plain data.

mypy checks the product from scratch each time, because its cache has no syntax trees: that takes
half a minute.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from mypy.build import BuildResult, build
from mypy.modulefinder import BuildSource
from mypy.nodes import MemberExpr, MypyFile, NameExpr, TypeInfo
from mypy.options import Options
from mypy.traverser import NameAndMemberCollector
from mypy.types import (
    AnyType,
    CallableType,
    Instance,
    Overloaded,
    TupleType,
    Type,
    TypeType,
    TypeVarType,
    UnionType,
    get_proper_type,
)

from tools.rights.code import Place

ANYTHING = "Any"
"""In the place of a class: mypy does not know which."""


@dataclass(frozen=True)
class Shape:
    """A class as mypy sees it. `ancestors`: its own name and those of its bases, in the order in
    which a method is looked for. `members`: its own. `required`: what a class must have to fit
    this one, if it is a Protocol. `fields`: of a dataclass, in the order of its constructor."""

    ancestors: tuple[str, ...]
    members: frozenset[str]
    required: frozenset[str]
    fields: tuple[str, ...]


@dataclass(frozen=True)
class Known:
    """Of one module: the full names of what its names and attributes mean, and the full names of
    the classes that stand before a dot, each by its place in the file."""

    names: Mapping[Place, str]
    classes: Mapping[Place, frozenset[str]]
    shapes: Mapping[str, Shape]


def find_types(folder: Path) -> dict[str, Known]:
    """What is known of each module of the folder."""
    options = Options()
    options.export_types = options.preserve_asts = True
    options.incremental = False
    options.ignore_errors = True  # `make types` shows them
    options.follow_imports = "silent"
    options.mypy_path = [str(folder)]
    options.explicit_package_bases = options.namespace_packages = True
    options.python_executable = sys.executable
    files = module_files(folder)
    result = build([BuildSource(str(path), name) for name, path in files.items()], options)
    return {name: _read(result, result.files[name]) for name in files}


def module_files(folder: Path) -> dict[str, Path]:
    """The Python files below the folder by the name under which they are imported."""
    names = {}
    for path in sorted(folder.rglob("*.py")):
        parts = path.relative_to(folder).with_suffix("").parts
        names[".".join(parts).removesuffix(".__init__")] = path
    return names


def _read(result: BuildResult, tree: MypyFile) -> Known:
    collector = NameAndMemberCollector()
    tree.accept(collector)
    names, classes = {}, {}
    for reference in (*collector.name_exprs, *collector.member_exprs):
        names[_place(reference)] = reference.fullname or ""
        if isinstance(reference, MemberExpr) and reference.expr in result.types:
            found = frozenset(_class_names(result.types[reference.expr]))
            classes[_place(reference.expr)] = found
    own = (symbol.node for symbol in tree.names.values())
    infos = [
        each for each in own if isinstance(each, TypeInfo) and each.module_name == tree.fullname
    ]
    return Known(names, classes, {each.fullname: _shape(each) for each in infos})


def _shape(info: TypeInfo) -> Shape:
    attributes = info.metadata.get("dataclass", {}).get("attributes", [])
    return Shape(
        tuple(each.fullname for each in info.mro),
        frozenset(info.names),
        frozenset(info.protocol_members if info.is_protocol else ()),
        tuple(each["name"] for each in attributes if each["is_in_init"]),
    )


def _class_names(known: Type) -> Iterator[str]:
    proper = get_proper_type(known)
    if isinstance(proper, Instance):
        yield proper.type.fullname
    elif isinstance(proper, UnionType):
        for item in proper.items:
            yield from _class_names(item)
    elif isinstance(proper, TypeType):
        yield from _class_names(proper.item)
    elif isinstance(proper, TypeVarType):
        yield from _class_names(proper.upper_bound)
    elif isinstance(proper, TupleType):
        yield from _class_names(proper.partial_fallback)
    elif isinstance(proper, CallableType | Overloaded):
        is_class = proper.is_type_obj()
        yield from _class_names(proper.items[0].ret_type) if is_class else ("builtins.function",)
    elif isinstance(proper, AnyType):
        yield ANYTHING


def _place(node: NameExpr | MemberExpr | object) -> Place:
    line, column = getattr(node, "line", 0), getattr(node, "column", 0)
    return line, column, getattr(node, "end_line", 0) or 0, getattr(node, "end_column", 0) or 0
