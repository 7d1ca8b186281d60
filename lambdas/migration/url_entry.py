"""What a Lambda that is called by its URL does before and after its one call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from migration.logs import bind, logger
from migration.pages import Page, Request, dump_page, parse_request

Handler = Callable[[Mapping[str, Any], Any], dict[str, Any]]
_BROKEN = Page(500, "<!doctype html><title>Try again</title><p>Try again in a minute.</p>\n")


def url_entry(function: Callable[[Request, Any], Page]) -> Handler:
    """Makes a Lambda handler of a function from a request to a page.

    Logs method and status, and nothing else of the request: its path may be a secret. What the
    function raises becomes status 500; the log has only the type, because the text may hold what
    was sent.
    """

    def handler(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
        bind(state=function.__module__)
        method = ""
        try:
            request = parse_request(event)
            method = request.method
            page = function(request, context)
        except Exception as error:  # noqa: BLE001 - the last line before the browser
            logger.error("unexpected", extra={"error": type(error).__name__})
            page = _BROKEN
        logger.info("answered", extra={"method": method, "status": page.status})
        return dump_page(page, method)

    return handler
