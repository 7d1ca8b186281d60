"""Asks an autodiscover address, without a login, whether it is there and what it is.

WorkMail's service answers 401 to that (Administrator Guide, "Enabling AutoDiscover to configure
endpoints"). Certificates are verified: a phone would refuse a wrong one, too.
"""

from __future__ import annotations

import urllib3
from urllib3 import exceptions as http

_TIMEOUT = urllib3.Timeout(connect=5.0, read=10.0)
_BODY = (
    b'<?xml version="1.0" encoding="utf-8"?>'
    b'<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/'
    b'2006"></Autodiscover>'
)


class HttpAutodiscover:
    """AutodiscoverProbe. Follows no redirect."""

    def ask(self, url: str) -> str:
        try:
            with urllib3.PoolManager(num_pools=1, timeout=_TIMEOUT) as pool:
                answer = pool.request(
                    "POST",
                    url,
                    body=_BODY,
                    headers={"Content-Type": "text/xml; charset=utf-8"},
                    retries=False,
                    redirect=False,
                )
        except http.HTTPError as error:
            return translate(error)
        return f"http-{answer.status}"


def translate(error: http.HTTPError) -> str:
    """AutodiscoverProbe's code for an exception of urllib3."""
    if isinstance(error, http.SSLError):
        return "certificate"
    if isinstance(error, http.NameResolutionError):
        return "no-name"
    # a NewConnectionError is a TimeoutError to urllib3, for compatibility with its past
    if isinstance(error, http.TimeoutError) and not isinstance(error, http.NewConnectionError):
        return "timeout"
    return "unreachable"
