"""Amazon WorkMail as a target, over Exchange Web Services.

A message is created from its MIME, together with MAPI properties for what MIME does not hold:
flags, the received date, and the migration key, a named property by which the folder can be asked
what it has. Nothing is added to the message itself, and nobody is sent anything.

Kept: bytes as far as the server keeps them (Exchange rebuilds MIME from properties), received and
sent date to the second, \\Seen \\Flagged \\Answered \\Draft $Forwarded, other keywords as
categories. A message that is answered and forwarded shows as answered: it is one property.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence

from migration.model import FolderPlan, Outcome, Rejected, SpecialUse, Stamped, Stored
from migration.ports import Capabilities
from migration.targets.workmail_errors import ITEM_BUSY_CODES, is_about_mailbox, translated
from migration.targets.workmail_message import KEY, new_message
from migration.wire.ews import EwsClient
from migration.wire.ews_http import DEFAULT_BACK_OFF
from migration.wire.ews_model import (
    AnswerLost,
    Created,
    Exists,
    FolderInfo,
    FolderRef,
    HasAny,
    Refused,
    RequestRefused,
    RequestTooLarge,
    ServerBusy,
)

_ROOT = FolderRef("msgfolderroot", distinguished=True)
_DISTINGUISHED = {
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

_BATCH_ITEMS = 100
_BATCH_BYTES = 8_000_000
_KEYS_PER_SEARCH = 50  # far fewer than a page holds: one page is all there is

_WORTH_A_SECOND_TRY = frozenset(
    {"ErrorInternalServerError", "ErrorItemSave", "ErrorIrresolvableConflict"}
)
"""Codes of one item that may be about the moment and not about the message."""


class WorkmailEwsTarget:
    """A `ports.Target`. Owns the client: close() closes it."""

    def __init__(self, client: EwsClient) -> None:
        self._client = client
        self._tree: dict[tuple[str, str], FolderInfo] | None = None

    @property
    def capabilities(self) -> Capabilities:
        """40 MB of MIME is WorkMail's limit for a message."""
        return Capabilities(max_item_bytes=40 * 1024 * 1024)

    def close(self) -> None:
        """Ends the connections; may be called twice."""
        self._client.close()

    def probe(self) -> None:
        """Opens the mailbox, reading only; raises what any other call would."""
        with translated():
            self._distinguished("inbox")

    def ensure_folder(self, plan: FolderPlan) -> str:
        """Creates the folder and its parents where missing; its id. No error if it exists."""
        with translated():
            if plan.special in _DISTINGUISHED:
                return self._distinguished(_DISTINGUISHED[plan.special])
            first = _ALWAYS_THERE.get(_fold(plan.path[0]))
            if first is not None:
                folder_id, rest = self._distinguished(first), plan.path[1:]
            else:
                folder_id, rest = self._distinguished(_ROOT.id), plan.path
            for name in rest:
                folder_id = self._ensure_child(folder_id, name)
            return folder_id

    def mark(self, folder_id: str) -> str:
        """Empty: `since` asks for the keys themselves, wherever they stand in the folder."""
        return ""

    def append(self, folder_id: str, batch: Iterable[Stamped]) -> Iterator[Outcome]:
        """Stores the items in requests of at most 100 items or 8 MB; one outcome each, in order.

        A request whose answer is lost is not sent again: TargetBusy, and its `retry_after` is when
        `since` can be trusted.
        """
        for group in _groups(batch):
            with translated():
                outcomes = self._store(folder_id, group)
            yield from outcomes

    def since(self, folder_id: str, mark: str, keys: Sequence[str]) -> frozenset[str]:
        """Which of `keys` the folder holds."""
        with translated():
            return frozenset(self._search(folder_id, keys))

    def count(self, folder_id: str) -> int:
        """How many items of the folder carry a migration key."""
        with translated():
            return self._client.find_items(FolderRef(folder_id), Exists(KEY), limit=1).total

    # -- folders

    def _distinguished(self, name: str) -> str:
        return self._client.get_folder(FolderRef(name, distinguished=True)).id

    def _ensure_child(self, parent_id: str, name: str) -> str:
        """A child of that name for mail. A calendar of that name is left alone."""
        known = self._child(parent_id, name)
        if known is not None and not _holds_mail(known):
            name = f"{name} (mail)"
            known = self._child(parent_id, name)
        return known.id if known is not None else self._create_child(parent_id, name)

    def _create_child(self, parent_id: str, name: str) -> str:
        """Also right when another worker creates it at this moment, or the answer is lost."""
        try:
            folder_id = self._client.create_folder(FolderRef(parent_id), name)
        except (RequestRefused, AnswerLost) as error:
            self._tree = None
            known = self._child(parent_id, name)
            if known is None:
                raise
            if isinstance(error, RequestRefused) and error.code != "ErrorFolderExists":
                raise
            return known.id
        if self._tree is not None:
            info = FolderInfo(folder_id, parent_id, name, "IPF.Note", 0)
            self._tree[parent_id, _fold(name)] = info
        return folder_id

    def _child(self, parent_id: str, name: str) -> FolderInfo | None:
        if self._tree is None:
            folders = self._client.folders(_ROOT)
            self._tree = {(folder.parent_id, _fold(folder.name)): folder for folder in folders}
        return self._tree.get((parent_id, _fold(name)))

    # -- messages

    def _store(self, folder_id: str, group: Sequence[Stamped]) -> list[Outcome]:
        """An item whose refusal may have been bad luck is sent once more, alone."""
        outcomes = self._send(folder_id, group)
        for position, outcome in enumerate(outcomes):
            if isinstance(outcome, Rejected) and outcome.reason in _WORTH_A_SECOND_TRY:
                (outcomes[position],) = self._send(folder_id, [group[position]])
        return outcomes

    def _send(self, folder_id: str, group: Sequence[Stamped]) -> list[Outcome]:
        try:
            return self._create(folder_id, group)
        except (RequestTooLarge, RequestRefused) as error:
            code = error.code if isinstance(error, RequestRefused) else "ErrorMessageSizeExceeded"
            if is_about_mailbox(code):
                raise
            if len(group) == 1:
                return [Rejected(group[0].key, code)]
        # The whole request is refused and nothing stored: halves find the item that is to blame.
        middle = len(group) // 2
        return self._send(folder_id, group[:middle]) + self._send(folder_id, group[middle:])

    def _create(self, folder_id: str, group: Sequence[Stamped]) -> list[Outcome]:
        messages = [new_message(stamped) for stamped in group]
        answers = self._client.create_items(FolderRef(folder_id), messages)
        return [
            _outcome(stamped.key, answer) for stamped, answer in zip(group, answers, strict=True)
        ]

    def _search(self, folder_id: str, keys: Sequence[str]) -> dict[str, str]:
        """Key -> item id for those of the keys that the folder holds."""
        found: dict[str, str] = {}
        for start in range(0, len(keys), _KEYS_PER_SEARCH):
            wanted = HasAny(KEY, tuple(keys[start : start + _KEYS_PER_SEARCH]))
            page = self._client.find_items(FolderRef(folder_id), wanted, [KEY])
            found |= {item.values[KEY]: item.id for item in page.items if KEY in item.values}
        asked = frozenset(keys)
        return {key: item_id for key, item_id in found.items() if key in asked}


def _outcome(key: str, answer: Created | Refused) -> Outcome:
    """Raises when a refusal is about more than this item: the caller cannot go on."""
    if isinstance(answer, Created):
        return Stored(key, answer.id)
    if answer.code in ITEM_BUSY_CODES:
        raise ServerBusy(answer.code, answer.retry_after or DEFAULT_BACK_OFF)
    if is_about_mailbox(answer.code):
        raise RequestRefused(answer.code)
    return Rejected(key, answer.code)


def _groups(batch: Iterable[Stamped]) -> Iterator[list[Stamped]]:
    group: list[Stamped] = []
    size = 0
    for stamped in batch:
        if group and (len(group) == _BATCH_ITEMS or size + len(stamped.item.mime) > _BATCH_BYTES):
            yield group
            group, size = [], 0
        group.append(stamped)
        size += len(stamped.item.mime)
    if group:
        yield group


def _holds_mail(folder: FolderInfo) -> bool:
    return folder.folder_class in ("", "IPF.Note") or folder.folder_class.startswith("IPF.Note.")


def _fold(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()
