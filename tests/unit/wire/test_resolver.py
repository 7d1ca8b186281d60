"""The resolver against real servers."""

from __future__ import annotations

import contextlib
import importlib
import pkgutil
import socket
from collections.abc import Iterator

import dns.exception
import dns.query
import pytest

from localrun.fakes.dns import DnsServer, Records
from migration.dns import normalise
from migration.errors import SettingsError
from migration.ports import DnsAnswer
from migration.wire.resolver import PUBLIC_SERVERS, DnsPythonResolver, translate

DOMAIN = "acme.example"
HOST = "inbound-smtp.eu-west-1.amazonaws.com"


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
    assert asked.ask("elsewhere.example", "MX")[0].error == "REFUSED"
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
