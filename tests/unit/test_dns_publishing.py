"""What is changed in a hosted zone, in which order, and what is left alone."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migration import dns, dns_publishing
from migration.dns_model import DnsVerdict
from migration.dns_publishing import TTL, TTL_OF_SWITCH, Plan, changes_of
from migration.zone_model import RecordSet
from tests.unit.zones_of import (
    DOMAIN,
    INBOUND,
    OLD,
    OLD_DMARC,
    OLD_MX,
    OLD_TXT,
    REGION,
    apply,
    mail_domain,
    verdict,
)

WANTED = dns.expected_records(mail_domain(), REGION, mail_from="bounce")


def plan(*standing: RecordSet, gateways: Sequence[str] = (), zone: str = DOMAIN) -> Plan:
    return dns_publishing.plan(DOMAIN, WANTED, standing, gateways, zone)


def after(planned: Plan, name: str, type_: str) -> RecordSet:
    (found,) = [
        step.after for step in planned.steps if (step.after.name, step.after.type) == (name, type_)
    ]
    return found


def keys(steps: Sequence[dns_publishing.Step]) -> set[tuple[str, str]]:
    return {(step.after.name, step.after.type) for step in steps}


def test_everything_but_mx_and_autodiscover_comes_first() -> None:
    planned = plan(*OLD)
    assert keys(planned.last) == {(DOMAIN, "MX"), (f"autodiscover.{DOMAIN}", "CNAME")}
    assert keys(planned.first) == {
        (f"_amazonses.{DOMAIN}", "TXT"),
        *((f"{token}._domainkey.{DOMAIN}", "CNAME") for token in ("aaa", "bbb", "ccc")),
        (DOMAIN, "TXT"),
        (f"bounce.{DOMAIN}", "MX"),
        (f"bounce.{DOMAIN}", "TXT"),
    }
    assert planned.conflicts == ()


def test_what_is_written_is_spelled_as_route_53_wants_it() -> None:
    planned = plan(*OLD)
    mx, alias = after(planned, DOMAIN, "MX"), after(planned, f"autodiscover.{DOMAIN}", "CNAME")
    assert mx == RecordSet(DOMAIN, "MX", TTL_OF_SWITCH, (f"10 {INBOUND}.",))
    assert alias.values == (f"autodiscover.mail.{REGION}.awsapps.com.",)
    assert alias.ttl == TTL_OF_SWITCH
    dkim = after(planned, f"aaa._domainkey.{DOMAIN}", "CNAME")
    assert (dkim.ttl, dkim.values) == (TTL, ("aaa.dkim.amazonses.com.",))
    bounce = after(planned, f"bounce.{DOMAIN}", "MX")
    assert bounce.values == (f"10 feedback-smtp.{REGION}.amazonses.com.",)


def test_spf_is_merged_beside_the_owners_texts_which_stay_verbatim() -> None:
    texts = after(plan(*OLD), DOMAIN, "TXT")
    spf = '"v=spf1 mx include:amazonses.com -all"'
    assert texts == RecordSet(DOMAIN, "TXT", 900, (OLD_TXT.values[0], spf, OLD_TXT.values[2]))


def test_the_owners_dmarc_is_kept_and_one_is_published_where_there_is_none() -> None:
    assert after(plan(*OLD), f"_dmarc.{DOMAIN}", "TXT") == OLD_DMARC
    assert after(plan(OLD_MX), f"_dmarc.{DOMAIN}", "TXT").values == (
        '"v=DMARC1;p=quarantine;pct=100;fo=1"',
    )


def test_a_long_spf_record_is_cut_into_strings_of_255_bytes() -> None:
    terms = " ".join(f"ip4:192.0.2.{number}" for number in range(30))
    long = RecordSet(DOMAIN, "TXT", 60, (f'"v=spf1 {terms[:200]}" "{terms[200:]} -all"',))
    (value,) = after(plan(long), DOMAIN, "TXT").values
    strings = value.strip('"').split('" "')
    assert len(strings) == 2
    assert len(strings[0]) == 255
    assert "".join(strings) == f"v=spf1 {terms} include:amazonses.com -all"


def test_what_the_owner_should_know_about_spf_is_told_without_its_text() -> None:
    spf = RecordSet(DOMAIN, "TXT", 60, ('"v=spf1 a:secret.example"',))
    (remark,) = plan(spf).remarks
    assert "no `all`" in remark
    assert "secret" not in remark


def test_two_spf_records_are_a_conflict() -> None:
    two = RecordSet(DOMAIN, "TXT", 60, ('"v=spf1 mx -all"', '"v=spf1 a -all"'))
    planned = plan(two)
    (conflict,) = planned.conflicts
    assert conflict.startswith(f"TXT of {DOMAIN}: 2 SPF records stand there, which is an error")
    assert (DOMAIN, "TXT") not in keys(planned.steps)


@pytest.mark.parametrize("special", ["an alias", "weighted", "a multivalue answer"])
def test_what_is_no_plain_set_is_left_alone(special: str) -> None:
    sets = [RecordSet(DOMAIN, "MX", 60, (f"10 m{number}.",), special) for number in range(2)]
    planned = plan(*sets)
    assert planned.conflicts == (
        f"MX of {DOMAIN}: what stands there is {special}, and is left alone",
    )
    assert keys(planned.last) == {(f"autodiscover.{DOMAIN}", "CNAME")}


def test_another_type_in_the_way_of_a_cname_is_told() -> None:
    address = RecordSet(f"autodiscover.{DOMAIN}", "A", 60, ("192.0.2.1",))
    planned = plan(address, RecordSet(address.name, "AAAA", 0, (), "an alias"))
    (conflict,) = planned.conflicts
    assert conflict.startswith(f"CNAME of autodiscover.{DOMAIN}: A, AAAA stands at this name")
    assert keys(planned.last) == {(DOMAIN, "MX")}


def test_a_cname_in_the_way_of_others_is_told() -> None:
    alias = RecordSet(f"_dmarc.{DOMAIN}", "CNAME", 60, ("dmarc.service.example",))
    (conflict,) = plan(alias).conflicts
    assert conflict.startswith(f"TXT of _dmarc.{DOMAIN}: a CNAME stands at this name")


def test_mail_from_does_not_take_another_mail_servers_place() -> None:
    other = RecordSet(f"bounce.{DOMAIN}", "MX", 60, ("10 bounces.other.example",))
    assert plan(other).conflicts == (
        f"MX of bounce.{DOMAIN}: another value stands there; it is left alone",
    )


def test_names_that_are_delegated_are_told() -> None:
    delegated = RecordSet(f"_domainkey.{DOMAIN}", "NS", 60, ("ns.other.example.",))
    conflicts = plan(delegated).conflicts
    assert len(conflicts) == 3
    assert all(f"_domainkey.{DOMAIN} is delegated" in conflict for conflict in conflicts)
    assert f"_domainkey.{DOMAIN}" in dns_publishing.names_to_read(WANTED, DOMAIN)


def test_a_domain_below_its_zone_may_be_delegated_itself() -> None:
    servers = RecordSet(DOMAIN, "NS", 60, ("ns.other.example.",))
    assert len(plan(servers, zone="example").conflicts) == len(plan(zone="example").steps)
    assert plan(servers).conflicts == ()


def test_gateways_stay_in_mx() -> None:
    gateway = RecordSet(DOMAIN, "MX", 600, ("10 a.gateway.example.", "20 B.Gateway.example."))
    hosts = ("a.gateway.example", "b.gateway.example")
    planned = plan(gateway, gateways=hosts)
    assert (DOMAIN, "MX") not in keys(planned.last)
    assert "your mail gateway" in planned.remarks[0]
    mixed = RecordSet(DOMAIN, "MX", 600, ("10 a.gateway.example.", "20 mail.old.example."))
    assert after(plan(mixed, gateways=hosts), DOMAIN, "MX").values == ("10 a.gateway.example.",)
    assert after(plan(OLD_MX, gateways=hosts), DOMAIN, "MX").values == (f"10 {INBOUND}.",)


def test_what_is_right_already_is_not_written() -> None:
    right = RecordSet(DOMAIN, "MX", 86400, (f"0 {INBOUND.upper()}",))
    standing = [right, *(each for each in OLD if each is not OLD_MX)]
    planned = plan(*standing)
    done = apply(standing, changes_of([*planned.first, *planned.last]))
    again = plan(*done)
    assert (again.first, again.last) == ((), ())
    assert right in done


def test_the_ttl_of_the_old_mx_is_lowered_and_nothing_else() -> None:
    def lowered(*standing: RecordSet) -> RecordSet | None:
        step = dns_publishing.plan_lower_ttl(DOMAIN, WANTED, standing, 300)
        return step.after if step else None

    assert lowered(*OLD) == RecordSet(DOMAIN, "MX", 300, OLD_MX.values)
    assert lowered() is None
    assert lowered(RecordSet(DOMAIN, "MX", 300, OLD_MX.values)) is None
    assert lowered(RecordSet(DOMAIN, "MX", 3600, OLD_MX.values, "weighted")) is None
    assert lowered(RecordSet(DOMAIN, "MX", 3600, (f"10 {INBOUND}",))) is None


def test_what_workmail_does_not_name_is_wanted_all_the_same() -> None:
    bare = dns.expected_records(mail_domain(), REGION)
    named = {(record.name, record.type) for record in bare}
    assert (f"_dmarc.{DOMAIN}", "TXT") in named
    assert (f"bounce.{DOMAIN}", "MX") not in named


# ---- whatever stands there -------------------------------------------------------------------

ttls = st.integers(0, 90_000)
hosts = st.sampled_from(
    ["mail.old.example.", "a.gateway.example", INBOUND, f"{INBOUND}.", "aaa.dkim.amazonses.com"]
)
texts = st.sampled_from(
    [
        '"site=1"',
        '"v=spf1 mx -all"',
        '"v=spf1 include:x.test " "redirect=y.test"',
        '"v=spf1 a include:amazonses.com ~all"',
        '"v=DMARC1; p=reject"',
        '"caf\\303\\251"',
    ]
)
values = {
    "MX": hosts.map("10 {}".format),
    "CNAME": hosts,
    "TXT": texts,
    "A": st.just("192.0.2.1"),
}


@st.composite
def zones(draw: st.DrawFn) -> list[RecordSet]:
    """A zone that Route 53 would hold: a CNAME stands alone and has one value, and no record stands
    twice, in whatever spelling (RFC 2181, section 5: a set has no duplicates)."""
    standing = []
    for name in sorted({record.name for record in WANTED}):
        allowed = ["TXT", "MX", "A"] if name == DOMAIN else list(values)
        types = draw(st.lists(st.sampled_from(allowed), unique=True, max_size=2))
        if "CNAME" in types:
            types = ["CNAME"]
        for type_ in types:
            most = 1 if type_ == "CNAME" else 3
            spelled = partial(dns.normalise, type_)
            chosen = draw(st.lists(values[type_], unique_by=spelled, min_size=1, max_size=most))
            special = draw(st.sampled_from(["", "", "", "weighted"]))
            standing.append(RecordSet(name, type_, draw(ttls), tuple(chosen), special))
    return standing


@given(zones())
def test_a_plan_makes_the_zone_right_but_for_what_it_tells(standing: list[RecordSet]) -> None:
    planned = plan(*standing)
    done = apply(standing, [*changes_of(planned.first), *changes_of(planned.last)])
    told = {conflict.partition(":")[0] for conflict in planned.conflicts}
    for record in WANTED:
        if f"{record.type} of {record.name}" not in told:
            assert verdict(record, done) is DnsVerdict.RIGHT, (record, done)
    again = plan(*done)
    assert (again.first, again.last, again.conflicts) == ((), (), planned.conflicts)


@given(zones())
def test_before_the_last_batch_mail_and_clients_stay_where_they_are(
    standing: list[RecordSet],
) -> None:
    halfway = apply(standing, changes_of(plan(*standing).first))

    def switches(zone: list[RecordSet]) -> list[RecordSet]:
        return [
            each
            for each in zone
            if (each.name, each.type) == (DOMAIN, "MX") or each.name.startswith("autodiscover.")
        ]

    assert switches(halfway) == switches(apply(standing, []))


@given(zones())
def test_no_value_of_the_owner_is_lost_but_what_is_replaced(standing: list[RecordSet]) -> None:
    planned = plan(*standing)
    done = apply(standing, [*changes_of(planned.first), *changes_of(planned.last)])
    for before in standing:
        (now,) = [each for each in done if (each.name, each.type) == (before.name, before.type)]
        if before.type == "TXT":
            lost = set(before.values) - set(now.values)
            assert all(dns.normalise("TXT", value).startswith("v=spf1") for value in lost)
            assert now.ttl == before.ttl
        elif before.type == "A" or before.special:
            assert now == before
