"""Expected records, judgement of answers, waits, and the resolver against a real server."""

from __future__ import annotations

import contextlib
import importlib
import itertools
import pkgutil
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import dns.exception
import dns.query
import pytest
from hypothesis import given
from hypothesis import strategies as st

from localrun.fakes.dns import DnsServer, Records
from migration.directory_model import MailDomain
from migration.dns import (
    describe,
    describe_open,
    expected_records,
    find_open,
    has_timed_out,
    is_cut_over,
    judge,
    next_wait,
    normalise,
)
from migration.domains import next_look
from migration.errors import SettingsError
from migration.model import DnsFinding, DnsRecord, DnsVerdict
from migration.ports import DnsAnswer
from migration.wire.resolver import PUBLIC_SERVERS, DnsPythonResolver, translate

DOMAIN = "acme.example"
HOST = "inbound-smtp.eu-west-1.amazonaws.com"
MX = DnsRecord(DOMAIN, "MX", f"10 {HOST}", required=True)
SPF = DnsRecord(DOMAIN, "TXT", "v=spf1 include:amazonses.com ~all")
DMARC = DnsRecord(f"_dmarc.{DOMAIN}", "TXT", "v=DMARC1;p=quarantine;pct=100;fo=1")
TOKEN = DnsRecord(f"_amazonses.{DOMAIN}", "TXT", "fmxqxT/icOYx4aA/bEUrDPMeax9=")
DKIM = DnsRecord(f"abc._domainkey.{DOMAIN}", "CNAME", "abc.dkim.amazonses.com")


def verdict(record: DnsRecord, *values: str, error: str = "") -> str:
    return judge(record, DnsAnswer("192.0.2.53:53", values, 60, error)).verdict


# ---- what is expected ------------------------------------------------------------------------


def test_without_records_from_workmail_mx_and_autodiscover_are_made_from_the_region() -> None:
    assert expected_records(MailDomain("Acme.Example.", verified=True), "us-west-2") == (
        DnsRecord(DOMAIN, "MX", "10 inbound-smtp.us-west-2.amazonaws.com", required=True),
        DnsRecord(f"autodiscover.{DOMAIN}", "CNAME", "autodiscover.mail.us-west-2.awsapps.com"),
    )


def test_workmails_own_records_win_and_only_the_domains_mx_is_required() -> None:
    bounces = DnsRecord(f"bounce.{DOMAIN}", "MX", "10 feedback-smtp.eu-west-1.amazonses.com")
    other_mx = DnsRecord(DOMAIN + ".", "MX", f"5 {HOST}.")
    other_alias = DnsRecord(f"Autodiscover.{DOMAIN}", "CNAME", "elsewhere.awsapps.com.")
    given = (SPF, bounces, other_mx, DKIM, other_alias, DKIM)
    assert expected_records(MailDomain(DOMAIN, verified=True, records=given), "us-west-2") == (
        DnsRecord(DOMAIN, "MX", f"5 {HOST}", required=True),
        DnsRecord(f"autodiscover.{DOMAIN}", "CNAME", "elsewhere.awsapps.com"),
        SPF,
        bounces,
        DKIM,
    )


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
    assert verdict(TOKEN, TOKEN.value.lower()) == "missing"


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
    for error in ("SERVFAIL", "TIMEOUT"):
        assert verdict(record, error=error) == "unanswered"


def test_a_finding_keeps_what_was_found() -> None:
    answer = DnsAnswer("[2001:db8::1]:53", ("10 Mail.Old.",), 3600)
    assert judge(MX, answer) == DnsFinding(
        MX, DnsVerdict.WRONG, ("10 Mail.Old.",), 3600, "[2001:db8::1]:53"
    )


# ---- what follows ----------------------------------------------------------------------------


def findings(*verdicts: str, record: DnsRecord = MX) -> list[DnsFinding]:
    return [
        DnsFinding(record, DnsVerdict(each), server=f"192.0.2.{number}:53")
        for number, each in enumerate(verdicts)
    ]


def test_cut_over_needs_every_required_record_right_at_every_server() -> None:
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


# ---- waits -----------------------------------------------------------------------------------

SINCE = datetime(2026, 12, 4, 18, tzinfo=UTC)


@pytest.mark.parametrize(
    ("passed", "seconds"),
    [
        (timedelta(seconds=-1), 60),
        (timedelta(0), 60),
        (timedelta(minutes=10), 120),
        (timedelta(minutes=30), 300),
        (timedelta(hours=2), 900),
        (timedelta(days=13, hours=23), 900),
        (timedelta(days=14), 1800),
        (timedelta(days=400), 1800),
    ],
)
def test_waits_grow_with_the_time_that_has_passed(passed: timedelta, seconds: int) -> None:
    assert next_wait(SINCE, SINCE + passed) == seconds


