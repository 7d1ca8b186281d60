"""The verdict on an answer, on a record over all servers, and what is still open."""

from __future__ import annotations

from datetime import UTC, datetime
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migration.dns_model import DnsFinding, DnsRecord, DnsVerdict
from migration.dns_verdicts import (
    AT_A_GATEWAY,
    describe,
    describe_open,
    find_open,
    highest_old_ttl,
    is_cut_over,
    judge,
    judge_all,
    settle,
)
from migration.ports import DnsAnswer
from migration.spf import merge_spf
from tests.unit.test_dns import DKIM, DMARC, DOMAIN, HOST, MX, SPF, TOKEN


def verdict(record: DnsRecord, *values: str, error: str = "") -> str:
    return judge(record, DnsAnswer("192.0.2.53:53", values, 60, error)).verdict


# ---- verdicts --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("published", "expected"),
    [
        ((f"10 {HOST}.",), "right"),
        ((f"1 {HOST.upper()}",), "right"),
        ((f"10 {HOST}.", f"20 {HOST}."), "right"),
        (("10 mail.old-host.example.",), "wrong"),
        (("0 .",), "wrong"),
        ((f"10 {HOST}.", "50 mail.old-host.example."), "extra"),
        ((), "missing"),
    ],
)
def test_mx(published: tuple[str, ...], expected: str) -> None:
    assert verdict(MX, *published) == expected


@pytest.mark.parametrize(
    ("published", "expected"),
    [
        (('"v=spf1 include:amazonses.com ~all"',), "right"),
        (('"v=spf1 ip4:192.0.2.1 +include:AmazonSES.com. " "-all"', '"other"'), "right"),
        (('"V=SPF1 include:amazonses.com -all"',), "right"),
        (('"v=spf1 include:notamazonses.com ~all"',), "wrong"),
        (('"v=spf1 -include:amazonses.com ~all"',), "wrong"),
        (('"v=spf1"',), "wrong"),
        (('"v=spf1 include:amazonses.com ~all"', '"v=spf1 -all"'), "extra"),
        (('"v=spf10 include:amazonses.com"',), "missing"),
        (('"google-site-verification=x"',), "missing"),
    ],
)
def test_spf(published: tuple[str, ...], expected: str) -> None:
    assert verdict(SPF, *published) == expected


@pytest.mark.parametrize(
    ("published", "expected"),
    [
        (('"v=DMARC1; p=reject; rua=mailto:d@acme.example"',), "right"),
        (('"v = DMARC1 ;p=none"', '"noise"'), "right"),
        (('"v=DMARC1;p=none"', '"v=DMARC1;p=reject"'), "extra"),
        (('"v=DMARC10"',), "missing"),
    ],
)
def test_dmarc(published: tuple[str, ...], expected: str) -> None:
    assert verdict(DMARC, *published) == expected


def test_ownership_token_may_stand_beside_another_regions() -> None:
    assert verdict(TOKEN, '"another="', f'"{TOKEN.value}"') == "right"
    assert verdict(TOKEN, '"another="') == "missing"


def test_cname() -> None:
    assert verdict(DKIM, "ABC.dkim.amazonses.com.") == "right"
    assert verdict(DKIM, "xyz.dkim.amazonses.com.") == "wrong"


@pytest.mark.parametrize("record", [MX, SPF, DMARC, TOKEN, DKIM])
def test_an_error_is_missing_if_the_server_knows_and_unanswered_otherwise(
    record: DnsRecord,
) -> None:
    for error in ("NXDOMAIN", "NODATA"):
        assert verdict(record, error=error) == "missing"
    for error in ("SERVFAIL", "TIMEOUT", "REFUSED", "LAME"):
        assert verdict(record, error=error) == "unanswered"


def test_a_finding_keeps_what_was_found_where_and_why_not() -> None:
    answer = DnsAnswer("[2001:db8::1]:53", ("10 Mail.Old.",), 3600, host="ns", authoritative=True)
    assert judge(MX, answer) == DnsFinding(
        MX, DnsVerdict.WRONG, ("10 Mail.Old.",), 3600, "[2001:db8::1]:53", "ns", authoritative=True
    )
    silent = DnsAnswer("192.0.2.1:53", error="TIMEOUT")
    assert judge(MX, silent).detail == "TIMEOUT"
    assert judge(MX, DnsAnswer("192.0.2.1:53", error="NODATA")).detail == ""


