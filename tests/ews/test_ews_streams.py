"""Large messages: read from their source while they are sent, once, and never whole in memory."""

from __future__ import annotations

import threading
import tracemalloc
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from localrun.fakes.workmail_ews import EwsServer
from migration.directory_model import Token
from migration.errors import CredentialsRejected, SourceBusy, TargetBusy
from migration.mail import Rejected, Stamped, Stored
from migration.mime import MimeStream
from migration.targets.workmail_errors import COMMIT_SECONDS
from migration.targets.workmail_ews import WorkmailEwsTarget
from migration.wire import ews_request
from migration.wire.ews import EwsClient
from migration.wire.ews_body import StreamFailed
from migration.wire.ews_model import FolderRef, NewMessage
from tests.ews.harness import ADDRESS, Clock, Recorder, Tokens
from tests.ews.samples import (
    broken_stream,
    found,
    inbox_of,
    keys_in,
    mime,
    only,
    stamped,
    store,
    stream,
)

LARGE = mime("large") + b"0123456789abcde\n" * 100_000
INBOX = FolderRef("inbox", distinguished=True)


@pytest.mark.parametrize("size", [0, 1, 2, 3, 65_535, 65_536, 65_537, 300_001])
@pytest.mark.parametrize("piece", [1_000, 49_999, 65_536, 400_000])
def test_base64_of_a_stream_is_that_of_its_bytes(size: int, piece: int) -> None:
    content = bytes(number % 251 for number in range(size))
    whole = ews_request.create_items(ADDRESS, INBOX, [NewMessage(content)])
    streamed = ews_request.create_items(ADDRESS, INBOX, [NewMessage(stream(content, piece))])
    assert (whole.is_repeatable, streamed.is_repeatable) == (True, False)
    assert streamed.length == whole.length
    assert b"".join(streamed) == b"".join(whole)


@pytest.mark.parametrize("said", [-1, 1])
def test_a_stream_of_another_length_than_it_said_never_becomes_a_request(said: int) -> None:
    wrong = MimeStream(200_000 + said, iter([b"x" * 100_000, b"x" * 100_000]))
    request = ews_request.create_items(ADDRESS, INBOX, [NewMessage(wrong)])
    sent = bytearray()
    with pytest.raises(StreamFailed):
        for piece in request:
            sent += piece
    assert len(sent) < request.length


def test_a_stream_arrives_alone_with_its_properties(
    target: WorkmailEwsTarget, server: EwsServer, recorder: Recorder
) -> None:
    large = stream(LARGE)
    batch = [stamped("a"), stamped("b", "\\Seen", content=large), stamped("c"), stamped("d")]
    outcomes = store(target, inbox_of(target), batch)
    assert [type(outcome) for outcome in outcomes] == [Stored] * 4
    assert large.is_complete
    stored = {message.mime for message in server.folders(ADDRESS)[("Inbox",)]}
    assert LARGE in stored
    counts = [len(request[1]) for request in recorder.requests("CreateItem")]
    assert sorted(counts) == [1, 1, 2]


def test_the_next_item_is_taken_when_the_stream_was_read(
    target: WorkmailEwsTarget, server: EwsServer
) -> None:
    def batch() -> Iterator[Stamped]:
        for number in range(3):
            large = stream(LARGE)
            yield stamped(f"{number}", content=large)
            assert large.is_complete

    assert len(store(target, inbox_of(target), batch())) == 3


@dataclass
class Counted:
    """A large message that is made while it is read; no piece is kept."""

    size: int
    given: int = 0
    received: list[int] = field(default_factory=list)
    server_has: int = 0

    def stream(self) -> MimeStream:
        return MimeStream(self.size, self.pieces())

    def pieces(self) -> Iterator[bytes]:
        left = self.size
        while left:
            piece = b"x" * min(left, 65_536)
            left -= len(piece)
            self.given += len(piece)
            yield piece


def test_a_stream_of_40_megabytes_is_never_in_memory(drain: str) -> None:
    """The pieces are taken as they are sent: the traced peak is far below the message's size."""
    counted = Counted(40_000_000)
    target = WorkmailEwsTarget(EwsClient(drain, lambda: Token("t"), ADDRESS))
    receipt = None
    tracemalloc.start()
    try:
        receipt = target.append("folder", [stamped("a", content=counted.stream())])
        with pytest.raises(TargetBusy):  # this server reads, and says nothing
            receipt.outcomes()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        target.close()
    assert counted.given == 40_000_000
    assert peak < 4_000_000


