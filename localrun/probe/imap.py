"""WorkMail's IMAP: what it says, what it keeps of a message, how large and how many at once."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager

from localrun.probe.letters import (
    MARK,
    VARIANTS,
    Variant,
    has_same_bytes,
    losses,
    sizes_mb,
    stamped,
)
from localrun.probe.model import Fact, Learned, Need, Probe
from localrun.probe.session import Session
from localrun.probe.traces import Trace
from migration.mail import Folder, FolderPlan, Item, Rejected
from migration.targets.workmail_imap import WorkmailImapTarget
from migration.wire.imap import ImapConnection
from migration.wire.imap_errors import CommandRefused, ConnectionLost, LoginRefused, NotConnected
from migration.wire.imap_names import Listed, decode_name, quote_name, read_list
from migration.wire.imap_parse import Response
from migration.wire.imap_socket import Wire

FOLDER = f"Migration probe {MARK} IMAP"
_PLAN = FolderPlan(Folder("migration-probe", (FOLDER,), "1", 1, subscribed=False), (FOLDER,))
_MOST_CONNECTIONS = 5
_LINES_READ = 20
_PERMANENT = re.compile(r"\[PERMANENTFLAGS \(([^)]*)\)\]", re.IGNORECASE)
_KNOWN = re.compile(
    r"inbox|sent( items| messages)?|drafts|deleted (items|messages)|trash|junk( e-?mail)?|outbox"
    r"|calendar|contacts|tasks|notes|journal|archive",
    re.IGNORECASE,
)
"""Names of folders that may be shown; what users call theirs is their business."""


# ---- reading -----------------------------------------------------------------------------------


def _ask_greeting(session: Session) -> Learned:
    wire = Wire(session.imap_server())
    try:
        greeting = _printable(wire.read_part().line)
        wire.write(b"p1 CAPABILITY\r\n")
        capabilities: list[str] = []
        for _ in range(_LINES_READ):
            line = _printable(wire.read_part().line)
            if line.upper().startswith("* CAPABILITY "):
                capabilities = sorted(line.split()[2:])
            if line.startswith("p1 "):
                break
        wire.write(b"p2 LOGOUT\r\n")
    finally:
        wire.shut()
    return Learned(greeting, {"greeting": greeting, "before_login": capabilities})


def _ask_mailbox(session: Session) -> Learned:
    with _connection(session) as connection:
        listed = _list(connection)
        namespace = _namespace(connection)
        permanent = _permanent_flags(connection.run(b"EXAMINE INBOX"))
        capabilities = sorted(connection.capabilities)
    delimiters = sorted({entry.delimiter for entry in listed})
    known = [name for name in (decode_name(entry.name) for entry in listed) if _is_known(name)]
    flags = "tells none" if permanent is None else " ".join(permanent) or "says ()"
    return Learned(
        f"delimiter {' '.join(delimiters) or 'none'}; {len(listed)} folders; PERMANENTFLAGS of an "
        f"inbox opened for reading: {flags} (imap-append asks with SELECT)",
        {
            "capabilities": capabilities,
            "delimiters": delimiters,
            "namespace": namespace,
            "folders": len(listed),
            "known_folders": sorted(known),
            "permanent_flags_read_only": permanent,
        },
    )


def _ask_connections(session: Session) -> Learned:
    server, login = session.imap_server(), session.imap_login()
    opened: list[ImapConnection] = []
    refusal = ""
    try:
        for _ in range(_MOST_CONNECTIONS):
            try:
                opened.append(ImapConnection(server, login))
            except (CommandRefused, LoginRefused, NotConnected, ConnectionLost) as error:
                if not opened:
                    raise
                refusal = f"{type(error).__name__} ({error.code})"
                break
        for connection in opened:
            connection.run(b"NOOP")
    finally:
        for connection in opened:
            connection.close()
    said = f"the next one is refused: {refusal}" if refusal else "more were not tried"
    return Learned(
        f"{len(opened)} connections at once; {said}", {"at_once": len(opened), "refusal": refusal}
    )


# ---- writing -----------------------------------------------------------------------------------


def _ask_append(session: Session) -> Learned:
    with _own_folder(session) as (target, folder):
        letters = [stamped("imap", variant) for variant in VARIANTS]
        outcomes = target.append(folder, letters).outcomes()
        ids = [outcome.target_id for outcome in outcomes if not isinstance(outcome, Rejected)]
        shown = {item.ref.uid: item for item in target.show(folder, ids) if isinstance(item, Item)}
        changes: dict[str, Fact] = {}
        for variant, letter, outcome in zip(VARIANTS, letters, outcomes, strict=True):
            if isinstance(outcome, Rejected):
                changes[variant.name] = [f"refused: {outcome.reason}"]
            elif (item := shown.get(outcome.target_id)) is None:
                changes[variant.name] = ["not found again"]
            else:
                same = has_same_bytes(letter.item, item)
                text = [] if same else ["text is rebuilt"]
                changes[variant.name] = [*losses(letter.item, item), *text]
        with _connection(session) as connection:
            permanent = _permanent_flags(connection.run(b"SELECT " + quote_name(folder)))
    appenduid = bool(ids) and all(ids)
    is_kept = not any(changes.values())
    said = "INTERNALDATE, flags and text are kept" if is_kept else "something is changed"
    return Learned(
        f"{said}; APPENDUID: {'yes' if appenduid else 'no'}; PERMANENTFLAGS "
        f"{'not told' if permanent is None else ' '.join(permanent) or '()'}",
        {"changes": changes, "appenduid": appenduid, "permanent_flags": permanent},
    )


def _ask_size(session: Session) -> Learned:
    accepted: dict[str, Fact] = {}
    with _own_folder(session) as (target, folder):
        for megabytes in sizes_mb(session.options.largest):
            letter = stamped("imap", Variant(f"{megabytes}-mb", frozenset()), megabytes)
            began = time.perf_counter()
            (outcome,) = target.append(folder, [letter]).outcomes()
            if isinstance(outcome, Rejected):
                return Learned(
                    f"{megabytes} MB are refused: {outcome.reason}",
                    {"accepted": accepted, "refused_mb": megabytes, "code": outcome.reason},
                )
            accepted[f"{megabytes} MB"] = f"{time.perf_counter() - began:.2f} s"
    return Learned(
        f"up to {session.options.largest} MB are taken; --largest tries more",
        {"accepted": accepted, "refused_mb": None, "code": ""},
    )


@contextmanager
def _own_folder(session: Session) -> Iterator[tuple[WorkmailImapTarget, str]]:
    """A folder for what is written; it is removed when the run ends."""
    target = _target(session)
    by_hand = f"delete the folder `{FOLDER}` in the pilot mailbox"
    session.traces.begin(Trace(lambda: _remove_folders(session), by_hand))
    try:
        (folder,) = target.ensure_folders([_PLAN])
        yield target, folder
    finally:
        target.close()


def _remove_folders(session: Session) -> None:
    with _connection(session) as connection:
        names = [entry.name for entry in _list(connection) if _last_part(entry) == FOLDER]
    if names:
        target = _target(session)
        try:
            for name in names:
                target.remove_folder(name)
        finally:
            target.close()


def _target(session: Session) -> WorkmailImapTarget:
    """Without a limit of its own: the server's is asked for."""
    return WorkmailImapTarget(session.imap_server(), session.imap_login(), max_item_bytes=0)


