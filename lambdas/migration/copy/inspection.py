"""Looks at messages on both sides, for as long as there is time.

Nothing here judges: see contents.py for the comparison and judge.py for what it means.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from migration.copy.audit import Row, read_audit
from migration.copy.contents import (
    ALL,
    Shown,
    choose,
    compare,
    given,
    in_chunks,
    is_comparable,
    show_source,
    show_target,
)
from migration.copy.findings import Extra, Place
from migration.copy.judge import Looked
from migration.errors import Busy, FolderGone
from migration.identity import migration_key
from migration.mail import Fate, Folder, Gone, Item
from migration.mime import MimeStream
from migration.model import CopyPolicy, DeltaPolicy, FolderRecord
from migration.ports import BlobStore, Source, Target

_MARGIN = 60.0
"""Seconds that remain for the judgement when the looking ends."""

_KEYS_AT_ONCE = 500


@dataclass(slots=True)
class Inspection:
    """The look at the messages of one mailbox in one pass.

    A server that becomes busy, or the time, ends it: `stopped` says which of the two, and the
    counts still give a judgement. `tenant` is needed to name what a target that keeps keys holds
    twice.
    """

    source: Source
    target: Target
    blobs: BlobStore
    mailbox_id: str
    pass_id: int
    policy: CopyPolicy
    seconds_left: Callable[[], float]
    tenant: str = ""
    stopped: str = ""
    _slowest: float = field(default=0.0, init=False)

    @property
    def by_bytes(self) -> bool:
        """Whether the target shows the bytes that it was given."""
        return self.target.capabilities.keeps_bytes

    def look(
        self, record: FolderRecord, folder: Folder | None, suspects: Collection[str]
    ) -> Looked:
        """Compares the sample of a folder, `suspects` (uids) included. `folder` is None if it has
        left the source."""
        found = Looked()
        if not (self.policy.verify_sample or suspects) or not record.total.copied:
            return found
        if not self._goes_on():
            return found
        held = read_audit(self.blobs, self.mailbox_id, record).held()
        seed = f"{self.mailbox_id} {record.key} {self.pass_id}"
        for chunk in in_chunks(choose(held, self.policy.verify_sample, seed, suspects)):
            if not self._goes_on():
                break
            with self._careful():
                found = _joined(found, self._look_at(record, folder, chunk))
        return found

    def find_missing(self, record: FolderRecord, looked: Looked, number: int) -> list[Place]:
        """Names messages that the target lacks, until there are `number`: those that the sample
        has met, then all others."""
        gone = list(looked.gone)
        met = {row.ref.uid for row in gone} | {row.ref.uid for row, _ in looked.differing}
        if len(gone) < number and self._goes_on():
            held = read_audit(self.blobs, self.mailbox_id, record).held()
            others = [row for uid, row in held.items() if row.target_id and uid not in met]
            for chunk in in_chunks(others):
                if len(gone) >= number or not self._goes_on():
                    break
                with self._careful():
                    gone += self._gone_of(record, chunk)
        return [Place(record.key, row.ref.uid, row.ref.size) for row in gone]

    def find_extra(self, record: FolderRecord, number: int) -> list[Extra]:
        """Names messages that the target has more than once, as far as they explain `number`
        messages too many; the rest is counted only."""
        extra: list[Extra] = []
        if self.target.capabilities.keeps_key and self.tenant and self._goes_on():
            held = read_audit(self.blobs, self.mailbox_id, record).held()
            with self._careful():
                extra = list(self._doubled_keys(record, held))
        rest = number - sum(each.count for each in extra)
        return [*extra, Extra(record.key, "", 0, rest)] if rest > 0 else extra

    def find_copies(self, record: FolderRecord) -> list[Extra]:
        """Names messages that a target without keys has more than once. It has to read the whole
        folder for that, so this is done only where all messages are compared."""
        wanted = self.policy.verify_sample == ALL and not self.target.capabilities.keeps_key
        if not (wanted and record.total.copied and self._goes_on()):
            return []
        rows = given(read_audit(self.blobs, self.mailbox_id, record))
        by_print = {row.fingerprint: row for row in rows if row.fingerprint}
        copies: Counter[str] = Counter()
        with self._careful():
            copies = strangers(self.target, record, rows) - without_place(rows)
        return [
            Extra(record.key, by_print[print_].ref.uid, by_print[print_].ref.size, count)
            for print_, count in copies.items()
            if print_ in by_print
        ]

    # -- one portion

    def _look_at(self, record: FolderRecord, folder: Folder | None, chunk: Sequence[Row]) -> Looked:
        """The source is read first and only what it shows is kept: contents of both sides at once
        would need twice the memory."""
        here = self._read_source(folder, chunk)
        compared = 0
        gone: list[Row] = []
        differing: list[tuple[Row, tuple[str, ...]]] = []
        for row, answer in self._shown(record, chunk):
            source = here.get(row.ref.uid)
            if isinstance(answer, Gone):
                if source is not None or self.policy.delta is not DeltaPolicy.FOLLOW:
                    gone.append(row)
                continue
            target = show_target(answer, row, by_bytes=self.by_bytes)
            compared += is_comparable(row, source, by_bytes=self.by_bytes)
            if codes := compare(row, source, target, by_bytes=self.by_bytes):
                differing.append((row, codes))
        return Looked(compared, tuple(gone), tuple(differing))

    def _read_source(self, folder: Folder | None, chunk: Sequence[Row]) -> dict[str, Shown]:
        """By uid; without those that the source cannot give any more."""
        if folder is None:
            return {}
        answers = self.source.fetch(folder, [row.ref for row in chunk])
        return {
            answer.ref.uid: show_source(answer, by_bytes=self.by_bytes)
            for answer in answers
            if isinstance(answer, Item)
        }

    def _shown(
        self, record: FolderRecord, chunk: Sequence[Row]
    ) -> Iterator[tuple[Row, Item | Gone]]:
        """Each row with what the target shows of it, in the order in which it comes."""
        rows = {row.target_id: row for row in chunk}
        for answer in self.target.show(record.target_id, list(rows)):
            yield rows[answer.ref.uid], answer

    def _gone_of(self, record: FolderRecord, chunk: Sequence[Row]) -> list[Row]:
        gone = []
        for row, answer in self._shown(record, chunk):
            if isinstance(answer, Gone):
                gone.append(row)
            elif isinstance(answer.mime, MimeStream):
                answer.mime.close()
        return gone

    def _doubled_keys(self, record: FolderRecord, held: Mapping[str, Row]) -> Iterator[Extra]:
        """Messages that were matched after their folder was recreated have the keys of before, by
        which they cannot be asked for."""
        rows = {
            migration_key(self.tenant, self.mailbox_id, record.key, record.validity, uid): row
            for uid, row in held.items()
            if row.fate is not Fate.MATCHED
        }
        keys = list(rows)
        for start in range(0, len(keys), _KEYS_AT_ONCE):
            if not self._goes_on():
                return
            asked = keys[start : start + _KEYS_AT_ONCE]
            times = Counter(each.key for each in self.target.since(record.target_id, "", asked))
            for key in asked:
                if times[key] > 1:
                    ref = rows[key].ref
                    yield Extra(record.key, ref.uid, ref.size, times[key] - 1)

    # -- time

    def _goes_on(self) -> bool:
        if not self.stopped and self.seconds_left() < max(_MARGIN, 2 * self._slowest):
            self.stopped = "time"
        return not self.stopped

    @contextmanager
    def _careful(self) -> Iterator[None]:
        """Takes the time. A folder that is gone has nothing to look at; its count is zero."""
        begun = self.seconds_left()
        try:
            yield
        except Busy:
            self.stopped = "busy"
        except FolderGone:
            pass
        finally:
            self._slowest = max(self._slowest, begun - self.seconds_left())


def strangers(target: Target, record: FolderRecord, rows: Sequence[Row]) -> Counter[str]:
    """The fingerprints of what a target without keys holds in places that the audit does not know;
    it has to read the folder for them."""
    known = {row.target_id for row in rows}
    found = target.since(record.target_id, "", ())
    return Counter(each.fingerprint for each in found if each.target_id not in known)


def without_place(rows: Sequence[Row]) -> Counter[str]:
    """The fingerprints of messages for which the target gave no id."""
    return Counter(row.fingerprint for row in rows if row.fingerprint and not row.target_id)


def _joined(one: Looked, other: Looked) -> Looked:
    return Looked(
        one.compared + other.compared,
        one.gone + other.gone,
        one.differing + other.differing,
        one.doubled + other.doubled,
    )
