"""Lists in pages, with a link to the next one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from localrun.fakes.graph.answers import Answer, GraphError, Json, selected
from localrun.fakes.graph.routing import Call

Value = TypeVar("Value")

_OUTLOOK_USUAL, _OUTLOOK_MOST = 10, 1000
_DIRECTORY_USUAL, _DIRECTORY_MOST = 100, 999


@dataclass(frozen=True, slots=True)
class _Rest:
    """What a $skiptoken stands for: the list as it was, and how far it was read."""

    values: Sequence[object]
    begin: int


def page_size(call: Call, usual: int = _OUTLOOK_USUAL, most: int = _OUTLOOK_MOST) -> int:
    """What $top or the preference odata.maxpagesize asks for."""
    told = call.option("$top") or call.ask.prefer.get("odata.maxpagesize", "") or str(usual)
    if not told.isdecimal() or int(told) == 0:
        raise GraphError(400, "ErrorInvalidUrlQuery", f"Invalid page size '{told}'.")
    return min(int(told), most)


def outlook_page(call: Call, values: Sequence[Value], render: Callable[[Value], Json]) -> Json:
    """A page of a list of a mailbox. The link to the next one counts with $skip, so a list that
    changes in between shows values twice, or never, as Outlook's do."""
    size = page_size(call)
    told = call.option("$skip") or "0"
    if not told.isdecimal():
        raise GraphError(400, "ErrorInvalidUrlQuery", f"Invalid $skip '{told}'.")
    begin = int(told)
    answer: Json = {"@odata.context": context(call)}
    if call.option("$count").casefold() == "true":
        answer["@odata.count"] = len(values)
    answer["value"] = [render(value) for value in values[begin : begin + size]]
    if begin + size < len(values):
        query = {**call.ask.query, "$top": str(size), "$skip": str(begin + size)}
        answer["@odata.nextLink"] = call.link(query)
    return answer


def directory_page(call: Call, values: Sequence[Value], render: Callable[[Value], Json]) -> Json:
    """A page of a list of the directory. The $skiptoken keeps the list as it is now."""
    told = call.option("$top")
    if told and not (told.isdecimal() and 1 <= int(told) <= _DIRECTORY_MOST):
        message = f"Invalid page size specified: '{told}'. Must be between 1 and 999 inclusive."
        raise GraphError(400, "Request_UnsupportedQuery", message)
    size = page_size(call, _DIRECTORY_USUAL, _DIRECTORY_MOST)
    rest = _Rest(values, 0)
    if token := call.option("$skiptoken"):
        found = call.tenant.tokens.find(token, _Rest)
        if found is None:
            raise GraphError(400, "Directory_ExpiredPageToken", "The page token has expired.")
        rest = found
    answer: Json = {"@odata.context": context(call)}
    if call.option("$count").casefold() == "true" and is_eventual(call):
        answer["@odata.count"] = len(rest.values)
    end = rest.begin + size
    shown: Sequence[Value] = rest.values[rest.begin : end]  # type: ignore[assignment]
    answer["value"] = [render(value) for value in shown]
    if end < len(rest.values):
        token = call.tenant.tokens.issue(_Rest(rest.values, end))
        answer["@odata.nextLink"] = call.link({**call.ask.query, "$skiptoken": token})
    return answer


def directory_list(
    call: Call, values: Sequence[Value], render: Callable[[Value], Json], usual: str = ""
) -> Json:
    """A page of what $select names; `usual` is what is told to those who select nothing."""
    select = call.option("$select") or usual
    return directory_page(call, values, lambda value: selected(render(value), select))


def directory_count(call: Call, values: Sequence[object]) -> Answer:
    """/$count, which the directory answers only to those who do not mind older data."""
    if not is_eventual(call):
        raise GraphError(400, "Request_BadRequest", "$count is not currently supported.")
    return count(values)


def is_eventual(call: Call) -> bool:
    return call.ask.headers.get("consistencylevel", "").casefold() == "eventual"


def count(values: Sequence[object]) -> Answer:
    """What /$count says: a number as text, with a byte order mark before it as Graph has it."""
    return Answer(f"\ufeff{len(values)}".encode(), headers={"Content-Type": "text/plain"})


def context(call: Call) -> str:
    return f"{call.tenant.graph_url}/$metadata#{call.ask.path.strip('/')}"
