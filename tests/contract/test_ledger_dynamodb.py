"""DynamoLedger alone: requests that the client repeats, rivals, and results of several pages."""

from typing import TYPE_CHECKING, Any

import pytest

from migration.aws.ledger import DynamoLedger
from migration.errors import FencedOff
from migration.mail import Folder, FolderPlan, ItemRef
from migration.model import FolderRecord, Mailbox, Tally
from migration.transitions import finish, open_batch

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

BOX = "mailbox1"
PLAN = FolderPlan(Folder("f1", ("INBOX",), "1", 1), ("Inbox",))


def begin(ledger: DynamoLedger, record: FolderRecord) -> FolderRecord:
    """A batch is about to be appended."""
    return ledger.advance(BOX, record, open_batch(record, (ItemRef("7", 100),), "7", "m1"))


def end(ledger: DynamoLedger, record: FolderRecord) -> FolderRecord:
    """The batch was copied."""
    return ledger.advance(BOX, record, finish(record, {"7"}, Tally(1, 100)))


class Twice:
    """A table whose next update is sent twice, as a client does after a lost answer."""

    def __init__(self, table: "Table") -> None:
        self._table = table
        self.armed = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._table, name)

    def update_item(self, **request: Any) -> Any:
        if self.armed:
            self.armed = False
            self._table.update_item(**request)
        return self._table.update_item(**request)


def twice(table: "Table") -> Any:
    return Twice(table)


def test_a_repeated_request_is_no_rival(table: "Table") -> None:
    doubled = twice(table)
    ledger = DynamoLedger(doubled, "acme")
    doubled.armed = True
    record = ledger.claim_folder(BOX, PLAN, "t1", 1, 1)
    doubled.armed = True
    record = begin(ledger, record)
    doubled.armed = True
    record = end(ledger, record)
    assert ledger.folders(BOX) == [record]
    assert record.total == Tally(1, 100)
    assert not doubled.armed


def test_a_claim_between_reading_and_writing_is_noticed(
    table: "Table", monkeypatch: pytest.MonkeyPatch
) -> None:
    slow, rival = DynamoLedger(table, "acme"), DynamoLedger(table, "acme")
    rival.claim_folder(BOX, PLAN, "t1", 1, 1)
    read = slow._folder

    def read_and_wait(mailbox_id: str, key: str) -> Any:
        found = read(mailbox_id, key)
        monkeypatch.undo()
        rival.claim_folder(BOX, PLAN, "t1", 3, 1)
        return found

    monkeypatch.setattr(slow, "_folder", read_and_wait)
    with pytest.raises(FencedOff):
        slow.claim_folder(BOX, PLAN, "t1", 2, 1)
    assert rival.folders(BOX)[0].fence == 3


def test_an_intent_opened_during_a_claim_is_not_lost(
    table: "Table", monkeypatch: pytest.MonkeyPatch
) -> None:
    new, old = DynamoLedger(table, "acme"), DynamoLedger(table, "acme")
    record = old.claim_folder(BOX, PLAN, "t1", 1, 1)
    read = new._folder

    def read_and_wait(mailbox_id: str, key: str) -> Any:
        found = read(mailbox_id, key)
        monkeypatch.undo()
        begin(old, record)
        return found

    monkeypatch.setattr(new, "_folder", read_and_wait)
    intent = new.claim_folder(BOX, PLAN, "t1", 2, 1).intent
    assert intent is not None
    assert intent.refs == (ItemRef("7", 100),)


def test_a_batch_committed_during_a_claim_is_not_undone(
    table: "Table", monkeypatch: pytest.MonkeyPatch
) -> None:
    new, old = DynamoLedger(table, "acme"), DynamoLedger(table, "acme")
    record = begin(old, old.claim_folder(BOX, PLAN, "t1", 1, 1))
    read = new._folder

    def read_and_wait(mailbox_id: str, key: str) -> Any:
        found = read(mailbox_id, key)
        monkeypatch.undo()
        end(old, record)
        return found

    monkeypatch.setattr(new, "_folder", read_and_wait)
    claimed = new.claim_folder(BOX, PLAN, "t1", 2, 1)
    assert (claimed.cursor, claimed.total, claimed.intent) == ("7", Tally(1, 100), None)
    assert new.folders(BOX) == [claimed]


def test_results_of_several_pages_are_complete(table: "Table") -> None:
    ledger = DynamoLedger(table, "acme")
    padding = "x" * 20_000
    boxes = [Mailbox(f"{number:03}", "s", "t", "u", padding) for number in range(120)]
    ledger.plan_mailboxes("run1", boxes)
    assert [record.mailbox.id for record in ledger.mailboxes("run1")] == [box.id for box in boxes]


def test_tenants_do_not_meet_in_one_table(table: "Table") -> None:
    one, other = DynamoLedger(table, "one"), DynamoLedger(table, "other")
    one.acquire_lock("run1", "now")
    one.claim_folder(BOX, PLAN, "t1", 1, 1)
    assert other.acquire_lock("run2", "now") == "run2"
    assert other.folders(BOX) == []
