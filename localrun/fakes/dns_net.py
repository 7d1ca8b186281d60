"""The DNS around a tenant: the zone above, the servers of its domain, and resolvers of others.

All listen at one port of different loopback addresses, as all do at port 53 in the world: the zone
above at 127.0.0.1, the domain's own servers and then the resolvers at the addresses after it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Self

from localrun.fakes.dns import DnsServer, Records
from localrun.fakes.dns_cache import CachingResolver

_ATTEMPTS = 20
_DELEGATED_FOR = 86_400  # seconds, as top-level domains have it


class DnsNet:
    """Starts the servers and closes them on exit.

    `records` are what the domain's servers know beside their own names. `now` is the time by which
    resolvers forget; each asks another of the domain's servers first. `own` are the domain's
    servers, `resolvers` those that keep answers, `port` is where all are.
    """

    def __init__(
        self,
        domain: str,
        records: Sequence[Records],
        now: Callable[[], float],
        servers: int = 2,
        resolvers: int = 2,
    ) -> None:
        self.domain = domain
        self._published = list(records)
        self._held_back: set[int] = set()
        self._stack = ExitStack()
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                self._start(now, servers, resolvers)
            except OSError:
                # At one of the addresses somebody has this port.
                self._stack.close()
                if attempt == _ATTEMPTS:
                    raise
            else:
                break

    def _start(self, now: Callable[[], float], servers: int, resolvers: int) -> None:
        top = self.domain.rsplit(".", 1)[-1]
        hosts = [f"ns{number}.{self.domain}" for number in range(1, servers + 1)]
        addresses = [f"127.0.0.{number}" for number in range(2, servers + 2)]
        delegation = [
            Records(self.domain, "NS", [f"{host}." for host in hosts], _DELEGATED_FOR),
            *(
                Records(host, "A", [address], _DELEGATED_FOR)
                for host, address in zip(hosts, addresses, strict=True)
            ),
        ]
        above = [
            Records(top, "NS", [f"ns.{top}."], _DELEGATED_FOR),
            Records(f"ns.{top}", "A", ["127.0.0.1"], _DELEGATED_FOR),
        ]
        self.above = self._stack.enter_context(DnsServer({top: [*above, *delegation]}))
        self.port = self.above.port
        self.own = [
            self._stack.enter_context(
                DnsServer({self.domain: [*delegation, *self._published]}, address, self.port)
            )
            for address in addresses
        ]
        self.resolvers = [
            self._stack.enter_context(
                CachingResolver(
                    [*self.own[number % servers :], *self.own[: number % servers], self.above],
                    now,
                    f"127.0.0.{servers + 2 + number}",
                    self.port,
                )
            )
            for number in range(resolvers)
        ]

    @property
    def resolver_addresses(self) -> list[str]:
        """`address:port` of every resolver."""
        return [f"{one.address}:{one.port}" for one in self.resolvers]

    def set_records(self, name: str, type: str, rdata: Sequence[str], ttl: int = 60) -> None:  # noqa: A002 - as DNS calls it
        """What the domain's administrator publishes: replaces a name's records of a type; none
        removes them. It reaches every server that is not held back."""
        records = Records(name, type, list(rdata), ttl)
        self._published.append(records)
        for number, server in enumerate(self.own):
            if number not in self._held_back:
                server.set_records(name, type, records.rdata, ttl)

    def records(self, name: str, type: str) -> Sequence[str]:  # noqa: A002
        """What the first of the domain's servers publishes; none if nothing."""
        return self.own[0].records(name, type)

    def hold_back(self, number: int) -> None:
        """The domain's server of this number (from 0) learns of no change from now on."""
        self._held_back.add(number)

    def catch_up(self, number: int) -> None:
        """It learns of all changes, and of those that follow."""
        self._held_back.discard(number)
        for records in self._published:
            self.own[number].set_records(records.name, records.type, records.rdata, records.ttl)

    def follow(self, origin: str, source: Callable[[], Sequence[Records]]) -> None:
        """From now on the zone is, at all its own servers, what `source` says at each question."""
        for server in self.own:
            server.follow(origin, source)

    def set_failing(self, failing: bool) -> None:
        """While failing, the domain's servers and all resolvers answer SERVFAIL."""
        for server in self.own:
            server.set_failing(failing)
        for resolver in self.resolvers:
            resolver.set_failing(failing)

    def close(self) -> None:
        self._stack.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
