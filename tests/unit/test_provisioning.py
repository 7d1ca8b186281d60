"""How a mailbox gets its WorkMail user, over the emulated API and a ledger in memory."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from localrun.fakes.ledger import MemoryLedger
from localrun.fakes.wave_secrets import MemoryWaves
from migration.directory_model import DirectoryUser
from migration.errors import ProvisioningPending
from migration.logs import logger
from migration.model import Mailbox, MailboxStatus
from migration.ports import Directory
from migration.provisioning import Step, decide, provision_user
from migration.settings import Settings
from migration.user_changes import missing_aliases
from migration.wiring import Wiring
from provision_user import handler
from tests.contract.workmail_cloud import DOMAIN, WorkMailCloud, mailbox
from tests.unit.test_settings import environment

ANNA = mailbox("anna", f"a.berg@{DOMAIN}", f"office@{DOMAIN}")
ADDRESS = ANNA.target
ALIASES = frozenset(ANNA.aliases) | {"anna@acme.awsapps.com"}


class Stopped(Exception):
    """The Lambda dies here."""


class Stopping:
    """Lets a number of calls through and dies just before or just after the next one."""

    def __init__(self, inner: object, before: bool, countdown: list[int]) -> None:
        self._inner = inner
        self._before = before
        self._countdown = countdown

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._inner, name)

        def call(*arguments: Any, **named: Any) -> Any:
            self._countdown[0] -= 1
            if self._countdown[0] == 0 and self._before:
                raise Stopped(name)
            answer = method(*arguments, **named)
            if self._countdown[0] == 0:
                raise Stopped(name)
            return answer

        return call


@pytest.fixture
def cloud() -> Iterator[WorkMailCloud]:
    cloud = WorkMailCloud()
    yield cloud
    cloud.close()


def planned(*mailboxes: Mailbox) -> MemoryLedger:
    ledger = MemoryLedger()
    ledger.plan_mailboxes("run-1", mailboxes or (ANNA,))
    return ledger


def no_password(_address: str) -> str:
    return ""


def provision(cloud: WorkMailCloud, ledger: MemoryLedger, mailbox_id: str = ANNA.id) -> str:
    return provision_user(cloud.directory, ledger, mailbox_id, no_password)


def finish(cloud: WorkMailCloud, ledger: MemoryLedger, mailbox_id: str = ANNA.id) -> str:
    """Calls again after a while, as the workflow does, for at most a minute."""
    for _ in range(20):
        try:
            return provision(cloud, ledger, mailbox_id)
        except ProvisioningPending:
            assert ledger.mailbox(mailbox_id).status is MailboxStatus.PLANNED
            cloud.seconds += 3
    raise AssertionError("the user never became ready")


# ---- the decision ----------------------------------------------------------------------------


def user(email: str = ADDRESS, state: str = "ENABLED", ready: bool = False) -> DirectoryUser:
    return DirectoryUser("u-1", "anna", email, state, ready)


@pytest.mark.parametrize(
    ("found", "step", "word"),
    [
        (None, Step.CREATE, "knows neither"),
        (user(email="", state="DISABLED"), Step.ENABLE, "disabled"),
        (user(state="DISABLED"), Step.ENABLE, "disabled"),
        (replace(user(state="DISABLED"), was_enabled=True), Step.ENABLE_AGAIN, "same id"),
        (user(), Step.WAIT, "not ready"),
        (user(ready=True), Step.ENSURE, "has its mailbox"),
        (user(email=ADDRESS.upper(), ready=True), Step.ENSURE, "has its mailbox"),
        (user(email=f"other@{DOMAIN}", ready=True), Step.REFUSE, "another primary address"),
        (user(email=f"other@{DOMAIN}", state="DISABLED"), Step.REFUSE, "another primary address"),
        (user(state="DELETED"), Step.CREATE, "whether it is free again"),
    ],
)
def test_what_to_do_next_and_why(found: DirectoryUser | None, step: Step, word: str) -> None:
    decision = decide(ANNA, found)
    assert decision.step is step
    assert word in decision.reason
    assert "@" not in decision.reason


def test_missing_aliases_keep_their_numbers() -> None:
    present = {f"A.Berg@{DOMAIN}", "anna@acme.awsapps.com"}
    assert missing_aliases(ANNA, present) == [(2, f"office@{DOMAIN}")]
    assert missing_aliases(ANNA, set(ANNA.aliases)) == []


# ---- what is done ----------------------------------------------------------------------------


def test_a_new_user_is_created_enabled_and_gets_its_aliases(cloud: WorkMailCloud) -> None:
    ledger = planned()
    assert finish(cloud, ledger) == "created"
    record = ledger.mailbox(ANNA.id)
    found = cloud.directory.find_user(ADDRESS, "anna")
    assert found is not None
    assert found.ready
    assert (record.status, record.provisioned) == (MailboxStatus.PROVISIONED, "created")
    assert record.user_id == found.id
    assert cloud.directory.aliases(found.id) == ALIASES
    assert cloud.operations().count("CreateUser") == 1


def test_a_disabled_user_is_enabled(cloud: WorkMailCloud) -> None:
    user_id = cloud.add_user("anna")
    ledger = planned()
    assert finish(cloud, ledger) == "enabled"
    assert ledger.mailbox(ANNA.id).user_id == user_id
    assert cloud.operations().count("CreateUser") == 1  # the one of this test itself


def test_a_user_that_is_right_is_left_alone(cloud: WorkMailCloud) -> None:
    cloud.add_user("anna", ADDRESS)
    assert provision(cloud, planned()) == "changed"  # its names and aliases
    cloud.service.calls.clear()
    ledger = planned()
    assert provision(cloud, ledger) == "unchanged"
    assert cloud.operations() == ["DescribeEntity", "DescribeUser", "ListAliases"]
    assert ledger.mailbox(ANNA.id).status is MailboxStatus.PROVISIONED


def test_the_same_run_gives_its_answer_again_and_the_next_run_finds_nothing_to_do(
    cloud: WorkMailCloud,
) -> None:
    ledger = planned()
    assert finish(cloud, ledger) == "created"
    assert provision(cloud, ledger) == "created"
    ledger.plan_mailboxes("run-2", [ANNA])
    assert provision(cloud, ledger) == "unchanged"
    assert ledger.mailbox(ANNA.id).provisioned == "unchanged"


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("stop_at", range(1, 25))
def test_it_may_be_stopped_anywhere(cloud: WorkMailCloud, stop_at: int, before: bool) -> None:
    ledger = planned()
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
    assert finish(cloud, ledger) in ("created", "enabled")
    record = ledger.mailbox(ANNA.id)
    assert record.status is MailboxStatus.PROVISIONED
    assert cloud.directory.aliases(record.user_id) == ALIASES
    assert len(cloud.call("list_users")["Users"]) == 1


def test_a_created_user_stays_created_over_the_calls_that_wait(cloud: WorkMailCloud) -> None:
    ledger = planned()
    for _ in range(3):  # unseen, then enabled, then without a mailbox
        with pytest.raises(ProvisioningPending):
            provision(cloud, ledger)
        record = ledger.mailbox(ANNA.id)
        assert (record.status, record.provisioned) == (MailboxStatus.PLANNED, "creating")
        cloud.seconds += 2
    assert finish(cloud, ledger) == "created"


def test_a_mailbox_that_is_not_ready_is_never_provisioned(cloud: WorkMailCloud) -> None:
    ledger = planned()
    seen = []
    ledger.step = lambda _: seen.append(ledger.mailbox(ANNA.id).status)
    assert finish(cloud, ledger) == "created"
    assert len(seen) > 2
    assert set(seen[:-1]) == {MailboxStatus.PLANNED}
    assert seen[-1] is MailboxStatus.PROVISIONED


# ---- what is refused -------------------------------------------------------------------------


def refused_reason(cloud: WorkMailCloud, ledger: MemoryLedger) -> str:
    """Provisions anna, who is refused; the recorded reason, which names nobody."""
    assert finish(cloud, ledger) == "refused"
    record = ledger.mailbox(ANNA.id)
    assert record.status is MailboxStatus.FAILED
    assert record.failure is not None
    assert record.failure.error == "UserRefused"
    assert "@" not in record.failure.reason
    return record.failure.reason


def test_a_user_of_that_name_with_another_address(cloud: WorkMailCloud) -> None:
    cloud.add_user("anna", f"other@{DOMAIN}")
    assert "another primary address" in refused_reason(cloud, planned())


def test_an_address_that_is_somebodys_alias(cloud: WorkMailCloud) -> None:
    berta = cloud.add_user("berta", f"berta@{DOMAIN}")
    cloud.directory.add_alias(berta, ADDRESS)
    assert "another primary address" in refused_reason(cloud, planned())


def test_a_deleted_user(cloud: WorkMailCloud) -> None:
    """Whether WorkMail frees the name is not documented: it is asked."""
    user_id = cloud.add_user("anna")
    cloud.call("delete_user", UserId=user_id)
    cloud.fake.fail_next("CreateUser", "NameAvailabilityException", "anna", 3)
    ledger = planned()
    for _ in range(3):
        with pytest.raises(ProvisioningPending, match="write another one in the manifest"):
            provision(cloud, ledger)
    assert ledger.mailbox(ANNA.id).failure is None
    assert finish(cloud, ledger) == "created"
    assert ledger.mailbox(ANNA.id).user_id != user_id
    assert cloud.call("describe_user", UserId="anna")["State"] == "ENABLED"


def test_a_lost_answer_to_the_creation_of_a_deleted_users_namesake(cloud: WorkMailCloud) -> None:
    """WorkMail knows the new user, and shows the deleted one for a while."""
    cloud.call("delete_user", UserId=cloud.add_user("anna"))
    cloud.seconds += 10
    made = cloud.directory.create_user(ANNA)
    ledger = planned()
    with pytest.raises(ProvisioningPending, match="NameAvailabilityException"):
        provision(cloud, ledger)
    assert finish(cloud, ledger) == "enabled"
    assert ledger.mailbox(ANNA.id).user_id == made.id


def test_a_domain_that_is_not_verified_everywhere_is_waited_for(cloud: WorkMailCloud) -> None:
    cloud.fake.set_domain_status(cloud.organization_id, DOMAIN, "PENDING")
    ledger = planned()
    for _ in range(5):
        with pytest.raises(ProvisioningPending) as caught:
            provision(cloud, ledger)
        cloud.seconds += 5
    assert "publish the TXT record" in str(caught.value)
    assert ledger.mailbox(ANNA.id).failure is None
    cloud.fake.set_domain_status(cloud.organization_id, DOMAIN, "VERIFIED")
    assert finish(cloud, ledger) == "created"


def test_all_refused_aliases_are_named_by_number_and_the_others_are_added(
    cloud: WorkMailCloud,
) -> None:
    cloud.add_user("berta", f"a.berg@{DOMAIN}")
    cloud.add_user("carl", f"c@{DOMAIN}")
    ledger = planned(mailbox("anna", f"a.berg@{DOMAIN}", f"office@{DOMAIN}", f"c@{DOMAIN}"))
    reason = refused_reason(cloud, ledger)
    assert "alias 1: " in reason
    assert "alias 3: " in reason
    assert "alias 2: " not in reason
    found = cloud.directory.find_user(ADDRESS, "anna")
    assert found is not None
    assert f"office@{DOMAIN}" in cloud.directory.aliases(found.id)


def test_a_refused_user_can_be_provisioned_once_the_operator_has_acted(
    cloud: WorkMailCloud,
) -> None:
    cloud.fake.fail_next("RegisterToWorkMail", "InvalidParameterException", "no")
    ledger = planned()
    refused_reason(cloud, ledger)
    ledger.plan_mailboxes("run-2", [ANNA])
    assert finish(cloud, ledger) == "created"
    assert ledger.mailbox(ANNA.id).failure is None


# ---- passwords -------------------------------------------------------------------------------

PASSWORD = "Sommer-2026"


def finish_with(cloud: WorkMailCloud, ledger: MemoryLedger, passwords: Mapping[str, str]) -> str:
    for _ in range(20):
        try:
            return provision_user(
                cloud.directory, ledger, ANNA.id, lambda address: passwords.get(address, "")
            )
        except ProvisioningPending as pending:
            assert PASSWORD not in str(pending)
            cloud.seconds += 3
    raise AssertionError("the user never became ready")


def test_a_new_user_gets_the_password_of_the_targets_secret(cloud: WorkMailCloud) -> None:
    assert finish_with(cloud, planned(), {ADDRESS: PASSWORD}) == "created"
    assert dict(cloud.service.calls)["CreateUser"]["Password"] == PASSWORD


def test_without_a_password_there_a_user_gets_none(cloud: WorkMailCloud) -> None:
    assert finish_with(cloud, planned(), {f"other@{DOMAIN}": PASSWORD}) == "created"
    assert "Password" not in dict(cloud.service.calls)["CreateUser"]


def test_a_password_stands_neither_in_the_ledger_nor_in_an_answer(cloud: WorkMailCloud) -> None:
    ledger = planned()
    answer = finish_with(cloud, ledger, {ADDRESS: PASSWORD})
    assert PASSWORD not in repr((answer, ledger.mailbox(ANNA.id), ledger.notes("run-1")))


def test_the_function_answers_and_logs_no_password(
    cloud: WorkMailCloud, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    wired = Wiring(Settings.from_env(environment()), "eu-west-1")
    ledger = planned()
    secrets = SimpleNamespace(read_target=lambda: {"mailboxes": {ADDRESS: PASSWORD}})
    wired.__dict__ |= {
        "directory": cloud.directory,
        "ledger": ledger,
        "secrets": secrets,
        "waves": MemoryWaves(),
    }
    monkeypatch.setattr("migration.wiring.wire", lambda: wired)
    monkeypatch.setattr(logger._logger, "propagate", True)
    event = {
        "run": "run-1",
        "mailbox": ANNA.id,
        "early": False,
        "passwords": "generate",
        "now": "2026-12-04T18:00:00Z",
    }
    said = []
    with caplog.at_level(logging.DEBUG):
        for _ in range(20):
            try:
                said.append(repr(handler(event, None)))
                break
            except ProvisioningPending as pending:
                said.append(str(pending))
                cloud.seconds += 3
    assert said[-1] == "{'outcome': 'created'}"
    assert dict(cloud.service.calls)["CreateUser"]["Password"] == PASSWORD
    ours = [record for record in caplog.records if record.name == logger.name]
    assert len(ours) == len(said)
    assert PASSWORD not in repr([vars(record) for record in ours])
    assert PASSWORD not in "".join(said)


@pytest.mark.parametrize("password", ["winter", "x" * 300, "Snow\u2603-2026"])
def test_a_password_that_workmail_refuses_refuses_the_user_and_is_not_quoted(
    cloud: WorkMailCloud, password: str
) -> None:
    ledger = planned()
    assert finish_with(cloud, ledger, {ADDRESS: password}) == "refused"
    failure = ledger.mailbox(ANNA.id).failure
    assert failure is not None
    assert "assword" in failure.reason
    assert password not in repr(ledger.mailbox(ANNA.id))


def test_a_user_who_is_there_keeps_the_password(cloud: WorkMailCloud) -> None:
    cloud.add_user("anna")
    assert finish_with(cloud, planned(), {ADDRESS: PASSWORD}) == "enabled"
    assert all("Password" not in sent for _, sent in cloud.service.calls)
