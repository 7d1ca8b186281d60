"""A caching resolver on the loopback interface: it keeps answers until their TTL has passed.

It asks authoritative servers of this process by themselves, without the network, one after the
other until one answers with authority; what it has learned it gives with the TTL that is left, also
that a record is not there (RFC 2308). Recursion is always done, whether desired or not.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Self

from dnslib import QTYPE, RCODE, DNSRecord
from dnslib.server import BaseResolver

from localrun.fakes.dns import DnsServer, Records, parse_records, serve, stop


@dataclass(frozen=True, slots=True)
class _Kept:
    """An answer's records and those of its authority section, until when they are good."""

    rcode: int
    answers: tuple[Any, ...]
    authority: tuple[Any, ...]
    until: float


class CachingResolver:
    """Answers until `close()`. `now` tells the time (epoch seconds) by which TTLs pass; `sources`
    are asked in their order."""

    def __init__(
        self,
        sources: Sequence[DnsServer],
        now: Callable[[], float],
        address: str,
        port: int,
    ) -> None:
        self._cache = _Cache(sources, now)
        self.address = address
        self.port = port
        self._servers = serve(self._cache, address, port)

    def keep(self, records: Records) -> None:
        """Has these records in its cache, for their TTL, whatever anybody publishes."""
        self._cache.keep(records)

    def forget(self) -> None:
        """Empties the cache, as the owners of public resolvers do on demand."""
        self._cache.forget()

    def set_failing(self, failing: bool) -> None:
        """While failing, every question is answered SERVFAIL."""
        self._cache.failing = failing

    def set_silent(self, silent: bool) -> None:
        """While silent, no question is answered."""
        self._cache.silent = silent

    def close(self) -> None:
        stop(self._servers)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Cache(BaseResolver):  # type: ignore[misc]  # dnslib has no types
    """What is known, and how the rest is found."""

    def __init__(self, sources: Sequence[DnsServer], now: Callable[[], float]) -> None:
        self._sources = sources
        self._now = now
        self._lock = threading.Lock()
        self._kept: dict[tuple[str, str], _Kept] = {}
        self.failing = False
        self.silent = False

    def keep(self, records: Records) -> None:
        parsed = tuple(parse_records(records))
        kept = _Kept(RCODE.NOERROR, parsed, (), self._now() + records.ttl)
        with self._lock:
            self._kept[records.name.rstrip(".").lower(), records.type] = kept

    def forget(self) -> None:
        with self._lock:
            self._kept.clear()

    def resolve(self, request: Any, _handler: Any) -> Any:
        """Called by dnslib, from a thread per question; None is sent by nobody."""
        if self.silent:
            return None
        reply = request.reply()
        kept = None if self.failing else self._find(request.q)
        if kept is None:
            reply.header.rcode = RCODE.SERVFAIL
            return reply
        reply.header.aa = 0
        reply.header.rcode = kept.rcode
        left = max(0, int(kept.until - self._now()))
        for record in kept.answers:
            reply.add_answer(_with_ttl(record, left))
        for record in kept.authority:
            reply.add_auth(_with_ttl(record, left))
        return reply

    def _find(self, question: Any) -> _Kept | None:
        name, type_ = str(question.qname).rstrip(".").lower(), QTYPE[question.qtype]
        with self._lock:
            kept = self._kept.get((name, type_))
            if kept is None or kept.until <= self._now():
                kept = self._ask(name, type_)
                if kept is not None:
                    self._kept[name, type_] = kept
            return kept

    def _ask(self, name: str, type_: str) -> _Kept | None:
        for source in self._sources:
            reply: DNSRecord | None = source.answer(name, type_)
            if reply is None or not reply.header.aa:
                continue
            answers, authority = tuple(reply.rr), tuple(reply.auth)
            ttl = min(record.ttl for record in (*answers, *authority))
            return _Kept(reply.header.rcode, answers, authority, self._now() + ttl)
        return None


def _with_ttl(record: Any, ttl: int) -> Any:
    return type(record)(record.rname, record.rtype, record.rclass, ttl, record.rdata)
