"""What is asked and answered: requests with their preferences, answers, errors in Graph's form."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

Json = dict[str, Any]

_PREFERENCE = re.compile(r'\s*([^=,\s]+)\s*(?:=\s*(?:"([^"]*)"|([^",\s]*)))?\s*(?:,|$)')


@dataclass(frozen=True, slots=True)
class Ask:
    """A request. `path` begins behind /v1.0 and is still quoted; `query` is decoded; `headers` has
    lower-case names."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def prefer(self) -> dict[str, str]:
        """The header Prefer, names in lower case: {"odata.maxpagesize": "50"}."""
        found = _PREFERENCE.finditer(self.headers.get("prefer", ""))
        return {one[1].casefold(): one[2] or one[3] or "" for one in found}

    @property
    def immutable(self) -> bool:
        """Whether ids are asked for that stay when a message moves."""
        return self.prefer.get("idtype", "").casefold() == "immutableid"


@dataclass(frozen=True, slots=True)
class Answer:
    """A response: JSON, or bytes whose content type is in `headers`. A `chunked` one tells no
    length."""

    body: Json | bytes | None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    chunked: bool = False


class GraphError(Exception):
    """Answered as Graph's error object, {"error": {"code": .., "message": ..}}."""

    def __init__(
        self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.headers = dict(headers or {})


class Dropped(Exception):
    """The connection is closed without an answer."""


def error_answer(error: GraphError, now: float) -> Answer:
    """The error as Graph words it; `now` in seconds since 1970."""
    number = str(uuid.uuid4())
    when = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    inner = {"date": when, "request-id": number, "client-request-id": number}
    body = {"error": {"code": error.code, "message": error.message, "innerError": inner}}
    return Answer(body, error.status, error.headers)


def moment(when: datetime) -> str:
    """A DateTimeOffset in UTC, "2026-01-31T12:00:00Z"."""
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def chosen(value: Json, select: str, always: tuple[str, ...] = ("id",)) -> Json:
    """Of a resource what `$select` names, and `always`; all of it if nothing is named. Annotations
    (with an @) stay."""
    if not select:
        return value
    names = {name.strip().casefold() for name in select.split(",")} | set(always)
    return {key: one for key, one in value.items() if "@" in key or key.casefold() in names}


def selected(value: Json, select: str) -> Json:
    """The same for a resource with all its properties: GraphError for a name that it has not."""
    check_select(select, value)
    return chosen(value, select)


def check_select(select: str, known: Iterable[str]) -> None:
    """GraphError for a name in `$select` that is not known."""
    names = {name.casefold() for name in known}
    for name in filter(None, map(str.strip, select.split(","))):
        if name.casefold() not in names:
            text = f"Could not find a property named '{name}'."
            raise GraphError(400, "RequestBroker--ParseUri", text)
