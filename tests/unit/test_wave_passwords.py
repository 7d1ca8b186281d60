"""How new users get passwords that the run makes up, over the emulated API."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, cast

import pytest

from localrun.fakes.ledger import MemoryLedger
from localrun.fakes.wave_secrets import MemoryWaves
from migration.errors import ProvisioningPending
from migration.identity import mailbox_id
from migration.model import Mailbox, MailboxStatus, NewPasswords, Profile
from migration.password_parts import Part
from migration.passwords import meets_rule
from migration.ports import Directory, Ledger, WaveSecrets
from migration.provisioning import provision_user
from migration.settings import Settings
from migration.wave_passwords import (
    KnownPasswords,
    Prepared,
    Settled,
    prepare_passwords,
    settle_passwords,
)
from tests.contract.workmail_cloud import DOMAIN, WorkMailCloud, mailbox
from tests.unit.test_provisioning import Stopped, Stopping
from tests.unit.test_settings import environment

NOW = "2026-12-04T18:00:00Z"
FIRST = "waves/run-1/1"


def person(name: str, **changes: Any) -> Mailbox:
    one = mailbox(name)
    return replace(one, id=mailbox_id("acme", one.target), **changes)


ANNA, BERTA, CORA = (person(name) for name in ("anna", "berta", "cora"))


class Given:
    """The tenant's secrets: what the operator has put into the target's."""

    def __init__(self, passwords: Mapping[str, str]) -> None:
        self.passwords = dict(passwords)

    def read_source(self) -> Mapping[str, object]:
        raise AssertionError("nobody needs the source")

    def read_target(self) -> Mapping[str, object]:
        return {"mailboxes": self.passwords}


class Tenant:
    """All that a run works with. `stop` makes ledger, directory and secrets die at some call."""

    def __init__(self, cloud: WorkMailCloud, *mailboxes: Mailbox, **passwords: str) -> None:
        self.cloud = cloud
        self.ledger = MemoryLedger()
        self.waves = MemoryWaves()
        self.secrets = Given({f"{name}@{DOMAIN}": word for name, word in passwords.items()})
        self.random = random.Random("passwords")
        self.run = ""
        self.mailboxes = mailboxes
        self.rule = NewPasswords.GENERATE
        self.settings = replace(Settings.from_env(environment()), tenant="acme")
        self.stop: Callable[[Any], Any] = lambda port: port
        self.plan("run-1")

    def plan(self, run: str) -> None:
        self.run = run
        self.ledger.plan_mailboxes(run, self.mailboxes)

    def prepare(self) -> Prepared:
        prepared = prepare_passwords(
            self.settings,
            cast(Directory, self.stop(self.cloud.directory)),
            cast(Ledger, self.stop(self.ledger)),
            self.secrets,
            cast(WaveSecrets, self.stop(self.waves)),
            self.random,
            self.run,
            NOW,
        )
        self.rule = prepared.rule
        return prepared

    def provision(self, one: Mailbox) -> str:
        ledger = cast(Ledger, self.stop(self.ledger))
        known = KnownPasswords("acme", ledger, self.secrets, self.waves)
        for _ in range(20):
            try:
                return provision_user(
                    cast(Directory, self.stop(self.cloud.directory)),
                    ledger,
                    one.id,
                    lambda _: known.take(self.run, one.id, self.rule),
                )
            except ProvisioningPending:
                self.cloud.seconds += 3
        raise AssertionError("the user never became ready")

    def settle(self) -> Settled:
        waves = cast(WaveSecrets, self.stop(self.waves))
        return settle_passwords(cast(Ledger, self.stop(self.ledger)), waves, self.run, NOW)

    def whole(self) -> Settled:
        self.prepare()
        for one in self.mailboxes:
            self.provision(one)
        return self.settle()

    def known(self, one: Mailbox) -> str:
        """What the migration takes for the user's password."""
        return KnownPasswords("acme", self.ledger, self.secrets, self.waves).of(one.target)

    def opens(self, one: Mailbox) -> str | None:
        """What really opens the mailbox, when the mail servers have heard of it."""
        self.cloud.seconds += 100
        return self.cloud.fake.password_of(one.target)

    def part(self, path: str = FIRST) -> Part:
        return Part.parse(self.waves.values[path], path)


