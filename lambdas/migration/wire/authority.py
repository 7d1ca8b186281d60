"""Asks the authoritative servers of a zone beside the resolvers.

They are found from above, as resolvers find them: a resolver names the servers of the top-level
domain; these are asked, and every referral (RFC 1034, 4.3.2: NS records of a zone further down, and
glue) is followed. So what the parent says decides, not what a cache remembers of it, and it does
not matter whether a mail domain is a zone of its own or lives in the one above.

One object is for one look: it keeps the zones it has found, and leaves a server alone that has been
silent several times, so that a look at many records ends in time. May be used by several threads.
"""

from __future__ import annotations

import socket
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import islice

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

from migration.ports import DnsAnswer
from migration.wire.resolver import (
    DnsPythonResolver,
    Server,
    exchange,
    read_answer,
    translate,
)

_SILENT_AFTER = 2  # timeouts without any answer
_TOP_SERVERS = 4  # so many of a top-level domain's are tried
_SERVERS_AT_ONCE = 16
_ADDRESS_TYPES = ("A", "AAAA")


@dataclass(frozen=True, slots=True)
class _Nameserver:
    """An address of one of a zone's servers, and the server's name."""

    host: str
    server: Server


@dataclass(frozen=True, slots=True)
class _Zone:
    """A zone and the names of its servers, as the zone above tells them. `glue` has the addresses
    that came with them."""

    apex: dns.name.Name
    hosts: tuple[str, ...]
    glue: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


_Said = tuple[dns.message.QueryMessage | None, str]
"""A server's message, or why there is none."""


class WholeDns:
    """Resolver that asks the authoritative servers of the name's zone and the resolvers.

    `servers` and `timeout` as for DnsPythonResolver; `port` is where authoritative servers answer.
    """

    def __init__(self, servers: Sequence[str] = (), port: int = 53, timeout: float = 4.0) -> None:
        self._resolvers = DnsPythonResolver(servers, timeout)
        self._port = port
        self._timeout = timeout
        self._tops: dict[dns.name.Name, _Zone | None] = {}
        self._zones: dict[dns.name.Name, _Zone] = {}
        self._addresses: dict[str, tuple[str, ...]] = {}
        self._finding = threading.Lock()
        self._counting = threading.Lock()
        self._silences: Counter[Server] = Counter()
        self._heard: set[Server] = set()

    def ask(self, name: str, type_: str) -> list[DnsAnswer]:
        """The answers of the authoritative servers, then those of the resolvers.

        Each address of a server answers for itself; one of IPv6 is left out where this network has
        none. LAME is a server that is named by the zone above and does not know the zone. Without
        any authoritative server, because no resolver knows the top-level domain's or nobody above
        answers, the resolvers stand alone. Values and errors as DnsPythonResolver's.
        """
        with ThreadPoolExecutor(1) as pool:
            asked = pool.submit(self._resolvers.ask, name, type_)
            own = self._ask_authority(name, type_)
            return [*own, *asked.result()]

    def _ask_authority(self, name: str, type_: str) -> list[DnsAnswer]:
        try:
            question = dns.name.from_text(name)
        except dns.exception.DNSException:
            return []  # the resolvers' answers say so
        with self._finding:
            zone = self._find_zone(question, type_)
        while zone is not None:
            with self._finding:
                servers = list(self._nameservers(zone))
            with ThreadPoolExecutor(_SERVERS_AT_ONCE) as pool:
                said = list(pool.map(lambda one: self._exchange(one.server, name, type_), servers))
            below = self._find_below(zone, question, zip(servers, said, strict=True))
            if below is None:
                return [
                    self._answer(one, message, error, zone.apex, question, type_)
                    for one, (message, error) in zip(servers, said, strict=True)
                ]
            zone = below
        return []

    def _answer(
        self,
        one: _Nameserver,
        message: dns.message.QueryMessage | None,
        error: str,
        apex: dns.name.Name,
        name: dns.name.Name,
        type_: str,
    ) -> DnsAnswer:
        answer = DnsAnswer(str(one.server), error=error)
        if message is not None:
            answer = self._read(str(one.server), message, apex, name, type_)
        return replace(answer, host=one.host, authoritative=True)

    def _read(
        self,
        server: str,
        message: dns.message.QueryMessage,
        apex: dns.name.Name,
        name: dns.name.Name,
        type_: str,
    ) -> DnsAnswer:
        if _is_lame(message):
            return DnsAnswer(server, error="LAME")
        try:
            answer = read_answer(server, message)
            target = message.resolve_chaining().canonical_name
        except dns.exception.DNSException as error:
            return DnsAnswer(server, error=translate(error))
        if answer.values or answer.error not in ("NODATA", "NXDOMAIN"):
            return answer
        if target == name or target.is_subdomain(apex):
            return answer
        # An alias into somebody else's zone, of which this server knows nothing.
        return replace(self._follow(target, type_), server=server)

    def _follow(self, target: dns.name.Name, type_: str) -> DnsAnswer:
        answers = (
            self._resolvers.ask_one(server, target.to_text(), type_)
            for server in self._resolvers.servers
        )
        first = next(answers)
        return first if first.values else next((one for one in answers if one.values), first)

    # -- finding the servers of a zone

    def _find_zone(self, name: dns.name.Name, type_: str) -> _Zone | None:
        """The innermost zone that is known to hold the name, from the top-level domain downwards;
        None if nobody says."""
        # a copy: other threads put zones in that they find below those
        known = [zone for apex, zone in dict(self._zones).items() if name.is_subdomain(apex)]
        if known:
            return max(known, key=lambda zone: len(zone.apex.labels))
        top = self._find_top(name)
        if top is None:
            return None
        for one in islice(self._nameservers(top), _TOP_SERVERS):
            said = self._exchange(one.server, name.to_text(), type_)
            if below := self._find_below(top, name, [(one, said)]):
                return below
            if said[0] is not None and not _is_lame(said[0]):
                return top
        # From here nobody above can be asked; another question would find the same.
        self._tops[top.apex] = None
        return None

    def _find_top(self, name: dns.name.Name) -> _Zone | None:
        apex = dns.name.Name(name.labels[-2:])  # the last label and the root's empty one
        if apex not in self._tops:
            asked = (
                self._resolvers.ask_one(server, apex.to_text(), "NS")
                for server in self._resolvers.servers
            )
            hosts = next((answer.values for answer in asked if answer.values), ())
            found = _Zone(apex, tuple(_plain(host) for host in hosts)) if hosts else None
            self._tops[apex] = found
        return self._tops[apex]

    def _find_below(
        self, zone: _Zone, name: dns.name.Name, said: Iterable[tuple[_Nameserver, _Said]]
    ) -> _Zone | None:
        """The zone below this one that holds the name, if one of its servers has told of it."""
        for one, (message, _) in said:
            below = _read_cut(message, zone.apex, name) if message else None
            if below is not None and not below.hosts:
                told, _ = self._exchange(one.server, below.apex.to_text(), "NS")
                below = _read_cut(told, zone.apex, name) if told else None
            if below is not None and below.hosts:
                self._zones[below.apex] = below
                return below
        return None

    def _nameservers(self, zone: _Zone) -> Iterator[_Nameserver]:
        seen: set[str] = set()
        for host in zone.hosts:
            for address in zone.glue.get(host) or self._find_addresses(host):
                server = Server(address, self._port)
                if address not in seen and _is_reachable(server):
                    seen.add(address)
                    yield _Nameserver(host, server)

    def _find_addresses(self, host: str) -> tuple[str, ...]:
        if host not in self._addresses:
            found: list[str] = []
            for type_ in _ADDRESS_TYPES:
                for server in self._resolvers.servers:
                    answer = self._resolvers.ask_one(server, host, type_)
                    if answer.error in ("", "NODATA", "NXDOMAIN"):
                        found += answer.values
                        break
            self._addresses[host] = tuple(found)
        return self._addresses[host]

    def _exchange(self, server: Server, name: str, type_: str) -> _Said:
        """The message, or why there is none."""
        with self._counting:
            silent = server not in self._heard and self._silences[server] >= _SILENT_AFTER
        if silent:
            return None, "TIMEOUT"
        try:
            message = exchange(server, name, type_, self._timeout, recursion=False)
        except (dns.exception.DNSException, OSError, EOFError) as error:
            code = translate(error)
            with self._counting:
                self._silences[server] += code == "TIMEOUT"
            return None, code
        with self._counting:
            self._heard.add(server)
        return message, ""


