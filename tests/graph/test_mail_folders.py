"""Which folders of a Graph mailbox are copied, and what a look before a run shows."""

from collections.abc import Iterator

import pytest

from localrun.fakes.graph import GraphServer
from migration.errors import CredentialsRejected, MailboxUnreachable, SourceBusy, SourceChanged
from migration.mail import BatchLimit, SpecialUse
from migration.sources.graph import GraphSource
from migration.sources.graph_folders import list_folders
from migration.sources.graph_survey import survey
from tests.graph.plain import mime
from tests.graph.scripted import ScriptedGraph
from tests.graph.sources import ANN, DATE, GraphBox, new_client

SHARED = "info@contoso.example"
ROOMS = [f"room{number}@contoso.example" for number in range(5)]


@pytest.fixture
def server() -> Iterator[GraphServer]:
    with GraphServer() as made:
        yield made


@pytest.mark.parametrize(
    ("language", "names"),
    [
        ("en", ("Inbox", "Sent Items", "Drafts", "Deleted Items", "Junk Email")),
        (
            "de",
            ("Posteingang", "Gesendete Elemente", "Entwürfe", "Gelöschte Elemente", "Junk-E-Mail"),
        ),
        (
            "fr",
            (
                *("Boîte de réception", "Éléments envoyés", "Brouillons"),
                *("Éléments supprimés", "Courrier indésirable"),
            ),
        ),
    ],
)
def test_special_folders_are_known_in_every_language(
    server: GraphServer, language: str, names: tuple[str, ...]
) -> None:
    server.add_user(ANN, "Ann", language=language)
    box = GraphBox(server)
    found = {each.special: each.path for each in box.source.folders() if each.special}
    uses = (
        *(SpecialUse.INBOX, SpecialUse.SENT, SpecialUse.DRAFTS),
        *(SpecialUse.TRASH, SpecialUse.JUNK),
    )
    assert found == {use: (name,) for use, name in zip(uses, names, strict=True)}


def test_the_tree_is_listed_with_names_as_they_are(server: GraphServer) -> None:
    server.add_user(ANN, "Ann")
    box = GraphBox(server)
    deep = ("Kunden", "A/B Müller & Söhne", " 2026 ", "Q1", "offen")
    box.deliver(deep, mime("one"))
    many = [("Many", f"Folder {number:03}") for number in range(250)]
    for path in many:
        box.make(path)
    found = {each.path: each for each in box.source.folders()}
    assert found[deep].count == 1
    assert found[deep[:2]].count == 0
    assert set(many) <= set(found)
    assert len({each.key for each in found.values()}) == len(found)


def test_what_is_no_mail_of_the_user_is_left_out(server: GraphServer) -> None:
    server.add_user(ANN, "Ann")
    box = GraphBox(server)
    box.mailbox.add_folder("Unread", search=True)
    box.mailbox.add_folder("Settings of a program", hidden=True)
    for name in ("conflicts", "syncissues", "recoverableitemsdeletions"):
        box.mailbox.deliver(name, mime("old"), DATE)
    paths = {each.path[0] for each in box.source.folders()}
    assert not paths & {"Unread", "Settings of a program", "Sync Issues", "Conflicts", "Deletions"}
    assert {"Inbox", "Archive"} <= paths


def test_an_outbox_with_something_in_it_is_a_folder_like_others(server: GraphServer) -> None:
    server.add_user(ANN, "Ann")
    box = GraphBox(server)
    assert ("Outbox",) not in {each.path for each in box.source.folders()}
    box.mailbox.deliver("outbox", mime("never sent"), DATE)
    (outbox,) = (each for each in box.source.folders() if each.path == ("Outbox",))
    assert (outbox.special, outbox.count) == (None, 1)


def test_a_folder_that_was_renamed_is_the_same(server: GraphServer) -> None:
    server.add_user(ANN, "Ann")
    box = GraphBox(server)
    box.deliver(("Old",), mime("one"))
    before = next(each for each in box.source.folders() if each.path == ("Old",))
    box.mailbox.rename_folder("Old", "New")
    after = next(each for each in box.source.folders() if each.path == ("New",))
    assert (after.key, after.validity) == (before.key, before.validity)


