"""The passwords of WorkMail mailboxes, as the target's secret holds them. Pure functions.

The secret's form is {"mailboxes": {"address": "password"}}; it may be empty. A user who is created
gets the password that stands there, and IMAP logs in with it. No text from here quotes one.
"""

from __future__ import annotations

from collections.abc import Mapping

FORM = '{"mailboxes": {"<address>": "<password>"}}'

RULE = (
    "8 to 63 characters of Latin-1, of at least three kinds out of capital letters, small letters, "
    "digits, punctuation and letters with accents"
)
"""WorkMail's, for its own directory: administrator guide, "Managing users"."""


def find_password(secret: Mapping[str, object], address: str) -> str:
    """The password of that mailbox, "" if none is known. Case in addresses does not count."""
    for known, password in _entries(secret).items():
        if str(known).lower() == address.lower() and isinstance(password, str):
            return password
    return ""


def count_passwords(secret: Mapping[str, object]) -> int:
    """How many mailboxes have one."""
    return sum(isinstance(each, str) and bool(each) for each in _entries(secret).values())


def count_weak(secret: Mapping[str, object]) -> int:
    """How many of them break the RULE: WorkMail would refuse to create a user with such a one."""
    return sum(
        isinstance(each, str) and bool(each) and not meets_rule(each)
        for each in _entries(secret).values()
    )


def find_faults(secret: Mapping[str, object]) -> list[str]:
    """What is wrong with the form of the secret."""
    problems = []
    if unknown := sum(key != "mailboxes" for key in secret):
        problems.append(f"the target's secret has {unknown} unknown keys; its form is {FORM}")
    mailboxes = secret.get("mailboxes", {})
    if not isinstance(mailboxes, Mapping):
        problems.append(f"`mailboxes` in the target's secret must be a mapping: {FORM}")
    elif wrong := sum(not isinstance(each, str) or not each for each in mailboxes.values()):
        problems.append(f"{wrong} of the `mailboxes` in the target's secret have no password")
    return problems


def meets_rule(password: str) -> bool:
    """Whether WorkMail's own directory takes the password."""
    kinds = (
        any("A" <= character <= "Z" for character in password),
        any("a" <= character <= "z" for character in password),
        any("0" <= character <= "9" for character in password),
        any(character.isascii() and not character.isalnum() for character in password),
        any(character > "\x7f" for character in password),
    )
    known = all(" " <= character <= "\xff" for character in password)
    return known and 8 <= len(password) <= 63 and sum(kinds) >= 3


def _entries(secret: Mapping[str, object]) -> Mapping[object, object]:
    mailboxes = secret.get("mailboxes", {})
    return mailboxes if isinstance(mailboxes, Mapping) else {}
