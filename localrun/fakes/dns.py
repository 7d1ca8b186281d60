"""An authoritative DNS server on the loopback interface whose records change while it runs.

UDP and TCP share one port. Names are absolute, with or without the final dot, and compared
without regard to case. Inside a zone a name that has nothing at it nor below it is NXDOMAIN; one
without the asked type is NODATA; both come with the zone's SOA (RFC 2308). CNAMEs are followed
inside the server's zones. Names outside them are REFUSED. Answers over UDP have at most 1232
bytes, as servers do since https://www.dnsflagday.net/2020/, and 512 without EDNS: larger ones are
fetched by TCP. NS records below a zone's apex delegate: names there are answered by a referral with
the addresses that the server knows (RFC 1034, 4.3.2). No wildcards, no DNSSEC.

A zone may follow another place that holds it, such as a hosted zone: what is there is asked for
with every question. Of what the server itself has in it, only name servers and addresses count
then.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from dnslib import QTYPE, RCODE, RR, SOA, DNSError, DNSLabel, DNSRecord
from dnslib.server import BaseResolver, DNSHandler, DNSLogger, DNSServer

_EDNS_BYTES = 1232
_PLAIN_BYTES = 512
_SOA_TTL = 5
_BIND_ATTEMPTS = 20
_TXT_CHUNK = 255
_OWN_TYPES = frozenset({"SOA", "NS", "A", "AAAA"})


@dataclass(frozen=True, slots=True)
class Records:
    """All records of one name and type. `rdata` is text as in a zone file.

    A TXT value without quotation marks is one value, however long: it is quoted and cut into
    strings of 255 bytes.
    """

    name: str
    type: str
    rdata: Sequence[str]
    ttl: int = 60


@dataclass(frozen=True, slots=True)
class Query:
    """A question that was asked. `name` in small letters without the final dot."""

    name: str
    type: str
    protocol: str


class DnsServer:
    """Serves zones (name -> zone file text or Records) until `close()`, at a free port unless one
    is given; OSError if that is taken."""

    def __init__(
        self,
        zones: Mapping[str, str | Sequence[Records]],
        address: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        self._zones = _Zones(zones)
        self.address = address
        self._servers = serve(self._zones, address, port)
        self.port: int = self._servers[0].server.server_address[1]

    def set_records(self, name: str, type: str, rdata: Sequence[str], ttl: int = 60) -> None:  # noqa: A002 - as DNS calls it
        """Replace a name's records of a type; none removes them. ValueError outside the zones."""
        self._zones.replace(Records(name, type, rdata, ttl))

    def records(self, name: str, type: str) -> Sequence[str]:  # noqa: A002
        """What is published at a name, without asking over the network; none if nothing is."""
        return self._zones.published(name, type)

    def follow(self, origin: str, source: Callable[[], Sequence[Records]]) -> None:
        """From now on the zone is what `source` says at the moment of each question."""
        self._zones.follow(origin, source)

    def set_failing(self, failing: bool) -> None:
        """While failing, every question is answered SERVFAIL."""
        self._zones.failing = failing

    def set_silent(self, silent: bool) -> None:
        """While silent, no question is answered."""
        self._zones.silent = silent

    def set_lame(self, lame: bool) -> None:
        """While lame, it says of every name that it knows nothing, with no authority."""
        self._zones.lame = lame

    def answer(self, name: str, type: str) -> Any:  # noqa: A002
        """What it would answer, as dnslib's record; None while it is silent."""
        return self._zones.answer(DNSRecord.question(name, type))

    def queries(self) -> list[Query]:
        """Every question so far, in order of arrival."""
        return list(self._zones.queries)

    def close(self) -> None:
        stop(self._servers)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()


class _SilenceError(DNSError):  # type: ignore[misc]  # dnslib has no types
    """No answer is sent: dnslib passes its own errors over."""


