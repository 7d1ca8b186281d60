"""Tasks of Microsoft To Do over Microsoft Graph, read only."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from urllib.parse import quote

from migration import identity
from migration.errors import CredentialsRejected
from migration.groupware_port import (
    Collection,
    CollectionKind,
    Entry,
    NotReadable,
    Read,
    Vanished,
)
from migration.items.content import Attachment
from migration.items.graph_files import BYTES
from migration.items.graph_tasks import COMPLETED, KIND, TaskParts, read_task
from migration.items.losses import Loss
from migration.items.times import Zone
from migration.items.zone_names import find_zone
from migration.sources.entry_parts import read_in_parts
from migration.sources.graph_kinds import asked_for_all, refuse, refuse_part, translated
from migration.sources.graph_octets import LARGEST, read_octets
from migration.wire.graph import GraphClient
from migration.wire.graph_http import TOO_LARGE
from migration.wire.graph_model import GraphRefused, Json

_PAGE = "$top=100"  # without $top Graph lists the first ones only, and no link to the others
_OPEN = f"$filter=status%20ne%20'{COMPLETED}'&{_PAGE}"
_DEFAULT, _FLAGGED = "defaultList", "flaggedEmails"
_AT_ONCE = 50
_STEPS, _LINKS, _FILES = "checklistItems", "linkedResources", "attachments"


class GraphTasks:
    """A `KindReader`. Each list of tasks is a collection, but for that of flagged mail, which comes
    with the mail, and for what others share. Whether lastModifiedDateTime, an entry's version, also
    changes with a task's steps, links and files, Graph does not say.

    $select is not used: Graph takes no notice of it here, and fails over some properties.
    """

    def __init__(self, client: GraphClient, user: str) -> None:
        """`user` is an id or a user principal name, as it is, not quoted."""
        self._client = client
        self._mailbox = f"/users/{quote(user, safe='')}"
        self._paths: dict[str, str] = {}
        self._repeating: dict[str, Mapping[str, object]] = {}
        self._zone: Zone | None = None
        self._knows_zone = False

    def collections(self) -> Sequence[Collection]:
        with asked_for_all():
            lists = list(self._client.values(f"{self._mailbox}/todo/lists?{_PAGE}"))
        own = [one for one in lists if one.get("wellknownListName") != _FLAGGED]
        others = [one for one in own if one.get("isOwner") is False]
        found = []
        for one in own:
            if one in others:
                continue
            path = f"{self._mailbox}/todo/lists/{quote(one['id'], safe='')}/tasks"
            collection = _make_collection(one)
            self._paths[collection.key] = path
            found.append(collection)
        return _tell_others(found, len(others))

    def entries(self, collection: Collection) -> Sequence[Entry]:
        path = self._find(collection)
        if path is None:
            return []
        self._repeating.pop(path, None)
        with translated():
            listed = self._client.values(f"{path}?{_PAGE}")
            found = {one["id"]: Entry(one["id"], _version_of(one)) for one in listed}
        return list(found.values())

    def fetch(
        self, collection: Collection, entries: Sequence[Entry]
    ) -> Iterator[Read | Vanished | NotReadable]:
        path = self._find(collection) if entries else None
        read = None if path is None else partial(self._read, path)
        with translated():
            yield from read_in_parts(entries, _AT_ONCE, read)

    def _find(self, collection: Collection) -> str | None:
        """The path of its tasks; None if it is not there any more."""
        if collection.key not in self._paths:
            self.collections()
        return self._paths.get(collection.key)

    # -- tasks

    def _read(self, path: str, part: Sequence[Entry]) -> Iterator[Read | Vanished | NotReadable]:
        places = [f"{path}/{quote(entry.uid, safe='')}" for entry in part]
        tasks = self._client.batch(places)
        steps = self._read_lists([f"{place}/{_STEPS}" for place in places])
        links = self._read_lists([f"{place}/{_LINKS}" for place in places])
        for entry, place, task, of, to in zip(part, places, tasks, steps, links, strict=True):
            if isinstance(task, GraphRefused):
                yield refuse(entry, task)
            elif isinstance(of, GraphRefused):
                yield refuse_part(entry, of)
            elif isinstance(to, GraphRefused):
                yield refuse_part(entry, to)
            else:
                yield self._read_one(entry, path, place, task, TaskParts(of, to))

    def _read_lists(self, paths: Sequence[str]) -> list[list[Json] | GraphRefused]:
        """All members of each."""
        found = list[list[Json] | GraphRefused]()
        for first in self._client.batch([f"{path}?{_PAGE}" for path in paths]):
            if isinstance(first, GraphRefused):
                found.append(first)
                continue
            rest = self._client.values(first.get("@odata.nextLink", ""))
            found.append([*first.get("value", ()), *rest])
        return found

    def _read_one(
        self, entry: Entry, path: str, place: str, task: Json, parts: TaskParts
    ) -> Read | Vanished | NotReadable:
        try:
            files, losses = self._read_files(place, task)
        except GraphRefused as refused:
            return refuse_part(entry, refused)
        whole = self._complete(path, task)
        found = read_task(whole, replace(parts, files=files), self._find_zone())
        told = {**whole, _STEPS: list(parts.steps), _LINKS: list(parts.links), _FILES: _show(files)}
        raw = json.dumps(told, ensure_ascii=False).encode("utf-8", "surrogatepass")
        read = Entry(entry.uid, _version_of(task) or entry.version)
        return Read(read, (found.task,), (*losses, *found.losses), raw)

    def _read_files(self, place: str, task: Json) -> tuple[list[Attachment], list[Loss]]:
        files, losses, left = list[Attachment](), list[Loss](), LARGEST
        if not task.get("hasAttachments"):
            return files, losses
        for one in self._client.values(f"{place}/{_FILES}"):
            try:
                files.append(self._read_file(place, one, left))
                left -= len(files[-1].data or b"")
            except GraphRefused as refused:
                is_large = refused.code == TOO_LARGE
                why = "it is too large" if is_large else "Graph does not give it"
                losses.append(Loss(_FILES, KIND, why, str(task.get("id") or "")))
        return files, losses

    def _read_file(self, place: str, file: Json, most: int) -> Attachment:
        id_ = quote(file["id"], safe="")
        content = read_octets(self._client, f"{place}/{_FILES}/{id_}/$value", most)
        name, media_type = file.get("name") or "", file.get("contentType") or ""
        return Attachment(name, media_type, content)

    def _complete(self, path: str, task: Json) -> Json:
        """The task with its recurrence. Graph has been seen to leave it out but for lists of open
        tasks alone."""
        if task.get("recurrence") or task.get("status") == COMPLETED:
            return task
        if path not in self._repeating:
            listed = self._client.values(f"{path}?{_OPEN}")
            rules = {one["id"]: one.get("recurrence") for one in listed}
            self._repeating[path] = {id_: rule for id_, rule in rules.items() if rule}
        rule = self._repeating[path].get(task["id"])
        return {**task, "recurrence": rule} if rule else task

    def _find_zone(self) -> Zone | None:
        """The zone of the mailbox; None if the application may not know it."""
        if not self._knows_zone:
            try:
                told = self._client.get(f"{self._mailbox}/mailboxSettings").get("timeZone")
            except GraphRefused:
                told = None
            except CredentialsRejected as error:
                if not error.after_login:
                    raise
                told = None
            self._zone = find_zone(told) if told else None
            self._knows_zone = True
        return self._zone


def _make_collection(told: Json) -> Collection:
    key = identity.folder_key(f"graph {CollectionKind.TASKS} {told['id']}")
    losses: tuple[Loss, ...] = ()
    if told.get("isShared"):
        why = "others may open it; share it again in WorkMail"
        losses = (Loss("sharing", CollectionKind.TASKS, why),)
    is_default = told.get("wellknownListName") == _DEFAULT
    name = told.get("displayName") or ""
    return Collection(key, CollectionKind.TASKS, name, is_default=is_default, losses=losses)


def _tell_others(found: list[Collection], others: int) -> list[Collection]:
    if not others or not found:
        return found
    why = "is shared by somebody else, whose own it stays; nothing of it is copied"
    loss = Loss("collection", f"{others} of them" if others > 1 else "one", why)
    return [replace(found[0], losses=(loss, *found[0].losses)), *found[1:]]


def _show(files: Sequence[Attachment]) -> list[Json]:
    """Files as Graph shows them: how much an item brings decides how many are read at once."""
    return [
        {"name": one.name, BYTES: base64.b64encode(one.data or b"").decode("ascii")}
        for one in files
    ]


def _version_of(task: Json) -> str:
    return task.get("lastModifiedDateTime") or ""
