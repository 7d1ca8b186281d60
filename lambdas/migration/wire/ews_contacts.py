"""Contacts and distribution lists as elements of Exchange2010_SP2, and read from them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from xml.etree.ElementTree import Element

from migration.items.contact import Name
from migration.items.ews_contact import ContactItem, ListItem, PostalAddress, Slot
from migration.items.ews_item import Sensitivity
from migration.wire.ews_answer import NotEws
from migration.wire.ews_body import escape
from migration.wire.ews_model import TYPES as _T
from migration.wire.ews_model import Property
from migration.wire.ews_request import write_categories, write_extended

PREFIX = Property("String", tag=0x3A45)
"""PidTagDisplayNamePrefix: "Dr.", for which there is no element that a client may set."""


# -- written


def write_contact(item: ContactItem, properties: Sequence[tuple[Property, str]]) -> str:
    """A t:Contact for CreateItem, in the order of the schema. Its photo is attached afterwards."""
    name = item.name
    prefix = [(PREFIX, name.prefix)] if name.prefix else []
    parts = (
        _head(item, [*properties, *prefix]),
        *(_tag("FileAs", item.file_as), _tag("DisplayName", item.display_name)),
        *(_tag("GivenName", name.given), _tag("Initials", item.initials)),
        *(_tag("MiddleName", name.additional), _tag("Nickname", item.nickname)),
        *(_tag("CompanyName", item.company_name), _slots("EmailAddresses", item.mails)),
        *(_addresses(item.addresses), _slots("PhoneNumbers", item.phones)),
        *(_tag("AssistantName", item.assistant), _tag("Birthday", _noon(item.birthday))),
        *(_tag("BusinessHomePage", item.home_page), _strings("Children", item.children)),
        *(_strings("Companies", item.companies), _tag("Department", item.department)),
        *(_tag("Generation", name.suffix), _slots("ImAddresses", item.handles)),
        *(_tag("JobTitle", item.job_title), _tag("Manager", item.manager)),
        *(_tag("Mileage", item.mileage), _tag("OfficeLocation", item.office)),
        *(_tag("Profession", item.profession), _tag("SpouseName", item.spouse)),
        *(_tag("Surname", name.family), _tag("WeddingAnniversary", _noon(item.anniversary))),
    )
    return f"<t:Contact>{''.join(parts)}</t:Contact>"


def write_list(item: ListItem, properties: Sequence[tuple[Property, str]]) -> str:
    """A t:DistributionList for CreateItem."""
    members = "".join(map(_member, item.members))
    members = f"<t:Members>{members}</t:Members>" if members else ""
    names = _tag("DisplayName", item.display_name) + _tag("FileAs", item.file_as)
    return f"<t:DistributionList>{_head(item, properties)}{names}{members}</t:DistributionList>"


def _head(item: ContactItem | ListItem, properties: Sequence[tuple[Property, str]]) -> str:
    """What all items have."""
    body = f'<t:Body BodyType="Text">{escape(item.body)}</t:Body>' if item.body else ""
    categories = write_categories(item.categories) if item.categories else ""
    extended = "".join(write_extended(name, value) for name, value in properties)
    return f"{_tag('Sensitivity', item.sensitivity)}{body}{categories}{extended}"


def _tag(name: str, text: str) -> str:
    return f"<t:{name}>{escape(text)}</t:{name}>" if text else ""


def _noon(day: date | None) -> str:
    """A day as a time: by Greenwich's noon it is that day nearly everywhere."""
    return f"{day.isoformat()}T11:59:00Z" if day else ""


def _slots(name: str, slots: Sequence[Slot]) -> str:
    entries = "".join(f'<t:Entry Key="{key}">{escape(value)}</t:Entry>' for key, value in slots)
    return f"<t:{name}>{entries}</t:{name}>" if entries else ""


def _strings(name: str, values: Sequence[str]) -> str:
    made = "".join(_tag("String", value) for value in values)
    return f"<t:{name}>{made}</t:{name}>" if made else ""


