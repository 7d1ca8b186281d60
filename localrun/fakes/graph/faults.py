"""Failures on order, for tests and scenarios. Safe to use from several threads."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass

from localrun.fakes.graph.answers import Dropped, GraphError


@dataclass(slots=True)
class _Rule:
    """What is wrong with requests whose path matches. `left` counts down; None is for ever.
    Without `code` the connection is dropped."""

    path: re.Pattern[str]
    status: int
    code: str
    message: str
    retry_after: float | None
    left: int | None
    after: int


class Faults:
    """What the server shall get wrong. Attributes may be changed at any time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rules: list[_Rule] = []
        self.page_limit: int | None = None
        """No page of messages holds more, whatever was asked for."""
        self.replays = 0
        """Every later page of a delta round begins with so many messages of the page before."""
        self.empty_pages = False
        """Every delta round begins with a page that holds nothing but a link to the next."""
        self.sizeless_folders = False
        """Folders do not tell sizeInBytes, which Microsoft's older descriptions do not know."""
        self.unstable_mime = False
        """The same message is written with other boundaries whenever it is read."""

    def refuse(
        self,
        status: int,
        code: str,
        *,
        path: str = "",
        times: int | None = 1,
        after: int = 0,
        retry_after: float | None = None,
        message: str = "The request about {mailbox} cannot be served now.",
    ) -> None:
        """`times` requests (None: all), once `after` have been let through, are answered with this
        error. `path` is a regular expression that is looked for in the path behind /v1.0, inner
        requests of a $batch included; "{mailbox}" in the message becomes the mailbox's address."""
        rule = _Rule(re.compile(path, re.IGNORECASE), status, code, message, None, times, after)
        rule.retry_after = retry_after
        with self._lock:
            self._rules.append(rule)

    def drop(self, *, path: str = "", times: int = 1, after: int = 0) -> None:
        """The same, but the connection is closed without an answer."""
        with self._lock:
            self._rules.append(_Rule(re.compile(path, re.I), 0, "", "", None, times, after))

    def clear(self) -> None:
        """No more refusals and dropped connections."""
        with self._lock:
            self._rules.clear()

    def check(self, path: str, mailbox: str) -> None:
        """GraphError or Dropped if this request is to fail."""
        with self._lock:
            rule = self._due(path)
        if rule is None:
            return
        if not rule.code:
            raise Dropped
        headers = {} if rule.retry_after is None else {"Retry-After": f"{rule.retry_after:g}"}
        message = rule.message.replace("{mailbox}", mailbox)
        raise GraphError(rule.status, rule.code, message, headers)

    def _due(self, path: str) -> _Rule | None:
        for rule in self._rules:
            if rule.left == 0 or not rule.path.search(path):
                continue
            if rule.after:
                rule.after -= 1
                continue
            if rule.left is not None:
                rule.left -= 1
            return rule
        return None
