"""What Exchange says of people, as contacts. Pure."""

from __future__ import annotations

from datetime import date

from migration.items.contact import (
    Address,
    Contact,
    ContactKind,
    DayOfLife,
    Handle,
    Mail,
    Page,
    Phone,
    Place,
    Related,
    Relation,
    Use,
)
from migration.items.content import Attachment
from migration.items.ews_contact import NO_YEAR, ContactItem, ListItem, PostalAddress
from migration.items.ews_item import FileAttachment, Sensitivity
from migration.items.ews_slots import BY_PLACE, BY_USE, PLACES

_PLACES = {key: place for place, key in PLACES.items() if place}
_USES = {key: use for use, key in BY_USE.items()}
_PHONE_PLACES = {key: place for place, keys in BY_PLACE.items() if place for key in keys}


def to_contact(uid: str, item: ContactItem | ListItem) -> Contact:
    """The contact of an item. Exchange has no uid of contacts; the caller says it."""
    if isinstance(item, ListItem):
        return _to_list(uid, item)
    return Contact(
        uid,
        display=item.display_name,
        name=item.name,
        nicknames=(item.nickname,) if item.nickname else (),
        file_as=item.file_as,
        initials=item.initials,
        organization=item.company_name,
        departments=(item.department,) if item.department else (),
        office=item.office,
        title=item.job_title,
        role=item.profession,
        mails=tuple(Mail(address) for _, address in item.mails),
        phones=tuple(_phone(key, number) for key, number in item.phones),
        addresses=tuple(map(_address, item.addresses)),
        handles=tuple(Handle(address) for _, address in item.handles),
        pages=(Page(item.home_page, Place.WORK),) if item.home_page else (),
        birthday=_day(item.birthday),
        anniversary=_day(item.anniversary),
        related=_related(item),
        note=item.body,
        categories=item.categories,
        photo=_photo(item.photo),
        companies=item.companies,
        mileage=item.mileage,
        private=item.sensitivity is not Sensitivity.NORMAL,
    )


def _to_list(uid: str, item: ListItem) -> Contact:
    return Contact(
        uid,
        ContactKind.GROUP,
        item.display_name,
        file_as=item.file_as,
        note=item.body,
        categories=item.categories,
        members=item.members,
        private=item.sensitivity is not Sensitivity.NORMAL,
    )


def _phone(key: str, number: str) -> Phone:
    if key in _USES:
        return Phone(number, uses=(_USES[key],))
    if key.endswith("Fax"):
        return Phone(number, _PLACES[key.removesuffix("Fax")], (Use.FAX,))
    return Phone(number, _PHONE_PLACES.get(key, Place.OTHER))


def _address(one: PostalAddress) -> Address:
    return Address(
        one.street, one.city, one.state, one.postal_code, one.country, place=_PLACES[one.key]
    )


def _day(day: date | None) -> DayOfLife | None:
    if day is None:
        return None
    return DayOfLife(day.month, day.day, None if day.year == NO_YEAR else day.year)


def _related(item: ContactItem) -> tuple[Related, ...]:
    named = (
        ((item.spouse,), Relation.SPOUSE),
        (item.children, Relation.CHILD),
        ((item.assistant,), Relation.ASSISTANT),
        ((item.manager,), Relation.MANAGER),
    )
    return tuple(Related(name, kind) for names, kind in named for name in names if name)


def _photo(file: FileAttachment | None) -> Attachment | None:
    return Attachment(media_type=file.media_type, data=file.data) if file else None
