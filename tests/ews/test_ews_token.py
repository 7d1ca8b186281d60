"""The token of a connection: renewed by its age or when it is refused, and once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

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
    second = keeper.current(300)
    keeper.taken(second)
    keeper.forbidden(first)
    assert keeper.is_good(300), "that was the old one"
    keeper.forbidden(second)
    assert not keeper.is_good(300)


class Denied(Exception):
    """What gives tokens gives none any more."""


class SlowGiver(Giver):
    """Takes a while, notices when it is asked twice at a time, and refuses when told to."""

    def __init__(self, expires_in: float) -> None:
        super().__init__(expires_in)
        self.refuses = False
        self.asked = 0
        self.most_at_once = 0
        self._at_once = 0

    def __call__(self) -> Token:
        self._at_once += 1
        self.asked += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        time.sleep(0.5 if self.refuses else 0.1)
        self._at_once -= 1
        if self.refuses:
            raise Denied
        return super().__call__()


def at_once(threads: int, act: Callable[[], Token]) -> list[object]:
    """What each of the threads gets, or what is raised there."""
    barrier = threading.Barrier(threads)

    def run(_: int) -> object:
        barrier.wait()
        try:
            return act()
        except Denied as error:
            return error

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(run, range(threads)))


def test_many_threads_that_find_it_old_renew_it_once(clock: Clock) -> None:
    give = SlowGiver(900)
    keeper = TokenKeeper(give, clock)
    for age in (0, 841, 900, 5000):
        clock.seconds += age
        before = give.asked
        values = {token.value for token in at_once(16, lambda: keeper.current(60))}  # type: ignore[attr-defined]
        assert values == {str(give.given)}
        assert give.asked == before + 1
    assert give.most_at_once == 1


def test_nobody_ever_gets_a_token_within_the_safety_margin(clock: Clock) -> None:
    """Sixteen threads ask again and again while time passes; some for streams, which take long."""
    ends: dict[str, float] = {}
    asking: list[int] = []

    def give() -> Token:
        asking.append(len(asking) + 1)
        name = str(len(ends))
        ends[name] = clock.seconds + 900
        time.sleep(0.001)
        asking.pop()
        assert not asking
        return Token(name, 900)

    keeper = TokenKeeper(give, clock)

    def left(needed: float) -> float:
        return ends[keeper.current(needed).value] - clock.seconds - needed

    with ThreadPoolExecutor(16) as pool:
        for _ in range(300):
            assert min(pool.map(left, [60.0, 300.0] * 8)) >= 0
            clock.seconds += 37
    assert 300 * 37 // 900 < len(ends) <= 300 * 37 // (600 - 37) + 1


def test_the_age_of_a_token_counts_from_when_it_was_asked_for(clock: Clock) -> None:
    """An answer may come late, and nobody knows when on its way the token was made."""

    def give() -> Token:
        clock.seconds += 20
        return Token(f"{clock.seconds}", 900)

    keeper = TokenKeeper(give, clock)
    first = keeper.current(60)
    clock.seconds = 840
    assert keeper.current(60) is first
    clock.seconds = 841
    assert keeper.current(60) is not first


@pytest.mark.parametrize("is_refused", [False, True])
def test_a_renewal_that_fails_is_asked_for_once_and_told_to_all(
    clock: Clock, is_refused: bool
) -> None:
    give = SlowGiver(900)
    keeper = TokenKeeper(give, clock)
    first = keeper.current(60)
    give.refuses = True
    clock.seconds = 850

    def ask() -> Token:
        return keeper.after(first) if is_refused else keeper.current(60)

    assert {type(each) for each in at_once(16, ask)} == {Denied}
    assert give.asked == 2
    with pytest.raises(Denied):
        keeper.current(60)
    assert give.asked == 3, "the next request asks again, once"
    give.refuses = False
    assert keeper.current(60).value == "2"


def test_a_failed_renewal_does_not_make_the_old_token_new(clock: Clock) -> None:
    give = SlowGiver(900)
    keeper = TokenKeeper(give, clock)
    keeper.taken(keeper.current(60))
    give.refuses = True
    clock.seconds = 700
    with pytest.raises(Denied):
        keeper.current(300)
    assert keeper.current(60).value == "1", "it is good enough for this"
    clock.seconds = 850
    with pytest.raises(Denied):
        keeper.current(60)
