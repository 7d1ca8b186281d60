"""Failures on order, for tests and scenarios: a server that is busy, breaks off or refuses."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Busy:
    """How a request is to be put off. `status` is 500 or 503."""

    back_off_ms: int
    status: int = 500


class Faults:
    """What the server shall get wrong next. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._busy: deque[Busy | None] = deque()
        self._close: deque[tuple[str, bool]] = deque()
        self._reject: deque[str] = deque()
        self._late: deque[float] = deque()
        self._break_off: deque[int] = deque()
        self._refuse_change: deque[str] = deque()
        self._refuse_file: deque[str] = deque()
        self.forgets_received = False
        """From now on, whatever is created counts as received when it was created."""
        self._refused: dict[str, tuple[str, bool]] = {}

    def busy(self, times: int, back_off_ms: int, status: int = 500, after: int = 0) -> None:
        """`times` requests, of whatever operation, answer ErrorServerBusy: the next ones, or those
        that come when `after` have been let through."""
        with self._lock:
            self._busy.extend([None] * after)
            self._busy.extend([Busy(back_off_ms, status)] * times)

    def close_connection_next(
        self, after_storing: bool, times: int = 1, operation: str = "CreateItem"
    ) -> None:
        """The next request of an operation gets no answer; it takes effect all the same, or not at
        all."""
        with self._lock:
            self._close.extend([(operation, after_storing)] * times)

    def break_off_while_reading_next(self, after_bytes: int, times: int = 1) -> None:
        """The connection of the next CreateItem is closed when so many bytes of it have come; it
        has no effect."""
        with self._lock:
            self._break_off.extend([after_bytes] * times)

    def answer_504_next(self, store_after: float, times: int = 1) -> None:
        """The next CreateItem is answered by a gateway that has lost patience: 504, now. The server
        behind it stores the items `store_after` seconds later, by its clock."""
        with self._lock:
            self._late.extend([store_after] * times)

    def reject_next(self, response_code: str, times: int = 1) -> None:
        """The next `times` created items are refused with this code, each by itself."""
        with self._lock:
            self._reject.extend([response_code] * times)

    def refuse_change_next(self, response_code: str, times: int = 1) -> None:
        """The next `times` changes of items (UpdateItem) are refused with this code, each by
        itself."""
        with self._lock:
            self._refuse_change.extend([response_code] * times)

    def refuse_file_next(self, response_code: str, times: int = 1) -> None:
        """The next `times` attached files are refused with this code, each by itself."""
        with self._lock:
            self._refuse_file.extend([response_code] * times)

    def refuse(self, address: str, response_code: str, *, only_storing: bool = False) -> None:
        """From now on, requests about this mailbox are answered with this code: all, or those that
        store messages or other items. "" ends it."""
        with self._lock:
            self._refused[address.casefold()] = (response_code, only_storing)

    def refusal(self, address: str, operation: str) -> str:
        """For the server: the code to answer such a request with, "" normally."""
        with self._lock:
            code, only_storing = self._refused.get(address.casefold(), ("", False))
        return code if operation == "CreateItem" or not only_storing else ""

    def take_refused_change(self) -> str:
        """For the server: a code to refuse the next change with, "" normally."""
        with self._lock:
            return self._refuse_change.popleft() if self._refuse_change else ""

    def take_refused_file(self) -> str:
        """For the server: a code to refuse the next attached file with, "" normally."""
        with self._lock:
            return self._refuse_file.popleft() if self._refuse_file else ""

    def take_busy(self) -> Busy | None:
        """For the server: whether this request is to be put off."""
        with self._lock:
            return self._busy.popleft() if self._busy else None

    def take_close(self, operation: str) -> bool | None:
        """For the server: None normally, else whether to act before breaking off."""
        with self._lock:
            if not self._close or self._close[0][0] != operation:
                return None
            return self._close.popleft()[1]

    def take_break_off(self) -> int | None:
        """For the server: None normally, else after how many bytes to close the connection."""
        with self._lock:
            return self._break_off.popleft() if self._break_off else None

    def take_late(self) -> float | None:
        """For the server: None normally, else after how many seconds to store."""
        with self._lock:
            return self._late.popleft() if self._late else None

    def take_rejection(self) -> str:
        """For the server: a code to refuse the next item with, "" normally."""
        with self._lock:
            return self._reject.popleft() if self._reject else ""
