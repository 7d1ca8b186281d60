"""Verification with EWS as the target: what is altered in the server's store is named."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Any

import pytest

from localrun.fakes.workmail_ews import EwsServer
from localrun.fakes.workmail_ews.items import StoredItem
from migration.directory_model import Token
from migration.model import Agreement
from migration.targets.workmail_ews import WorkmailEwsTarget
from migration.wire.ews import EwsClient
from tests.unit.copy.copied_mailbox import INBOX, CopiedMailbox

ADDRESS = "bob@example.test"
DAY = datetime(2015, 2, 1, 10, 20, 30, tzinfo=UTC)


class OverEws(CopiedMailbox):
    """A copied mailbox in the EWS server, and a way to its store."""

    def __init__(self, server: EwsServer, client: EwsClient) -> None:
        super().__init__(receiver=WorkmailEwsTarget(client))
        self.server = server
        for number in range(6):
            self.source.deliver(INBOX, letter(number), DAY, ["\\Seen", "$Forwarded", "Projekt-X"])
        self.source.deliver(INBOX, letter(6), DAY, ["\\Answered", "$Forwarded", "\\Flagged"])
        self.source.deliver(INBOX, b"no header\r\n", DAY)
        self.copy()

    def items(self) -> dict[str, StoredItem]:
        store = self.server._store(ADDRESS)
        (folder,) = [each for each in store.visible_folders() if len(each.items)]
        return folder.items

    def stored(self, number: int) -> StoredItem:
        return list(self.items().values())[number]

    def found(self) -> dict[str, Any]:
        body = json.loads(self.findings())
        assert body["compared_by"] == "traits"
        return {
            "missing": [each["uid"] for each in body["missing"]],
            "extra": [(each["uid"], each["count"]) for each in body["extra"]],
            "differing": [(each["uid"], *each["traits"]) for each in body["differing"]],
        }


def letter(number: int) -> bytes:
    message = EmailMessage()
    message["From"] = "Ålice <alice@example.test>"
    message["To"] = "bob@example.test, eve@example.test"
    message["Subject"] = f"Größe {number}"
    message["Date"] = "Sun, 01 Feb 2015 11:00:00 +0100"
    message["Message-ID"] = f"<{number}@example.test>"
    message.set_content(f"Grüße, {number}\n")
    message.add_attachment(b"data %d" % number, maintype="application", subtype="x", filename="a")
    return message.as_bytes()


@pytest.fixture
def mailbox() -> Iterator[OverEws]:
    with EwsServer(lambda *_: "ok", lambda _: True, lambda: 1_700_000_000.0) as server:
        client = EwsClient(server.url, lambda: Token("token", 900.0), ADDRESS)
        made = OverEws(server, client)
        yield made
        made.receiver.close()


NOTHING: dict[str, Any] = {"missing": [], "extra": [], "differing": []}


def test_what_was_copied_agrees(mailbox: OverEws) -> None:
    assert mailbox.verify() == (Agreement.AGREE, ())
    assert mailbox.found() == NOTHING
    assert json.loads(mailbox.findings())["folders"][0]["compared"] == 8


def test_what_is_altered_is_named(mailbox: OverEws) -> None:
    mailbox.stored(1).mime = letter(1).replace(b"Subject: ", b"Subject: Re: ")
    mailbox.stored(2).received += timedelta(seconds=60)
    mailbox.stored(3).is_read = False
    mailbox.stored(4).mime = letter(7)
    agreement, _ = mailbox.verify()
    assert agreement is Agreement.EXCEPTIONS
    assert sorted(mailbox.found()["differing"]) == [
        ("2", "subject"),
        ("3", "received"),
        ("4", "flags"),
        ("5", "message-id", "subject", "text", "attachments"),
    ]


def test_what_is_lost_and_what_is_doubled_is_named(mailbox: OverEws) -> None:
    items = mailbox.items()
    copied = replace(deepcopy(mailbox.stored(5)), id="another", number=999)
    items[copied.id] = copied
    assert mailbox.verify()[0] is Agreement.DIFFER
    assert mailbox.found() == {**NOTHING, "extra": [("6", 1)]}
    del items[copied.id]
    mailbox.receiver.remove(mailbox.record().target_id, [mailbox.stored(2).id])
    assert mailbox.verify()[0] is Agreement.DIFFER
    assert mailbox.found() == {**NOTHING, "missing": ["3"]}