class _Zones(BaseResolver):  # type: ignore[misc]  # dnslib has no types
    """The records, and how a question is answered from them."""

    def __init__(self, zones: Mapping[str, str | Sequence[Records]]) -> None:
        self._lock = threading.Lock()
        self._origins = [DNSLabel(origin.lower()) for origin in zones]
        self._records: list[Any] = []
        self.failing = False
        self.silent = False
        self.lame = False
        self.queries: list[Query] = []
        self._sources: dict[Any, Callable[[], Sequence[Records]]] = {}
        for origin, content in zones.items():
            if isinstance(content, str):
                self._records += RR.fromZone(content, origin=origin)
            else:
                for records in content:
                    self.replace(records)

    def replace(self, records: Records) -> None:
        name = DNSLabel(records.name.lower())
        origin = self._origin(name)
        if origin is None:
            raise ValueError(f"{records.name} is in no zone of this server")
        if origin in self._sources and records.type not in _OWN_TYPES:
            raise ValueError(f"{records.name} is in a zone that follows another place")
        added = parse_records(records)
        with self._lock:
            kept = [
                record
                for record in self._records
                if not (_same(record.rname, name) and QTYPE[record.rtype] == records.type)
            ]
            self._records = kept + added

    def follow(self, origin: str, source: Callable[[], Sequence[Records]]) -> None:
        with self._lock:
            self._sources[DNSLabel(origin.lower())] = source

    def _now(self) -> list[Any]:
        """All records at this moment."""
        with self._lock:
            own, sources = self._records, dict(self._sources)
        if not sources:
            return own
        kept = [
            record
            for record in own
            if self._origin(record.rname) not in sources or QTYPE[record.rtype] in _OWN_TYPES
        ]
        followed = [records for source in sources.values() for records in source()]
        return kept + [record for records in followed for record in parse_records(records)]

    def published(self, name: str, type: str) -> list[str]:  # noqa: A002
        wanted = DNSLabel(name.lower())
        return [
            str(record.rdata)
            for record in self._now()
            if _same(record.rname, wanted) and QTYPE[record.rtype] == type
        ]

    def resolve(self, request: Any, handler: Any) -> Any:
        """Called by dnslib, from a thread per question; None is sent by nobody."""
        question = request.q
        name = str(question.qname).rstrip(".").lower()
        with self._lock:
            self.queries.append(Query(name, QTYPE[question.qtype], handler.protocol))
        return self.answer(request)

    def answer(self, request: Any) -> Any:
        """The reply to a request, None while silent."""
        question = request.q
        records = self._now()
        reply: DNSRecord = request.reply(ra=0, aa=0)
        origin = self._origin(question.qname)
        if self.silent:
            return None
        if self.failing:
            reply.header.rcode = RCODE.SERVFAIL
        elif origin is None:
            reply.header.rcode = RCODE.REFUSED
        elif self.lame:
            pass
        elif delegation := _find_delegation(records, question.qname, origin, self._origins):
            _refer(reply, records, delegation)
        else:
            reply.header.aa = 1
            _fill(reply, records, question, origin)
        return reply

    def _origin(self, name: Any) -> Any:
        """The innermost zone that holds a name, or None."""
        holding = [origin for origin in self._origins if name.matchSuffix(origin)]
        return max(holding, key=lambda origin: len(origin.label), default=None)


class _Handler(DNSHandler):  # type: ignore[misc]  # dnslib has no types
    def get_reply(self, data: bytes) -> bytes:
        """The packed answer. What is too long for UDP is left out, with the TC flag set.

        dnslib's own truncation loses the question, which clients then take for a forgery.
        """
        request = DNSRecord.parse(data)
        reply = self.server.resolver.resolve(request, self)
        if reply is None:
            raise _SilenceError
        packed: bytes = reply.pack()
        has_edns = any(QTYPE[record.rtype] == "OPT" for record in request.ar)
        if self.protocol == "udp" and len(packed) > (_EDNS_BYTES if has_edns else _PLAIN_BYTES):
            short = request.reply()
            short.header.aa = reply.header.aa
            short.header.tc = 1
            packed = short.pack()
        return packed


def serve(resolver: BaseResolver, address: str, port: int = 0) -> list[Any]:
    """Starts a UDP and a TCP server on one port of the address, a free one for 0. OSError if a
    given one is taken."""
    servers = _bind(resolver, address, port)
    for server in servers:
        threading.Thread(
            target=server.server.serve_forever,
            kwargs={"poll_interval": 0.05},
            daemon=True,
        ).start()
    return servers


