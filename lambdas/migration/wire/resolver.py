"""Asks DNS servers by dnspython: every server the same question, at the same time.

Nothing of the machine's own configuration is used, so that the answer does not depend on the
network where it is asked. Over UDP first, tried twice because datagrams get lost; over TCP when the
answer is truncated. Recursion is desired; authoritative servers ignore that.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import dns.exception
import dns.message
import dns.query
import dns.rcode

from migration.errors import SettingsError
from migration.ports import DnsAnswer

# Three operators, so that one cache or one outage is not taken for the world.
PUBLIC_SERVERS = ("8.8.8.8:53", "1.1.1.1:53", "9.9.9.9:53")

_UDP_PAYLOAD = 1232  # what servers agreed on: https://www.dnsflagday.net/2020/
_ATTEMPTS = 2


@dataclass(frozen=True, slots=True)
class _Server:
    """A server as it was written, and its parts."""

    text: str
    address: str
    port: int


class DnsPythonResolver:
    """Resolver. May be used by several threads.

    `servers` are `address:port`, an IPv6 address in brackets; none means the public ones.
    `timeout` is in seconds for one server, both attempts together; a truncated answer may take as
    long again. SettingsError if a server's address is malformed.
    """

    def __init__(self, servers: Sequence[str] = (), timeout: float = 4.0) -> None:
        self._servers = [_parse(text) for text in servers or PUBLIC_SERVERS]
        self._timeout = timeout

    def ask(self, name: str, type_: str) -> list[DnsAnswer]:
        """One answer per server, in the order of the servers.

        Values are rdata in presentation format (RFC 1035, 5.1). A CNAME on the way to the asked
        type is followed within the answer; the answer to a question for CNAME is itself. The TTL
        is the least on the way. TIMEOUT: no answer came. SERVFAIL: one came that says nothing
        about the record, a refusal for instance.
        """
        with ThreadPoolExecutor(len(self._servers)) as pool:
            return list(pool.map(lambda server: self._ask_one(server, name, type_), self._servers))

    def _ask_one(self, server: _Server, name: str, type_: str) -> DnsAnswer:
        try:
            query = dns.message.make_query(name, type_, use_edns=0, payload=_UDP_PAYLOAD)
            return _read(server.text, self._exchange(query, server))
        except (dns.exception.DNSException, OSError, EOFError) as error:
            return DnsAnswer(server.text, error=translate(error))

    def _exchange(self, query: dns.message.Message, server: _Server) -> dns.message.QueryMessage:
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                answer, _ = dns.query.udp_with_fallback(
                    query,
                    server.address,
                    timeout=self._timeout / _ATTEMPTS,
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


def _read(server: str, answer: dns.message.QueryMessage) -> DnsAnswer:
    if answer.rcode() not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
        return DnsAnswer(server, error="SERVFAIL")
    chain = answer.resolve_chaining()
    if chain.answer is None:
        missing = answer.rcode() == dns.rcode.NXDOMAIN
        return DnsAnswer(server, error="NXDOMAIN" if missing else "NODATA")
    values = tuple(sorted(rdata.to_text() for rdata in chain.answer))
    return DnsAnswer(server, values, chain.minimum_ttl)


def _parse(text: str) -> _Server:
    address, _, port = text.rpartition(":")
    address = address.removeprefix("[").removesuffix("]")
    try:
        return _Server(text, str(ipaddress.ip_address(address)), int(port))
    except ValueError:
        problem = "DNS_SERVERS must be address:port, such as 192.0.2.53:53 or [2001:db8::1]:53"
        raise SettingsError([problem]) from None
