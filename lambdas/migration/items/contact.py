"""Contacts and distribution lists, in the terms of RFC 6350 and of all that Exchange keeps."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from migration.items.content import Attachment
from migration.items.times import Moment


class ContactKind(StrEnum):
    """KIND. A GROUP is a distribution list."""

    INDIVIDUAL = "individual"
    GROUP = "group"
    ORGANIZATION = "org"
    LOCATION = "location"


class Place(StrEnum):
    """Where an address or a number belongs."""

    UNSAID = ""
    HOME = "home"
    WORK = "work"
    OTHER = "other"


class Use(StrEnum):
    """What a telephone number is for: RFC 6350's types, and those that Exchange has beside them."""

    VOICE = "voice"
    CELL = "cell"
    FAX = "fax"
    PAGER = "pager"
    TEXT = "text"
    VIDEO = "video"
    TEXT_PHONE = "textphone"
    CAR = "car"
    ISDN = "isdn"
    MAIN = "main"
    ASSISTANT = "x-assistant"
    CALLBACK = "x-callback"
    COMPANY = "x-company"
    RADIO = "x-radio"
    TELEX = "x-telex"


@dataclass(frozen=True, slots=True)
class Name:
    """N, each part as one text."""

    family: str = ""
    given: str = ""
    additional: str = ""
    prefix: str = ""
    suffix: str = ""


@dataclass(frozen=True, slots=True)
class Mail:
    """EMAIL. `preference` is 1 for the most preferred, 100 for the least, and 0 if not said; the
    order of a contact's addresses is that of the source."""

    address: str
    place: Place = Place.UNSAID
    preference: int = 0
    label: str = ""


@dataclass(frozen=True, slots=True)
class Phone:
    """TEL."""

    number: str
    place: Place = Place.UNSAID
    uses: tuple[Use, ...] = ()
    preference: int = 0
    label: str = ""


@dataclass(frozen=True, slots=True)
class Address:
    """ADR. `told` is the address as it is to be printed, "" where the source does not say."""

    street: str = ""
    city: str = ""
    region: str = ""
    postal_code: str = ""
    country: str = ""
    box: str = ""
    extended: str = ""
    place: Place = Place.UNSAID
    preference: int = 0
    label: str = ""
    told: str = ""


@dataclass(frozen=True, slots=True)
class Handle:
    """IMPP: an address for messages; `service` is the network, as the source names it."""

    address: str
    service: str = ""
    place: Place = Place.UNSAID


@dataclass(frozen=True, slots=True)
class Page:
    """URL."""

    address: str
    place: Place = Place.UNSAID
    label: str = ""


class Relation(StrEnum):
    """How somebody stands to the contact: those that Exchange has a place for, and the others."""

    SPOUSE = "spouse"
    CHILD = "child"
    ASSISTANT = "x-assistant"
    MANAGER = "x-manager"
    OTHER = ""


@dataclass(frozen=True, slots=True)
class Related:
    """RELATED, by name; `label` says what OTHER means."""

    name: str
    relation: Relation = Relation.OTHER
    label: str = ""


@dataclass(frozen=True, slots=True)
class DayOfLife:
    """BDAY or ANNIVERSARY, whose year is often left out: None."""

    month: int
    day: int
    year: int | None = None


@dataclass(frozen=True, slots=True)
class Contact:
    """A person, an organization, or a list. `members` of a list are addresses, or uids as
    "urn:uuid:"; `file_as` is the name by which it is sorted; `fields` are those that the user made,
    by their labels."""

    uid: str
    kind: ContactKind = ContactKind.INDIVIDUAL
    display: str = ""
    name: Name = Name()
    nicknames: tuple[str, ...] = ()
    file_as: str = ""
    initials: str = ""
    phonetic: Name = Name()
    organization: str = ""
    departments: tuple[str, ...] = ()
    office: str = ""
    title: str = ""
    role: str = ""
    mails: tuple[Mail, ...] = ()
    phones: tuple[Phone, ...] = ()
    addresses: tuple[Address, ...] = ()
    handles: tuple[Handle, ...] = ()
    pages: tuple[Page, ...] = ()
    birthday: DayOfLife | None = None
    anniversary: DayOfLife | None = None
    related: tuple[Related, ...] = ()
    note: str = ""
    categories: tuple[str, ...] = ()
    photo: Attachment | None = None
    members: tuple[str, ...] = ()
    companies: tuple[str, ...] = ()
    mileage: str = ""
    billing: str = ""
    private: bool = False
    fields: tuple[tuple[str, str], ...] = ()
    revised: Moment | None = None
