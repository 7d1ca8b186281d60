"""The independent comparison notices what it is there for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from localrun.compare import FolderComparison, compare_mailbox
from localrun.contents import Contents, ImapAccess, Message, Trait, read_ews
from localrun.fakes.imap import ImapServer
from localrun.fakes.workmail_ews.server import EwsServer
from migration.directory_model import Token
from migration.mail import Folder, FolderPlan, Item, ItemRef, Stamped
from migration.model import FolderRecord, Tally
from migration.targets.workmail_ews import WorkmailEwsTarget
from migration.wire.ews import EwsClient

USER, PASSWORD = "ana@acme.example", "ana-password"
DAY = datetime(2024, 2, 29, 12, 30, 15, tzinfo=UTC)


class Both:
    """A mailbox on both servers."""

    def __init__(self) -> None:
        self.imap = ImapServer({USER: PASSWORD})
        self.ews = EwsServer(lambda *_: "ok", lambda _: True, lambda: DAY.timestamp())
        self._target = WorkmailEwsTarget(EwsClient(self.ews.url, lambda: Token("token"), USER))
        self._stored = 0
        self.records: list[FolderRecord] = []

    def put_source(self, folder: str, text: str, *flags: str, received: datetime = DAY) -> None:
        self.imap.append(USER, folder, _mime(text), flags, received)

    def put_target(self, folder: str, text: str, *flags: str, received: datetime = DAY) -> None:
        plan = FolderPlan(Folder(folder, (folder,), "1", 0), (folder,))
        item = Item(ItemRef(str(self._stored), 1), _mime(text), received, frozenset(flags))
        self._stored += 1
        (folder_id,) = self._target.ensure_folders([plan])
        self._target.append(folder_id, [Stamped(f"key-{self._stored}", item)]).outcomes()

    def know(self, folder: str, copied: int) -> None:
        total = Tally(copied=copied)
        path = (folder,)
        self.records.append(FolderRecord(folder, path, path, "1", "id", total=total))

    def compare(self) -> dict[tuple[str, ...], FolderComparison]:
        source = ImapAccess("127.0.0.1", self.imap.port, "none", {USER: PASSWORD}).read(USER)
        compared = compare_mailbox(USER, source, read_ews(self.ews, USER), self.records)
        return {folder.source_path or folder.target_path: folder for folder in compared}

    def close(self) -> None:
        self._target.close()
        self.ews.close()
        self.imap.close()


@pytest.fixture
def both() -> Iterator[Both]:
    both = Both()
    yield both
    both.close()


def _mime(text: str) -> bytes:
    return f"Subject: {text}\r\n\r\n{text}\r\n".encode()


def numbers(folder: FolderComparison) -> tuple[int, int, int]:
    return folder.lost, folder.doubled, folder.differing


def test_equal_mailboxes_agree(both: Both) -> None:
    for text in ("one", "two", "two"):
        both.put_source("Plans", text, "\\Seen", "Projekt-X")
        both.put_target("Plans", text, "\\Seen", "Projekt-X")
    both.know("Plans", 3)
    assert both.compare()[("Plans",)].agrees


def test_what_is_lost_doubled_or_different_is_counted(both: Both) -> None:
    for text in ("same", "lost", "unread", "undated"):
        both.put_source("Plans", text, "\\Seen")
    for text in ("same", "same"):
        both.put_target("Plans", text, "\\Seen")
    both.put_target("Plans", "unread")
    both.put_target("Plans", "undated", "\\Seen", received=DAY + timedelta(hours=1))
    both.know("Plans", 4)
    folder = both.compare()[("Plans",)]
    assert numbers(folder) == (1, 1, 2)
    assert not folder.agrees


def test_a_ledger_that_counts_otherwise_does_not_agree(both: Both) -> None:
    both.put_source("Plans", "one")
    both.put_target("Plans", "one")
    both.know("Plans", 2)
    folder = both.compare()[("Plans",)]
    assert numbers(folder) == (0, 0, 0)
    assert not folder.agrees


def test_folders_that_the_ledger_does_not_know_are_looked_at(both: Both) -> None:
    both.put_source("Forgotten", "one")
    both.put_target("Strange", "two")
    compared = both.compare()
    assert numbers(compared[("Forgotten",)]) == (1, 0, 0)
    assert numbers(compared[("Strange",)]) == (0, 1, 0)


# ---- over IMAP on both sides: messages have an order -----------------------------------------


def contents(*texts: str, place: str = "Plans", has_order: bool = True) -> Contents:
    trait = Trait(DAY, True, False, False, False, frozenset())
    return Contents({(place,): [Message(text, trait) for text in texts]}, has_order)


def record(copied: int) -> FolderRecord:
    return FolderRecord("f", ("Plans",), ("Plans",), "1", "id", total=Tally(copied=copied))


@pytest.mark.parametrize(
    ("source", "target", "misplaced"),
    [
        ("abcd", "abcd", 0),
        ("abcd", "abdc", 2),
        ("aba", "aab", 2),
        ("abcd", "acd", 0),
        ("abc", "abbc", 0),
    ],
)
def test_messages_that_stand_elsewhere_are_counted(
    source: str, target: str, misplaced: int
) -> None:
    (folder,) = compare_mailbox(USER, contents(*source), contents(*target), [record(len(source))])
    assert folder.misplaced == misplaced
    assert folder.agrees == (source == target)


def test_order_does_not_count_where_nobody_sees_it() -> None:
    target = contents("b", "a", has_order=False)
    (folder,) = compare_mailbox(USER, contents("a", "b"), target, [record(2)])
    assert folder.agrees


def test_both_sides_may_be_read_over_imap() -> None:
    access = []
    with ImapServer({USER: PASSWORD}) as old, ImapServer({USER: PASSWORD}) as new:
        for server in (old, new):
            for text in ("one", "two", "two"):
                server.append(USER, "INBOX", _mime(text), ("\\Seen", "Projekt-X"), DAY)
            access.append(ImapAccess("127.0.0.1", server.port, "none", {USER: PASSWORD}))
        new.append(USER, "Größe", _mime("three"))
        here, there = [each.read(USER) for each in access]
        assert new.counts() == {USER: 4}
    inbox = FolderRecord("f", ("INBOX",), ("Inbox",), "1", "id", total=Tally(copied=3))
    compared = compare_mailbox(USER, here, there, [inbox])
    assert [(one.agrees, one.target_path) for one in compared] == [
        (True, ("Inbox",)),
        (False, ("Größe",)),
    ]
