"""The pass over a mailbox in which nothing has happened, recognized without engine and ledger.

To load them takes several times as long as to ask the source. So a pass that has left nothing to do
keeps in the state's folder what it saw (copy_memo.py writes it), and the next call with the same
arguments looks whether the source still says the same. Whatever differs, is missing or fails leads
the normal way, which looks at everything anew, and has the say.

Why the engine would do nothing either: what it does until it asks the source for more than its
folders, or the target for anything, follows from the list of folders, the ledger and the policy.

- Before the memo was written, the engine itself was run over the list and the ledger as they then
  were, with a source, a target and a ledger that may not be used for anything else. It found
  nothing to do.
- The list is the same, and tells every change, also of flags: otherwise there is no memo. What it
  is compared without makes no difference where each folder is known: a special use only places
  folders that are new, and subscriptions are not looked at.
- The policy is the same, because the arguments are.
- The ledger is the same: a pass that goes the normal way removes the memo before it begins, the
  lock keeps others out, and a ledger that was put there from elsewhere has another time or size.
- Nothing would be verified either: otherwise there is no memo.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from pathlib import Path

from localrun.copy_places import EwsPlace, ImapPlace
from localrun.copy_secrets import (
    Secret,
    SecretRefusedError,
    check_secret,
    make_login,
    read_secret,
    warn_of_readers,
)
from localrun.copy_summary import INTERRUPTED, Summary, peak_memory_mb, say, show
from localrun.state_folder import LEDGER, FolderLock, StateRefusedError
from migration.identity import folder_key
from migration.wire.imap import ImapConnection
from migration.wire.imap_errors import CommandRefused, ImapError
from migration.wire.imap_login import ImapServer
from migration.wire.imap_names import Listed, Namespaces, quote_name, read_list, read_namespaces
from migration.wire.imap_parse import Response, Value, number, parse_pairs

MEMO = "quiet.json"
VERSION = 1
"""Of the memo and of the argument above: to be raised when the engine asks more of a list."""

Row = tuple[str, Sequence[str], str, int, str, str]
"""Key, path, validity, count, end and changes of a folder, as in migration.mail.Folder."""

_FAILURES = (
    *(ImapError, SecretRefusedError, StateRefusedError),
    *(OSError, LookupError, TypeError, ValueError),
)
TYPE_CHECKING = False  # as in typing, which takes long to load
if TYPE_CHECKING:
    from typing import Any

    Memo = dict[str, Any]

_ITEMS = b"(MESSAGES UIDNEXT UIDVALIDITY HIGHESTMODSEQ)"


def run(arguments: Sequence[str], environment: Mapping[str, str]) -> int | None:
    """The exit status of a pass that has nothing to do; None, and nothing said or changed, if the
    normal way is to be taken."""
    folder = find_state(arguments)
    if folder is None or not (folder / MEMO).exists():
        return None
    memo, began = None, time.perf_counter()
    try:
        with closing(FolderLock(folder)):
            memo = _read_memo(folder, arguments)
            if memo is None or not _is_quiet(memo, environment):
                return None
    except _FAILURES:  # the normal way meets them again, and explains them
        return None
    except KeyboardInterrupt:
        say("stopped; the same command goes on where it stopped")
        _show("stopped", memo, began)
        return INTERRUPTED
    for warning in warn_of_readers(_files(memo)):
        say(f"warning: {warning}")
    if not memo["quiet"]:
        say("nothing new")
    _show("done", memo, began)
    return 0


def leave(status: int) -> None:
    """Ends the process at once: connection, lock and files are closed, and to take the interpreter
    apart piece by piece would take a fifth of the call."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def find_state(arguments: Sequence[str]) -> Path | None:
    """The folder that --state names. Only a guess: a memo that is there counts for the very
    arguments of the call that has written it, whose state was there."""
    for place, argument in enumerate(arguments):
        name, equals, value = argument.partition("=")
        if name == "--state":
            following = value if equals else "".join(arguments[place + 1 : place + 2])
            return Path(following) if following else None
    return None


def digest(rows: Iterable[Row]) -> str:
    """What stands for a list of folders, in whatever order."""
    text = json.dumps(sorted((key, list(path), *state) for key, path, *state in rows))
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def stamp(folder: Path) -> list[int]:
    """What changes with the ledger in a state's folder. OSError if there is none."""
    found = (folder / LEDGER).stat()
    return [found.st_size, found.st_mtime_ns]


