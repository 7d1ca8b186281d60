"""Asks DNS servers by dnspython: every server the same question, at the same time.

Nothing of the machine's own configuration is used, so that the answer does not depend on the
network where it is asked. Over UDP first, tried twice because datagrams get lost; over TCP when the
answer is truncated. The servers of a zone itself are asked by authority.py.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import dns.exception
import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype

from migration.errors import SettingsError
from migration.ports import DnsAnswer

# Three operators, so that one cache or one outage is not taken for the world.
PUBLIC_SERVERS = ("8.8.8.8:53", "1.1.1.1:53", "9.9.9.9:53")

_UDP_PAYLOAD = 1232  # what servers agreed on: https://www.dnsflagday.net/2020/
_ATTEMPTS = 2


@dataclass(frozen=True, slots=True)
class Server:
    """Where a server listens."""

    address: str
    port: int

    def __str__(self) -> str:
        """As it is written in settings and reports: IPv6 in brackets."""
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"{host}:{self.port}"


class DnsPythonResolver:
    """Resolver that asks recursive servers. May be used by several threads.

    `servers` are `address:port`, an IPv6 address in brackets; none means the public ones.
    `timeout` is in seconds for one server, both attempts together; a truncated answer may take as
    long again. SettingsError if a server's address is malformed.
    """

    def __init__(self, servers: Sequence[str] = (), timeout: float = 4.0) -> None:
        self.servers = [parse_server(text) for text in servers or PUBLIC_SERVERS]
        self._timeout = timeout

    def ask(self, name: str, type_: str) -> list[DnsAnswer]:
        """One answer per server, in the order of the servers.

        Values are rdata in presentation format (RFC 1035, 5.1). A CNAME on the way to the asked
        type is followed within the answer; the answer to a question for CNAME is itself. The TTL
        is the least on the way. TIMEOUT: no answer came. SERVFAIL: one came that says nothing
        about the record.
        """
        with ThreadPoolExecutor(len(self.servers)) as pool:
            return list(pool.map(lambda server: self.ask_one(server, name, type_), self.servers))

    def ask_one(self, server: Server, name: str, type_: str) -> DnsAnswer:
        """The answer of one server."""
        try:
            message = exchange(server, name, type_, self._timeout, recursion=True)
            return read_answer(str(server), message)
        except (dns.exception.DNSException, OSError, EOFError) as error:
            return DnsAnswer(str(server), error=translate(error))


def exchange(
    server: Server, name: str, type_: str, timeout: float, *, recursion: bool
) -> dns.message.QueryMessage:
    """Asks one server and returns what it says. Exceptions are dnspython's, OSError and EOFError:
    see `translate`."""
    query = dns.message.make_query(name, type_, use_edns=0, payload=_UDP_PAYLOAD)
    if not recursion:
        query.flags &= ~dns.flags.RD
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            answer, _ = dns.query.udp_with_fallback(
                query,
                server.address,
                timeout=timeout / _ATTEMPTS,
                port=server.port,
                # Forged and damaged datagrams are passed over, not believed.
                ignore_unexpected=True,
                ignore_errors=True,
            )
        except dns.exception.Timeout:
            if attempt == _ATTEMPTS:
                raise
        else:
            if isinstance(answer, dns.message.QueryMessage):
                return answer
            raise dns.message.NotQueryResponse
    raise AssertionError("unreachable")


def translate(error: Exception) -> str:
    """DnsAnswer's code for an exception of dnspython or of the socket below it."""
    silent = isinstance(error, dns.exception.Timeout | OSError | EOFError)
    return "TIMEOUT" if silent else "SERVFAIL"


def read_answer(server: str, answer: dns.message.QueryMessage) -> DnsAnswer:
    """What a server's message says about the record that was asked for. Exceptions are
    dnspython's."""
    if answer.rcode() not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
        refused = answer.rcode() == dns.rcode.REFUSED
        return DnsAnswer(server, error="REFUSED" if refused else "SERVFAIL")
    chain = answer.resolve_chaining()
    if chain.answer is None:
        missing = answer.rcode() == dns.rcode.NXDOMAIN
        told = any(rrset.rdtype == dns.rdatatype.SOA for rrset in answer.authority)
        ttl = chain.minimum_ttl if told else 0
        return DnsAnswer(server, ttl=ttl, error="NXDOMAIN" if missing else "NODATA")
    values = tuple(sorted(rdata.to_text() for rdata in chain.answer))
    return DnsAnswer(server, values, chain.minimum_ttl)


def parse_server(text: str) -> Server:
    """`address:port`; SettingsError if it is anything else."""
    address, _, port = text.rpartition(":")
    address = address.removeprefix("[").removesuffix("]")
    try:
        return Server(str(ipaddress.ip_address(address)), int(port))
    except ValueError:
        problem = "DNS_SERVERS must be address:port, such as 192.0.2.53:53 or [2001:db8::1]:53"
        raise SettingsError([problem]) from None
