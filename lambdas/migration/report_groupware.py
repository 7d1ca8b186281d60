"""The calendars, address books, tasks and notes of a run, for its report. Pure, but for
`read_losses`.

The counts are the ledger's; what could not be kept was written down by the copy of each mailbox
(copy/groupware_losses.py): the counts as JSON, and a table of the single items beside it.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from migration.model import Agreement, FolderRecord
from migration.ports import BlobStore

KIND_WORDS: Mapping[str, str] = {
    "calendar": "Calendars",
    "contacts": "Address books",
    "tasks": "Tasks",
    "notes": "Notes",
}
"""What the kinds are called, in the order in which a report tells of them."""

_IN_THE_TEXT = "in the text"
"""In the reason of what an item says in its text, since Exchange has no other place for it."""


class Kept(StrEnum):
    """What became of something that Exchange does not say as the source does. ELSEWHERE: nothing
    is lost, it stands in the text of its item. NOT: it is lost or kept in part, as the reason
    says."""

    ELSEWHERE = "in another place"
    NOT = "lost or in part"


@dataclass(frozen=True, slots=True)
class CollectionLine:
    """A calendar, an address book, a list of tasks or of notes: what source, ledger and target held
    when they were last compared, and what was copied over all runs. A series that Exchange cannot
    say is one item at the source and several in WorkMail.

    key        the digest of what identifies it at the source
    kind       calendar, contacts, tasks or notes
    name       its name at the source
    at_target  its name in WorkMail; empty for the default folder of its kind
    source     items at the source when it was last compared; null if it never was
    copied     items of the source that were copied and are not deleted since
    refused    items that could not be copied
    ledger     items that WorkMail should have of them by the ledger; null if it never was compared
    target     items in WorkMail when it was last compared; null if it never was
    agreement  what verification found; null if it was not compared
    reason     why it does not simply agree; empty if it does
    """

    key: str
    kind: str
    name: str
    at_target: str
    source: int | None
    copied: int
    refused: int
    ledger: int | None
    target: int | None
    agreement: Agreement | None
    reason: str


@dataclass(frozen=True, slots=True)
class LossLine:
    """Something of items that WorkMail does not have as the source has it.

    kind   of the collections: calendar, contacts, tasks or notes
    what   the property or the feature, by its name at the source
    why    the reason
    kept   whether it is in another place, or lost or in part
    count  how often
    """

    kind: str
    what: str
    why: str
    kept: Kept
    count: int


@dataclass(frozen=True, slots=True)
class KindLine:
    """All collections of a kind together.

    kind         calendar, contacts, tasks or notes
    mailboxes    how many mailboxes have one
    collections  how many there are
    source       items at the source, of the collections that were compared
    copied       items of the source that were copied
    refused      items that could not be copied
    ledger       items that WorkMail should have, of the collections that were compared
    target       items in WorkMail, of the collections that were compared
    differing    collections in which verification found a difference
    """

    kind: str
    mailboxes: int
    collections: int
    source: int
    copied: int
    refused: int
    ledger: int
    target: int
    differing: int


@dataclass(frozen=True, slots=True)
class GroupwareReport:
    """Calendars, address books, tasks and notes of all mailboxes.

    kinds   what each kind comes to
    losses  what WorkMail does not have as the source has it, the most frequent first
    """

    kinds: tuple[KindLine, ...]
    losses: tuple[LossLine, ...]


@dataclass(frozen=True, slots=True)
class MailboxLosses:
    """Of one mailbox. `sheet` is the file that has a row for each item; "" if there is none."""

    lines: tuple[LossLine, ...] = ()
    sheet: str = ""

    @property
    def count(self) -> int:
        """How many there are."""
        return sum(line.count for line in self.lines)


def read_losses(blobs: BlobStore, mailbox_id: str) -> MailboxLosses:
    """What the copy has written down of that mailbox; nothing if it has not."""
    folder = f"groupware/{mailbox_id}"
    try:
        told = json.loads(blobs.get(f"{folder}/losses.json"))
    except KeyError:
        return MailboxLosses()
    lines = tuple(
        LossLine(each["kind"], each["what"], each["why"], _kept(each["why"]), each["count"])
        for each in told["losses"]
    )
    return MailboxLosses(lines, f"{folder}/losses.csv" if lines else "")


def _kept(why: str) -> Kept:
    return Kept.ELSEWHERE if _IN_THE_TEXT in why else Kept.NOT


def tell_collections(records: Iterable[FolderRecord]) -> tuple[CollectionLine, ...]:
    """The collections of one mailbox, by kind and name."""
    order = list(KIND_WORDS)
    lines = [_collection(record) for record in records]
    return tuple(sorted(lines, key=lambda line: (order.index(line.kind), line.name.casefold())))


def _collection(record: FolderRecord) -> CollectionLine:
    check, (kind, name) = record.check, record.path
    return CollectionLine(
        key=record.key,
        kind=kind,
        name=name,
        at_target=record.target_path[1],
        source=check.source if check else None,
        copied=record.total.copied,
        refused=record.total.rejected,
        ledger=check.ledger if check else None,
        target=check.target if check else None,
        agreement=check.agreement if check else None,
        reason=check.reason if check else "",
    )


def tell_groupware(
    mailboxes: Sequence[Sequence[CollectionLine]], losses: Iterable[MailboxLosses]
) -> GroupwareReport | None:
    """What the mailboxes come to, by the collections of each; None if there are none."""
    by_kind: dict[str, list[CollectionLine]] = defaultdict(list)
    for lines in mailboxes:
        for line in lines:
            by_kind[line.kind].append(line)
    if not by_kind:
        return None
    owners = Counter(kind for lines in mailboxes for kind in {line.kind for line in lines})
    kinds = (_add_up(kind, by_kind[kind], owners[kind]) for kind in KIND_WORDS if by_kind[kind])
    return GroupwareReport(tuple(kinds), _group(losses))


def _add_up(kind: str, lines: Sequence[CollectionLine], mailboxes: int) -> KindLine:
    return KindLine(
        kind=kind,
        mailboxes=mailboxes,
        collections=len(lines),
        source=sum(line.source or 0 for line in lines),
        copied=sum(line.copied for line in lines),
        refused=sum(line.refused for line in lines),
        ledger=sum(line.ledger or 0 for line in lines),
        target=sum(line.target or 0 for line in lines),
        differing=sum(line.agreement is Agreement.DIFFER for line in lines),
    )


def _group(losses: Iterable[MailboxLosses]) -> tuple[LossLine, ...]:
    counted: Counter[tuple[str, str, str, Kept]] = Counter()
    for mailbox in losses:
        for line in mailbox.lines:
            counted[line.kind, line.what, line.why, line.kept] += line.count
    ordered = sorted(counted.items(), key=lambda each: (-each[1], each[0]))
    return tuple(LossLine(*what, count) for what, count in ordered)