def test_29_days_of_looking_7_for_domains_and_50_delta_passes_fit_into_the_history() -> None:
    now, rounds = SINCE, 0
    while not has_timed_out(SINCE, now, 29):
        now += timedelta(seconds=next_wait(SINCE, now))
        rounds += 1
    looking = 9 * rounds
    delta_passes = 50 * (5 + 5 + 2 + 2)  # map, summary, choice, wait
    assert looking < 19_000
    now, looks = SINCE, 0
    while now - SINCE < timedelta(days=7):  # for domains to be verified, at most
        now += timedelta(seconds=next_look(SINCE, now))
        looks += 1
    domains = (5 + 2 + 2) * looks  # task, choice, wait
    assert looking + delta_passes + domains + 1_000 < 25_000
    pauses = 3 * 24 * 4 * (5 + 2 + 2)  # summary, choice, wait, for three days
    assert looking + delta_passes + domains + pauses + 1_000 < 25_000
    assert 9 * 29 * 24 * 4 > 25_000  # every 15 minutes to the end would not fit


def test_time_is_out_on_the_last_day() -> None:
    assert not has_timed_out(SINCE, SINCE + timedelta(days=14, seconds=-1), 14)
    assert has_timed_out(SINCE, SINCE + timedelta(days=14), 14)


# ---- the resolver ----------------------------------------------------------------------------


@pytest.fixture
def server() -> Iterator[DnsServer]:
    records = [
        Records(DOMAIN, "MX", ["20 b.example.", "10 A.example."], 300),
        Records(DOMAIN, "TXT", ["v=spf1 " + "ip4:192.0.2.1 " * 30 + "~all"]),
        Records(f"autodiscover.{DOMAIN}", "CNAME", [f"real.{DOMAIN}."], 90),
        Records(f"alias.{DOMAIN}", "CNAME", [f"{DOMAIN}."], 30),
        Records(f"real.{DOMAIN}", "A", ["192.0.2.7"]),
        Records(f"big.{DOMAIN}", "TXT", [f"{number}" * 200 for number in range(9)]),
    ]
    with DnsServer({DOMAIN: records}) as server:
        yield server


def resolver(*servers: DnsServer, timeout: float = 4.0) -> DnsPythonResolver:
    return DnsPythonResolver([f"127.0.0.1:{server.port}" for server in servers], timeout)


def test_values_and_ttl_come_back_in_one_order(server: DnsServer) -> None:
    (answer,) = resolver(server).ask(DOMAIN, "MX")
    expected = ("10 A.example.", "20 b.example.")
    assert answer == DnsAnswer(f"127.0.0.1:{server.port}", expected, 300)


def test_cname_is_followed_for_mx_and_not_for_cname(server: DnsServer) -> None:
    (itself,) = resolver(server).ask(f"autodiscover.{DOMAIN}", "CNAME")
    assert (itself.values, itself.ttl) == ((f"real.{DOMAIN}.",), 90)
    (followed,) = resolver(server).ask(f"alias.{DOMAIN}", "MX")
    assert (followed.values, followed.ttl) == (("10 A.example.", "20 b.example."), 30)


def test_absent_name_absent_type_and_failure_are_told_apart(server: DnsServer) -> None:
    asked = resolver(server)
    assert asked.ask(f"nothing.{DOMAIN}", "MX")[0].error == "NXDOMAIN"
    assert asked.ask(f"real.{DOMAIN}", "CNAME")[0].error == "NODATA"
    assert asked.ask("elsewhere.example", "MX")[0].error == "SERVFAIL"  # REFUSED on the wire
    assert asked.ask(f"{'x' * 64}.{DOMAIN}", "MX")[0].error == "SERVFAIL"
    server.set_failing(True)
    assert asked.ask(DOMAIN, "MX")[0].error == "SERVFAIL"


def test_long_answers_come_by_tcp_and_long_texts_whole(server: DnsServer) -> None:
    (big,) = resolver(server).ask(f"big.{DOMAIN}", "TXT")
    assert len(big.values) == 9
    assert {query.protocol for query in server.queries()} == {"udp", "tcp"}
    (spf,) = resolver(server).ask(DOMAIN, "TXT")
    assert normalise("TXT", spf.values[0]).endswith("ip4:192.0.2.1 ~all")


def test_every_server_answers_for_itself_and_a_silent_one_is_a_timeout(server: DnsServer) -> None:
    with (
        DnsServer({DOMAIN: [Records(DOMAIN, "MX", [f"10 {HOST}."], 60)]}) as second,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent,
    ):
        silent.bind(("127.0.0.1", 0))
        servers = [f"127.0.0.1:{server.port}", f"127.0.0.1:{silent.getsockname()[1]}"]
        servers.append(f"127.0.0.1:{second.port}")
        first, none, other = DnsPythonResolver(servers, timeout=0.2).ask(DOMAIN, "MX")
    assert [first.server, none.server, other.server] == servers
    assert first.values == ("10 A.example.", "20 b.example.")
    assert (none.values, none.error) == ((), "TIMEOUT")
    assert other.values == (f"10 {HOST}.",)


