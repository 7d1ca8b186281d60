"""Serves the live page on the loopback interface: the page, its events, and the report's files."""

from __future__ import annotations

import mimetypes
from collections.abc import Callable
from pathlib import Path
from typing import Self

from localrun.live.feed import Feed
from localrun.live.looks import REPORTS
from localrun.loopback import LoopbackServer, Request, Response
from migration.report_tables import TABLES

_SAFE = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_SERVED = frozenset({"report.html", "plan.html", "summary.json", *(each.file for each in TABLES)})
"""What may be asked for of the folder beside it, which holds much else."""


class LivePages:
    """Answers GET alone, and only requests for a name of this machine: a page of somebody else
    whose name leads here (DNS rebinding) gets nothing. `folder` says where the report's files are
    by now. OSError if the port is taken or not allowed, OverflowError if it is none."""

    def __init__(self, feed: Feed, folder: Callable[[], Path | None], port: int = 0) -> None:
        self._feed = feed
        self._folder = folder
        self._is_closed = False
        self._server = LoopbackServer(self._respond, port)
        names = ("127.0.0.1", "localhost")
        self._hosts = {f"{name}:{self._server.port}" for name in names}
        if self._server.port == 80:  # a browser leaves it out
            self._hosts |= set(names)

    @property
    def url(self) -> str:
        return f"{self._server.url}/"

    def close(self) -> None:
        """Answers nobody any more, not on connections that are open either; events that are under
        way are sent to their end. May be repeated."""
        self._is_closed = True
        self._server.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _respond(self, request: Request) -> Response | None:
        if self._is_closed:
            return None
        if request.headers.get("host", "").lower() not in self._hosts:
            return _refuse(421, "This server answers to 127.0.0.1 and localhost alone.")
        if request.method != "GET":
            return _refuse(405, "Only GET.", {"Allow": "GET"})
        path = request.path.partition("?")[0]
        if path == "/":
            return _answer("text/html; charset=utf-8", self._feed.page())
        if path == "/events":
            headers = {"Content-Type": "text/event-stream", **_SAFE}
            return Response(200, headers=headers, stream=self._feed.events())
        return self._answer_file(path.removeprefix(f"/{REPORTS}"))

    def _answer_file(self, name: str) -> Response:
        folder = self._folder()
        if name not in _SERVED or folder is None or not (folder / name).is_file():
            return _refuse(404, "There is no such page.")
        kind = mimetypes.guess_type(name)[0] or "text/plain"
        return _answer(f"{kind}; charset=utf-8", (folder / name).read_bytes())


def _answer(kind: str, body: bytes) -> Response:
    return Response(200, body, {"Content-Type": kind, **_SAFE})


def _refuse(status: int, text: str, more: dict[str, str] | None = None) -> Response:
    headers = {"Content-Type": "text/plain; charset=utf-8", **_SAFE, **(more or {})}
    return Response(status, text.encode(), headers)
