"""The connections that carry messages from an IMAP source."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import takewhile

from migration.errors import MigrationError
from migration.mail import Folder, Gone, Item, ItemRef, Unreadable
from migration.sources.imap_errors import translate, translated
from migration.sources.imap_lookout import ImapLookout
from migration.sources.imap_opened import read_end
from migration.wire.imap import ImapConnection
from migration.wire.imap_ahead import AheadConnection
from migration.wire.imap_errors import CommandRefused, ConnectionLost, ImapError
from migration.wire.imap_fetch import BodyStream, Stretch
from migration.wire.imap_parse import Response, format_uids

Answer = Item | Gone | Unreadable


_LONGEST_COMMAND = 8_000
"""Octets of uids in one command: servers take at least 8,192 octets (RFC 7162 section 4)."""


@dataclass(slots=True, eq=False)
class _Part:
    """What one call has asked for, until it is read."""

    refs: Sequence[ItemRef]
    asked: _Asked


@dataclass(slots=True, eq=False)
class _Asked:
    """Messages that are asked for with one command: those of `parts`, which are not read yet, and
    the uids that were `announced` to follow. It is not sent yet without a `stretch`; `examine` is
    the tag of the EXAMINE before it until that is answered."""

    folder: Folder
    refs: Sequence[ItemRef]
    announced: set[str]
    parts: deque[_Part] = field(default_factory=deque)
    examine: bytes = b""
    stretch: Stretch | None = None

    @property
    def is_over(self) -> bool:
        """Whether the connection is ready for what was asked for behind it."""
        is_read = not self.parts and not self.announced
        return is_read and self.stretch is not None and self.stretch.is_over


@dataclass(slots=True)
class _Carrier:
    """The connection that carries messages. `folder` is the key of the one that is opened last."""

    connection: ImapConnection
    bodies: BodyStream
    folder: str = ""


class ImapCarrier:
    """Messages of one mailbox, for one thread. `lookout` knows its folders.

    What was asked for stands in a queue, the first is being read. What stands behind it is sent at
    once if another folder is opened in between; in the same folder only when the one before has
    come: some servers mix the answers to two commands, and what comes early is in memory.
    """

    def __init__(self, lookout: ImapLookout, connect: Callable[[], ImapConnection]) -> None:
        self._lookout = lookout
        self._carrier: _Carrier | None = None
        self._lone: ImapConnection | None = None
        self._asked: deque[_Asked] = deque()
        self._ahead = AheadConnection(connect)

    def begin(self) -> None:
        """Starts to connect, beside other work."""
        if self._carrier is None:
            self._ahead.begin()

    def fetch(
        self, folder: Folder, refs: Sequence[ItemRef], following: Sequence[ItemRef] = ()
    ) -> Iterator[Answer]:
        if not refs:
            return iter(())
        last = self._asked[-1] if self._asked else None
        uids = {ref.uid for ref in refs}
        if last is None or last.folder != folder or not uids <= last.announced:
            together = _in_one_command(refs, following)
            last = _Asked(folder, together, {ref.uid for ref in together})
            self._asked.append(last)
        part = _Part(refs, last)
        last.announced -= uids
        last.parts.append(part)
        try:
            self._send_ahead()
        except MigrationError:
            self._break_up(last, without=part)
            raise
        return self._read(part)

    def close(self) -> None:
        """Ends the connections; may be called twice, also while another thread reads."""
        carrier, self._carrier = self._carrier, None
        lone, self._lone = self._lone, None
        self._asked = deque()
        self._ahead.close()
        for connection in (carrier.connection if carrier else None, lone):
            if connection is not None:
                connection.close()

    # -- what is asked for

    def _send_ahead(self) -> None:
        """Sends what may be under way together."""
        with translated():
            folder = ""
            for asked in list(self._asked):
                if asked.stretch is None:
                    if asked.folder.key == folder:
                        return
                    self._send(asked)
                folder = asked.folder.key

    def _send(self, asked: _Asked) -> None:
        if self._carrier is None:
            connection = self._lookout.connect(self._ahead.take)
            self._carrier = _Carrier(connection, BodyStream(connection, translate))
        carrier = self._carrier
        if carrier.folder != asked.folder.key:
            command = self._lookout.examine_command(asked.folder)
            asked.examine = carrier.connection.send(command)
            carrier.folder = asked.folder.key
        asked.stretch = carrier.bodies.ask(asked.refs)

    def _turn_to(self, asked: _Asked) -> tuple[_Carrier, Stretch]:
        """Makes it the one that is read. What stands before it and was not read to its end is given
        up, with the connection on which it may still come."""
        if asked not in self._asked:  # closed since
            self._asked.append(asked)
        while self._asked[0] is not asked:
            if not self._asked.popleft().is_over:
                self._drop_carrier()
        self._send_ahead()
        assert self._carrier is not None
        assert asked.stretch is not None
        return self._carrier, asked.stretch

    def _break_up(self, asked: _Asked, without: _Part) -> None:
        """After a failure: ends the connection. The other parts of the same command are asked for
        one by one from now on, for any of them may be the reason."""
        self._drop_carrier()
        asked.parts.remove(without)
        alone = [_Asked(asked.folder, part.refs, set(), deque([part])) for part in asked.parts]
        for part, own in zip(asked.parts, alone, strict=True):
            part.asked = own
        before = list(takewhile(lambda each: each is not asked, self._asked))
        behind = list(self._asked)[len(before) + 1 :]
        self._asked = deque([*before, *alone, *behind])

    def _drop_carrier(self) -> None:
        carrier, self._carrier = self._carrier, None
        for asked in self._asked:
            asked.stretch, asked.examine = None, b""
        if carrier is not None:
            carrier.connection.wire.shut()

    def _drop_lone(self) -> None:
        lone, self._lone = self._lone, None
        if lone is not None:
            lone.wire.shut()

    # -- what comes

    def _read(self, part: _Part) -> Iterator[Answer]:
        """The messages, then what became of those that did not come."""
        missing, in_step = {int(ref.uid): ref for ref in part.refs}, False
        is_alone, is_refused = len(part.asked.refs) == len(part.refs), False
        try:
            with translated_unless_by_fetch():
                carrier, stretch = self._turn_to(part.asked)
                if part.asked.examine:
                    read_end(part.asked.folder, self._opened(carrier, part.asked))
                    part.asked.examine = b""
                yield from carrier.bodies.read(stretch, missing)
                in_step = True
        except CommandRefused:
            is_refused, in_step = True, is_alone
        except ConnectionLost:
            pass  # over one of its messages
        finally:
            if in_step:
                part.asked.parts.remove(part)
            else:  # answers may be left on the connection that nobody will read
                self._break_up(part.asked, without=part)
        left = list(missing.values())
        if left and is_refused and not is_alone:
            yield from self._read(self._ask_first(part.asked.folder, left))
        elif left:
            yield from self._read_again(part.asked.folder, left)

    def _ask_first(self, folder: Folder, refs: Sequence[ItemRef]) -> _Part:
        """Before everything that stands in the queue, none of which is sent."""
        asked = _Asked(folder, refs, set())
        part = _Part(refs, asked)
        asked.parts.append(part)
        self._asked.appendleft(asked)
        return part

    def _opened(self, carrier: _Carrier, asked: _Asked) -> list[Response]:
        try:
            return carrier.connection.answer(asked.examine)
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


def _in_one_command(refs: Sequence[ItemRef], following: Sequence[ItemRef]) -> Sequence[ItemRef]:
    """`refs`, and the beginning of what follows."""
    while True:
        together = [*refs, *following]
        uids = format_uids(sorted(int(ref.uid) for ref in together))
        if not following or len(uids) <= _LONGEST_COMMAND:
            return together
        following = following[: len(following) // 2]


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
