"""Folders of contacts over Microsoft Graph."""

from __future__ import annotations

from typing import Any

import pytest

from migration.errors import MailboxUnreachable, SourceBusy
from migration.groupware_port import CollectionKind, Entry, NotReadable, Read, Vanished
from migration.items.contact import Contact, Phone, Place, Use
from migration.items.graph_contacts import read_contact
from migration.sources import graph_contacts
from migration.sources.graph_contacts import GraphContacts
from tests.graph.resources import properties_of
from tests.graph.scripted import URL, Answers, ScriptedGraph

BOX = "/users/ann@contoso.example"
CONTACTS, FOLDERS = f"{BOX}/contacts", f"{BOX}/contactFolders"
LISTED = "?$select=id,changeKey&$top=500"


def folder(id_: str, name: str) -> dict[str, Any]:
    return {"id": id_, "displayName": name}


def contact(id_: str, version: str = "v1") -> dict[str, Any]:
    return {"id": id_, "changeKey": version, "displayName": f"Contact {id_}"}


def answers(**more: Any) -> Answers:
    return {
        f"{CONTACTS}?$select=parentFolderId&$top=1": [],
        FOLDERS: [],
        f"{CONTACTS}{LISTED}": [contact("a"), contact("b")],
        **{f"{CONTACTS}/{id_}": contact(id_) for id_ in "ab"},
        **more,
    }


def open_graph(script: Answers) -> tuple[ScriptedGraph, GraphContacts]:
    graph = ScriptedGraph(script)
    return graph, GraphContacts(graph.client, "ann@contoso.example")


def test_folders_in_folders_are_collections_by_all_of_their_names() -> None:
    _, source = open_graph(
        answers(
            **{
                FOLDERS: [folder("f1", "Friends"), folder("f2", "Recipient Cache")],
                f"{FOLDERS}/f1/childFolders": [folder("f3", "Rome"), folder("x", "{06967759-2}")],
                f"{FOLDERS}/f3/childFolders": [folder("f1", "Friends")],
            }
        )
    )
    found = source.collections()
    assert [(one.name, one.is_default) for one in found] == [
        ("Contacts", True),
        ("Friends", False),
        ("Friends / Rome", False),
    ]
    assert {one.kind for one in found} == {CollectionKind.CONTACTS}
    assert len({one.key for one in found}) == 3


def test_a_default_folder_that_is_listed_as_well_is_not_there_twice() -> None:
    _, source = open_graph(
        answers(
            **{
                f"{CONTACTS}?$select=parentFolderId&$top=1": [{"parentFolderId": "own"}],
                FOLDERS: [folder("own", "Kontakte")],
                f"{FOLDERS}/own/childFolders": [folder("f1", "Friends")],
                f"{FOLDERS}/f1/childFolders": [],
            }
        )
    )
    assert [one.name for one in source.collections()] == ["Contacts", "Kontakte / Friends"]


def test_entries_go_on_over_pages_and_have_their_versions() -> None:
    page = {"value": [contact("a")], "@odata.nextLink": f"{URL}{CONTACTS}?$skip=1"}
    _, source = open_graph(
        answers(
            **{f"{CONTACTS}{LISTED}": page, f"{CONTACTS}?$skip=1": [contact("b"), contact("a")]}
        )
    )
    default = source.collections()[0]
    assert source.entries(default) == [Entry("a", "v1"), Entry("b", "v1")]


def test_a_contact_is_read_with_its_photo_and_with_what_only_exchange_knows() -> None:
    fax = [{"id": "String 0x3a24", "value": "+49 89 5"}]
    graph, source = open_graph(
        answers(
            **{
                f"{CONTACTS}/a": {**contact("a", "v2"), "singleValueExtendedProperties": fax},
                f"{CONTACTS}/a/photo": {"width": 48, "height": 48},
                f"{CONTACTS}/a/photo/$value": b"\xff\xd8\xff",
            }
        )
    )
    default = source.collections()[0]
    first, second = source.fetch(default, [Entry("a", "v1"), Entry("b", "v1")])
    assert isinstance(first, Read) and isinstance(second, Read)
    assert first.entry == Entry("a", "v2")
    (ann,) = first.items
    assert isinstance(ann, Contact) and ann.photo is not None
    assert ann.photo.data == b"\xff\xd8\xff"
    assert ann.phones == (Phone("+49 89 5", Place.WORK, (Use.FAX,)),)
    assert first.losses == second.losses == ()
    assert b"+49 89 5" in first.raw
    assert any("$expand=singleValueExtendedProperties($filter=id eq" in one for one in graph.asked)


