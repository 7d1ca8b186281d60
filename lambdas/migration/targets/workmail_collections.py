"""WorkMail's folders of calendars, contacts, tasks and notes: found, or made where missing.

The default ones are those that every mailbox has; others of a kind stand below its default one.
Other workers may create the same folders at the same time.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from migration.folder_names import fold_name, mark_name
from migration.groupware_port import CollectionKind, CollectionPlan
from migration.targets.workmail_folders import WorkmailFolders
from migration.targets.workmail_keys import parts
from migration.wire.ews import EwsClient
from migration.wire.ews_failures import refuse
from migration.wire.ews_groupware import EwsGroupware
from migration.wire.ews_groupware_request import FolderKind
from migration.wire.ews_model import AnswerLost, FolderInfo, FolderRef, Refused

_ROOT = FolderRef("msgfolderroot", distinguished=True)
_PER_REQUEST = 100
_ROUNDS = 4
"""So often a folder may be said to exist and not be found, or an answer be lost."""

_OVERTAKEN = frozenset({"ErrorFolderExists", "ErrorParentFolderNotFound", "ErrorFolderNotFound"})


@dataclass(frozen=True, slots=True)
class _Kind:
    """The distinguished name of the default folder, how others of the kind are made, and what is
    put behind a name that something else has."""

    default: str
    folder: FolderKind
    suffix: str


_KINDS: Mapping[CollectionKind, _Kind] = {
    CollectionKind.CALENDAR: _Kind(
        "calendar", FolderKind("CalendarFolder", "IPF.Appointment"), "calendar"
    ),
    CollectionKind.CONTACTS: _Kind(
        "contacts", FolderKind("ContactsFolder", "IPF.Contact"), "contacts"
    ),
    CollectionKind.TASKS: _Kind("tasks", FolderKind("TasksFolder", "IPF.Task"), "tasks"),
    CollectionKind.NOTES: _Kind("notes", FolderKind("Folder", "IPF.StickyNote"), "notes"),
}

_Tree = dict[tuple[str, str], FolderInfo]


class WorkmailCollections:
    """The folders of one mailbox. Raises EwsError."""

    def __init__(self, client: EwsClient) -> None:
        self._client = client
        self._folders = WorkmailFolders(client)
        self._groupware = EwsGroupware(client)

    def ensure(self, plans: Sequence[CollectionPlan]) -> list[str]:
        """The id of each plan's folder, in order; creates what is missing."""
        kinds = [_KINDS[plan.collection.kind] for plan in plans]
        starts = [kind.default for kind in kinds]
        defaults = dict(zip(starts, self._folders.distinguished(starts), strict=True))
        if not any(plan.name for plan in plans):
            return [defaults[kind.default] for kind in kinds]
        lost = False
        for _ in range(_ROUNDS):
            tree = self._read_tree()
            missing: dict[_Kind, dict[str, str]] = {}
            ids = []
            for kind, plan in zip(kinds, plans, strict=True):
                parent_id, name = defaults[kind.default], plan.name
                place = _place(tree, parent_id, kind, name) if name else parent_id
                if isinstance(place, _Missing):
                    missing.setdefault(kind, {}).setdefault(fold_name(place.name), place.name)
                ids.append(place)
            if not missing:
                return [place for place in ids if isinstance(place, str)]
            for kind, names in missing.items():
                lost |= not self._create(defaults[kind.default], kind, list(names.values()))
        raise refuse("ErrorInternalServerTransientError" if lost else "ErrorFolderExists", 0.0)

    def _read_tree(self) -> _Tree:
        folders = self._client.folders(_ROOT)
        return {(folder.parent_id, fold_name(folder.name)): folder for folder in folders}

    def _create(self, parent_id: str, kind: _Kind, names: Sequence[str]) -> bool:
        """What is not created by it is in the tree when that is read again, or is tried again.

        False when an answer was lost."""
        for some in parts(names, _PER_REQUEST):
            try:
                answers = self._groupware.create_folders(FolderRef(parent_id), kind.folder, some)
            except AnswerLost:
                return False  # a name cannot be there twice
            for answer in answers:
                if isinstance(answer, Refused) and answer.code not in _OVERTAKEN:
                    raise refuse(answer.code, answer.retry_after)
        return True


@dataclass(frozen=True, slots=True)
class _Missing:
    """A folder to create."""

    name: str


def _place(tree: _Tree, parent_id: str, kind: _Kind, name: str) -> str | _Missing:
    """The id of the folder, or the name under which it is to be made: what is of another kind is
    left alone."""
    for tried in _names(name, kind):
        known = tree.get((parent_id, fold_name(tried)))
        if known is None:
            return _Missing(tried)
        if _is_of(known, kind):
            return known.id
    raise AssertionError("names do not end")


def _names(name: str, kind: _Kind) -> Iterator[str]:
    """The name, and what it is where something else has it, and so on."""
    yield name
    yield mark_name(name, kind.suffix)
    yield from (mark_name(name, f"{kind.suffix} {number}") for number in itertools.count(2))


def _is_of(folder: FolderInfo, kind: _Kind) -> bool:
    wanted = kind.folder.folder_class
    return folder.folder_class == wanted or folder.folder_class.startswith(f"{wanted}.")
