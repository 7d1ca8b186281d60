"""Other passwords after the run, over the emulated API."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import cast

import pytest

from migration.errors import ProvisioningPending
from migration.password_parts import LIMIT, Part
from migration.password_reset import Reset, reset_passwords
from migration.passwords import meets_rule
from migration.ports import Directory, Ledger, WaveSecrets
from tests.contract.workmail_cloud import WorkMailCloud
from tests.unit.test_provisioning import Stopped, Stopping
from tests.unit.test_wave_passwords import ANNA, BERTA, CORA, FIRST, NOW, Tenant, person

ALWAYS: Callable[[], float] = lambda: 900.0  # noqa: E731 - a value of the tests
TAKEN = "waves/run-1/reset/1"


@pytest.fixture
def cloud() -> Iterator[WorkMailCloud]:
    cloud = WorkMailCloud()
    yield cloud
    cloud.close()


@pytest.fixture
def tenant(cloud: WorkMailCloud) -> Tenant:
    """Anna and Cora were created, Cora with the operator's password; Berta was there."""
    cloud.add_user("berta", BERTA.target)
    tenant = Tenant(cloud, ANNA, BERTA, CORA, cora="Coras-own-word-1")
    tenant.settings = replace(tenant.settings, passwords_reset_after_run=True)
    tenant.whole()
    return tenant


def reset(tenant: Tenant, seconds_left: Callable[[], float] = ALWAYS) -> Reset:
    return reset_passwords(
        tenant.settings,
        cast(Directory, tenant.stop(tenant.cloud.directory)),
        cast(Ledger, tenant.stop(tenant.ledger)),
        tenant.secrets,
        cast(WaveSecrets, tenant.stop(tenant.waves)),
        tenant.random,
        tenant.run,
        NOW,
        seconds_left,
    )


def remark(tenant: Tenant) -> str:
    (note,) = [one for one in tenant.ledger.notes(tenant.run) if one.state == "ResetPasswords"]
    return note.what


def test_who_was_created_gets_another_and_who_was_there_does_not(tenant: Tenant) -> None:
    before = {one: tenant.opens(one) for one in (ANNA, BERTA, CORA)}
    assert reset(tenant) == Reset(2, 0)
    for one in (ANNA, CORA):
        word = tenant.opens(one)
        assert word == tenant.known(one)
        assert word not in (None, before[one])
        assert meets_rule(str(word))
    assert tenant.opens(BERTA) is before[BERTA] is None
    assert remark(tenant) == "2 users have a new password, kept in Secrets Manager"
    assert tenant.part().pending == {}
    assert tenant.waves.writes == {FIRST: 4, TAKEN: 3}  # made, settled, pending, set


def test_the_operators_secret_is_not_written_and_its_old_word_counts_no_more(
    tenant: Tenant,
) -> None:
    reset(tenant)
    assert tenant.secrets.passwords == {CORA.target: "Coras-own-word-1"}
    assert tenant.known(CORA) == tenant.part(TAKEN).mailboxes[CORA.target]
    tenant.secrets.passwords[CORA.target] = "Coras-next-word-2"
    assert tenant.known(CORA) == "Coras-next-word-2"


def test_without_the_setting_nothing_happens(tenant: Tenant) -> None:
    tenant.settings = replace(tenant.settings, passwords_reset_after_run=False)
    before = dict(tenant.waves.values)
    assert reset(tenant) == Reset(0, 0)
    assert tenant.waves.values == before
    assert "ResetPassword" not in tenant.cloud.operations()


def test_a_lost_answer_resets_nobody_twice(tenant: Tenant) -> None:
    assert reset(tenant) == Reset(2, 0)
    words = {one: tenant.opens(one) for one in (ANNA, CORA)}
    assert reset(tenant) == Reset(2, 0)
    assert {one: tenant.opens(one) for one in (ANNA, CORA)} == words
    assert tenant.cloud.operations().count("ResetPassword") == 2


def test_a_later_run_resets_again_in_the_same_secret(tenant: Tenant) -> None:
    reset(tenant)
    words = {one: tenant.opens(one) for one in (ANNA, CORA)}
    tenant.plan("run-2")
    assert reset(tenant) == Reset(2, 0)
    for one in (ANNA, CORA):
        assert tenant.opens(one) == tenant.known(one) != words[one]
    assert set(tenant.waves.values) == {FIRST, TAKEN}


