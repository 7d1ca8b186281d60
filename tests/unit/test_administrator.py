"""The impersonation role: made once, proved on a mailbox, and removed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from localrun.fakes.ledger import MemoryLedger
from migration.administrator import disable_administrator, enable_administrator
from migration.errors import (
    AdministratorPending,
    CredentialsRejected,
    MailboxUnreachable,
    TenantMisconfigured,
)
from migration.model import Failure
from tests.contract.workmail_cloud import WorkMailCloud, mailbox

ROLE = "workmail-migration-acme"
ANNA, BERTA = mailbox("anna"), mailbox("berta")


@pytest.fixture
def cloud() -> Iterator[WorkMailCloud]:
    cloud = WorkMailCloud()
    yield cloud
    cloud.close()


@pytest.fixture
def ledger() -> MemoryLedger:
    ledger = MemoryLedger()
    ledger.plan_mailboxes("run-1", [ANNA, BERTA])
    return ledger


class Probe:
    """Opens a mailbox as the mail server would let it."""

    def __init__(self, cloud: WorkMailCloud) -> None:
        self.cloud = cloud
        self.calls: list[tuple[str, str]] = []

    def __call__(self, role_id: str, address: str) -> None:
        self.calls.append((role_id, address))
        token = self.cloud.directory.assume_role(role_id)
        verdict = self.cloud.fake.check_token(token.value, address)
        if verdict == "not-ready":
            raise CredentialsRejected(verdict)  # as the target says it
        if verdict != "ok":
            raise MailboxUnreachable(verdict)


def roles(cloud: WorkMailCloud) -> list[str]:
    return [role["Name"] for role in cloud.call("list_impersonation_roles")["Roles"]]


def test_the_role_is_made_once_and_waited_for(cloud: WorkMailCloud, ledger: MemoryLedger) -> None:
    cloud.add_user("anna", ANNA.target)
    probe = Probe(cloud)
    with pytest.raises(AdministratorPending):
        enable_administrator(cloud.directory, ledger, ROLE, "run-1", probe)
    cloud.seconds += 60
    enabled = enable_administrator(cloud.directory, ledger, ROLE, "run-1", probe)
    assert enabled.mailbox == ANNA
    role_id = enabled.role
    assert cloud.directory.find_role(ROLE) == role_id
    assert probe.calls == [(role_id, ANNA.target)] * 2
    assert roles(cloud) == [ROLE]


def test_a_mailbox_in_the_test_domain_is_tried_there(
    cloud: WorkMailCloud, ledger: MemoryLedger
) -> None:
    early = "anna@acme.awsapps.com"
    ledger.set_provisioned(ANNA.id, cloud.add_user("anna", early), "created", early)
    probe = Probe(cloud)
    with pytest.raises(AdministratorPending):
        enable_administrator(cloud.directory, ledger, ROLE, "run-1", probe)
    cloud.seconds += 60
    enabled = enable_administrator(cloud.directory, ledger, ROLE, "run-1", probe)
    assert enabled.mailbox == replace(ANNA, target=early)
    assert {address for _, address in probe.calls} == {early}


def test_a_mailbox_that_is_known_to_be_provisioned_is_asked_first(
    cloud: WorkMailCloud, ledger: MemoryLedger
) -> None:
    cloud.add_user("anna", ANNA.target)
    ledger.set_provisioned(BERTA.id, cloud.add_user("berta", BERTA.target), "created")
    probe = Probe(cloud)
    cloud.service.calls.clear()
    with pytest.raises(AdministratorPending):
        enable_administrator(cloud.directory, ledger, ROLE, "run-1", probe)
    assert [address for _, address in probe.calls] == [BERTA.target]
    assert cloud.operations().count("DescribeUser") == 1


def test_no_role_is_made_when_no_mailbox_is_ready(
    cloud: WorkMailCloud, ledger: MemoryLedger
) -> None:
    cloud.add_user("berta", BERTA.target)
    anna = cloud.add_user("anna")
    cloud.call("register_to_work_mail", EntityId=anna, Email=ANNA.target)  # no mailbox yet
    ledger.set_failed(BERTA.id, Failure("UserRefused", "x"))
    with pytest.raises(TenantMisconfigured, match="run the phase `provision` first"):
        enable_administrator(cloud.directory, ledger, ROLE, "run-1", Probe(cloud))
    assert roles(cloud) == []


def test_who_needs_no_role_gets_none(cloud: WorkMailCloud, ledger: MemoryLedger) -> None:
    cloud.add_user("anna", ANNA.target)
    probe = Probe(cloud)
    enabled = enable_administrator(cloud.directory, ledger, ROLE, "run-1", probe, needs_role=False)
    assert (enabled.role, enabled.mailbox) == ("", ANNA)
    assert (roles(cloud), probe.calls) == ([], [])


def test_mailboxes_of_other_runs_are_not_asked(cloud: WorkMailCloud, ledger: MemoryLedger) -> None:
    cloud.add_user("anna", ANNA.target)
    with pytest.raises(TenantMisconfigured):
        enable_administrator(cloud.directory, ledger, ROLE, "run-2", Probe(cloud))


def test_every_role_of_the_name_is_removed_and_no_other(cloud: WorkMailCloud) -> None:
    for description in ("run 1", "run 2"):
        cloud.directory.create_role(ROLE, description)
    cloud.directory.create_role("backup", "x")
    assert disable_administrator(cloud.directory, ROLE)
    assert roles(cloud) == ["backup"]
    assert not disable_administrator(cloud.directory, ROLE)


def test_a_list_that_is_behind_does_not_hold_it_up(
    cloud: WorkMailCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    role_id = cloud.directory.create_role(ROLE, "x")
    monkeypatch.setattr(cloud.directory, "find_role", lambda name: role_id)
    assert disable_administrator(cloud.directory, ROLE)
    assert roles(cloud) == []
