"""Names that stay the same on every run, and that tell nothing about the person behind them.

Each is the beginning of a SHA-256 digest in lower-case base32 (letters and the digits 2 to 7), so
that it may stand in logs, object keys and sort keys. The parts are joined as a JSON list: no choice
of tenant, folder or uid can make two different lists look alike.

Lengths: 16 characters are 80 bits, enough for the folders of one mailbox and the mailboxes of one
tenant; 26 characters are 130 bits, enough for every message of every tenant.
"""

from __future__ import annotations

import base64
import hashlib
import json

_ID_LENGTH = 16
_KEY_LENGTH = 26
_DIGEST_OCTETS = 20  # more than that needs; a multiple of 5, which base32 does not pad


def mailbox_id(tenant: str, target_address: str) -> str:
    """The id of a mailbox. Addresses are compared without regard to case."""
    return _digest(tenant, target_address.strip().lower())[:_ID_LENGTH]


def entity_id(tenant: str, kind: str, address: str) -> str:
    """The id of a group, a resource or a sharing, by its address: of the same address, each kind
    has another id."""
    return _digest(tenant, kind, address.strip().lower())[:_ID_LENGTH]


def groupware_id(mailbox: str) -> str:
    """The id under which the ledger keeps a mailbox's calendars, address books, tasks and notes,
    beside its mail folders."""
    return f"{mailbox}-items"


def folder_key(name: str) -> str:
    """The key of a source folder, from its full name as the source spells it."""
    return _digest(name)[:_ID_LENGTH]


def migration_key(tenant: str, mailbox: str, folder: str, validity: str, uid: str) -> str:
    """What identifies a message at the target.

    `mailbox` is a mailbox id and `folder` a folder key. The same message copied again gets the same
    key; the same uid under another validity is another message.
    """
    return _digest(tenant, mailbox, folder, validity, uid)[:_KEY_LENGTH]


def _digest(*parts: str) -> str:
    # JSON escapes lone surrogates too, which folder names of broken servers contain.
    text = json.dumps(parts)
    digest = hashlib.sha256(text.encode("ascii")).digest()
    return base64.b32encode(digest[:_DIGEST_OCTETS]).decode("ascii").lower()
