"""Mail folders, and those that every mailbox has, with their names in some languages."""

from __future__ import annotations

from dataclasses import dataclass, field

from localrun.fakes.graph.ids import ItemIds
from localrun.fakes.graph.messages import Message

ROOT = "msgfolderroot"

_NAMES = {
    "en": {
        "inbox": "Inbox",
        "drafts": "Drafts",
        "sentitems": "Sent Items",
        "deleteditems": "Deleted Items",
        "junkemail": "Junk Email",
        "archive": "Archive",
        "outbox": "Outbox",
        "conversationhistory": "Conversation History",
        "syncissues": "Sync Issues",
        "conflicts": "Conflicts",
        "localfailures": "Local Failures",
        "serverfailures": "Server Failures",
        ROOT: "Top of Information Store",
        "searchfolders": "Finder",
        "recoverableitemsdeletions": "Deletions",
    },
    "de": {
        "inbox": "Posteingang",
        "drafts": "Entwürfe",
        "sentitems": "Gesendete Elemente",
        "deleteditems": "Gelöschte Elemente",
        "junkemail": "Junk-E-Mail",
        "archive": "Archiv",
        "outbox": "Postausgang",
        "conversationhistory": "Aufgezeichnete Unterhaltungen",
        "syncissues": "Synchronisierungsprobleme",
        "conflicts": "Konflikte",
        "localfailures": "Lokale Fehler",
        "serverfailures": "Serverfehler",
        ROOT: "Oberste Ebene des Informationsspeichers",
        "searchfolders": "Suchordner",
        "recoverableitemsdeletions": "Deletions",
    },
    "fr": {
        "inbox": "Boîte de réception",
        "drafts": "Brouillons",
        "sentitems": "Éléments envoyés",
        "deleteditems": "Éléments supprimés",
        "junkemail": "Courrier indésirable",
        "archive": "Archive",
        "outbox": "Boîte d'envoi",
        "conversationhistory": "Historique des conversations",
        "syncissues": "Problèmes de synchronisation",
        "conflicts": "Conflits",
        "localfailures": "Défaillances locales",
        "serverfailures": "Défaillances du serveur",
        ROOT: "Haut de la banque d'informations",
        "searchfolders": "Rechercheur",
        "recoverableitemsdeletions": "Deletions",
    },
}
_IN_SYNC_ISSUES = ("conflicts", "localfailures", "serverfailures")
_OUTSIDE = ("searchfolders", "recoverableitemsdeletions")
_MAYBE = ("clutter", "scheduled", "recoverableitemsroot")
WELL_KNOWN = frozenset({*_NAMES["en"], *_MAYBE})


def well_known(language: str) -> list[tuple[str, str, str]]:
    """Which folders a new mailbox has: name in paths, display name, name of the parent ("" for the
    mailbox's root, which nobody sees)."""
    found = []
    for key, name in sorted(_NAMES[language].items(), key=lambda row: _rank(row[0])):
        parent = "syncissues" if key in _IN_SYNC_ISSUES else ROOT
        found.append((key, name, "" if key in {ROOT, *_OUTSIDE} else parent))
    return found


def _rank(key: str) -> tuple[bool, bool]:
    """Parents first."""
    return key != ROOT, key in _IN_SYNC_ISSUES


@dataclass(slots=True, eq=False)
class MailFolder:
    """`well_known` is its name in paths, "" for most. `log` holds the numbers of the messages that
    came, changed or went, in order: a position in it is what a delta token stands for. `gone` has
    the ids of those that went. `others` are items that are no messages: they count, and no list of
    messages shows them."""

    id: str
    name: str
    parent: MailFolder | None
    well_known: str = ""
    hidden: bool = False
    search: bool = False
    children: list[MailFolder] = field(default_factory=list)
    messages: dict[int, Message] = field(default_factory=dict)
    log: list[int] = field(default_factory=list)
    gone: dict[int, ItemIds] = field(default_factory=dict)
    others: int = 0

    def below(self) -> list[MailFolder]:
        """It and all folders in it."""
        return [self, *(one for child in self.children for one in child.below())]

    @property
    def path(self) -> tuple[str, ...]:
        """Display names below the top of the information store; () for that itself."""
        if self.parent is None or self.well_known == ROOT:
            return ()
        return (*self.parent.path, self.name)
