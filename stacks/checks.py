"""What a value of a tenant file may be, told three ways: by a check, in words, as JSON schema.

A check stands in the field's type: `port: Annotated[int, between(1, 65535)]`. Called with a value
of the right type it answers with a complaint, "" if the value is fine.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlsplit

_LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HOST = rf"({_LABEL}\.)*{_LABEL}"
_DOMAIN = rf"({_LABEL}\.)+[A-Za-z][A-Za-z0-9-]*[A-Za-z0-9]"
_LOCAL_PART = r"[^\s@<>,;:\"()]{1,64}"
_IPV6 = r"[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*"
_NAME = r"(\*\*|(?!\s*(/|$))((?!\*\*)[^/])+)"  # of a folder, within a pattern


def _whole(pattern: str) -> str:
    return f"^({pattern})$"


@dataclass(frozen=True, slots=True)
class Check:
    """complain  the complaint about a value, "" if it is fine
    allowed   what is allowed, in words; "" if the setting's meaning says it
    schema    the same as JSON schema (draft 2020-12, ECMA 262 patterns); it may let pass what
              only a program can tell, such as the 30th of February, and refuses nothing that
              the check lets pass
    values    all that are allowed, if they can be listed
    """

    complain: Callable[[Any], str]
    allowed: str
    schema: Mapping[str, Any]
    values: tuple[str, ...] = ()

    def __call__(self, value: Any) -> str:
        return self.complain(value)


def says(
    allowed: str, *, longest: int = 0, pattern: str
) -> Callable[[Callable[[str], str]], Check]:
    """Makes a check of a function from a text to a complaint."""
    schema: dict[str, Any] = {"pattern": _whole(pattern)}
    if longest:
        schema["maxLength"] = longest
    return lambda complain: Check(complain, allowed, schema)


def matches(pattern: str, meaning: str) -> Check:
    """The whole text fits the pattern; `meaning` says it in words."""
    compiled = re.compile(pattern, re.ASCII)
    return Check(
        lambda text: "" if compiled.fullmatch(text) else f"must be {meaning}",
        meaning,
        {"pattern": _whole(pattern)},
    )


def one_of(*values: str) -> Check:
    """The text is one of these."""
    return Check(
        lambda text: "" if text in values else f"must be one of {', '.join(values)}",
        ", ".join(f"`{value}`" for value in values),
        {"enum": list(values)},
        values,
    )


def between(low: int, high: int) -> Check:
    """The number lies in the range, both ends included."""
    return Check(
        lambda value: "" if low <= value <= high else f"must be from {low} to {high}",
        f"{low} to {high}",
        {"minimum": low, "maximum": high},
    )


def empty_or(check: Check) -> Check:
    """The text is empty, or passes the check."""
    return Check(
        lambda text: check(text) if text else "",
        f"{check.allowed}; or empty",
        {"anyOf": [{"const": ""}, dict(check.schema)]},
    )


def _needs_one(values: tuple[object, ...]) -> str:
    return "" if values else "needs at least one"


not_empty = Check(_needs_one, "at least one", {"minItems": 1})
"""The list has at least one value."""


@says("a domain such as example.com", longest=253, pattern=_DOMAIN)
def is_domain(text: str) -> str:
    """A mail domain in ASCII form, with at least one dot."""
    fine = len(text) <= 253 and re.fullmatch(_DOMAIN, text)
    return "" if fine else "must be a domain such as example.com"


@says("an e-mail address", pattern=f"{_LOCAL_PART}@{_DOMAIN}")
def is_email(text: str) -> str:
    """One address, without a name before it."""
    local, _, domain = text.rpartition("@")
    fine = re.fullmatch(_LOCAL_PART, local) and not is_domain(domain)
    return "" if fine else "must be an e-mail address"


@says("a host name or an IP address", longest=253, pattern=f"{_HOST}|{_IPV6}")
def is_host(text: str) -> str:
    """A host's name, or an address."""
    fine = len(text) <= 253 and (re.fullmatch(_HOST, text) or _is_address(text))
    return "" if fine else "must be a host name or an IP address"


_LOOPBACK = r"localhost|127(\.[0-9]+){3}|\[::1\]"
_AUTHORITY = r"([^\s/?#@:\[\]]+|\[[0-9A-Fa-f:.]+\])"


@says(
    "a URL that begins with https://",
    pattern=rf"([Hh][Tt][Tt][Pp][Ss]://{_AUTHORITY}|http://({_LOOPBACK}))(:[0-9]*)?([/?#].*)?",
)
def is_https_url(text: str) -> str:
    """HTTPS, because a token travels there; plain HTTP only within one machine."""
    try:
        url = urlsplit(text)
        host = url.hostname or ""
        _ = url.port  # raises when it is no number
    except ValueError:
        return "must be a URL"
    local = host == "localhost" or (_is_address(host) and ipaddress.ip_address(host).is_loopback)
    fine = (
        bool(host)
        and not re.search(r"\s", text)
        and not url.username
        and (url.scheme == "https" or (url.scheme == "http" and local))
    )
    return "" if fine else "must be a URL that begins with https://"


@says(
    "address:port",
    pattern=r"([0-9]{1,3}(\.[0-9]{1,3}){3}|\[[0-9A-Fa-f:.]+\]):[0-9]{1,5}",
)
def is_dns_server(text: str) -> str:
    """address:port; an IPv6 address stands in brackets."""
    address, _, port = text.rpartition(":")
    bracketed = address.startswith("[") and address.endswith("]")
    address = address[1:-1] if bracketed else address
    known_port = bool(re.fullmatch("[0-9]{1,5}", port)) and 0 < int(port) < 65536
    fine = known_port and _is_address(address) and bracketed == (":" in address)
    return "" if fine else "must be address:port, such as 192.0.2.53:53"


@says("a day such as 2027-03-31; or empty", pattern="([0-9]{4}-[0-9]{2}-[0-9]{2})?")
def is_day(text: str) -> str:
    """Empty, or a day in ISO form."""
    try:
        return "" if not text or date.fromisoformat(text).isoformat() == text else _DAY
    except ValueError:
        return _DAY


_DAY = "must be a day such as 2027-03-31"


@says("folder names joined by /", pattern=f"{_NAME}(/{_NAME})*")
def is_folder_pattern(text: str) -> str:
    """Names joined by /, none of them empty; ** stands alone. The product's own check
    (migration/copy/selection.py) says the same of every text; a test compares them."""
    names = text.split("/")
    if not all(name.strip() for name in names):
        return "must be folder names joined by /, without an empty one"
    if any("**" in name and name != "**" for name in names):
        return "must have ** alone between slashes"
    return ""


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
