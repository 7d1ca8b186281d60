"""What one Python process with one pair of connections can reach when nothing else matters.

    python -m bench.ceiling SOURCE_PORT SOURCE_USER TARGET_PORT TARGET_USER PASSWORD_FILE STATE

FETCH as a stream, MULTIAPPEND as a stream, never a wait in between. No ledger, no recovery, no
second try, nothing is checked: no product, only the mark to measure products by.
"""

from __future__ import annotations

from bench.copier_arguments import Arguments, read_arguments
from bench.imap_wire import (
    FETCH_ITEMS,
    Appender,
    Connection,
    create_folders,
    folder_states,
    message_count,
    quoted,
    read_fetched,
)


def _main() -> None:
    arguments = read_arguments(_main.__doc__ or "")
    with Connection(arguments.source) as source:
        states = folder_states(source)
        known = {name.decode(): state.decode() for name, state in states.items()}
        before = arguments.remembered()
        changed = [name for name in states if known[name.decode()] != before.get(name.decode())]
        if changed:
            _copy(arguments, source, states, changed, is_first=not before)
    arguments.remember(known)


def _copy(
    arguments: Arguments,
    source: Connection,
    states: dict[bytes, bytes],
    changed: list[bytes],
    *,
    is_first: bool,
) -> None:
    filled = [name for name in changed if message_count(states[name])]
    tags = [_ask(source, name) for name in filled]  # the source starts to send all of it
    with Connection(arguments.target) as target:
        if is_first:
            create_folders(target, states)
        appender = Appender(target)
        for folder, tag in zip(filled, tags, strict=True):
            for response in source.answers(tag):
                message = read_fetched(response)
                if message is not None:
                    appender.append(folder, message)
        appender.finish()


def _ask(source: Connection, folder: bytes) -> bytes:
    source.send(b"EXAMINE " + quoted(folder))
    return source.send(b"UID FETCH 1:* " + FETCH_ITEMS)


if __name__ == "__main__":
    _main()