@pytest.fixture
def cloud() -> Iterator[WorkMailCloud]:
    cloud = WorkMailCloud()
    yield cloud
    cloud.close()


# ---- the good way ----------------------------------------------------------------------------


def test_new_users_get_passwords_and_the_migration_knows_them(cloud: WorkMailCloud) -> None:
    tenant = Tenant(cloud, ANNA, BERTA)
    assert tenant.prepare() == Prepared(NewPasswords.GENERATE, 2)
    assert {tenant.provision(one) for one in (ANNA, BERTA)} == {"created"}
    assert tenant.settle() == Settled(2, 0)
    words = {tenant.opens(one) for one in (ANNA, BERTA)}
    assert words == {tenant.known(one) for one in (ANNA, BERTA)}
    assert len(words) == 2
    assert all(word and meets_rule(word) for word in words)
    assert set(tenant.part().mailboxes) == {ANNA.target, BERTA.target}
    assert tenant.ledger.mailbox(ANNA.id).password_in == FIRST
    _, note = tenant.ledger.notes("run-1")
    assert note.what == "2 generated passwords are kept in Secrets Manager"
    assert not [word for word in words if str(word) in repr((tenant.ledger.__dict__, note))]


def test_the_operators_password_wins_and_is_not_copied(cloud: WorkMailCloud) -> None:
    tenant = Tenant(cloud, ANNA, BERTA, anna="Annas-own-word-1")
    assert tenant.whole() == Settled(1, 0)
    assert tenant.opens(ANNA) == tenant.known(ANNA) == "Annas-own-word-1"
    assert tenant.ledger.mailbox(ANNA.id).password_in == "target"
    assert set(tenant.part().mailboxes) == {BERTA.target}


def test_users_who_were_there_keep_theirs_and_leave_no_secret_behind(cloud: WorkMailCloud) -> None:
    cloud.add_user("anna", ANNA.target)
    tenant = Tenant(cloud, ANNA)
    assert tenant.whole() == Settled(0, 1)
    assert tenant.waves.values == {}
    assert tenant.waves.removed == {FIRST}
    assert tenant.opens(ANNA) is None
    assert tenant.known(ANNA) == ""
    assert tenant.ledger.mailbox(ANNA.id).password_in == ""
    assert [each.state for each in tenant.ledger.notes("run-1")] == ["PreparePasswords"]


def test_a_later_run_finds_the_passwords_of_an_earlier_one(cloud: WorkMailCloud) -> None:
    tenant = Tenant(cloud, ANNA, BERTA)
    tenant.whole()
    word = tenant.opens(ANNA)
    tenant.mailboxes = (ANNA, BERTA, CORA)
    tenant.plan("run-2")
    assert tenant.prepare() == Prepared(NewPasswords.GENERATE, 1)
    assert [tenant.provision(one) for one in (ANNA, CORA)] == ["unchanged", "created"]
    assert tenant.settle() == Settled(1, 0)
    assert tenant.known(ANNA) == tenant.opens(ANNA) == word
    assert tenant.known(CORA) == tenant.opens(CORA)
    assert set(tenant.part().mailboxes) == {ANNA.target, BERTA.target}
    assert set(tenant.part("waves/run-2/1").mailboxes) == {CORA.target}


def test_a_run_without_new_users_makes_no_secret(cloud: WorkMailCloud) -> None:
    tenant = Tenant(cloud, ANNA)
    tenant.whole()
    before = dict(tenant.waves.values)
    tenant.plan("run-2")
    assert tenant.whole() == Settled(0, 0)
    assert tenant.waves.values == before
    assert tenant.waves.removed == set()


def test_users_of_identity_center_get_none(cloud: WorkMailCloud) -> None:
    identity = Profile(identity_center_id="0a1b2c3d-0000-4000-8000-0123456789ab")
    tenant = Tenant(cloud, person("anna", profile=identity))
    assert tenant.whole() == Settled(0, 0)
    assert tenant.waves.writes == {}
    assert tenant.opens(ANNA) is None


def test_a_resource_gets_neither_a_user_nor_a_password(cloud: WorkMailCloud) -> None:
    room = person("room", is_resource=True)
    tenant = Tenant(cloud, room)
    assert tenant.whole() == Settled(0, 0)
    assert tenant.waves.writes == {}
    assert tenant.ledger.mailbox(room.id).status is MailboxStatus.PROVISIONED
    assert "CreateUser" not in cloud.operations()


