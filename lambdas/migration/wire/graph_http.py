"""Microsoft Graph over HTTP: questions with a token, asked again while that is worth it."""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import httpx

from migration.errors import MailboxUnreachable
from migration.wire.dav_address import follow, read_url
from migration.wire.graph_errors import Patience, explain, is_busy, read_wait, stumbles
from migration.wire.graph_model import GraphRefused, Json, read_code
from migration.wire.graph_throttle import Gate
from migration.wire.http_connections import Connections, new_client, translate

LARGEST_ANSWER = 32 * 1024 * 1024
"""In octets, after it was unpacked; what is streamed may be larger."""

SERVER = "Microsoft Graph"
TOO_LARGE = "answerTooLarge"
"""The code of an answer that does not fit into memory; none of Graph's own."""

_READ_SECONDS = 120.0
_LARGEST_REFUSAL = 64 * 1024
_REDIRECTIONS = (302, 303, 307)


class TokenGiver(Protocol):
    """What gives tokens: see app_tokens.Tokens."""

    def token(self) -> str: ...

    def renew(self, refused: str = "") -> str: ...


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: for `count` questions of the mailbox's allowance, and `alone` if it takes all
    that may be asked at once. `path` is relative to graph_url."""

    method: str
    path: str = field(repr=False)
    headers: Mapping[str, str]
    body: bytes = field(default=b"", repr=False)
    count: int = 1
    alone: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """A status with what came. `headers` have lower-case names."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(default=b"", repr=False)
    asked_at: float = 0.0
    token: str = field(default="", repr=False)

    def read_refusal(self) -> GraphRefused:
        """What it says went wrong."""
        try:
            return GraphRefused(self.status, read_code(json.loads(self.body)))
        except ValueError:
            return GraphRefused(self.status)

    def read_json(self) -> Json:
        """The object in it, {} if it is empty. MailboxUnreachable if there is none."""
        try:
            found = json.loads(self.body) if self.body else {}
        except ValueError as error:
            raise not_graph() from error
        if not isinstance(found, dict):
            raise not_graph()
        return found


