"""Publishing and its rollback, call by call, with kills between any two effects."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from typing import cast

import pytest

from localrun.fakes.blobs import MemoryBlobs
from localrun.fakes.ledger import MemoryLedger
from localrun.fakes.notifier import MemoryNotifier
from localrun.fakes.zones import MemoryZones
from migration import dns
from migration.directory_model import MailDomain
from migration.dns_model import DnsVerdict
from migration.dns_restoring import CHANGED_SINCE
from migration.dns_rollback import read_dns_rollback, rollback_dns
from migration.dns_values import to_zone_file
from migration.errors import ProvisioningPending, TenantMisconfigured
from migration.model import Notice
from migration.ports import Directory, DnsAnswer, Resolver
from migration.publishing import Means, Progress, prepare_dns, publish_dns
from migration.settings import Settings
from migration.telling import Teller
from migration.zone_model import RecordSet
from tests.contract.workmail_cloud import mailbox
from tests.unit.test_settings import environment
from tests.unit.zones_of import (
    DOMAIN,
    OLD,
    OLD_AUTODISCOVER,
    OLD_MX,
    OLD_TXT,
    REGION,
    apply,
    mail_domain,
    verdict,
)

SINCE = "2026-12-04T18:00:00.000Z"
LATE = "2026-12-04T18:30:00.000Z"
SETTINGS = replace(
    Settings.from_env(environment()),
    domains=(DOMAIN,),
    dns_publish="route53",
    dns_zone_id="",
    dns_lower_ttl=300,
    dns_mail_from="bounce",
    dns_gateways=(),
)
WANTED = dns.expected_records(mail_domain(), REGION, mail_from="bounce")


class Killed(Exception):
    """The function's process ends here."""


class Directories:
    """The part of a directory that publishing needs."""

    def __init__(self, *domains: MailDomain) -> None:
        self._domains = {domain.name: domain for domain in domains}

    def domain(self, name: str) -> MailDomain | None:
        return self._domains.get(name)


class Answers:
    """A resolver with two servers that tell what a zone holds, CNAMEs followed."""

    def __init__(self, *standing: RecordSet, silent: bool = False) -> None:
        self.standing = standing
        self.silent = silent

    def ask(self, name: str, type_: str) -> list[DnsAnswer]:
        if self.silent:
            return [DnsAnswer("one", error="TIMEOUT"), DnsAnswer("two", error="SERVFAIL")]
        here = {(each.name, each.type): each for each in self.standing}
        found = here.get((name, type_))
        if found is None and (name, "CNAME") in here:
            return [DnsAnswer(server, ("behind.the.alias.",), 5) for server in ("one", "two")]
        if found is None:
            return [DnsAnswer("one", error="NODATA"), DnsAnswer("two", error="TIMEOUT")]
        values = tuple(to_zone_file(type_, value) for value in found.values)
        return [
            DnsAnswer("one", values, found.ttl),
            DnsAnswer("two", values[::-1], found.ttl - 1),
        ]


@dataclass
class Account:
    """All that publishing works with. `count` of the effects pass, then the process is killed."""

    means: Means
    zones: MemoryZones
    ledger: MemoryLedger
    blobs: MemoryBlobs
    zone: str
    notices: list[Notice]

    def sets(self) -> list[RecordSet]:
        return self.zones.all_sets(self.zone)

    def play(self, call: Callable[[Means, str, str, str], Progress], run: str) -> list[Progress]:
        """Until it is not pending any more."""
        progress = [call(self.means, run, SINCE, SINCE)]
        while progress[-1].pending:
            assert len(progress) < 50
            progress.append(call(self.means, run, SINCE, SINCE))
        return progress

    def told(self, run: str) -> str:
        return "\n".join(note.what for note in self.ledger.notes(run))


def account(
    *standing: RecordSet, settings: Settings = SETTINGS, lag: int = 0, silent: bool = False
) -> Account:
    zones, ledger, blobs, told = (
        MemoryZones(lag=lag),
        MemoryLedger(),
        MemoryBlobs(),
        MemoryNotifier(),
    )
    zone = zones.add_zone(DOMAIN, *standing)
    directory = cast("Directory", Directories(mail_domain()))
    resolver: Resolver = Answers(*standing, silent=silent)
    means = Means(
        settings, REGION, directory, zones, resolver, ledger, blobs, Teller(ledger, told, "acme")
    )
    return Account(means, zones, ledger, blobs, zone, told.told)


