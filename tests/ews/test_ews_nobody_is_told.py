"""Nobody is ever told of anything: every request that creates, changes or deletes says SendToNone.

The functions that make requests are found by looking, and so are the methods that send them: one
that is new needs an example of its arguments here before this can pass.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, get_type_hints

import pytest
from lxml import etree

from migration import wire
from migration.directory_model import Token
from migration.items.ews_item import FileAttachment
from migration.wire.ews import EwsClient
from migration.wire.ews_body import Request
from migration.wire.ews_groupware import EwsGroupware
from migration.wire.ews_groupware_request import FolderKind, NewFile
from migration.wire.ews_model import EwsError, Exists, FolderRef, ItemChange, NewMessage, Property
from tests.ews.harness import MESSAGES, SOAP, Schema

TELLING = {
    "CreateItem": "SendMeetingInvitations",
    "UpdateItem": "SendMeetingInvitationsOrCancellations",
    "DeleteItem": "SendMeetingCancellations",
}
SILENT = {
    *("FindFolder", "GetFolder", "CreateFolder", "DeleteFolder", "FindItem", "GetItem"),
    "CreateAttachment",
}
KEY = Property("String", tag=0x8001)
FOLDER = FolderRef("calendar", distinguished=True)
CHANGE = (
    '<t:ItemChange><t:ItemId Id="i"/><t:Updates><t:SetItemField>'
    '<t:FieldURI FieldURI="item:Subject"/><t:Task><t:Subject>a</t:Subject></t:Task>'
    "</t:SetItemField></t:Updates></t:ItemChange>"
)
EXAMPLES: dict[str, object] = {
    "mailbox": "bob@example.test",
    "below": FOLDER,
    "folders": [FOLDER],
    "folder": FOLDER,
    "parent": FOLDER,
    "name": "a",
    "names": ["a"],
    "kind": FolderKind("CalendarFolder", "IPF.Appointment"),
    "messages": [NewMessage(b"Subject: a\r\n\r\n")],
    "elements": ["<t:Task><t:Subject>a</t:Subject></t:Task>"],
    "wanted": Exists(KEY),
    "properties": [KEY],
    "offset": 0,
    "limit": 10,
    "ids": ["i"],
    "places": ['<t:OccurrenceItemId RecurringMasterId="i" InstanceIndex="1"/>'],
    "with_mime": True,
    "item_id": "i",
    "files": [NewFile(FileAttachment("a", "", b"a"), is_photo=True)],
}
OF_ONE: dict[tuple[str, str], object] = {
    ("update_items", "changes"): [ItemChange("i", is_read=True)],
    ("change_elements", "changes"): [CHANGE],
    ("change", "changes"): [CHANGE],
    ("delete_elements", "ids"): ['<t:ItemId Id="i"/>'],
    ("get_ids", "ids"): ['<t:ItemId Id="i"/>'],
    ("delete", "ids"): ['<t:ItemId Id="i"/>'],
}
SILENT_METHODS = {"close", "reopen"}
"""Methods that send nothing."""


def builders() -> dict[str, Callable[..., Request]]:
    """Every public function of the client's modules that makes a request."""
    found: dict[str, Callable[..., Request]] = {}
    for module in pkgutil.iter_modules(wire.__path__):
        if not module.name.startswith("ews"):
            continue
        loaded = importlib.import_module(f"{wire.__name__}.{module.name}")
        for name, function in inspect.getmembers(loaded, inspect.isfunction):
            is_own = function.__module__ == loaded.__name__ and not name.startswith("_")
            if is_own and get_type_hints(function).get("return") is Request:
                assert name not in found, name
                found[name] = function
    return found


def arguments(name: str, function: Callable[..., object]) -> dict[str, Any]:
    """One example of each; a KeyError for one of which there is none."""
    parameters = inspect.signature(function).parameters
    return {
        key: OF_ONE[name, key] if (name, key) in OF_ONE else EXAMPLES[key]
        for key in parameters
        if key != "self"
    }


def operation(envelope: bytes) -> etree._Element:
    body = etree.fromstring(envelope).find(f"{SOAP}Body")
    assert body is not None
    return body[0]


def check_silence(envelope: bytes) -> str:
    """The operation, which tells nobody."""
    element = operation(envelope)
    name = str(element.tag).removeprefix(MESSAGES)
    if name in TELLING:
        assert element.get(TELLING[name]) == "SendToNone"
        assert element.get("MessageDisposition") == (None if name == "DeleteItem" else "SaveOnly")
    else:
        assert name in SILENT
    return name


def test_the_functions_are_found() -> None:
    assert {"create_items", "create_elements", "delete_elements", "create_attachments"} <= set(
        builders()
    )


@pytest.mark.parametrize("name", sorted(builders()))
def test_every_request_tells_nobody(name: str) -> None:
    check_silence(example_of(name))


@pytest.mark.parametrize("name", sorted(builders()))
def test_every_request_is_valid_by_the_schema(schema: Schema, name: str) -> None:
    schema.check(example_of(name))


def example_of(name: str) -> bytes:
    function = builders()[name]
    return b"".join(function(**arguments(name, function)))


@pytest.mark.parametrize("operation", sorted(TELLING))
def test_a_request_that_tells_somebody_is_noticed(operation: str) -> None:
    for attribute in ("", f'{TELLING[operation]}="SendToAllAndSaveCopy"'):
        told = f'<m:{operation} MessageDisposition="SaveOnly" {attribute}/>'
        with pytest.raises(AssertionError):
            check_silence(b"".join(Request("", [told])))


# -- over HTTP


class Listener(ThreadingHTTPServer):
    """Takes every request, and answers as no EWS server would."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.seen: list[bytes] = []


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        assert isinstance(self.server, Listener)
        self.server.seen.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"no")

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def listener() -> Iterator[Listener]:
    with Listener() as listening:
        thread = threading.Thread(target=listening.serve_forever, args=(0.01,))
        thread.start()
        yield listening
        listening.shutdown()
        thread.join()


def methods(kind: type) -> list[str]:
    found = inspect.getmembers(kind, inspect.isfunction)
    return [name for name, _ in found if not name.startswith("_") and name not in SILENT_METHODS]


@pytest.mark.parametrize(
    ("kind", "name"),
    [(kind, name) for kind in (EwsClient, EwsGroupware) for name in methods(kind)],
)
def test_every_method_of_the_client_tells_nobody(listener: Listener, kind: type, name: str) -> None:
    address = f"http://127.0.0.1:{listener.server_port}/EWS/Exchange.asmx"
    client = EwsClient(address, lambda: Token("t"), "bob@example.test")
    called = client if kind is EwsClient else EwsGroupware(client)
    given = arguments(name, getattr(kind, name))
    with suppress(EwsError):
        getattr(called, name)(**given)
    client.close()
    assert listener.seen
    for envelope in listener.seen:
        check_silence(envelope)
