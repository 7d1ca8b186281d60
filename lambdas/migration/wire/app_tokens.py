"""Tokens of an application (OAuth 2.0 client credentials) from Microsoft Entra.

https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
"""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import quote

import httpx

from migration.directory_model import Token
from migration.errors import MailboxUnreachable, SourceBusy
from migration.wire.app_refusals import explain
from migration.wire.dav_address import read_url
from migration.wire.ews_token import TokenKeeper
from migration.wire.graph_model import AppLogin, Json
from migration.wire.http_connections import (
    BACK_OFF,
    new_client,
    read_retry_after,
    translate,
)

_SERVER = "Microsoft's login service"
_SECONDS = 20.0
_AHEAD = 300.0
"""So many seconds before it expires a token is renewed."""

_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class Tokens:
    """The token of one application for one scope. Safe to use from several threads: however many
    find it old or refused, it is renewed once."""

    def __init__(
        self,
        login: AppLogin,
        login_url: str,
        scope: str,
        *,
        context: ssl.SSLContext | None = None,
        clock: Callable[[], float] = time.monotonic,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """`scope` ends in /.default. Certificates are always verified, by `context` if given;
        `transport` stands for the network in tests. ValueError if `login_url` is none to which a
        secret may go: without TLS, only this machine."""
        home = read_url(login_url, "a login address").rstrip("/")
        self._url = f"{home}/{quote(login.directory, safe='')}/oauth2/v2.0/token"
        self._login = login
        self._scope = scope
        self._context = context
        self._transport = transport
        self._keeper = TokenKeeper(self._ask, clock)
        self._lock = threading.Lock()
        self._given: Token | None = None
        self._was_answered = False

    def token(self) -> str:
        """A token that is good for some minutes.

        CredentialsRejected if the application may not have one, and what to do about it;
        SourceBusy, MailboxUnreachable.
        """
        return self._keep(self._keeper.current(_AHEAD))

    def renew(self, refused: str = "") -> str:
        """A new token, after `refused` (or the last one that was given, if "") was not taken; that
        which another thread has got meanwhile, if it did. Raises as `token`."""
        with self._lock:
            given = self._given
        if given is None or (refused and given.value != refused):
            return self.token()
        return self._keep(self._keeper.after(given))

    def _keep(self, token: Token) -> str:
        with self._lock:
            self._given = token
        return token.value

    def _ask(self) -> Token:
        with new_client(
            context=self._context, read_seconds=_SECONDS, transport=self._transport
        ) as client:
            try:
                try:
                    response = client.post(self._url, data=self._form())
                except httpx.TransportError:
                    response = client.post(self._url, data=self._form())
            except (httpx.TransportError, httpx.DecodingError) as error:
                raise translate(error, _SERVER, was_answered=self._was_answered) from error
        self._was_answered = True
        return _read_answer(response)

    def _form(self) -> dict[str, str]:
        return {
            "client_id": self._login.client_id,
            "grant_type": "client_credentials",
            "scope": self._scope,
            **self._prove(),
        }

    def _prove(self) -> dict[str, str]:
        if not self._login.certificate:
            return {"client_secret": self._login.secret}
        # signing takes packages that load slowly, and most logins have a secret
        from migration.wire.app_certificate import assert_client

        return {
            "client_assertion_type": _ASSERTION_TYPE,
            "client_assertion": assert_client(self._login, self._url, datetime.now(UTC)),
        }


def _read_answer(response: httpx.Response) -> Token:
    if response.status_code in (429, 503, 504):
        seconds = read_retry_after(response.headers.get("retry-after", ""), datetime.now(UTC))
        raise SourceBusy(f"{_SERVER} is busy", seconds)
    if response.status_code >= 500:
        raise SourceBusy(f"{_SERVER} has an outage", BACK_OFF)
    try:
        body: Json = dict(response.json())
        if response.status_code // 100 == 4 and "error" in body:
            raise explain(body)
        token, seconds = body["access_token"], float(body.get("expires_in", 0))
    except (ValueError, TypeError, KeyError) as error:
        raise _other_server() from error
    if not isinstance(token, str) or not token:
        raise _other_server()
    return Token(token, seconds)


def _other_server() -> MailboxUnreachable:
    return MailboxUnreachable(f"what answers is not {_SERVER}")