def _addresses(addresses: Sequence[PostalAddress]) -> str:
    made = "".join(
        f'<t:Entry Key="{one.key}">{_tag("Street", one.street)}{_tag("City", one.city)}'
        f"{_tag('State', one.state)}{_tag('CountryOrRegion', one.country)}"
        f"{_tag('PostalCode', one.postal_code)}</t:Entry>"
        for one in addresses
    )
    return f"<t:PhysicalAddresses>{made}</t:PhysicalAddresses>" if made else ""


def _member(address: str) -> str:
    mailbox = _tag("EmailAddress", address) + _tag("RoutingType", "SMTP")
    return f"<t:Member><t:Mailbox>{mailbox}{_tag('MailboxType', 'OneOff')}</t:Mailbox></t:Member>"


# -- read


def read_contact(element: Element) -> ContactItem | ListItem:
    """A t:Contact or t:DistributionList, without its photo. NotEws if it is neither."""
    try:
        if element.tag == f"{_T}DistributionList":
            return _read_list(element)
        if element.tag == f"{_T}Contact":
            return _read_contact(element)
    except (ValueError, LookupError) as error:
        raise NotEws from error
    raise NotEws


def _read_contact(element: Element) -> ContactItem:
    def text(name: str) -> str:
        return element.findtext(f"{_T}{name}") or ""

    family, given, middle = text("Surname"), text("GivenName"), text("MiddleName")
    return ContactItem(
        display_name=text("DisplayName"),
        file_as=text("FileAs"),
        name=Name(family, given, middle, _prefix(element), text("Generation")),
        initials=text("Initials"),
        nickname=text("Nickname"),
        body=text("Body"),
        categories=_read_strings(element, "Categories"),
        sensitivity=_sensitivity(text("Sensitivity")),
        company_name=text("CompanyName"),
        mails=_read_slots(element, "EmailAddresses"),
        addresses=tuple(map(_address, element.iterfind(f"{_T}PhysicalAddresses/{_T}Entry"))),
        phones=_read_slots(element, "PhoneNumbers"),
        assistant=text("AssistantName"),
        birthday=_day(text("Birthday")),
        home_page=text("BusinessHomePage"),
        children=_read_strings(element, "Children"),
        companies=_read_strings(element, "Companies"),
        department=text("Department"),
        handles=_read_slots(element, "ImAddresses"),
        job_title=text("JobTitle"),
        manager=text("Manager"),
        mileage=text("Mileage"),
        office=text("OfficeLocation"),
        profession=text("Profession"),
        spouse=text("SpouseName"),
        anniversary=_day(text("WeddingAnniversary")),
    )


def _read_list(element: Element) -> ListItem:
    members = element.iterfind(f"{_T}Members/{_T}Member/{_T}Mailbox/{_T}EmailAddress")
    return ListItem(
        element.findtext(f"{_T}DisplayName") or "",
        element.findtext(f"{_T}FileAs") or "",
        element.findtext(f"{_T}Body") or "",
        _read_strings(element, "Categories"),
        _sensitivity(element.findtext(f"{_T}Sensitivity") or ""),
        tuple(member.text or "" for member in members),
    )


def _sensitivity(word: str) -> Sensitivity:
    return Sensitivity(word or Sensitivity.NORMAL)


def _prefix(element: Element) -> str:
    for found in element.iterfind(f"{_T}ExtendedProperty"):
        uri = found.find(f"{_T}ExtendedFieldURI")
        if uri is not None and int(uri.get("PropertyTag", "0"), 16) == PREFIX.tag:
            return found.findtext(f"{_T}Value") or ""
    return ""


def _read_slots(element: Element, name: str) -> tuple[Slot, ...]:
    return tuple(
        (entry.get("Key", ""), entry.text)
        for entry in element.iterfind(f"{_T}{name}/{_T}Entry")
        if entry.text
    )


def _read_strings(element: Element, name: str) -> tuple[str, ...]:
    return tuple(one.text or "" for one in element.iterfind(f"{_T}{name}/{_T}String"))


def _address(entry: Element) -> PostalAddress:
    names = ("Street", "City", "State", "CountryOrRegion", "PostalCode")
    return PostalAddress(
        entry.get("Key", ""), *(entry.findtext(f"{_T}{name}") or "" for name in names)
    )


def _day(text: str) -> date | None:
    """The day at Greenwich; programs write its midnight or its noon there."""
    return date.fromisoformat(text.strip()[:10]) if text else None
