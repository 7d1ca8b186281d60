"""Contacts of a mailbox: folders in folders, and photos.

    contacts = server.mailbox("ann@contoso.example").part(Contacts)
    friends = contacts.add_folder("Friends")
    uid = contacts.put_contact({"displayName": "Bob"}, friends)

https://learn.microsoft.com/graph/api/resources/contact. The default folder is in no list: its
contacts are those of /contacts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from localrun.fakes.graph.answers import Answer, GraphError, Json
from localrun.fakes.graph.items import Item, find_item, new_id, new_item, not_there, one, pick
from localrun.fakes.graph.items import with_extended as extended
from localrun.fakes.graph.mailbox import Mailbox
from localrun.fakes.graph.paging import outlook_page
from localrun.fakes.graph.routing import Call, Route

_TEXTS = (
    *("assistantName", "birthday", "businessHomePage", "companyName", "department"),
    *("fileAs", "generation", "givenName", "initials", "jobTitle", "manager", "middleName"),
    *("mobilePhone", "nickName", "officeLocation", "personalNotes", "profession", "spouseName"),
    *("surname", "title", "yomiCompanyName", "yomiGivenName", "yomiSurname"),
)
_LISTS = ("businessPhones", "children", "emailAddresses", "homePhones", "imAddresses")
_PLACES = ("businessAddress", "homeAddress", "otherAddress")
_USUAL: Json = {
    "displayName": "",
    **dict.fromkeys(_TEXTS),
    **{name: [] for name in _LISTS},
    **{name: {} for name in _PLACES},
}


@dataclass(eq=False)
class Contact(Item):
    photo: bytes | None = None


@dataclass(eq=False)
class ContactFolder:
    id: str
    name: str
    parent: str
    contacts: list[Contact] = field(default_factory=list)


class Contacts:
    """Folders are named by their ids, contacts by their immutable ids. GraphError for one that
    there is not."""

    def __init__(self, box: Mailbox) -> None:
        self._box = box
        root = new_id(box, "contact folder")
        self.default = ContactFolder(new_id(box, "contact folder"), "Contacts", root)
        self.folders = [self.default]

    # -- what a person does

    def add_folder(self, name: str, parent: str = "") -> str:
        """Beside the default folder, or in another one; its id."""
        with self._box.lock:
            above = self.folder(parent).id if parent else self.default.parent
            made = ContactFolder(new_id(self._box, "contact folder"), name, above)
            self.folders.append(made)
            return made.id

    def put_contact(self, contact: Mapping[str, object], folder: str = "") -> str:
        """A new one, in the default folder if none is named; its id. Extended properties are told
        to those who ask for them."""
        with self._box.lock:
            place = self.folder(folder) if folder else self.default
            made = Contact(**vars(new_item(self._box, "contact", contact, place.id)))
            place.contacts.append(made)
            return made.ids.immutable

    def put_photo(self, uid: str, content: bytes | None) -> None:
        with self._box.lock:
            contact = self.contact(uid)
            contact.photo = content
            contact.change(self._box.moment())

    def change_contact(self, uid: str, **changes: object) -> None:
        with self._box.lock:
            self.contact(uid).change(self._box.moment(), changes)

    def delete_contact(self, uid: str) -> None:
        with self._box.lock:
            contact = self.contact(uid)
            for folder in self.folders:
                if contact in folder.contacts:
                    folder.contacts.remove(contact)

    # -- for those who answer, with the lock held

    def folder(self, id_: str) -> ContactFolder:
        for folder in self.folders:
            if folder.id == id_:
                return folder
        raise not_there(id_)

    def contact(self, uid: str, folder: ContactFolder | None = None) -> Contact:
        """By one of its ids, in this folder or in any."""
        places = [folder] if folder else self.folders
        found = find_item([it for place in places for it in place.contacts], uid)
        assert isinstance(found, Contact)
        return found

    def folder_of(self, contact: Contact) -> ContactFolder:
        return next(folder for folder in self.folders if contact in folder.contacts)


def list_folders(call: Call) -> Json:
    """Those beside the default folder, or in the one that the path names."""
    contacts = call.mailbox.part(Contacts)
    above = _folder(call).id if "folder" in call.at else contacts.default.parent
    inside = [it for it in contacts.folders if it.parent == above and it is not contacts.default]
    return outlook_page(call, inside, lambda it: pick(_folder_json(it), call.option("$select")))


def get_folder(call: Call) -> Json:
    return one(call, pick(_folder_json(_folder(call)), call.option("$select")))


def list_contacts(call: Call) -> Json:
    return outlook_page(call, _folder(call).contacts, lambda it: _shown(call, it))


def get_contact(call: Call) -> Json:
    return one(call, _shown(call, _contact(call)))


def get_photo(call: Call) -> Json:
    _content(call)
    told = {"@odata.mediaContentType": "image/jpeg", "id": "240x240", "width": 240, "height": 240}
    return one(call, pick(told, call.option("$select")))


def get_photo_value(call: Call) -> Answer:
    return Answer(_content(call), headers={"Content-Type": "image/jpeg"})


def _content(call: Call) -> bytes:
    photo = _contact(call).photo
    if photo is None:
        raise GraphError(404, "ErrorItemNotFound", "The specified object was not found.")
    return photo


def _folder(call: Call) -> ContactFolder:
    contacts = call.mailbox.part(Contacts)
    return contacts.folder(call.at["folder"]) if "folder" in call.at else contacts.default


def _contact(call: Call) -> Contact:
    """Where the path names a folder, it has to lie there."""
    contacts = call.mailbox.part(Contacts)
    folder = contacts.folder(call.at["folder"]) if "folder" in call.at else None
    return contacts.contact(call.at["contact"], folder)


def _folder_json(folder: ContactFolder) -> Json:
    return {"id": folder.id, "parentFolderId": folder.parent, "displayName": folder.name}


def _shown(call: Call, contact: Contact) -> Json:
    place = call.mailbox.part(Contacts).folder_of(contact).id
    told = contact.frame(call.ask.immutable) | _USUAL | {"parentFolderId": place} | contact.told
    plain = extended(told, call.option("$expand"))
    found = plain.pop("singleValueExtendedProperties", None)
    shown = pick(plain, call.option("$select"), ("singleValueExtendedProperties",))
    return {**shown, "singleValueExtendedProperties": found} if found else shown


_READ = "Contacts.Read"
_EXPAND = frozenset({"$expand"})
_FOLDERS = "/users/{user}/contactFolders"

ROUTES = (
    Route(_FOLDERS, list_folders, _READ),
    Route(f"{_FOLDERS}/{{folder}}", get_folder, _READ),
    Route(f"{_FOLDERS}/{{folder}}/childFolders", list_folders, _READ),
    *(
        route
        for place in ("/users/{user}", f"{_FOLDERS}/{{folder}}")
        for route in (
            Route(f"{place}/contacts", list_contacts, _READ, _EXPAND),
            Route(f"{place}/contacts/{{contact}}", get_contact, _READ, _EXPAND),
            Route(f"{place}/contacts/{{contact}}/photo", get_photo, _READ),
            Route(f"{place}/contacts/{{contact}}/photo/$value", get_photo_value, _READ),
        )
    ),
)
