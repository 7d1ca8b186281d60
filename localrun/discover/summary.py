"""What a discovery came to: a table, and each note with how many it is about. It names nobody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from rich.console import Console
from rich.table import Table

from migration.discovery import Draft
from migration.discovery_model import Discovery, MailboxKind
from migration.manifest_columns import GROUPS

_KINDS = {
    MailboxKind.USER: "mailboxes of people",
    MailboxKind.SHARED: "shared mailboxes",
    MailboxKind.ROOM: "rooms",
    MailboxKind.EQUIPMENT: "equipment",
}


def show(console: Console, found: Discovery, draft: Draft) -> None:
    """Both, on the screen."""
    table = Table(title="What the source's directory shows", title_justify="left")
    table.add_column("what")
    for name in ("found", "in the manifest"):
        table.add_column(name, justify="right")
    for what, number, written in _count(found, draft):
        table.add_row(what, str(number), str(written))
    console.print(table)
    for line in _measure(found):
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    for note in draft.notes:
        count = f" ({len(note.subjects)})" if note.subjects else ""
        line = f"note: {note.text}{count}"
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def tell_head(found: Discovery, draft: Draft) -> list[str]:
    """The same counts as lines of the file of notes."""
    counted = [
        f"{number} {what}, {written} of them in the manifest"
        for what, number, written in _count(found, draft)
    ]
    return ["What the source's directory shows:", *counted, *_measure(found)]


def _count(found: Discovery, draft: Draft) -> Iterator[tuple[str, int, int]]:
    all_kinds = Counter(box.kind for box in found.mailboxes)
    pairs = zip(found.mailboxes, draft.targets, strict=True)
    written = Counter(box.kind for box, target in pairs if target)
    for kind, what in _KINDS.items():
        yield what, all_kinds[kind], written[kind]
    yield "groups", len(found.groups), len(draft.rows.get(GROUPS.name, ()))


def _measure(found: Discovery) -> Iterator[str]:
    """How much there is, as far as it is known."""
    sizes = [box.size for box in found.mailboxes if box.size is not None]
    items = [box.messages for box in found.mailboxes if box.messages is not None]
    if items:
        yield f"{sum(items)} items in {len(items)} of {len(found.mailboxes)} mailboxes"
    if sizes:
        size = sum(sizes) / 1024**3
        yield f"{size:.1f} GB in {len(sizes)} of {len(found.mailboxes)} mailboxes"