def prepare(means: Means, run: str, _since: str, now: str) -> Progress:
    return prepare_dns(means, run, now)


# ---- published -------------------------------------------------------------------------------


def test_a_domain_is_published_in_two_batches_mx_last_and_each_waited_for() -> None:
    it = account(*OLD, lag=2)
    progress = it.play(publish_dns, "run1")
    batches = [
        {(change.record_set.name, change.record_set.type) for change in changes}
        for _, changes in it.zones.changes
    ]
    assert batches[1] == {(DOMAIN, "MX"), (f"autodiscover.{DOMAIN}", "CNAME")}
    assert len(batches) == 2
    assert [each.changed for each in progress] == [7, 0, 0, 2, 0, 0, 0]
    assert [each.pending for each in progress] == [True] * 6 + [False]
    assert all(verdict(record, it.sets()) is DnsVerdict.RIGHT for record in WANTED)
    assert all(each.in_sync for each in it.ledger.published())


@pytest.mark.parametrize("publish", ["route53", "none"])
def test_nothing_is_published_while_addresses_are_in_the_test_domain(publish: str) -> None:
    it = account(*OLD, settings=replace(SETTINGS, dns_publish=publish))
    it.ledger.plan_mailboxes("run1", [mailbox("anna"), mailbox("berta")])
    it.ledger.set_provisioned("id-anna", "u", "created", "anna@acme.awsapps.com")
    before = it.sets()
    with pytest.raises(TenantMisconfigured, match="1 mailboxes have addresses in the test domain"):
        it.play(publish_dns, "run1")
    assert it.sets() == before
    assert it.zones.changes == []
    assert it.notices == []
    assert not it.blobs.exists("reports/run1/dns/records.html")
    it.ledger.set_provisioned("id-anna", "u", "created")
    it.play(publish_dns, "run1")
    assert it.blobs.exists("reports/run1/dns/records.html")


def test_what_is_right_needs_no_change_and_no_waiting() -> None:
    it = account(*OLD)
    it.play(publish_dns, "run1")
    before = it.sets()
    assert [each.pending for each in it.play(publish_dns, "run2")] == [False]
    assert it.sets() == before
    assert len(it.zones.changes) == 2


def test_the_old_state_is_in_ledger_and_bucket_before_anything_is_changed() -> None:
    it = account(*OLD)

    def look(step: str) -> None:
        if step == "before change":
            saved = json.loads(it.blobs.get("reports/run1/dns-before.json"))["record_sets"]
            known = {(each["name"], each["type"]): each["before"] for each in saved}
            assert len(known) == len(it.ledger.published())
            if (DOMAIN, "TXT") in known:
                assert known[DOMAIN, "TXT"]["values"] == list(OLD_TXT.values)
            assert known[f"_amazonses.{DOMAIN}", "TXT"] is None

    it.zones.step = look
    it.play(publish_dns, "run1")
    assert len(it.zones.changes) == 2


def test_the_files_lie_in_the_bucket_and_say_what_was_to_be_done_at_first() -> None:
    it = account(*OLD)
    it.play(publish_dns, "run1")
    keys = set(it.blobs.list("reports/run1/dns/"))
    assert f"reports/run1/dns/{DOMAIN}.2.json" in keys
    assert b"mail.old.example" in it.blobs.get(f"reports/run1/dns/{DOMAIN}.zone")
    assert "reports/run1/dns/" in it.told("run1")
    assert [notice.facts["place"] for notice in it.notices] == ["reports/run1/dns/"]


