"""The connections that carry messages from an IMAP source."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from migration.errors import SourceBusy
from migration.mime import STREAM_FROM
from migration.model import Folder, Gone, Item, ItemRef, Unreadable
from migration.sources.imap_errors import translate, translated
from migration.sources.imap_lookout import ImapLookout
from migration.sources.imap_opened import (
    read_end,
)
from migration.wire.imap import ImapConnection
from migration.wire.imap_ahead import AheadConnection
from migration.wire.imap_errors import CommandRefused, ConnectionLost, ImapError
from migration.wire.imap_fetch import Batch, BodyStream
from migration.wire.imap_parse import Response

Answer = Item | Gone | Unreadable


@dataclass(slots=True)
class _Asked:
    """A batch that was asked for: over which stream, and the tag of the EXAMINE before it."""

    folder: Folder
    refs: Sequence[ItemRef]
    carrier: _Carrier
    examine: bytes
    batch: Batch


@dataclass(slots=True)
class _Carrier:
    """The connection that carries messages. `folder` is the key of the one that is opened last."""

    connection: ImapConnection
    bodies: BodyStream
    folder: str = ""


class ImapCarrier:
    """Messages of one mailbox, for one thread. `lookout` knows its folders."""

    def __init__(self, lookout: ImapLookout, connect: Callable[[], ImapConnection]) -> None:
        self._lookout = lookout
        self._carrier: _Carrier | None = None
        self._lone: ImapConnection | None = None
        self._late = 0
        self._ahead = AheadConnection(connect)

    def begin(self) -> None:
        """Starts to connect, beside other work."""
        if self._carrier is None:
            self._ahead.begin()

    def fetch(self, folder: Folder, refs: Sequence[ItemRef]) -> Iterator[Answer]:
        if not refs:
            return iter(())
        # Answers of large messages must not be mixed with others: what comes early is in memory.
        if self._late or any(ref.size >= STREAM_FROM for ref in refs):
            self._late += 1
            return self._ask_late(folder, refs)
        return self._read(self._ask_now(folder, refs))

    def _ask_late(self, folder: Folder, refs: Sequence[ItemRef]) -> Iterator[Answer]:
        """Asks only when it is read; so does whatever is asked for behind it."""
        self._late = max(0, self._late - 1)
        yield from self._read(self._ask_now(folder, refs))

    def _ask_now(self, folder: Folder, refs: Sequence[ItemRef]) -> _Asked:
        try:
            with translated():
                asked = self._ask(folder, refs)
        except SourceBusy:
            self._drop_carrier()
            raise
        return asked

    def close(self) -> None:
        """Ends the connections; may be called twice, also while another thread reads."""
        carrier, self._carrier = self._carrier, None
        lone, self._lone = self._lone, None
        self._late = 0
        self._ahead.close()
        for connection in (carrier.connection if carrier else None, lone):
            if connection is not None:
                connection.close()

    def _drop_lone(self) -> None:
        lone, self._lone = self._lone, None
        if lone is not None:
            lone.wire.shut()

    def _drop_carrier(self) -> None:
        carrier, self._carrier = self._carrier, None
        if carrier is not None:
            carrier.connection.wire.shut()

    def _ask(self, folder: Folder, refs: Sequence[ItemRef]) -> _Asked:
        if self._carrier is None:
            connection = self._lookout.connect(self._ahead.take)
            self._carrier = _Carrier(connection, BodyStream(connection, translate))
        carrier, examine = self._carrier, b""
        if carrier.folder != folder.key:
            examine = carrier.connection.send(self._lookout.examine_command(folder))
            carrier.folder = folder.key
        return _Asked(
            folder, refs, carrier, examine, carrier.bodies.ask(refs, other_folder=bool(examine))
        )

    def _read(self, asked: _Asked) -> Iterator[Answer]:
        """The messages, then what became of those that did not come."""
        wanted, in_step = asked.batch.wanted, False
        try:
            with translated_unless_by_fetch():
                if asked.carrier is not self._carrier:  # it was lost since
                    asked = self._ask(asked.folder, asked.refs)
                    wanted = asked.batch.wanted
                if asked.examine:
                    read_end(asked.folder, self._opened(asked))
                yield from asked.carrier.bodies.read(asked.batch)
                in_step = True
        except CommandRefused:
            in_step = True
        except ConnectionLost:
            pass  # over one of its messages
        finally:
            if not in_step:  # answers may be left on the connection that nobody will read
                self._drop_carrier()
        if wanted:
            yield from self._read_again(asked.folder, list(wanted.values()))

    def _opened(self, asked: _Asked) -> list[Response]:
        try:
            return asked.carrier.connection.answer(asked.examine)
        except CommandRefused as error:
            if error.pause:
                raise
            with self._lookout.look() as connection:
                raise self._lookout.explain_closed(connection, asked.folder) from None

    def _read_again(self, folder: Folder, refs: Sequence[ItemRef]) -> Iterator[Answer]:
        """What became of messages that did not come: those that are there are asked for alone."""
        there = self._lookout.which_are_there(folder, refs)
        reasons: dict[str, str] = {}
        for ref in refs:
            if int(ref.uid) in there:
                reasons[ref.uid] = yield from self._read_alone(folder, ref)
        failed = [ref for ref in refs if reasons.get(ref.uid)]
        if failed:
            there &= self._lookout.which_are_there(folder, failed)
        for ref in refs:
            if ref.uid not in reasons or (ref in failed and int(ref.uid) not in there):
                yield Gone(ref)
            elif ref in failed:
                yield Unreadable(ref, reasons[ref.uid])

    def _read_alone(self, folder: Folder, ref: ItemRef) -> Generator[Item, None, str]:
        """The message; why it does not come, or "". Over a third connection: messages may be under
        way on one of the others, and nobody who looks shall wait for the reader of a stream. A
        message over which the server hangs up costs this connection."""
        reason, in_step = "no-body", False
        try:
            with translated_unless_by_fetch():
                connection = self._lone or self._lookout.connect()
                self._lone = connection
                self._lookout.examine(connection, folder)
                bodies = BodyStream(connection, translate)
                for item in bodies.read(bodies.ask([ref])):
                    reason = ""
                    yield item
                in_step = True
        except CommandRefused:
            reason, in_step = "fetch-refused", True
        except ConnectionLost:
            reason = "fetch-failed"
        finally:
            if not in_step:
                self._drop_lone()
        return reason


@contextmanager
def translated_unless_by_fetch() -> Iterator[None]:
    """As `translated`, but what may be about one message comes as it is: a refused FETCH (some
    servers refuse all of it for one bad message), and a server that hangs up over a message."""
    with translated():
        try:
            yield
        except CommandRefused as error:
            if error.pause:
                raise
            refused: ImapError = error
        except ConnectionLost as error:
            if not error.by_fetch:
                raise
            refused = error
        else:
            return
    raise refused
