"""What WorkMail's EWS makes of contacts and distribution lists."""

from __future__ import annotations

from functools import partial

from localrun.probe.ews_groupware import Desk, attempt, files_of, open_desk
from localrun.probe.groupware_findings import KEPT, Findings
from localrun.probe.groupware_samples import CONTACT, LIST
from localrun.probe.model import Learned, Need, Probe
from localrun.probe.session import Session
from migration.groupware_port import CollectionKind
from migration.items.ews_contact import ContactItem, ListItem
from migration.items.ews_people import plan_contact
from migration.wire.ews_contacts import read_contact
from migration.wire.ews_elements import is_true

_ITEMS = {"contact": CONTACT, "list": LIST}
_FIELDS = ("contacts:HasPicture", "item:Attachments")
_APART = ("mails", "members", "photo")
"""Of these other findings speak."""


def _ask_contacts(session: Session) -> Learned:
    findings = Findings()
    with open_desk(session, CollectionKind.CONTACTS) as desk:
        attempt(findings, "contacts", partial(_ask, desk, findings))
    return findings.learned()


def _ask(desk: Desk, findings: Findings) -> None:
    desk.note_folder(findings, "IPF.Contact")
    ids = desk.write(_ITEMS, findings)
    desk.note_keys(findings, ids)
    for name, item_id in ids.items():
        attempt(findings, name, partial(_ask_item, desk, name, item_id, findings))


def _ask_item(desk: Desk, name: str, item_id: str, findings: Findings) -> None:
    element = desk.show_all({name: item_id}, _FIELDS if name == "contact" else ())[name]
    sent, shown = plan_contact(_ITEMS[name]).item, read_contact(element)
    findings.compare(name, sent, shown, _APART)
    if isinstance(sent, ListItem) and isinstance(shown, ListItem):
        lost = len(set(sent.members) - set(shown.members))
        said = f"{lost} of {len(sent.members)} are lost" if lost else KEPT
        findings.note("members", said, is_expected=not lost)
    elif isinstance(sent, ContactItem) and isinstance(shown, ContactItem):
        lost = len(set(sent.mails) - set(shown.mails))
        said = f"{lost} of {len(sent.mails)} are lost" if lost else KEPT
        findings.note("three_addresses", said, is_expected=not lost)
        is_photo = any(is_true(file, "IsContactPhoto") for file in files_of(element))
        said = "is the contact's picture" if is_photo else "is not shown as the contact's picture"
        findings.note("photo", said, is_expected=is_photo)
        has_picture = is_true(element, "HasPicture")
        said = "the contact is said to have one" if has_picture else "the contact has none, it says"
        findings.note("has_picture", said, is_expected=has_picture)


QUESTIONS = (
    Probe(
        "contacts",
        4,
        "Contacts with three addresses and a photo, and lists: what is kept?",
        Need.WRITE,
        _ask_contacts,
    ),
)
