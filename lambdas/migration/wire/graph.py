"""A client for Microsoft Graph that only reads: one mailbox, or the directory.

https://learn.microsoft.com/graph/api/overview (v1.0)
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Iterator, Sequence

import httpx

from migration.wire.graph_batch import Batch
from migration.wire.graph_http import Connection, Question, TokenGiver, not_graph
from migration.wire.graph_model import GraphRefused, Json
from migration.wire.graph_throttle import MOST_AT_ONCE

IMMUTABLE = 'IdType="ImmutableId"'
"""Asked for with every question: ids that stay when a message moves to another folder."""


class GraphClient:
    """Safe to use from several threads, `in_flight` of which wait for Graph at once.

    A path begins with a slash, behind graph_url, and its parts are quoted; the links of Graph's
    answers may be given in its place, and what `relative` made of them. `prefer` are further
    preferences (header Prefer). All methods raise CredentialsRejected, MailboxUnreachable and
    SourceBusy (throttled for longer than some seconds, or the connection was lost), and
    GraphRefused where Graph does not do the one thing that was asked.
    """

    def __init__(
        self,
        graph_url: str,
        tokens: TokenGiver,
        *,
        in_flight: int = MOST_AT_ONCE,
        context: ssl.SSLContext | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """Certificates are always verified, by `context` if given; `transport` stands for the
        network in tests. Connects when something is asked. ValueError if `graph_url` is none to
        which a token may go: without TLS, only this machine."""
        self._sleep = sleep
        self._connection = Connection(
            graph_url,
            tokens,
            in_flight=in_flight,
            context=context,
            clock=clock,
            sleep=sleep,
            transport=transport,
        )

    def get(self, path: str, *, prefer: Sequence[str] = ()) -> Json:
        """The object that is there, {} for an answer without content."""
        return self._connection.ask(self._question(path, prefer, "application/json")).read_json()

    def values(self, path: str, *, prefer: Sequence[str] = ()) -> Iterator[Json]:
        """The members of a collection, page after page (@odata.nextLink)."""
        while path:
            page = self.get(path, prefer=prefer)
            members = page.get("value")
            if not isinstance(members, list):
                raise not_graph()
            yield from members
            path = page.get("@odata.nextLink", "")

    def read(self, path: str, write: Callable[[bytes], object]) -> int:
        """Gives what is there to `write`, as it comes and whatever its type ($value, $count); how
        many octets it was. `write` must not ask this client. After an error, `write` may have
        got a part: only SourceBusy is raised then."""
        return self._connection.stream(self._question(path, (), "*/*"), write)

    def relative(self, link: str) -> str:
        """A link of an answer without graph_url, to keep. MailboxUnreachable if it leads to another
        place: the token must not go there."""
        return self._connection.relative(link)

    def close(self) -> None:
        """Ends the connections; may be called twice."""
        self._connection.close()

    def batch(
        self, paths: Sequence[str], *, prefer: Sequence[str] = ()
    ) -> list[Json | GraphRefused]:
        """The objects of all paths, in order; what was refused in its place, whatever it says of
        the mailbox: see graph_errors.explain. However many there are; not for $value."""
        relative = [self._relative(path) for path in paths]
        headers = {"Prefer": _join(prefer), "Accept": "application/json"}
        return Batch(self._connection, relative, headers, self._sleep).ask()

    def _question(self, path: str, prefer: Sequence[str], accept: str) -> Question:
        headers = {"Prefer": _join(prefer), "Accept": accept}
        return Question("GET", self._relative(path), headers)

    def _relative(self, path: str) -> str:
        return path if path.startswith("/") else self.relative(path)


def _join(prefer: Sequence[str]) -> str:
    return ", ".join([IMMUTABLE, *prefer])