GATEWAYS = ("mx1.gateway.example", "mx2.gateway.example")


@pytest.mark.parametrize(
    ("published", "expected", "detail"),
    [
        (("10 MX1.gateway.example.", "20 mx2.gateway.example."), "right", AT_A_GATEWAY),
        (("10 mx1.gateway.example.", f"20 {HOST}."), "right", AT_A_GATEWAY),
        ((f"10 {HOST}.",), "right", ""),
        (("10 mx1.gateway.example.", "20 mail.old-host.example."), "extra", ""),
        (("10 mx3.gateway.example.",), "wrong", ""),
    ],
)
def test_a_gateway_may_stand_in_the_mx(
    published: tuple[str, ...], expected: str, detail: str
) -> None:
    found = judge(MX, DnsAnswer("192.0.2.53:53", published, 60), GATEWAYS)
    assert (found.verdict, found.detail) == (expected, detail)
    assert verdict(MX, "10 mx1.gateway.example.") == "wrong"


def test_a_gateway_is_none_for_bounces() -> None:
    bounces = DnsRecord(f"bounce.{DOMAIN}", "MX", "10 feedback-smtp.x.amazonses.com")
    answer = DnsAnswer("192.0.2.53:53", ("10 mx1.gateway.example.",), 60)
    assert judge(bounces, answer, GATEWAYS).verdict == "wrong"


TERMS = st.lists(
    st.sampled_from(
        [
            *("ip4:192.0.2.1", "a", "mx", "include:other.example", "-all", "~all"),
            *("redirect=x.example", "?include:amazonses.com", "INCLUDE:amazonses.com."),
        ]
    )
)


@given(TERMS)
def test_a_merged_spf_record_is_judged_right(terms: list[str]) -> None:
    merged = merge_spf(" ".join(["v=spf1", *terms])).text
    assert verdict(SPF, f'"{merged}"') == "right"
    assert merge_spf(merged).text == merged
    assert verdict(SPF, f'"{merged}"', '"v=spf1 -all"') == "extra"


# ---- all servers -----------------------------------------------------------------------------

NOW = datetime(2026, 12, 4, 18, tzinfo=UTC)
OLD = ("10 mail.old-host.example.",)
NEW = (f"10 {HOST}.",)


def own(values: tuple[str, ...] = (), error: str = "", ttl: int = 3600) -> DnsAnswer:
    return DnsAnswer("192.0.2.1:53", values, ttl, error, "ns1.acme.example", authoritative=True)


def cached(values: tuple[str, ...] = (), error: str = "", ttl: int = 600) -> DnsAnswer:
    return DnsAnswer("8.8.8.8:53", values, ttl, error)


def test_what_a_cache_still_has_is_stale_until_its_ttl_has_passed() -> None:
    answers = [own(NEW), own(error="TIMEOUT"), cached(OLD), cached(NEW), cached(error="NXDOMAIN")]
    found = judge_all(MX, answers, NOW)
    assert [each.verdict for each in found] == ["right", "unanswered", "stale", "right", "stale"]
    assert [each.stale_until for each in found] == [
        *("", "", "2026-12-04T18:10:00Z", "", "2026-12-04T18:10:00Z")
    ]
    assert settle(found) == "stale"


