"""Appending over EWS: several connections, refusals, lost answers; nothing lost or doubled."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from localrun.fakes.workmail_ews import EwsServer
from migration.directory_model import Token
from migration.errors import (
    AdministratorPending,
    CredentialsRejected,
    MailboxUnreachable,
    MigrationError,
    QuotaExceeded,
    TargetBusy,
)
from migration.mail import Rejected, Stored
from migration.mime import MimeStream
from migration.targets.workmail_append import WORTH_A_SECOND_TRY
from migration.targets.workmail_errors import COMMIT_SECONDS
from migration.targets.workmail_ews import WorkmailEwsTarget
from migration.wire.ews import EwsClient
from tests.ews.harness import ADDRESS, Clock, Recorder, Tokens
from tests.ews.samples import found, inbox_of, keys_in, mime, stamped, store

SOME = mime("some", "x" * 3_000)


def test_outcomes_come_in_order_with_ids_and_bytes_are_kept(
    target: WorkmailEwsTarget, server: EwsServer
) -> None:
    batch = [stamped(f"k{number:03}") for number in range(250)]
    outcomes = store(target, inbox_of(target), batch)
    assert [outcome.key for outcome in outcomes] == [one.key for one in batch]
    assert all(isinstance(outcome, Stored) and outcome.target_id for outcome in outcomes)
    stored = {message.id: message.mime for message in server.folders(ADDRESS)[("Inbox",)]}
    assert [stored[outcome.target_id] for outcome in outcomes if isinstance(outcome, Stored)] == [
        one.item.mime for one in batch
    ]


def test_requests_grow_where_the_server_is_quick_and_shrink_after_a_lost_answer(
    target: WorkmailEwsTarget, server: EwsServer, recorder: Recorder
) -> None:
    folder = inbox_of(target)
    store(target, folder, [stamped(f"a{number}") for number in range(50)])
    store(target, folder, [stamped(f"b{number}") for number in range(250)])
    server.faults.close_connection_next(after_storing=False)
    with pytest.raises(TargetBusy):
        store(target, folder, [stamped(f"c{number}") for number in range(100)])
    store(target, folder, [stamped(f"d{number}") for number in range(60)])
    counts = [len(request[1]) for request in recorder.requests("CreateItem")]
    assert sorted(counts[:4]) == [50, 50, 100, 100]
    assert sorted(counts[-2:]) == [10, 50]
    assert len(keys_in(server, "Inbox")) == 360


def test_a_lost_stream_says_nothing_of_how_much_a_request_may_hold(
    target: WorkmailEwsTarget, server: EwsServer, recorder: Recorder
) -> None:
    folder = inbox_of(target)
    content = mime("large", "x" * 2_000_000)
    large = stamped("large")
    stream = MimeStream(len(content), iter([content]))
    server.faults.close_connection_next(after_storing=False)
    with pytest.raises(TargetBusy):
        store(target, folder, [replace(large, item=replace(large.item, mime=stream))])
    store(target, folder, [stamped(f"k{number}") for number in range(50)])
    counts = [len(request[1]) for request in recorder.requests("CreateItem")]
    assert counts[-1] == 50


def test_the_first_requests_hold_50_items_or_4_megabytes(
    target: WorkmailEwsTarget, server: EwsServer, recorder: Recorder
) -> None:
    large = [stamped(f"large{number}", content=b"y" * 1_500_000) for number in range(3)]
    larger = stamped("larger", content=b"z" * 5_000_000)
    batch = [*large, larger, *(stamped(f"k{number}") for number in range(51))]
    assert len(store(target, inbox_of(target), batch)) == len(batch)
    counts = [len(request[1]) for request in recorder.requests("CreateItem")]
    assert sorted(counts) == [1, 1, 1, 2, 50]


def test_refused_message_is_rejected_with_its_code_and_the_rest_goes_on(
    target: WorkmailEwsTarget, server: EwsServer
) -> None:
    server.faults.reject_next("ErrorMimeContentInvalid")
    outcomes = store(target, inbox_of(target), [stamped("a"), stamped("b")])
    assert outcomes[0] == Rejected("a", "ErrorMimeContentInvalid")
    assert isinstance(outcomes[1], Stored)


def test_batch_that_is_refused_as_a_whole_is_halved_down_to_the_culprit(
    client: EwsClient, tokens: Tokens
) -> None:
    with EwsServer(tokens.check, lambda _: True, lambda: 0.0, max_request=50_000) as small:
        target = WorkmailEwsTarget(EwsClient(small.url, tokens.give, ADDRESS))
        batch = [stamped(key) for key in "abcdefgh"]
        batch[5] = stamped("large", content=b"x" * 60_000)
        outcomes = store(target, inbox_of(target), batch)
    assert outcomes[5] == Rejected("large", "ErrorMessageSizeExceeded")
    assert [type(one) for one in outcomes].count(Stored) == 7
    assert [one.key for one in outcomes] == [one.key for one in batch]


@pytest.mark.parametrize("code", sorted(WORTH_A_SECOND_TRY))
def test_what_may_be_bad_luck_is_sent_once_more_alone(
    target: WorkmailEwsTarget, server: EwsServer, recorder: Recorder, code: str
) -> None:
    server.faults.reject_next(code)
    outcomes = store(target, inbox_of(target), [stamped("a"), stamped("b")])
    assert [one.key for one in outcomes] == ["a", "b"]
    assert all(isinstance(one, Stored) for one in outcomes)
    assert keys_in(server, "Inbox") == ["b", "a"]
    assert server.requests["CreateItem"] == 2


def test_what_is_refused_a_second_time_is_rejected(
    target: WorkmailEwsTarget, server: EwsServer
) -> None:
    server.faults.reject_next("ErrorItemSave", times=2)
    (outcome,) = store(target, inbox_of(target), [stamped("a")])
    assert outcome == Rejected("a", "ErrorItemSave")
    assert server.requests["CreateItem"] == 2


@pytest.mark.parametrize("stored", [True, False])
def test_a_lost_answer_is_for_the_engine_and_nothing_is_sent_again(
    target: WorkmailEwsTarget, server: EwsServer, stored: bool
) -> None:
    folder = inbox_of(target)
    server.faults.close_connection_next(after_storing=stored)
    with pytest.raises(TargetBusy) as lost:
        store(target, folder, [stamped("a")])
    assert lost.value.retry_after == COMMIT_SECONDS
    assert keys_in(server, "Inbox") == ["a"] * stored
    assert (server.requests["CreateItem"], server.requests["FindItem"]) == (1, 0)


def test_what_a_gateway_gave_up_may_be_stored_later(
    target: WorkmailEwsTarget, server: EwsServer, clock: Clock
) -> None:
    folder = inbox_of(target)
    server.faults.answer_504_next(store_after=90)
    with pytest.raises(TargetBusy, match="http-504") as lost:
        store(target, folder, [stamped("a")])
    assert found(target, folder, ["a"]) == set()
    clock.seconds += lost.value.retry_after
    assert found(target, folder, ["a"]) == {"a"}


def test_an_answer_that_takes_too_long_is_for_the_engine() -> None:
    """The server may still be at it: looking now would prove nothing."""
    pauses = [0.0, 0.4]  # the first request finds the folder, the second creates

    def check_slowly(token: str, mailbox: str) -> str:
        time.sleep(pauses.pop(0) if pauses else 0.0)
        return "ok"

    with EwsServer(check_slowly, lambda _: True, lambda: 0.0) as slow:
        client = EwsClient(slow.url, lambda: Token("t"), ADDRESS, read_seconds=0.1)
        target = WorkmailEwsTarget(client)
        folder = inbox_of(target)
        with pytest.raises(TargetBusy, match="ReadTimeoutError"):
            store(target, folder, [stamped("a")])
        assert slow.requests["FindItem"] == 0


def test_busy_server_says_when_to_come_back(target: WorkmailEwsTarget, server: EwsServer) -> None:
    folder = inbox_of(target)
    server.faults.busy(1, 7000)
    with pytest.raises(TargetBusy) as busy:
        store(target, folder, [stamped(f"k{number}") for number in range(10)])
    assert busy.value.retry_after == 7.0
    assert keys_in(server, "Inbox") == []


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("ErrorServerBusy", TargetBusy),
        ("ErrorTimeoutExpired", TargetBusy),
        ("ErrorQuotaExceeded", QuotaExceeded),
        ("ErrorImpersonateUserDenied", AdministratorPending),
        ("ErrorAccessDenied", CredentialsRejected),
        ("ErrorMailboxLogonFailed", MailboxUnreachable),
    ],
)
def test_refusal_of_an_item_that_is_about_the_mailbox(
    target: WorkmailEwsTarget, server: EwsServer, code: str, expected: type[MigrationError]
) -> None:
    folder = inbox_of(target)
    server.faults.reject_next(code)
    with pytest.raises(expected):
        store(target, folder, [stamped("a"), stamped("b")])
    assert found(target, folder, ["a", "b"]) == {"b"}


@pytest.mark.parametrize("seed", range(6))
def test_whatever_goes_wrong_on_the_way_nothing_is_lost_or_doubled(
    server: EwsServer, tokens: Tokens, clock: Clock, seed: int
) -> None:
    """Lost answers, lost requests, late effects, throttling and expired tokens at random, while
    several batches are under way; TargetBusy is answered as the contract says: wait, ask `since`,
    append the rest."""
    chance = random.Random(seed)
    faults = server.faults
    troubles: list[Callable[[], object]] = [
        tokens.expire_all,
        lambda: faults.busy(1, 1),
        lambda: faults.close_connection_next(after_storing=True),
        lambda: faults.close_connection_next(after_storing=False),
        lambda: faults.busy(2, 1, after=3),
        lambda: faults.break_off_while_reading_next(after_bytes=20_000),
        lambda: faults.answer_504_next(store_after=chance.randrange(120)),
        lambda: faults.reject_next("ErrorServerBusy"),
        lambda: faults.reject_next("ErrorItemSave"),
    ]
    target = WorkmailEwsTarget(EwsClient(server.url, tokens.give, ADDRESS))
    folder = inbox_of(target)
    rest = {f"{number:04}": stamped(f"{number:04}", content=SOME) for number in range(700)}
    while rest:
        for _ in range(chance.randrange(3)):
            chance.choice(troubles)()
        keys = list(rest)
        batches = [keys[start : start + 130] for start in range(0, len(keys), 130)]
        try:
            for key in found(target, folder, keys):
                del rest[key]
            receipts = [
                target.append(folder, [rest[key] for key in batch if key in rest])
                for batch in batches[:3]
            ]
            for receipt in receipts:
                for outcome in receipt.outcomes():
                    assert isinstance(outcome, Stored)
                    del rest[outcome.key]
        except TargetBusy as busy:
            clock.seconds += busy.retry_after
    clock.seconds += 1000
    assert sorted(keys_in(server, "Inbox")) == [f"{number:04}" for number in range(700)]
