"""Users who begin with addresses in the test domain, and get their own when the domain is verified;
and what happens in a directory that WorkMail only reads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, cast

import pytest

from localrun.fakes.ledger import MemoryLedger
from migration.directory_model import DirectoryUser
from migration.errors import ProvisioningPending
from migration.model import Agreement, Failure, MailboxStatus, MailboxVerdict, Profile, Tally
from migration.ports import Directory
from migration.provisioning import Step, decide, provision_user
from tests.contract.workmail_cloud import DOMAIN, WorkMailCloud, mailbox
from tests.unit.test_provisioning import Stopped, Stopping, no_password, planned

ANNA = replace(mailbox("anna", f"a.berg@{DOMAIN}"), profile=Profile(city="Oslo"), quota_mb=2048)
ADDRESS = ANNA.target
EARLY = "anna@acme.awsapps.com"
BY_HAND = "info@acme.awsapps.com"
VERDICT = MailboxVerdict(1, Agreement.AGREE, Tally(5, 50), Tally(5, 50), ())


@pytest.fixture
def cloud() -> Iterator[WorkMailCloud]:
    """Its domain is registered and not verified yet."""
    cloud = WorkMailCloud()
    set_status(cloud, "PENDING")
    yield cloud
    cloud.close()


def set_status(cloud: WorkMailCloud, status: Any) -> None:
    cloud.fake.set_domain_status(cloud.organization_id, DOMAIN, status)


def finish(
    directory: Directory, cloud: WorkMailCloud, ledger: MemoryLedger, *, early: bool = False
) -> str:
    for _ in range(20):
        try:
            return provision_user(directory, ledger, ANNA.id, no_password, early=early)
        except ProvisioningPending:
            cloud.seconds += 3
    raise AssertionError("the user never became ready")


def begin(cloud: WorkMailCloud, ledger: MemoryLedger) -> str:
    return finish(cloud.directory, cloud, ledger, early=True)


def promote(cloud: WorkMailCloud, ledger: MemoryLedger) -> str:
    set_status(cloud, "VERIFIED")
    return finish(cloud.directory, cloud, ledger)


def copied(ledger: MemoryLedger) -> None:
    """What the copy does meanwhile."""
    ledger.set_status(ANNA.id, MailboxStatus.COPYING)
    ledger.set_verdict(ANNA.id, VERDICT)


def state_of(cloud: WorkMailCloud) -> dict[str, Any]:
    """What an operator sees of anna, without id and dates."""
    user = cloud.call("describe_user", UserId="anna")
    aliases = cloud.call("list_aliases", EntityId=user["UserId"])["Aliases"]
    details = cloud.call("get_mailbox_details", UserId="anna")
    shown = {name: user.get(name) for name in ("Name", "Email", "State", "City", "FirstName")}
    return shown | {"Quota": details["MailboxQuota"], "Aliases": sorted(aliases)}


AT_FIRST = {
    "Name": "anna",
    "Email": EARLY,
    "State": "ENABLED",
    "City": "Oslo",
    "FirstName": "First",
    "Quota": 2048,
    "Aliases": [],
}
AT_LAST = AT_FIRST | {"Email": ADDRESS, "Aliases": [f"a.berg@{DOMAIN}", EARLY]}


# ---- the decision ----------------------------------------------------------------------------


def user(email: str = "", state: str = "ENABLED", ready: bool = True) -> DirectoryUser:
    return DirectoryUser("u-1", "anna", email, state, ready)


@pytest.mark.parametrize(
    ("found", "address", "step"),
    [
        (None, EARLY, Step.CREATE),
        (user(EARLY), EARLY, Step.ENSURE),
        (user(EARLY.upper()), EARLY, Step.ENSURE),
        (user(BY_HAND), EARLY, Step.ENSURE),
        (user(EARLY, ready=False), EARLY, Step.WAIT),
        (user(ADDRESS), EARLY, Step.ENSURE),  # the domain was verified once
        (user(f"other@{DOMAIN}"), EARLY, Step.REFUSE),
        (user(state="DISABLED", ready=False), EARLY, Step.ENABLE),
        (user(EARLY, "DISABLED", ready=False), EARLY, Step.ENABLE),
        (user(EARLY), "", Step.PROMOTE),
        (user(BY_HAND), "", Step.PROMOTE),
        (user(EARLY, ready=False), "", Step.WAIT),
        (user(EARLY, "DISABLED", ready=False), "", Step.ENABLE),
        (replace(user(EARLY), name="berta"), "", Step.REFUSE),
        (replace(user(EARLY), name="berta"), EARLY, Step.REFUSE),
        (user("anna@acme.awsapps.com.example"), "", Step.REFUSE),
    ],
)
def test_what_to_do_with_an_address_of_the_test_domain(
    found: DirectoryUser | None, address: str, step: Step
) -> None:
    decision = decide(ANNA, found, address)
    assert decision.step is step
    assert "@" not in decision.reason


# ---- early, and then ---------------------------------------------------------------------------


def test_a_user_begins_in_the_test_domain_and_is_promoted(cloud: WorkMailCloud) -> None:
    ledger = planned(ANNA)
    assert begin(cloud, ledger) == "created"
    assert state_of(cloud) == AT_FIRST
    record = ledger.mailbox(ANNA.id)
    assert (record.status, record.address) == (MailboxStatus.PROVISIONED, EARLY)
    assert record.at_present.target == EARLY
    copied(ledger)
    assert promote(cloud, ledger) == "created"
    assert state_of(cloud) == AT_LAST
    record = ledger.mailbox(ANNA.id)
    assert (record.status, record.provisioned) == (MailboxStatus.COPIED, "created")
    assert (record.verdict, record.address) == (VERDICT, "")
    assert record.at_present == ANNA
    assert cloud.operations().count("UpdatePrimaryEmailAddress") == 1
    cloud.service.calls.clear()
    assert promote(cloud, ledger) == "created"
    changing = [name for name in cloud.operations() if not name.startswith(("Desc", "Get", "List"))]
    assert changing == []


def test_a_promotion_waits_until_workmail_knows_everywhere_that_the_domain_is_verified(
    cloud: WorkMailCloud,
) -> None:
    ledger = planned(ANNA)
    begin(cloud, ledger)
    copied(ledger)
    for operation in ("UpdatePrimaryEmailAddress", "CreateAlias"):
        cloud.fake.fail_next(operation, "MailDomainStateException", "not verified")
    assert promote(cloud, ledger) == "created"
    assert state_of(cloud) == AT_LAST
    assert ledger.mailbox(ANNA.id).failure is None


def test_a_domain_that_is_not_registered_at_all_is_no_obstacle(cloud: WorkMailCloud) -> None:
    cloud.call("deregister_mail_domain", DomainName=DOMAIN)
    assert begin(cloud, planned(ANNA)) == "created"
    assert state_of(cloud) == AT_FIRST


def test_a_user_whose_own_domain_is_verified_gets_the_address_at_once(
    cloud: WorkMailCloud,
) -> None:
    set_status(cloud, "VERIFIED")  # the one that is waited for is another one
    ledger = planned(ANNA)
    assert begin(cloud, ledger) == "created"
    assert state_of(cloud) == AT_LAST
    assert ledger.mailbox(ANNA.id).address == ""


def test_a_later_run_promotes_who_began_in_an_earlier_one(cloud: WorkMailCloud) -> None:
    ledger = planned(ANNA)
    begin(cloud, ledger)
    ledger.plan_mailboxes("run-2", [ANNA])
    assert ledger.mailbox(ANNA.id).at_present.target == EARLY
    assert promote(cloud, ledger) == "changed"
    assert state_of(cloud) == AT_LAST
    record = ledger.mailbox(ANNA.id)
    assert (record.status, record.address) == (MailboxStatus.PROVISIONED, "")


@pytest.mark.parametrize("address", [EARLY, BY_HAND])
def test_a_user_enabled_by_hand_in_the_test_domain_is_promoted(
    cloud: WorkMailCloud, address: str
) -> None:
    user_id = cloud.add_user("anna", address)
    ledger = planned(ANNA)
    assert promote(cloud, ledger) == "changed"
    assert ledger.mailbox(ANNA.id).user_id == user_id
    assert state_of(cloud)["Email"] == ADDRESS
    assert address in state_of(cloud)["Aliases"]


def test_a_user_enabled_by_hand_stays_where_it_is_until_the_domain_is_verified(
    cloud: WorkMailCloud,
) -> None:
    cloud.add_user("anna", BY_HAND)
    ledger = planned(replace(ANNA, display_name="", first_name="", profile=Profile(), quota_mb=0))
    assert begin(cloud, ledger) == "unchanged"
    assert ledger.mailbox(ANNA.id).address == BY_HAND
    copied(ledger)
    assert promote(cloud, ledger) == "changed"
    record = ledger.mailbox(ANNA.id)
    assert (record.status, record.provisioned) == (MailboxStatus.COPIED, "changed")


def test_a_user_who_was_disabled_gets_the_test_address_first(cloud: WorkMailCloud) -> None:
    cloud.add_user("anna")
    ledger = planned(ANNA)
    assert begin(cloud, ledger) == "enabled"
    assert state_of(cloud) == AT_FIRST
    assert promote(cloud, ledger) == "enabled"
    assert state_of(cloud) == AT_LAST


def test_the_address_for_the_time_being_is_known_before_the_mailbox_is_ready(
    cloud: WorkMailCloud,
) -> None:
    """So that a run that gives up waiting for it still knows what opens it."""
    ledger = planned(ANNA)
    with pytest.raises(ProvisioningPending):
        provision_user(cloud.directory, ledger, ANNA.id, no_password, early=True)
    assert ledger.mailbox(ANNA.id).at_present.target == EARLY


def test_an_alias_whose_domain_is_not_verified_comes_with_the_promotion(
    cloud: WorkMailCloud,
) -> None:
    set_status(cloud, "VERIFIED")
    cloud.call("register_mail_domain", DomainName="second.test", ClientToken="t")
    aliases = (f"a.berg@{DOMAIN}", "anna@second.test", "a.berg@second.test")
    ledger = planned(replace(ANNA, aliases=aliases))
    assert begin(cloud, ledger) == "created"
    assert state_of(cloud)["Aliases"] == [f"a.berg@{DOMAIN}", EARLY]
    record = ledger.mailbox(ANNA.id)
    assert (record.status, record.failure) == (MailboxStatus.PROVISIONED, None)
    assert record.remarks == ("aliases wait until their domain is verified: 2, 3",)
    copied(ledger)
    cloud.fake.set_domain_status(cloud.organization_id, "second.test", "VERIFIED")
    assert promote(cloud, ledger) == "created"
    assert set(aliases) < set(state_of(cloud)["Aliases"])
    assert ledger.mailbox(ANNA.id).remarks == ()
    assert ledger.mailbox(ANNA.id).status is MailboxStatus.COPIED


# ---- refusals --------------------------------------------------------------------------------


def test_who_is_refused_early_is_tried_again_with_the_promotion(cloud: WorkMailCloud) -> None:
    other = cloud.add_user("berta", EARLY)
    ledger = planned(ANNA)
    assert begin(cloud, ledger) == "refused"
    record = ledger.mailbox(ANNA.id)
    assert record.status is MailboxStatus.FAILED
    assert record.refused
    assert record.address == ""  # it has not got that one: nothing is to be promoted
    cloud.call("deregister_from_work_mail", EntityId=other)
    assert promote(cloud, ledger) == "created"
    record = ledger.mailbox(ANNA.id)
    assert (record.status, record.failure) == (MailboxStatus.PROVISIONED, None)


def test_who_was_refused_and_never_touched_gets_an_outcome(cloud: WorkMailCloud) -> None:
    cloud.add_user("anna", EARLY)
    cloud.fake.set_mailbox_size(EARLY, 3000.0)
    exact = replace(ANNA, aliases=(), display_name="", first_name="", profile=Profile())
    ledger = planned(exact)
    assert begin(cloud, ledger) == "refused"  # it holds more than its quota
    assert ledger.mailbox(ANNA.id).status is MailboxStatus.FAILED
    cloud.fake.set_mailbox_size(EARLY, 1000.0)
    assert promote(cloud, ledger) == "changed"
    assert ledger.mailbox(ANNA.id).status is MailboxStatus.PROVISIONED


def test_a_refused_promotion_leaves_the_mail_where_it_is_and_is_never_provisioned(
    cloud: WorkMailCloud,
) -> None:
    ledger = planned(ANNA)
    begin(cloud, ledger)
    copied(ledger)
    set_status(cloud, "VERIFIED")
    berta = cloud.add_user("berta", f"berta@{DOMAIN}")
    cloud.call("create_alias", EntityId=berta, Alias=ADDRESS)
    seen = []
    ledger.step = lambda _: seen.append(ledger.mailbox(ANNA.id).status)
    assert promote(cloud, ledger) == "refused"
    record = ledger.mailbox(ANNA.id)
    assert MailboxStatus.PROVISIONED not in seen
    assert (record.status, record.address) == (MailboxStatus.FAILED, EARLY)
    assert state_of(cloud) == AT_FIRST
    assert record.failure is not None
    assert "@" not in record.failure.reason
    cloud.call("delete_alias", EntityId=berta, Alias=ADDRESS)
    assert promote(cloud, ledger) == "created"
    assert ledger.mailbox(ANNA.id).address == ""


def test_what_failed_in_the_copy_stays_failed(cloud: WorkMailCloud) -> None:
    ledger = planned(ANNA)
    begin(cloud, ledger)
    failure = Failure("MailboxUnreachable", "no such mailbox at the source")
    ledger.set_failed(ANNA.id, failure)
    assert promote(cloud, ledger) == "created"
    record = ledger.mailbox(ANNA.id)
    assert (record.status, record.failure, record.address) == (MailboxStatus.FAILED, failure, "")


# ---- killed ----------------------------------------------------------------------------------


def interrupt(
    cloud: WorkMailCloud, ledger: MemoryLedger, stop_at: int, *, before: bool, early: bool
) -> bool:
    """Provisions until the call of that number; whether there was one."""
    countdown = [stop_at]
    directory = cast(Directory, Stopping(cloud.directory, before, countdown))
    stopping_ledger = cast(MemoryLedger, Stopping(ledger, before, countdown))
    try:
        finish(directory, cloud, stopping_ledger, early=early)
    except Stopped:
        return True
    return False


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("stop_at", range(1, 31))
def test_an_early_start_that_is_killed_anywhere_ends_in_the_same_state(
    cloud: WorkMailCloud, stop_at: int, before: bool
) -> None:
    ledger = planned(ANNA)
    interrupt(cloud, ledger, stop_at, before=before, early=True)
    # Killed between the creation and the note of it, nobody knows any more who made the user.
    assert begin(cloud, ledger) in ("created", "enabled")
    assert state_of(cloud) == AT_FIRST
    record = ledger.mailbox(ANNA.id)
    assert (record.status, record.address) == (MailboxStatus.PROVISIONED, EARLY)


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("by_hand", [True, False], ids=["by hand", "by the run"])
@pytest.mark.parametrize("stop_at", range(1, 13))
def test_a_promotion_that_is_killed_anywhere_ends_in_the_same_state(
    cloud: WorkMailCloud, stop_at: int, by_hand: bool, before: bool
) -> None:
    if by_hand:
        cloud.add_user("anna", EARLY)
    ledger = planned(ANNA)
    assert begin(cloud, ledger) == ("changed" if by_hand else "created")
    copied(ledger)
    set_status(cloud, "VERIFIED")
    interrupt(cloud, ledger, stop_at, before=before, early=False)
    assert promote(cloud, ledger) == ("changed" if by_hand else "created")
    assert state_of(cloud) == AT_LAST
    record = ledger.mailbox(ANNA.id)
    assert (record.status, record.verdict) == (MailboxStatus.COPIED, VERDICT)
    assert (record.provisioned, record.address) == ("changed" if by_hand else "created", "")


def test_the_kills_reach_every_call(cloud: WorkMailCloud) -> None:
    ledger = planned(ANNA)
    assert not interrupt(cloud, ledger, 31, before=True, early=True)
    copied(ledger)
    set_status(cloud, "VERIFIED")
    assert not interrupt(cloud, ledger, 13, before=True, early=False)


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("stop_at", range(1, 13))
def test_unchanged_users_who_are_promoted_are_changed_wherever_it_is_killed(
    cloud: WorkMailCloud, stop_at: int, before: bool
) -> None:
    cloud.add_user("anna", EARLY)
    exact = replace(ANNA, display_name="", first_name="", profile=Profile(), quota_mb=0)
    ledger = planned(exact)
    assert begin(cloud, ledger) == "unchanged"
    copied(ledger)
    set_status(cloud, "VERIFIED")
    interrupt(cloud, ledger, stop_at, before=before, early=False)
    assert promote(cloud, ledger) == "changed"
    record = ledger.mailbox(ANNA.id)
    assert (record.status, record.provisioned) == (MailboxStatus.COPIED, "changed")


# ---- a directory that WorkMail only reads -----------------------------------------------------


@pytest.fixture
def read_only(cloud: WorkMailCloud) -> WorkMailCloud:
    """Whose domain is verified, and anna enabled, as AD Connector synchronizes her."""
    set_status(cloud, "VERIFIED")
    cloud.add_user("anna", ADDRESS)
    cloud.fake.set_read_only(cloud.organization_id, True)
    return cloud


def test_a_read_only_directory_gives_a_remark_and_no_refusal(read_only: WorkMailCloud) -> None:
    exact = replace(ANNA, aliases=(), quota_mb=0)
    ledger = planned(exact)
    assert promote(read_only, ledger) == "unchanged"
    record = ledger.mailbox(ANNA.id)
    assert (record.status, record.failure) == (MailboxStatus.PROVISIONED, None)
    (remark,) = record.remarks
    assert remark.startswith("WorkMail has another value of display_name, first_name, city")
    assert "read-only" in remark
    assert "Oslo" not in remark


def test_what_a_read_only_directory_does_not_hold_is_changed_nevertheless(
    read_only: WorkMailCloud,
) -> None:
    ledger = planned(ANNA)
    assert promote(read_only, ledger) == "changed"
    assert state_of(read_only)["Quota"] == 2048
    assert f"a.berg@{DOMAIN}" in state_of(read_only)["Aliases"]
    assert len(ledger.mailbox(ANNA.id).remarks) == 1
    ledger.plan_mailboxes("run-2", [ANNA])
    assert ledger.mailbox(ANNA.id).remarks == ()
    assert promote(read_only, ledger) == "unchanged"
    assert len(ledger.mailbox(ANNA.id).remarks) == 1


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("all_else", [True, False], ids=["with more", "alone"])
@pytest.mark.parametrize("stop_at", range(1, 12))
def test_a_run_in_a_read_only_directory_that_is_killed_anywhere_ends_in_the_same_state(
    read_only: WorkMailCloud, stop_at: int, all_else: bool, before: bool
) -> None:
    wanted = ANNA if all_else else replace(ANNA, aliases=(), quota_mb=0)
    ledger = planned(wanted)
    interrupt(read_only, ledger, stop_at, before=before, early=False)
    assert promote(read_only, ledger) == ("changed" if all_else else "unchanged")
    record = ledger.mailbox(ANNA.id)
    assert (record.status, len(record.remarks)) == (MailboxStatus.PROVISIONED, 1)
