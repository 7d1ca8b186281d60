"""The token of a connection: renewed by its age or when it is refused, and once."""

from __future__ import annotations

import threading

import pytest

from migration.directory_model import Token
from migration.wire.ews_token import TokenKeeper
from tests.ews.harness import Clock


class Giver:
    """Gives tokens that expire after so many seconds; 0 does not say."""

    def __init__(self, expires_in: float) -> None:
        self.expires_in = expires_in
        self.given = 0

    def __call__(self) -> Token:
        self.given += 1
        return Token(f"{self.given}", self.expires_in)


@pytest.fixture
def clock() -> Clock:
    return Clock(0.0)


@pytest.mark.parametrize(
    ("expires_in", "needed", "good_until"),
    [(900, 60, 840), (900, 300, 600), (100, 60, 50), (100, 10, 90)],
)
def test_it_is_renewed_before_it_expires(
    clock: Clock, expires_in: float, needed: float, good_until: float
) -> None:
    give = Giver(expires_in)
    keeper = TokenKeeper(give, clock)
    for seconds, value in ((0, "1"), (good_until, "1"), (good_until + 1, "2")):
        clock.seconds = seconds
        assert keeper.current(needed).value == value


def test_one_of_unknown_age_is_renewed_when_it_is_refused(clock: Clock) -> None:
    give = Giver(0)
    keeper = TokenKeeper(give, clock)
    first = keeper.current(60)
    clock.seconds = 1e6
    assert keeper.current(60) is first
    second = keeper.after(first)
    assert second.value == "2"
    assert keeper.after(first) is second, "another thread has found the same"


def test_many_threads_renew_it_once(clock: Clock) -> None:
    give = Giver(0)
    keeper = TokenKeeper(give, clock)
    first = keeper.current(60)
    barrier = threading.Barrier(8)

    def renew() -> None:
        barrier.wait()
        keeper.after(first)

    threads = [threading.Thread(target=renew) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert give.given == 2


def test_it_is_good_for_a_while_after_the_server_took_it(clock: Clock) -> None:
    keeper = TokenKeeper(Giver(900), clock)
    assert not keeper.is_good(300)
    first = keeper.current(300)
    assert not keeper.is_good(300)
    keeper.taken(first)
    assert keeper.is_good(300)
    clock.seconds = 29
    assert keeper.is_good(300)
    clock.seconds = 31
    assert not keeper.is_good(300)
    keeper.taken(first)
    assert keeper.is_good(300)
    keeper.after(first)
    assert not keeper.is_good(300)
    keeper.taken(first)
    assert not keeper.is_good(300), "that was the old one"
