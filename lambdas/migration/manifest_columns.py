"""The columns of the manifest: their names, what they mean, and what may stand in them.

The one place that says it. The reader takes names and forms from here, and so do the JSON schema
and the tables in examples/README.md (localrun/manifest_pages.py), so that they say the same. What a
single value must be beyond that, the rules decide (manifest_rules.py and its neighbours).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto

from migration.workmail_names import (
    ADDRESS_PATTERN,
    GROUP_NAME_PATTERN,
    IDENTITY_CENTER_ID_PATTERN,
    MAX_ADDRESS,
    MAX_ALIASES,
    MAX_DESCRIPTION,
    MAX_QUOTA_MB,
    MAX_RESOURCE_NAME,
    MAX_TEXT,
    MAX_USERNAME,
    ROLES,
    USERNAME_PATTERN,
)


class Form(Enum):
    """How a value is written. In a CSV file everything is text: a LIST has spaces or | between its
    items, YES_NO is yes or no, a NUMBER has digits alone."""

    TEXT = auto()
    LIST = auto()
    YES_NO = auto()
    NUMBER = auto()


@dataclass(frozen=True, slots=True)
class Column:
    """`pattern` and `longest` (characters) are about the text, or about each item of a list; ""
    and 0 where there is none. `most` is the largest number, or the greatest number of items.
    `choices` are written in capitals or not."""

    name: str
    meaning: str
    form: Form = Form.TEXT
    required: bool = False
    pattern: str = ""
    longest: int = 0
    most: int = 0
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """One list of the manifest. `row` is the word for one of its entries, `usual` a good header;
    a `needed` list must be there and have an entry."""

    name: str
    row: str
    columns: tuple[Column, ...]
    usual: tuple[str, ...]
    needed: bool = False

    @property
    def file(self) -> str:
        """The file of the folder form that holds it."""
        return f"{self.name}.csv"

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns, in their order."""
        return tuple(column.name for column in self.columns)

    @property
    def required(self) -> tuple[str, ...]:
        """The columns that must be there."""
        return tuple(column.name for column in self.columns if column.required)


def _text(name: str, meaning: str, longest: int = MAX_TEXT, *, required: bool = False) -> Column:
    return Column(name, meaning, required=required, longest=longest)


def _address(name: str, meaning: str, *, required: bool = False) -> Column:
    return Column(name, meaning, required=required, pattern=ADDRESS_PATTERN, longest=MAX_ADDRESS)


def _addresses(name: str, meaning: str, most: int = 0) -> Column:
    return Column(name, meaning, Form.LIST, False, ADDRESS_PATTERN, MAX_ADDRESS, most)


def _yes_no(name: str, meaning: str) -> Column:
    return Column(name, meaning, Form.YES_NO)


def _aliases(row: str) -> Column:
    return _addresses("aliases", f"more addresses of the {row}", MAX_ALIASES)


ADDRESS_BOOK = (
    _text("initials", "initials, for the address book"),
    _text("job_title", "job title, for the address book"),
    _text("company", "company, for the address book"),
    _text("department", "department, for the address book"),
    _text("office", "office, for the address book"),
    _text("telephone", "telephone number, for the address book"),
    _text("street", "street, for the address book"),
    _text("city", "city, for the address book"),
    _text("zip_code", "zip code, for the address book"),
    _text("country", "country, for the address book"),
)

USERS = Table(
    "users",
    "mailbox",
    (
        _text("source", "login name or address of the mailbox at the source", 0, required=True),
        _address("target", "its address in WorkMail, in one of the tenant's domains. If empty: the "
                 "source"),
        Column("username", "its user name in WorkMail. If empty: the part of the target before "
               "the @", pattern=USERNAME_PATTERN, longest=MAX_USERNAME),
        _text("display_name", "the name as colleagues see it", required=True),
        _text("first_name", "first name, for the address book"),
        _text("last_name", "last name, for the address book"),
        _aliases("mailbox"),
        *ADDRESS_BOOK,
        _yes_no("hidden", "whether the global address list leaves the user out"),
        Column("role", "the user's role", choices=ROLES),
        Column("quota_mb", "how many megabytes the mailbox may hold; not less than it holds "
               "already", Form.NUMBER, most=MAX_QUOTA_MB),
        Column("identity_center_id", "the user ID that IAM Identity Center shows for the user. A "
               "user who is created with it gets no password",
               pattern=IDENTITY_CENTER_ID_PATTERN.strip("^$")),
    ),
    ("source", "target", "username", "display_name", "first_name", "last_name", "aliases"),
    needed=True,
)  # fmt: skip

GROUPS = Table(
    "groups",
    "group",
    (
        _address("address", "the group's address in WorkMail", required=True),
        Column("name", "its name in WorkMail, without letters beyond Latin-1. If empty: the part "
               "of the address before the @", pattern=GROUP_NAME_PATTERN, longest=MAX_TEXT),
        _addresses("members", "addresses of the users and groups that get its mail; not of "
                   "resources, nor of people outside the organization"),
        _addresses("owners", "addresses of its owners. WorkMail knows no owners of groups: they "
                   "are told in the report, for whoever looks after the groups"),
        _aliases("group"),
        _yes_no("hidden", "whether the global address list leaves the group out"),
    ),
    ("address", "name", "members", "owners", "aliases", "hidden"),
)  # fmt: skip

RESOURCES = Table(
    "resources",
    "resource",
    (
        _address("address", "the resource's address in WorkMail", required=True),
        _text("name", f"its name. WorkMail takes {MAX_RESOURCE_NAME} letters, digits and . _ -: a "
              "name that does not fit is made fit, and the report tells both. If empty: the part "
              "of the address before the @"),
        Column("type", "what it is", required=True, choices=("room", "equipment")),
        _text("description", "a few words about it", MAX_DESCRIPTION),
        _yes_no("hidden", "whether the global address list leaves the resource out"),
        _aliases("resource"),
        _yes_no("auto_accept", "whether it accepts meeting requests by itself. With no, it needs "
                "a delegate"),
        _yes_no("auto_decline_recurring", "whether it declines requests for recurring meetings"),
        _yes_no("auto_decline_conflicts", "whether it declines requests for a time when it is "
                "booked"),
        _addresses("delegates", "addresses of the users and groups that answer its requests"),
        _text("source", "login name or address of its calendar at the source, which is copied if "
              "the tenant's settings have a source of calendars. If empty: nothing is copied", 0),
    ),
    ("address", "name", "type", "description", "auto_accept", "delegates"),
)  # fmt: skip

PERMISSIONS = Table(
    "permissions",
    "permission",
    (
        _address("mailbox", "the address of the mailbox that somebody else may use", required=True),
        _address("grantee", "the address of the user or group that may", required=True),
        Column("permissions", "what the grantee may do. Only a user can have full_access, and not "
               "to a group", Form.LIST, True,
               choices=("full_access", "send_as", "send_on_behalf")),
    ),
    ("mailbox", "grantee", "permissions"),
)  # fmt: skip

TABLES: Mapping[str, Table] = {
    table.name: table for table in (USERS, GROUPS, RESOURCES, PERMISSIONS)
}
"""All lists by name, in the order in which they are read and told."""