def test_a_folder_that_was_deleted_makes_the_copy_list_folders_anew(server: GraphServer) -> None:
    server.add_user(ANN, "Ann")
    box = GraphBox(server)
    box.deliver(("A",), mime("one"))
    box.deliver(("B",), mime("two"))
    places = {each.path: each for each in box.source.folders()}
    box.mailbox.delete_folder("A")
    with pytest.raises(SourceBusy) as busy:
        box.source.page(places["A",], "", BatchLimit())
    assert busy.value.retry_after <= 5
    box.recreate(("B",))
    with pytest.raises(SourceChanged):
        box.source.page(places["B",], "", BatchLimit())


def test_a_user_without_a_mailbox_is_told(server: GraphServer) -> None:
    server.add_user(ANN, "Ann", has_mailbox=False)
    for user in (ANN, "nobody@contoso.example"):
        with pytest.raises(MailboxUnreachable) as error:
            GraphSource(new_client(server), user).folders()
        assert "@" not in str(error.value)


def test_an_application_without_access_is_told(server: GraphServer) -> None:
    server.add_user(ANN, "Ann")
    server.permissions.discard("Mail.Read")
    with pytest.raises(CredentialsRejected) as error:
        GraphSource(new_client(server), ANN).folders()
    assert "@" not in str(error.value)


def test_a_folder_whose_count_is_refused_fails_the_list(server: GraphServer) -> None:
    server.add_user(ANN, "Ann")
    box = GraphBox(server)
    box.deliver(("A",), mime("one"))
    server.faults.refuse(500, "ErrorInternalServerError", path="/messages", times=None)
    with pytest.raises(SourceBusy):
        box.source.folders()


def test_a_folder_without_a_count_of_messages_is_not_empty() -> None:
    graph = ScriptedGraph(
        {
            f"/users/{ANN}/mailFolders/inbox": {"id": "F="},
            f"/users/{ANN}/mailFolders/msgfolderroot/childFolders": [
                {"id": "F=", "displayName": "Inbox", "totalItemCount": 7, "childFolderCount": 0}
            ],
            f"/users/{ANN}/mailFolders/F=/messages": [{"id": "A="}],
        }
    )
    ((_, folder),) = list_folders(graph.client, ANN)
    assert folder.count == 7


# ---- a look before a run ---------------------------------------------------------------------


def clock() -> Iterator[float]:
    """A second between two looks at it."""
    now = 0.0
    while True:
        yield now
        now += 0.125


def test_a_survey_counts_folders_messages_and_octets(server: GraphServer) -> None:
    server.add_user(ANN, "Ann")
    server.add_user(SHARED, "Info", kind="shared")
    box = GraphBox(server)
    contents = [mime(str(number)) for number in range(3)]
    box.deliver(("INBOX",), *contents)
    box.deliver(("A", "B"), mime("deep"))
    before = len(server.requests)
    ticks = clock()
    seen = survey(new_client(server), [ANN, "nobody@contoso.example", SHARED], lambda: next(ticks))
    first, second = seen.mailboxes
    listed = box.source.folders()
    assert (first.place, first.folders, first.messages) == (0, len(listed), 4)
    assert first.size == sum(map(len, contents)) + len(mime("deep"))
    assert (second.place, second.messages, second.size) == (2, 0, 0)
    assert [(each.place, each.error) for each in seen.unopened] == [(1, "MailboxUnreachable")]
    assert seen.round_trip > 0
    asked = server.requests[before:]
    assert {each.method for each in asked if each.mailbox} == {"GET"}
    assert not any("$value" in each.path for each in asked)


def test_a_survey_stops_where_nothing_more_can_be_learned(server: GraphServer) -> None:
    for room in ROOMS:
        server.add_user(room, room, kind="room")
    server.permissions.discard("Mail.Read")
    seen = survey(new_client(server), ROOMS, lambda: 0.0)
    assert [each.error for each in seen.unopened] == ["CredentialsRejected"] * 3
    server.permissions.add("Mail.Read")
    server.faults.refuse(429, "ApplicationThrottled", times=None, retry_after=60)
    seen = survey(new_client(server), ROOMS, lambda: 0.0)
    assert [each.error for each in seen.unopened] == ["SourceBusy"]
