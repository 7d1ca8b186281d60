"""All folders of a mailbox at once: names, special uses, subscriptions, counts and positions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from migration.errors import MailboxUnreachable
from migration.identity import folder_key
from migration.mail import Folder, SpecialUse
from migration.wire.imap import ImapConnection
from migration.wire.imap_errors import CommandRefused, Garbled
from migration.wire.imap_names import (
    Listed,
    Namespaces,
    quote_name,
    read_list,
    read_namespaces,
)
from migration.wire.imap_parse import Response, Value, number, parse_pairs

Status = dict[bytes, Value]

_LIST = b'LIST "" "*"'


def list_folders(connection: ImapConnection) -> list[tuple[str, Folder]]:
    """The folders that can hold messages, each with its name as the server spells it.

    Folders of other users and shared ones are left out: they belong to other mailboxes. Two round
    trips, or three where the server cannot give the counts with the list. MailboxUnreachable for a
    folder that is there and cannot be opened; CommandRefused.
    """
    commands = [_list_command(connection), b'LSUB "" "*"']
    if connection.has("NAMESPACE"):
        commands.append(b"NAMESPACE")
    if connection.has("XLIST") and not connection.has("SPECIAL-USE"):
        commands.append(b'XLIST "" "*"')
    responses = _responses(connection, commands)
    namespaces = _namespaces(responses)
    entries = [
        entry
        for entry in _merge(responses)
        if entry.can_be_opened and not entry.is_foreign(namespaces)
    ]
    subscribed = {read_list(each).name for each in responses if each.kind == b"LSUB"}
    if not any(entry.special is SpecialUse.INBOX for entry in entries):
        # Cyrus lets an administrator in as a user that does not exist, and lists nothing.
        raise MailboxUnreachable("the source has no inbox for this user: there is no such mailbox")
    states = read_states(responses)
    missing = [entry.name for entry in entries if entry.name not in states]
    states |= _ask_states(connection, missing)
    return [
        (entry.name, _folder(entry, states[entry.name], namespaces, entry.name in subscribed))
        for entry in entries
        if entry.name in states
    ]


def _list_command(connection: ImapConnection) -> bytes:
    """LIST with the counts of every folder (RFC 5819) where the server has that."""
    if not connection.has("LIST-STATUS"):
        return _LIST
    special = b"SPECIAL-USE " if connection.has("SPECIAL-USE") else b""
    return _LIST + b" RETURN (" + special + b"STATUS (" + _items(connection) + b"))"


def _items(connection: ImapConnection) -> bytes:
    return b"MESSAGES UIDNEXT UIDVALIDITY" + (
        b" HIGHESTMODSEQ" if connection.has("CONDSTORE") else b""
    )


def _responses(connection: ImapConnection, commands: Sequence[bytes]) -> list[Response]:
    """Only LIST must succeed."""
    results = connection.run_all(commands)
    if isinstance(results[0], CommandRefused):
        raise results[0]
    return [each for result in results if isinstance(result, list) for each in result]


def _namespaces(responses: Iterable[Response]) -> Namespaces:
    return next(
        (read_namespaces(each) for each in responses if each.kind == b"NAMESPACE"), Namespaces()
    )


def _merge(responses: Sequence[Response]) -> list[Listed]:
    """What LIST says, with the flags of XLIST where a server knows special folders only by it. Some
    servers list a folder twice."""
    extra = {
        entry.name: entry.flags
        for entry in (read_list(each) for each in responses if each.kind == b"XLIST")
    }
    listed = {
        entry.name: Listed(
            entry.name, entry.delimiter, entry.flags | extra.get(entry.name, frozenset())
        )
        for entry in (read_list(each) for each in responses if each.kind == b"LIST")
    }
    return list(listed.values())


def read_states(responses: Iterable[Response]) -> dict[str, Status]:
    """What STATUS responses say, by the folder's name as the server spells it there."""
    found: dict[str, Status] = {}
    for response in responses:
        if response.kind == b"STATUS":
            values = response.values()
            if len(values) < 3:
                raise Garbled("unreadable-status")
            _, name, pairs = values[:3]
            found[(name or b"NIL").decode("latin-1") if not isinstance(name, list) else ""] = (
                parse_pairs(pairs)
            )
    return found


def _ask_states(connection: ImapConnection, names: Sequence[str]) -> dict[str, Status]:
    """STATUS of each folder, all asked at once. A folder that vanished since it was listed is left
    out."""
    items = _items(connection)
    commands = [b"STATUS " + quote_name(name) + b" (" + items + b")" for name in names]
    found: dict[str, Status] = {}
    for name, result in zip(names, connection.run_all(commands), strict=True):
        if isinstance(result, CommandRefused):
            if result.pause:
                raise result
            if folder_exists(connection, name):
                key = folder_key(name)
                raise MailboxUnreachable(f"the source does not open folder {key}") from None
            continue
        # Servers spell the name in their own way here: there is one answer to one question.
        states = list(read_states(result).values())
        if not states:
            raise Garbled("no-status")
        found[name] = states[-1]
    return found


def folder_exists(connection: ImapConnection, name: str) -> bool:
    """Whether LIST shows the folder now."""
    return any(
        read_list(each).name == name for each in connection.run(_LIST) if each.kind == b"LIST"
    )


def _folder(entry: Listed, state: Status, namespaces: Namespaces, subscribed: bool) -> Folder:
    key = folder_key(entry.name)
    if b"UIDVALIDITY" not in state:
        raise MailboxUnreachable(f"the source has no UIDVALIDITY for folder {key}")
    next_uid = state.get(b"UIDNEXT")
    changes = state.get(b"HIGHESTMODSEQ")
    return Folder(
        key=key,
        path=entry.path(namespaces),
        validity=str(number(state[b"UIDVALIDITY"])),
        count=number(state.get(b"MESSAGES")),
        special=entry.special,
        end=str(number(next_uid) - 1) if next_uid and number(next_uid) > 1 else "",
        changes=f"modseq:{number(changes)}" if changes and number(changes) else "",
        subscribed=subscribed,
    )
