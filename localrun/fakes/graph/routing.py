"""Which function answers which path.

A Route's pattern has names in braces: "/users/{user}/mailFolders/{folder}/messages". Names of
segments are compared regardless of case; `users('x')` counts as `users/x`, and `delta()` and
`microsoft.graph.delta()` as `delta`. The function is given a Call and returns an Answer, or JSON to
be sent with 200; it raises GraphError. A pattern that begins with /users/{user}/ is about a
mailbox: the call has it, locked, and counts for its limits, unless the route is `of_directory`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from localrun.fakes.graph.answers import Answer, Ask, GraphError, Json

if TYPE_CHECKING:
    from localrun.fakes.graph.mailbox import Mailbox
    from localrun.fakes.graph.tenant import Tenant

_KEYED = re.compile(r"/(\w+)\('((?:[^'/]|'')*)'\)(?=/|$)")
_FUNCTION = re.compile(r"/(?:microsoft\.graph\.)?delta(?:\(\))?$", re.IGNORECASE)
_NAME = re.compile(r"\{(\w+)\}")
_ORDINARY = frozenset({"$select", "$top", "$skip", "$skiptoken", "$count"})


@dataclass(frozen=True, slots=True)
class Call:
    """A request for a route. `at` holds the parts of the path that have names, decoded."""

    tenant: Tenant
    ask: Ask
    at: Mapping[str, str]
    of: Mailbox | None = None

    @property
    def mailbox(self) -> Mailbox:
        """The mailbox that the path is about."""
        if self.of is None:
            raise RuntimeError(f"{self.ask.path} is not about a mailbox")
        return self.of

    def option(self, name: str) -> str:
        """A query option, "" without it."""
        return self.ask.query.get(name, "")

    def link(self, query: Mapping[str, str], path: str = "") -> str:
        """The absolute address of this path, or another, with this query."""
        parts = "&".join(f"{name}={quote(value, safe='')}" for name, value in query.items())
        return f"{self.tenant.graph_url}{path or self.ask.path}?{parts}"


@dataclass(frozen=True, slots=True)
class Route:
    """One row of the table. `needs` is the application permission without which 403 is answered;
    several with `|` between them if each of them will do. `options` are the query options that it
    knows beside $select, $top, $skip, $skiptoken and $count."""

    pattern: str
    function: Callable[[Call], Answer | Json]
    needs: str = ""
    options: frozenset[str] = frozenset()
    method: str = "GET"
    of_directory: bool = False

    @property
    def is_of_mailbox(self) -> bool:
        return self.pattern.startswith("/users/{user}/") and not self.of_directory

    def check(self, query: Mapping[str, str]) -> None:
        """GraphError for a query option that this path does not know."""
        for name in query:
            if name not in _ORDINARY and name not in self.options:
                message = f"Query option '{name}' is not allowed here."
                raise GraphError(400, "BadRequest", message)


class Routes:
    """The table, made ready to look things up."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._by_length: dict[int, list[tuple[re.Pattern[str], Route]]] = {}
        for route in routes:
            row = (_regular(route.pattern), route)
            self._by_length.setdefault(route.pattern.count("/"), []).append(row)

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]]:
        """The first route for a quoted path, and the parts of the path that have names."""
        plain = plain_path(path)
        is_known = False
        for pattern, route in self._by_length.get(plain.count("/"), ()):
            if found := pattern.fullmatch(plain):
                is_known = True
                if route.method == method:
                    return route, {name: unquote(it) for name, it in found.groupdict().items()}
        if is_known:
            raise GraphError(405, "Request_BadRequest", "Specified HTTP method is not allowed.")
        last = unquote(plain.rpartition("/")[2])
        message = f"Resource not found for the segment '{last}'."
        raise GraphError(400, "BadRequest", message)


def plain_path(path: str) -> str:
    """A quoted path with keys as segments: /users('ann')/messages/microsoft.graph.delta() becomes
    /users/ann/messages/delta."""
    bare = path.rstrip("/").replace("%24", "$").replace("%27", "'")
    keyed = _KEYED.sub(lambda found: f"/{found[1]}/{found[2].replace(chr(39) * 2, chr(39))}", bare)
    return _FUNCTION.sub("/delta", keyed)


def _regular(pattern: str) -> re.Pattern[str]:
    parts = _NAME.split(pattern)
    for place in range(0, len(parts), 2):
        parts[place] = re.escape(parts[place])
    for place in range(1, len(parts), 2):
        parts[place] = f"(?P<{parts[place]}>[^/]+)"
    return re.compile("".join(parts), re.IGNORECASE)