def test_what_the_owner_changes_while_the_zones_are_read_is_not_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    it = account(*OLD)
    read, theirs = it.zones.record_sets, replace(OLD_TXT, values=(*OLD_TXT.values, '"new=1"'))

    def read_before(zone: str, names: Collection[str]) -> list[RecordSet]:
        found = read(zone, names)
        it.zones.set_records(zone, theirs)
        return found

    monkeypatch.setattr(it.zones, "record_sets", read_before)
    with pytest.raises(ProvisioningPending):
        publish_dns(it.means, "run1", SINCE, SINCE)
    monkeypatch.undo()
    it.play(publish_dns, "run1")
    (texts,) = [each for each in it.sets() if (each.name, each.type) == (DOMAIN, "TXT")]
    assert '"new=1"' in texts.values
    it.play(rollback_dns, "back")
    assert theirs in it.sets()


def test_a_conflict_is_told_and_the_rest_published() -> None:
    address = RecordSet(OLD_AUTODISCOVER.name, "A", 60, ("192.0.2.1",))
    it = account(OLD_MX, address)
    assert it.play(publish_dns, "run1")[-1].left == 1
    assert address in it.sets()
    assert verdict(WANTED[0], it.sets()) is DnsVerdict.RIGHT
    assert "no CNAME" in it.told("run1")
    assert "no CNAME" in it.notices[0].text


def test_nobody_waits_for_ever() -> None:
    it = account(*OLD, lag=10**6)
    calls = [publish_dns(it.means, "run1", SINCE, now) for now in (SINCE, SINCE, LATE, LATE)]
    assert [each.pending for each in calls] == [True, True, True, False]
    assert verdict(WANTED[0], it.sets()) is DnsVerdict.RIGHT


def test_what_is_changed_back_again_and_again_is_told_in_the_end() -> None:
    it = account(*OLD)
    it.play(publish_dns, "run1")
    it.zones.set_records(it.zone, OLD_MX)
    assert publish_dns(it.means, "run1", SINCE, SINCE).changed == 1
    it.zones.set_records(it.zone, OLD_MX)
    assert not publish_dns(it.means, "run1", SINCE, LATE).pending
    assert OLD_MX in it.sets()
    assert f"MX of {DOMAIN}: it was published, and somebody has changed it back" in it.told("run1")


# ---- which zone ------------------------------------------------------------------------------


def test_a_domain_without_a_public_zone_and_one_with_several_are_the_operators_matter() -> None:
    it = account()
    second = it.zones.add_zone(DOMAIN)
    with pytest.raises(TenantMisconfigured, match=f"{it.zone}, {second}: say in dns.zone_id"):
        publish_dns(it.means, "run1", SINCE, SINCE)
    chosen = replace(it.means, settings=replace(SETTINGS, dns_zone_id=second))
    assert publish_dns(chosen, "run1", SINCE, SINCE).pending
    assert it.sets() == []
    none = replace(it.means, zones=MemoryZones())
    with pytest.raises(TenantMisconfigured, match="has no public hosted zone"):
        prepare_dns(none, "run1", SINCE)


def test_a_domain_that_workmail_does_not_know_is_told() -> None:
    settings = replace(SETTINGS, domains=(DOMAIN, "other.test"))
    with pytest.raises(TenantMisconfigured, match=r"other\.test is not registered"):
        publish_dns(account(settings=settings).means, "run1", SINCE, SINCE)
    with pytest.raises(TenantMisconfigured, match="names no domain"):
        publish_dns(account(settings=replace(SETTINGS, domains=())).means, "run1", SINCE, SINCE)


# ---- before ----------------------------------------------------------------------------------


def test_the_old_mx_is_cached_for_a_shorter_time_and_its_first_state_kept() -> None:
    it = account(*OLD)
    assert prepare_dns(it.means, "run1", SINCE).changed == 1
    assert replace(OLD_MX, ttl=300) in it.sets()
    assert prepare_dns(it.means, "run1", SINCE).changed == 0
    it.play(publish_dns, "run1")
    (mx,) = [each for each in it.ledger.published() if (each.name, each.type) == (DOMAIN, "MX")]
    assert mx.before == OLD_MX
    it.play(rollback_dns, "run2")
    assert it.sets() == apply(OLD, [])


