"""Function URLs: HTTP in front of functions, in Lambda's payload format 2.0.

https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html#urls-payloads

Each function has a server of its own, because a page finds its way by paths from the root. Lambda
gives the body of a form in base64; so does this. With AWS_IAM a signature must be there; whose it
is, is taken from it without a check.
"""

import base64
import json
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote

from localrun.engine.invocation import Invoke
from localrun.loopback import LoopbackServer, Request, Response

_SIGNED_BY = re.compile(r"AWS4-HMAC-SHA256 Credential=([^/,]+)/")
_METHODS_WITH_BODY = ("POST", "PUT", "PATCH")


class FunctionUrls:
    """Serves until `close()`. `now` is the time that requests are given, `account` whose it is."""

    def __init__(self, invoke: Invoke, now: Callable[[], float], account: str) -> None:
        self._invoke = invoke
        self._now = now
        self._account = account
        self._servers: dict[str, LoopbackServer] = {}

    def url(self, function: str, auth: str) -> str:
        """Where the function of that name answers, as Lambda writes it: with a slash at the end.
        `auth` is NONE or AWS_IAM."""
        if function not in self._servers:
            self._servers[function] = LoopbackServer(
                lambda request: self._respond(function, auth, request)
            )
        return f"{self._servers[function].url}/"

    def close(self) -> None:
        """May be called twice."""
        for server in self._servers.values():
            server.close()
        self._servers.clear()

    def _respond(self, function: str, auth: str, request: Request) -> Response:
        signer = _SIGNED_BY.match(request.headers.get("authorization", ""))
        if auth == "AWS_IAM" and signer is None:
            return _message(403, "Forbidden")
        caller = signer[1] if signer and auth == "AWS_IAM" else ""
        result = self._invoke(function, json.dumps(self._event(request, caller)).encode())
        if result.status != 200 or result.function_error is not None:
            return _message(502, "Internal Server Error")
        return _response(json.loads(result.payload))

    def _event(self, request: Request, caller: str) -> dict[str, Any]:
        path, _, query = request.path.partition("?")
        context: dict[str, Any] = {
            "http": {
                "method": request.method,
                "path": unquote(path),
                "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1",
                "userAgent": request.headers.get("user-agent", ""),
            },
            "routeKey": "$default",
            "stage": "$default",
            "timeEpoch": round(self._now() * 1000),
        }
        if caller:
            iam = {"accessKey": caller, "accountId": self._account, "callerId": caller}
            context["authorizer"] = {"iam": iam}
        event: dict[str, Any] = {
            "version": "2.0",
            "routeKey": "$default",
            "rawPath": unquote(path),
            "rawQueryString": query,
            "headers": dict(request.headers),
            "requestContext": context,
            "isBase64Encoded": False,
        }
        if request.method in _METHODS_WITH_BODY:
            event["body"] = base64.b64encode(request.body).decode("ascii")
            event["isBase64Encoded"] = True
        return event


def _response(answer: Mapping[str, Any]) -> Response:
    body = str(answer.get("body", ""))
    raw = base64.b64decode(body) if answer.get("isBase64Encoded") else body.encode()
    return Response(int(answer["statusCode"]), raw, dict(answer.get("headers", {})))


def _message(status: int, text: str) -> Response:
    return Response(
        status, json.dumps({"Message": text}).encode(), {"Content-Type": "application/json"}
    )
