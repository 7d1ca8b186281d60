"""The values of record sets, from one notation to another. Pure.

Route 53 writes what is no plain character in a TXT string as `\\` and three octal digits; zone
files (RFC 1035, 5.1) and dnspython write `\\` and three decimal ones. A RecordSet has Route 53's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from migration import dns
from migration.zone_model import RecordSet

STRING = 255
"""Bytes of one string of a TXT record (RFC 1035, 3.3)."""

_CODE = re.compile(r"\\(?:([0-9]{3})|(.))", re.DOTALL)
_HOSTS = frozenset({"MX", "CNAME"})


def quote(text: str) -> str:
    """A TXT value as Route 53 wants it: strings of at most 255 bytes in quotation marks. ValueError
    unless it is of printable ASCII: nothing that this migration writes is anything else."""
    if not (text.isascii() and text.isprintable()):
        raise ValueError("a TXT value holds characters that are not printable ASCII")
    parts = [text[start : start + STRING] for start in range(0, len(text), STRING)] or [""]
    return " ".join('"' + re.sub(r'(["\\])', r"\\\1", part) + '"' for part in parts)


def spell(type_: str, value: str) -> str:
    """An expected value as Route 53 wants it; hosts end in a dot."""
    plain = dns.normalise(type_, value)
    if type_ == "TXT":
        return quote(plain)
    return f"{plain.rstrip('.')}." if type_ in _HOSTS else plain


def to_zone_file(type_: str, value: str) -> str:
    """Route 53's notation as that of a zone file."""
    if type_ == "TXT":
        return _CODE.sub(lambda found: _recode(found, base=8, digits="{:03d}"), value)
    return f"{value.rstrip('.')}." if type_ in _HOSTS else value


def from_answer(type_: str, value: str) -> str:
    """What a resolver said, in Route 53's notation."""
    if type_ == "TXT":
        return _CODE.sub(lambda found: _recode(found, base=10, digits="{:03o}"), value)
    return value


def _recode(found: re.Match[str], base: int, digits: str) -> str:
    return "\\" + digits.format(int(found[1], base)) if found[1] else found[0]


def normalise_all(type_: str, values: Iterable[str]) -> list[str]:
    """The values in the one spelling that is compared, in order."""
    return sorted(dns.normalise(type_, value) for value in values)


def is_same(one: RecordSet | None, other: RecordSet | None) -> bool:
    """Whether both say the same: the spelling and the order of the values do not count, the TTL
    does."""
    if one is None or other is None:
        return one is other
    return _gist(one) == _gist(other)


def is_any(one: RecordSet | None, others: Sequence[RecordSet]) -> bool:
    """Whether it says the same as one of the others."""
    return any(is_same(one, other) for other in others)


def _gist(records: RecordSet) -> tuple[object, ...]:
    values = tuple(normalise_all(records.type, records.values))
    return records.name, records.type, records.ttl, records.special, values