def test_preparing_tells_conflicts_early_and_does_nothing_without_route_53() -> None:
    two = replace(OLD_TXT, values=('"v=spf1 mx -all"', '"v=spf1 a -all"'))
    it = account(two)
    assert prepare_dns(it.means, "run1", SINCE).left == 1
    assert "2 SPF records" in it.told("run1")
    by_hand = account(*OLD, settings=replace(SETTINGS, dns_publish="none"))
    assert prepare_dns(by_hand.means, "run1", SINCE) == Progress(False, 0, 0, 0)
    assert by_hand.told("run1") == ""


# ---- by hand ---------------------------------------------------------------------------------

BY_HAND = replace(SETTINGS, dns_publish="none", dns_lower_ttl=0)


def test_without_route_53_the_files_say_what_to_publish_and_nothing_is_changed() -> None:
    it = account(*OLD, settings=BY_HAND)
    assert it.play(publish_dns, "run1") == [Progress(False, 0, 0, 0)]
    assert it.sets() == apply(OLD, [])
    zone = it.blobs.get(f"reports/run1/dns/{DOMAIN}.zone").decode()
    assert "v=spf1 mx include:amazonses.com -all" in zone
    assert f"; remove: {DOMAIN}. 3600 IN MX 10 mail.old.example." in zone
    assert '"caf\\195\\169"' in zone
    batch = it.blobs.get(f"reports/run1/dns/{DOMAIN}.1.json").decode()
    assert '"\\"caf\\\\303\\\\251\\""' in batch
    (notice,) = it.notices
    assert notice.subject == "acme: DNS records for WorkMail are to be published"
    assert zone in notice.text, "whoever changes the DNS needs no access to the bucket"


def test_an_alias_at_a_name_is_not_taken_for_what_stands_behind_it() -> None:
    alias = RecordSet(f"_dmarc.{DOMAIN}", "CNAME", 60, ("dmarc.service.example.",))
    it = account(alias, settings=BY_HAND)
    it.play(publish_dns, "run1")
    assert "a CNAME stands at this name" in it.told("run1")


def test_what_no_server_tells_is_told() -> None:
    it = account(*OLD, settings=BY_HAND, silent=True)
    it.play(publish_dns, "run1")
    assert f"TXT of {DOMAIN}: no server has told what is published there now" in it.told("run1")


# ---- the way back ----------------------------------------------------------------------------


def test_the_old_record_sets_come_back_exactly_and_are_waited_for() -> None:
    it = account(*OLD, lag=1)
    it.play(publish_dns, "run1")
    progress = it.play(rollback_dns, "back")
    assert it.sets() == apply(OLD, [])
    assert [each.pending for each in progress] == [True, True, False]
    rollback = read_dns_rollback(it.ledger, "back")
    assert rollback is not None
    assert len(rollback.restored) == 9
    assert rollback.left == ()
    assert "as they were before this migration: 9." in it.told("back")


def test_what_somebody_has_changed_since_is_left_and_told_and_tried_again_later() -> None:
    it = account(*OLD)
    it.play(publish_dns, "run1")
    (ours,) = [each for each in it.sets() if (each.name, each.type) == (DOMAIN, "TXT")]
    theirs = replace(ours, values=(*ours.values, '"new=1"'))
    it.zones.set_records(it.zone, theirs)
    assert it.play(rollback_dns, "back")[-1].left == 1
    assert theirs in it.sets()
    assert OLD_MX in it.sets()
    rollback = read_dns_rollback(it.ledger, "back")
    assert rollback is not None
    assert rollback.left == ((f"TXT of {DOMAIN}", CHANGED_SINCE),)
    it.zones.set_records(it.zone, ours)
    it.play(rollback_dns, "again")
    assert it.sets() == apply(OLD, [])


def test_a_rollback_does_not_fight_for_ever_with_a_program_that_publishes_again() -> None:
    it = account(*OLD)
    it.play(publish_dns, "run1")
    ours = it.sets()
    assert rollback_dns(it.means, "back", SINCE, LATE).changed == 9  # late, but the first time
    (mx,) = [each for each in ours if (each.name, each.type) == (DOMAIN, "MX")]
    it.zones.set_records(it.zone, mx)
    assert rollback_dns(it.means, "back", SINCE, LATE) == Progress(False, 0, 0, 1)
    rollback = read_dns_rollback(it.ledger, "back")
    assert rollback is not None
    assert rollback.left == ((f"MX of {DOMAIN}", CHANGED_SINCE),)
    it.play(rollback_dns, "again")
    assert it.sets() == apply(OLD, [])