def test_a_reset_that_runs_out_of_time_goes_on_where_it_was(cloud: WorkMailCloud) -> None:
    tenant = Tenant(cloud, *(person(f"user{n}") for n in range(6)))
    tenant.settings = replace(tenant.settings, passwords_reset_after_run=True)
    tenant.whole()
    cloud.service.calls.clear()
    answers = []
    for _ in range(4):
        left = iter([900.0, 900.0])
        try:
            answers.append(reset(tenant, partial(next, left, 10.0)))
        except ProvisioningPending:
            answers.append(Reset(0, 0))
    assert answers[-1] == Reset(6, 0)
    assert cloud.operations().count("ResetPassword") == 6
    assert all(tenant.opens(one) == tenant.known(one) for one in tenant.mailboxes)


def test_a_thousand_users_cost_few_versions(cloud: WorkMailCloud) -> None:
    """Secrets Manager keeps all versions of a day, and not many more than a hundred."""
    many = [person(f"somebody.with-a-long-name.{n:04}") for n in range(1000)]
    tenant = Tenant(cloud, *many)
    tenant.settings = replace(tenant.settings, passwords_reset_after_run=True)
    tenant.prepare()
    for one in many:
        path = FIRST if one.target in tenant.part().mailboxes else "waves/run-1/2"
        tenant.ledger.set_provisioned(one.id, f"0123456789-{one.username}", "created")
        tenant.ledger.set_password_place(one.id, path)
    done: dict[str, str] = {}

    class Accepting:
        def reset_password(self, user_id: str, password: str) -> None:
            done[user_id] = password

    class Watching:
        """Sees that no value is too long."""

        def __getattr__(self, name: str) -> object:
            return getattr(tenant.waves, name)

        def replace(self, path: str, value: str) -> None:
            assert len(value) <= LIMIT
            tenant.waves.replace(path, value)

    result = reset_passwords(
        tenant.settings,
        cast(Directory, Accepting()),
        tenant.ledger,
        tenant.secrets,
        cast(WaveSecrets, Watching()),
        tenant.random,
        "run-1",
        NOW,
        ALWAYS,
    )
    assert result == Reset(1000, 0)
    assert len(done) == 1000
    assert all(done[f"0123456789-{one.username}"] == tenant.known(one) for one in many)
    assert max(tenant.waves.writes.values()) <= 12


def test_refused_users_keep_theirs_and_the_run_goes_on(tenant: Tenant) -> None:
    tenant.cloud.fake.set_read_only(tenant.cloud.organization_id, True)
    before = {one: tenant.opens(one) for one in (ANNA, CORA)}
    assert reset(tenant) == Reset(0, 2)
    assert {one: tenant.opens(one) for one in (ANNA, CORA)} == before
    assert {one: tenant.known(one) for one in (ANNA, CORA)} == before
    said = remark(tenant)
    assert said.startswith("0 users have a new password")
    assert "2 refused (ResetPassword: UnsupportedOperationException)" in said
    assert "@" not in said


def test_a_user_who_was_deleted_meanwhile_is_a_remark(tenant: Tenant) -> None:
    cloud = tenant.cloud
    cloud.call("deregister_from_work_mail", EntityId=tenant.ledger.mailbox(ANNA.id).user_id)
    cloud.call("delete_user", UserId=tenant.ledger.mailbox(ANNA.id).user_id)
    assert reset(tenant) == Reset(1, 1)
    assert "1 refused (ResetPassword: EntityStateException)" in remark(tenant)


def test_a_secret_that_the_operator_has_deleted_is_no_obstacle(tenant: Tenant) -> None:
    tenant.waves.remove(FIRST)
    assert reset(tenant) == Reset(2, 0)
    assert tenant.opens(ANNA) == tenant.known(ANNA)
    assert set(tenant.part(TAKEN).mailboxes) == {ANNA.target, CORA.target}


def test_throttling_is_waited_for_and_loses_nothing(tenant: Tenant) -> None:
    tenant.cloud.fake.fail_next("ResetPassword", "ThrottlingException", "slower")
    with pytest.raises(ProvisioningPending):
        reset(tenant)
    assert reset(tenant) == Reset(2, 0)
    assert all(tenant.opens(one) == tenant.known(one) for one in (ANNA, CORA))


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("again", ["same run", "next run"])
@pytest.mark.parametrize("stop_at", range(1, 21))
def test_a_kill_never_leaves_a_user_with_a_password_that_nobody_knows(
    tenant: Tenant, stop_at: int, again: str, before: bool
) -> None:
    countdown = [stop_at]
    tenant.stop = lambda port: Stopping(port, before, countdown)
    try:
        reset(tenant)
    except Stopped:
        for one in (ANNA, CORA):
            assert tenant.opens(one) in somewhere(tenant)
    tenant.stop = lambda port: port
    if again == "next run":
        tenant.plan("run-2")
    assert reset(tenant) == Reset(2, 0)
    for one in (ANNA, CORA):
        assert tenant.opens(one) == tenant.known(one)
    assert all(not tenant.part(path).pending for path in tenant.waves.values)


