"""WorkMail's folders: found or made, in few requests, whatever others do at the same time."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from localrun.fakes.workmail_ews import EwsServer
from migration.errors import MailboxUnreachable, TargetBusy
from migration.mail import SpecialUse
from migration.targets.workmail_ews import WorkmailEwsTarget
from migration.wire.ews import EwsClient
from migration.wire.ews_groupware import EwsGroupware
from migration.wire.ews_groupware_request import FolderKind
from migration.wire.ews_model import AnswerLost, FolderRef
from tests.ews.harness import ADDRESS, Tokens
from tests.ews.samples import ensure, keys_in, plan, stamped, store

ROOT = FolderRef("msgfolderroot", distinguished=True)


def test_special_folders_are_workmails_own(target: WorkmailEwsTarget, server: EwsServer) -> None:
    uses = {
        SpecialUse.INBOX: "Inbox",
        SpecialUse.SENT: "Sent Items",
        SpecialUse.DRAFTS: "Drafts",
        SpecialUse.TRASH: "Deleted Items",
        SpecialUse.JUNK: "Junk E-mail",
    }
    for use, name in uses.items():
        folder_id = ensure(target, "Whatever", special=use)
        store(target, folder_id, [stamped(name)])
        assert keys_in(server, name) == [name]
    assert server.requests["CreateFolder"] == 0


def test_nested_folders_are_made_level_by_level_and_found_again(
    target: WorkmailEwsTarget, server: EwsServer, tokens: Tokens
) -> None:
    path = ("A/B", "caf\u00e9", "\U0001f600 <&>")
    first = ensure(target, *path)
    assert ensure(target, *path) == first
    decomposed = ("a/b", "cafe\u0301", path[2])
    assert ensure(target, *decomposed) == first
    other_worker = WorkmailEwsTarget(EwsClient(server.url, tokens.give, ADDRESS))
    assert ensure(other_worker, *path) == first
    assert server.requests["CreateFolder"] == 3
    assert path in server.folders(ADDRESS)


def test_folder_below_a_special_one(target: WorkmailEwsTarget, server: EwsServer) -> None:
    ensure(target, "Inbox", "Later")
    ensure(target, "Archive")
    assert {("Inbox", "Later"), ("Archive",)} <= set(server.folders(ADDRESS))


def test_folder_that_another_worker_creates_meanwhile(
    target: WorkmailEwsTarget, client: EwsClient
) -> None:
    ensure(target, "A")
    created = client.create_folder(FolderRef("msgfolderroot", distinguished=True), "B")
    assert ensure(target, "B") == created


def test_mail_is_not_put_into_a_calendar(target: WorkmailEwsTarget, server: EwsServer) -> None:
    folder_id = ensure(target, "Calendar")
    store(target, folder_id, [stamped("k")])
    assert keys_in(server, "Calendar (mail)") == ["k"]
    assert ensure(target, "Calendar") == folder_id


def test_the_longest_name_beside_a_calendar_is_not_longer(
    target: WorkmailEwsTarget, client: EwsClient
) -> None:
    calendar = FolderKind("CalendarFolder", "IPF.Appointment")
    EwsGroupware(client).create_folders(ROOT, calendar, ["x" * 255])
    made = ensure(target, "x" * 255)
    assert client.get_folder(FolderRef(made)).name == f"{'x' * 248} (mail)"


def test_a_whole_tree_is_made_in_a_request_for_each_parent(
    target: WorkmailEwsTarget, server: EwsServer
) -> None:
    plans = [
        plan("Inbox", special=SpecialUse.INBOX),
        plan("Weg", special=SpecialUse.TRASH),
        *(plan("A", f"a{number}") for number in range(150)),
        *(plan("B", f"b{number}") for number in range(30)),
        plan("B", "b7", "deep", "deeper"),
        plan("b", "B7"),
        plan("Inbox", "Later"),
    ]
    ids = target.ensure_folders(plans)
    assert ids[-2] == ids[plans.index(plan("B", "b7"))]
    assert len(set(ids)) == len(plans) - 1
    # A and B; the first 100 and the other 50 below A; below B; below Inbox; deep; deeper
    assert server.requests == {"GetFolder": 1, "FindFolder": 1, "CreateFolder": 7}
    assert len(server.folders(ADDRESS)[("B", "b7", "deep", "deeper")]) == 0
    assert target.ensure_folders(plans) == ids
    assert server.requests == {"GetFolder": 1, "FindFolder": 2, "CreateFolder": 7}


def test_special_folders_cost_one_request(target: WorkmailEwsTarget, server: EwsServer) -> None:
    target.ensure_folders([plan("x", special=use) for use in SpecialUse])
    assert server.requests == {"GetFolder": 1}
    assert target.ensure_folders([]) == []


class Overtaken(EwsClient):
    """Something happens before each CreateFolder."""

    def __init__(self, server: EwsServer, tokens: Tokens, before: Callable[[], object]) -> None:
        super().__init__(server.url, tokens.give, ADDRESS)
        self.before = before

    def create_folders(self, parent: FolderRef, names):  # type: ignore[no-untyped-def]
        self.before()
        return super().create_folders(parent, names)


def test_one_of_several_is_created_by_another_worker_at_this_moment(
    server: EwsServer, tokens: Tokens, client: EwsClient
) -> None:
    rivals: list[str] = []

    def rival() -> None:
        if not rivals:
            rivals.append(client.create_folder(ROOT, "b"))

    target = WorkmailEwsTarget(Overtaken(server, tokens, rival))
    ids = target.ensure_folders([plan("A"), plan("B"), plan("C", "D")])
    assert ids[1] == rivals[0]
    assert set(server.folders(ADDRESS)) >= {("A",), ("b",), ("C",), ("C", "D")}


def test_a_parent_that_is_deleted_at_this_moment_is_made_again(
    server: EwsServer, tokens: Tokens, client: EwsClient
) -> None:
    parents = [client.create_folder(ROOT, "A")]

    def delete() -> None:
        if parents:
            client.delete_folder(FolderRef(parents.pop()))

    target = WorkmailEwsTarget(Overtaken(server, tokens, delete))
    ensure(target, "A", "B")
    assert ("A", "B") in server.folders(ADDRESS)


def test_a_name_that_is_taken_and_never_found_is_tried_later(
    server: EwsServer, tokens: Tokens
) -> None:
    def lose() -> None:
        raise AnswerLost("lost")

    client = Overtaken(server, tokens, lose)
    with pytest.raises(TargetBusy):
        ensure(WorkmailEwsTarget(client), "A")
    assert server.requests["FindFolder"] == 3


def test_a_mailbox_without_an_inbox_is_for_the_operator(
    target: WorkmailEwsTarget, server: EwsServer
) -> None:
    store = server._store(ADDRESS)
    del store._distinguished["inbox"]
    with pytest.raises(MailboxUnreachable, match="ErrorFolderNotFound"):
        ensure(target, "Inbox")
    with pytest.raises(MailboxUnreachable, match="ErrorFolderNotFound"):
        target.probe()


def test_a_folder_is_removed_with_all_it_holds_and_only_once(
    target: WorkmailEwsTarget, server: EwsServer
) -> None:
    folder = ensure(target, "A")
    ensure(target, "A", "B")
    store(target, folder, [stamped("a")])
    target.remove_folder(folder)
    target.remove_folder(folder)
    assert not [path for path in server.folders(ADDRESS) if path[0] == "A"]
    assert server.receipts(ADDRESS) == []
    with pytest.raises(MailboxUnreachable):
        target.remove_folder(ensure(target, "Inbox"))
