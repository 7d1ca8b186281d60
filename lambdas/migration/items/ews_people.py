"""Contacts and lists as Exchange says them, with what goes into the text. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from migration.items.contact import Contact, ContactKind, DayOfLife, Place, Relation
from migration.items.content import is_mailbox
from migration.items.ews_contact import NO_YEAR, ContactItem, ContactPlan, ListItem
from migration.items.ews_item import FileAttachment, Sensitivity
from migration.items.ews_notes import IN_THE_TEXT, Note, add_notes
from migration.items.ews_slots import (
    in_order,
    keeps_all,
    place_addresses,
    place_handles,
    place_mails,
    place_phones,
)
from migration.items.losses import Loss

_EARLIEST_YEAR = 1605  # Windows has no days before 1601, and 1604 stands for none
_SPACE = "; "


def plan_contact(contact: Contact) -> ContactPlan:
    """The item for a contact or a list. Nothing of it is left out without a loss."""
    if contact.kind is ContactKind.GROUP:
        return _plan_list(contact)
    mails, more_mails = place_mails(contact)
    phones, more_phones = place_phones(contact)
    addresses, more_addresses = place_addresses(contact)
    handles, more_handles = place_handles(contact)
    notes = (*more_mails, *more_phones, *more_addresses, *more_handles, *_notes(contact))
    item = ContactItem(
        display_name=contact.display,
        file_as=contact.file_as,
        name=contact.name,
        initials=contact.initials,
        nickname=", ".join(contact.nicknames),
        body=add_notes(contact.note, notes, is_html=False),
        categories=contact.categories,
        sensitivity=_sensitivity(contact),
        company_name=contact.organization,
        mails=mails,
        addresses=addresses,
        phones=phones,
        assistant=_first(contact, Relation.ASSISTANT),
        birthday=_day(contact.birthday),
        home_page=_home_page(contact),
        children=_named(contact, Relation.CHILD),
        companies=contact.companies,
        department=_SPACE.join(contact.departments),
        handles=handles,
        job_title=contact.title,
        manager=_first(contact, Relation.MANAGER),
        mileage=contact.mileage,
        office=contact.office,
        profession=contact.role,
        spouse=_first(contact, Relation.SPOUSE),
        anniversary=_day(contact.anniversary),
        photo=_photo(contact),
    )
    return ContactPlan(item, _say(contact, notes, _lost(contact)))


def _plan_list(contact: Contact) -> ContactPlan:
    members = tuple(filter(is_mailbox, contact.members))
    others = [Note("MEMBER", "Member", one) for one in contact.members if one not in members]
    kept = Contact(
        contact.uid,
        ContactKind.GROUP,
        contact.display,
        file_as=contact.file_as,
        note=contact.note,
        categories=contact.categories,
        members=contact.members,
        private=contact.private,
    )
    item = ListItem(
        contact.display,
        contact.file_as,
        add_notes(contact.note, others, is_html=False),
        contact.categories,
        _sensitivity(contact),
        members,
    )
    lost = () if kept == contact else (("KIND", "a list has a name, members, a text; no more"),)
    return ContactPlan(item, _say(contact, others, lost))


def _say(
    contact: Contact, notes: Iterable[Note], lost: Iterable[tuple[str, str]]
) -> tuple[Loss, ...]:
    reasons = [*((note.what, IN_THE_TEXT) for note in notes), *lost]
    return tuple(Loss(what, "VCARD", why, contact.uid) for what, why in dict.fromkeys(reasons))


def _sensitivity(contact: Contact) -> Sensitivity:
    return Sensitivity.PRIVATE if contact.private else Sensitivity.NORMAL


def _named(contact: Contact, relation: Relation) -> tuple[str, ...]:
    return tuple(one.name for one in contact.related if one.relation is relation)


def _first(contact: Contact, relation: Relation) -> str:
    return next(iter(_named(contact, relation)), "")


def _day(day: DayOfLife | None) -> date | None:
    if day is None or not _has_place(day):
        return None
    return date(day.year or NO_YEAR, day.month, day.day)


def _has_place(day: DayOfLife) -> bool:
    return day.year is None or day.year >= _EARLIEST_YEAR


def _home_page(contact: Contact) -> str:
    """The one page that has a place is that of the work."""
    fitting = [one.address for one in contact.pages if one.place in (Place.WORK, Place.UNSAID)]
    return fitting[0] if fitting else ""


def _photo(contact: Contact) -> FileAttachment | None:
    photo = contact.photo
    if photo is None or photo.data is None:
        return None
    # Outlook shows a contact's file of this name as its photo.
    return FileAttachment("ContactPicture.jpg", photo.media_type, photo.data)


# -- what has no place


def _notes(contact: Contact) -> Iterator[Note]:
    phonetic = contact.phonetic
    spoken = " ".join(filter(None, (phonetic.given, phonetic.additional, phonetic.family)))
    if spoken:
        # This version has elements for it that only the server sets.
        yield Note("X-PHONETIC-FIRST-NAME", "Spoken", spoken)
    page = _home_page(contact)
    for one in contact.pages:
        if one.address != page or one.label:
            yield Note("URL", one.label or "Page", one.address)
    for name, label, day in (
        ("BDAY", "Birthday", contact.birthday),
        ("ANNIVERSARY", "Anniversary", contact.anniversary),
    ):
        if day and not _has_place(day):
            yield Note(name, label, f"{day.year}-{day.month:02}-{day.day:02}")
    yield from _relations(contact)
    yield from (Note("X-FIELD", label or "Field", value) for label, value in contact.fields)
    if contact.billing:
        yield Note("X-BILLING", "Billing", contact.billing)
    if contact.photo and contact.photo.data is None:
        yield Note("PHOTO", "Photo", contact.photo.uri)
    yield from (Note("MEMBER", "Member", one) for one in contact.members)


def _relations(contact: Contact) -> Iterator[Note]:
    for relation, label in (
        (Relation.SPOUSE, "Spouse"),
        (Relation.ASSISTANT, "Assistant"),
        (Relation.MANAGER, "Manager"),
    ):
        yield from (Note("RELATED", label, name) for name in _named(contact, relation)[1:])
    for one in contact.related:
        if one.relation is Relation.OTHER:
            yield Note("RELATED", one.label or "Related", one.name)


def _lost(contact: Contact) -> Iterator[tuple[str, str]]:
    if contact.kind is not ContactKind.INDIVIDUAL:
        yield "KIND", "Exchange has persons and lists; it is written as a person"
    if any(one.place is not Place.UNSAID for one in contact.mails):
        yield "EMAIL;TYPE", "Exchange numbers e-mail addresses, and does not say where they belong"
    if not all(map(keeps_all, contact.phones)):
        yield "TEL;TYPE", "Exchange has one word for each number; the first that fits is kept"
    if list(in_order(contact.phones)) != list(contact.phones):
        yield "TEL;PREF", "Exchange has no order of numbers"
    if any(one.place is not Place.UNSAID for one in contact.handles):
        yield "IMPP;TYPE", "Exchange numbers names in chats, and does not say where they belong"
    days = (contact.birthday, contact.anniversary)
    if any(day and day.year is None for day in days):
        yield "BDAY", "Exchange has no day without a year; programs take 1604 for none"
    if contact.phonetic.prefix or contact.phonetic.suffix:
        yield "X-PHONETIC-FIRST-NAME", "Exchange has no place for it"
    if contact.revised:
        yield "REV", "Exchange counts versions and their times itself"
