"""Items on their way into WorkMail: created, then changed, given their files, and thinned out.

Everything of a batch goes step by step, so that a request holds as much as it may. A step that a
server refuses of one item is a loss of that item; what is refused for a reason about more than the
item is raised, as is everything else.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from migration.groupware_port import Keyed, Written
from migration.items.ews_item import Destination, OccurrenceChange
from migration.items.losses import Loss
from migration.mail import Rejected
from migration.targets.groupware_pieces import Piece, Pieces, take_apart
from migration.targets.request_size import RequestSize
from migration.targets.workmail_append import REQUEST_BYTES, WORTH_A_SECOND_TRY
from migration.targets.workmail_errors import is_refused
from migration.targets.workmail_halves import halved
from migration.targets.workmail_keys import parts
from migration.wire.ews import EwsClient
from migration.wire.ews_calendar import write_change, write_occurrence_id
from migration.wire.ews_failures import refuse
from migration.wire.ews_groupware import EwsGroupware
from migration.wire.ews_groupware_request import NewFile
from migration.wire.ews_model import AnswerLost, Created, FolderRef, Refused
from migration.wire.ews_request import name_item

MOST_ITEMS = 50
"""In one request."""

LARGEST_FILE = 29 * 1024 * 1024
"""In octets: WorkMail's limit for a message. A larger one is not sent: a server that hangs up over
it would cost the whole item."""

GONE = "ErrorItemNotFound"
_LEFT_OUT = frozenset({GONE, "ErrorCalendarOccurrenceIsDeletedFromRecurrence"})
"""Codes for an occurrence that takes place no more."""

_A = TypeVar("_A")
_P = TypeVar("_P")


@dataclass(slots=True)
class _Item:
    """A piece with what became of it: an id, or the code of a refusal."""

    piece: Piece
    id: str = ""
    code: str = ""


@dataclass(slots=True)
class _Job:
    """One key with its items, and what was lost of them."""

    pieces: Pieces
    items: list[_Item]
    losses: list[Loss] = field(default_factory=list)

    @property
    def code(self) -> str:
        """Why it is rejected, "" if it is not: a part that it needs was refused, or every part."""
        refused = [item for item in self.items if item.code]
        needed = [item.code for item in refused if item.piece.is_needed]
        if refused and not needed and len(refused) == len(self.items):
            return refused[0].code
        return needed[0] if needed else ""

    def lose(self, item: _Item, what: str, why: str, kind: str = "") -> None:
        """Something of one of its items."""
        self.losses.append(Loss(what, kind or item.piece.kind, why, item.piece.uid))


@dataclass(frozen=True, slots=True)
class _Files:
    """Files for one item, or for an occurrence of it."""

    job: _Job
    item: _Item
    item_id: str
    files: tuple[NewFile, ...]


class GroupwareWriter:
    """Writes into one mailbox. Raises EwsError."""

    def __init__(self, client: EwsClient, where: Destination) -> None:
        self._client = client
        self._groupware = EwsGroupware(client)
        self._where = where
        self._size = RequestSize()

    def write(self, folder_id: str, batch: Sequence[Keyed]) -> list[Written | Rejected]:
        """An outcome for each, in order; see `GroupwareTarget.write`."""
        jobs = [_start(take_apart(keyed, self._where)) for keyed in batch]
        self._create(folder_id, [item for job in jobs for item in job.items])
        self.remove([item.id for job in jobs if job.code for item in job.items if item.id])
        going_on = [job for job in jobs if not job.code]
        for job in going_on:
            _tell_refused(job)
        self._attach([*_own_files(going_on), *self._change(going_on)])
        self._thin_out(going_on)
        marks = self.marks(
            folder_id, [item.id for job in going_on for item in job.items if item.id]
        )
        return [_outcome(job, marks) for job in jobs]

    def remove(self, ids: Sequence[str]) -> None:
        """For good; what is gone is no error."""
        for some in parts(list(map(name_item, ids)), MOST_ITEMS):
            for answer in self._tried(self._groupware.delete, some):
                if isinstance(answer, Refused) and answer.code != GONE:
                    raise refuse(answer.code, answer.retry_after)

    def marks(self, folder_id: str, ids: Sequence[str]) -> dict[str, str]:
        """The change keys of those that are there. RequestRefused if the folder is not."""
        found: dict[str, str] = {}
        for some in parts(ids, MOST_ITEMS):
            for item_id, answer in zip(some, self._groupware.marks(some), strict=True):
                if isinstance(answer, str):
                    found[item_id] = answer
                elif answer.code != GONE:
                    raise refuse(answer.code, answer.retry_after)
        if len(found) < len(ids):  # when items are gone, their folder may be
            self._client.get_folder(FolderRef(folder_id))
        return found

    # -- the steps

    def _create(self, folder_id: str, items: Sequence[_Item]) -> None:
        folder = FolderRef(folder_id)

        def send(elements: Sequence[str]) -> list[Created | Refused]:
            began = time.monotonic()
            try:
                answers = self._groupware.create(folder, elements)
            except AnswerLost:
                self._size.lost(len(elements))
                raise
            self._size.answered(len(elements), time.monotonic() - began)
            return answers

        for group in self._groups(items, lambda item: len(item.piece.element)):
            answers = self._tried(send, [item.piece.element for item in group])
            for item, answer in zip(group, answers, strict=True):
                item.id = answer.id if isinstance(answer, Created) else ""
                item.code = answer.code if isinstance(answer, Refused) else ""

    def _change(self, jobs: Sequence[_Job]) -> list[_Files]:
        """Makes occurrences what they are; the files that are to be attached to them."""
        wanted = [
            (job, item, change)
            for job in jobs
            for item in job.items
            if item.id
            for change in item.piece.changes
        ]
        said = [(one, write_change(one[1].id, one[2])) for one in wanted]
        files: list[_Files] = []
        for group in self._groups([one for one in said if one[1]], lambda one: len(one[1])):
            answers = self._tried(self._groupware.change, [text for _, text in group])
            for ((job, item, change), _), answer in zip(group, answers, strict=True):
                files += _change_files(job, item, change, answer)
        # Of those that only get files the own ids are not known yet.
        silent = [one for one, text in said if not text and one[2].item.files]
        for some in parts(silent, MOST_ITEMS):
            places = [write_occurrence_id(item.id, change) for _, item, change in some]
            answers = self._tried(self._groupware.find_ids, places)
            for (job, item, change), answer in zip(some, answers, strict=True):
                files += _change_files(job, item, change, answer)
        return files

    def _attach(self, wanted: Iterable[_Files]) -> None:
        for one in wanted:
            for new in one.files:
                if len(new.file.data) > LARGEST_FILE:
                    one.job.lose(one.item, _named(new), "WorkMail takes no file so large")
            fitting = [new for new in one.files if len(new.file.data) <= LARGEST_FILE]
            for group in self._groups(fitting, lambda new: len(new.file.data) * 4 // 3):

                def send(files: Sequence[NewFile], one: _Files = one) -> list[Refused | None]:
                    return self._groupware.attach(one.item_id, files)

                for new, answer in zip(group, self._tried(send, group), strict=True):
                    if isinstance(answer, Refused):
                        why = f"WorkMail refuses the file ({answer.code})"
                        one.job.lose(one.item, _named(new), why)

    def _thin_out(self, jobs: Sequence[_Job]) -> None:
        wanted = [
            (job, item, write_occurrence_id(item.id, place))
            for job in jobs
            for item in job.items
            if item.id
            for place in item.piece.deletions
        ]
        for some in parts(wanted, MOST_ITEMS):
            answers = self._tried(self._groupware.delete, [place for _, _, place in some])
            for (job, item, _), answer in zip(some, answers, strict=True):
                if isinstance(answer, Refused) and answer.code not in _LEFT_OUT:
                    why = f"WorkMail does not leave it out ({answer.code}); it takes place"
                    job.lose(item, "EXDATE", why)

    # -- their requests

    def _tried(
        self, send: Callable[[Sequence[_P]], list[_A | Refused]], whole: Sequence[_P]
    ) -> list[_A | Refused]:
        """What is refused and may have been bad luck is sent once more, alone."""
        answers = halved(send, whole, _blame)
        for place, answer in enumerate(answers):
            if is_refused(answer) and _code(answer) in WORTH_A_SECOND_TRY:
                (answers[place],) = halved(send, [whole[place]], _blame)
                is_refused(answers[place])
        return answers

    def _groups(self, whole: Sequence[_P], weigh: Callable[[_P], int]) -> Iterator[list[_P]]:
        """Each fits into a request."""
        group: list[_P] = []
        size = 0
        for one in whole:
            weight = weigh(one)
            is_full = len(group) >= min(MOST_ITEMS, self._size.items)
            if group and (is_full or size + weight > REQUEST_BYTES):
                yield group
                group, size = [], 0
            group.append(one)
            size += weight
        if group:
            yield group


def _named(new: NewFile) -> str:
    """The property that the file was."""
    return "PHOTO" if new.is_photo else "ATTACH"


def _start(pieces: Pieces) -> _Job:
    return _Job(pieces, list(map(_Item, pieces.pieces)))


def _blame(_: object, code: str) -> Refused:
    return Refused(code)


def _code(answer: object) -> str:
    return answer.code if isinstance(answer, Refused) else ""


def _tell_refused(job: _Job) -> None:
    for item in job.items:
        if item.code:
            job.lose(item, "RRULE", f"WorkMail refuses one of its occurrences ({item.code})")


def _own_files(jobs: Sequence[_Job]) -> Iterator[_Files]:
    for job in jobs:
        for item in job.items:
            if item.id and item.piece.files:
                yield _Files(job, item, item.id, item.piece.files)


def _change_files(
    job: _Job, item: _Item, change: OccurrenceChange, answer: Created | Refused
) -> Iterator[_Files]:
    """The files of an occurrence that is there by its own id; else it is told."""
    if isinstance(answer, Refused):
        why = f"WorkMail refuses the change ({answer.code}); it is as its series says"
        job.lose(item, "RECURRENCE-ID", why, "occurrence")
    elif change.item.files:
        yield _Files(job, item, answer.id, tuple(map(NewFile, change.item.files)))


def _outcome(job: _Job, marks: Mapping[str, str]) -> Written | Rejected:
    if job.code:
        return Rejected(job.pieces.key, job.code)
    own = {item.id: marks[item.id] for item in job.items if item.id in marks}
    losses = tuple(dict.fromkeys((*job.pieces.losses, *job.losses)))
    return Written(job.pieces.key, own, losses)
