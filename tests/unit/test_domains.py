"""The domains before the first address: registered, waited for, or begun without."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import cast

import pytest

from localrun.fakes.ledger import MemoryLedger
from migration.directory_model import MailDomain
from migration.dns_model import DnsRecord
from migration.domains import Look, Step, ensure_domains, next_look, rule_on_domain
from migration.errors import ProvisioningPending, TenantMisconfigured
from migration.ports import Directory
from migration.settings import Settings
from tests.contract.workmail_cloud import DOMAIN, WorkMailCloud
from tests.unit.test_dns_waits import SINCE as MOMENT
from tests.unit.test_provisioning import Stopped, Stopping
from tests.unit.test_settings import environment

QUOTE = '"'
RECORD = DnsRecord(f"_amazonses.{DOMAIN}.", "TXT", f"{QUOTE}token={QUOTE}")
PENDING = MailDomain(DOMAIN, verified=False, records=(RECORD,))
SINCE = "2026-12-04T18:00:00Z"
SETTINGS = replace(
    Settings.from_env(environment()),
    domains=(DOMAIN,),
    domain_register=True,
    domain_wait_days=3,
    domain_make_default=False,
    domain_start_before_verified=False,
)


@pytest.fixture
def cloud() -> Iterator[WorkMailCloud]:
    cloud = WorkMailCloud()
    yield cloud
    cloud.close()


def look(
    cloud: WorkMailCloud,
    ledger: MemoryLedger,
    now: str = SINCE,
    settings: Settings = SETTINGS,
    *,
    may_begin_early: bool = True,
) -> Look:
    return ensure_domains(
        settings, cloud.directory, ledger, "run-1", SINCE, now, may_begin_early=may_begin_early
    )


# ---- what to do about one --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("domain", "register", "step", "word"),
    [
        (None, True, Step.REGISTER, ""),
        (None, False, Step.REFUSE, "add it in the WorkMail console"),
        (replace(PENDING, verified=True), True, Step.USE, ""),
        (replace(PENDING, verified=True), False, Step.USE, ""),
        (PENDING, True, Step.WAIT, f"publish the TXT record _amazonses.{DOMAIN} with the value t"),
        (PENDING, False, Step.WAIT, "is not verified"),
        (replace(PENDING, records=()), True, Step.WAIT, "that the WorkMail console shows"),
        (replace(PENDING, failed=True), True, Step.REFUSE, "with the value token="),
        (replace(PENDING, failed=True), False, Step.REFUSE, "has given up"),
    ],
)
def test_what_to_do_about_a_domain(
    domain: MailDomain | None, register: bool, step: Step, word: str
) -> None:
    ruling = rule_on_domain(DOMAIN, domain, register=register)
    assert ruling.step is step
    assert word in ruling.text
    assert (ruling.text == "") is (word == "")


# ---- what is done ----------------------------------------------------------------------------


def test_verified_domains_are_used_at_once_and_nothing_is_written(cloud: WorkMailCloud) -> None:
    ledger = MemoryLedger()
    assert look(cloud, ledger) == Look(verified=True, wait_seconds=0, early=False)
    assert cloud.operations() == ["GetMailDomain"]
    assert ledger.notes("run-1") == []


def test_a_missing_domain_is_registered_once_and_its_record_is_told_in_one_line(
    cloud: WorkMailCloud,
) -> None:
    ledger = MemoryLedger()
    settings = replace(SETTINGS, domains=("new.test",))
    assert look(cloud, ledger, SINCE, settings) == Look(False, 60, early=False)
    assert look(cloud, ledger, "2026-12-04T19:00:00Z", settings) == Look(False, 300, early=False)
    assert look(cloud, ledger, "2026-12-05T19:00:00Z", settings) == Look(False, 3600, early=False)
    assert cloud.operations().count("RegisterMailDomain") == 1
    domain = cloud.directory.domain("new.test")
    assert domain is not None
    (token,) = [each.value for each in domain.records if each.name.startswith("_amazonses.")]
    (note,) = ledger.notes("run-1")
    assert (note.at, note.state) == (SINCE, "EnsureDomains")
    assert (
        f"publish the TXT record _amazonses.new.test with the value {token.strip(QUOTE)}; MX can"
        in note.what
    )
    cloud.fake.set_domain_status(cloud.organization_id, "new.test", "VERIFIED")
    assert look(cloud, ledger, "2026-12-05T20:00:00Z", settings).verified
    assert len(ledger.notes("run-1")) == 1


def test_a_domain_that_is_not_shown_yet_is_waited_for(
    cloud: WorkMailCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cloud.directory, "domain", lambda _: None)
    ledger = MemoryLedger()
    assert not look(cloud, ledger, SINCE, replace(SETTINGS, domains=("new.test",))).verified
    (note,) = ledger.notes("run-1")
    assert "_amazonses.new.test that the WorkMail console shows" in note.what


def test_all_domains_are_waited_for(cloud: WorkMailCloud) -> None:
    ledger = MemoryLedger()
    assert not look(cloud, ledger, SINCE, replace(SETTINGS, domains=(DOMAIN, "b.test"))).verified
    assert "b.test" in ledger.notes("run-1")[0].what
    assert DOMAIN not in ledger.notes("run-1")[0].what


def test_a_run_may_begin_early_unless_it_has_begun_already(cloud: WorkMailCloud) -> None:
    cloud.fake.set_domain_status(cloud.organization_id, DOMAIN, "PENDING")
    early = replace(SETTINGS, domain_start_before_verified=True)
    ledger = MemoryLedger()
    assert look(cloud, ledger, SINCE, early) == Look(False, 60, early=True)
    assert look(cloud, ledger, SINCE, early, may_begin_early=False) == Look(False, 60, early=False)
    assert look(cloud, ledger, SINCE) == Look(False, 60, early=False)
    cloud.fake.set_domain_status(cloud.organization_id, DOMAIN, "VERIFIED")
    assert look(cloud, ledger, SINCE, early) == Look(True, 0, early=False)


def test_after_the_configured_days_the_record_is_told_once_more(cloud: WorkMailCloud) -> None:
    cloud.fake.set_domain_status(cloud.organization_id, DOMAIN, "PENDING")
    ledger = MemoryLedger()
    assert not look(cloud, ledger, "2026-12-07T17:59:59Z").verified
    with pytest.raises(TenantMisconfigured) as caught:
        look(cloud, ledger, "2026-12-07T18:00:00Z")
    (problem,) = caught.value.problems
    assert f"publish the TXT record _amazonses.{DOMAIN} with the value " in problem
    assert problem.endswith("(waited for 3 days)")


def test_a_domain_that_workmail_has_given_up_stops_the_run_at_once(cloud: WorkMailCloud) -> None:
    cloud.fake.set_domain_status(cloud.organization_id, DOMAIN, "FAILED")
    early = replace(SETTINGS, domain_start_before_verified=True)
    with pytest.raises(TenantMisconfigured, match="has given up verifying"):
        look(cloud, MemoryLedger(), SINCE, early)


def test_a_domain_is_not_registered_against_the_tenants_will(cloud: WorkMailCloud) -> None:
    settings = replace(SETTINGS, domain_register=False, domains=("a.test", "b.test"))
    with pytest.raises(TenantMisconfigured) as caught:
        look(cloud, MemoryLedger(), SINCE, settings)
    assert [problem.split()[2] for problem in caught.value.problems] == ["a.test", "b.test"]
    assert "RegisterMailDomain" not in cloud.operations()


def test_a_domain_of_another_organization_stops_the_run(cloud: WorkMailCloud) -> None:
    cloud.fake.seed_organization("other", "other.test")
    with pytest.raises(TenantMisconfigured, match="another organization has the domain"):
        look(cloud, MemoryLedger(), SINCE, replace(SETTINGS, domains=("other.test",)))


def test_a_busy_workmail_passes(cloud: WorkMailCloud) -> None:
    cloud.fake.fail_next("GetMailDomain", "ThrottlingException", "slow down")
    with pytest.raises(ProvisioningPending):
        look(cloud, MemoryLedger())


def test_the_first_domain_becomes_the_default_one_once(cloud: WorkMailCloud) -> None:
    settings = replace(SETTINGS, domains=("new.test", DOMAIN), domain_make_default=True)
    ledger = MemoryLedger()
    assert not look(cloud, ledger, SINCE, settings).verified
    assert "UpdateDefaultMailDomain" not in cloud.operations()
    cloud.fake.set_domain_status(cloud.organization_id, "new.test", "VERIFIED")
    for _ in range(2):
        assert look(cloud, ledger, SINCE, settings).verified
    assert cloud.operations().count("UpdateDefaultMailDomain") == 1
    assert cloud.call("describe_organization")["DefaultMailDomain"] == "new.test"


def test_a_default_domain_that_workmail_refuses_is_told_and_the_run_goes_on(
    cloud: WorkMailCloud,
) -> None:
    cloud.call("register_mail_domain", DomainName="new.test", ClientToken="t")
    cloud.fake.set_domain_status(cloud.organization_id, "new.test", "VERIFIED")
    settings = replace(SETTINGS, domains=("new.test",), domain_make_default=True)
    cloud.fake.fail_next("UpdateDefaultMailDomain", "MailDomainStateException", "not yet")
    ledger = MemoryLedger()
    assert look(cloud, ledger, SINCE, settings).verified
    (note,) = ledger.notes("run-1")
    assert note.what.startswith("the default domain stays another one: choose it in the WorkMail")
    assert "MailDomainStateException" in note.what


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("stop_at", range(1, 8))
def test_it_may_be_stopped_anywhere(cloud: WorkMailCloud, stop_at: int, before: bool) -> None:
    settings = replace(SETTINGS, domains=("new.test",), domain_make_default=True)
    ledger = MemoryLedger()
    countdown = [stop_at]
    directory = cast(Directory, Stopping(cloud.directory, before, countdown))
    stopping_ledger = cast(MemoryLedger, Stopping(ledger, before, countdown))
    with contextlib.suppress(Stopped):
        for _ in range(2):
            ensure_domains(
                settings, directory, stopping_ledger, "run-1", SINCE, SINCE, may_begin_early=True
            )
            cloud.fake.set_domain_status(cloud.organization_id, "new.test", "VERIFIED")
    look(cloud, ledger, SINCE, settings)
    cloud.fake.set_domain_status(cloud.organization_id, "new.test", "VERIFIED")
    assert look(cloud, ledger, SINCE, settings).verified
    assert cloud.operations().count("RegisterMailDomain") <= 2
    assert cloud.call("describe_organization")["DefaultMailDomain"] == "new.test"


def test_looks_get_rarer() -> None:
    waits = {hours: next_look(MOMENT, MOMENT + timedelta(hours=hours)) for hours in (0, 1, 2, 100)}
    assert waits == {0: 60, 1: 300, 2: 3600, 100: 3600}
