"""The independent look at the end: every message at the source against every one at the target.

Nothing of the product is used here but the ledger's folder names.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from localrun.contents import Contents, Message, Path, Trait, fold
from migration.model import FolderRecord


@dataclass(frozen=True, slots=True)
class FolderComparison:
    """One folder: counts on both sides and in the ledger; messages lost, doubled, differing, and
    standing elsewhere in the folder's order."""

    mailbox: str
    source_path: Path
    target_path: Path
    source: int
    target: int
    ledger: int
    lost: int
    doubled: int
    differing: int
    misplaced: int = 0

    @property
    def agrees(self) -> bool:
        return not (self.lost or self.doubled or self.differing or self.misplaced) and (
            self.source == self.target == self.ledger
        )


def compare_mailbox(
    address: str, source: Contents, target: Contents, records: Sequence[FolderRecord]
) -> list[FolderComparison]:
    """All folders of a mailbox, in the order of their names.

    Also those that the ledger does not know: a source folder that was never copied has lost all
    its messages, and mail in a target folder that no source folder went to is there twice.
    """
    pairs = [(record.path, record.target_path, record.total.copied) for record in records]
    known = {fold(record.path) for record in records}
    pairs += [(path, (), 0) for path in source.folders.keys() - known]
    places = {fold(record.target_path) for record in records}
    pairs += [((), path, 0) for path, mail in target.folders.items() if mail and path not in places]
    pairs.sort(key=lambda pair: (pair[0] != ("INBOX",), pair[0], pair[1]))
    has_order = source.has_order and target.has_order
    return [
        _compare_folder(
            (address, here, there),
            source.folders.get(fold(here), ()),  # nothing: deleted meanwhile
            target.folders.get(fold(there), ()),
            ledger,
            has_order=has_order,
        )
        for here, there, ledger in pairs
    ]


def _compare_folder(
    names: tuple[str, Path, Path],
    source: Sequence[Message],
    target: Sequence[Message],
    ledger: int,
    *,
    has_order: bool,
) -> FolderComparison:
    lost = doubled = differing = 0
    at_source, at_target = _by_digest(source), _by_digest(target)
    for digest in at_source.keys() | at_target.keys():
        here, there = at_source[digest], at_target[digest]
        surplus = there.total() - here.total()
        lost += max(-surplus, 0)
        doubled += max(surplus, 0)
        differing += min(here.total(), there.total()) - (here & there).total()
    return FolderComparison(
        *names,
        source=len(source),
        target=len(target),
        ledger=ledger,
        lost=lost,
        doubled=doubled,
        differing=differing,
        misplaced=_count_misplaced(source, target) if has_order else 0,
    )


def _by_digest(messages: Iterable[Message]) -> defaultdict[str, Counter[Trait]]:
    found: defaultdict[str, Counter[Trait]] = defaultdict(Counter)
    for message in messages:
        found[message.digest][message.trait] += 1
    return found


def _count_misplaced(source: Sequence[Message], target: Sequence[Message]) -> int:
    """At how many places the folders show different messages, apart from what only one has."""
    common = Counter(each.digest for each in source) & Counter(each.digest for each in target)
    here, there = _only(source, common), _only(target, common)
    return sum(one != other for one, other in zip(here, there, strict=True))


def _only(messages: Sequence[Message], wanted: Counter[str]) -> list[str]:
    """The digests in their order, each at most as often as wanted."""
    left = wanted.copy()
    kept = []
    for message in messages:
        if left[message.digest]:
            left[message.digest] -= 1
            kept.append(message.digest)
    return kept
