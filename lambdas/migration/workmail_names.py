"""What WorkMail accepts as an address, a name, a text and an id of IAM Identity Center.

The rules are the patterns and lengths of the API's shapes EmailAddress, UserName, GroupName,
ResourceName, ResourceDescription, UserAttribute and IdentityProviderUserId (API reference of Amazon
WorkMail, 2017-10-01). boto3 checks none of them, and WorkMail answers a plain
InvalidParameterException; so this module says which character it is.

Every `*_problem` function answers "" for a good value, else a clause such as "WorkMail refuses '
before the @". The clause never holds the value: it ends in the execution's history.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

MAX_ADDRESS = 254
MAX_LOCAL_PART = 64
MAX_USERNAME = 64
MAX_TEXT = 256
MAX_ALIASES = 100
MAX_RESOURCE_NAME = 20
MAX_DESCRIPTION = 64
MAX_QUOTA_MB = 51_200  # of the documentation; the API's model names no maximum
TEST_DOMAIN = ".awsapps.com"  # every organization has the mail domain <alias>.awsapps.com
ROLES = ("USER", "REMOTE_USER")  # WorkMail keeps RESOURCE and SYSTEM_USER for itself

ADDRESS_PATTERN = r"[a-zA-Z0-9._%+-]{1,64}@[a-zA-Z0-9.-]+\.[a-zA-Z-]{2,}"
USERNAME_PATTERN = r"[\w\-.]+(@[a-zA-Z0-9.\-]+\.[a-zA-Z0-9-]{2,})?"
GROUP_NAME_PATTERN = r"[\u0020-\u00FF]+"
IDENTITY_CENTER_ID_PATTERN = (
    "^([0-9a-f]{10}-|)[A-Fa-f0-9]{8}-[A-Fa-f0-9]{4}-[A-Fa-f0-9]{4}-[A-Fa-f0-9]{4}-[A-Fa-f0-9]{12}$"
)

_ADDRESS = re.compile(ADDRESS_PATTERN)
_USERNAME = re.compile(USERNAME_PATTERN, re.ASCII)
_NOT_IN_GROUP_NAME = re.compile(r"[^\u0020-\u00FF]")
_IDENTITY_CENTER_ID = re.compile(IDENTITY_CENTER_ID_PATTERN)
_NOT_IN_LOCAL_PART = re.compile(r"[^a-zA-Z0-9._%+-]")
_NOT_IN_DOMAIN = re.compile(r"[^a-zA-Z0-9.-]")
_NOT_IN_USERNAME = re.compile(r"[^a-zA-Z0-9_.-]")


def address_problem(address: str) -> str:
    """Why WorkMail refuses the address."""
    local, at, domain = address.rpartition("@")
    if not at:
        return "is no mail address, because it has no @"
    if refused := _NOT_IN_LOCAL_PART.findall(local):
        return f"WorkMail refuses {_name(refused)} before the @"
    if not 1 <= len(local) <= MAX_LOCAL_PART:
        return f"the part before the @ must have 1 to {MAX_LOCAL_PART} characters"
    if refused := _NOT_IN_DOMAIN.findall(domain):
        return f"WorkMail refuses {_name(refused)} after the @"
    if any(character.isdigit() for character in domain.rpartition(".")[2]):
        return "WorkMail refuses digits in the last part of the domain"
    if len(address) > MAX_ADDRESS:
        return f"the address has {len(address)} characters, and {MAX_ADDRESS} are the most"
    if not _ADDRESS.fullmatch(address):
        return "the part after the @ is no full domain name"
    return ""


def username_problem(username: str) -> str:
    """Why WorkMail refuses the user name."""
    if len(username) > MAX_USERNAME:
        return f"the user name has {len(username)} characters, and {MAX_USERNAME} are the most"
    if _USERNAME.fullmatch(username):
        return ""
    if refused := _NOT_IN_USERNAME.findall(username):
        return f"WorkMail refuses {_name(refused)} in a user name"
    return "the user name is empty"


def group_name_problem(name: str) -> str:
    """Why WorkMail refuses the name of a group."""
    if refused := _NOT_IN_GROUP_NAME.findall(name):
        return f"WorkMail refuses {_name(refused)} in the name of a group"
    return text_problem(name) if name else "the name is empty"


def fits_resource(name: str) -> bool:
    """Whether WorkMail takes it as the name of a resource."""
    return len(name) <= MAX_RESOURCE_NAME and _USERNAME.fullmatch(name) is not None


def text_problem(text: str, longest: int = MAX_TEXT) -> str:
    """Why WorkMail refuses a name, or a text of the address book, or one with another limit."""
    if len(text) > longest:
        return f"it has {len(text)} characters, and {longest} are the most"
    return control_problem(text)


def identity_center_id_problem(user_id: str) -> str:
    """Why WorkMail refuses the id of a user of IAM Identity Center."""
    return "" if _IDENTITY_CENTER_ID.fullmatch(user_id) else "it is no user ID of Identity Center"


def control_problem(text: str) -> str:
    """Names the control characters in a text: they come from a broken export."""
    controls = [character for character in text if unicodedata.category(character) == "Cc"]
    return f"it holds the control character {_name(controls)}" if controls else ""


def derive_username(address: str) -> str:
    """A user name from the part before the @: what a user name must not hold becomes a hyphen."""
    return _NOT_IN_USERNAME.sub("-", address.partition("@")[0])


def _name(characters: Iterable[str]) -> str:
    """The distinct characters, in the order they came; invisible ones by their code point."""
    shown = dict.fromkeys(characters)
    return " and ".join(
        character if character.isprintable() and character != " " else _code_point(character)
        for character in shown
    )


def _code_point(character: str) -> str:
    return "a space" if character == " " else f"U+{ord(character):04X}"
