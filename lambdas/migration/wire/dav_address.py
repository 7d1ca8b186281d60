"""Where a password may go. Pure.

It goes to the host that the operator has named, and to its port; to no other host that a server's
answer or redirection names. Which other hosts belong to the same owner cannot be told from a name
(co.uk, shared hosting): only the providers below are known to spread one person's data over hosts
of theirs.
"""

from __future__ import annotations

from urllib.parse import SplitResult, urljoin, urlsplit

from migration.wire.imap_login import is_loopback

PROVIDERS = ("icloud.com", "icloud.com.cn", "fastmail.com")
"""Domains of which all hosts are the provider's own."""

_PORTS = {"http": 80, "https": 443}


def read_url(url: str, name: str = "a DAV address") -> str:
    """The address in one spelling, with its path. ValueError, in which it is called `name`, if it
    is none, if it has a login in it, or if it has no TLS; http is for this machine only."""
    where = urlsplit(url.strip())
    if where.scheme not in _PORTS or not where.hostname:
        raise ValueError(f"{name} begins with https://")
    if where.username is not None or where.password is not None:
        raise ValueError(f"{name} has no login in it")
    if where.scheme == "http" and not is_loopback(where.hostname):
        raise ValueError("without TLS, passwords and calendars would travel openly")
    return _join(where, _origin(where))


def follow(home: str, at: str, reference: str) -> str | None:
    """The address that `reference` means, as it was said at `at`; None if the password that is
    meant for `home` must not go there.

    http of the same host is taken for its https: servers behind a proxy that ends TLS often do
    not know that they are reached by it.
    """
    if any(ord(char) < 0x21 or char.isspace() or char == "\\" for char in reference.strip()):
        return None
    try:
        there, origin = urlsplit(urljoin(at, reference.strip())), urlsplit(home)
        port = there.port  # may be no number
    except ValueError:
        return None
    host = (there.hostname or "").lower()
    if there.scheme not in _PORTS or not host:
        return None
    if host == origin.hostname:
        own = origin.port or _PORTS[origin.scheme]
        same = (port or _PORTS[there.scheme]) == own
        plain = there.scheme == "http" and port in (None, 80, own)
        return _join(there, _origin(origin)) if same or plain else None
    if there.scheme == "https" and port in (None, 443) and _share_provider(host, origin):
        return _join(there, _origin(there))
    return None


def _share_provider(host: str, origin: SplitResult) -> bool:
    return any(
        f".{host}".endswith(f".{one}") and f".{origin.hostname}".endswith(f".{one}")
        for one in PROVIDERS
    )


def _origin(where: SplitResult) -> str:
    host = (where.hostname or "").lower()
    name = f"[{host}]" if ":" in host else host
    port = where.port
    told = "" if port in (None, _PORTS[where.scheme]) else f":{port}"
    return f"{where.scheme}://{name}{told}"


def _join(where: SplitResult, origin: str) -> str:
    query = f"?{where.query}" if where.query else ""
    return f"{origin}{where.path or '/'}{query}"
