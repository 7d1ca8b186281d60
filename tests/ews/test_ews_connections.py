"""Appending over several connections: how much is under way, and what happens when one fails."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from localrun.fakes.workmail_ews import EwsServer
from migration.directory_model import Token
from migration.errors import (
    CredentialsRejected,
    FolderGone,
    SourceBusy,
    TargetBusy,
)
from migration.mail import Stamped
from migration.targets import workmail_append
from migration.targets.workmail_errors import COMMIT_SECONDS
from migration.targets.workmail_ews import WorkmailEwsTarget
from migration.wire.ews import EwsClient
from tests.ews.harness import ADDRESS, Tokens
from tests.ews.samples import ensure, found, inbox_of, keys_in, stamped, store


class Held:
    """Decides when a server goes on: it waits before each request has any effect."""

    def __init__(self) -> None:
        self.is_open = True
        self._waiting = threading.Semaphore(0)
        self._let = threading.Semaphore(0)

    def check(self, token: str, mailbox: str) -> str:
        """For the server."""
        if not self.is_open:
            self._waiting.release()
            self._let.acquire(timeout=20)
        return "ok"

    def hold(self) -> None:
        """From now on requests wait."""
        self.is_open = False

    def wait_for(self, count: int) -> None:
        """Returns when so many more requests wait."""
        for _ in range(count):
            assert self._waiting.acquire(timeout=10)

    def let(self, count: int) -> None:
        """So many of those that wait go on."""
        self._let.release(count)

    def go_on(self) -> None:
        """Nobody waits any more."""
        self.is_open = True
        self._let.release(1000)


@pytest.fixture
def held() -> Held:
    return Held()


@pytest.fixture
def held_server(held: Held) -> Iterator[EwsServer]:
    with EwsServer(held.check, lambda _: True, lambda: 0.0) as running:
        yield running
        held.go_on()


@pytest.fixture
def slow(held_server: EwsServer) -> Iterator[WorkmailEwsTarget]:
    client = EwsClient(held_server.url, lambda: Token("t"), ADDRESS, connections=3)
    made = WorkmailEwsTarget(client)
    yield made
    made.close()


def in_thread(act: Callable[[], object]) -> tuple[threading.Thread, list[object]]:
    """Runs it; what it gives or raises goes into the list."""
    results: list[object] = []

    def run() -> None:
        try:
            results.append(act())
        except Exception as error:
            results.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread, results


def wait_for_a_failure(target: WorkmailEwsTarget) -> None:
    """Until the target knows of one."""
    ends = time.monotonic() + 10
    while not target._append._failures:
        assert time.monotonic() < ends, "no failure was noted"
        time.sleep(0.01)


def test_append_returns_when_all_is_under_way_over_all_connections(
    slow: WorkmailEwsTarget, held: Held, held_server: EwsServer
) -> None:
    folder = inbox_of(slow)
    held.hold()
    first = slow.append(folder, [stamped(f"a{number}") for number in range(100)])
    second = slow.append(folder, [stamped("b")])
    held.wait_for(3)
    held.go_on()
    assert len(first.outcomes()) == 100
    assert len(second.outcomes()) == 1
    assert len(keys_in(held_server, "Inbox")) == 101


def test_no_more_is_taken_than_connections_can_carry(slow: WorkmailEwsTarget, held: Held) -> None:
    folder = inbox_of(slow)
    held.hold()
    taken: list[str] = []

    def batch() -> Iterator[Stamped]:
        for number in range(1000):
            taken.append(f"{number}")
            yield stamped(f"{number}")

    thread, results = in_thread(lambda: slow.append(folder, batch()).outcomes())
    held.wait_for(3)
    time.sleep(0.1)
    assert len(taken) <= 3 * 50 + 51
    held.go_on()
    thread.join(20)
    assert len(taken) == 1000
    assert isinstance(results[0], list)


def test_16_megabytes_are_under_way_and_no_more(held: Held, held_server: EwsServer) -> None:
    client = EwsClient(held_server.url, lambda: Token("t"), ADDRESS, connections=8)
    target = WorkmailEwsTarget(client)
    folder = inbox_of(target)
    held.hold()
    taken: list[int] = []

    def batch() -> Iterator[Stamped]:
        for number in range(10):
            taken.append(number)
            yield stamped(f"{number}", content=b"x" * 3_900_000)

    thread, results = in_thread(lambda: target.append(folder, batch()).outcomes())
    held.wait_for(4)
    time.sleep(0.1)
    assert len(taken) == 6  # four under way, one that is to be the next, one that closed it
    held.go_on()
    thread.join(20)
    assert isinstance(results[0], list)
    target.close()


def test_a_failure_is_told_when_nothing_is_under_way_any_more(
    slow: WorkmailEwsTarget, held: Held, held_server: EwsServer
) -> None:
    folder = inbox_of(slow)
    held.hold()
    receipts = [slow.append(folder, [stamped(key)]) for key in ("a", "b")]
    held.wait_for(2)
    held_server.faults.close_connection_next(after_storing=False)
    held.let(1)
    wait_for_a_failure(slow)
    asked = [in_thread(receipt.outcomes) for receipt in receipts]
    time.sleep(0.1)
    assert [thread.is_alive() for thread, _ in asked] == [True, True]
    held.go_on()
    for thread, _ in asked:
        thread.join(10)
    lost = [results[0] for _, results in asked if isinstance(results[0], TargetBusy)]
    assert [error.retry_after for error in lost] == [COMMIT_SECONDS]
    assert len(keys_in(held_server, "Inbox")) == 1


def test_after_a_failure_nothing_is_sent_until_it_was_told(
    target: WorkmailEwsTarget, server: EwsServer
) -> None:
    folder = inbox_of(target)
    server.faults.busy(1, 7000)
    first = target.append(folder, [stamped("a")])
    while not target._append._failures:
        time.sleep(0.01)
    taken: list[str] = []

    def batch() -> Iterator[Stamped]:
        for number in range(100):
            taken.append(f"{number}")
            yield stamped(f"{number}")

    second = target.append(folder, batch())
    assert len(taken) == 51
    for receipt in (first, second):
        with pytest.raises(TargetBusy) as busy:
            receipt.outcomes()
        assert busy.value.retry_after == 7.0
    assert len(store(target, folder, [stamped("b")])) == 1
    assert keys_in(server, "Inbox") == ["b"]


def test_what_waits_for_a_connection_is_not_sent_after_a_failure(
    slow: WorkmailEwsTarget, held: Held, held_server: EwsServer
) -> None:
    folder = inbox_of(slow)
    held.hold()
    batch = [stamped(f"{number:03}") for number in range(200)]
    thread, results = in_thread(lambda: slow.append(folder, batch).outcomes())
    held.wait_for(3)
    held_server.faults.busy(1, 5000)
    held.let(1)
    wait_for_a_failure(slow)
    held.go_on()
    thread.join(20)
    assert isinstance(results[0], TargetBusy)
    assert results[0].retry_after == 5.0
    assert held_server.requests["CreateItem"] == 3
    assert len(keys_in(held_server, "Inbox")) == 100


def test_a_busy_answer_among_several_connections(
    target: WorkmailEwsTarget, server: EwsServer
) -> None:
    folder = inbox_of(target)
    server.faults.busy(1, 4000, after=3)
    keys = [f"{number:03}" for number in range(500)]
    with pytest.raises(TargetBusy) as busy:
        store(target, folder, map(stamped, keys))
    assert busy.value.retry_after == 4.0
    have = found(target, folder, keys)
    assert 150 <= len(have) < 500
    store(target, folder, [stamped(key) for key in keys if key not in have])
    assert sorted(keys_in(server, "Inbox")) == keys


def test_a_token_that_expires_under_several_connections_is_renewed_once(
    target: WorkmailEwsTarget, server: EwsServer, tokens: Tokens
) -> None:
    folder = inbox_of(target)
    store(target, folder, [stamped(f"a{number}") for number in range(200)])
    tokens.expire_all()
    assert tokens.issued == 1
    store(target, folder, [stamped(f"b{number}") for number in range(400)])
    assert tokens.issued == 2
    assert len(keys_in(server, "Inbox")) == 600


@pytest.mark.parametrize("after_bytes", [0, 1_000, 100_000])
def test_a_connection_that_is_closed_while_the_request_is_sent(
    target: WorkmailEwsTarget, server: EwsServer, after_bytes: int
) -> None:
    folder = inbox_of(target)
    server.faults.break_off_while_reading_next(after_bytes)
    with pytest.raises(TargetBusy) as lost:
        store(target, folder, [stamped("a", content=b"x" * 3_000_000)])
    assert lost.value.retry_after == COMMIT_SECONDS
    assert found(target, folder, ["a"]) == set()
    assert len(store(target, folder, [stamped("a")])) == 1


def test_what_the_batch_raises_goes_through_when_nothing_is_under_way(
    slow: WorkmailEwsTarget, held: Held, held_server: EwsServer
) -> None:
    folder = inbox_of(slow)
    held.hold()

    def batch() -> Iterator[Stamped]:
        yield from (stamped(f"{number}") for number in range(51))
        raise SourceBusy("the source is gone", 3.0)

    thread, results = in_thread(lambda: slow.append(folder, batch()))
    held.wait_for(1)
    time.sleep(0.1)
    assert thread.is_alive()
    held.go_on()
    thread.join(10)
    assert isinstance(results[0], SourceBusy)
    assert len(keys_in(held_server, "Inbox")) == 50


def test_a_folder_that_was_deleted_while_messages_come(
    target: WorkmailEwsTarget, server: EwsServer
) -> None:
    folder = ensure(target, "A")
    store(target, folder, [stamped("a")])
    target.remove_folder(folder)
    receipt = target.append(folder, [stamped("b")])
    with pytest.raises(FolderGone, match="ErrorSavedItemFolderNotFound"):
        receipt.outcomes()
    assert len(store(target, ensure(target, "A"), [stamped("b")])) == 1


def test_close_ends_what_waits(slow: WorkmailEwsTarget, held: Held) -> None:
    folder = inbox_of(slow)
    held.hold()
    receipt = slow.append(folder, [stamped("a")])
    held.wait_for(1)
    asking, results = in_thread(receipt.outcomes)
    full, more = in_thread(lambda: store(slow, folder, [stamped(f"{n}") for n in range(300)]))
    held.wait_for(2)
    slow.close()
    slow.close()
    for thread in (asking, full):
        thread.join(10)
        assert not thread.is_alive()
    assert isinstance(results[0], TargetBusy)
    assert isinstance(more[0], TargetBusy)
    held.go_on()
    assert len(store(slow, folder, [stamped("z")])) == 1  # it opens again


def test_connections_can_be_made_ahead(
    slow: WorkmailEwsTarget, held: Held, held_server: EwsServer
) -> None:
    held.hold()
    slow.open()
    held.wait_for(3)
    held.go_on()
    store(slow, inbox_of(slow), [stamped("a")])
    pool = slow._client._transport._pool
    assert pool.num_connections == 3


def test_whatever_goes_wrong_ahead_is_told_later(server: EwsServer) -> None:
    target = WorkmailEwsTarget(EwsClient(server.url, lambda: Token("no"), ADDRESS))
    target.open()
    with pytest.raises(CredentialsRejected):
        inbox_of(target)
    target.close()
    target.open()


def test_an_empty_batch_needs_no_request(target: WorkmailEwsTarget, server: EwsServer) -> None:
    receipt = target.append("anywhere", [])
    assert receipt.outcomes() == []
    assert receipt.mark == ""
    assert not server.requests


def test_a_defect_is_shown_as_what_it_is(
    target: WorkmailEwsTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(stamped: Stamped) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(workmail_append, "new_message", fail)
    with pytest.raises(ZeroDivisionError):
        store(target, "folder", [stamped("a")])
