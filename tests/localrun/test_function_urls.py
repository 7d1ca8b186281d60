"""Function URLs on the laptop: the events that they make, and what becomes of the answers."""

from __future__ import annotations

import base64
import http.client
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from localrun.engine.function_urls import FunctionUrls
from localrun.engine.invocation import InvokeResult
from migration.pages import Request, parse_request

NOW = 1_796_407_200.5


class Function:
    """Remembers its events, and answers as it is told."""

    def __init__(self) -> None:
        self.events: list[tuple[str, dict[str, Any]]] = []
        self.answer: dict[str, Any] = {"statusCode": 200, "headers": {"X-A": "b"}, "body": "grüß"}
        self.error: str | None = None

    def invoke(self, name: str, payload: bytes) -> InvokeResult:
        self.events.append((name, json.loads(payload)))
        return InvokeResult(200, self.error, json.dumps(self.answer).encode(), "id")


@pytest.fixture
def function() -> Function:
    return Function()


@pytest.fixture
def urls(function: Function) -> Iterator[FunctionUrls]:
    urls = FunctionUrls(function.invoke, lambda: NOW, "123456789012")
    yield urls
    urls.close()


def call(
    url: str, method: str, path: str, body: bytes | None = None, **headers: str
) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)
    try:
        connection.request(method, path, body, {k.replace("_", "-"): v for k, v in headers.items()})
        response = connection.getresponse()
        return response.status, dict(response.getheaders()), response.read()
    finally:
        connection.close()


def test_a_request_becomes_an_event_that_the_product_reads(
    urls: FunctionUrls, function: Function
) -> None:
    url = urls.url("page", "NONE")
    assert url.endswith("/")
    status, headers, body = call(url, "POST", "/a%20b?x=1", b"id=7&answer=yes")
    assert (status, headers["X-A"], body) == (200, "b", "grüß".encode())
    ((name, event),) = function.events
    assert name == "page"
    assert (event["version"], event["rawQueryString"]) == ("2.0", "x=1")
    assert event["isBase64Encoded"] is True
    assert base64.b64decode(event["body"]) == b"id=7&answer=yes"
    form = {"id": "7", "answer": "yes"}
    assert parse_request(event) == Request("POST", "/a b", form, "2026-12-04T18:00:00.500Z")


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_what_has_no_body_brings_none(urls: FunctionUrls, function: Function, method: str) -> None:
    status, _, body = call(urls.url("page", "NONE"), method, "/")
    assert status == 200
    assert (body == b"") is (method == "HEAD")
    assert "body" not in function.events[0][1]


def test_each_function_has_one_address(urls: FunctionUrls) -> None:
    assert urls.url("page", "NONE") == urls.url("page", "NONE")
    assert urls.url("page", "NONE") != urls.url("other", "NONE")


def test_with_iam_only_who_signs_gets_in(urls: FunctionUrls, function: Function) -> None:
    url = urls.url("page", "AWS_IAM")
    assert call(url, "GET", "/")[0] == 403
    assert function.events == []
    signed = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261204/eu-west-1/lambda/aws4_request, x"
    assert call(url, "GET", "/", Authorization=signed)[0] == 200
    assert parse_request(function.events[0][1]).caller == "AKIDEXAMPLE"


def test_nobody_has_a_name_where_nobody_must_sign(urls: FunctionUrls, function: Function) -> None:
    signed = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261204/eu-west-1/lambda/aws4_request, x"
    call(urls.url("page", "NONE"), "GET", "/", Authorization=signed)
    assert parse_request(function.events[0][1]).caller == ""


def test_a_function_that_fails_is_a_bad_gateway(urls: FunctionUrls, function: Function) -> None:
    function.error = "Unhandled"
    assert call(urls.url("page", "NONE"), "GET", "/")[0] == 502