def test_a_lost_datagram_is_asked_for_again(server: DnsServer) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        silent.settimeout(2)
        port = silent.getsockname()[1]
        DnsPythonResolver([f"127.0.0.1:{port}"], timeout=0.2).ask(DOMAIN, "MX")
        first, second = silent.recv(512), silent.recv(512)
    assert first == second


def test_ipv6_servers_stand_in_brackets() -> None:
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as silent:
        try:
            silent.bind(("::1", 0))
        except OSError:
            pytest.skip("this machine has no IPv6")
        silent.settimeout(2)
        text = f"[::1]:{silent.getsockname()[1]}"
        (answer,) = DnsPythonResolver([text], timeout=0.1).ask(DOMAIN, "MX")
        assert silent.recv(512)
    assert answer == DnsAnswer(text, error="TIMEOUT")


def test_without_servers_the_public_ones_are_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, int]] = []

    def refuse(_query: object, where: str, *, port: int, **_: object) -> None:
        asked.append((where, port))
        raise OSError

    monkeypatch.setattr(dns.query, "udp_with_fallback", refuse)
    answers = DnsPythonResolver().ask(DOMAIN, "MX")
    assert [answer.server for answer in answers] == list(PUBLIC_SERVERS)
    assert sorted(asked) == [("1.1.1.1", 53), ("8.8.8.8", 53), ("9.9.9.9", 53)]
    assert {answer.error for answer in answers} == {"TIMEOUT"}


@pytest.mark.parametrize("server", ["8.8.8.8", "dns.google:53", "8.8.8.8:x", ""])
def test_a_malformed_server_is_a_settings_error(server: str) -> None:
    with pytest.raises(SettingsError, match="DNS_SERVERS"):
        DnsPythonResolver([server])


def load_all_of_dnspython() -> None:
    for module in pkgutil.walk_packages(dns.__path__, "dns."):
        with contextlib.suppress(ImportError):  # some need packages that are optional
            importlib.import_module(module.name)


def below(root: type[BaseException]) -> Iterator[type[BaseException]]:
    for child in root.__subclasses__():
        yield child
        yield from below(child)


SILENT = {"Timeout", "LifetimeTimeout"}
SAYS_NOTHING = set(
    """
    AbsoluteConcatenation AlgorithmKeyMismatch AlreadyEnded AnswerForNXDOMAIN
    AsyncLibraryNotFoundError BadAlgorithm BadEDNS BadEscape BadKey BadLabelType BadPointer
    BadResponse BadSignature BadTSIG BadTTL BadTime BadZone ChainTooLong CNAMEAndOtherData
    DecompressionForbidden DeleteNotExact DeniedByPolicy DifferingCovers DigestVerificationFailure
    EmptyHostAnswers EmptyLabel FormError IDNAException IncompatibleTypes LabelTooLong NXDOMAIN
    NameTooLong NeedAbsoluteNameOrOrigin NeedSubdomainOfOrigin NoAnswer NoDOH NoDOQ NoDigest
    NoIDNA2008 NoMetaqueries NoNS NoNameservers NoParent NoPreviousName NoRelativeRdataOrdering
    NoResolverConfiguration NoRootSOA NoSOA NotAbsolute NotQueryResponse PeerBadKey
    PeerBadSignature PeerBadTime PeerBadTruncation PeerError PointerChainTooLong RdatatypeExists
    ReadOnly SerialWentBackwards ShortHeader SyntaxError TooBig TooManyChanges TrailingJunk
    TransferError Truncated UngetBufferFull UnexpectedEnd UnexpectedSource UnknownHeaderField
    UnknownOpcode UnknownOrigin UnknownParamKey UnknownRcode UnknownRdataclass UnknownRdatatype
    UnknownTSIGKey UnsupportedAlgorithm UnsupportedDigestHashAlgorithm UnsupportedDigestScheme
    UseTCP UseTransaction ValidationFailure YXDOMAIN BadSigTime UnknownScheme
    """.split()
)


def test_every_exception_of_dnspython_has_a_translation() -> None:
    load_all_of_dnspython()
    for each in set(below(dns.exception.DNSException)):
        assert each.__name__ in SILENT | SAYS_NOTHING, "decide what this one means"
        error = each.__new__(each)  # the constructors want what only dnspython has
        assert isinstance(error, Exception)
        assert translate(error) == ("TIMEOUT" if each.__name__ in SILENT else "SERVFAIL")
    for lost in (OSError(), ConnectionRefusedError(), EOFError()):
        assert translate(lost) == "TIMEOUT"
