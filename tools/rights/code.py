"""Small questions about Python's syntax trees."""

from __future__ import annotations

import ast
from collections.abc import Iterator

Place = tuple[int, int, int, int]
"""Line and column where an expression begins and ends, as both ast and mypy count them."""

Routine = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda

_TYPES = {"annotation", "returns", "type_params"}


def place_of(node: ast.expr) -> Place:
    return node.lineno, node.col_offset, node.end_lineno or 0, node.end_col_offset or 0


def walk_code(node: ast.AST) -> Iterator[ast.AST]:
    """The node and all below it, without type annotations, which call nothing."""
    yield node
    for name, value in ast.iter_fields(node):
        if name in _TYPES:
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield from walk_code(child)


def parents_of(tree: ast.AST) -> dict[ast.AST, ast.AST]:
    """The node that each node below `tree` is a part of."""
    return {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}


def parameters(routine: Routine) -> list[str]:
    """Their names, in the order of positional arguments, those by keyword alone at the end."""
    arguments = routine.args
    named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    return [each.arg for each in named]


def default_of(routine: Routine, name: str) -> ast.expr | None:
    """The default of a parameter, None without one."""
    arguments = routine.args
    positional = [*arguments.posonlyargs, *arguments.args]
    late = positional[len(positional) - len(arguments.defaults) :]
    known: dict[str, ast.expr | None] = {
        each.arg: value for each, value in zip(late, arguments.defaults, strict=True)
    }
    known |= {
        each.arg: value
        for each, value in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    }
    return known.get(name)


def is_named(node: ast.AST, *names: str) -> bool:
    """Whether the node is one of these names, or an attribute of one of these."""
    if isinstance(node, ast.Name):
        return node.id in names
    return isinstance(node, ast.Attribute) and node.attr in names