# ---- their parts -------------------------------------------------------------------------------


@contextmanager
def _connection(session: Session) -> Iterator[ImapConnection]:
    connection = ImapConnection(session.imap_server(), session.imap_login())
    try:
        yield connection
    finally:
        connection.close()


def _list(connection: ImapConnection) -> list[Listed]:
    responses = connection.run(b'LIST "" "*"')
    return [read_list(response) for response in responses if response.kind == b"LIST"]


def _namespace(connection: ImapConnection) -> str:
    """What NAMESPACE says; "" where the server has none."""
    if not connection.has("NAMESPACE"):
        return ""
    responses = connection.run(b"NAMESPACE")
    found = (response.line for response in responses if response.kind == b"NAMESPACE")
    return _printable(next(found, b""))


def _permanent_flags(responses: list[Response]) -> list[str] | None:
    """None if the server does not tell any."""
    for response in responses:
        if found := _PERMANENT.search(response.text):
            return sorted(found[1].split())
    return None


def _last_part(entry: Listed) -> str:
    return entry.name.rpartition(entry.delimiter)[2] if entry.delimiter else entry.name


def _is_known(name: str) -> bool:
    return _KNOWN.fullmatch(name) is not None


def _printable(line: bytes) -> str:
    text = line[:500].decode("latin-1")
    return "".join(character if character.isprintable() else "?" for character in text)


QUESTIONS = (
    Probe("imap-greeting", 5, "What does IMAP say before a login?", Need.PILOT, _ask_greeting),
    Probe(
        "imap-mailbox",
        5,
        "Capabilities, delimiter, namespace, folders, PERMANENTFLAGS?",
        Need.PILOT,
        _ask_mailbox,
    ),
    Probe(
        "imap-connections",
        5,
        f"How many connections at once, up to {_MOST_CONNECTIONS}?",
        Need.PILOT,
        _ask_connections,
    ),
    Probe(
        "imap-append",
        5,
        "What does APPEND keep (INTERNALDATE, flags), and does it answer with APPENDUID?",
        Need.WRITE,
        _ask_append,
    ),
    Probe("imap-size", 5, "How large may a message be over IMAP?", Need.WRITE, _ask_size),
)
