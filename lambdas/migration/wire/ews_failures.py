"""What every failure of an EWS request means: of the connection, of the server, of a gateway.

What was sent and got no answer is AnswerLost, whatever the reason; only the caller knows whether
the request may be sent again.
"""

from __future__ import annotations

import ssl
from xml.etree.ElementTree import Element

import urllib3
from urllib3 import exceptions as http

from migration.wire.ews_answer import Fault, NotEws, read_answer
from migration.wire.ews_model import (
    AnswerLost,
    EwsError,
    RequestRefused,
    RequestTooLarge,
    ServerBusy,
    Unauthorized,
    Unreachable,
)

# Every exception class of urllib3 is in one of these three; a test holds them complete. The first
# that matches decides, so subclasses stand in an earlier one than their bases.
MISCONFIGURED: tuple[type[http.HTTPError], ...] = (
    http.ProxyError,
    http.HostChangedError,
    http.LocationValueError,
    http.LocationParseError,
    http.URLSchemeUnknown,
    http.ProxySchemeUnknown,
    http.InvalidHeader,
    http.TimeoutStateError,
)
NOT_CONNECTED: tuple[type[http.HTTPError], ...] = (
    http.ConnectTimeoutError,
    http.NewConnectionError,
    http.NameResolutionError,  # resolvers fail for moments, too
    http.ClosedPoolError,
    http.EmptyPoolError,
    http.FullPoolError,
)
BROKEN_OFF: tuple[type[http.HTTPError], ...] = (
    http.ReadTimeoutError,
    http.TimeoutError,
    http.ProtocolError,
    http.SSLError,
    http.DecodeError,
    http.IncompleteRead,
    http.InvalidChunkLength,
    http.ResponseNotChunked,
    http.BodyNotHttplibCompatible,
    http.HeaderParsingError,
    http.ResponseError,
    http.UnrewindableBodyError,
    http.MaxRetryError,
    http.RequestError,
    http.PoolError,
    http.HTTPError,
)

# Response codes that mean: not now. A fault with one of them may come after the work was begun.
BUSY_CODES = frozenset(
    {
        "ErrorServerBusy",
        "ErrorTimeoutExpired",
        "ErrorInternalServerTransientError",
        "ErrorInternalServerError",
        "ErrorExceededConnectionCount",
        "ErrorConnectionFailed",
        "ErrorInsufficientResources",
        "ErrorNotEnoughMemory",
        "ErrorTooManyObjectsOpened",
        "ErrorMailboxMoveInProgress",
        "ErrorMailboxStoreUnavailable",
        "ErrorMailboxFailover",
        "ErrorRequestAborted",
        "ErrorProxyRequestProcessingFailed",
        "ErrorBatchProcessingStopped",
    }
)

# Of those, the ones that are given before any work is begun.
_NOT_BEGUN = frozenset({"ErrorServerBusy", "ErrorExceededConnectionCount"})

# What Exchange says to a delegate of what it may not see: as if it were not there.
HIDDEN_CODES = frozenset(
    {
        "ErrorAccessDenied",
        "ErrorFolderNotFound",
        "ErrorItemNotFound",
        "ErrorParentFolderNotFound",
        "ErrorSavedItemFolderNotFound",
    }
)

DEFAULT_BACK_OFF = 30.0


def translate(error: http.HTTPError) -> EwsError:
    """What an exception of urllib3 means for a request that was being sent."""
    name = type(error).__name__
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in error.args):
        return Unreachable("CertificateRejected", for_good=True)
    if isinstance(error, MISCONFIGURED):
        return Unreachable(name, for_good=True)
    if isinstance(error, NOT_CONNECTED):
        return Unreachable(name, for_good=False)
    return AnswerLost(name)


def refuse(code: str, retry_after: float) -> EwsError:
    """The error for a response code that stands for a whole request."""
    if code in BUSY_CODES:
        return ServerBusy(code, retry_after or DEFAULT_BACK_OFF)
    if code == "ErrorRequestStreamTooBig":
        return RequestTooLarge(code)
    return RequestRefused(code)


def no_answer(code: str, *, changes: bool) -> EwsError:
    """The error for an answer that does not say what was done."""
    return AnswerLost(code) if changes else ServerBusy(code, DEFAULT_BACK_OFF)


def read_response(response: urllib3.BaseHTTPResponse, *, changes: bool) -> list[Element]:
    """The response messages, or the error that status and body stand for."""
    status = response.status
    if status in (401, 403):
        raise Unauthorized(f"http-{status}")
    if status == 413:
        raise RequestTooLarge("http-413")
    try:
        answer = read_answer(response.data)
    except NotEws as error:
        raise _not_ews(response, changes=changes) from error
    if isinstance(answer, Fault):
        if changes and answer.code in BUSY_CODES - _NOT_BEGUN:
            raise AnswerLost(answer.code)
        raise refuse(answer.code, answer.retry_after or _retry_after(response))
    return answer


def _not_ews(response: urllib3.BaseHTTPResponse, *, changes: bool) -> EwsError:
    """A gateway in front of the server answers in its own way, or it is another server."""
    status = response.status
    if status in (429, 503):
        return ServerBusy(f"http-{status}", _retry_after(response) or DEFAULT_BACK_OFF)
    if status in (200, 500, 502, 504):
        return no_answer(f"http-{status}", changes=changes)
    return Unreachable(f"http-{status}", for_good=True)


def _retry_after(response: urllib3.BaseHTTPResponse) -> float:
    """Retry-After in seconds; 0 when it is missing or a date."""
    text = response.headers.get("Retry-After", "")
    return float(text) if text.isdecimal() else 0.0