def test_what_is_gone_and_what_is_refused_are_told_apart() -> None:
    _, source = open_graph(answers(**{f"{CONTACTS}/b": (400, "ErrorCorruptData")}))
    default = source.collections()[0]
    found = list(source.fetch(default, [Entry("gone", "v1"), Entry("b", "v1"), Entry("a", "v1")]))
    assert found[:2] == [
        Vanished(Entry("gone", "v1")),
        NotReadable(Entry("b", "v1"), "ErrorCorruptData"),
    ]
    assert isinstance(found[2], Read)


def test_a_photo_that_graph_does_not_give_is_a_loss_of_its_contact() -> None:
    _, source = open_graph(answers(**{f"{CONTACTS}/a/photo": (400, "ErrorInternalServerError")}))
    (found,) = source.fetch(source.collections()[0], [Entry("a", "v1")])
    assert isinstance(found, Read)
    assert [(one.what, one.uid) for one in found.losses] == [("photo", "a")]


def test_a_photo_is_only_read_as_far_as_one_may_be_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graph_contacts, "_LARGEST_PHOTO", 4)
    photos = {f"{CONTACTS}/{id_}/photo": {"id": "1x1"} for id_ in "ab"}
    values = {f"{CONTACTS}/a/photo/$value": b"12345", f"{CONTACTS}/b/photo/$value": b"1234"}
    _, source = open_graph(answers(**photos, **values))
    asked = [Entry("a", "v1"), Entry("b", "v1")]
    large, fit = source.fetch(source.collections()[0], asked)
    assert isinstance(large, Read) and isinstance(fit, Read)
    assert [(one.what, one.uid) for one in large.losses] == [("photo", "a")]
    (contact_of,) = fit.items
    assert isinstance(contact_of, Contact)
    assert contact_of.photo is not None and contact_of.photo.data == b"1234"


def test_half_of_a_character_is_no_error() -> None:
    """Programs that count in UTF-16 cut names in the middle of an emoji."""
    broken = {**contact("a"), "personalNotes": "cut \ud83d"}
    _, source = open_graph(answers(**{f"{CONTACTS}/a": broken}))
    (found,) = source.fetch(source.collections()[0], [Entry("a", "v1")])
    assert isinstance(found, Read)
    assert b"cut" in found.raw


def test_a_mailbox_without_contacts_is_not_asked_again_and_again() -> None:
    script = answers(**{FOLDERS: (404, "ErrorFolderNotFound")})
    _, source = open_graph(script)
    with pytest.raises(MailboxUnreachable, match="ErrorFolderNotFound"):
        source.collections()


def test_a_folder_that_vanished_has_nothing() -> None:
    _, source = open_graph(answers(**{FOLDERS: [folder("f1", "Friends")]}))
    with pytest.raises(SourceBusy):
        source.collections()  # its folders are gone
    script = answers(**{FOLDERS: [folder("f1", "Friends")], f"{FOLDERS}/f1/childFolders": []})
    _, before = open_graph(script)
    _, after = open_graph(answers())
    friends = before.collections()[1]
    assert after.entries(friends) == []
    assert list(after.fetch(friends, [Entry("a", "v1")])) == [Vanished(Entry("a", "v1"))]


def test_a_refusal_is_told_without_what_graph_says_of_people() -> None:
    _, source = open_graph(answers(**{FOLDERS: (400, "ErrorInvalidRequest")}))
    with pytest.raises(MailboxUnreachable, match="400 ErrorInvalidRequest") as refusal:
        source.collections()
    assert "contoso" not in str(refusal.value)


def test_every_property_of_microsofts_contract_is_read_or_known_to_say_nothing() -> None:
    """What is not read becomes a loss; only navigation to other resources is one."""
    told = properties_of("PersonalContacts", "microsoft.graph.contact")
    found = read_contact({name: _sample(schema) for name, schema in told.items()})
    assert {one.what for one in found.losses} == {"extensions", "multiValueExtendedProperties"}


def _sample(schema: dict[str, Any]) -> Any:
    if schema.get("type") == "array":
        is_text = "$ref" not in schema["items"]
        return ["x"] if is_text else [{"address": "x@y.example", "id": "x", "value": "x"}]
    if schema.get("format") == "date-time":
        return "1974-07-22T11:59:00Z"
    return "x" if schema.get("type") == "string" else {"city": "x"}
