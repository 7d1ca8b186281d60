"""How far away a server is: a proxy for each server and round trip, started when first wanted."""

from __future__ import annotations

from typing import Self

from bench.latency import Latency


class Routes:
    """Ports at which servers of this machine are some round trip away. 0 ms is the server's own
    port: nothing is in between."""

    def __init__(self) -> None:
        self._proxies: dict[tuple[int, int], Latency] = {}

    def port(self, server_port: int, round_trip: int) -> int:
        """Where to connect to."""
        if not round_trip:
            return server_port
        key = server_port, round_trip
        if key not in self._proxies:
            self._proxies[key] = Latency(round_trip, server_port)
        return self._proxies[key].port

    def close(self) -> None:
        """Ends all proxies."""
        for proxy in self._proxies.values():
            proxy.close()
        self._proxies.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
