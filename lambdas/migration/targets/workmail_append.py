"""Messages on their way into WorkMail: cut into requests, sent over several connections at once.

A request is sent by a thread of its own and holds a connection until it is answered; so what is
under way is bounded, and whoever brings more has to wait. After a failure nothing more is sent
until the caller has heard of it, and it hears of it when nothing is under way any more: then what
the server holds does not change behind its back.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from migration.mail import Outcome, Rejected, Stamped, Stored
from migration.mime import MimeStream
from migration.targets.request_size import RequestSize
from migration.targets.workmail_errors import (
    ITEM_BUSY_CODES,
    folder_translated,
    gravest,
    is_about_more,
    translate,
)
from migration.targets.workmail_halves import halved
from migration.targets.workmail_message import new_message
from migration.wire.ews import EwsClient
from migration.wire.ews_failures import DEFAULT_BACK_OFF
from migration.wire.ews_model import (
    AnswerLost,
    Created,
    FolderRef,
    NewMessage,
    Refused,
    RequestRefused,
    ServerBusy,
    Unreachable,
)

REQUEST_BYTES = 4_000_000
_UNDER_WAY_BYTES = 16_000_000
_STREAM_BYTES = 1_000_000  # what a stream takes while it is sent, whatever its length

WORTH_A_SECOND_TRY = frozenset(
    {"ErrorInternalServerError", "ErrorItemSave", "ErrorIrresolvableConflict"}
)
"""Codes of one item that may be about the moment and not about the message."""


class _Halted(Exception):
    """Nothing more is sent: a request has failed, or the target was closed."""

    def __init__(self, failure: Exception) -> None:
        super().__init__()
        self.failure = failure


class WorkmailAppend:
    """Sends messages of one mailbox over all connections of a client."""

    def __init__(self, client: EwsClient) -> None:
        self._client = client
        self._threads = ThreadPoolExecutor(client.connections, "workmail")
        self._changed = threading.Condition()
        self._requests = 0
        self._bytes = 0
        self._failures: list[Exception] = []
        self._size = RequestSize()
        self._is_closed = False

    def open(self) -> None:
        """Makes the connections beside other work. What fails here will fail again, and be told."""
        with self._changed:
            if not self._is_closed:
                for _ in range(self._client.connections):
                    self._threads.submit(self._client.confirm)

    def close(self) -> None:
        """To be called after the client was closed; may be called twice."""
        with self._changed:
            self._is_closed = True
            self._threads.shutdown(wait=False)

    def append(self, folder_id: str, batch: Iterable[Stamped]) -> WorkmailReceipt:
        """Returns when all items are taken over by connections. After a failure it takes no more:
        then the receipt raises it."""
        sent: list[Future[list[Outcome]]] = []
        try:
            for group in _groups(batch, self._size):
                sent.append(self._start(folder_id, group))  # noqa: PERF401 - kept when it raises
        except _Halted as halted:
            return WorkmailReceipt(self, sent, halted.failure)
        except Exception:
            with self._changed:
                self._changed.wait_for(lambda: not self._requests)
            raise
        return WorkmailReceipt(self, sent, None)

    def settle(self, own: Exception) -> Exception:
        """What to raise for a failure, when nothing is under way any more. From then on requests
        are sent again."""
        with self._changed:
            self._changed.wait_for(lambda: not self._requests)
            failures, self._failures = self._failures, []
        return gravest(own, failures)

    def _start(self, folder_id: str, group: Sequence[Stamped]) -> Future[list[Outcome]]:
        size = sum(map(_cost, group))
        is_sent = False
        try:
            with self._changed:
                self._changed.wait_for(lambda: self._failures or self._has_room(size))
                self._check_open()
                future = self._threads.submit(self._run, folder_id, group, size)
                is_sent = True
                self._requests += 1
                self._bytes += size
                # It waits for a connection here, so that none has to wait for it.
                self._changed.wait_for(lambda: self._failures or not self._is_one_too_many())
                return future
        finally:
            if not is_sent:
                _let_go(group)

    def _check_open(self) -> None:
        if self._failures:
            raise _Halted(self._failures[0])
        if self._is_closed:
            raise _Halted(translate(Unreachable("closed", for_good=False)))

    def _has_room(self, size: int) -> bool:
        return not self._requests or self._bytes + size <= _UNDER_WAY_BYTES

    def _is_one_too_many(self) -> bool:
        return self._requests > self._client.connections

    def _run(self, folder_id: str, group: Sequence[Stamped], size: int) -> list[Outcome]:
        failures: list[Exception] = []
        try:
            with self._changed:
                self._check_open()
            with folder_translated():
                return self._store(folder_id, group)
        except _Halted as halted:
            raise halted.failure from None
        except Exception as error:
            failures.append(error)
            raise
        finally:
            _let_go(group)
            with self._changed:
                self._failures += failures
                self._requests -= 1
                self._bytes -= size
                self._changed.notify_all()

    def _store(self, folder_id: str, group: Sequence[Stamped]) -> list[Outcome]:
        """An item whose refusal may have been bad luck is sent once more, alone."""
        outcomes = self._send(folder_id, group)
        for position, outcome in enumerate(outcomes):
            if isinstance(outcome, Rejected) and outcome.reason in WORTH_A_SECOND_TRY:
                if _is_stream(group[position]):
                    continue  # it is used up
                (outcomes[position],) = self._send(folder_id, [group[position]])
        return outcomes

    def _send(self, folder_id: str, group: Sequence[Stamped]) -> list[Outcome]:
        return halved(
            lambda some: self._create(folder_id, some),
            group,
            lambda stamped, code: Rejected(stamped.key, code),
        )

    def _create(self, folder_id: str, group: Sequence[Stamped]) -> list[Outcome]:
        messages = [new_message(stamped) for stamped in group]
        answers = self._measured(folder_id, group, messages)
        return [
            outcome_of(stamped.key, answer) for stamped, answer in zip(group, answers, strict=True)
        ]

    def _measured(
        self, folder_id: str, group: Sequence[Stamped], messages: Sequence[NewMessage]
    ) -> Sequence[Created | Refused]:
        """The server's answers; how long they took decides how much the next request holds. A
        stream, which is one alone, says nothing of that."""
        folder, began = FolderRef(folder_id), time.monotonic()
        if _is_stream(group[0]):
            return self._client.create_items(folder, messages)
        try:
            answers = self._client.create_items(folder, messages)
        except AnswerLost:
            with self._changed:
                self._size.lost(len(group))
            raise
        with self._changed:
            self._size.answered(len(group), time.monotonic() - began)
        return answers


class WorkmailReceipt:
    """A `ports.Receipt` for one batch."""

    def __init__(
        self,
        append: WorkmailAppend,
        sent: Sequence[Future[list[Outcome]]],
        halted: Exception | None,
    ) -> None:
        """`halted` is why a part of the batch was not sent."""
        self._append = append
        self._sent = sent
        self._halted = halted

    @property
    def mark(self) -> str:
        """Empty: WorkMail is asked for the keys themselves."""
        return ""

    def outcomes(self) -> list[Outcome]:
        """Waits; one outcome for each item, in order. Before it raises it waits for everything that
        is under way, of later batches too."""
        try:
            outcomes = [outcome for future in self._sent for outcome in future.result()]
        except Exception as error:
            gravest = self._append.settle(error)
            if gravest is error:
                raise
            raise gravest from error
        if self._halted is not None:
            raise self._append.settle(self._halted)
        return outcomes


def outcome_of(key: str, answer: Created | Refused) -> Outcome:
    """Raises when a refusal is about more than this item: the caller cannot go on."""
    if isinstance(answer, Created):
        return Stored(key, answer.id)
    if answer.code in ITEM_BUSY_CODES:
        raise ServerBusy(answer.code, answer.retry_after or DEFAULT_BACK_OFF)
    if is_about_more(answer.code):
        raise RequestRefused(answer.code)
    return Rejected(key, answer.code)


def _groups(batch: Iterable[Stamped], limit: RequestSize) -> Iterator[list[Stamped]]:
    """A request each. A stream is one alone, and is used up before the next item is taken."""
    group: list[Stamped] = []
    size = 0
    for stamped in batch:
        is_full = len(group) >= limit.items or size + len(stamped.item.mime) > REQUEST_BYTES
        if group and (is_full or _is_stream(stamped)):
            yield group
            group, size = [], 0
        if isinstance(stamped.item.mime, MimeStream):
            yield [stamped]
            stamped.item.mime.wait()
            continue
        group.append(stamped)
        size += len(stamped.item.mime)
    if group:
        yield group


def _is_stream(stamped: Stamped) -> bool:
    return isinstance(stamped.item.mime, MimeStream)


def _cost(stamped: Stamped) -> int:
    """How much memory an item takes while it is under way."""
    return _STREAM_BYTES if _is_stream(stamped) else len(stamped.item.mime)


def _let_go(group: Sequence[Stamped]) -> None:
    """The connection behind a stream waits until it is closed."""
    for stamped in group:
        if isinstance(stamped.item.mime, MimeStream):
            stamped.item.mime.close()
