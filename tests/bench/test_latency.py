"""The proxy delays, and does nothing else to what passes through it."""

from __future__ import annotations

import random
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from bench import latency
from bench.latency import Latency
from bench.routes import Routes

pytestmark = pytest.mark.skipif(bool(latency.why_missing()), reason=latency.why_missing())


@contextmanager
def served(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """The port of a server that serves each connection in a thread."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                threading.Thread(target=run, args=(connection,), daemon=True).start()

        def run(connection: socket.socket) -> None:
            with connection:
                serve(connection)

        threading.Thread(target=accept, daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


def echo(connection: socket.socket) -> None:
    while piece := connection.recv(1 << 16):
        connection.sendall(piece)


def echo_at_the_end(connection: socket.socket) -> None:
    pieces = []
    while piece := connection.recv(1 << 16):
        pieces.append(piece)
    connection.sendall(b"".join(pieces))


def greet(connection: socket.socket) -> None:
    connection.sendall(b"hello")
    echo(connection)


def receive(connection: socket.socket, length: int) -> bytes:
    received = b""
    while len(received) < length:
        piece = connection.recv(length - len(received))
        assert piece
        received += piece
    return received


def test_an_answer_takes_a_round_trip() -> None:
    with served(greet) as port, Latency(60, port) as proxy:
        began = time.monotonic()
        with socket.create_connection(("127.0.0.1", proxy.port)) as client:
            receive(client, 5)
            assert time.monotonic() - began >= 0.119  # connect, then the greeting
            for _ in range(3):
                began = time.monotonic()
                client.sendall(b"ping")
                receive(client, 4)
                assert 0.0595 <= time.monotonic() - began < 0.5


def test_a_request_that_is_sent_at_once_takes_two_round_trips() -> None:
    with served(echo) as port, Latency(60, port) as proxy:
        began = time.monotonic()
        with socket.create_connection(("127.0.0.1", proxy.port)) as client:
            client.sendall(b"ping")
            receive(client, 4)
        assert 0.119 <= time.monotonic() - began < 0.5


def test_many_requests_may_be_under_way() -> None:
    with (
        served(greet) as port,
        Latency(60, port) as proxy,
        socket.create_connection(("127.0.0.1", proxy.port)) as client,
    ):
        receive(client, 5)
        began = time.monotonic()
        for _ in range(50):
            client.sendall(b"ping")
        receive(client, 200)
        assert time.monotonic() - began < 0.6


@pytest.mark.parametrize("round_trip", [0, 10])
def test_bytes_are_kept_both_ways_also_beyond_the_window(round_trip: int) -> None:
    sent = random.Random(1).randbytes(40_000_000)
    with (
        served(echo) as port,
        Latency(round_trip, port) as proxy,
        socket.create_connection(("127.0.0.1", proxy.port)) as client,
    ):
        sender = threading.Thread(target=client.sendall, args=(sent,))
        sender.start()
        received = bytearray()
        while len(received) < len(sent):
            piece = client.recv(1 << 20)
            assert piece
            received += piece
        sender.join()
    assert bytes(received) == sent


def test_the_end_of_one_direction_leaves_the_other_open() -> None:
    with (
        served(echo_at_the_end) as port,
        Latency(10, port) as proxy,
        socket.create_connection(("127.0.0.1", proxy.port)) as client,
    ):
        client.sendall(b"all of it")
        client.shutdown(socket.SHUT_WR)
        assert receive(client, 9) == b"all of it"
        assert client.recv(1) == b""


def test_a_missing_backend_ends_the_connection() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with (
        Latency(0, port) as proxy,
        socket.create_connection(("127.0.0.1", proxy.port)) as client,
    ):
        assert client.recv(1) == b""


def test_a_client_that_leaves_does_not_hurt_the_next() -> None:
    with served(greet) as port, Latency(10, port) as proxy:
        for _ in range(20):
            socket.create_connection(("127.0.0.1", proxy.port)).close()
        with socket.create_connection(("127.0.0.1", proxy.port)) as client:
            assert receive(client, 5) == b"hello"


def test_routes_begin_a_proxy_once_and_none_for_no_latency() -> None:
    with served(greet) as port, Routes() as routes:
        assert routes.port(port, 0) == port
        distant = routes.port(port, 10)
        assert distant not in (port, routes.port(port, 20))
        assert routes.port(port, 10) == distant
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", distant), timeout=1)