@pytest.mark.parametrize("rule", ["secret", "none"])
def test_nothing_is_made_up_where_the_tenant_does_not_want_it(
    cloud: WorkMailCloud, rule: str
) -> None:
    tenant = Tenant(cloud, ANNA, BERTA, anna="Annas-own-word-1")
    wanted = NewPasswords(rule)
    tenant.settings = replace(tenant.settings, passwords_new_users=wanted)
    assert tenant.prepare() == Prepared(wanted, 0)
    for one in tenant.mailboxes:
        tenant.provision(one)
    assert tenant.settle() == Settled(0, 0)
    assert tenant.waves.writes == {}
    assert tenant.opens(BERTA) is None
    assert tenant.opens(ANNA) == ("Annas-own-word-1" if rule == "secret" else None)
    assert tenant.ledger.mailbox(ANNA.id).password_in == ("target" if rule == "secret" else "")


@pytest.mark.parametrize("elsewhere", ["directory", "identity center"])
def test_nothing_is_made_up_where_passwords_live_elsewhere(
    cloud: WorkMailCloud, elsewhere: str
) -> None:
    if elsewhere == "directory":
        cloud.fake.set_directory_type(cloud.organization_id, "MicrosoftAD")
    else:
        instance = "ssoins-0123456789abcdef"
        cloud.call(
            "put_identity_provider_configuration",
            AuthenticationMode="IDENTITY_PROVIDER_ONLY",
            IdentityCenterConfiguration={
                "InstanceArn": f"arn:aws:sso:::instance/{instance}",
                "ApplicationArn": f"arn:aws:sso::123456789012:application/{instance}/apl-"
                "0123456789abcdef",
            },
            PersonalAccessTokenConfiguration={"Status": "ACTIVE", "LifetimeInDays": 30},
        )
    tenant = Tenant(cloud, ANNA)
    assert tenant.prepare() == Prepared(NewPasswords.NONE, 0)
    assert tenant.waves.writes == {}


def test_a_wave_that_does_not_fit_into_one_secret_gets_more(cloud: WorkMailCloud) -> None:
    many = [person(f"somebody.with-a-long-name.{n:04}") for n in range(1200)]
    tenant = Tenant(cloud, *many)
    assert tenant.prepare() == Prepared(NewPasswords.GENERATE, 1200)
    assert set(tenant.waves.values) == {FIRST, "waves/run-1/2"}
    assert set(tenant.waves.writes.values()) == {1}
    found = {**tenant.part().mailboxes, **tenant.part("waves/run-1/2").mailboxes}
    assert set(found) == {one.target for one in many}
    assert all(len(value) < 65_536 for value in tenant.waves.values.values())
    last = max(many, key=lambda one: one.id)
    tenant.provision(last)
    assert tenant.settle() == Settled(1, 1199)
    assert tenant.known(last) == tenant.opens(last)
    assert len(tenant.waves.values) == 1


def test_the_secret_is_read_once_for_many_users_and_again_for_one_it_lacks(
    cloud: WorkMailCloud,
) -> None:
    tenant = Tenant(cloud, ANNA, BERTA, CORA)
    tenant.prepare()
    reads: list[str] = []
    waves = tenant.waves
    original = waves.read

    def read(path: str) -> str | None:
        reads.append(path)
        return original(path)

    waves.read = read  # type: ignore[method-assign]
    known = KnownPasswords("acme", tenant.ledger, tenant.secrets, waves)
    words = {known.take("run-1", one.id, NewPasswords.GENERATE) for one in (ANNA, BERTA)}
    assert len(words) == 2
    assert reads == [FIRST, "waves/run-1/2"]
    waves.values[FIRST] = Part({ANNA.target: "x"}).text
    late = KnownPasswords("acme", tenant.ledger, tenant.secrets, waves)
    with pytest.raises(ProvisioningPending, match="has none for this user"):
        late.take("run-1", CORA.id, NewPasswords.GENERATE)
    waves.values[FIRST] = Part({CORA.target: "y"}).text
    assert late.take("run-1", CORA.id, NewPasswords.GENERATE) == "y"


