"""The authoritative servers are found from above and asked one by one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace

import dns.name
import pytest

from localrun.fakes.dns import DnsServer, Records
from localrun.fakes.dns_cache import CachingResolver
from localrun.fakes.dns_net import DnsNet
from migration.ports import DnsAnswer
from migration.wire.authority import WholeDns

DOMAIN = "acme.example"
OLD = "10 mail.old-host.example."
NEW = "10 inbound-smtp.eu-west-1.amazonaws.com."
HOSTS = ("ns1.acme.example", "ns2.acme.example")


class Hours:
    """A clock that is set."""

    def __init__(self) -> None:
        self.seconds = 1_000_000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Hours:
    return Hours()


@pytest.fixture
def net(clock: Hours) -> Iterator[DnsNet]:
    with DnsNet(DOMAIN, [Records(DOMAIN, "MX", [OLD], 3600)], clock) as net:
        yield net


def whole(net: DnsNet, timeout: float = 4.0) -> WholeDns:
    return WholeDns(net.resolver_addresses, net.port, timeout)


def say(answers: Sequence[DnsAnswer]) -> list[str]:
    """What each says: its values, or why it has none."""
    return [" ".join(each.values) or each.error for each in answers]


def test_every_authoritative_server_answers_for_itself_and_then_the_resolvers(net: DnsNet) -> None:
    answers = whole(net).ask(DOMAIN, "MX")
    assert [(each.server, each.host, each.authoritative) for each in answers] == [
        (f"127.0.0.2:{net.port}", HOSTS[0], True),
        (f"127.0.0.3:{net.port}", HOSTS[1], True),
        (f"127.0.0.4:{net.port}", "", False),
        (f"127.0.0.5:{net.port}", "", False),
    ]
    assert say(answers) == [OLD] * 4
    assert {each.ttl for each in answers} == {3600}


def test_servers_disagree_while_a_change_spreads(net: DnsNet, clock: Hours) -> None:
    whole(net).ask(DOMAIN, "MX")  # the resolvers keep it for an hour
    net.hold_back(1)
    net.set_records(DOMAIN, "MX", [NEW], 300)
    clock.seconds += 600
    answers = whole(net).ask(DOMAIN, "MX")
    assert say(answers) == [NEW, OLD, OLD, OLD]
    assert [each.ttl for each in answers] == [300, 3600, 3000, 3000]
    net.catch_up(1)
    assert say(whole(net).ask(DOMAIN, "MX")) == [NEW, NEW, OLD, OLD]
    clock.seconds += 3000
    assert say(whole(net).ask(DOMAIN, "MX")) == [NEW] * 4


def test_that_a_record_is_not_there_is_cached_too(net: DnsNet, clock: Hours) -> None:
    name = f"autodiscover.{DOMAIN}"
    before = whole(net).ask(name, "CNAME")
    assert say(before) == ["NXDOMAIN"] * 4
    assert [each.ttl for each in before] == [5] * 4, "as the SOA says"
    net.set_records(name, "CNAME", ["new.example."])
    assert say(whole(net).ask(name, "CNAME")) == ["new.example."] * 2 + ["NXDOMAIN"] * 2
    clock.seconds += 5
    assert say(whole(net).ask(name, "CNAME")) == ["new.example."] * 4


def test_what_is_wrong_with_a_server_is_told_of_it(net: DnsNet) -> None:
    first, second = net.own
    first.set_lame(True)
    assert say(whole(net).ask(DOMAIN, "MX"))[:2] == ["LAME", OLD]
    first.set_lame(False)
    second.set_failing(True)
    net.resolvers[0].set_failing(True)
    assert say(whole(net).ask(DOMAIN, "MX")) == [OLD, "SERVFAIL", "SERVFAIL", OLD]
    second.set_failing(False)
    second.set_silent(True)
    net.resolvers[0].set_failing(False)
    net.resolvers[1].set_silent(True)
    assert say(whole(net, 0.3).ask(DOMAIN, "MX")) == [OLD, "TIMEOUT", OLD, "TIMEOUT"]


def test_a_server_that_is_delegated_to_and_serves_another_zone_refuses(net: DnsNet) -> None:
    other = "other.example"
    net.above.set_records(other, "NS", ["ns1.acme.example."])
    assert say(whole(net).ask(other, "MX")) == ["REFUSED", "SERVFAIL", "SERVFAIL"]


def test_silent_servers_are_not_waited_for_by_every_question(net: DnsNet) -> None:
    net.own[1].set_silent(True)
    asker = whole(net, 0.2)
    for number in range(6):
        assert say(asker.ask(f"n{number}.{DOMAIN}", "TXT"))[:2] == ["NXDOMAIN", "TIMEOUT"]
    asked = [query.name for query in net.own[1].queries() if query.name.startswith("n")]
    assert len(set(asked)) == 2
    assert say(whole(net, 0.2).ask(DOMAIN, "MX"))[1] == "TIMEOUT"
    net.own[1].set_silent(False)
    assert say(asker.ask(DOMAIN, "MX"))[1] == "TIMEOUT", "for this look"
    assert say(whole(net).ask(DOMAIN, "MX"))[1] == OLD


def test_the_parent_decides_who_is_asked_not_what_a_cache_remembers(net: DnsNet) -> None:
    whole(net).ask(DOMAIN, "MX")
    net.resolvers[0].keep(Records(DOMAIN, "NS", ["ns9.elsewhere.example."], 86_400))
    net.above.set_records(DOMAIN, "NS", ["ns2.acme.example."])
    answers = whole(net).ask(DOMAIN, "MX")
    assert [each.host for each in answers if each.authoritative] == ["ns2.acme.example"]


def test_a_zone_cut_below_the_domain_is_followed(net: DnsNet) -> None:
    with DnsServer(
        {f"mail.{DOMAIN}": [Records(f"mail.{DOMAIN}", "MX", [NEW])]}, "127.0.0.9", net.port
    ):
        for server in net.own:
            server.set_records(f"mail.{DOMAIN}", "NS", [f"ns.mail.{DOMAIN}."])
            server.set_records(f"ns.mail.{DOMAIN}", "A", ["127.0.0.9"])
        asker = whole(net)
        answers = asker.ask(f"mail.{DOMAIN}", "MX")
        assert [(each.host, say([each])) for each in answers if each.authoritative] == [
            (f"ns.mail.{DOMAIN}", [NEW])
        ]
        assert say(asker.ask(DOMAIN, "MX"))[:2] == [OLD, OLD]
        assert say(asker.ask(f"_dmarc.mail.{DOMAIN}", "TXT"))[0] == "NXDOMAIN"


def test_a_domain_that_lives_in_the_zone_above_is_asked_there(net: DnsNet) -> None:
    net.above.set_records("tenant.example", "MX", [NEW])
    own, *resolvers = whole(net).ask("tenant.example", "MX")
    assert (own.host, own.server, own.values) == (
        "ns.example",
        f"127.0.0.1:{net.port}",
        (NEW,),
    )
    assert say(resolvers) == [NEW, NEW]


def test_an_alias_into_another_zone_is_followed_by_a_resolver(net: DnsNet) -> None:
    policy = '"v=DMARC1;p=none"'
    net.above.set_records(f"_dmarc.{DOMAIN}.reports.example", "TXT", [policy])
    net.set_records(f"_dmarc.{DOMAIN}", "CNAME", [f"_dmarc.{DOMAIN}.reports.example."])
    answers = whole(net).ask(f"_dmarc.{DOMAIN}", "TXT")
    assert say([each for each in answers if each.authoritative]) == [policy, policy]


def test_addresses_that_come_without_glue_are_looked_up(net: DnsNet) -> None:
    net.above.set_records("ns.hoster.example", "A", ["127.0.0.2"])
    net.above.set_records(DOMAIN, "NS", ["ns.hoster.example."])
    for host in HOSTS:
        net.above.set_records(host, "A", [])
    answers = whole(net).ask(DOMAIN, "MX")
    assert [(each.host, each.server) for each in answers if each.authoritative] == [
        ("ns.hoster.example", f"127.0.0.2:{net.port}")
    ]


def test_ipv6_is_asked_where_this_network_has_it(net: DnsNet) -> None:
    with ExitStack() as stack:
        try:
            stack.enter_context(
                DnsServer({DOMAIN: [Records(DOMAIN, "MX", [NEW])]}, "::1", net.port)
            )
        except OSError:
            pytest.skip("this machine has no IPv6")
        # the second is of the range for documentation, to which no network has a way
        net.above.set_records(HOSTS[1], "AAAA", ["::1", "2001:db8::53"])
        answers = [each for each in whole(net).ask(DOMAIN, "MX") if each.authoritative]
    servers = [each.server for each in answers]
    assert servers[:3] == [f"127.0.0.2:{net.port}", f"127.0.0.3:{net.port}", f"[::1]:{net.port}"]
    assert say(answers[:3]) == [OLD, OLD, NEW]
    assert all(each.error == "TIMEOUT" for each in answers[3:])


def test_without_a_way_to_the_zone_above_the_resolvers_stand_alone(net: DnsNet) -> None:
    net.above.set_silent(True)
    asker = whole(net, 0.3)
    assert say(asker.ask("new.other", "MX")) == ["SERVFAIL", "SERVFAIL"]
    whole(net).ask(DOMAIN, "MX")
    assert [each.authoritative for each in asker.ask(DOMAIN, "MX")] == [False, False]


def test_without_any_resolver_nothing_is_known(net: DnsNet) -> None:
    for resolver in net.resolvers:
        resolver.set_silent(True)
    assert say(whole(net, 0.2).ask(DOMAIN, "MX")) == ["TIMEOUT", "TIMEOUT"]


def test_a_name_that_cannot_be_asked_for_is_an_answer_too(net: DnsNet) -> None:
    assert say(whole(net).ask(f"{'x' * 64}.{DOMAIN}", "MX")) == ["SERVFAIL", "SERVFAIL"]


def test_long_answers_come_by_tcp_from_authoritative_servers_too(net: DnsNet) -> None:
    net.set_records(f"big.{DOMAIN}", "TXT", [f"{number}" * 200 for number in range(9)])
    answers = whole(net).ask(f"big.{DOMAIN}", "TXT")
    assert [len(each.values) for each in answers] == [9] * 4
    asked = {query.protocol for query in net.own[0].queries() if query.name == f"big.{DOMAIN}"}
    assert asked == {"udp", "tcp"}


def test_a_resolver_keeps_what_it_is_told_to_keep_until_it_is_emptied(clock: Hours) -> None:
    with (
        DnsServer({DOMAIN: [Records(DOMAIN, "MX", [NEW], 60)]}) as server,
        CachingResolver([server], clock, "127.0.0.8", server.port) as resolver,
    ):
        asker = WholeDns([f"127.0.0.8:{server.port}"], 9)
        resolver.keep(Records(DOMAIN, "MX", [OLD], 7200))
        (answer,) = asker.ask(DOMAIN, "MX")
        assert (answer.values, answer.ttl) == ((OLD,), 7200)
        resolver.forget()
        assert say(asker.ask(DOMAIN, "MX")) == [NEW]


def test_a_zone_that_another_thread_finds_meanwhile_disturbs_no_question(
    net: DnsNet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Threads take turns within is_subdomain, which is Python: here one finds a zone then."""
    resolver = whole(net)
    assert resolver.ask(DOMAIN, "MX")
    is_subdomain = dns.name.Name.is_subdomain
    (zone,) = resolver._zones.values()

    def look(self: dns.name.Name, other: dns.name.Name) -> bool:
        found = dns.name.from_text(f"zone{len(resolver._zones)}.test")
        if len(resolver._zones) < 50:
            resolver._zones[found] = replace(zone, apex=found)
        return is_subdomain(self, other)

    monkeypatch.setattr(dns.name.Name, "is_subdomain", look)
    assert say(resolver.ask(DOMAIN, "MX")) == [OLD] * 4
