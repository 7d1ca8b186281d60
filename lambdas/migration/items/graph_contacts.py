"""Contacts of Microsoft Graph (v1.0, resource type contact), read into the model. Pure.

Graph shows of a contact less than Exchange keeps: no fax number, no anniversary. Exchange's own
properties (MS-OXPROPS) have them, and are asked for as single-value extended properties.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

from migration.items.contact import (
    Address,
    Contact,
    DayOfLife,
    Handle,
    Mail,
    Name,
    Page,
    Phone,
    Place,
    Related,
    Relation,
    Use,
)
from migration.items.content import Attachment, is_mailbox
from migration.items.ews_contact import NO_YEAR
from migration.items.graph_fields import Fields
from migration.items.graph_times import read_timestamp, to_day
from migration.items.ical_values import FIRST_YEAR
from migration.items.losses import Loss

KIND = "contact"
"""Where the losses are."""

_COMMON = "{00062008-0000-0000-C000-000000000046}"


class Extra(Enum):
    """Extended properties, by how Graph names them: type and tag, or type, set and id."""

    SENSITIVITY = "Integer 0x36"
    CALLBACK = "String 0x3a02"
    PRIMARY = "String 0x3a1a"
    RADIO = "String 0x3a1d"
    CAR = "String 0x3a1e"
    OTHER = "String 0x3a1f"
    PAGER = "String 0x3a21"
    OTHER_FAX = "String 0x3a23"
    WORK_FAX = "String 0x3a24"
    HOME_FAX = "String 0x3a25"
    TELEX = "String 0x3a2c"
    ISDN = "String 0x3a2d"
    ASSISTANT = "String 0x3a2e"
    ANNIVERSARY = "SystemTime 0x3a41"
    TEXT_PHONE = "String 0x3a4b"
    HOME_PAGE = "String 0x3a50"
    COMPANY = "String 0x3a57"
    MILEAGE = f"String {_COMMON} Id 0x8534"
    BILLING = f"String {_COMMON} Id 0x8535"


_EXTENDED = "singleValueExtendedProperties"
EXPANDED = f"{_EXTENDED}($filter={{}})".format(" or ".join(f"id eq '{one.value}'" for one in Extra))
"""What $expand has to ask for."""

_PHONES: Mapping[Extra, tuple[Place, Use]] = {
    Extra.PRIMARY: (Place.UNSAID, Use.MAIN),
    Extra.OTHER: (Place.OTHER, Use.VOICE),
    Extra.COMPANY: (Place.UNSAID, Use.COMPANY),
    Extra.ASSISTANT: (Place.UNSAID, Use.ASSISTANT),
    Extra.CALLBACK: (Place.UNSAID, Use.CALLBACK),
    Extra.CAR: (Place.UNSAID, Use.CAR),
    Extra.RADIO: (Place.UNSAID, Use.RADIO),
    Extra.PAGER: (Place.UNSAID, Use.PAGER),
    Extra.WORK_FAX: (Place.WORK, Use.FAX),
    Extra.HOME_FAX: (Place.HOME, Use.FAX),
    Extra.OTHER_FAX: (Place.OTHER, Use.FAX),
    Extra.TELEX: (Place.UNSAID, Use.TELEX),
    Extra.ISDN: (Place.UNSAID, Use.ISDN),
    Extra.TEXT_PHONE: (Place.UNSAID, Use.TEXT_PHONE),
}
_RELATIONS = {
    "spouseName": Relation.SPOUSE,
    "assistantName": Relation.ASSISTANT,
    "manager": Relation.MANAGER,
}
_OF_THE_SERVER = (
    *("id", "changeKey", "createdDateTime", "lastModifiedDateTime", "parentFolderId", "photo"),
    "hasPicture",
)
_PRIVATE = ("2", "3")  # private and confidential; 1 is personal
_NO_DATE = 4500  # Exchange's year of a day that is not said


@dataclass(frozen=True, slots=True)
class GraphContact:
    """A contact, and what of it has no place in the model."""

    contact: Contact
    losses: tuple[Loss, ...] = ()


def read_contact(resource: Mapping[str, object], photo: bytes = b"") -> GraphContact:
    """Reads a contact, which was asked for with EXPANDED. `photo` is the content of its photo, if
    it has one. What cannot be read of it is a loss."""
    losses: list[Loss] = []
    uid = str(resource.get("id") or "")
    fields = Fields(resource, KIND, losses, uid)
    extras = _take_extras(fields)
    display = fields.text("displayName")
    company_spoken = fields.text("yomiCompanyName")
    mails, others = _take_mails(fields, display)
    contact = Contact(
        uid=uid,
        display=display,
        name=_take_name(fields),
        nicknames=tuple(filter(None, (fields.text("nickName"),))),
        file_as=fields.text("fileAs"),
        initials=fields.text("initials"),
        phonetic=Name(fields.text("yomiSurname"), fields.text("yomiGivenName")),
        organization=fields.text("companyName"),
        departments=tuple(filter(None, (fields.text("department"),))),
        office=fields.text("officeLocation"),
        title=fields.text("jobTitle"),
        role=fields.text("profession"),
        mails=mails,
        phones=(*_take_phones(fields), *_extra_phones(extras)),
        addresses=tuple(_take_addresses(fields)),
        handles=tuple(Handle(one) for one in fields.texts("imAddresses")),
        pages=tuple(_take_pages(fields, extras)),
        birthday=_read_day(fields, "birthday", fields.text("birthday")),
        anniversary=_read_day(fields, "anniversary", extras.get(Extra.ANNIVERSARY, "")),
        related=tuple(_take_related(fields)),
        note=fields.text("personalNotes"),
        categories=fields.texts("categories"),
        photo=_make_photo(photo),
        mileage=extras.get(Extra.MILEAGE, ""),
        billing=extras.get(Extra.BILLING, ""),
        private=extras.get(Extra.SENSITIVITY, "") in _PRIVATE,
        fields=tuple(
            (label, value)
            for label, value in (("Company, spoken", company_spoken), *others)
            if value
        ),
    )
    fields.ignore(*_OF_THE_SERVER)
    fields.lose_the_rest()
    return GraphContact(contact, tuple(losses))


def _take_extras(fields: Fields) -> Mapping[Extra, str]:
    """The values of extended properties. Graph writes their ids in its own way: small or capital
    letters, zeros before the number."""
    by_name = {_plain(one.value): one for one in Extra}
    told = ((one.text("id"), one.text("value")) for one in fields.parts(_EXTENDED))
    return {by_name[_plain(name)]: value for name, value in told if _plain(name) in by_name}


def _plain(name: str) -> str:
    return re.sub(r"0x0*(?=[0-9a-f])", "0x", " ".join(name.lower().split()))


def _take_name(fields: Fields) -> Name:
    return Name(
        family=fields.text("surname"),
        given=fields.text("givenName"),
        additional=fields.text("middleName"),
        prefix=fields.text("title"),
        suffix=fields.text("generation"),
    )


def _take_mails(fields: Fields, display: str) -> tuple[tuple[Mail, ...], list[tuple[str, str]]]:
    """E-mail addresses, and fields of what is none: of a colleague Exchange may keep the name that
    the old organization knows. A name beside an address is a label if it says anything more."""
    mails, others = list[Mail](), list[tuple[str, str]]()
    for one in fields.parts("emailAddresses"):
        address, name = one.text("address"), one.text("name")
        said = ("", address, display, f"{display} ({address})")
        label = "" if name.casefold() in map(str.casefold, said) else name
        if is_mailbox(address):
            mails.append(Mail(address, label=label))
        elif address:
            others.append(("E-mail", f"{name} ({address})" if name else address))
            fields.lose("emailAddresses", "is no e-mail address, but a name in the old system")
        elif name:
            others.append(("E-mail", name))
    return tuple(mails), others


def _take_phones(fields: Fields) -> Iterator[Phone]:
    for number in fields.texts("businessPhones"):
        yield Phone(number, Place.WORK, (Use.VOICE,))
    for number in fields.texts("homePhones"):
        yield Phone(number, Place.HOME, (Use.VOICE,))
    if mobile := fields.text("mobilePhone"):
        yield Phone(mobile, uses=(Use.CELL,))


def _extra_phones(extras: Mapping[Extra, str]) -> Iterator[Phone]:
    for extra, (place, use) in _PHONES.items():
        if number := extras.get(extra):
            yield Phone(number, place, (use,))


def _take_addresses(fields: Fields) -> Iterator[Address]:
    places = {
        "businessAddress": Place.WORK,
        "homeAddress": Place.HOME,
        "otherAddress": Place.OTHER,
    }
    for name, place in places.items():
        one = fields.part(name)
        if one:
            yield Address(
                street=one.text("street"),
                city=one.text("city"),
                region=one.text("state"),
                postal_code=one.text("postalCode"),
                country=one.text("countryOrRegion"),
                box=one.text("postOfficeBox"),
                place=place,
            )
        one.ignore("type")
        one.lose_the_rest()


def _take_pages(fields: Fields, extras: Mapping[Extra, str]) -> Iterator[Page]:
    if work := fields.text("businessHomePage"):
        yield Page(work, Place.WORK)
    if home := extras.get(Extra.HOME_PAGE):
        yield Page(home, Place.HOME)


def _take_related(fields: Fields) -> Iterator[Related]:
    for name, relation in _RELATIONS.items():
        if told := fields.text(name):
            yield Related(told, relation)
    yield from (Related(one, Relation.CHILD) for one in fields.texts("children"))


def _read_day(fields: Fields, name: str, told: str) -> DayOfLife | None:
    """A day that Exchange says by an instant."""
    if not told:
        return None
    instant = read_timestamp(told)
    if instant is None:
        fields.lose(name, "is no day of a year")
        return None
    if not FIRST_YEAR <= instant.year < _NO_DATE:
        return None
    day = to_day(instant.replace(tzinfo=None))
    return DayOfLife(day.month, day.day, None if day.year == NO_YEAR else day.year)


def _make_photo(data: bytes) -> Attachment | None:
    if not data:
        return None
    is_png = data.startswith(b"\x89PNG\r\n\x1a\n")
    return Attachment("", "image/png" if is_png else "image/jpeg", data)
