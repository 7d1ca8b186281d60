"""The calendars of one mailbox, as Graph answers for them: as much of it as a reader asks for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import httpx

from migration.wire.graph import GraphClient

Json = dict[str, Any]
USER = "ann+x@contoso.example"
OWN = {"name": "Ann", "address": "Ann@contoso.example"}
_SERIES = ("exceptionOccurrences", "cancelledOccurrences")
_URL = "https://graph.example/v1.0"


class _Tokens:
    def token(self) -> str:
        return "t"

    def renew(self, refused: str = "") -> str:
        return "t"


class CalendarService:
    """What is put into it is shown with the changes of Graph's own: lists and single answers leave
    out what has to be asked for, pages are short, what was not selected is not there."""

    def __init__(self) -> None:
        self.calendars: list[Json] = []
        self.permissions: dict[str, list[Json]] = {}
        self.events: dict[str, dict[str, Json]] = {}
        self.files: dict[str, list[tuple[Json, bytes | None]]] = {}
        self.instances: dict[str, list[Json]] = {}
        self.refused: dict[str, tuple[int, str]] = {}
        self.asked: list[str] = []
        self.page_size = 3

    def open_client(self) -> GraphClient:
        transport = httpx.MockTransport(self._handle)
        return GraphClient(_URL, _Tokens(), transport=transport, sleep=lambda _: None)

    def add_calendar(self, id_: str, name: str, **properties: Any) -> str:
        shown = {"id": id_, "name": name, "color": "auto", "canEdit": True, "owner": OWN}
        self.calendars.append({**shown, "isDefaultCalendar": False, **properties})
        self.events[id_] = {}
        return id_

    def put(self, calendar: str, event: Json) -> str:
        self.events[calendar][event["id"]] = event
        return str(event["id"])

    def attach(self, event_id: str, content: bytes | None, **properties: Any) -> None:
        """A file; without content one that Graph does not give."""
        files = self.files.setdefault(event_id, [])
        kind = properties.pop("kind", "file")
        told = {"@odata.type": f"#microsoft.graph.{kind}Attachment", "id": f"a/{len(files)}"}
        size = len(content or b"")
        files.append(({**told, "name": "a.txt", "size": size, **properties}, content))

    def _handle(self, request: httpx.Request) -> httpx.Response:
        assert 'IdType="ImmutableId"' in request.headers["Prefer"]
        path = str(request.url).removeprefix(_URL)
        if path != "/$batch":
            self.asked.append(path)
            status, body = self._answer(path)
            if isinstance(body, bytes):
                return httpx.Response(status, content=body)
            return httpx.Response(status, json=body)
        asked = json.loads(request.content)["requests"]
        assert len(asked) <= 20
        responses = []
        for one in asked:
            self.asked.append(one["url"])
            status, body = self._answer(one["url"])
            responses.append({"id": one["id"], "status": status, "headers": {}, "body": body})
        return httpx.Response(200, json={"responses": responses})

    def _answer(self, path: str) -> tuple[int, Any]:
        address = urlsplit(path)
        query = {name: value[0] for name, value in parse_qs(address.query).items()}
        parts = [unquote(part) for part in address.path.split("/")[1:]]
        assert parts[:2] == ["users", USER]
        place = "/".join(parts[2:])
        if place in self.refused:
            status, code = self.refused[place]
            return status, {"error": {"code": code, "message": "ann@contoso.example"}}
        match parts[2:]:
            case ["calendars"]:
                return self._page(self.calendars, query, path)
            case ["calendars", id_, "calendarPermissions"]:
                return self._page(self.permissions.get(id_, []), {}, path)
            case ["calendars", id_, "events"] if id_ in self.events:
                return self._page([*self.events[id_].values()], query, path)
            case ["events", id_]:
                return self._event(id_, query)
            case ["events", id_, "instances"]:
                assert {"startDateTime", "endDateTime"} <= set(query)
                return self._page(self.instances.get(id_, []), query, path)
            case ["events", id_, "attachments"]:
                return self._page([one for one, _ in self.files.get(id_, [])], query, path)
            case ["events", id_, "attachments", file_id, "$value"]:
                found = {one["id"]: content for one, content in self.files[id_]}
                content = found[file_id]
                return (200, content) if content is not None else _refuse(405, "NotSupported")
        return _refuse(404, "ErrorItemNotFound")

    def _event(self, id_: str, query: Mapping[str, str]) -> tuple[int, Any]:
        found = next((one[id_] for one in self.events.values() if id_ in one), None)
        if found is None:
            return _refuse(404, "ErrorItemNotFound")
        shown = _select(found, query)
        if query.get("$expand") == "exceptionOccurrences":
            for one in found.get("exceptionOccurrences", []):
                shown.setdefault("exceptionOccurrences", []).append(_select(one, query))
        return 200, shown

    def _page(self, values: list[Json], query: Mapping[str, str], path: str) -> tuple[int, Any]:
        skip = int(query.get("$skip", 0))
        shown = [_select(one, query) for one in values[skip : skip + self.page_size]]
        body: Json = {"value": shown}
        if len(values) > skip + self.page_size:
            base = path.partition("&$skip")[0]
            joint = "&" if "?" in base else "?"
            body["@odata.nextLink"] = f"{_URL}{base}{joint}$skip={skip + self.page_size}"
        return 200, body


def _select(value: Json, query: Mapping[str, str]) -> Json:
    names = query.get("$select", "").split(",") if "$select" in query else list(value)
    shown = {name: one for name, one in value.items() if name in names or "@" in name}
    shown.pop("exceptionOccurrences", None)
    if "$expand" not in query:
        shown.pop("cancelledOccurrences", None)
    return {**shown, "id": value.get("id")}


def _refuse(status: int, code: str) -> tuple[int, Json]:
    return status, {"error": {"code": code, "message": "of ann@contoso.example"}}
