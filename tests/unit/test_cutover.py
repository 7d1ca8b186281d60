"""One look at the DNS: what is kept, what is answered, what ends the run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import cast

import pytest

from localrun.fakes.ledger import MemoryLedger
from localrun.fakes.notifier import MemoryNotifier
from migration.cutover import Look, Lookout, SecondLook, check_dns, recheck_dns
from migration.directory_model import MailDomain
from migration.dns_model import DnsRecord, Require
from migration.errors import ProvisioningPending, TenantMisconfigured
from migration.model import Failure, NoticeKind
from migration.ports import Directory, DnsAnswer
from migration.settings import Settings
from migration.telling import Teller
from migration.zone_model import PublishedSet, RecordSet
from tests.contract.workmail_cloud import mailbox
from tests.unit.test_settings import environment

REGION = "eu-west-1"
OLD = "10 mail.old-host.example."
NEW = f"10 inbound-smtp.{REGION}.amazonaws.com."
SINCE = "2026-12-04T18:00:00.000Z"
SPF = DnsRecord("acme.example", "TXT", "v=spf1 include:amazonses.com ~all")

SETTINGS = replace(
    Settings.from_env(environment()),
    tenant="acme",
    domains=("acme.example",),
    dns_timeout_days=14,
    dns_require=Require.MX,
    dns_gateways=(),
    dns_mail_from="",
)


class KnownDomains:
    """The part of a directory that a look needs."""

    def __init__(self, *domains: MailDomain) -> None:
        self._domains = {domain.name: domain for domain in domains}

    def domain(self, name: str) -> MailDomain | None:
        return self._domains.get(name)


class Zone:
    """A resolver whose servers answer from tables, the zone's own first; `tables` may be changed
    between looks."""

    def __init__(self, *tables: dict[tuple[str, str], str], ttl: int = 300, own: int = 0) -> None:
        self.tables = tables
        self.ttl = ttl
        self.own = own
        self.asked: list[tuple[str, str]] = []

    def ask(self, name: str, type_: str) -> list[DnsAnswer]:
        self.asked.append((name, type_))
        return [
            self._answer(number, table, name, type_) for number, table in enumerate(self.tables)
        ]

    def _answer(
        self, number: int, table: Mapping[tuple[str, str], str], name: str, type_: str
    ) -> DnsAnswer:
        answer = DnsAnswer(f"192.0.2.{number}:53", authoritative=number < self.own)
        value = table.get((name, type_))
        if value is None:
            return replace(answer, error="NXDOMAIN")
        return replace(answer, values=(value,), ttl=self.ttl)


ACME = MailDomain("acme.example", verified=True, records=(SPF,))
BETA = MailDomain("beta.example", verified=True)
ACME_MX, BETA_MX = ("acme.example", "MX"), ("beta.example", "MX")


def lookout(
    zone: Zone,
    ledger: MemoryLedger,
    settings: Settings = SETTINGS,
    domains: KnownDomains | None = None,
    notifier: MemoryNotifier | None = None,
) -> Lookout:
    directory = cast(Directory, domains or KnownDomains(ACME, BETA))
    teller = Teller(ledger, notifier or MemoryNotifier())
    return Lookout(settings, REGION, directory, zone, ledger, teller)


def look(
    zone: Zone,
    ledger: MemoryLedger,
    now: str,
    settings: Settings = SETTINGS,
    domains: KnownDomains | None = None,
    notifier: MemoryNotifier | None = None,
) -> Look:
    means = lookout(zone, ledger, settings, domains, notifier)
    return check_dns(means, "run-1", SINCE, now)


def test_while_the_mx_is_the_old_one_it_waits() -> None:
    ledger = MemoryLedger()
    zone = Zone({ACME_MX: OLD}, {ACME_MX: NEW})
    assert look(zone, ledger, "2026-12-04T18:00:01.000Z") == Look(False, 60, 1, False, 300)
    zone.ttl = 200
    assert look(zone, ledger, "2026-12-05T18:00:00.000Z") == Look(False, 900, 1, False, 300)


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
    with pytest.raises(TenantMisconfigured, match="1 mailboxes"):
        look(zone, ledger, "2026-12-04T18:00:01.000Z")
    # Whom WorkMail has refused altogether has no mailbox: the others go on.
    ledger.set_failed("id-carl", Failure("UserRefused", "the address is somebody else's"))
    ledger.set_provisioned("id-berta", "u", "created")
    assert look(zone, ledger, "2026-12-04T18:00:01.000Z").ready


def test_the_mx_is_that_of_earlier_waves_too() -> None:
    ledger, zone = MemoryLedger(), Zone({ACME_MX: NEW})
    ledger.plan_mailboxes("run-0", [mailbox("anna")])
    ledger.set_provisioned("id-anna", "u", "created", "anna@acme.awsapps.com")
    ledger.plan_mailboxes("run-1", [mailbox("berta")])
    ledger.set_provisioned("id-berta", "u", "created")
    with pytest.raises(TenantMisconfigured, match="1 mailboxes have addresses in the test domain"):
        look(zone, ledger, SINCE)


def test_when_all_servers_give_workmails_mx_it_is_ready_whatever_else_is_missing() -> None:
    ledger = MemoryLedger()
    zone = Zone({ACME_MX: NEW}, {ACME_MX: NEW})
    assert look(zone, ledger, "2026-12-04T18:00:01.000Z") == Look(True, 0, 0)


def test_where_nobody_was_asked_nothing_is_cut_over() -> None:
    assert not look(Zone(), MemoryLedger(), SINCE).ready


def test_every_domain_must_be_cut_over() -> None:
    settings = replace(SETTINGS, domains=("acme.example", "beta.example"))
    zone = Zone({ACME_MX: NEW, BETA_MX: OLD})
    assert look(zone, MemoryLedger(), SINCE, settings).open == 1
    zone = Zone({ACME_MX: OLD})
    assert look(zone, MemoryLedger(), SINCE, settings).open == 2
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
        ("TXT", "missing", ()),
    ]
    watch = ledger.dns_watch("run-1")
    assert watch.began == "2026-12-04T18:00:01.000Z"
    assert watch.ready == "2026-12-04T18:05:00.000Z"
    assert {key.split()[0]: each.first_right for key, each in watch.records.items()} == {
        "MX": "2026-12-04T18:05:00.000Z",
        "CNAME": "",
        "TXT": "",
    }


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
    others = "other records: 3 missing"
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
        ("_dmarc.acme.example", "TXT"),
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


def test_after_the_last_day_the_operator_is_to_be_asked() -> None:
    ledger = MemoryLedger()
    settings = replace(SETTINGS, domains=("acme.example", "beta.example"))
    zone = Zone({ACME_MX: NEW, BETA_MX: OLD}, {ACME_MX: NEW})
    assert not look(zone, ledger, "2026-12-18T17:59:59.000Z", settings).overdue
    seen = look(zone, ledger, "2026-12-18T18:00:00.000Z", settings)
    assert (seen.overdue, seen.ready, seen.open) == (True, False, 1)
    assert seen.wait_seconds > 0, "the answer may be to wait on"
    assert ledger.dns("run-1")[0] == "2026-12-18T18:00:00.000Z"


def test_who_waits_on_does_not_look_every_minute_again() -> None:
    ledger = MemoryLedger()
    zone = Zone({ACME_MX: OLD})
    look(zone, ledger, SINCE)
    again = "2026-12-20T08:00:00.000Z"
    seen = check_dns(lookout(zone, ledger), "run-1", again, again)
    assert (seen.overdue, seen.wait_seconds) == (False, 1800)


def test_a_cut_over_on_the_last_day_still_counts() -> None:
    assert look(Zone({ACME_MX: NEW}), MemoryLedger(), "2026-12-30T18:00:00.000Z").ready


# ---- the zone's own servers, and caches ------------------------------------------------------


def test_a_resolver_that_has_the_old_mx_in_its_cache_is_waited_for() -> None:
    ledger = MemoryLedger()
    zone = Zone({ACME_MX: NEW}, {ACME_MX: NEW}, {ACME_MX: OLD}, ttl=1500, own=1)
    seen = look(zone, ledger, "2026-12-04T18:00:00.000Z")
    assert seen == Look(False, 1506, 1, False, 1500)
    _, findings = ledger.dns("run-1")
    assert [each.stale_until for each in findings[:3]] == ["", "", "2026-12-04T18:25:00Z"]


def test_a_gateway_and_what_is_required_come_from_the_settings() -> None:
    settings = replace(SETTINGS, dns_gateways=("MX.Gateway.example",), dns_mail_from="bounce")
    zone = Zone({ACME_MX: "10 mx.gateway.example."})
    assert look(zone, MemoryLedger(), SINCE, settings).ready
    assert ("bounce.acme.example", "MX") in zone.asked
    stricter = replace(settings, dns_require=Require.MX_AND_AUTODISCOVER)
    assert look(zone, MemoryLedger(), SINCE, stricter).open == 1
    all_of_them = replace(settings, dns_require=Require.ALL)
    assert look(zone, MemoryLedger(), SINCE, all_of_them).open == 5  # two of them of bounce


# ---- what operators are told -----------------------------------------------------------------


def test_operators_are_told_of_changes_and_once_a_day() -> None:
    ledger, notifier = MemoryLedger(), MemoryNotifier()
    zone = Zone({ACME_MX: OLD}, {ACME_MX: OLD})
    hours = {
        "04T18:00": "waiting for 1 record",
        "04T18:01": "",
        "05T17:59": "",
        "05T18:00": "waiting for 1 record",
        "06T17:00": "",
        "06T18:00": "waiting for 1 record",
    }
    for hour, subject in hours.items():
        before = len(notifier.told)
        look(zone, ledger, f"2026-12-{hour}:00.000Z", notifier=notifier)
        assert [notice.subject for notice in notifier.told[before:]] == (
            [f"acme: DNS: {subject}"] if subject else []
        )
    told = notifier.told[-1]
    assert "MX of acme.example: wrong at 2 of 2 servers." in told.text
    assert "    wrong, found 10 mail.old-host.example. at 192.0.2.0:53, 192.0.2.1:53" in told.text
    assert told.facts["open"] == 1
    assert told.facts["MX acme.example"] == "wrong"
    zone.tables[0][ACME_MX] = zone.tables[1][ACME_MX] = NEW
    known = len(notifier.told)
    assert look(zone, ledger, "2026-12-06T18:15:00.000Z", notifier=notifier).ready
    assert len(notifier.told) == known, "that the cut-over is done has a notice of its own"


def test_silence_between_two_looks_is_no_news() -> None:
    ledger, notifier = MemoryLedger(), MemoryNotifier()
    zone = Zone({ACME_MX: OLD}, {ACME_MX: OLD})
    look(zone, ledger, SINCE, notifier=notifier)
    tables = zone.tables
    for number in range(1, 20):
        zone.tables = tables if number % 2 else ()
        look(
            zone,
            ledger,
            f"2026-12-04T{19 + number // 4}:{number % 4 * 15:02}:00.000Z",
            notifier=notifier,
        )
    assert len(notifier.told) == 1
    assert {note.state for note in ledger.notes("run-1")} == {"CheckDns"}


def test_notices_fit_into_what_sns_takes_and_repeat_no_foreign_text() -> None:
    name = "a-very-long-label-that-goes-on-and-on-and-on-and-on-and-on.and-on-and-on.acme.example"
    domains = KnownDomains(MailDomain(name, verified=True))
    settings = replace(SETTINGS, domains=(name,))
    ledger, notifier = MemoryLedger(), MemoryNotifier()
    zone = Zone({(name, "MX"): NEW, (name, "TXT"): "a secret of somebody else"})
    look(zone, ledger, SINCE, settings, domains, notifier)
    zone.tables[0][name, "MX"] = OLD
    look(zone, ledger, "2026-12-04T18:05:00.000Z", settings, domains, notifier)
    (notice,) = notifier.told
    assert len(notice.subject) == 100
    assert notice.subject.isascii()
    assert "TXT a-very-long-label" in notice.text
    assert "secret" not in notice.text


def test_a_topic_that_cannot_be_used_stops_nothing() -> None:
    ledger = MemoryLedger()
    notifier = MemoryNotifier(ProvisioningPending("the topic", 10))
    look(Zone({ACME_MX: OLD}), ledger, SINCE, notifier=notifier)
    assert ledger.dns("run-1")[0] == SINCE
    assert {note.state for note in ledger.notes("run-1")} == {"CheckDns", "Notifications"}


# ---- when it goes back -----------------------------------------------------------------------


def test_while_it_is_waited_for_an_mx_that_goes_back_is_told() -> None:
    ledger, notifier = MemoryLedger(), MemoryNotifier()
    settings = replace(SETTINGS, domains=("acme.example", "beta.example"))
    zone = Zone({ACME_MX: NEW, BETA_MX: OLD})
    look(zone, ledger, "2026-12-04T18:00:00.000Z", settings, notifier=notifier)
    zone.tables[0][ACME_MX] = OLD
    look(zone, ledger, "2026-12-04T18:01:00.000Z", settings, notifier=notifier)
    assert notifier.told[-1].subject == "acme: DNS: MX of acme.example has gone back"
    assert "passes that follow" not in notifier.told[-1].text
    (*_, note) = ledger.notes("run-1")
    assert note.what.startswith("MX of acme.example was right and is not any more: mail goes to")


def test_after_the_cut_over_it_is_looked_at_again() -> None:
    ledger, notifier = MemoryLedger(), MemoryNotifier()
    zone = Zone({ACME_MX: NEW}, {ACME_MX: NEW}, own=1)
    means = lookout(zone, ledger, notifier=notifier)

    def again(hour: int) -> SecondLook:
        return recheck_dns(means, "run-1", f"2026-12-04T{hour}:00:00.000Z")

    assert again(17) == SecondLook(False, 0)
    assert zone.asked == [], "this run has seen no cut-over"
    assert check_dns(means, "run-1", SINCE, SINCE).ready
    assert again(19) == SecondLook(False, 0)
    zone.tables[1][ACME_MX] = OLD  # a cache that was not asked before
    assert again(20) == SecondLook(False, 1)
    zone.tables[0][ACME_MX] = OLD
    assert again(21) == SecondLook(True, 1)


def test_silence_in_between_hides_nothing() -> None:
    ledger, notifier = MemoryLedger(), MemoryNotifier()
    zone = Zone({ACME_MX: NEW}, {ACME_MX: NEW}, own=1)
    means = lookout(zone, ledger, notifier=notifier)
    check_dns(means, "run-1", SINCE, SINCE)
    tables, zone.tables = zone.tables, ()
    assert not recheck_dns(means, "run-1", "2026-12-05T06:00:00.000Z").went_back
    zone.tables = tables
    zone.tables[0][ACME_MX] = OLD
    assert recheck_dns(means, "run-1", "2026-12-05T18:00:00.000Z").went_back
    assert notifier.told[-1].subject == "acme: DNS: MX of acme.example has gone back"


def test_an_mx_that_goes_back_after_the_cut_over_is_told_until_it_is_right_again() -> None:
    ledger, notifier = MemoryLedger(), MemoryNotifier()
    zone = Zone({ACME_MX: NEW}, {ACME_MX: NEW}, own=1)
    means = lookout(zone, ledger, notifier=notifier)
    check_dns(means, "run-1", SINCE, SINCE)
    zone.tables[0][ACME_MX] = OLD
    assert recheck_dns(means, "run-1", "2026-12-05T06:00:00.000Z") == SecondLook(True, 1)
    assert recheck_dns(means, "run-1", "2026-12-05T18:00:00.000Z") == SecondLook(True, 1)
    assert ledger.dns_watch("run-1").went_back == "2026-12-05T06:00:00.000Z"
    zone.tables[0][ACME_MX] = NEW
    assert recheck_dns(means, "run-1", "2026-12-06T06:00:00.000Z") == SecondLook(False, 0)
    assert ledger.dns_watch("run-1").went_back == ""
    assert [notice.subject for notice in notifier.told] == [
        "acme: DNS: MX of acme.example has gone back",
        "acme: DNS: mail goes to WorkMail again",
    ]
    assert {notice.kind for notice in notifier.told} == {NoticeKind.DNS}
    assert "passes that follow bring what arrives there" in notifier.told[0].text
    states = [note.state for note in ledger.notes("run-1")]
    assert states == ["CheckDns", "DrainOldMx", *["RecheckDns"] * 2]


def test_a_look_that_dies_anywhere_is_repeated_and_ends_alike() -> None:
    quiet = MemoryLedger()
    zone = Zone({ACME_MX: OLD}, {ACME_MX: NEW})
    look(zone, quiet, SINCE)
    steps: list[str] = []
    look(zone, MemoryLedger(steps.append), SINCE)
    assert {step.split()[1] for step in steps} == {"add_note", "set_told", "write_dns"}
    for place in range(len(steps)):
        left = iter([False] * place + [True])

        def die(_: str, left: Iterator[bool] = left) -> None:
            if next(left, False):
                raise RuntimeError

        ledger, notifier = MemoryLedger(die), MemoryNotifier()
        with pytest.raises(RuntimeError):
            look(zone, ledger, SINCE, notifier=notifier)
        ledger.step = lambda _: None
        look(zone, ledger, SINCE, notifier=notifier)
        assert ledger.dns("run-1") == quiet.dns("run-1")
        assert ledger.dns_watch("run-1") == quiet.dns_watch("run-1")
        assert ledger.notes("run-1") == quiet.notes("run-1")
        assert len(notifier.told) in (1, 2)


def test_how_long_the_old_mx_may_be_cached_is_told_when_it_is_right() -> None:
    zone, ledger = Zone({ACME_MX: OLD}, ttl=3600), MemoryLedger()
    assert look(zone, ledger, "2026-12-04T18:00:01.000Z").drain_seconds == 3600
    zone.ttl = 600  # a cache counts down
    look(zone, ledger, "2026-12-04T18:30:00.000Z")
    assert not [note for note in ledger.notes("run-1") if note.state == "DrainOldMx"]
    zone.tables[0][ACME_MX] = NEW
    assert look(zone, ledger, "2026-12-04T19:00:00.000Z").drain_seconds == 3600
    (note,) = [note for note in ledger.notes("run-1") if note.state == "DrainOldMx"]
    assert "3600 seconds" in note.what


def test_an_mx_that_the_run_itself_has_changed_is_drained_for_its_ttl() -> None:
    ledger, now = MemoryLedger(), "2026-12-04T18:00:01.000Z"
    old = RecordSet("acme.example", "MX", 7200, ("10 mail.old-host.example.",))
    ledger.keep_published(PublishedSet("Z1", old.name, "MX", old, (), "run-1"))
    assert look(Zone({ACME_MX: NEW}), ledger, now).drain_seconds == 7200


def test_an_mx_that_was_right_at_the_first_look_is_drained_for_the_minutes_alone() -> None:
    ledger = MemoryLedger()
    now = "2026-12-04T18:00:01.000Z"
    assert look(Zone({ACME_MX: NEW}), ledger, now) == Look(True, 0, 0)
    (note,) = [note for note in ledger.notes("run-1") if note.state == "DrainOldMx"]
    assert f"{SETTINGS.cutover_drain_minutes} minutes are added" in note.what
