"""The ledger's values as attributes of items."""

from __future__ import annotations

import json

from migration.aws.rows import folder_attributes, folder_from
from migration.mail import ItemRef
from migration.model import FolderRecord, Intent

REFS = (ItemRef("7", 100), ItemRef("a b%", 200))
RECORD = FolderRecord(
    "key1", ("INBOX",), ("Inbox",), "3", "target1", cursor="9", intent=Intent(REFS, "3:5")
)


def test_the_messages_of_an_intent_are_one_string() -> None:
    item = folder_attributes(RECORD)
    assert json.loads(item["intent"])["refs"] == "100 7 200 a%20b%25"
    assert folder_from(item) == RECORD


def test_a_batch_that_was_open_before_a_deployment_is_gone_on_with() -> None:
    item = folder_attributes(RECORD)
    pairs = [["7", 100], ["a b%", 200]]
    item["intent"] = json.dumps({**json.loads(item["intent"]), "refs": pairs})
    assert folder_from(item) == RECORD