def test_a_source_that_breaks_off_is_raised_as_what_it_is_and_nothing_is_stored(
    target: WorkmailEwsTarget, server: EwsServer
) -> None:
    folder = inbox_of(target)
    broken = broken_stream(LARGE, SourceBusy("the source is gone", 5.0))
    receipt = target.append(folder, [stamped("a"), stamped("b", content=broken)])
    with pytest.raises(SourceBusy) as gone:
        receipt.outcomes()
    assert gone.value.retry_after == 5.0
    assert found(target, folder, ["a", "b"]) == {"a"}
    assert len(store(target, folder, [stamped("b", content=stream(LARGE))])) == 1


def test_a_source_that_breaks_off_beside_a_lost_answer_is_a_lost_answer(
    target: WorkmailEwsTarget, server: EwsServer
) -> None:
    folder = inbox_of(target)
    server.faults.close_connection_next(after_storing=True)
    broken = broken_stream(LARGE, ConnectionResetError("of the source, not of WorkMail"))
    receipt = target.append(folder, [stamped("a"), stamped("b", content=broken)])
    with pytest.raises(TargetBusy) as lost:
        receipt.outcomes()
    assert lost.value.retry_after == COMMIT_SECONDS


@pytest.mark.parametrize("code", ["ErrorItemSave", "ErrorMimeContentInvalid"])
def test_a_refused_stream_is_not_sent_again(
    target: WorkmailEwsTarget, server: EwsServer, code: str
) -> None:
    server.faults.reject_next(code)
    folder = inbox_of(target)
    assert store(target, folder, [stamped("a", content=stream(LARGE))]) == [Rejected("a", code)]
    assert server.requests["CreateItem"] == 1


def test_a_stream_that_is_too_large_for_the_server(tokens: Tokens) -> None:
    with EwsServer(tokens.check, lambda _: True, lambda: 0.0, max_request=50_000) as small:
        target = WorkmailEwsTarget(EwsClient(small.url, tokens.give, ADDRESS))
        outcomes = store(target, inbox_of(target), [stamped("a", content=stream(LARGE))])
        assert outcomes == [Rejected("a", "ErrorMessageSizeExceeded")]
        target.close()


@pytest.mark.parametrize("stored", [True, False])
def test_a_lost_answer_to_a_stream(
    target: WorkmailEwsTarget, server: EwsServer, stored: bool
) -> None:
    folder = inbox_of(target)
    server.faults.close_connection_next(after_storing=stored)
    with pytest.raises(TargetBusy) as lost:
        store(target, folder, [stamped("a", content=stream(LARGE))])
    assert lost.value.retry_after == COMMIT_SECONDS
    assert keys_in(server, "Inbox") == ["a"] * stored


def test_streams_that_are_not_sent_are_let_go(target: WorkmailEwsTarget, server: EwsServer) -> None:
    """The connection of the source waits for that."""
    folder = inbox_of(target)
    server.faults.busy(1, 1000)
    first = target.append(folder, [stamped("a")])
    while not target._append._failures:
        threading.Event().wait(0.01)
    large = stream(LARGE)
    second = target.append(folder, [stamped("b", content=large)])
    large.wait()
    assert not large.is_complete
    for receipt in (first, second):
        with pytest.raises(TargetBusy):
            receipt.outcomes()


# -- tokens


def test_a_token_that_was_not_used_for_a_while_is_tried_before_a_stream(
    target: WorkmailEwsTarget, server: EwsServer, tokens: Tokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = inbox_of(target)
    clock = Clock(1000.0)
    monkeypatch.setattr(target._client._transport._tokens, "_now", clock)
    target.count(folder)
    store(target, folder, [stamped("a", content=stream(LARGE))])
    assert server.requests["GetFolder"] == 1  # of ensure_folders
    clock.seconds += 600
    tokens.expire_all()
    store(target, folder, [stamped("b", content=stream(LARGE))])
    assert (server.requests["GetFolder"], tokens.issued) == (2, 2)
    assert keys_in(server, "Inbox") == ["a", "b"]


def test_a_token_that_expires_all_the_same_costs_a_moment(
    target: WorkmailEwsTarget, server: EwsServer, tokens: Tokens
) -> None:
    folder = inbox_of(target)
    tokens.expire_all()
    with pytest.raises(TargetBusy, match="http-401") as busy:
        store(target, folder, [stamped("a", content=stream(LARGE))])
    assert busy.value.retry_after == 1.0
    store(target, folder, [stamped("a", content=stream(LARGE))])
    assert only(server).mime == LARGE
    assert tokens.issued == 2


def test_credentials_that_are_refused_are_told_before_a_stream_is_used(server: EwsServer) -> None:
    target = WorkmailEwsTarget(EwsClient(server.url, lambda: Token("no"), ADDRESS))
    large = stream(LARGE)
    with pytest.raises(CredentialsRejected):
        store(target, "folder", [stamped("a", content=large)])
    assert not large.is_complete
    target.close()