def _read_cut(
    message: dns.message.QueryMessage, apex: dns.name.Name, name: dns.name.Name
) -> _Zone | None:
    """The zone below `apex` that the message shows to hold the name: by a referral, by the NS
    records themselves, or only by the SOA of a negative answer (no hosts then)."""
    shown: _Zone | None = None
    for rrset in (*message.answer, *message.authority):
        deeper = rrset.name != apex and rrset.name.is_subdomain(apex)
        if not deeper or not name.is_subdomain(rrset.name):
            continue
        if rrset.rdtype == dns.rdatatype.NS:
            hosts = tuple(sorted(_plain(rdata.to_text()) for rdata in rrset))
            return _Zone(rrset.name, hosts, _read_glue(message, hosts, apex))
        if rrset.rdtype == dns.rdatatype.SOA:
            shown = _Zone(rrset.name, ())
    return shown


def _read_glue(
    message: dns.message.QueryMessage, hosts: Sequence[str], apex: dns.name.Name
) -> dict[str, tuple[str, ...]]:
    """Addresses of hosts within the zone that tells them; of others it knows nothing for sure."""
    glue: dict[str, list[str]] = {}
    for rrset in message.additional:
        host = _plain(rrset.name.to_text())
        is_address = rrset.rdtype in (dns.rdatatype.A, dns.rdatatype.AAAA)
        if is_address and host in hosts and rrset.name.is_subdomain(apex):
            glue.setdefault(host, []).extend(rdata.to_text() for rdata in rrset)
    return {host: tuple(addresses) for host, addresses in glue.items()}


def _is_lame(message: dns.message.QueryMessage) -> bool:
    """Whether the server answers, but not with authority: from a cache, or by pointing upwards."""
    fine = message.rcode() in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN)
    return fine and not message.flags & dns.flags.AA


def _is_reachable(server: Server) -> bool:
    """Whether this network has a way to an IPv6 address. Nothing is sent."""
    if ":" not in server.address:
        return True
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            probe.connect((server.address, server.port))
    except OSError:
        return False
    return True


def _plain(name: str) -> str:
    return name.rstrip(".").lower()