def test_a_rollback_may_be_started_without_anything_to_put_back() -> None:
    it = account(*OLD)
    assert it.play(rollback_dns, "back") == [Progress(False, 0, 0, 0)]
    it.play(publish_dns, "run1")
    it.play(rollback_dns, "back2")
    it.play(rollback_dns, "back3")
    assert "nothing to put back" in it.told("back3")
    assert it.sets() == apply(OLD, [])


def test_a_rollback_without_the_right_to_change_zones_says_so() -> None:
    it = account(*OLD)
    it.play(publish_dns, "run1")
    by_hand = replace(it.means, settings=BY_HAND)
    with pytest.raises(TenantMisconfigured, match="rollback-dns wants"):
        rollback_dns(by_hand, "back", SINCE, SINCE)


def test_published_rolled_back_and_published_again_it_begins_anew() -> None:
    it = account(*OLD)
    it.play(publish_dns, "run1")
    it.play(rollback_dns, "back")
    moved = replace(OLD_MX, values=("10 new-old.example.",))
    it.zones.set_records(it.zone, moved)
    it.play(publish_dns, "run2")
    it.play(rollback_dns, "back2")
    assert moved in it.sets()


# ---- kills -----------------------------------------------------------------------------------


def kill_after(it: Account, effects: int) -> None:
    """Ends the process at the so many-th place."""
    left = effects

    def step(_name: str) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise Killed

    it.zones.step = it.ledger.step = it.blobs.step = step


def heal(it: Account) -> None:
    def step(_name: str) -> None: ...

    it.zones.step = it.ledger.step = it.blobs.step = step


def story(it: Account) -> Iterator[tuple[Callable[[Means, str, str, str], Progress], str]]:
    yield prepare, "run1"
    yield publish_dns, "run1"
    yield rollback_dns, "back"


@pytest.mark.parametrize("parts", [2, 3], ids=["published", "rolled back"])
def test_killed_anywhere_it_ends_as_the_quiet_run(parts: int) -> None:
    quiet = account(*OLD, lag=1)
    for call, run in list(story(quiet))[:parts]:
        quiet.play(call, run)
    befores = [(each.name, each.type, each.before) for each in quiet.ledger.published()]
    effects, kills = 0, 0
    while True:
        it = account(*OLD, lag=1)
        kill_after(it, effects)
        was_killed = False
        for call, run in list(story(it))[:parts]:
            try:
                it.play(call, run)
            except Killed:
                was_killed = True
                heal(it)
                it.play(call, run)
        assert it.sets() == quiet.sets(), effects
        found = [(each.name, each.type, each.before) for each in it.ledger.published()]
        assert found == befores, effects
        outcomes = {each.outcome for each in it.ledger.published()}
        assert outcomes == ({""} if parts == 2 else {"restored"})
        if not was_killed:
            break
        kills, effects = kills + 1, effects + 1
    assert kills > 80


def test_a_change_whose_answer_was_lost_is_waited_for_all_the_same() -> None:
    it = account(*OLD, lag=3)

    def step(name: str) -> None:
        if name == "after change":
            raise Killed

    it.zones.step = step
    with pytest.raises(Killed):
        it.play(publish_dns, "run1")
    heal(it)
    progress = it.play(publish_dns, "run1")
    assert [each.changed for each in progress] == [0, 0, 0, 2, 0, 0, 0, 0]


def test_another_change_at_the_same_moment_is_tried_again() -> None:
    it = account(*OLD)

    def step(name: str) -> None:
        if name == "before change":
            raise ProvisioningPending("ChangeResourceRecordSets: PriorRequestNotComplete", 15)

    it.zones.step = step
    with pytest.raises(ProvisioningPending):
        it.play(publish_dns, "run1")
    heal(it)
    it.play(publish_dns, "run1")
    assert verdict(WANTED[0], it.sets()) is DnsVerdict.RIGHT
