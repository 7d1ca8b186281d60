"""Mailboxes as ledger items: those of this version, and those that an earlier one wrote."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from migration.aws import rows
from migration.model import Mailbox, MailboxStatus, Profile

MAILBOXES = st.builds(Mailbox, profile=st.builds(Profile))


@given(MAILBOXES)
def test_a_mailbox_comes_back_as_it_was(mailbox: Mailbox) -> None:
    item = {"mailbox": rows.to_text(mailbox), "run": "r", "status": "planned"}
    assert rows.mailbox_from(item).mailbox == mailbox


def test_a_mailbox_of_an_earlier_version_has_an_empty_profile() -> None:
    fields = {
        "id": "m",
        "source": "s",
        "target": "t",
        "username": "u",
        "display_name": "D",
        "first_name": "F",
        "last_name": "L",
        "aliases": ["a"],
    }
    record = rows.mailbox_from({"mailbox": json.dumps(fields), "run": "r", "status": "planned"})
    assert record.mailbox == Mailbox("m", "s", "t", "u", "D", "F", "L", ("a",))
    assert record.status is MailboxStatus.PLANNED


def test_a_mailbox_of_an_earlier_version_has_its_address_and_no_remarks() -> None:
    box = Mailbox("m", "s", "t@acme.example", "u", "D")
    item = {"mailbox": rows.to_text(box), "run": "r", "status": "provisioned", "user_id": "1"}
    record = rows.mailbox_from(item)
    assert (record.address, record.remarks) == ("", ())
    assert record.at_present == box
