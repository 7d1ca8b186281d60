"""Messages: lists, single ones, and their MIME."""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence

from localrun.fakes.graph.answers import Answer, GraphError, Json
from localrun.fakes.graph.delta import messages_delta
from localrun.fakes.graph.extended import told_properties, wanted_properties
from localrun.fakes.graph.filters import matching
from localrun.fakes.graph.message_json import check_message_select, message_json, stored_mime
from localrun.fakes.graph.messages import Message
from localrun.fakes.graph.paging import context, count, outlook_page
from localrun.fakes.graph.routing import Call, Route

_BOUNDARY = re.compile(rb"boundary=\"?([^\";\s]+)", re.IGNORECASE)


def list_messages(call: Call) -> Json:
    """Newest first, or as $orderby=receivedDateTime asks."""
    wanted = wanted_properties(call.option("$expand"))
    select, immutable = check_message_select(call.option("$select")), call.ask.immutable

    def told(message: Message) -> Json:
        return message_json(message, immutable, select) | told_properties(message, wanted)

    return outlook_page(call, _listed(call), told)


def count_messages(call: Call) -> Answer:
    return count(_listed(call))


def _listed(call: Call) -> Sequence[Message]:
    """Those of the folder, or of the mailbox, that $filter lets through."""
    order = (call.option("$orderby") or "receivedDateTime desc").casefold().split()
    if order not in (
        ["receiveddatetime"],
        ["receiveddatetime", "asc"],
        ["receiveddatetime", "desc"],
    ):
        raise GraphError(400, "ErrorInvalidUrlQuery", "Messages are not sorted by that here.")
    box = call.mailbox
    folders = [box.folder(call.at["folder"])] if "folder" in call.at else box.root.below()
    messages = [message for folder in folders for message in folder.messages.values()]
    if told := call.option("$filter"):
        matches = matching(told)
        messages = [one for one in messages if matches(message_json(one, False))]
    return sorted(messages, key=lambda one: one.received, reverse=order[-1] == "desc")


def get_message(call: Call) -> Json:
    message = _message(call)
    if message.corrupt is not None and message.corrupt.status == 404:
        raise message.corrupt
    select = check_message_select(call.option("$select"))
    told = message_json(message, call.ask.immutable, select)
    told |= told_properties(message, wanted_properties(call.option("$expand")))
    return {"@odata.context": context(call), **told}


def get_value(call: Call) -> Answer:
    """MIME, in chunks: Exchange writes it when it is asked for, and knows no length before."""
    message = _message(call)
    if message.corrupt is not None:
        raise message.corrupt
    mime = stored_mime(message)
    if call.tenant.faults.unstable_mime:
        mime = _with_other_boundaries(mime)
    return Answer(mime, headers={"Content-Type": "text/plain"}, chunked=True)


def _message(call: Call) -> Message:
    """Where the path names a folder, it has to lie there."""
    message = call.mailbox.message(call.at["message"])
    if (
        "folder" in call.at
        and call.mailbox.folder(call.at["folder"]).messages.get(message.number) is not message
    ):
        text = "The specified object was not found in the store."
        raise GraphError(404, "ErrorItemNotFound", text)
    return message


def _with_other_boundaries(mime: bytes) -> bytes:
    for boundary in set(_BOUNDARY.findall(mime)):
        mime = mime.replace(boundary, f"_000_{uuid.uuid4().hex}_".encode())
    return mime


_FOLDER = "/users/{user}/mailFolders/{folder}/messages"
_MAILBOX = "/users/{user}/messages"
_LIST = frozenset({"$expand", "$filter", "$orderby"})
_ONE = frozenset({"$expand"})
_DELTA = frozenset({"$expand", "$deltatoken"})

ROUTES = (
    Route(f"{_FOLDER}/delta", messages_delta, "Mail.Read", _DELTA),
    *(
        route
        for place in (_FOLDER, _MAILBOX)
        for route in (
            Route(place, list_messages, "Mail.Read", _LIST),
            Route(f"{place}/$count", count_messages, "Mail.Read", _LIST),
            Route(f"{place}/{{message}}", get_message, "Mail.Read", _ONE),
            Route(f"{place}/{{message}}/$value", get_value, "Mail.Read"),
        )
    ),
)
