"""What an IMAP server's LIST says about a folder (RFC 3501 section 7.2.2, RFC 6154, RFC 2342)."""

from __future__ import annotations

import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass

from migration.wire.imap_errors import Garbled
from migration.wire.imap_parse import Response, Value, quote

TYPE_CHECKING = False  # as in typing, which takes long to load
if TYPE_CHECKING:
    from migration.mail import SpecialUse

_SPECIAL: Mapping[str, str] = {
    "\\inbox": "INBOX",
    "\\sent": "SENT",
    "\\drafts": "DRAFTS",
    "\\trash": "TRASH",
    "\\junk": "JUNK",
    "\\spam": "JUNK",  # the older XLIST
}
"""Names of SpecialUse."""

_CLOSED = frozenset({"\\noselect", "\\nonexistent"})


@dataclass(frozen=True, slots=True)
class Namespaces:
    """Prefixes of folder names. `personal` ones are not part of what the user sees; folders below
    `foreign` ones (other users', shared) belong to another mailbox."""

    personal: tuple[str, ...] = ()
    foreign: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Listed:
    """A folder of LIST. `name` is as the server spells it (the mailbox name of EXAMINE)."""

    name: str
    delimiter: str
    flags: frozenset[str]

    @property
    def can_be_opened(self) -> bool:
        return not self.flags & _CLOSED

    @property
    def special(self) -> SpecialUse | None:
        # Not above: who only looks whether anything has happened has no time to load the model.
        from migration.mail import SpecialUse

        if self.name.upper() == "INBOX":
            return SpecialUse.INBOX
        names = (_SPECIAL[flag] for flag in sorted(self.flags) if flag in _SPECIAL)
        return next((SpecialUse[name] for name in names), None)

    def is_foreign(self, namespaces: Namespaces) -> bool:
        """Whether the folder belongs to another mailbox."""
        own = any(prefix and self.name.startswith(prefix) for prefix in namespaces.personal)
        return not own and any(
            self.name.startswith(prefix) or self.name == prefix.rstrip(self.delimiter)
            for prefix in namespaces.foreign
            if prefix
        )

    def path(self, namespaces: Namespaces) -> tuple[str, ...]:
        """Decoded names, outermost first, without the personal prefix. The inbox, whose name knows
        no case, is always INBOX; below a prefix, `inbox` is a folder like any other."""
        name = self.name
        for prefix in sorted(namespaces.personal, key=len, reverse=True):
            if prefix and name.startswith(prefix) and len(name) > len(prefix):
                name = name[len(prefix) :]
                break
        parts = name.split(self.delimiter) if self.delimiter else [name]
        if name == self.name and parts[0].upper() == "INBOX":
            parts[0] = "INBOX"
        return tuple(decode_name(part) for part in parts)


def read_list(response: Response) -> Listed:
    """A LIST, LSUB or XLIST response. Garbled for what is none."""
    values = response.values()
    if len(values) < 4 or not isinstance(values[1], list):
        raise Garbled("unreadable-list")
    flags, delimiter, name = values[1:4]
    assert isinstance(flags, list)
    # A folder may be called NIL, and a server that does not quote it has its way.
    return Listed(
        name=_text(name) or "NIL",
        delimiter=_text(delimiter),
        flags=frozenset(_text(flag).lower() for flag in flags),
    )


def read_namespaces(response: Response) -> Namespaces:
    """A NAMESPACE response (RFC 2342)."""
    personal, *foreign = [_prefixes(group) for group in response.values()[1:4]] or [()]
    return Namespaces(personal, tuple(prefix for group in foreign for prefix in group))


def _prefixes(group: Value) -> tuple[str, ...]:
    entries = group if isinstance(group, list) else []
    return tuple(_text(entry[0]) for entry in entries if isinstance(entry, list) and entry)


def quote_name(name: str) -> bytes:
    """A folder's name for a command. A server that lists raw UTF-8 gets the modified UTF-7 that it
    should have sent."""
    if not name.isascii():
        name = encode_name(name.encode("latin-1").decode("utf-8", "replace"))
    return quote(name)


def encode_name(name: str) -> str:
    """A name in modified UTF-7 (RFC 3501 section 5.1.3)."""
    return re.sub(r"&|[^\x20-\x7e]+", lambda found: _shift(found[0]), name)


def _shift(text: str) -> str:
    if text == "&":
        return "&-"
    encoded = binascii.b2a_base64(text.encode("utf-16-be", "surrogatepass"), newline=False)
    return f"&{encoded.decode('ascii').rstrip('=').replace('/', ',')}-"


def _unshift(encoded: str) -> str:
    if not encoded:
        return "&"
    padded = encoded.replace(",", "/") + "=" * (-len(encoded) % 4)
    return binascii.a2b_base64(padded).decode("utf-16-be")


def decode_name(name: str) -> str:
    """A name in modified UTF-7 (RFC 3501 section 5.1.3) as text.

    Some servers send UTF-8 instead, and some send what is neither: that is shown as it is.
    """
    raw = name.encode("latin-1")
    if not raw.isascii():
        return raw.decode("utf-8", "replace")
    try:
        return re.sub("&([^-]*)-", lambda found: _unshift(found[1]), name)
    except (UnicodeError, binascii.Error):
        return name


def _text(value: Value) -> str:
    # Latin-1 keeps every byte, so that the name can be given back to the server unchanged.
    return value.decode("latin-1") if isinstance(value, bytes) else ""
