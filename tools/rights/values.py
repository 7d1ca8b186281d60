"""What an expression can be, as far as the code tells: texts as patterns, and clients of AWS.

A `*` in a pattern stands for what is known at run time only, `{name}` for a setting of the tenant.
Names, parameters, fields and results are followed to where they come from, through all calls that
are reached; what is lost on the way is `*`. So a pattern is never too narrow.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tools.rights.bindings import Bindings, Path, Source, Step
from tools.rights.code import is_named
from tools.rights.program import Code
from tools.rights.reach import Reach

SETTINGS = "migration.settings.Settings"
UNKNOWN = "*"
GIVEN: Mapping[tuple[str, str], str] = {
    ("migration.events.Preflight", "manifest"): "intake/*",
    ("migration.events.PlanWave", "manifest"): "intake/*",
}
"""Fields whose value comes from outside, and what it is nevertheless known to be: the key of a
manifest is the input's or the tenant file's, and both are refused unless they lie below intake/."""

_MANY = 40
_LONG = 200
_PASSING_ON = {
    *("list", "tuple", "set", "frozenset", "sorted", "reversed", "iter", "dict"),
    *("next", "cast", "str"),
}


@dataclass(frozen=True)
class Client:
    """boto3's client of a service by botocore's name, or its resource of that service."""

    service: str


Value = str | Client
Values = frozenset[Value]


class Evaluation:
    """Answers what expressions are in what is reached."""

    def __init__(self, reached: Reach) -> None:
        self._reached = reached
        self._program = reached.program
        self._bindings = Bindings(reached)
        self._known: defaultdict[tuple[str, ast.AST, Path], Values] = defaultdict(frozenset)
        self._visited: set[tuple[str, ast.AST, Path]] = set()
        self._grown = False

    def values(self, code: Code, node: ast.expr) -> Values:
        """All that the expression can be: computed over and over until nothing is added, because
        functions may call each other in circles."""
        while True:
            self._grown = False
            self._visited = set()
            found = self._select(code, node, ())
            if not self._grown:
                return found

    def texts(self, code: Code, node: ast.expr) -> frozenset[str]:
        return frozenset(each for each in self.values(code, node) if isinstance(each, str))

    def results(self, code: Code) -> tuple[ast.expr, ...]:
        """What a function returns or yields."""
        return self._bindings.results(code)

    def origins(self, code: Code, node: ast.expr) -> Iterator[tuple[Code, ast.expr]]:
        """The expressions behind a name: itself, if it is none."""
        todo, seen = [(code, node)], set()
        while todo:
            place = todo.pop()
            if place in seen:
                continue
            seen.add(place)
            sources = [] if not isinstance(place[1], ast.Name) else self._bindings.of(*place)
            todo += [(each.code, each.node) for each in sources if each.node and not each.path]
            yield place

    def _select(self, code: Code, node: ast.expr, path: Path) -> Values:
        key = code.name, node, path
        if key in self._visited:
            return self._known[key]
        self._visited.add(key)
        found = self._known[key] | self._compute(code, node, path)
        found = _widen(found)
        if found != self._known[key]:
            self._known[key] = found
            self._grown = True
        return found

    def _compute(self, code: Code, node: ast.expr, path: Path) -> Values:
        match node:
            case ast.NamedExpr() | ast.Starred() | ast.Await():
                return self._select(code, node.value, path)
            case ast.IfExp():
                return self._select(code, node.body, path) | self._select(code, node.orelse, path)
            case ast.BoolOp():
                return _union(self._select(code, each, path) for each in node.values)
            case ast.Name():
                found = self._trace(self._bindings.of(code, node), path)
                return _restrict(found, self._prefixes(code, node))
            case ast.Attribute():
                found = self._attribute(code, node, path)
                return _restrict(found, self._prefixes(code, node))
            case ast.Call():
                return self._call(code, node, path)
            case _:
                return self._composed(code, node, path) if path else self._text(code, node)

    def _composed(self, code: Code, node: ast.expr, path: Path) -> Values:
        """A part of a list, a tuple or a comprehension."""
        first, rest = path[0], path[1:]
        match node:
            case ast.Tuple() | ast.List() | ast.Set():
                if isinstance(first, int) and first < len(node.elts):
                    return self._select(code, node.elts[first], rest)
                return _union(self._select(code, each, rest) for each in node.elts)
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp():
                return self._select(code, node.elt, rest)
            case ast.DictComp():
                return self._select(code, node.value if first == "value" else node.key, rest)
        return frozenset({UNKNOWN})

    def _text(self, code: Code, node: ast.expr) -> Values:
        match node:
            case ast.Constant():
                return frozenset({str(node.value)} if isinstance(node.value, str | int) else ())
            case ast.JoinedStr():
                return self._join(code, node.values)
            case ast.FormattedValue():
                return self._select(code, node.value, ()) if not node.format_spec else _unknown()
            case ast.BinOp(op=ast.Add()):
                return self._join(code, [node.left, node.right])
            case ast.Subscript(slice=ast.Slice(lower=None)):
                whole = self._select(code, node.value, ())
                return frozenset(_until_star(each) + "*" for each in whole if isinstance(each, str))
        return _unknown()

    def _join(self, code: Code, parts: Iterable[ast.expr]) -> Values:
        texts = {""}
        for part in parts:
            found = self._select(code, part, ())
            ends = {each for each in found if isinstance(each, str)}
            texts = {begin + end for begin in texts for end in ends}
            if len(texts) > _MANY:
                return _unknown()
        return frozenset(text.replace("**", "*") for text in texts)

    def _trace(self, sources: Sequence[Source], path: Path) -> Values:
        if not sources:
            return _unknown()
        return _union(
            self._select(each.code, each.node, each.path + path) if each.node else _unknown()
            for each in sources
        )

    def _attribute(self, code: Code, node: ast.Attribute, path: Path) -> Values:
        full = self._program.refers_to(code.module, node)
        if full in self._program.codes:
            target = self._program.codes[full]
            return self._value_of(target, path)
        classes = self._program.classes_of(code.module, node.value)
        if given := {GIVEN[each, node.attr] for each in classes if (each, node.attr) in GIVEN}:
            return frozenset(given)
        if SETTINGS in classes and not self._program.find(SETTINGS, node.attr):
            return frozenset({f"{{{node.attr}}}"})
        if members := self._reached.members(code, node):
            return _union(self._value_of(each, path) for each in members)
        if any(each in self._program.shapes for each in classes):
            return self._trace(self._bindings.of_field(classes, node.attr), path)
        if is_named(node, "client") and isinstance(node.value, ast.Attribute):
            return self._select(code, node.value.value, ())  # table.meta.client
        if node.attr == "name" and Client("dynamodb") in self._select(code, node.value, ()):
            return frozenset({"{table_name}"})
        return _unknown()

    def _value_of(self, code: Code, path: Path) -> Values:
        """What a function returns or yields, or what a variable of a module is."""
        if isinstance(code.node, ast.expr) and not isinstance(code.node, ast.Lambda):
            return self._select(code, code.node, path)
        return _union(self._select(code, each, path) for each in self._bindings.results(code))

    def _call(self, code: Code, node: ast.Call, path: Path) -> Values:
        if isinstance(node.func, ast.Name) and node.func.id in _PASSING_ON and node.args:
            return self._pass_on(code, node, path)
        if isinstance(node.func, ast.Name | ast.Attribute):
            full = self._program.refers_to(code.module, node.func)
            if full in ("boto3.client", "boto3.resource"):
                names = self._select(code, node.args[0], ())
                return frozenset(Client(each) for each in names if isinstance(each, str))
            if full in self._program.shapes:
                return _unknown()
            if full in self._program.codes:
                return self._value_of(self._program.codes[full], path)
        if isinstance(node.func, ast.Attribute):
            return self._method(code, node, node.func, path)
        return _unknown()

    def _pass_on(self, code: Code, node: ast.Call, path: Path) -> Values:
        """Calls of Python's own functions that answer their argument, or its elements."""
        if is_named(node.func, "cast"):
            return self._select(code, node.args[1], path)
        if is_named(node.func, "next"):
            found = self._select(code, node.args[0], ("each", *path))
            return found | _union(self._select(code, each, path) for each in node.args[1:])
        return self._select(code, node.args[0], path)

    def _method(self, code: Code, node: ast.Call, method: ast.Attribute, path: Path) -> Values:
        members = self._reached.members(code, method)
        if any(each.name.endswith("Blobs.list") for each in members) and path:
            prefixes = self._select(code, node.args[0], ())  # its keys begin with what is asked
            return frozenset(f"{each}*".replace("**", "*") for each in prefixes)
        if members:
            return _union(self._value_of(each, path) for each in members)
        match method.attr, path:
            case "items", ("each", int(number), *rest):
                part: Step = "value" if number else "key"
                return self._select(code, method.value, (part, *rest))
            case "values", ("each", *rest):
                return self._select(code, method.value, ("value", *rest))
        if method.attr == "Table":
            return self._select(code, method.value, ())
        return _unknown()

    def _prefixes(self, code: Code, node: ast.expr) -> Iterator[str]:
        """What the expression begins with, by the conditions around it."""
        for text in self._bindings.conditions(code, node):
            found = self._select(code, text, ())
            if len(found) == 1:
                yield from (each for each in found if isinstance(each, str))


def _unknown() -> Values:
    return frozenset({UNKNOWN})


def _union(values: Iterable[Values]) -> Values:
    return frozenset[Value]().union(*values)


def _until_star(text: str) -> str:
    return text.partition("*")[0]


def _restrict(values: Values, prefixes: Iterable[str]) -> Values:
    for prefix in prefixes:
        kept: set[Value] = set()
        for value in values:
            if isinstance(value, Client) or _until_star(value).startswith(prefix):
                kept.add(value)
            elif "*" in value and prefix.startswith(_until_star(value)):
                kept.add(f"{prefix}*")
        values = frozenset(kept)
    return values


def _widen(values: Values) -> Values:
    """Long texts grow in circles, and what grows without end is not known."""
    short = {
        each if isinstance(each, Client) or len(each) < _LONG else f"{_until_star(each)[:20]}*"
        for each in values
    }
    return frozenset(short) if len(short) <= _MANY else _unknown()