def test_a_password_whose_secret_the_operator_has_deleted_is_not_known_any_more(
    cloud: WorkMailCloud,
) -> None:
    tenant = Tenant(cloud, ANNA)
    tenant.whole()
    tenant.waves.remove(FIRST)
    assert tenant.known(ANNA) == ""
    tenant.secrets.passwords[ANNA.target] = "Given-afterwards-1"
    assert tenant.known(ANNA) == "Given-afterwards-1"
    tenant.plan("run-2")
    assert tenant.whole() == Settled(0, 0)


def test_whoever_is_not_in_the_manifest_has_the_operators_password(cloud: WorkMailCloud) -> None:
    tenant = Tenant(cloud, ANNA, other="Others-own-word-1")
    assert tenant.known(person("other")) == "Others-own-word-1"
    assert tenant.known(person("nobody")) == ""


def test_a_user_who_failed_keeps_the_place_of_its_password(cloud: WorkMailCloud) -> None:
    tenant = Tenant(cloud, ANNA)
    tenant.prepare()
    cloud.fake.fail_next("RegisterToWorkMail", "InvalidParameterException", "no", 9)
    assert tenant.provision(ANNA) == "refused"
    assert tenant.ledger.mailbox(ANNA.id).status is MailboxStatus.FAILED
    assert tenant.settle() == Settled(1, 0)
    tenant.plan("run-2")
    cloud.fake._failures.clear()
    assert tenant.whole() == Settled(0, 0)
    assert tenant.known(ANNA) == tenant.opens(ANNA) == tenant.part().mailboxes[ANNA.target]


# ---- stopped anywhere ------------------------------------------------------------------------


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("again", ["same run", "next run"])
@pytest.mark.parametrize("stop_at", range(1, 56))
def test_wherever_a_run_is_killed_every_user_has_a_password_that_is_known(
    cloud: WorkMailCloud, stop_at: int, again: str, before: bool
) -> None:
    cloud.add_user("berta", BERTA.target)
    tenant = Tenant(cloud, ANNA, BERTA, CORA, cora="Coras-own-word-1")
    countdown = [stop_at]
    tenant.stop = lambda port: Stopping(port, before, countdown)
    try:
        tenant.whole()
    except Stopped:
        cloud.seconds += 30
    tenant.stop = lambda port: port
    if again == "next run":
        tenant.plan("run-2")
    tenant.whole()
    assert tenant.opens(ANNA) == tenant.known(ANNA)
    assert tenant.opens(ANNA)
    assert tenant.opens(CORA) == tenant.known(CORA) == "Coras-own-word-1"
    assert (tenant.opens(BERTA), tenant.known(BERTA)) == (None, "")
    places = {one.id: tenant.ledger.mailbox(one.id).password_in for one in tenant.mailboxes}
    assert places[CORA.id] == "target"
    assert places[BERTA.id] == ""
    assert places[ANNA.id] in tenant.waves.values
    if again == "same run":
        assert set(tenant.waves.values) == {FIRST}
        assert set(tenant.part().mailboxes) == {ANNA.target}


def test_the_kills_reach_the_last_call(cloud: WorkMailCloud) -> None:
    """Else the range above would end before the run does."""
    cloud.add_user("berta", BERTA.target)
    tenant = Tenant(cloud, ANNA, BERTA, CORA, cora="Coras-own-word-1")
    countdown = [1000]
    tenant.stop = lambda port: Stopping(port, True, countdown)
    tenant.whole()
    assert 20 < 1000 - countdown[0] <= 55


def test_a_killed_run_gives_nobody_a_second_password(cloud: WorkMailCloud) -> None:
    """The user was created, and the answer lost: the password of then must stay."""
    tenant = Tenant(cloud, ANNA)
    tenant.prepare()
    known = KnownPasswords("acme", tenant.ledger, tenant.secrets, tenant.waves)
    word = known.take("run-1", ANNA.id, NewPasswords.GENERATE)
    cloud.directory.create_user(ANNA, word)
    tenant.plan("run-2")  # WorkMail does not show the user yet
    tenant.prepare()
    tenant.provision(ANNA)
    tenant.settle()
    assert tenant.opens(ANNA) == tenant.known(ANNA) == word
