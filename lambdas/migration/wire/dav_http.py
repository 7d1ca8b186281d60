"""WebDAV over HTTP: questions that change nothing, over kept-alive connections."""

from __future__ import annotations

import ssl
import time
from collections.abc import Generator, Mapping
from datetime import UTC, datetime

import httpx

from migration.errors import CredentialsRejected, MailboxUnreachable, SourceBusy
from migration.wire.dav_address import follow, read_url
from migration.wire.dav_model import Answer, DavLogin, NotDav, Refused, TooLarge
from migration.wire.http_connections import new_client, read_retry_after, translate

METHODS = ("GET", "PROPFIND", "REPORT")
LARGEST_ANSWER = 32 * 1024 * 1024
"""In octets, after it was unpacked."""

_READ_SECONDS = 120.0
_ANSWER_SECONDS = 300.0  # a whole answer, however slowly it comes
_MOST_REDIRECTS = 5
_SERVER = "the DAV server"


class Transport:
    """Kept-alive connections to one server, with one login. For one thread."""

    def __init__(
        self,
        url: str,
        login: DavLogin,
        *,
        context: ssl.SSLContext | None = None,
        read_seconds: float = _READ_SECONDS,
        largest: int = LARGEST_ANSWER,
    ) -> None:
        """Certificates are always verified, by `context` if given. ValueError if `url` is none to
        which a password may go."""
        self.home = read_url(url)
        self._largest = largest
        self._was_answered = False
        self._client = new_client(context=context, read_seconds=read_seconds, auth=_Login(login))

    def close(self) -> None:
        self._client.close()

    def ask(self, method: str, url: str, headers: Mapping[str, str], body: bytes = b"") -> Answer:
        """The answer, from where the server has redirected the question to.

        Raises Refused, TooLarge, NotDav; SourceBusy, MailboxUnreachable, CredentialsRejected.
        ValueError for a method that might change something, and for an address to which the
        password must not go.
        """
        if method not in METHODS:
            raise ValueError("this client only reads")
        for _ in range(_MOST_REDIRECTS + 1):
            if follow(self.home, self.home, url) != url:
                raise ValueError("the password must not go there")
            status, answer = self._send(method, url, headers, body)
            if status // 100 == 2:
                return answer
            if status not in (301, 302, 303, 307, 308):
                raise _translate_status(status, answer.headers)
            there = follow(self.home, url, answer.headers.get("location", ""))
            if there is None:
                raise Refused(status)
            url = there
        raise NotDav

    def _send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, Answer]:
        """A broken connection is tried once more: nothing that is asked here changes anything."""
        try:
            found = self._send_once(method, url, headers, body)
        except httpx.TransportError:
            try:
                found = self._send_once(method, url, headers, body)
            except httpx.TransportError as error:
                raise translate(error, _SERVER, was_answered=self._was_answered) from error
        self._was_answered = True
        return found

    def _send_once(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, Answer]:
        ends = time.monotonic() + _ANSWER_SECONDS
        try:
            with self._client.stream(method, url, headers=headers, content=body) as response:
                told = {name.lower(): value for name, value in response.headers.items()}
                if response.status_code // 100 != 2:
                    # what it says beside its status is nobody's business; the connection ends
                    return response.status_code, Answer(url, told, b"")
                content = bytearray()
                for piece in response.iter_bytes():
                    content += piece
                    if len(content) > self._largest:
                        raise TooLarge
                    if time.monotonic() > ends:
                        raise httpx.ReadTimeout("the answer does not end")
                return response.status_code, Answer(url, told, bytes(content))
        except (httpx.DecodingError, httpx.InvalidURL) as error:
            raise NotDav from error


def _translate_status(status: int, headers: Mapping[str, str]) -> Exception:
    if status == 401:
        return CredentialsRejected("the DAV server refused the login")
    if status in (429, 503):
        seconds = read_retry_after(headers.get("retry-after", ""), datetime.now(UTC))
        return SourceBusy("the DAV server is busy", seconds)
    if status in (502, 504):
        return MailboxUnreachable("nobody answers behind the DAV server's address")
    return Refused(status)


class _Login(httpx.Auth):
    """Basic, at once; Digest (RFC 7616) after a server has asked for it and not for Basic."""

    def __init__(self, login: DavLogin) -> None:
        self._basic = httpx.BasicAuth(login.user.encode(), login.password.encode())
        self._digest = httpx.DigestAuth(login.user.encode(), login.password.encode())
        self._wants_digest = False

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        if not self._wants_digest:
            basic = self._basic.auth_flow(request)
            response = yield next(basic)
            asked = [one.lower() for one in response.headers.get_list("www-authenticate")]
            told = " ".join(asked)
            if response.status_code != 401 or "basic" in told or "digest" not in told:
                return
            self._wants_digest = True
            del request.headers["Authorization"]
        try:
            yield from self._digest.auth_flow(request)
        except (httpx.ProtocolError, LookupError, ValueError, NotImplementedError) as error:
            raise CredentialsRejected(
                "the DAV server asks for a login in a way that is not known"
            ) from error
