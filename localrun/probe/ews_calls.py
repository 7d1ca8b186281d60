"""Single EWS requests whose fate is seen as it is: status, code, back-off, time.

The migration's own client translates, renews and tries again, which is what must not happen where
the server's own behaviour is asked for. Certificates are verified all the same.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace

import urllib3

from migration.wire.ews_answer import Fault, NotEws, read_answer, read_refusal
from migration.wire.ews_login import Basic
from migration.wire.ews_model import FolderRef
from migration.wire.ews_request import get_folders

_TIMEOUT = urllib3.Timeout(connect=10, read=100)
_VERSION = re.compile(rb"<(?:\w+:)?ServerVersionInfo([^>]*)>")
_ATTRIBUTE = re.compile(r'(\w+)="([^"]*)"')
_INBOX = FolderRef("inbox", distinguished=True)


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back. `code` is EWS's, or http-STATUS where the answer is no EWS, "" for success;
    `back_off_ms` is what the server suggested, 0 if it did not."""

    status: int
    code: str
    back_off_ms: int
    authenticate: str
    version: str
    seconds: float


class EwsCalls:
    """Requests over up to `connections` kept-alive connections. Safe to use from threads."""

    def __init__(self, url: str, connections: int = 1) -> None:
        options: dict[str, object] = {"maxsize": connections, "block": True, "timeout": _TIMEOUT}
        if url.startswith("https:"):
            options["cert_reqs"] = "CERT_REQUIRED"
        self._pool = urllib3.connection_from_url(url, **options)
        self._path = urllib3.util.parse_url(url).request_uri

    def close(self) -> None:
        """Ends the connections."""
        self._pool.close()

    def post(self, body: Iterable[bytes], authorization: str = "") -> Reply:
        """Sends once. HTTPError (urllib3) if no answer comes."""
        content = b"".join(body)
        headers = {"Content-Type": "text/xml; charset=utf-8", "Accept": "text/xml"}
        if authorization:
            headers["Authorization"] = authorization
        began = time.perf_counter()
        response = self._pool.urlopen(
            "POST", self._path, content, headers, retries=False, redirect=False
        )
        seconds = time.perf_counter() - began
        code, back_off = _read(response)
        return Reply(
            response.status,
            code,
            back_off,
            response.headers.get("WWW-Authenticate", ""),
            _version(response.data),
            seconds,
        )


def bearer(token: str) -> str:
    """The header's value for a token."""
    return f"Bearer {token}"


def basic(user: str, password: str) -> str:
    """The header's value for a password."""
    return f"Basic {Basic(user, password).credentials}"


def open_inbox(mailbox: str) -> Iterable[bytes]:
    """GetFolder of the inbox, by ExchangeImpersonation."""
    return get_folders(mailbox, [_INBOX])


def open_inbox_as_delegate(mailbox: str) -> Iterable[bytes]:
    """The same by the folder's id, which names the mailbox; nobody is impersonated."""
    return get_folders("", [replace(_INBOX, mailbox=mailbox)])


def _read(response: urllib3.BaseHTTPResponse) -> tuple[str, int]:
    """Code and back-off in milliseconds."""
    text = response.headers.get("Retry-After", "")
    after = float(text) if text.isdecimal() else 0.0
    try:
        answer = read_answer(response.data)
        first = answer if isinstance(answer, Fault) else read_refusal(answer[0])
    except (NotEws, IndexError):
        return f"http-{response.status}", round(after * 1000)
    if first is None:
        return "", 0
    return first.code, round((first.retry_after or after) * 1000)


def _version(body: bytes) -> str:
    """Such as `Exchange2010_SP2 14.2.390.3`; "" if the answer has none."""
    found = _VERSION.search(body)
    if found is None:
        return ""
    values = dict(_ATTRIBUTE.findall(found[1].decode("latin-1")))
    names = ("MajorVersion", "MinorVersion", "MajorBuildNumber", "MinorBuildNumber")
    number = ".".join(values[name] for name in names if name in values)
    return f"{values.get('Version', '')} {number}".strip()
