"""The loop that everybody writes first: imaplib, one message at a time. A yardstick, no product.

python -m bench.plain_loop SOURCE_PORT SOURCE_USER TARGET_PORT TARGET_USER PASSWORD_FILE STATE
"""

from __future__ import annotations

import imaplib
import re

from bench.copier_arguments import Arguments, read_arguments
from bench.imap_wire import Login

_NAME = re.compile(rb'\) "[^"]*" (.*)$')
_PARTS = re.compile(rb'INTERNALDATE ("[^"]*")')


def _main() -> None:
    arguments = read_arguments(_main.__doc__ or "")
    source, target = _open(arguments.source), _open(arguments.target)
    print(_copy_mailbox(arguments, source, target))
    source.logout()
    target.logout()


def _open(login: Login) -> imaplib.IMAP4:
    connection = imaplib.IMAP4("127.0.0.1", login.port)
    connection.login(login.user, login.password)
    return connection


def _copy_mailbox(arguments: Arguments, source: imaplib.IMAP4, target: imaplib.IMAP4) -> int:
    """How many messages were copied."""
    highest = arguments.remembered()
    copied = 0
    for line in source.list()[1]:
        assert isinstance(line, bytes)
        found = _NAME.search(line)
        assert found is not None
        folder = found[1].decode("ascii")
        source.select(folder, readonly=True)
        target.create(folder)  # NO when it is there already
        last = int(highest.get(folder, "0"))
        uids = [int(uid) for uid in source.uid("SEARCH", f"UID {last + 1}:*")[1][0].split()]
        for uid in uids:
            if uid > last:  # N:* always finds the last message
                _copy_message(source, target, folder, uid)
                highest[folder] = str(uid)
                copied += 1
    arguments.remember(highest)
    return copied


def _copy_message(source: imaplib.IMAP4, target: imaplib.IMAP4, folder: str, uid: int) -> None:
    _, answer = source.uid("FETCH", str(uid), "(FLAGS INTERNALDATE BODY.PEEK[])")
    (before, content), after = answer[0], answer[1]
    line = before + after
    flags = [flag.decode() for flag in imaplib.ParseFlags(line) if flag != b"\\Recent"]
    date = _PARTS.search(line)
    assert date is not None
    status, said = target.append(folder, " ".join(flags), date[1].decode(), content)
    if status != "OK":
        raise SystemExit(f"refused: {said!r}")


if __name__ == "__main__":
    _main()
