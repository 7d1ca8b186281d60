"""What viewers of a live page are shown: the latest view, as server-sent events.

https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from __future__ import annotations

import json
import threading
from collections.abc import Generator
from dataclasses import dataclass

from migration.progress_page import tell_title, to_html, to_parts
from migration.progress_view import ProgressView

RETRY_MILLISECONDS = 2000
"""After so long a browser whose connection is lost tries again."""
_HEARTBEAT_SECONDS = 10.0
"""A viewer who is gone is noticed when something is sent."""


@dataclass(frozen=True, slots=True)
class _Part:
    """`number` is that of the event since which it stands so."""

    number: int
    markup: str


@dataclass(frozen=True, slots=True)
class _News:
    """`number` is that of the last event that the message has."""

    message: bytes
    number: int
    is_last: bool


class Feed:
    """Any number of viewers follow it, each in a thread of its own. A slow one misses views that
    were replaced meanwhile; nothing waits for it.

    `last_words` are what the page says when the server ends after the run.
    """

    def __init__(self, view: ProgressView, heartbeat: float = _HEARTBEAT_SECONDS) -> None:
        self.viewed = threading.Event()
        self._view = self._rendered = view
        self._heartbeat = heartbeat
        self._last_words = ""
        self._number = 0
        self._parts: dict[str, _Part] = {}
        self._viewers = 0
        self._closed = False
        self._changed = threading.Condition()
        self._render()

    @property
    def viewers(self) -> int:
        """How many are connected, as far as is known."""
        return self._viewers

    def page(self) -> bytes:
        """The page as it is now; it follows the events by itself."""
        return to_html(self._view, live=True)

    def publish(self, view: ProgressView, last_words: str = "") -> None:
        """Shows the view to all viewers. Without any, nothing is rendered."""
        with self._changed:
            self._view, self._last_words = view, last_words
            if self._viewers:
                self._render()
                self._changed.notify_all()

    def close(self) -> None:
        """Ends the events of all viewers, after the view that was published last. May be
        repeated."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def wait_until_left(self, seconds: float) -> bool:
        """Whether there are no viewers any more, at once or within so many seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._viewers, seconds)

    def events(self) -> Generator[bytes, None, None]:
        """For one viewer: the whole view first, then what has changed, until the feed is closed."""
        sent = 0
        yield f"retry: {RETRY_MILLISECONDS}\n\n".encode()
        with self._changed:
            self._viewers += 1
            if self._rendered is not self._view:
                self._render()
        self.viewed.set()
        try:
            while True:
                news = self._wait_for_news(sent)
                yield news.message
                sent = news.number
                if news.is_last:
                    return
        finally:
            with self._changed:
                self._viewers -= 1
                self._changed.notify_all()

    def _wait_for_news(self, sent: int) -> _News:
        """What has come after that event; a sign of life if nothing has, for a while."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._number > sent, self._heartbeat)
            message = self._write(sent) if self._number > sent else b": still here\n\n"
            return _News(message, self._number, self._closed)

    def _render(self) -> None:
        """Numbers the parts of the latest view that are not as they were."""
        made, self._rendered = to_parts(self._view), self._view
        self._number += 1
        for name, markup in made.items():
            known = self._parts.get(name)
            if known is None or known.markup != markup:
                self._parts[name] = _Part(self._number, markup)

    def _write(self, since: int) -> bytes:
        """An event with the parts that have changed since then. JSON in ASCII is one line."""
        told = {
            "run": self._view.head.run,
            "at": self._view.head.at,
            "status": self._view.head.status,
            "title": tell_title(self._view),
            "headline": self._view.headline,
            "lastWords": self._last_words,
            "parts": {
                name: part.markup for name, part in self._parts.items() if part.number > since
            },
        }
        return f"id: {self._number}\nevent: view\ndata: {json.dumps(told)}\n\n".encode("ascii")
