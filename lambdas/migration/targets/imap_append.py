"""Messages on their way into an IMAP folder: as few round trips as the server allows.

A *group* is up to 100 messages or 2 MB that go in one MULTIAPPEND (RFC 3502), which stores all of
them or none; without that extension, in single APPENDs. Literals do not wait where the server has
LITERAL+, and only large ones wait with LITERAL- (RFC 7888). Several groups are under way at once
where the server answers with UIDs (UIDPLUS), so that each message is known again after a crash;
elsewhere each group is waited for.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from migration.mail import Outcome, Rejected, Stamped, Stored
from migration.mime import Mime, MimeStream, head, pieces
from migration.targets.append_ladder import Attempt, join_codes, ladder, split_flags
from migration.targets.imap_errors import is_about_message
from migration.wire.imap import ImapConnection, check
from migration.wire.imap_errors import CommandRefused, Garbled
from migration.wire.imap_names import quote_name
from migration.wire.imap_parse import Response, format_date, parse_uids

_UNDER_WAY = 9_000_000
"""Octets that may be kept for messages that are under way without an answer."""

_COMMANDS_UNDER_WAY = 100

_SMALL_LITERAL = 4096  # LITERAL- (RFC 7888 section 5)
_BUFFER = 65_536


@dataclass(slots=True)
class Group:
    """Messages that were sent and owe an answer. `tags` holds the commands with the positions of
    their first message and the one behind their last."""

    folder: str
    items: Sequence[Stamped]
    size: int
    tags: deque[tuple[bytes, int, int]] = field(default_factory=deque)
    outcomes: list[Outcome | None] = field(default_factory=list)
    refused: dict[int, CommandRefused] = field(default_factory=dict)
    mark: str = ""
    is_settled: bool = False


class Appender:
    """Sends groups over one connection and reads the answers in their order. Raises ImapError: then
    nothing is known of the groups that are not settled."""

    def __init__(self, connection: ImapConnection) -> None:
        self._connection = connection
        self._waiting: deque[Group] = deque()
        self._under_way = 0
        self._multi = connection.has("MULTIAPPEND")
        self._knows_uids = connection.has("UIDPLUS")

    def send(self, folder: str, items: Sequence[Stamped]) -> Group:
        """Returns when all of the group is on its way."""
        group = Group(folder, items, _octets_kept(items))
        group.outcomes = [None] * len(items)
        while self._waiting and not self._has_room(group):
            self.settle(self._waiting[0])
        self._under_way += group.size
        self._waiting.append(group)
        if self._multi:
            self._write(group, 0, len(items))
        else:
            for position in range(len(items)):
                self._write(group, position, position + 1)
        return group

    def _has_room(self, group: Group) -> bool:
        """Whether this group may be under way beside those that are: not too much to be kept, and
        not too many commands, for a server whose answers nobody reads does not read either."""
        commands = sum(len(each.tags) for each in self._waiting)
        fits = self._under_way + group.size <= _UNDER_WAY and commands <= _COMMANDS_UNDER_WAY
        return self._knows_uids and fits

    def awaits(self, group: Group) -> bool:
        """Whether the answer to this group is still to come over this connection."""
        return any(each is group for each in self._waiting)

    def settle(self, group: Group) -> None:
        """Waits until the outcome of each message of this group is known, and of those before."""
        while not group.is_settled:
            first = self._waiting[0]
            while first.tags:
                self._read_tagged(first)
            self._waiting.popleft()
            self._under_way -= first.size
            first.is_settled = True
            if first.refused:
                self._mend(first)
            if not self._knows_uids:  # nothing else is under way then
                self._ask_mark(first)
            first.items = ()  # their content would stay in memory

    # -- commands

    def _write(self, group: Group, start: int, stop: int) -> None:
        """One APPEND of some messages of a group."""
        tag = self._connection.next_tag()
        group.tags.append((tag, start, stop))
        buffer = bytearray(tag + b" APPEND " + quote_name(group.folder))
        for stamped in group.items[start:stop]:
            item = stamped.item
            flags, _ = split_flags(item.flags)
            first = Attempt(b"", flags, item.received)
            if not self._write_message(group, tag, buffer, first, item.mime):
                return
        buffer += b"\r\n"
        self._connection.wire.write(buffer)

    def _write_message(
        self, group: Group, tag: bytes, buffer: bytearray, attempt: Attempt, mime: Mime
    ) -> bool:
        """False if the server refused the command before it took the message."""
        date = f' "{format_date(attempt.received)}"' if attempt.received else ""
        waits = self._waits_for(len(mime))
        plus = "" if waits else "+"
        buffer += f" ({' '.join(attempt.flags)}){date} {{{len(mime)}{plus}}}\r\n".encode()
        if waits:
            self._connection.wire.write(buffer)
            buffer.clear()
            if not self._wait_for_go(group, tag):
                return False
        if isinstance(mime, MimeStream) or len(mime) > _BUFFER:
            self._connection.wire.write(buffer)
            buffer.clear()
            for piece in pieces(mime):
                self._connection.wire.write(piece)
        else:
            buffer += mime
            if len(buffer) > _BUFFER:
                self._connection.wire.write(buffer)
                buffer.clear()
        return True

    def _waits_for(self, size: int) -> bool:
        """Whether the server must ask for a literal of this size before it is sent."""
        if self._connection.has("LITERAL+"):
            return False
        return not (self._connection.has("LITERAL-") and size <= _SMALL_LITERAL)

    def _wait_for_go(self, group: Group, tag: bytes) -> bool:
        """Reads up to the request to go on; answers of commands sent before come first."""
        while True:
            response = self._connection.read()
            if response.tag == b"+":
                return True
            if response.tag == tag:
                self._take(group, response)
                return False
            self._take_earlier(response)

    # -- answers

    def _read_tagged(self, group: Group) -> None:
        response = self._connection.read()
        if response.tag not in (b"*", b"+"):
            if response.tag != group.tags[0][0]:
                raise Garbled("answers-out-of-order")
            self._take(group, response)

    def _take_earlier(self, response: Response) -> None:
        if response.tag == b"*":
            return
        for group in self._waiting:
            if group.tags and group.tags[0][0] == response.tag:
                self._take(group, response)
                return
        raise Garbled("answers-out-of-order")

    def _take(self, group: Group, response: Response) -> None:
        """The answer to the group's oldest command."""
        tag, start, stop = next(each for each in group.tags if each[0] == response.tag)
        group.tags.remove((tag, start, stop))
        try:
            check(response)
        except CommandRefused as error:
            for position in range(start, stop):
                group.refused[position] = error
            return
        uids = read_uids(response, stop - start)
        for position in range(start, stop):
            group.outcomes[position] = _stored(group.items[position], uids[position - start])
        validity = uids[-1].partition(":")[0]
        last = max(int(uid.partition(":")[2] or 0) for uid in uids)
        group.mark = f"{validity}:{last + 1}" if validity else ""

    def _ask_mark(self, group: Group) -> None:
        """Where the folder ends now, for servers that do not answer with UIDs."""
        responses = self._connection.run(
            b"STATUS " + quote_name(group.folder) + b" (UIDVALIDITY UIDNEXT)"
        )
        group.mark = read_mark(responses)

    # -- refusals

    def _mend(self, group: Group) -> None:
        """Finds the messages to blame, and sends those again with less and less.

        What was sent later is waited for first, so that the answers are not mixed up. The group has
        no mark then: messages that were sent later may stand before its own.
        """
        group.mark = ""
        for later in list(self._waiting):
            while later.tags:
                self._read_tagged(later)
        refused = sorted(group.refused)
        if self._multi:
            self._halve(group, refused)
        else:
            for position in refused:
                self._climb(group, position)

    def _halve(self, group: Group, positions: Sequence[int]) -> None:
        """All of these shared one refusal; one half after the other is sent again."""
        if len(positions) == 1:
            self._climb(group, positions[0])
            return
        error = group.refused[positions[0]]
        if not is_about_message(error):
            raise error
        middle = len(positions) // 2
        for half in (positions[:middle], positions[middle:]):
            if not self._try(group, half):
                self._halve(group, half)

    def _try(self, group: Group, positions: Sequence[int]) -> bool:
        """Sends some messages of the group once more; whether all were taken."""
        again = Group(group.folder, [group.items[position] for position in positions], 0)
        again.outcomes = [None] * len(positions)
        self._write(again, 0, len(positions))
        while again.tags:
            self._read_tagged(again)
        for index, position in enumerate(positions):
            group.outcomes[position] = again.outcomes[index]
            if index in again.refused:
                group.refused[position] = again.refused[index]
        return not again.refused

    def _climb(self, group: Group, position: int) -> None:
        """One message that was refused alone. A stream cannot be sent again: whoever has the
        message whole must append it alone."""
        stamped, error = group.items[position], group.refused[position]
        if not is_about_message(error):
            raise error
        mime = stamped.item.mime
        if isinstance(mime, MimeStream):
            group.outcomes[position] = Rejected(stamped.key, error.code.lower())
            return
        flags, left_out = split_flags(stamped.item.flags)
        first = Attempt(mime, flags, stamped.item.received)
        for attempt in ladder(first):
            uid = self._append_alone(group.folder, attempt)
            if uid is not None:
                code = join_codes(attempt.altered, "keywords-left-out" if left_out else "")
                group.outcomes[position] = Stored(stamped.key, uid, code)
                return
        group.outcomes[position] = Rejected(stamped.key, error.code.lower())

    def _append_alone(self, folder: str, attempt: Attempt) -> str | None:
        """The message's id if the server takes it like this, None if it refuses."""
        tag = self._connection.next_tag()
        lone = Group(folder, (), 0)
        lone.tags.append((tag, 0, 1))
        buffer = bytearray(tag + b" APPEND " + quote_name(folder))
        try:
            if not self._write_message(lone, tag, buffer, attempt, attempt.mime):
                raise lone.refused[0]
            self._connection.wire.write(buffer + b"\r\n")
            return read_uids(self._connection.answer(tag)[-1], 1)[0]
        except CommandRefused as error:
            if not is_about_message(error):
                raise
            return None


