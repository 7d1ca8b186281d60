"""Reads nested frozen dataclasses from YAML, with every fault at once.

A check is a function from a value of the right type to a complaint, "" if it is fine. It stands
in the field's type: `port: Annotated[int, between(1, 65535)]`.
"""

from __future__ import annotations

import difflib
import ipaddress
import re
import typing
from collections.abc import Callable, Hashable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import date
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import yaml

from stacks.errors import SynthError

Check = Callable[[Any], str]
Record = TypeVar("Record")

_LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HOST = re.compile(rf"({_LABEL}\.)*{_LABEL}")
_DOMAIN = re.compile(rf"({_LABEL}\.)+[A-Za-z][A-Za-z0-9-]*[A-Za-z0-9]")
_TYPE_NAMES: Mapping[type, str] = {
    str: "a text",
    int: "a whole number",
    bool: "true or false",
}


class ConfigError(SynthError):
    """A tenant file cannot be used. `problems` are sentences that begin with the key's path."""

    def __init__(self, source: str, problems: list[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n  ".join([f"{source} cannot be used:", *problems]))


# ---- reading -----------------------------------------------------------------------------------


def read_yaml(path: Path) -> object:
    """The file's content. ConfigError if it cannot be read, is no YAML, or has a key twice."""
    try:
        with path.open(encoding="utf-8") as stream:
            return yaml.load(stream, Loader=_StrictLoader)  # noqa: S506 - a SafeLoader
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(str(path), [f"it cannot be read ({type(error).__name__})"]) from None
    except yaml.YAMLError as error:
        raise ConfigError(str(path), [f"it is no valid YAML: {error}"]) from None


class _StrictLoader(yaml.SafeLoader):
    """YAML allows a key twice and keeps the last, which hides a mistake."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[object] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} stands there twice", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep=deep)


def read_record(cls: type[Record], raw: object, problems: list[str], path: str = "") -> Record:
    """An instance of the dataclass `cls` from a mapping; missing keys get their defaults.

    Faults are added to `problems`, each with the path of its key; only if there is none, the
    result is complete. Nothing at all (`dns:` alone in a line) counts as an empty mapping.
    """
    raw = {} if raw is None else raw
    if not isinstance(raw, Mapping):
        problems.append(f"{path or 'the file'}: must be a mapping of keys to values")
        raw = {}
    types = typing.get_type_hints(cls, include_extras=True)
    prefix = f"{path}." if path else ""
    problems += [
        f"{prefix}{key}: unknown key{_hint(key, types)}" for key in raw if key not in types
    ]
    values: dict[str, object] = {}
    for field in fields(cls):  # type: ignore[arg-type]  # Record is always a dataclass
        where = prefix + field.name
        if field.name in raw or is_dataclass(types[field.name]):
            given = raw.get(field.name)
            values[field.name] = _read_value(types[field.name], given, problems, where)
        elif field.default is MISSING:
            problems.append(f"{where}: is missing")
            values[field.name] = None
    return cls(**values)


def _read_value(wanted: Any, raw: object, problems: list[str], path: str) -> object:
    if is_dataclass(wanted):
        return read_record(typing.cast(type, wanted), raw, problems, path)
    if typing.get_origin(wanted) is tuple:
        return _read_list(typing.get_args(wanted)[0], raw, problems, path)
    checks: tuple[Check, ...] = ()
    if typing.get_origin(wanted) is typing.Annotated:
        wanted, *rest = typing.get_args(wanted)
        checks = tuple(rest)
    if isinstance(raw, date) and wanted is str:
        raw = raw.isoformat()  # YAML makes a date of 2027-03-31
    if not isinstance(raw, wanted) or isinstance(raw, bool) is not (wanted is bool):
        quote = "; write it in quotes" if wanted is str and isinstance(raw, int | float) else ""
        problems.append(f"{path}: must be {_TYPE_NAMES[wanted]}, not {raw!r}{quote}")
        return None
    complaints = [complaint for check in checks if (complaint := check(raw))]
    problems += [f"{path}: {complaint}, not {raw!r}" for complaint in complaints]
    return raw


def _read_list(wanted: Any, raw: object, problems: list[str], path: str) -> tuple[object, ...]:
    if not isinstance(raw, list):
        problems.append(f"{path}: must be a list")
        return ()
    values = tuple(
        _read_value(wanted, value, problems, f"{path}[{place}]") for place, value in enumerate(raw)
    )
    if len(set(map(str, raw))) < len(raw):
        problems.append(f"{path}: names something twice")
    return values


def _hint(key: object, known: Mapping[str, object]) -> str:
    close = difflib.get_close_matches(str(key), known, n=1)
    return f"; did you mean {close[0]}?" if close else f"; known: {', '.join(known)}"


# ---- checks ------------------------------------------------------------------------------------


def matches(pattern: str, meaning: str) -> Check:
    """The whole text fits the pattern; `meaning` says it in words."""
    return lambda text: "" if re.fullmatch(pattern, text) else f"must be {meaning}"


def one_of(*values: str) -> Check:
    """The text is one of these."""
    return lambda text: "" if text in values else f"must be one of {', '.join(values)}"


def between(low: int, high: int) -> Check:
    """The number lies in the range, both ends included."""
    return lambda value: "" if low <= value <= high else f"must be from {low} to {high}"


def empty_or(check: Check) -> Check:
    """The text is empty, or passes the check."""
    return lambda text: check(text) if text else ""


def is_domain(text: str) -> str:
    """A mail domain in ASCII form, with at least one dot."""
    fine = len(text) <= 253 and _DOMAIN.fullmatch(text)
    return "" if fine else "must be a domain such as example.com"


def is_email(text: str) -> str:
    """One address, without a name before it."""
    local, _, domain = text.rpartition("@")
    fine = re.fullmatch(r"[^\s@<>,;:\"()]{1,64}", local) and not is_domain(domain)
    return "" if fine else "must be an e-mail address"


def is_host(text: str) -> str:
    """A host's name, or an address."""
    fine = len(text) <= 253 and (_HOST.fullmatch(text) or _is_address(text))
    return "" if fine else "must be a host name or an IP address"


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
        and not url.username
        and (url.scheme == "https" or (url.scheme == "http" and local))
    )
    return "" if fine else "must be a URL that begins with https://"


def is_dns_server(text: str) -> str:
    """address:port; an IPv6 address stands in brackets."""
    address, _, port = text.rpartition(":")
    bracketed = address.startswith("[") and address.endswith("]")
    address = address[1:-1] if bracketed else address
    known_port = port.isdecimal() and 0 < int(port) < 65536
    fine = known_port and _is_address(address) and bracketed == (":" in address)
    return "" if fine else "must be address:port, such as 192.0.2.53:53"


def is_day(text: str) -> str:
    """Empty, or a day in ISO form."""
    try:
        return "" if not text or date.fromisoformat(text).isoformat() == text else _DAY
    except ValueError:
        return _DAY


_DAY = "must be a day such as 2027-03-31"


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
