"""The folders of an IMAP target: which name each path has there, and where each folder ends."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field

from migration.errors import MailboxUnreachable
from migration.mail import FolderPlan, SpecialUse
from migration.targets.imap_append import read_mark
from migration.wire.imap import ImapConnection
from migration.wire.imap_errors import CommandRefused
from migration.wire.imap_names import (
    Listed,
    Namespaces,
    decode_name,
    encode_name,
    quote_name,
    read_list,
    read_namespaces,
)

Path = tuple[str, ...]

_NAMES = {
    SpecialUse.SENT: ("sent items",),
    SpecialUse.DRAFTS: ("drafts",),
    SpecialUse.TRASH: ("deleted items",),
    SpecialUse.JUNK: ("junk e-mail", "junk email"),
}
"""What WorkMail calls its folders; over IMAP it does not say what they are for."""

_INBOX = "INBOX"
_INSTEAD = "_"


@dataclass(slots=True)
class ImapTree:
    """What LIST showed, kept up to date with what this connection creates. `opened` holds the names
    of the folders that could be opened when it was read."""

    delimiter: str = "/"
    prefix: str = ""
    _names: dict[Path, str] = field(default_factory=dict)
    _special: dict[SpecialUse, str] = field(default_factory=dict)
    marks: dict[str, str] = field(default_factory=dict)
    opened: list[str] = field(default_factory=list)

    @classmethod
    def read(cls, connection: ImapConnection) -> ImapTree:
        """One round trip. CommandRefused."""
        commands = [_list_command(connection)]
        if connection.has("NAMESPACE"):
            commands.append(b"NAMESPACE")
        tree = cls()
        namespaces, entries = Namespaces(), []
        for result in connection.run_all(commands):
            if isinstance(result, CommandRefused):
                raise result
            for response in result:
                if response.kind == b"LIST":
                    entries.append(read_list(response))
                elif response.kind == b"NAMESPACE":
                    namespaces = read_namespaces(response)
                elif response.kind == b"STATUS" and isinstance(name := response.values()[1], bytes):
                    tree.marks[name.decode("latin-1")] = read_mark([response])
        tree.prefix = next(iter(namespaces.personal), "")  # the first is the default one
        for entry in entries:
            tree._add(entry, namespaces)
        for use, special in tree._special.items():
            for known in _NAMES.get(use, ()):
                tree._names.setdefault((known,), special)  # for what is below it
        return tree

    def ensure(self, connection: ImapConnection, plans: Sequence[FolderPlan]) -> list[str]:
        """The folders' names, in order; what is missing is created with its parents, and subscribed
        where the source's folder is. MailboxUnreachable if the server refuses a name."""
        wanted = {
            _fold(path[:depth]): path[:depth]
            for path in (plan.path for plan in plans if plan.special not in self._special)
            for depth in range(len(path), 0, -1)
        }
        missing = [path for folded, path in wanted.items() if folded not in self._names]
        self._create(connection, sorted(missing, key=_depth))
        names = [self.name_of(plan) for plan in plans]
        subscribed = [
            name for plan, name in zip(plans, names, strict=True) if plan.folder.subscribed
        ]
        connection.run_all([b"SUBSCRIBE " + quote_name(name) for name in subscribed])
        return names

    def name_of(self, plan: FolderPlan) -> str:
        """The server's name of a folder that is there."""
        if plan.special in self._special:
            return self._special[plan.special]
        return self._names[_fold(plan.path)]

    def _create(self, connection: ImapConnection, paths: Sequence[Path]) -> None:
        """All at once, parents first, and where each of them ends. A refusal is right if the folder
        is there all the same: servers create parents by themselves, and another worker may have
        been quicker."""
        names = []
        for path in paths:
            self._names[_fold(path)] = self._new_name(path)
            names.append(self._names[_fold(path)])
        created = [b"CREATE " + quote_name(name) for name in names]
        asked = [b"STATUS " + quote_name(name) + b" (UIDVALIDITY UIDNEXT)" for name in names]
        results = connection.run_all([*created, *asked])
        states = results[len(names) :]
        for name, state in zip(names, states, strict=True):
            if not isinstance(state, CommandRefused):
                self.marks[name] = read_mark(state)
        refused = []
        for name, result in zip(names, results, strict=False):
            if isinstance(result, CommandRefused):
                if result.pause:
                    raise result
                refused.append(name)
        if refused:
            listed = connection.run(b'LIST "" "*"')
            there = {read_list(each).name for each in listed if each.kind == b"LIST"}
            if lacking := [name for name in refused if name not in there]:
                raise MailboxUnreachable(f"the target refuses to create {len(lacking)} folders")

    def _new_name(self, path: Path) -> str:
        """Below the name that the parent has. The separator cannot be part of a name. Where all
        folders are below INBOX, those of the inbox itself are below a second one."""
        if len(path) == 1:
            return self.prefix + self._encode(path[0])
        parent = self._names[_fold(path[:-1])]
        if parent.upper() == _INBOX:
            parent = self.prefix + _INBOX
        return f"{parent}{self.delimiter}{self._encode(path[-1])}"

    def _encode(self, name: str) -> str:
        return encode_name(name.replace(self.delimiter, _INSTEAD) if self.delimiter else name)

    def _add(self, entry: Listed, namespaces: Namespaces) -> None:
        if entry.is_foreign(namespaces):
            return
        self.delimiter = entry.delimiter or self.delimiter
        path = _fold(entry.path(namespaces))
        self._names[path] = entry.name
        if not entry.can_be_opened:
            return
        self.opened.append(entry.name)
        if entry.special is not None:
            self._special[entry.special] = entry.name
        elif len(path) == 1:
            for use, known in _NAMES.items():
                if decode_name(path[0]) in known:
                    self._special.setdefault(use, entry.name)


def _list_command(connection: ImapConnection) -> bytes:
    """Who asks for anything extra gets special uses only by asking for them (RFC 6154)."""
    if not connection.has("LIST-STATUS"):
        return b'LIST "" "*"'
    special = b"SPECIAL-USE " if connection.has("SPECIAL-USE") else b""
    return b'LIST "" "*" RETURN (' + special + b"STATUS (UIDVALIDITY UIDNEXT))"


def _depth(path: Path) -> tuple[int, Path]:
    return len(path), path


def _fold(path: Path) -> Path:
    return tuple(unicodedata.normalize("NFC", name).casefold() for name in path)
