"""One look at the DNS: what is kept, what is answered, what ends the run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import cast

import pytest

from localrun.fakes.ledger import MemoryLedger
from migration.cutover import Look, check_dns
from migration.directory_model import MailDomain
from migration.errors import CutoverTimedOut, TenantMisconfigured
from migration.model import DnsRecord, Failure
from migration.ports import Directory, DnsAnswer
from migration.settings import Settings
from tests.contract.workmail_cloud import mailbox
from tests.unit.test_settings import environment

REGION = "eu-west-1"
OLD = "10 mail.old-host.example."
NEW = f"10 inbound-smtp.{REGION}.amazonaws.com."
SINCE = "2026-12-04T18:00:00.000Z"
SPF = DnsRecord("acme.example", "TXT", "v=spf1 include:amazonses.com ~all")

SETTINGS = replace(
    Settings.from_env(environment()),
    domains=("acme.example",),
    dns_timeout_days=14,
)


class KnownDomains:
    """The part of a directory that a look needs."""

    def __init__(self, *domains: MailDomain) -> None:
        self._domains = {domain.name: domain for domain in domains}

    def domain(self, name: str) -> MailDomain | None:
        return self._domains.get(name)


class Zone:
    """A resolver whose servers answer from tables; `tables` may be changed between looks."""

    def __init__(self, *tables: dict[tuple[str, str], str], ttl: int = 300) -> None:
        self.tables = tables
        self.ttl = ttl
        self.asked: list[tuple[str, str]] = []

    def ask(self, name: str, type_: str) -> list[DnsAnswer]:
        self.asked.append((name, type_))
        return [
            self._answer(number, table, name, type_) for number, table in enumerate(self.tables)
        ]

    def _answer(
        self, number: int, table: Mapping[tuple[str, str], str], name: str, type_: str
    ) -> DnsAnswer:
        server = f"192.0.2.{number}:53"
        value = table.get((name, type_))
        if value is None:
            return DnsAnswer(server, error="NXDOMAIN")
        return DnsAnswer(server, (value,), self.ttl)


ACME = MailDomain("acme.example", verified=True, records=(SPF,))
BETA = MailDomain("beta.example", verified=True)
ACME_MX, BETA_MX = ("acme.example", "MX"), ("beta.example", "MX")


def look(
    zone: Zone,
    ledger: MemoryLedger,
    now: str,
    settings: Settings = SETTINGS,
    domains: KnownDomains | None = None,
) -> Look:
    directory = cast(Directory, domains or KnownDomains(ACME, BETA))
    return check_dns(settings, REGION, directory, zone, ledger, "run-1", SINCE, now)


def test_while_the_mx_is_the_old_one_it_waits() -> None:
    ledger = MemoryLedger()
    zone = Zone({ACME_MX: OLD}, {ACME_MX: NEW})
    assert look(zone, ledger, "2026-12-04T18:00:01.000Z") == Look(False, 60, 1)
    assert look(zone, ledger, "2026-12-05T18:00:00.000Z") == Look(False, 900, 1)


def test_nobody_is_told_to_change_the_mx_while_addresses_are_in_the_test_domain() -> None:
    ledger = MemoryLedger()
    names = ("anna", "berta", "carl")
    ledger.plan_mailboxes("run-1", [mailbox(name) for name in names])
    for name in names[:2]:
        ledger.set_provisioned(f"id-{name}", "u", "created", f"{name}@acme.awsapps.com")
    zone = Zone({ACME_MX: NEW})
    with pytest.raises(TenantMisconfigured, match="2 mailboxes have addresses in the test domain"):
        look(zone, ledger, "2026-12-04T18:00:01.000Z")
    assert zone.asked == []
    ledger.set_provisioned("id-anna", "u", "created")
    with pytest.raises(TenantMisconfigured, match="1 mailboxes"):
        look(zone, ledger, "2026-12-04T18:00:01.000Z")
    ledger.set_failed("id-berta", Failure("UserRefused", "the address is somebody else's"))
    assert look(zone, ledger, "2026-12-04T18:00:01.000Z").ready


def test_when_all_servers_give_workmails_mx_it_is_ready_whatever_else_is_missing() -> None:
    ledger = MemoryLedger()
    zone = Zone({ACME_MX: NEW}, {ACME_MX: NEW})
    assert look(zone, ledger, "2026-12-04T18:00:01.000Z") == Look(True, 0, 0)


def test_every_domain_must_be_cut_over() -> None:
    settings = replace(SETTINGS, domains=("acme.example", "beta.example"))
    zone = Zone({ACME_MX: NEW, BETA_MX: OLD})
    assert look(zone, MemoryLedger(), SINCE, settings) == Look(False, 60, 1)
    zone = Zone({ACME_MX: OLD})
    assert look(zone, MemoryLedger(), SINCE, settings) == Look(False, 60, 2)
    zone = Zone({ACME_MX: NEW, BETA_MX: NEW})
    assert look(zone, MemoryLedger(), SINCE, settings).ready


def test_the_findings_of_the_latest_look_are_kept_with_its_time() -> None:
    ledger = MemoryLedger()
    look(Zone({ACME_MX: OLD}), ledger, "2026-12-04T18:00:01.000Z")
    look(Zone({ACME_MX: NEW}), ledger, "2026-12-04T18:05:00.000Z")
    at, findings = ledger.dns("run-1")
    assert at == "2026-12-04T18:05:00.000Z"
    assert [(each.record.type, each.verdict, each.found) for each in findings] == [
        ("MX", "right", (NEW,)),
        ("CNAME", "missing", ()),
        ("TXT", "missing", ()),
    ]


def test_the_timeline_gets_a_line_when_something_changed_and_not_each_round() -> None:
    ledger = MemoryLedger()
    zone = Zone({ACME_MX: OLD}, {ACME_MX: OLD})
    for minute in range(4):
        zone.ttl -= 60  # a cache counts down: no news
        look(zone, ledger, f"2026-12-04T18:0{minute}:00.000Z")
    zone.tables[1][ACME_MX] = NEW
    look(zone, ledger, "2026-12-04T18:05:00.000Z")
    zone.tables[0][ACME_MX] = NEW
    look(zone, ledger, "2026-12-04T18:06:00.000Z")
    others = "other records: 2 missing"
    assert [(note.at[14:16], note.state, note.what) for note in ledger.notes("run-1")] == [
        ("00", "CheckDns", f"MX of acme.example: wrong at 2 of 2 servers; {others}"),
        ("05", "CheckDns", f"MX of acme.example: right at 1, wrong at 1 of 2 servers; {others}"),
        ("06", "CheckDns", f"MX of acme.example: right at 2 of 2 servers; {others}"),
        ("06", "DrainOldMx", ledger.notes("run-1")[-1].what),
    ]


def test_a_look_that_died_before_it_kept_its_findings_notes_the_change_again() -> None:
    def die(step: str) -> None:
        if step == "before write_dns":
            raise RuntimeError

    ledger = MemoryLedger(die)
    with pytest.raises(RuntimeError):
        look(Zone({ACME_MX: OLD}), ledger, SINCE)
    ledger.step = lambda _: None
    look(Zone({ACME_MX: OLD}), ledger, SINCE)
    assert len(ledger.notes("run-1")) == 1
    assert ledger.dns("run-1")[0] == SINCE


def test_a_name_and_type_is_asked_once() -> None:
    token = DnsRecord("acme.example", "TXT", "fmxqxT=")
    domains = KnownDomains(replace(ACME, records=(SPF, token)))
    zone = Zone({ACME_MX: NEW})
    look(zone, MemoryLedger(), SINCE, domains=domains)
    assert sorted(zone.asked) == [
        ("acme.example", "MX"),
        ("acme.example", "TXT"),
        ("autodiscover.acme.example", "CNAME"),
    ]


def test_a_domain_that_workmail_does_not_know_ends_the_run_with_all_such_domains() -> None:
    settings = replace(SETTINGS, domains=("acme.example", "x.example", "y.example"))
    zone = Zone({ACME_MX: NEW})
    with pytest.raises(TenantMisconfigured) as caught:
        look(zone, MemoryLedger(), SINCE, settings)
    assert [problem.split()[1] for problem in caught.value.problems] == ["x.example", "y.example"]
    assert zone.asked == []
    with pytest.raises(TenantMisconfigured, match="no domain"):
        look(zone, MemoryLedger(), SINCE, replace(SETTINGS, domains=()))


def test_after_the_last_day_it_says_what_is_open_and_keeps_it() -> None:
    ledger = MemoryLedger()
    settings = replace(SETTINGS, domains=("acme.example", "beta.example"))
    zone = Zone({ACME_MX: NEW, BETA_MX: OLD}, {ACME_MX: NEW})
    with pytest.raises(CutoverTimedOut) as caught:
        look(zone, ledger, "2026-12-18T18:00:00.000Z", settings)
    (problem,) = caught.value.problems
    assert problem == "MX of beta.example: missing at 1, wrong at 1 of 2 servers, after 14 days"
    assert "192.0.2" not in str(caught.value)
    assert "old-host" not in str(caught.value)
    assert ledger.dns("run-1")[0] == "2026-12-18T18:00:00.000Z"


def test_a_cut_over_on_the_last_day_still_counts() -> None:
    assert look(Zone({ACME_MX: NEW}), MemoryLedger(), "2026-12-30T18:00:00.000Z").ready


def test_how_long_the_old_mx_may_be_cached_is_told_when_it_is_right() -> None:
    zone, ledger = Zone({ACME_MX: OLD}, ttl=3600), MemoryLedger()
    assert look(zone, ledger, "2026-12-04T18:00:01.000Z").drain_seconds == 0
    zone.tables[0][ACME_MX] = NEW
    assert look(zone, ledger, "2026-12-04T19:00:00.000Z").drain_seconds == 3600
    (note,) = [note for note in ledger.notes("run-1") if note.state == "DrainOldMx"]
    assert "3600 seconds" in note.what


def test_an_mx_that_was_right_at_the_first_look_is_drained_for_the_minutes_alone() -> None:
    ledger = MemoryLedger()
    now = "2026-12-04T18:00:01.000Z"
    assert look(Zone({ACME_MX: NEW}), ledger, now) == Look(True, 0, 0)
    (note,) = [note for note in ledger.notes("run-1") if note.state == "DrainOldMx"]
    assert f"{SETTINGS.cutover_drain_minutes} minutes are added" in note.what
