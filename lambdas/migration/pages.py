"""Requests to a function's URL, and what it answers: Lambda's payload format 2.0.

https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html#urls-payloads
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl


@dataclass(frozen=True, slots=True)
class Request:
    """`form` holds the fields of a form that was posted, `now` is when the request came, and
    `caller` IAM's id of who has signed it, empty if nobody had to. Without the name of a session,
    which often is somebody's address."""

    method: str
    path: str
    form: Mapping[str, str]
    now: str
    caller: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """An HTML page, and headers beside those that every page has."""

    status: int
    body: str
    headers: Mapping[str, str] = field(default_factory=dict)


def parse_request(event: Mapping[str, Any]) -> Request:
    """KeyError, TypeError or ValueError if it is no such event."""
    context = event["requestContext"]
    moment = datetime.fromtimestamp(int(context["timeEpoch"]) / 1000, UTC)
    caller = context.get("authorizer", {}).get("iam", {}).get("callerId", "")
    return Request(
        method=str(context["http"]["method"]).upper(),
        path=str(event["rawPath"]),
        form=_parse_form(event),
        now=moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        caller=str(caller).partition(":")[0],
    )


def dump_page(page: Page, method: str) -> dict[str, Any]:
    """For Lambda. HEAD gets no body."""
    headers = {
        "Content-Type": "text/html; charset=utf-8",
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "X-Robots-Tag": "noindex, nofollow",
        **page.headers,
    }
    body = "" if method == "HEAD" else page.body
    return {"statusCode": page.status, "headers": headers, "body": body}


def _parse_form(event: Mapping[str, Any]) -> dict[str, str]:
    body = event.get("body") or ""
    if event.get("isBase64Encoded"):
        body = base64.b64decode(body, validate=True).decode("utf-8")
    return dict(parse_qsl(body, max_num_fields=10))