def somewhere(tenant: Tenant) -> set[str]:
    """Every password that the secrets hold at this moment."""
    parts = [Part.parse(value, path) for path, value in tenant.waves.values.items()]
    made = {word for part in parts for word in (*part.mailboxes.values(), *part.pending.values())}
    return made | set(tenant.secrets.passwords.values())


def test_the_kills_reach_the_last_call_of_a_reset(tenant: Tenant) -> None:
    countdown = [1000]
    tenant.stop = lambda port: Stopping(port, True, countdown)
    reset(tenant)
    assert 12 < 1000 - countdown[0] <= 20


# ---- users whom this migration has not created -----------------------------------------------


def make_by_hand(tenant: Tenant, word: str) -> None:
    """The operator makes Anna in the console, with a password of her own."""
    cloud = tenant.cloud
    made = cloud.call("create_user", Name="anna", DisplayName="Anna", Password=word)["UserId"]
    cloud.seconds += 100
    cloud.call("register_to_work_mail", EntityId=made, Email=ANNA.target)
    cloud.seconds += 100


def run_again(tenant: Tenant) -> None:
    tenant.plan("run-2")
    tenant.whole()


def beginning(cloud: WorkMailCloud) -> Tenant:
    tenant = Tenant(cloud, ANNA)
    tenant.settings = replace(tenant.settings, passwords_reset_after_run=True)
    return tenant


def delete_ours(tenant: Tenant, cloud: WorkMailCloud) -> None:
    """Somebody deletes the user that the migration has made for ANNA."""
    ours = tenant.ledger.mailbox(ANNA.id).user_id
    cloud.call("deregister_from_work_mail", EntityId=ours)
    cloud.seconds += 100
    cloud.call("delete_user", UserId=ours)
    cloud.seconds += 100


def test_a_user_made_by_hand_after_a_refusal_keeps_her_password(cloud: WorkMailCloud) -> None:
    tenant = beginning(cloud)
    cloud.fake.fail_next("CreateUser", "InvalidPasswordException", "no")
    tenant.whole()
    assert tenant.ledger.mailbox(ANNA.id).password_in == ""
    make_by_hand(tenant, "Annas-own-word-1")
    run_again(tenant)
    assert tenant.known(ANNA) == ""
    assert reset(tenant) == Reset(0, 0)
    assert tenant.opens(ANNA) == "Annas-own-word-1"


def test_a_user_made_by_hand_in_the_place_of_ours_keeps_her_password(cloud: WorkMailCloud) -> None:
    tenant = beginning(cloud)
    tenant.whole()
    delete_ours(tenant, cloud)
    make_by_hand(tenant, "Annas-own-word-1")
    run_again(tenant)
    assert tenant.known(ANNA) == ""
    assert reset(tenant) == Reset(0, 0)
    assert tenant.opens(ANNA) == "Annas-own-word-1"


def test_a_user_made_by_hand_after_a_rollback_keeps_her_password(cloud: WorkMailCloud) -> None:
    tenant = beginning(cloud)
    tenant.whole()
    delete_ours(tenant, cloud)
    tenant.ledger.forget_mailbox(ANNA.id)
    make_by_hand(tenant, "Annas-own-word-1")
    run_again(tenant)
    assert tenant.known(ANNA) == ""
    assert reset(tenant) == Reset(0, 0)


def test_a_user_whose_creation_was_refused_once_and_then_succeeds_is_reset(
    cloud: WorkMailCloud,
) -> None:
    tenant = beginning(cloud)
    cloud.fake.fail_next("CreateUser", "InvalidPasswordException", "no")
    tenant.whole()
    run_again(tenant)
    before = tenant.opens(ANNA)
    assert tenant.known(ANNA) == before
    assert reset(tenant) == Reset(1, 0)
    assert tenant.known(ANNA) == tenant.opens(ANNA) != before