def stop(servers: Sequence[Any]) -> None:
    """Ends what `serve` has started."""
    for server in servers:
        server.server.shutdown()
        server.server.server_close()


def _bind(resolver: BaseResolver, address: str, port: int) -> list[Any]:
    quiet = DNSLogger("-request,-reply,-truncated,-error")
    for attempt in range(1, _BIND_ATTEMPTS + 1):
        udp = DNSServer(resolver, address, port, tcp=False, logger=quiet, handler=_Handler)
        free = udp.server.server_address[1]
        try:
            tcp = DNSServer(resolver, address, free, tcp=True, logger=quiet, handler=_Handler)
        except OSError:
            # Somebody has the TCP port of the same number.
            udp.server.server_close()
            if port or attempt == _BIND_ATTEMPTS:
                raise
        else:
            return [udp, tcp]
    raise AssertionError("unreachable")


def parse_records(records: Records) -> list[Any]:
    """As dnslib has them."""
    lines = [
        f"{records.name.rstrip('.')}. {records.ttl} IN {records.type} {_rdata(records.type, text)}"
        for text in records.rdata
    ]
    return list(RR.fromZone("\n".join(lines) + "\n")) if lines else []


def _rdata(record_type: str, text: str) -> str:
    if record_type != "TXT" or text.startswith('"'):
        return text
    chunks = [text[start : start + _TXT_CHUNK] for start in range(0, len(text), _TXT_CHUNK)]
    return " ".join(f'"{chunk}"' for chunk in chunks)


def _lookup(records: Sequence[Any], name: Any, asked: str) -> list[Any]:
    """The answer to a question, with the CNAMEs on the way to it."""
    found: list[Any] = []
    seen: list[Any] = []
    while not any(_same(name, earlier) for earlier in seen):
        seen.append(name)
        here = [record for record in records if _same(record.rname, name)]
        wanted = [record for record in here if asked in {QTYPE[record.rtype], "ANY"}]
        aliases = [record for record in here if QTYPE[record.rtype] == "CNAME"]
        if wanted or not aliases:
            return found + wanted
        found += aliases
        name = aliases[0].rdata.label
    return found


def _fill(reply: Any, records: Sequence[Any], question: Any, origin: Any) -> None:
    """An answer with authority; a negative one with the zone's SOA."""
    found = _lookup(records, question.qname, QTYPE[question.qtype])
    for record in found:
        reply.add_answer(record)
    if not found:
        reply.add_auth(_start_of_authority(records, origin))
        if not any(record.rname.matchSuffix(question.qname) for record in records):
            reply.header.rcode = RCODE.NXDOMAIN


def _find_delegation(
    records: Sequence[Any], name: Any, origin: Any, origins: Sequence[Any]
) -> list[Any]:
    """The NS records of a zone below `origin` that holds the name and is served elsewhere."""
    cuts = [
        record
        for record in records
        if QTYPE[record.rtype] == "NS"
        and name.matchSuffix(record.rname)
        and record.rname.matchSuffix(origin)
        and not any(_same(record.rname, one) for one in origins)
    ]
    return [record for record in cuts if _same(record.rname, cuts[0].rname)]


def _refer(reply: Any, records: Sequence[Any], delegation: Sequence[Any]) -> None:
    for record in delegation:
        reply.add_auth(record)
        for glue in records:
            if QTYPE[glue.rtype] in {"A", "AAAA"} and _same(glue.rname, record.rdata.label):
                reply.add_ar(glue)


def _start_of_authority(records: Sequence[Any], origin: Any) -> Any:
    """The zone's SOA record; a made one when its text has none."""
    for record in records:
        if QTYPE[record.rtype] == "SOA" and _same(record.rname, origin):
            return record
    numbers = (1, 60, 60, 60, _SOA_TTL)
    data = SOA(f"ns.{origin}", f"hostmaster.{origin}", numbers)
    return RR(origin, QTYPE.SOA, ttl=_SOA_TTL, rdata=data)


def _same(one: Any, other: Any) -> bool:
    return str(one).rstrip(".").lower() == str(other).rstrip(".").lower()