def _read_memo(folder: Path, arguments: Sequence[str]) -> Memo | None:
    memo = json.loads((folder / MEMO).read_text("utf-8"))
    fits = (
        isinstance(memo, dict)
        and memo.get("version") == VERSION
        and memo.get("arguments") == list(arguments)
        and memo.get("ledger") == stamp(folder)
    )
    return memo if fits else None


def _show(outcome: str, memo: Memo | None, began: float) -> None:
    seconds = round(time.perf_counter() - began, 3)
    refused, quarantined = (memo["refused"], memo["quarantined"]) if memo else (0, 0)
    show(Summary(outcome, 0, 0, seconds, 0.0, refused, quarantined, 0, peak_memory_mb()))


# ---- what the source says


def _is_quiet(memo: Memo, environment: Mapping[str, str]) -> bool:
    """Whether the source says what it said when the memo was made. What else the call was given
    must be fit for use as ever."""
    if memo["ca"] and not Path(memo["ca"]).is_file():
        return False
    files, target = _files(memo), memo["target"]
    secret = read_secret("source", files[0], environment)
    check_secret(
        EwsPlace(**target) if "url" in target else ImapPlace(**target),
        read_secret("target", files[1], environment),
    )
    with closing(_connect(memo, secret)) as connection:
        rows = list_rows(connection)
    return rows is not None and digest(rows) == memo["folders"]


def _files(memo: Memo) -> list[Path | None]:
    return [Path(file) if file else None for file in memo["secrets"]]


def _connect(memo: Memo, secret: Secret) -> ImapConnection:
    place, context = ImapPlace(**memo["source"]), None
    if memo["ca"] and place.tls != "none":
        import ssl

        context = ssl.create_default_context(cafile=memo["ca"])
    server = ImapServer(
        place.host, place.port, place.tls, context=context, allow_plain=memo["allow_plain"]
    )
    return ImapConnection(server, make_login(place, secret))


def list_rows(connection: ImapConnection) -> list[Row] | None:
    """The user's own folders that can hold messages, as sources/imap_folders.py lists them; None
    where only XLIST tells which of them are special. ImapError, and LookupError for a folder of
    which the server does not tell everything."""
    if connection.has("XLIST") and not connection.has("SPECIAL-USE"):
        return None
    states = b" RETURN (STATUS " + _ITEMS + b")" if connection.has("LIST-STATUS") else b""
    spaces = [b"NAMESPACE"] if connection.has("NAMESPACE") else []
    responses = _ask(connection, [b'LIST "" "*"' + states, *spaces])
    namespaces = next(
        (read_namespaces(each) for each in responses if each.kind == b"NAMESPACE"), Namespaces()
    )
    listed = {
        entry.name: entry
        for entry in (read_list(each) for each in responses if each.kind == b"LIST")
        if entry.can_be_opened and not entry.is_foreign(namespaces)
    }
    found = _read_states(responses)
    missing = [quote_name(name) for name in listed if name not in found]
    found |= _read_states(_ask(connection, [b"STATUS " + name + b" " + _ITEMS for name in missing]))
    return [_row(entry, found[name], namespaces) for name, entry in listed.items()]


def _ask(connection: ImapConnection, commands: Sequence[bytes]) -> list[Response]:
    """What all commands are answered. CommandRefused if one is."""
    responses = []
    for result in connection.run_all(commands):
        if isinstance(result, CommandRefused):
            raise result
        responses += result
    return responses


def _read_states(responses: Iterable[Response]) -> dict[str, dict[bytes, Value]]:
    """By name, as the server spells it; a server that spells it in two ways is not understood."""
    found = {}
    for response in responses:
        if response.kind == b"STATUS":
            _, name, pairs = response.values()[:3]
            found[name.decode("latin-1") if isinstance(name, bytes) else ""] = parse_pairs(pairs)
    return found


def _row(entry: Listed, state: Mapping[bytes, Value], namespaces: Namespaces) -> Row:
    following = number(state[b"UIDNEXT"])
    return (
        folder_key(entry.name),
        entry.path(namespaces),
        str(number(state[b"UIDVALIDITY"])),
        number(state[b"MESSAGES"]),
        str(following - 1) if following > 1 else "",
        f"modseq:{changes}" if (changes := number(state[b"HIGHESTMODSEQ"])) else "",
    )
