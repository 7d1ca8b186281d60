"""Mailboxes as ledger items: those of this version, and those that an earlier one wrote."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from migration.aws import rows
from migration.mail import Fate, Remark
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


def test_a_mailbox_of_an_earlier_version_has_neither_begin_nor_passes() -> None:
    item = {"mailbox": rows.to_text(Mailbox("m", "s", "t", "u", "D")), "run": "r"}
    record = rows.mailbox_from({**item, "status": "copied"})
    assert (record.begun, record.passes) == ("", ())


def test_a_remark_of_an_earlier_version_has_neither_date_nor_subject() -> None:
    item = {"folder_key": "f", "uid": "7", "size": 9, "reason": "x", "fate": "rejected"}
    assert rows.remark_from(item) == Remark("f", "7", 9, "x", Fate.REJECTED, "", "")


def test_what_a_remark_does_not_know_is_not_written() -> None:
    assert set(rows.remark_attributes(Remark("f", "7", 9, "x"))) == {
        *("folder_key", "uid", "size", "reason", "fate"),
    }