def test_nothing_is_stale_while_one_of_the_zones_own_servers_has_it_wrong() -> None:
    found = judge_all(MX, [own(NEW), own(OLD), cached(OLD)], NOW)
    assert [each.verdict for each in found] == ["right", "wrong", "wrong"]
    for nobody in ([], [own(error="TIMEOUT")]):
        assert judge_all(MX, [*nobody, cached(OLD)], NOW)[-1].verdict == "wrong"


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        # the zone's own servers decide
        ([own(NEW), own(OLD), cached(NEW), cached(NEW)], "wrong"),
        ([own(NEW), own(error="NODATA"), cached(NEW), cached(NEW)], "missing"),
        ([own(NEW), own(NEW + OLD), cached(NEW), cached(NEW)], "extra"),
        # one that is dead is told and blocks nothing
        ([own(NEW), own(error="TIMEOUT"), cached(NEW), cached(NEW)], "right"),
        ([own(NEW), own(error="LAME"), cached(NEW), cached(NEW)], "right"),
        # nor a resolver, while two others have it right
        ([own(NEW), cached(NEW), cached(NEW), cached(error="TIMEOUT")], "right"),
        ([own(NEW), cached(NEW), cached(error="SERVFAIL"), cached(error="TIMEOUT")], "unanswered"),
        ([own(NEW), cached(error="TIMEOUT"), cached(error="TIMEOUT")], "unanswered"),
        ([own(NEW), cached(NEW), cached(NEW), cached(OLD)], "stale"),
        # a single resolver in the settings is enough
        ([own(NEW), cached(NEW)], "right"),
        ([own(NEW), cached(error="TIMEOUT")], "unanswered"),
        # where nobody with authority answers from here, resolvers stand alone
        ([cached(NEW), cached(NEW)], "right"),
        ([own(error="TIMEOUT"), cached(NEW), cached(NEW)], "right"),
        ([cached(NEW), cached(OLD), cached(NEW)], "wrong"),
        ([own(error="TIMEOUT"), cached(error="TIMEOUT")], "unanswered"),
        ([], "unanswered"),
    ],
)
def test_one_verdict_over_all_servers(answers: list[DnsAnswer], expected: str) -> None:
    found = judge_all(MX, answers, NOW)
    assert settle(found) == expected
    assert is_cut_over(found) == (expected == "right")


ANSWERS = st.sampled_from(
    [
        *(own(NEW), own(OLD), own(NEW + OLD), own(error="NODATA"), own(error="TIMEOUT")),
        *(cached(NEW), cached(OLD), cached(error="NXDOMAIN"), cached(error="SERVFAIL")),
    ]
)


@given(st.lists(ANSWERS, max_size=7), st.randoms())
def test_the_order_of_the_servers_means_nothing(answers: list[DnsAnswer], random: Random) -> None:
    shuffled = random.sample(answers, len(answers))
    assert settle(judge_all(MX, answers, NOW)) == settle(judge_all(MX, shuffled, NOW))


@given(st.lists(ANSWERS, max_size=7), st.sampled_from([own(OLD), cached(OLD), own(NEW + OLD)]))
def test_whoever_says_something_else_keeps_it_from_being_done(
    answers: list[DnsAnswer], other: DnsAnswer
) -> None:
    assert not is_cut_over(judge_all(MX, [*answers, other], NOW))


def test_the_highest_ttl_of_an_old_mx_is_how_long_senders_may_keep_it() -> None:
    found = judge_all(MX, [own(OLD, ttl=300), cached(OLD, ttl=7200), own(NEW, ttl=9000)], NOW)
    assert highest_old_ttl(found) == 7200
    missing = judge_all(MX, [own(error="NODATA", ttl=86_400)], NOW)
    assert highest_old_ttl([*missing, *judge_all(SPF, [own(('"v=spf1 -all"',))], NOW)]) == 0
    assert highest_old_ttl(judge_all(MX, [own(NEW), cached(NEW)], NOW)) == 0


def test_no_cache_keeps_an_old_mx_for_years_whatever_its_ttl_says() -> None:
    found = judge_all(MX, [own(OLD, ttl=2**31 - 1)], NOW)
    assert highest_old_ttl(found) == 7 * 86_400


# ---- what follows ----------------------------------------------------------------------------


def findings(*verdicts: str, record: DnsRecord = MX) -> list[DnsFinding]:
    return [
        DnsFinding(record, DnsVerdict(each), server=f"192.0.2.{number}:53")
        for number, each in enumerate(verdicts)
    ]


def test_cut_over_needs_every_required_record_right() -> None:
    others = findings("missing", "wrong", record=SPF)
    assert is_cut_over(findings("right", "right") + others)
    for bad in ("missing", "wrong", "extra", "unanswered"):
        assert not is_cut_over(findings("right", bad) + others)
    assert not is_cut_over(others)
    assert not is_cut_over([])


def test_open_records_are_named_by_type_and_verdict_without_server_or_value() -> None:
    second = DnsRecord("beta.example", "MX", "10 x", required=True)
    seen = [*findings("right", "wrong", "wrong"), *findings("right", record=second)]
    seen += findings("missing", record=SPF)
    assert describe_open(seen) == ("MX of acme.example: right at 1, wrong at 2 of 3 servers",)
    assert list(find_open(seen)) == [MX]
    assert describe(seen) == (
        "MX of acme.example: right at 1, wrong at 2 of 3 servers; "
        "MX of beta.example: right at 1 of 1 server; other records: 1 missing"
    )
