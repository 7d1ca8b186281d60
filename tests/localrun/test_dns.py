"""The DNS server, asked by dnspython."""

from collections.abc import Iterator, Sequence

import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.resolver
import pytest

from localrun.fakes.dns import DnsServer, Query, Records

ZONE = """
example.test. 300 IN SOA ns1.example.test. admin.example.test. 7 60 60 60 30
example.test. 300 IN NS ns1.example.test.
example.test. 300 IN MX 10 mail.oldhost.test.
www.example.test. 300 IN CNAME host.deep.example.test.
host.deep.example.test. 300 IN A 192.0.2.1
"""


@pytest.fixture
def server() -> Iterator[DnsServer]:
    zones: dict[str, str | Sequence[Records]] = {
        "example.test": ZONE,
        "other.test": [Records("other.test", "MX", ["5 a.other.test.", "10 b.other.test."])],
    }
    with DnsServer(zones) as server:
        yield server


def ask(server: DnsServer, name: str, type_: str, tcp: bool = False) -> dns.message.Message:
    query = dns.message.make_query(name, type_, use_edns=0, payload=1232)
    transport = dns.query.tcp if tcp else dns.query.udp
    return transport(query, "127.0.0.1", timeout=5, port=server.port)


def values(server: DnsServer, name: str, type_: str) -> list[str]:
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers = ["127.0.0.1"]
    resolver.port = server.port
    resolver.lifetime = 5
    return sorted(record.to_text() for record in resolver.resolve(name, type_))


def test_zone_text_and_records_are_served(server: DnsServer) -> None:
    assert values(server, "EXAMPLE.test", "MX") == ["10 mail.oldhost.test."]
    assert values(server, "other.test", "MX") == ["10 b.other.test.", "5 a.other.test."]
    answer = ask(server, "example.test", "NS", tcp=True)
    assert answer.flags & dns.flags.AA
    assert answer.answer[0].ttl == 300


def test_aliases_are_followed_and_shown(server: DnsServer) -> None:
    answer = ask(server, "www.example.test", "A").answer
    assert [rrset.rdtype.name for rrset in answer] == ["CNAME", "A"]
    assert values(server, "www.example.test", "CNAME") == ["host.deep.example.test."]


def test_records_change_while_it_runs(server: DnsServer) -> None:
    server.set_records("example.test", "MX", ["10 inbound-smtp.eu-west-1.amazonaws.com."], ttl=60)
    assert values(server, "example.test", "MX") == ["10 inbound-smtp.eu-west-1.amazonaws.com."]
    assert values(server, "example.test", "NS") == ["ns1.example.test."]
    server.set_records("_amazonses.example.test", "TXT", ["token="])
    assert values(server, "_amazonses.example.test", "TXT") == ['"token="']
    server.set_records("example.test", "MX", [])
    with pytest.raises(dns.resolver.NoAnswer):
        values(server, "example.test", "MX")
    with pytest.raises(ValueError, match=r"foreign\.test"):
        server.set_records("foreign.test", "A", ["192.0.2.9"])


def test_text_with_spaces_and_length_stays_one_value(server: DnsServer) -> None:
    text = "v=DKIM1; k=rsa; p=" + "A" * 400
    server.set_records("key.example.test", "TXT", [text, '"quoted" "parts"'])
    answer = ask(server, "key.example.test", "TXT").answer[0]
    assert {b"".join(record.strings).decode() for record in answer} == {text, "quotedparts"}


def test_no_such_name_and_no_such_type_differ(server: DnsServer) -> None:
    missing = ask(server, "nothing.example.test", "MX")
    assert missing.rcode() == dns.rcode.NXDOMAIN
    assert missing.authority[0][0].serial == 7
    for name in ("example.test", "deep.example.test"):
        empty = ask(server, name, "TXT")
        assert empty.rcode() == dns.rcode.NOERROR
        assert not empty.answer
        assert empty.authority[0].rdtype.name == "SOA"
    made_up = ask(server, "nothing.other.test", "A")
    assert made_up.authority[0].name.to_text() == "other.test."
    assert ask(server, "elsewhere.test", "A").rcode() == dns.rcode.REFUSED


def test_it_fails_when_told(server: DnsServer) -> None:
    server.set_failing(True)
    assert ask(server, "example.test", "MX").rcode() == dns.rcode.SERVFAIL
    server.set_failing(False)
    assert ask(server, "example.test", "MX").rcode() == dns.rcode.NOERROR


def test_long_answers_need_tcp(server: DnsServer) -> None:
    server.set_records("big.example.test", "TXT", [f"{number}" * 200 for number in range(9)])
    assert ask(server, "big.example.test", "TXT").flags & dns.flags.TC
    query = dns.message.make_query("big.example.test", "TXT", use_edns=0, payload=1232)
    answer, by_tcp = dns.query.udp_with_fallback(query, "127.0.0.1", timeout=5, port=server.port)
    assert by_tcp
    assert len(answer.answer[0]) == 9


def test_questions_are_remembered(server: DnsServer) -> None:
    ask(server, "Example.test", "MX")
    ask(server, "nothing.example.test", "A", tcp=True)
    assert server.queries() == [
        Query("example.test", "MX", "udp"),
        Query("nothing.example.test", "A", "tcp"),
    ]


def test_two_servers_may_disagree_about_a_zone() -> None:
    with DnsServer({"a.test": ""}) as first, DnsServer({"a.test": ""}) as second:
        first.set_records("a.test", "MX", ["1 new.test."])
        assert values(first, "a.test", "MX") == ["1 new.test."]
        assert ask(second, "a.test", "MX").rcode() == dns.rcode.NXDOMAIN


def test_a_zone_follows_another_place_with_every_question() -> None:
    there = [Records("acme.test", "MX", ["10 mail.old.test."], 3600)]
    own = [
        Records("acme.test", "MX", ["10 mine.test."]),
        Records("ns.acme.test", "A", ["192.0.2.53"]),
    ]
    with DnsServer({"acme.test": own, "other.test": []}) as server:
        server.follow("acme.test", lambda: there)
        assert server.records("acme.test", "MX") == ["10 mail.old.test."]
        assert server.records("ns.acme.test", "A") == ["192.0.2.53"]
        there[:] = [Records("acme.test", "MX", ["10 new.test."], 300)]
        answer = dns.query.udp(
            dns.message.make_query("acme.test", "MX"), "127.0.0.1", port=server.port, timeout=5
        )
        assert [(each.ttl, each[0].to_text()) for each in answer.answer] == [(300, "10 new.test.")]
        with pytest.raises(ValueError, match="follows another place"):
            server.set_records("acme.test", "MX", ["10 x.test."])
        server.set_records("other.test", "MX", ["10 x.test."])
        assert server.records("other.test", "MX") == ["10 x.test."]