def _octets_kept(items: Sequence[Stamped]) -> int:
    """Of a stream that was sent only the head is left."""
    return sum(len(head(each.item.mime)) for each in items)


def _stored(stamped: Stamped, uid: str) -> Stored:
    _, left_out = split_flags(stamped.item.flags)
    return Stored(stamped.key, uid, "keywords-left-out" if left_out else "")


def read_uids(response: Response, count: int) -> list[str]:
    """The ids of so many appended messages, `validity:uid` each, from APPENDUID (RFC 4315); empty
    ones if the server does not give them."""
    text = response.line
    _, found, rest = text.upper().partition(b"[APPENDUID ")
    words = rest.partition(b"]")[0].split()
    if not found or len(words) != 2:
        return [""] * count
    uids = parse_uids(words[1])
    if len(uids) != count:
        return [""] * count
    return [f"{words[0].decode()}:{uid}" for uid in uids]


def read_mark(responses: Sequence[Response]) -> str:
    """`validity:next uid` from a STATUS response; "" if there is none."""
    for response in responses:
        words = response.line.upper().replace(b"(", b" ").replace(b")", b" ").split()
        if words[:1] == [b"STATUS"] and b"UIDNEXT" in words and b"UIDVALIDITY" in words:
            validity = words[words.index(b"UIDVALIDITY") + 1]
            return f"{validity.decode()}:{words[words.index(b'UIDNEXT') + 1].decode()}"
    return ""
