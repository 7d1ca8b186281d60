"""What a Contact and a DistributionList of Exchange2010_SP2 say. Plain values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from migration.items.contact import Name
from migration.items.ews_item import FileAttachment, Sensitivity
from migration.items.losses import Loss

NO_YEAR = 1604
"""The year of a birthday without one, as Outlook has it: a leap year."""

_UNNAMED = Name()

Slot = tuple[str, str]
"""A key of the schema (EmailAddress1, BusinessPhone) and what stands there."""


@dataclass(frozen=True, slots=True)
class PostalAddress:
    """PhysicalAddressDictionaryEntryType; `key` is Home, Business or Other."""

    key: str
    street: str = ""
    city: str = ""
    state: str = ""
    country: str = ""
    postal_code: str = ""


@dataclass(frozen=True, slots=True)
class ContactItem:
    """A contact, in the words of the schema. `photo` is attached afterwards."""

    display_name: str = ""
    file_as: str = ""
    name: Name = _UNNAMED
    initials: str = ""
    nickname: str = ""
    body: str = ""
    categories: tuple[str, ...] = ()
    sensitivity: Sensitivity = Sensitivity.NORMAL
    company_name: str = ""
    mails: tuple[Slot, ...] = ()
    addresses: tuple[PostalAddress, ...] = ()
    phones: tuple[Slot, ...] = ()
    assistant: str = ""
    birthday: date | None = None
    home_page: str = ""
    children: tuple[str, ...] = ()
    companies: tuple[str, ...] = ()
    department: str = ""
    handles: tuple[Slot, ...] = ()
    job_title: str = ""
    manager: str = ""
    mileage: str = ""
    office: str = ""
    profession: str = ""
    spouse: str = ""
    anniversary: date | None = None
    photo: FileAttachment | None = None


@dataclass(frozen=True, slots=True)
class ListItem:
    """A distribution list; `members` are e-mail addresses."""

    display_name: str
    file_as: str = ""
    body: str = ""
    categories: tuple[str, ...] = ()
    sensitivity: Sensitivity = Sensitivity.NORMAL
    members: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ContactPlan:
    """The item to create, and what it does not keep in its own place."""

    item: ContactItem | ListItem
    losses: tuple[Loss, ...] = ()
