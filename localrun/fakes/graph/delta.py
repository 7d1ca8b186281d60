"""Delta rounds over the messages of a folder: https://learn.microsoft.com/graph/delta-query-messages.

A round is a row of pages with @odata.nextLink, the last of which has @odata.deltaLink. The first
round shows everything as it lay there when the round began; a later one what has come, changed or
gone since the one before *began*, so that nothing is lost, and some things are shown twice. Links
keep $select and $expand; the preferences have to be told with every request. Each answer has links
of its own, even if nothing has changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from urllib.parse import quote

from localrun.fakes.graph.answers import Answer, GraphError, Json
from localrun.fakes.graph.extended import told_properties, wanted_properties
from localrun.fakes.graph.folders import MailFolder
from localrun.fakes.graph.message_json import check_message_select, message_json
from localrun.fakes.graph.paging import context, page_size
from localrun.fakes.graph.routing import Call


@dataclass(frozen=True, slots=True)
class _Position:
    """What a $deltatoken stands for: how much of the folder's log is known."""

    folder: str
    position: int
    select: str
    expand: str


@dataclass(frozen=True, slots=True)
class _Round:
    """What a $skiptoken stands for: the messages of the round by number, how many of them have been
    shown, and where the next round begins. A first round does not tell what has gone."""

    goal: _Position
    numbers: Sequence[int]
    shown: int
    is_first: bool
    is_begun: bool = False


def messages_delta(call: Call) -> Answer:
    folder = call.mailbox.folder(call.at["folder"])
    size = page_size(call)
    begun = _round(call, folder)
    faults = call.tenant.faults
    size = min(size, faults.page_limit or size)
    if faults.empty_pages and not begun.is_begun:
        return _page(call, folder, begun, begun.shown, 0)
    first = max(0, begun.shown - faults.replays)
    return _page(call, folder, begun, first, size)


def _page(call: Call, folder: MailFolder, begun: _Round, first: int, size: int) -> Answer:
    """Messages from `first` on, until `size` new ones are among them."""
    end = begun.shown + size
    values = [_told(call, folder, begun, number) for number in begun.numbers[first:end]]
    body: Json = {
        "@odata.context": context(call),
        "value": [value for value in values if value is not None],
    }
    if end < len(begun.numbers) or not size:
        after = replace(begun, shown=end, is_begun=True)
        body["@odata.nextLink"] = _link(call, "$skiptoken", after)
    else:
        body["@odata.deltaLink"] = _link(call, "$deltatoken", begun.goal)
    asked = call.ask.prefer.get("odata.maxpagesize")
    applied = {"Preference-Applied": f"odata.maxpagesize={asked}"} if asked else {}
    return Answer(body, headers=applied)


def _round(call: Call, folder: MailFolder) -> _Round:
    """The round that this request begins or goes on with."""
    tokens = call.mailbox.delta_tokens
    if token := call.option("$skiptoken"):
        begun = tokens.find(token, _Round)
        if begun is None or begun.goal.folder != folder.id:
            raise _expired(call)
        return begun
    end = len(folder.log)
    if token := call.option("$deltatoken"):
        known = tokens.find(token, _Position)
        if known is None or known.folder != folder.id:
            raise _expired(call)
        latest = dict.fromkeys(reversed(folder.log[known.position :]))
        return _Round(replace(known, position=end), list(latest)[::-1], 0, is_first=False)
    select, expand = check_message_select(call.option("$select")), call.option("$expand")
    wanted_properties(expand)
    newest = sorted(folder.messages.values(), key=lambda one: one.received, reverse=True)
    goal = _Position(folder.id, end, select, expand)
    return _Round(goal, [one.number for one in newest], 0, is_first=True)


def _told(call: Call, folder: MailFolder, begun: _Round, number: int) -> Json | None:
    immutable = call.ask.immutable
    message = folder.messages.get(number)
    if message is not None:
        told = message_json(message, immutable, begun.goal.select)
        told.setdefault("@odata.type", "#microsoft.graph.message")
        return told | told_properties(message, wanted_properties(begun.goal.expand))
    if begun.is_first:
        return None
    return {
        "@odata.type": "#microsoft.graph.message",
        "id": folder.gone[number].told(immutable),
        "@removed": {"reason": "deleted"},
    }


def _link(call: Call, option: str, state: object) -> str:
    """The form of the path that Graph's own links have: keys in brackets."""
    token = call.mailbox.delta_tokens.issue(state)
    user, folder = (_key(call.at[name]) for name in ("user", "folder"))
    return call.link({option: token}, f"/users{user}/mailFolders{folder}/messages/delta")


def _key(text: str) -> str:
    doubled = text.replace("'", "''")
    return f"('{quote(doubled, safe=chr(39))}')"


def _expired(call: Call) -> GraphError:
    return GraphError(*call.mailbox.expired, "The sync state generation is not found.")
