"""How a user gets its profile and quota, over the emulated API and a ledger in memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, cast

import pytest

from localrun.fakes.ledger import MemoryLedger
from migration.errors import ProvisioningPending
from migration.model import MailboxStatus, Profile
from migration.ports import Directory
from migration.provisioning import provision_user
from tests.contract.workmail_cloud import DOMAIN, WorkMailCloud, mailbox
from tests.unit.test_provisioning import Stopped, Stopping, no_password, planned

PROFILE = Profile(city="Oslo", job_title="Chief", hidden=True)
ANNA = replace(mailbox("anna", f"a.berg@{DOMAIN}"), profile=PROFILE, quota_mb=2048)
ADDRESS = ANNA.target
READING = {"DescribeEntity", "DescribeUser", "GetMailboxDetails", "ListAliases"}


@pytest.fixture
def cloud() -> Iterator[WorkMailCloud]:
    cloud = WorkMailCloud()
    yield cloud
    cloud.close()


def finish(cloud: WorkMailCloud, ledger: MemoryLedger) -> str:
    for _ in range(20):
        try:
            return provision_user(cloud.directory, ledger, ANNA.id, no_password)
        except ProvisioningPending:
            cloud.seconds += 3
    raise AssertionError("the user never became ready")


def state_of(cloud: WorkMailCloud) -> dict[str, Any]:
    """What an operator sees of anna, without id and dates."""
    user = cloud.call("describe_user", UserId="anna")
    shown = {name: value for name, value in user.items() if not name.endswith("Date")}
    details = cloud.call("get_mailbox_details", UserId="anna")
    aliases = cloud.call("list_aliases", EntityId=shown.pop("UserId"))["Aliases"]
    del shown["ResponseMetadata"]
    return shown | {"Quota": details["MailboxQuota"], "Aliases": aliases}


EXPECTED = {
    "Name": "anna",
    "Email": ADDRESS,
    "DisplayName": "Anna",
    "FirstName": "First",
    "State": "ENABLED",
    "UserRole": "USER",
    "HiddenFromGlobalAddressList": True,
    "City": "Oslo",
    "JobTitle": "Chief",
    "Quota": 2048,
    "Aliases": ["anna@acme.awsapps.com", f"a.berg@{DOMAIN}"],
}


def test_a_new_user_gets_everything_and_a_second_run_writes_nothing(cloud: WorkMailCloud) -> None:
    ledger = planned(ANNA)
    assert finish(cloud, ledger) == "created"
    assert state_of(cloud) == EXPECTED
    cloud.service.calls.clear()
    ledger.plan_mailboxes("run-2", [ANNA])
    assert finish(cloud, ledger) == "unchanged"
    assert set(cloud.operations()) == READING


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("there", [True, False], ids=["there", "new"])
@pytest.mark.parametrize("stop_at", range(1, 22))
def test_a_run_that_is_killed_anywhere_ends_in_the_same_state(
    cloud: WorkMailCloud, stop_at: int, there: bool, before: bool
) -> None:
    if there:
        cloud.add_user("anna", ADDRESS)
    ledger = planned(ANNA)
    countdown = [stop_at]
    directory = cast(Directory, Stopping(cloud.directory, before, countdown))
    stopping_ledger = cast(MemoryLedger, Stopping(ledger, before, countdown))
    for _ in range(20):
        try:
            provision_user(directory, stopping_ledger, ANNA.id, no_password)
            break
        except ProvisioningPending:
            cloud.seconds += 3
        except Stopped:
            break
    how = finish(cloud, ledger)
    assert how in (("changed",) if there else ("created", "enabled"))
    assert state_of(cloud) == EXPECTED
    assert ledger.mailbox(ANNA.id).status is MailboxStatus.PROVISIONED
    assert ledger.mailbox(ANNA.id).provisioned == how


def test_what_the_manifest_leaves_empty_stays(cloud: WorkMailCloud) -> None:
    user_id = cloud.add_user("anna", ADDRESS)
    cloud.call("update_user", UserId=user_id, Department="Sales", LastName="Berg", City="Rome")
    assert finish(cloud, planned(ANNA)) == "changed"
    assert state_of(cloud) == EXPECTED | {"Department": "Sales", "LastName": "Berg"}


def test_without_a_quota_in_the_manifest_nobody_asks_for_it(cloud: WorkMailCloud) -> None:
    assert finish(cloud, planned(replace(ANNA, quota_mb=0))) == "created"
    assert not {"GetMailboxDetails", "UpdateMailboxQuota"} & set(cloud.operations())


def test_a_mailbox_that_holds_more_than_its_quota_is_refused_and_the_rest_is_done(
    cloud: WorkMailCloud,
) -> None:
    cloud.add_user("anna", ADDRESS)
    cloud.fake.set_mailbox_size(ADDRESS, 3000.0)
    ledger = planned(ANNA)
    assert finish(cloud, ledger) == "refused"
    record = ledger.mailbox(ANNA.id)
    assert (record.status, record.provisioned) == (MailboxStatus.FAILED, "changed")
    assert record.failure is not None
    assert "write at least 3000" in record.failure.reason
    assert state_of(cloud) == EXPECTED | {"Quota": 51200}
    ledger.plan_mailboxes("run-2", [replace(ANNA, quota_mb=0)])
    assert finish(cloud, ledger) == "unchanged"


def test_a_user_of_identity_center_is_created_without_a_password(cloud: WorkMailCloud) -> None:
    identity = "0a1b2c3d-0000-4000-8000-0123456789ab"
    ledger = planned(replace(ANNA, profile=Profile(identity_center_id=identity)))
    with pytest.raises(ProvisioningPending):
        provision_user(cloud.directory, ledger, ANNA.id, lambda _address: "Sommer-2026")
    created = dict(cloud.service.calls)["CreateUser"]
    assert created["IdentityProviderUserId"] == identity
    assert "Password" not in created


def test_a_user_who_was_disabled_is_enabled_again_with_the_same_id(cloud: WorkMailCloud) -> None:
    user_id = cloud.add_user("anna", ADDRESS)
    cloud.call("deregister_from_work_mail", EntityId=user_id)
    ledger = planned(ANNA)
    assert finish(cloud, ledger) == "enabled again"
    record = ledger.mailbox(ANNA.id)
    assert (record.user_id, record.provisioned) == (user_id, "enabled again")
