"""WorkMail's folders: found, or made where they are missing, in few round trips.

One request for the folders that every mailbox has, one for the whole tree, and one for each parent
below which something is missing. Other workers may create the same folders at the same time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from migration.folder_names import fold_name, mark_name
from migration.mail import FolderPlan, SpecialUse
from migration.wire.ews import EwsClient
from migration.wire.ews_failures import refuse
from migration.wire.ews_model import AnswerLost, FolderInfo, FolderRef, Refused, RequestRefused

_ROOT = "msgfolderroot"
_DISTINGUISHED: Mapping[SpecialUse | None, str] = {
    SpecialUse.INBOX: "inbox",
    SpecialUse.SENT: "sentitems",
    SpecialUse.DRAFTS: "drafts",
    SpecialUse.TRASH: "deleteditems",
    SpecialUse.JUNK: "junkemail",
}
_ALWAYS_THERE = {
    "inbox": "inbox",
    "sent items": "sentitems",
    "drafts": "drafts",
    "deleted items": "deleteditems",
    "junk e-mail": "junkemail",
}
_PER_REQUEST = 100
_ROUNDS_IN_VAIN = 3
"""So often a folder may be said to exist and not be found, or its parent be deleted."""

# Somebody else was quicker: with this folder, or with its parent.
_OVERTAKEN = frozenset({"ErrorFolderExists", "ErrorParentFolderNotFound", "ErrorFolderNotFound"})

_Tree = dict[tuple[str, str], FolderInfo]


@dataclass(frozen=True, slots=True)
class _Way:
    """From a folder that is there, down the names. With no names it is the folder itself."""

    start: str
    names: tuple[str, ...]


class WorkmailFolders:
    """The folders of one mailbox. Raises EwsError."""

    def __init__(self, client: EwsClient) -> None:
        self._client = client
        self._ids: dict[str, str] = {}

    def distinguished(self, names: Sequence[str]) -> list[str]:
        """The ids of folders that every mailbox has. RequestRefused if this one lacks one."""
        missing = [name for name in dict.fromkeys(names) if name not in self._ids]
        if missing:
            asked = [FolderRef(name, distinguished=True) for name in missing]
            for name, answer in zip(missing, self._client.get_folders(asked), strict=True):
                if isinstance(answer, Refused):
                    raise refuse(answer.code, answer.retry_after)
                self._ids[name] = answer.id
        return [self._ids[name] for name in names]

    def ensure(self, plans: Sequence[FolderPlan]) -> list[str]:
        """The id of each plan's folder, in order; creates what is missing."""
        named = [_start(plan) for plan in plans]
        starts = self.distinguished([name for name, _ in named])
        ways = [_Way(start, names) for start, (_, names) in zip(starts, named, strict=True)]
        if not any(way.names for way in ways):
            return starts
        tree = self._read_tree()
        in_vain = 0
        while missing := _missing(tree, ways):
            if not self._create(tree, missing):
                in_vain += 1
                if in_vain == _ROUNDS_IN_VAIN:
                    raise refuse("ErrorInternalServerTransientError", 0.0)
                tree = self._read_tree()
        return [_walk(tree, way).start for way in ways]

    def count_items(self) -> int:
        """How many items all mail folders hold together."""
        return sum(folder.total for folder in self._read_tree().values() if _holds_mail(folder))

    def _create(self, tree: _Tree, missing: Mapping[str, Sequence[str]]) -> bool:
        """Creates children of several parents and puts them into the tree; False if the tree is
        not what it was."""
        is_current = True
        for parent_id, names in missing.items():
            for start in range(0, len(names), _PER_REQUEST):
                some = names[start : start + _PER_REQUEST]
                is_current &= self._create_some(tree, parent_id, some)
        return is_current

    def _create_some(self, tree: _Tree, parent_id: str, names: Sequence[str]) -> bool:
        try:
            answers = self._client.create_folders(FolderRef(parent_id), names)
        except AnswerLost:
            return False  # whatever was created is in the tree now; a name cannot be there twice
        except RequestRefused as error:
            if error.code not in _OVERTAKEN:
                raise
            return False
        for name, answer in zip(names, answers, strict=True):
            if isinstance(answer, FolderInfo):
                tree[parent_id, fold_name(name)] = replace(
                    answer, parent_id=parent_id, name=name, folder_class="IPF.Note"
                )
            elif answer.code not in _OVERTAKEN:
                raise refuse(answer.code, answer.retry_after)
        return all(isinstance(answer, FolderInfo) for answer in answers)

    def _read_tree(self) -> _Tree:
        folders = self._client.folders(FolderRef(_ROOT, distinguished=True))
        return {(folder.parent_id, fold_name(folder.name)): folder for folder in folders}


def _start(plan: FolderPlan) -> tuple[str, tuple[str, ...]]:
    """The folder that is always there, and the names below it."""
    if plan.special in _DISTINGUISHED:
        return _DISTINGUISHED[plan.special], ()
    first = _ALWAYS_THERE.get(fold_name(plan.path[0]))
    return (_ROOT, plan.path) if first is None else (first, plan.path[1:])


def _missing(tree: _Tree, ways: Sequence[_Way]) -> dict[str, list[str]]:
    """The next names to create, by the id of their parent: those whose parent is there."""
    found: dict[str, dict[str, str]] = {}
    for way in ways:
        rest = _walk(tree, way)
        if rest.names:
            name = _name_for_mail(tree, rest.start, rest.names[0])
            found.setdefault(rest.start, {}).setdefault(fold_name(name), name)
    return {parent_id: list(names.values()) for parent_id, names in found.items()}


def _walk(tree: _Tree, way: _Way) -> _Way:
    """As far down as the tree goes, and the names that are left."""
    while way.names:
        name = _name_for_mail(tree, way.start, way.names[0])
        known = tree.get((way.start, fold_name(name)))
        if known is None:
            break
        way = _Way(known.id, way.names[1:])
    return way


def _name_for_mail(tree: _Tree, parent_id: str, name: str) -> str:
    """A calendar of the name is left alone: mail goes to a folder beside it."""
    known = tree.get((parent_id, fold_name(name)))
    return name if known is None or _holds_mail(known) else mark_name(name, "mail")


def _holds_mail(folder: FolderInfo) -> bool:
    return folder.folder_class in ("", "IPF.Note") or folder.folder_class.startswith("IPF.Note.")
