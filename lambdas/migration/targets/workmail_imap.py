"""Amazon WorkMail, or any other IMAP server, as a target: each mailbox by its own password.

WorkMail's IMAP is Dovecot-like: UIDPLUS, LITERAL+, MULTIAPPEND, no SPECIAL-USE. Bytes, dates and
flags are kept as they are; nothing is added to a message. A message is known again by its content
and by the UID that the server answered with, for IMAP has no place for a key.

One connection appends and never opens a folder, so that the server has nothing else to tell it;
another one looks. The id of a folder is its name as the server spells it, the id of a message
`validity:uid`.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from migration.errors import FolderGone, MailboxUnreachable, MigrationError, TargetBusy
from migration.mail import FolderPlan, Found, Gone, Item, ItemRef, Outcome, Stamped
from migration.mime import MimeStream, fingerprint
from migration.ports import Capabilities
from migration.targets.append_ladder import split_flags, without_note
from migration.targets.imap_append import Appender, Group, read_mark
from migration.targets.imap_errors import RETRY_AFTER, translate, translated
from migration.targets.imap_tree import ImapTree
from migration.wire.imap import ImapConnection
from migration.wire.imap_ahead import AheadConnection
from migration.wire.imap_errors import CommandRefused
from migration.wire.imap_fetch import BodyStream, fetched
from migration.wire.imap_login import ImapLogin, ImapServer
from migration.wire.imap_names import quote_name
from migration.wire.imap_parse import format_uids, number

_GROUP_ITEMS = 100
_GROUP_BYTES = 2_000_000
_MAX_BYTES = 40 * 1024 * 1024
_SHOWN_AT_ONCE = 20
_NEVER = 2**63


@dataclass(slots=True)
class _Receipt:
    """`ports.Receipt` over the groups of one batch."""

    target: WorkmailImapTarget
    groups: Sequence[Group]

    def outcomes(self) -> Sequence[Outcome]:
        return self.target.settle(self.groups)

    @property
    def mark(self) -> str:
        return self.groups[-1].mark if self.groups else ""


class WorkmailImapTarget:
    """A `ports.Target`. `max_item_bytes` is WorkMail's limit unless another is given; 0 for
    none."""

    def __init__(
        self, server: ImapServer, login: ImapLogin, *, max_item_bytes: int = _MAX_BYTES
    ) -> None:
        self.capabilities = Capabilities(
            max_item_bytes=max_item_bytes, keeps_key=False, sets_flags=True, removes=True
        )
        self._server = server
        self._login = login
        self._writer: ImapConnection | None = None
        self._appender: Appender | None = None
        self._broken: MigrationError | None = None
        self._looker: ImapConnection | None = None
        self._looking = threading.RLock()
        self._tree: ImapTree | None = None
        self._marks: dict[str, str] = {}
        self._writer_ahead = AheadConnection(self._connect)
        self._looker_ahead = AheadConnection(self._connect)

    def open(self) -> None:
        if self._looker is None:
            self._looker_ahead.begin(self._begin_writer)
        else:
            self._begin_writer()

    def ensure_folders(self, plans: Sequence[FolderPlan]) -> list[str]:
        if isinstance(self._broken, FolderGone):  # what is appended now has nothing to do with it
            self._broken = self._appender = self._writer = None
        with self._look() as connection:
            self._tree = ImapTree.read(connection)
            names = self._tree.ensure(connection, plans)
            for name, mark in self._tree.marks.items():
                if _validity(mark) != _validity(self._marks.get(name, "")):
                    self._marks[name] = mark  # a folder that was made again begins anew
            return names

    def mark(self, folder_id: str) -> str:
        if folder_id not in self._marks:
            with self._look() as connection:
                command = b"STATUS " + quote_name(folder_id) + b" (UIDVALIDITY UIDNEXT)"
                self._marks[folder_id] = read_mark(connection.run(command))
        return self._marks[folder_id]

    def append(self, folder_id: str, batch: Iterable[Stamped]) -> _Receipt:
        """Groups go out as soon as they are full; a stream goes alone."""
        groups: list[Group] = []
        group: list[Stamped] = []
        size = 0
        for stamped in batch:
            length = len(stamped.item.mime)
            alone = isinstance(stamped.item.mime, MimeStream)
            if group and (alone or len(group) == _GROUP_ITEMS or size + length > _GROUP_BYTES):
                groups.append(self._send(folder_id, group))
                group, size = [], 0
            group.append(stamped)
            size += length
            if alone:
                groups.append(self._send(folder_id, group))
                group, size = [], 0
        if group:
            groups.append(self._send(folder_id, group))
        return _Receipt(self, groups)

    def settle(self, groups: Sequence[Group]) -> Sequence[Outcome]:
        """The outcomes of these groups, in order; what was sent before is waited for, too."""
        outcomes: list[Outcome] = []
        for group in groups:
            try:
                self._settle(group)
            except FolderGone:
                self._marks.pop(group.folder, None)
                raise
            if group.mark:
                self._marks[group.folder] = group.mark
            outcomes += [outcome for outcome in group.outcomes if outcome is not None]
        return outcomes

    def _settle(self, group: Group) -> None:
        if group.is_settled:
            return
        if self._appender is not None and not self._appender.awaits(group):
            raise TargetBusy("the connection of this append was closed", RETRY_AFTER)
        if self._appender is None:
            raise self._broken or TargetBusy("the target was closed", RETRY_AFTER)
        with self._writing() as appender:
            appender.settle(group)

    def since(self, folder_id: str, mark: str, keys: Sequence[str]) -> Iterable[Found]:
        """What came after the mark, read from the folder itself: an index may lag."""
        validity, _, first = mark.partition(":")
        with self._look() as connection:
            opened = self._open(connection, folder_id)
            if mark and opened != validity:
                return []  # another folder of that name: what was in the old one is gone
            return [
                Found(
                    f"{opened}:{item.ref.uid}",
                    fingerprint=fingerprint(without_note(item.mime)),
                    size=item.ref.size,
                    received=item.received,
                )
                for item in _read_messages(connection, _list_sizes(connection, int(first or 1)))
            ]

    def count(self, folder_id: str, ids: Collection[str] = ()) -> int:
        with self._look() as connection:
            validity = self._open(connection, folder_id)
            there = {f"{validity}:{uid}" for uid in _list_uids(connection)}
            return len(there & frozenset(ids)) if ids else 0

    def total(self) -> int:
        """Of all folders that can be opened, but for those of other mailboxes. One that is deleted
        meanwhile holds nothing."""
        with self._look() as connection:
            names = ImapTree.read(connection).opened
            return sum(_count_messages(connection, names))

    def show(self, folder_id: str, ids: Sequence[str]) -> Iterator[Item | Gone]:
        for start in range(0, len(ids), _SHOWN_AT_ONCE):
            yield from self._show(folder_id, ids[start : start + _SHOWN_AT_ONCE])

    def set_flags(self, folder_id: str, flags: Mapping[str, frozenset[str]]) -> None:
        """Messages that get the same flags are changed together. STORE replaces all flags."""
        with self._look() as connection:
            validity = self._open(connection, folder_id, b"SELECT")
            by_flags: dict[tuple[str, ...], list[int]] = {}
            for id_, names in flags.items():
                if _is_of(id_, validity):
                    fit, _ = split_flags(names)
                    by_flags.setdefault(fit, []).append(int(id_.partition(":")[2]))
            commands = [
                f"UID STORE {format_uids(sorted(uids))} FLAGS.SILENT ({' '.join(names)})".encode()
                for names, uids in by_flags.items()
            ]
            for result in connection.run_all(commands):
                if isinstance(result, CommandRefused):
                    raise result
            self._leave(connection)

    def remove(self, folder_id: str, ids: Sequence[str]) -> None:
        with self._look() as connection:
            validity = self._open(connection, folder_id, b"SELECT")
            uids = sorted(int(id_.partition(":")[2]) for id_ in ids if _is_of(id_, validity))
            if uids:
                _expunge(connection, uids)
            self._leave(connection)

    def remove_folder(self, folder_id: str) -> None:
        with self._look() as connection:
            self._open(connection, "INBOX")  # servers hang up on whom they take the opened one from
            name = quote_name(folder_id)
            _, deleted = connection.run_all([b"UNSUBSCRIBE " + name, b"DELETE " + name])
            if isinstance(deleted, CommandRefused) and _is_listed(connection, name):
                raise deleted
            self._marks.pop(folder_id, None)

    def close(self) -> None:
        looker, self._looker = self._looker, None
        writer, self._writer = self._writer, None
        self._appender = self._broken = None
        self._looker_ahead.close()
        self._writer_ahead.close()
        for connection in (looker, writer):
            if connection is not None:
                connection.close()

    # -- the connections

    def _begin_writer(self) -> None:
        """When the looker was let in: a wrong password is shown once, not by both."""
        if self._writer is None:
            self._writer_ahead.begin()

    def _connect(self) -> ImapConnection:
        return ImapConnection(self._server, self._login)

    def _send(self, folder_id: str, group: Sequence[Stamped]) -> Group:
        with self._writing() as appender:
            return appender.send(folder_id, group)

    @contextmanager
    def _writing(self) -> Iterator[Appender]:
        """The connection that appends. When it breaks, everything that is under way on it is in
        doubt: the same error is raised for all of it, until the target is closed."""
        if self._broken is not None:
            raise self._broken
        try:
            with translated():
                if self._appender is None:
                    self._writer = self._writer_ahead.take()
                    self._appender = Appender(self._writer)
                yield self._appender
        except BaseException as error:
            # Whatever it was, half a command may be on its way.
            if isinstance(error, MigrationError):
                self._broken = error
            else:
                self._broken = TargetBusy("an append broke off", RETRY_AFTER)
            if self._writer is not None:
                self._writer.wire.shut()
            raise

    @contextmanager
    def _look(self) -> Iterator[ImapConnection]:
        with self._looking:
            try:
                with translated():
                    if self._looker is None:
                        self._looker = self._looker_ahead.take()
                    yield self._looker
            except (TargetBusy, MailboxUnreachable):
                looker, self._looker = self._looker, None
                if looker is not None:
                    looker.wire.shut()
                raise

    def _open(self, connection: ImapConnection, folder_id: str, how: bytes = b"EXAMINE") -> str:
        """Opens the folder; its validity. FolderGone."""
        try:
            opened = connection.run(how + b" " + quote_name(folder_id))
        except CommandRefused as error:
            if error.pause:
                raise TargetBusy(
                    f"the target asks for a pause ({error.code})", error.retry_after or RETRY_AFTER
                ) from None
            self._marks.pop(folder_id, None)
            raise FolderGone("a folder is gone at the target") from None
        for response in opened:
            _, found, rest = response.line.upper().partition(b"[UIDVALIDITY ")
            if found:
                return rest.partition(b"]")[0].decode()
        return ""

    def _leave(self, connection: ImapConnection) -> None:
        """Closes the folder without the expunging that CLOSE does to a selected one."""
        if connection.has("UNSELECT"):
            connection.run(b"UNSELECT")

    def _show(self, folder_id: str, ids: Sequence[str]) -> Iterator[Item | Gone]:
        """Only one message at a time is in memory."""
        with self._look() as connection:
            validity = self._open(connection, folder_id)
            known = {int(id_.partition(":")[2]): id_ for id_ in ids if _is_of(id_, validity)}
            found = _read_messages(connection, [ItemRef(str(uid), 0) for uid in known])
            missing = set(ids)
            for item in found:
                id_ = known[int(item.ref.uid)]
                missing.remove(id_)
                yield replace(item, ref=ItemRef(id_, len(item.mime)))
        yield from (Gone(ItemRef(id_, 0)) for id_ in ids if id_ in missing)


def _is_of(message_id: str, validity: str) -> bool:
    return message_id.partition(":")[0] == validity


def _validity(mark: str) -> str:
    return mark.partition(":")[0]


def _expunge(connection: ImapConnection, uids: Sequence[int]) -> None:
    """Deletes messages of the selected folder. Without UIDPLUS there is only EXPUNGE, which takes
    everything that is marked: what others have marked is unmarked meanwhile."""
    some = format_uids(uids)
    connection.run(f"UID STORE {some} +FLAGS.SILENT (\\Deleted)".encode())
    if connection.has("UIDPLUS"):
        connection.run(f"UID EXPUNGE {some}".encode())
        return
    others = format_uids(sorted(set(_list_uids(connection, b"DELETED")) - set(uids)))
    if others:
        connection.run(f"UID STORE {others} -FLAGS.SILENT (\\Deleted)".encode())
    connection.run(b"EXPUNGE")
    if others:
        connection.run(f"UID STORE {others} +FLAGS.SILENT (\\Deleted)".encode())


def _is_listed(connection: ImapConnection, name: bytes) -> bool:
    """Servers do not say in one way that a folder is gone."""
    return any(response.kind == b"LIST" for response in connection.run(b'LIST "" ' + name))


def _count_messages(connection: ImapConnection, names: Sequence[str]) -> Iterator[int]:
    """How many messages each of the folders holds, without opening it (RFC 3501 section 6.3.10)."""
    asked = [b"STATUS " + quote_name(name) + b" (MESSAGES)" for name in names]
    for result in connection.run_all(asked):
        if isinstance(result, CommandRefused):
            if result.pause:
                raise result
            continue
        for response in result:
            if response.kind == b"STATUS" and isinstance(shown := response.values()[-1], list):
                yield number(shown[1])


def _list_uids(connection: ImapConnection, which: bytes = b"ALL") -> list[int]:
    """Messages of the opened folder."""
    found: list[int] = []
    for response in connection.run(b"UID SEARCH " + which):
        if response.kind == b"SEARCH":
            found += (int(word) for word in response.line.split()[1:] if word.isdigit())
    return found


def _list_sizes(connection: ImapConnection, first: int) -> list[ItemRef]:
    """Messages from a uid on. `n:*` answers with the last message even if that is below n."""
    listed = connection.run(f"UID FETCH {first}:* (UID RFC822.SIZE)".encode())
    pairs = [each for each in map(fetched, listed) if {b"UID", b"RFC822.SIZE"} <= each.keys()]
    return [
        ItemRef(str(number(each[b"UID"])), number(each[b"RFC822.SIZE"]))
        for each in pairs
        if number(each[b"UID"]) >= first
    ]


def _read_messages(connection: ImapConnection, refs: Sequence[ItemRef]) -> Iterator[Item]:
    """Messages of the opened folder, whole, one after the other."""
    if refs:
        bodies = BodyStream(connection, translate, _NEVER)
        yield from bodies.read(bodies.ask(refs))
