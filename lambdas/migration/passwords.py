"""The passwords of WorkMail mailboxes: as the target's secret holds them, and as they are made up.
Pure functions.

The secret's form is {"mailboxes": {"address": "password"}}; it may be empty. A user who is created
gets the password that stands there, and IMAP logs in with it. Beside "mailboxes" it may have the
password of the migration administrator whom the operator has chosen in WorkMail's console:
{"administrator": {"password": ...}}. No text from here quotes one.
"""

from __future__ import annotations

import json
import random
import string
from collections.abc import Mapping

from migration.model import NewPasswords

FORM = '{"mailboxes": {"<address>": "<password>"}}'

RULE = (
    "8 to 63 characters of Latin-1, of at least three kinds out of capital letters, small letters, "
    "digits, punctuation and letters with accents"
)
"""WorkMail's, for its own directory: administrator guide, "Managing users"."""

LENGTH = 20
_LETTERS = "".join(letter for letter in string.ascii_letters if letter not in "OIl")
_DIGITS = "23456789"
_MARKS = "-_."
ALPHABET = _LETTERS + _DIGITS + _MARKS
"""What generated passwords are made of: no two that look alike (0 and O, 1, l and I), and nothing
that a shell, a CSV file, a URL or a word processor takes for something else."""

SIGNS_IN_ELSEWHERE = "IDENTITY_PROVIDER_ONLY"
"""The authentication mode in which no password of WorkMail's directory counts."""

# DescribeOrganization's DirectoryType is free text; these are the names of Directory Service.
_OTHER_DIRECTORIES = frozenset({"adconnector", "microsoftad", "sharedmicrosoftad", "simplead"})


def find_password(secret: Mapping[str, object], address: str) -> str:
    """The password of that mailbox, "" if none is known. Case in addresses does not count."""
    for known, password in _entries(secret).items():
        if str(known).lower() == address.lower() and isinstance(password, str):
            return password
    return ""


def known_addresses(secret: Mapping[str, object]) -> frozenset[str]:
    """The addresses that have one, in small letters."""
    return frozenset(
        str(known).lower()
        for known, password in _entries(secret).items()
        if isinstance(password, str) and password
    )


def find_console_password(secret: Mapping[str, object]) -> str:
    """The password of the migration administrator whom the operator has chosen in WorkMail's
    console, {"administrator": {"password": ...}} in the target's secret; "" if there is none."""
    entry = secret.get("administrator", {})
    password = entry.get("password") if isinstance(entry, Mapping) else None
    return password if isinstance(password, str) else ""


def read_administrator(text: str | None) -> str:
    """The password in the secret of the user that the migration makes for itself; "" if none."""
    return find_console_password({"administrator": json.loads(text or "{}")})


def write_administrator(password: str) -> str:
    """The secret's value; with "" for a user who is no more."""
    return json.dumps({"password": password} if password else {})


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
    if unknown := sum(key not in ("mailboxes", "administrator") for key in secret):
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


def generate(source: random.Random) -> str:
    """A password that meets the rule: a letter first, a letter or digit last, with capital and
    small letters, digits and marks between them.

    Drawn evenly from all such passwords, by drawing until one is: with random.SystemRandom that is
    an entropy of more than 115 bits (a test counts them).
    """
    while True:
        middle = "".join(source.choice(ALPHABET) for _ in range(LENGTH - 2))
        password = source.choice(_LETTERS) + middle + source.choice(_LETTERS + _DIGITS)
        kinds = (string.ascii_uppercase, string.ascii_lowercase, _DIGITS, _MARKS)
        if all(set(kind) & set(password) for kind in kinds):
            return password


def settle_rule(
    wanted: NewPasswords, directory_type: str, authentication_mode: str
) -> NewPasswords:
    """What new users really get in this organization: no password opens a mailbox where IAM
    Identity Center alone signs users in, and where the directory is not WorkMail's own, passwords
    are made there."""
    if authentication_mode == SIGNS_IN_ELSEWHERE:
        return NewPasswords.NONE
    if wanted is NewPasswords.GENERATE and lives_elsewhere(directory_type):
        return NewPasswords.NONE
    return wanted


def lives_elsewhere(directory_type: str) -> bool:
    """Whether users and passwords are those of a directory that WorkMail only reads or shares. An
    unknown type counts as WorkMail's own."""
    return "".join(filter(str.isalnum, directory_type)).lower() in _OTHER_DIRECTORIES


def _entries(secret: Mapping[str, object]) -> Mapping[object, object]:
    mailboxes = secret.get("mailboxes", {})
    return mailboxes if isinstance(mailboxes, Mapping) else {}
