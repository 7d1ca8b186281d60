"""Where each source folder goes in WorkMail, with the reason wherever its path changes.

Words: a *node* is a name in the source's tree; it may be a folder or only the parent of one (IMAP
calls that \\Noselect). A *place* is a path at the target.

- The special folders (inbox, sent, ...) go to the folders that every WorkMail mailbox has. The
  source's special-use flag (RFC 6154) decides; without one, a well-known name at the top level.
  There is one source folder for each; a second one with the same flag keeps its own name.
- Everything else keeps its name below the place of its parent.
- A name that is already taken gets a number: `Sent Items (2)`. Names are compared as WorkMail's
  clients show them: without regard to case and to how accents are composed.
- Two folders never get the same place, and every folder gets one. The result does not depend on
  the order in which the source lists its folders.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count

from migration.folder_names import fit_name, fold_name, mark_name
from migration.mail import Folder, FolderPlan, SpecialUse

Path = tuple[str, ...]

DISPLAY_NAMES: Mapping[SpecialUse, str] = {
    SpecialUse.INBOX: "Inbox",
    SpecialUse.SENT: "Sent Items",
    SpecialUse.DRAFTS: "Drafts",
    SpecialUse.TRASH: "Deleted Items",
    SpecialUse.JUNK: "Junk E-mail",
}
"""What WorkMail shows for the special folders."""

_NOT_FOR_MAIL = (
    *("Calendar", "Contacts", "Tasks", "Notes", "Journal", "Outbox", "Sync Issues"),
    *("Suggested Contacts", "Conversation History", "Recipient Cache", "GAL Contacts"),
)
"""Folders of a new mailbox that no mail may be put into."""
_WELL_KNOWN: Mapping[SpecialUse, tuple[str, ...]] = {
    SpecialUse.INBOX: ("INBOX",),
    SpecialUse.SENT: (
        *("Sent", "Sent Items", "Sent Messages", "Sent Mail"),
        *("Gesendet", "Gesendete Elemente", "Gesendete Objekte"),
        *("Éléments envoyés", "Messages envoyés", "Envoyés"),
        *("Elementos enviados", "Enviados", "Posta inviata", "Verzonden items"),
    ),
    SpecialUse.DRAFTS: (
        *("Drafts", "Draft", "Entwürfe", "Brouillons"),
        *("Borradores", "Bozze", "Concepten", "Rascunhos"),
    ),
    SpecialUse.TRASH: (
        *("Trash", "Deleted Items", "Deleted Messages", "Deleted"),
        *("Papierkorb", "Gelöschte Elemente", "Gelöschte Objekte", "Gelöscht"),
        *("Corbeille", "Éléments supprimés", "Elementos eliminados", "Papelera"),
        *("Cestino", "Posta eliminata", "Verwijderde items", "Lixeira"),
    ),
    SpecialUse.JUNK: (
        *("Junk", "Junk E-mail", "Junk Email", "Junk Mail", "Spam", "Bulk Mail"),
        *("Junk-E-Mail", "Courrier indésirable", "Indésirables"),
        *("Correo no deseado", "Posta indesiderata", "Ongewenste e-mail"),
    ),
}


def plan_folders(
    folders: Sequence[Folder], placed: Mapping[str, Path] | None = None
) -> list[FolderPlan]:
    """One plan for each folder, ordered by source path.

    `placed` holds the places (by folder key) that earlier passes have filled. They stay, whatever
    has appeared at the source since; new folders find their place around them.
    """
    placed = placed or {}
    nodes = _nodes(folders)
    special = _choose_special([node for node in nodes if node.folder], placed)
    planner = _Planner(special, placed)
    for siblings in _by_parent(nodes):
        planner.place(siblings)
    return [planner.plan(node) for node in nodes if node.folder]


@dataclass(frozen=True, slots=True, eq=False)
class _Node:
    """A name in the source's tree; `folder` is None where only its children can be opened."""

    path: Path
    folder: Folder | None


def _nodes(folders: Iterable[Folder]) -> list[_Node]:
    """Folders and missing parents, by path. Of two folders with one path, the first in order of
    keys is the parent of what is below that path."""
    ordered = sorted(folders, key=lambda folder: (_source_path(folder), folder.key))
    nodes = [_Node(_source_path(folder), folder) for folder in ordered]
    known = {node.path for node in nodes}
    parents = {path[:depth] for path in known for depth in range(1, len(path))}
    nodes += [_Node(path, None) for path in parents - known]
    return sorted(nodes, key=lambda node: (node.path, node.folder.key if node.folder else ""))


