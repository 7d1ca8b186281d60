"""Rules of the inbox and the automatic reply of a mailbox over Microsoft Graph, read only."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import quote

from migration.errors import CredentialsRejected
from migration.mailbox_settings import AutomaticReply, MailboxSettings, Rule
from migration.sources.graph_rules import folders_of, read_reply, read_rule
from migration.wire.graph import GraphClient
from migration.wire.graph_model import GraphRefused

RULES, REPLY = "rules", "reply"
"""How the codes of problems begin; what Graph says of it stands behind a colon."""

_DENIED = "denied"
_BETWEEN = " / "
_DEEPEST = 20


class GraphSettings:
    """A `SettingsSource`. Rules that programs keep for themselves alone, as Outlook does with those
    that it follows only while it runs, are not shown by Graph."""

    def __init__(self, client: GraphClient, user: str) -> None:
        """`user` is an id or a user principal name, as it is, not quoted."""
        self._client = client
        self._mailbox = f"/users/{quote(user, safe='')}"

    def read(self) -> MailboxSettings:
        problems = list[str]()
        rules, reply = tuple[Rule, ...](), None
        try:
            rules = self._read_rules()
        except GraphRefused as refused:
            problems.append(f"{RULES}:{_code_of(refused)}")
        except CredentialsRejected as error:
            problems.append(_denied(RULES, error))
        try:
            reply = self._read_reply()
        except GraphRefused as refused:
            problems.append(f"{REPLY}:{_code_of(refused)}")
        except CredentialsRejected as error:
            problems.append(_denied(REPLY, error))
        return MailboxSettings(rules, reply, tuple(problems))

    def close(self) -> None:
        self._client.close()

    def _read_rules(self) -> tuple[Rule, ...]:
        told = list(self._client.values(f"{self._mailbox}/mailFolders/inbox/messageRules"))
        folders = self._name_folders(id_ for one in told for id_ in folders_of(one))
        rules = [read_rule(one, folders) for one in told]
        return tuple(sorted(rules, key=lambda rule: rule.order))

    def _read_reply(self) -> AutomaticReply | None:
        told = self._client.get(f"{self._mailbox}/mailboxSettings")
        return read_reply(told.get("automaticRepliesSetting") or {})

    # -- names of folders

    def _name_folders(self, ids: Iterable[str]) -> dict[str, str]:
        """The full names of those that are there."""
        wanted = list(dict.fromkeys(ids))
        if not wanted:
            return {}
        root = self._client.get(f"{self._mailbox}/mailFolders/msgfolderroot?$select=id")
        known = dict[str, tuple[str, str]]()
        to_do = wanted
        for _ in range(_DEEPEST):
            to_do = [id_ for id_ in to_do if id_ not in known and id_ not in ("", root.get("id"))]
            if not to_do:
                break
            known |= self._look_up(to_do)
            to_do = list(dict.fromkeys(known[id_][1] for id_ in to_do if id_ in known))
        return {id_: _join(id_, known) for id_ in wanted if id_ in known}

    def _look_up(self, ids: list[str]) -> dict[str, tuple[str, str]]:
        """Name and the folder above, by id."""
        select = "$select=displayName,parentFolderId"
        paths = [f"{self._mailbox}/mailFolders/{quote(id_, safe='')}?{select}" for id_ in ids]
        found = zip(ids, self._client.batch(paths), strict=True)
        return {
            id_: (one.get("displayName") or "", one.get("parentFolderId") or "")
            for id_, one in found
            if not isinstance(one, GraphRefused)
        }


def _join(id_: str, known: dict[str, tuple[str, str]]) -> str:
    names = list[str]()
    while id_ in known and len(names) < _DEEPEST:
        name, id_ = known[id_]
        names.insert(0, name)
    return _BETWEEN.join(names)


def _denied(what: str, error: CredentialsRejected) -> str:
    """The code; raises the error again if it is about the login itself."""
    if not error.after_login:
        raise error
    return f"{what}:{_DENIED}"


def _code_of(refused: GraphRefused) -> str:
    return refused.code or f"http-{refused.status}"
