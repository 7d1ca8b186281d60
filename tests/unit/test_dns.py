"""Expected records, what each is for, and the one spelling of values."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migration import spf
from migration.directory_model import MailDomain
from migration.dns import expected_records, kind_of, normalise
from migration.dns_model import DnsRecord, RecordKind, Require

DOMAIN = "acme.example"
HOST = "inbound-smtp.eu-west-1.amazonaws.com"
MX = DnsRecord(DOMAIN, "MX", f"10 {HOST}", required=True, kind=RecordKind.MX)
AUTODISCOVER = DnsRecord(
    f"autodiscover.{DOMAIN}",
    "CNAME",
    "autodiscover.mail.eu-west-1.awsapps.com",
    kind=RecordKind.AUTODISCOVER,
)
SPF = DnsRecord(DOMAIN, "TXT", spf.ALONE, kind=RecordKind.SPF)
DMARC = DnsRecord(
    f"_dmarc.{DOMAIN}", "TXT", "v=DMARC1;p=quarantine;pct=100;fo=1", kind=RecordKind.DMARC
)
TOKEN = DnsRecord(
    f"_amazonses.{DOMAIN}",
    "TXT",
    "fmxqxT/icOYx4aA/bEUrDPMeax9/s3frblS+niixmqk=",
    kind=RecordKind.OWNERSHIP,
)
DKIM = DnsRecord(
    f"abc._domainkey.{DOMAIN}", "CNAME", "abc.dkim.amazonses.com", kind=RecordKind.DKIM
)
BOUNCE_MX = DnsRecord(
    f"bounce.{DOMAIN}",
    "MX",
    "10 feedback-smtp.eu-west-1.amazonses.com",
    kind=RecordKind.MAIL_FROM_MX,
)
BOUNCE_SPF = DnsRecord(f"bounce.{DOMAIN}", "TXT", spf.ALONE, kind=RecordKind.MAIL_FROM_SPF)


# ---- what is expected ------------------------------------------------------------------------


def test_what_workmail_does_not_name_is_made_from_the_region() -> None:
    expected = expected_records(MailDomain("Acme.Example.", verified=True), "eu-west-1")
    assert expected == (MX, AUTODISCOVER, SPF, DMARC)


def test_workmails_own_records_win_in_whatever_order_and_spelling_they_come() -> None:
    given = (
        DnsRecord(f"{TOKEN.name}.", "TXT", f'"{TOKEN.value}"'),
        DnsRecord(f"_DMARC.{DOMAIN}", "TXT", '"v=DMARC1; p=none"'),
        DnsRecord(f"{DOMAIN}.", "MX", f"5 {HOST}."),
        replace(DKIM, kind=RecordKind.OTHER),
        DnsRecord(f"Autodiscover.{DOMAIN}", "CNAME", "elsewhere.awsapps.com."),
        replace(DKIM, kind=RecordKind.OTHER),
        DnsRecord(DOMAIN, "TXT", '"v=spf1 include:amazonses.com -all"'),
    )
    assert expected_records(MailDomain(DOMAIN, verified=True, records=given), "us-west-2") == (
        replace(MX, value=f"5 {HOST}"),
        replace(AUTODISCOVER, value="elsewhere.awsapps.com"),
        replace(SPF, value="v=spf1 include:amazonses.com -all"),
        DKIM,
        replace(DMARC, value="v=DMARC1; p=none"),
        TOKEN,
    )


def test_a_mail_from_domain_is_wanted_if_the_settings_name_one() -> None:
    domain = MailDomain(DOMAIN, verified=True)
    expected = expected_records(domain, "eu-west-1", mail_from="bounce")
    assert expected[-2:] == (BOUNCE_MX, BOUNCE_SPF)
    told = replace(domain, records=(replace(BOUNCE_MX, value="10 feedback-smtp.x.amazonses.com"),))
    (mx,) = [
        each
        for each in expected_records(told, "eu-west-1", mail_from="bounce")
        if each.kind is RecordKind.MAIL_FROM_MX
    ]
    assert mx.value == "10 feedback-smtp.x.amazonses.com"


@pytest.mark.parametrize(
    ("require", "kinds"),
    [
        (Require.MX, {RecordKind.MX}),
        (Require.MX_AND_AUTODISCOVER, {RecordKind.MX, RecordKind.AUTODISCOVER}),
        (
            Require.ALL,
            {RecordKind.MX, RecordKind.AUTODISCOVER, RecordKind.SPF, RecordKind.DMARC}
            | {RecordKind.DKIM, RecordKind.MAIL_FROM_MX, RecordKind.MAIL_FROM_SPF},
        ),
    ],
)
def test_the_setting_says_what_is_required(require: Require, kinds: set[RecordKind]) -> None:
    domain = MailDomain(DOMAIN, verified=True, records=(replace(DKIM, kind=RecordKind.OTHER),))
    expected = expected_records(domain, "eu-west-1", require, "bounce")
    assert {each.kind for each in expected if each.required} == kinds


@pytest.mark.parametrize(
    "record", [MX, AUTODISCOVER, SPF, DMARC, TOKEN, DKIM, BOUNCE_MX, BOUNCE_SPF]
)
def test_a_kind_is_known_by_name_and_value(record: DnsRecord) -> None:
    assert kind_of(record, DOMAIN) is record.kind
    shouted = replace(record, name=f"{record.name.upper()}.")
    assert kind_of(shouted, f"{DOMAIN.upper()}.") is record.kind


def test_kinds_at_other_places() -> None:
    regional = DnsRecord(f"t._domainkey.{DOMAIN}", "CNAME", "t.dkim.eu-west-1.amazonses.com.")
    assert kind_of(regional, DOMAIN) is RecordKind.DKIM
    assert kind_of(replace(TOKEN, name=DOMAIN), DOMAIN) is RecordKind.OWNERSHIP
    for other in (
        DnsRecord(f"www.{DOMAIN}", "CNAME", "host.example"),
        DnsRecord(f"sub.{DOMAIN}", "MX", "10 mail.sub.example"),
        DnsRecord(DOMAIN, "TXT", "google-site-verification=x"),
        DnsRecord(DOMAIN, "A", "192.0.2.1"),
    ):
        assert kind_of(other, DOMAIN) is RecordKind.OTHER


# ---- one spelling ----------------------------------------------------------------------------

HOSTS = st.from_regex(r"[a-z0-9-]{1,20}(\.[a-z0-9-]{1,20}){1,3}", fullmatch=True)
TEXTS = st.text(st.characters(min_codepoint=32, max_codepoint=255), min_size=1, max_size=600)


def spell(host: str, capitals: list[bool], dot: bool) -> str:
    letters = [char.upper() if up else char for char, up in zip(host, capitals, strict=False)]
    return "".join(letters) + host[len(letters) :] + ("." if dot else "")


@given(HOSTS, st.lists(st.booleans()), st.booleans(), st.integers(0, 65535), st.integers(1, 3))
def test_mx_is_the_same_in_any_case_with_or_without_dot(
    host: str, capitals: list[bool], dot: bool, preference: int, spaces: int
) -> None:
    spelled = spell(host, capitals, dot)
    assert normalise("MX", f"{preference}{' ' * spaces}{spelled}") == f"{preference} {host}"
    assert normalise("MX", spelled) == f"10 {host}"


@given(HOSTS, st.lists(st.booleans()), st.booleans())
def test_cname_is_the_same_in_any_case_with_or_without_dot(
    host: str, capitals: list[bool], dot: bool
) -> None:
    assert normalise("CNAME", spell(host, capitals, dot)) == host


@given(TEXTS, st.lists(st.integers(0, 600), max_size=4))
def test_text_is_the_same_however_it_is_cut_quoted_and_escaped(text: str, cuts: list[int]) -> None:
    edges = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    chunks = [text[start:end] for start, end in itertools.pairwise(edges)]
    assert normalise("TXT", " ".join(f'"{escape(chunk)}"' for chunk in chunks)) == text


def escape(chunk: str) -> str:
    return "".join(
        f"\\{char}" if char in '"\\' else char if ord(char) < 127 else f"\\{ord(char):03d}"
        for char in chunk
    )


@given(st.sampled_from(["MX", "CNAME", "TXT"]), st.from_regex(r"[A-Za-z0-9 =;:._/+-]+"))
def test_normalising_twice_changes_nothing(type_: str, value: str) -> None:
    once = normalise(type_, value)
    assert normalise(type_, once) == once


def test_the_case_of_a_text_is_kept() -> None:
    assert normalise("TXT", TOKEN.value) == TOKEN.value