class Connection:
    """Kept-alive connections to Graph, for one mailbox. Safe to use from several threads."""

    def __init__(
        self,
        graph_url: str,
        tokens: TokenGiver,
        *,
        in_flight: int,
        context: ssl.SSLContext | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._home = read_url(graph_url, "Graph's address").rstrip("/")
        self._tokens = tokens
        self._sleep = sleep
        self.gate = Gate(in_flight, clock, sleep)
        self._was_answered = threading.Event()
        context = context or ssl.create_default_context()
        self._connections = Connections(
            lambda: new_client(
                context=context,
                read_seconds=_READ_SECONDS,
                connections=in_flight,
                transport=transport,
            )
        )

    def close(self) -> None:
        """Ends the connections, after what is under way; what is asked afterwards makes others, as
        fast as before."""
        self._connections.close()

    def relative(self, link: str) -> str:
        """The link of an answer without graph_url. MailboxUnreachable if it leads elsewhere: the
        token must not go there."""
        at = f"{self._home}/"
        there = follow(self._home, at, link.replace(" ", "%20")) if "://" in link else None
        if there is None or not there.startswith(f"{self._home}/"):
            raise MailboxUnreachable(
                "an answer of Microsoft Graph points to another place, to which the token must not"
                " go"
            )
        return there.removeprefix(self._home)

    def inner_path(self, path: str) -> str:
        """The path as it is sent in a batch: quoted as by itself."""
        sent = httpx.URL(f"{self._home}{path}").raw_path.decode()
        return sent.removeprefix(httpx.URL(self._home).raw_path.decode())

    def renew(self, answer: Answer) -> None:
        """Another token, after that of this answer was not taken for all that it was asked for."""
        self._tokens.renew(answer.token)

    def ask(self, question: Question) -> Answer:
        """A successful answer, with all it holds.

        GraphRefused; CredentialsRejected, MailboxUnreachable, SourceBusy.
        """
        return self._insist(question, None)

    def stream(self, question: Question, write: Callable[[bytes], object]) -> int:
        """Gives what comes to `write`; its octets. A redirection is followed without the token.
        Raises as `ask`; SourceBusy if the connection breaks in the middle."""
        sink = _Sink(write)
        answer = self._insist(question, sink)
        if answer.status in _REDIRECTIONS:
            self._fetch_elsewhere(answer.headers.get("location", ""), sink)
        return sink.octets

    def _insist(self, question: Question, sink: _Sink | None) -> Answer:
        patience = Patience()
        token, is_renewed = self._tokens.token(), False
        while True:
            answer = self._send(question, token, sink)
            if answer.status // 100 == 2 or (sink and answer.status in _REDIRECTIONS):
                if not question.alone:  # of a batch, each answer is judged by itself
                    self.gate.answered()
                return answer
            refused, wait = answer.read_refusal(), read_wait(answer.headers)
            if answer.status == 401 and not is_renewed:
                token, is_renewed = self._tokens.renew(token), True
            elif is_busy(refused, wait):
                self.gate.refused(answer.asked_at, patience.after_busy(wait))
            elif stumbles(refused):
                self._sleep(patience.after_stumble(refused))
            else:
                raise explain(refused, question.path)

    def _send(self, question: Question, token: str, sink: _Sink | None) -> Answer:
        """A broken connection is tried once more, if nothing has come: what is asked changes
        nothing."""
        with self.gate.turn(question.count, alone=question.alone) as asked_at:
            try:
                try:
                    return self._send_once(question, token, sink, asked_at)
                except httpx.TransportError:
                    if sink and sink.octets:
                        raise
                    return self._send_once(question, token, sink, asked_at)
            except httpx.TransportError as error:
                was_answered = self._was_answered.is_set()
                raise translate(error, SERVER, was_answered=was_answered) from error

    def _send_once(
        self, question: Question, token: str, sink: _Sink | None, asked_at: float
    ) -> Answer:
        headers = {"Authorization": f"Bearer {token}", **question.headers}
        url = f"{self._home}{question.path}"
        try:
            with (
                self._connections.use() as client,
                client.stream(
                    question.method, url, headers=headers, content=question.body
                ) as response,
            ):
                self._was_answered.set()
                told = {name.lower(): value for name, value in response.headers.items()}
                is_good = response.status_code // 100 == 2
                if is_good and sink:
                    sink.take(response)
                    return Answer(response.status_code, told, b"", asked_at, token)
                most = LARGEST_ANSWER if is_good else _LARGEST_REFUSAL
                body = _read_up_to(response, most)
                if is_good and body is None:
                    raise GraphRefused(response.status_code, TOO_LARGE)
                return Answer(response.status_code, told, body or b"", asked_at, token)
        except (httpx.DecodingError, httpx.InvalidURL) as error:
            raise not_graph() from error

    def _fetch_elsewhere(self, location: str, sink: _Sink) -> None:
        """Reports of the directory are given so: their address is good for some minutes."""
        try:
            url = read_url(location, "a redirection")
        except ValueError as error:
            raise GraphRefused(302) from error
        try:
            with self._connections.use() as client, client.stream("GET", url) as response:
                if response.status_code // 100 != 2:
                    raise GraphRefused(response.status_code)
                sink.take(response)
        except (httpx.TransportError, httpx.DecodingError) as error:
            raise translate(error, SERVER, was_answered=True) from error


class _Sink:
    """Where the octets of a stream go."""

    def __init__(self, write: Callable[[bytes], object]) -> None:
        self._write = write
        self.octets = 0

    def take(self, response: httpx.Response) -> None:
        for piece in response.iter_bytes():
            self.octets += len(piece)
            self._write(piece)


def _read_up_to(response: httpx.Response, most: int) -> bytes | None:
    """None if there is more."""
    body = bytearray()
    for piece in response.iter_bytes():
        body += piece
        if len(body) > most:
            return None
    return bytes(body)


def not_graph() -> MailboxUnreachable:
    """What answers something else than Graph does."""
    return MailboxUnreachable("what answers is not Microsoft Graph: compare the cloud")
