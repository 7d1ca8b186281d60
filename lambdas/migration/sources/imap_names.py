"""What an IMAP server's LIST says about a folder (RFC 3501 section 7.2.2, RFC 6154, RFC 2342)."""

from __future__ import annotations

import binascii
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from imapclient import imap_utf7

from migration.model import SpecialUse

_SPECIAL: Mapping[str, SpecialUse] = {
    "\\inbox": SpecialUse.INBOX,
    "\\sent": SpecialUse.SENT,
    "\\drafts": SpecialUse.DRAFTS,
    "\\trash": SpecialUse.TRASH,
    "\\junk": SpecialUse.JUNK,
    "\\spam": SpecialUse.JUNK,  # the older XLIST
}

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
        if self.name.upper() == "INBOX":
            return SpecialUse.INBOX
        return next((_SPECIAL[flag] for flag in sorted(self.flags) if flag in _SPECIAL), None)

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


def listed(flags: Iterable[object], delimiter: object, name: object) -> Listed:
    """One row of IMAPClient's list_folders. It parses quoted digits as a number and NIL as None;
    as names they are text."""
    return Listed(
        name="NIL" if name is None else _text(name),
        delimiter="" if delimiter is None else _text(delimiter),
        flags=frozenset(_text(flag).lower() for flag in flags),
    )


def decode_name(name: str) -> str:
    """A name in modified UTF-7 (RFC 3501 section 5.1.3) as text.

    Some servers send UTF-8 instead, and some send what is neither: that is shown as it is.
    """
    raw = name.encode("latin-1")
    if not raw.isascii():
        return raw.decode("utf-8", "replace")
    try:
        return str(imap_utf7.decode(raw))
    except (UnicodeError, binascii.Error):
        return name


def _text(value: object) -> str:
    # Latin-1 keeps every byte, so that the name can be given back to the server unchanged.
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)
