"""Each function may call of WorkMail what its code calls, no more and no less.

The code is read, not run, so that ways count that no story takes. From a handler on, whatever
functions and classes its names lead to are followed, and the members of Wiring. What is called on
something with `directory` in its name is a method of the Directory; the operations of that are read
from the adapter, whose methods call one another.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import boto3
import pytest

from stacks.function_table import TABLE

LAMBDAS = Path(__file__).resolve().parents[2] / "lambdas"
WIRING = "migration.wiring"

# They give a directory to others, who call it.
GIVERS = {(WIRING, name) for name in ("wire", "Wiring", "directory", "journalled_directory")}
# What is handed over and not called: `Means` has the probe of a mailbox, for the function that
# makes the administrator.
HANDED_OVER = {
    "disable_administrator": {"AssumeImpersonationRole"},
    "clean_up": {"AssumeImpersonationRole"},
}

Definition = ast.FunctionDef | ast.ClassDef


@cache
def parse(module: str) -> ast.Module:
    """Nothing for a module that is not the product's, or an adapter's."""
    path = LAMBDAS.joinpath(*module.split(".")).with_suffix(".py")
    is_ours = path.is_file() and "aws" not in path.parts
    return ast.parse(path.read_text("utf-8") if is_ours else "")


@cache
def definitions(module: str) -> Mapping[str, Definition]:
    """Functions and classes of a module by name, the methods of Wiring among them."""
    nodes: list[ast.stmt] = [*parse(module).body]
    if module == WIRING:
        for node in parse(module).body:
            nodes += node.body if isinstance(node, ast.ClassDef) and node.name == "Wiring" else []
    return {node.name: node for node in nodes if isinstance(node, Definition)}


@cache
def imports(module: str) -> Mapping[str, tuple[str, str]]:
    """Module and name behind each name that is imported from a module."""
    return {
        alias.asname or alias.name: (node.module, alias.name)
        for node in ast.walk(parse(module))
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
    }


def name_of(node: ast.expr) -> str:
    """The last word of what stands before a dot."""
    if isinstance(node, ast.Call):
        return name_of(node.func)
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def leads_to(module: str, node: ast.AST) -> Iterator[tuple[str, str]]:
    """Where a name or an attribute leads: modules and names in them."""
    known = imports(module)
    if isinstance(node, ast.Name):
        yield known.get(node.id, (module, node.id))
    if isinstance(node, ast.Attribute):
        before = name_of(node.value)
        if before in known:
            yield ".".join(known[before]), node.attr
        if before in ("wired", "wire") or (before == "self" and module == WIRING):
            yield WIRING, node.attr


def called_methods(
    module: str, name: str, methods: frozenset[str], port: str = "directory"
) -> set[str]:
    """The methods of the Directory, or of what has the word `port` in its name, that this function
    or class calls, by itself or by others."""
    found: set[str] = set()
    to_do, seen = [(module, name)], set(GIVERS)
    while to_do:
        place = to_do.pop()
        definition = definitions(place[0]).get(place[1])
        if place in seen or definition is None:
            continue
        seen.add(place)
        for node in ast.walk(definition):
            to_do += leads_to(place[0], node)
            if isinstance(node, ast.Attribute) and port in name_of(node.value):
                found |= {node.attr} & methods
    return found


@cache
def operations() -> Mapping[str, frozenset[str]]:
    """What each method of the adapter calls of WorkMail, by itself or by its other methods."""
    api = boto3.client("workmail", region_name="eu-west-1").meta.method_to_api_mapping
    own: dict[str, set[str]] = {}
    others: dict[str, set[str]] = {}
    for path in (LAMBDAS / "migration" / "aws").glob("directory*.py"):
        for method in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(method, ast.FunctionDef):
                words = [each for each in ast.walk(method) if isinstance(each, ast.Attribute)]
                texts = {each.value for each in ast.walk(method) if isinstance(each, ast.Constant)}
                names = {each.attr for each in words if name_of(each.value) == "_client"}
                own[method.name] = {api[name] for name in api if name in names | texts}
                others[method.name] = {each.attr for each in words if name_of(each.value) == "self"}

    def everything(method: str, seen: frozenset[str]) -> frozenset[str]:
        further = others[method] & own.keys() - seen
        seen |= {method}
        return frozenset(own[method]).union(*(everything(each, seen) for each in further))

    return {method: everything(method, frozenset()) for method in own}


@pytest.mark.parametrize("handler", TABLE)
def test_a_function_may_what_its_code_calls(handler: str) -> None:
    methods = called_methods(handler, "handler", frozenset(operations()))
    called = frozenset[str]().union(*(operations()[method] for method in methods))
    assert called - HANDED_OVER.get(handler, set()) == set(TABLE[handler].workmail)


def test_the_code_is_followed_to_its_ends() -> None:
    """Through the adapter's own methods, and through what Wiring makes."""
    assert operations()["delete_user"] == {
        *("DeleteUser", "DescribeUser", "DescribeGroup", "DescribeResource")
    }
    assert "assume_role" in called_methods("copy_slice", "handler", frozenset(operations()))
