"""The Graph of the laptop, asked by a client that knows nothing of ours: mail folders."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from localrun.fakes.graph import GraphServer
from localrun.fakes.graph.folders import WELL_KNOWN
from tests.graph.plain import ANN, IMMUTABLE, NOON, Plain, mime

FOLDERS = f"/users/{ANN}/mailFolders"


@pytest.fixture
def server() -> Iterator[GraphServer]:
    with GraphServer() as server:
        server.add_user(ANN, "Ann Example", language="de")
        yield server


def test_well_known_names_are_found_whatever_their_language(
    server: GraphServer, client: Plain
) -> None:
    inbox = client.get(f"{FOLDERS}/inbox")
    assert inbox["displayName"] == "Posteingang"
    assert client.get(f"{FOLDERS}/{inbox['id']}", IMMUTABLE)["id"] == inbox["id"]
    assert client.get(f"{FOLDERS}('SentItems')")["displayName"] == "Gesendete Elemente"
    assert client.get(f"{FOLDERS}/msgfolderroot")["id"] == inbox["parentFolderId"]
    assert client.get(f"/Users/{ANN}/mailfolders/INBOX") == client.get(f"{FOLDERS}/inbox") | {
        "@odata.context": f"{server.graph_url}/$metadata#Users/{ANN}/mailfolders/INBOX"
    }
    assert client.refusal(f"{FOLDERS}/clutter") == (404, "ErrorItemNotFound")
    assert client.refusal(f"{FOLDERS}/Posteingang") == (400, "ErrorInvalidIdMalformed")


def test_the_top_level_is_paged(client: Plain) -> None:
    names = [one["displayName"] for one in client.values(f"{FOLDERS}?$top=2")]
    below = f"{FOLDERS}/msgfolderroot/childFolders?$top=100"
    assert names == [one["displayName"] for one in client.values(below)]
    assert "Posteingang" in names
    assert "Suchordner" not in names, "lies beside the top"
    assert len(names) == len(set(names)) == 9


def test_folders_lie_in_folders(server: GraphServer, client: Plain) -> None:
    box = server.mailbox(ANN)
    outer = box.add_folder("Projekte")
    inner = box.add_folder(("Projekte", "A/B"))
    box.deliver(("Projekte", "A/B"), mime("One"), NOON)
    assert client.get(f"{FOLDERS}/{outer}")["childFolderCount"] == 1
    [told] = client.get(f"{FOLDERS}/{outer}/childFolders")["value"]
    assert (told["id"], told["parentFolderId"]) == (inner, outer)
    assert (told["totalItemCount"], told["unreadItemCount"]) == (1, 1)
    box.rename_folder(("Projekte", "A/B"), "C")
    assert client.get(f"{FOLDERS}/{inner}")["displayName"] == "C"
    assert box.folders()[("Projekte", "C")][0].mime == mime("One")
    box.delete_folder("Projekte")
    assert client.refusal(f"{FOLDERS}/{inner}") == (404, "ErrorItemNotFound")


def test_hidden_folders_are_shown_on_demand(server: GraphServer, client: Plain) -> None:
    server.mailbox(ANN).add_folder("Secret", hidden=True)
    server.mailbox(ANN).add_folder(("Secret", "Below"), hidden=True)
    shown = [one["displayName"] for one in client.values(f"{FOLDERS}?$top=50")]
    assert "Secret" not in shown
    path = f"{FOLDERS}?includeHiddenFolders=true&$top=2"
    everything = {one["displayName"]: one for one in client.values(path)}
    assert everything["Secret"]["isHidden"] is True
    below = f"{FOLDERS}/{everything['Secret']['id']}/childFolders"
    assert client.get(below)["value"] == []
    assert len(client.get(f"{below}?includeHiddenFolders=true")["value"]) == 1


def test_search_folders_are_told_by_their_type(server: GraphServer, client: Plain) -> None:
    server.mailbox(ANN).add_folder("Unread", search=True)
    told = {one["displayName"]: one for one in client.values(f"{FOLDERS}?$select=displayName")}
    assert told["Unread"]["@odata.type"] == "#microsoft.graph.mailSearchFolder"
    assert "@odata.type" not in told["Posteingang"]


def test_sizes(server: GraphServer, client: Plain) -> None:
    server.mailbox(ANN).deliver("inbox", mime("One"), NOON)
    expand = "$expand=singleValueExtendedProperties($filter=id eq 'Long 0x0E08')"
    told = client.get(f"{FOLDERS}/inbox?{expand}")
    size = str(len(mime("One")))
    assert told["singleValueExtendedProperties"] == [{"id": "Long 0xe08", "value": size}]
    assert str(told["sizeInBytes"]) == size
    assert client.refusal(f"{FOLDERS}?$select=wellKnownName")[0] == 400
    server.faults.sizeless_folders = True
    assert "sizeInBytes" not in client.get(f"{FOLDERS}/inbox")


@pytest.mark.parametrize("language", ["en", "de", "fr"])
def test_every_language_has_the_same_folders(
    server: GraphServer, client: Plain, language: str
) -> None:
    server.add_user("bob@contoso.example", "Bob", language=language)
    names = sorted(WELL_KNOWN - {"clutter", "scheduled", "recoverableitemsroot"})
    path = "/users/bob@contoso.example/mailFolders"
    shown = [client.get(f"{path}/{name}")["displayName"] for name in names]
    assert len(names) == len(set(shown)) == 15
    conflicts = client.get(f"{path}/conflicts")
    assert conflicts["parentFolderId"] == client.get(f"{path}/syncissues")["id"]