def _source_path(folder: Folder) -> Path:
    return folder.path or ("",)


def _by_parent(nodes: Sequence[_Node]) -> Iterator[list[_Node]]:
    """The children of each parent, parents before their children."""
    groups: dict[Path, list[_Node]] = {}
    for node in nodes:
        groups.setdefault(node.path[:-1], []).append(node)
    for parent in sorted(groups, key=lambda path: (len(path), path)):
        yield groups[parent]


def _choose_special(nodes: Sequence[_Node], placed: Mapping[str, Path]) -> Mapping[str, SpecialUse]:
    """Folder key -> special use: at most one folder for each use."""
    names = {fold_name(name): use for use, names in _WELL_KNOWN.items() for name in names}
    chosen = _already_special(nodes, placed)
    for by_flag in (True, False):
        for node in nodes:
            folder = node.folder
            if folder is None or folder.key in chosen or folder.key in placed:
                continue
            use = folder.special
            if not by_flag and use is None and len(node.path) == 1:
                use = names.get(fold_name(node.path[0]))
            if use is not None and use not in chosen.values():
                chosen[folder.key] = use
    return chosen


def _already_special(nodes: Sequence[_Node], placed: Mapping[str, Path]) -> dict[str, SpecialUse]:
    """Uses that earlier passes gave away, whether or not the source still has the folder."""
    uses = {(name,): use for use, name in DISPLAY_NAMES.items()}
    return {key: uses[path] for key, path in placed.items() if path in uses}


@dataclass(slots=True)
class _Planner:
    """Gives places away, one group of siblings after the other."""

    special: Mapping[str, SpecialUse]
    placed: Mapping[str, Path]
    _taken: set[Path] = field(default_factory=set)
    _places: dict[_Node, tuple[Path, str]] = field(default_factory=dict)
    _parents: dict[Path, Path] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._parents[()] = ()
        reserved = [*DISPLAY_NAMES.values(), *_NOT_FOR_MAIL]
        self._taken.update(_fold_path((name,)) for name in reserved)
        self._taken.update(_fold_path(path) for path in self.placed.values())

    def plan(self, node: _Node) -> FolderPlan:
        folder = node.folder
        assert folder is not None
        path, reason = self._places[node]
        return FolderPlan(folder, path, self.special.get(folder.key), reason)

    def place(self, siblings: Sequence[_Node]) -> None:
        """Fixed places first, then clean names, then those that must change to fit in."""
        parent = self._parents[siblings[0].path[:-1]]
        rest = []
        for node in siblings:
            name, reason = fit_name(node.path[-1])
            if not self._place_fixed(node) and (reason or not self._take(node, (*parent, name))):
                rest.append((node, name, reason))
        for node, name, reason in rest:
            self._place_changed(node, parent, name, reason)

    def _place_fixed(self, node: _Node) -> bool:
        key = node.folder.key if node.folder else ""
        if key in self.placed:
            reason = "" if self.placed[key] == node.path else "the place of earlier passes"
            self._settle(node, self.placed[key], reason)
        elif key in self.special:
            use = self.special[key]
            path = (DISPLAY_NAMES[use],)
            self._settle(node, path, "" if path == node.path else f"the {use} folder")
        else:
            return False
        return True

    def _place_changed(self, node: _Node, parent: Path, name: str, reason: str) -> None:
        if reason and self._take(node, (*parent, name), reason):
            return
        reason = f"{reason}; name is taken" if reason else "name is taken"
        for number in count(2):
            if self._take(node, (*parent, mark_name(name, str(number))), reason):
                return

    def _take(self, node: _Node, path: Path, reason: str = "") -> bool:
        folded = _fold_path(path)
        if folded in self._taken:
            return False
        self._taken.add(folded)
        if not reason and path != node.path:
            reason = "follows its parent"
        self._settle(node, path, reason)
        return True

    def _settle(self, node: _Node, path: Path, reason: str) -> None:
        self._places[node] = (path, reason)
        self._parents.setdefault(node.path, path)


def _fold_path(path: Path) -> Path:
    return tuple(fold_name(name) for name in path)
