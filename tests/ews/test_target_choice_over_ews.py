"""The probe over WorkMail's EWS: what the emulator keeps, and a server that loses a trait."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from localrun.fakes.workmail_ews import EwsServer
from localrun.fakes.workmail_ews.items import StoredItem
from localrun.fakes.workmail_ews.store import MailboxStore
from migration.errors import TenantMisconfigured
from migration.target_choice import EWS, FOLDER, Candidate, choose_target
from migration.targets.workmail_ews import WorkmailEwsTarget
from migration.wire.ews import EwsClient
from tests.ews.harness import ADDRESS


@pytest.fixture
def candidate(client: EwsClient) -> Candidate:
    return Candidate(EWS, lambda: WorkmailEwsTarget(client))


def test_the_emulator_keeps_what_a_migration_needs(server: EwsServer, candidate: Candidate) -> None:
    before = set(server.folders(ADDRESS))
    assert choose_target([candidate]).kind == EWS
    assert set(server.folders(ADDRESS)) == before


def lose_date(item: StoredItem) -> None:
    item.received = item.created


def make_draft(item: StoredItem) -> None:
    item.is_draft = True


def forget_read(item: StoredItem) -> None:
    item.is_read = False


def forget_flags(item: StoredItem) -> None:
    item.properties.clear()


@pytest.mark.parametrize(
    ("lose", "word"),
    [
        (lose_date, "the date at which a message was received"),
        (make_draft, "it makes a draft of a message"),
        (forget_read, "it forgets that a message was read"),
        (forget_flags, "it forgets that a message was flagged"),
    ],
)
def test_a_server_that_loses_a_trait_is_not_chosen(
    server: EwsServer,
    candidate: Candidate,
    monkeypatch: pytest.MonkeyPatch,
    lose: Callable[[StoredItem], None],
    word: str,
) -> None:
    add_item = MailboxStore.add_item

    def add_less(store: MailboxStore, item: StoredItem) -> None:
        lose(item)
        add_item(store, item)

    monkeypatch.setattr(MailboxStore, "add_item", add_less)
    with pytest.raises(TenantMisconfigured) as caught:
        choose_target([candidate])
    assert word in caught.value.problems[0]
    assert (FOLDER,) not in server.folders(ADDRESS)


def test_a_server_that_forgets_received_dates_is_not_chosen(
    server: EwsServer, candidate: Candidate
) -> None:
    server.faults.forgets_received = True
    with pytest.raises(TenantMisconfigured, match="the date at which a message was received"):
        choose_target([candidate])
    assert (FOLDER,) not in server.folders(ADDRESS)


def test_a_server_that_refuses_the_properties_is_not_chosen(
    server: EwsServer, candidate: Candidate
) -> None:
    server.faults.reject_next("ErrorInvalidExtendedProperty", times=10)
    with pytest.raises(TenantMisconfigured, match="ErrorInvalidExtendedProperty"):
        choose_target([candidate])
    assert (FOLDER,) not in server.folders(ADDRESS)
