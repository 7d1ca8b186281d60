"""EWS over HTTP: POSTs over kept-alive connections, with a token that is renewed or a password."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from math import ceil
from socket import SHUT_RDWR, socket
from typing import Any
from urllib.parse import urlsplit
from weakref import WeakSet
from xml.etree.ElementTree import Element

import urllib3
from urllib3 import exceptions as http

from migration.directory_model import Token
from migration.wire.ews_body import Request, StreamFailed
from migration.wire.ews_failures import DEFAULT_BACK_OFF, read_response, translate
from migration.wire.ews_login import Login, keep
from migration.wire.ews_model import AnswerLost, ServerBusy, Unreachable

_CONNECT_SECONDS = 10.0
_LOOPBACK = ("127.0.0.1", "::1", "localhost")

_FRESH = 60.0
_FRESH_FOR_STREAM = 300.0
"""For how many seconds a token must still be good when a request begins: a stream takes longer,
and is not sent again when the server refuses the token in the middle."""


class Transport:
    """Kept-alive connections to one EWS address. Safe to use from several threads; each request
    takes a connection, and waits for one when all are taken."""

    def __init__(
        self,
        url: str,
        login: Login,
        *,
        ca_file: str | None,
        connections: int,
        read_seconds: float,
    ) -> None:
        """A `login` that gives tokens is called at first, when the last token is about to expire,
        and after a 401; a password is tried once.

        Certificates are always verified, against `ca_file` if given. ValueError for http to
        anything but this machine.
        """
        where = urlsplit(url)
        is_tls = where.scheme == "https"
        if not is_tls and (where.scheme != "http" or where.hostname not in _LOOPBACK):
            raise ValueError("EWS needs https; http is for this machine only")
        self._path = where.path or "/"
        self._tokens = keep(login)
        self._is_closed = False
        self._wait_seconds = ceil(read_seconds)
        options = {
            "maxsize": connections,
            "block": True,
            "timeout": urllib3.Timeout(connect=_CONNECT_SECONDS, read=read_seconds),
        }
        if is_tls:
            options |= {"cert_reqs": "CERT_REQUIRED", "ca_certs": ca_file}
        kind = _TlsPool if is_tls else _Pool
        self._new_pool: Callable[[], _Pool | _TlsPool] = partial(
            kind, where.hostname or "", where.port, **options
        )
        self._pool = self._new_pool()

    def reopen(self) -> None:
        """Goes on after `close`, with new connections. Not while an old request still waits."""
        self._pool, self._is_closed = self._new_pool(), False

    def close(self) -> None:
        """Ends the connections, those too on which an answer is awaited; may be called twice."""
        self._is_closed = True
        self._pool.end()

    @property
    def is_ready_for_stream(self) -> bool:
        """Whether the server will take the login of a stream: it has taken it a moment ago."""
        return self._tokens.is_good(_FRESH_FOR_STREAM)

    def post(self, request: Request, *, changes: bool) -> list[Element]:
        """The response messages of the answer.

        `changes` says that the request may not be sent again blindly: then every doubt is
        AnswerLost, else the request is sent once more and a doubt becomes ServerBusy.
        """
        try:
            response = self._post(request)
        except AnswerLost:
            if changes or not request.is_repeatable:
                raise
            response = self._post_again(request)
        return read_response(response, changes=changes)

    def _post_again(self, request: Request) -> urllib3.BaseHTTPResponse:
        try:
            return self._post(request)
        except AnswerLost as error:
            raise ServerBusy(error.code, DEFAULT_BACK_OFF) from error

    def _post(self, request: Request) -> urllib3.BaseHTTPResponse:
        """Sends with the token at hand; after a 401, which changes nothing, with a new one if there
        is any."""
        with self._tokens.turn():
            token = self._tokens.current(_FRESH if request.is_repeatable else _FRESH_FOR_STREAM)
            response = self._send(request, token)
            if response.status == 401:
                token = self._tokens.after(token)
                if not request.is_repeatable:
                    raise ServerBusy("http-401", 1.0)  # the next one goes with the new token
                response = self._send(request, token)
            if response.status == 200:  # others may come from somebody in between
                self._tokens.taken(token)
            elif response.status == 403:
                self._tokens.forbidden(token)
            return response

    def _send(self, request: Request, token: Token) -> urllib3.BaseHTTPResponse:
        if self._is_closed:
            raise Unreachable("closed", for_good=False)
        headers = {
            "Authorization": f"{self._tokens.scheme} {token.value}",
            "Content-Type": "text/xml; charset=utf-8",
            "Content-Length": str(request.length),
            "Accept": "text/xml",
        }
        try:
            return self._pool.urlopen(
                "POST",
                self._path,
                request,
                headers,
                retries=False,
                redirect=False,
                pool_timeout=self._wait_seconds,
            )
        except http.HTTPError as error:
            raise translate(error) from error
        except StreamFailed as failed:
            assert failed.__cause__ is not None
            raise failed.__cause__ from None


class _Pool(urllib3.HTTPConnectionPool):
    """Knows its connections, so that those can be ended on which somebody waits."""

    def __init__(self, host: str, port: int | None, **options: Any) -> None:
        self._made: WeakSet[Any] = WeakSet()
        super().__init__(host, port, **options)

    def _new_conn(self) -> Any:
        made = super()._new_conn()
        self._made.add(made)
        return made

    def end(self) -> None:
        """Closes idle connections; whoever waits on another one is told that it broke."""
        for connection in list(self._made):
            with suppress(OSError):  # it is over already
                if connection.sock is not None:
                    # not the method of a TLS socket: that would take away what another thread reads
                    socket.shutdown(connection.sock, SHUT_RDWR)
        self.close()


class _TlsPool(_Pool, urllib3.HTTPSConnectionPool):
    """The same over TLS."""
