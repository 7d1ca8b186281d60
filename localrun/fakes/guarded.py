"""A WSGI application behind a guard: what a role does not allow is refused as the service would."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable
from html import escape
from typing import Any

from localrun.asked import Place
from localrun.guard import Guard, signer
from localrun.loopback import Request

Environ = dict[str, Any]
Start = Callable[..., Any]
Application = Callable[[Environ, Start], Iterable[bytes]]

_XML = {
    "s3": "<Error><Code>AccessDenied</Code><Message>{}</Message></Error>",
    "sns": "<ErrorResponse><Error><Type>Sender</Type><Code>AuthorizationError</Code>"
    "<Message>{}</Message></Error></ErrorResponse>",
    "route53": "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code>"
    "<Message>{}</Message></Error></ErrorResponse>",
}


def guarded(application: Application, guard: Guard, place: Place) -> Application:
    """The application, asked only for what the guard grants."""

    def answer(environ: Environ, start: Start) -> Iterable[bytes]:
        key, service = signer(environ.get("HTTP_AUTHORIZATION", ""))
        if guard.knows(key):
            asked = place.of_request(service, _read(environ, service))
            if reason := guard.refuse(key, asked):
                return _refuse(service, reason, start)
        return application(environ, start)

    return answer


def _read(environ: Environ, service: str) -> Request:
    """The request; its body can be read once more. That of an object is not looked at, only that of
    an order to delete several."""
    body = b""
    if service != "s3" or environ["REQUEST_METHOD"] == "POST":
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
    path = environ.get("RAW_URI") or environ["PATH_INFO"]
    target = {"x-amz-target": environ.get("HTTP_X_AMZ_TARGET", "")}
    return Request(environ["REQUEST_METHOD"], path, target, body)


def _refuse(service: str, reason: str, start: Start) -> Iterable[bytes]:
    if service in _XML:
        start("403 Forbidden", [("Content-Type", "text/xml")])
        return [_XML[service].format(escape(reason)).encode()]
    kind = "AccessDeniedException"
    start(
        "400 Bad Request",
        [("Content-Type", "application/x-amz-json-1.1"), ("x-amzn-ErrorType", kind)],
    )
    return [json.dumps({"__type": kind, "message": reason}).encode()]
