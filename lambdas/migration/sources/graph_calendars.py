"""Calendars of a mailbox over Microsoft Graph, read only. A room's are read like a person's."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from migration.errors import ItemMalformed
from migration.groupware_port import (
    Collection,
    CollectionKind,
    Entry,
    NotReadable,
    Read,
    Vanished,
)
from migration.items.graph_events import EXCEPTIONS, OF_SERIES, SELECT, read_event
from migration.items.graph_files import ATTACHMENTS
from migration.items.graph_zones import INSTANCES, needs_instances
from migration.items.losses import Loss
from migration.sources import graph_calendar_list
from migration.sources.collection_names import tell_others
from migration.sources.entry_parts import read_in_parts
from migration.sources.graph_attachments import has_files, read_files
from migration.sources.graph_calendar_list import Place, tell_sharings
from migration.sources.graph_kinds import asked_for_all, is_gone, refuse, translated
from migration.sources.graph_series import (
    expand,
    is_master,
    make_version,
    read_masters,
    was_master,
)
from migration.wire.graph import GraphClient
from migration.wire.graph_http import TOO_LARGE
from migration.wire.graph_model import GraphRefused, Json

_AT_ONCE = 20
_DAY = re.compile(r"(\d{4})-(\d\d-\d\d)")
_LISTED = "$select=id,changeKey,type&$top=250"
_OF_VERSION = ("id", "changeKey", "type", "lastModifiedDateTime", "cancelledOccurrences")
_UNSEEN = Loss("sharing", CollectionKind.CALENDAR, "Graph does not say with whom it is shared")


class GraphCalendars:
    """A `KindReader`. An entry is an event, or a series as a whole; its version is its changeKey,
    for a series with what is known of its changed and cancelled occurrences, for which each master
    has to be asked. What others share, and what Exchange fills itself, is not copied: the first
    calendar tells it."""

    def __init__(self, client: GraphClient, user: str) -> None:
        """`user` is an id or a user principal name, as it is, not quoted."""
        self._client = client
        self._user = user
        self._mailbox = f"/users/{quote(user, safe='')}"
        self._places: dict[str, Place] = {}
        self._own: frozenset[str] = frozenset()

    def collections(self) -> Sequence[Collection]:
        asked = f"{self._mailbox}/calendars?{graph_calendar_list.SELECT}&$top=100"
        with asked_for_all():
            found = graph_calendar_list.sort_out(self._client.values(asked), self._user)
            permissions = self._read_permissions(found.places)
        self._places = {one.collection.key: one for one in found.places}
        self._own = found.own
        collections = [
            replace(place.collection, losses=(*place.collection.losses, *losses))
            for place, losses in zip(found.places, permissions, strict=True)
        ]
        return _tell(collections, found.others)

    def entries(self, collection: Collection) -> Sequence[Entry]:
        place = self._find(collection)
        if place is None:
            return []
        with translated():
            asked = f"{self._mailbox}/calendars/{quote(place.id, safe='')}/events?{_LISTED}"
            listed = {one["id"]: one for one in self._client.values(asked)}
            masters = [id_ for id_, one in listed.items() if is_master(one)]
            paths = [expand(self._path(id_), (*_OF_VERSION, EXCEPTIONS)) for id_ in masters]
            versions = dict(zip(masters, read_masters(self._client, paths), strict=True))
        return list(_make_entries(listed.values(), versions))

    def fetch(
        self, collection: Collection, entries: Sequence[Entry]
    ) -> Iterator[Read | Vanished | NotReadable]:
        place = self._find(collection) if entries else None
        with translated():
            yield from read_in_parts(entries, _AT_ONCE, None if place is None else self._answers)

    # -- calendars

    def _read_permissions(self, places: Sequence[Place]) -> Iterator[tuple[Loss, ...]]:
        paths = [
            f"{self._mailbox}/calendars/{quote(place.id, safe='')}/calendarPermissions"
            for place in places
        ]
        for page in self._client.batch(paths):
            if isinstance(page, GraphRefused):
                yield (_UNSEEN,)
            else:
                yield tuple(tell_sharings(page.get("value") or []))

    def _find(self, collection: Collection) -> Place | None:
        """Where it is; None if it is not there any more."""
        if collection.key not in self._places:
            self.collections()
        return self._places.get(collection.key)

    # -- events

    def _path(self, id_: str) -> str:
        return f"{self._mailbox}/events/{quote(id_, safe='')}"

    def _answers(self, part: Sequence[Entry]) -> Iterator[Read | Vanished | NotReadable]:
        for entry, answer in zip(part, self._read(part), strict=True):
            yield self._answer(entry, answer)

    def _read(self, entries: Sequence[Entry]) -> list[Json | GraphRefused]:
        """Without their attachments. What is too much for one answer is asked in parts."""
        try:
            return self._read_together(entries)
        except GraphRefused as refused:
            if refused.code != TOO_LARGE:
                raise
            if len(entries) == 1:
                return [refused]
        half = len(entries) // 2
        return [*self._read(entries[:half]), *self._read(entries[half:])]

    def _read_together(self, entries: Sequence[Entry]) -> list[Json | GraphRefused]:
        """What has become a series since it was listed is asked again."""
        plain = f"?$select={','.join(SELECT)}"
        paths = [self._path(entry.uid) for entry in entries]
        asked = [
            expand(path, OF_SERIES) if was_master(entry.version) else f"{path}{plain}"
            for entry, path in zip(entries, paths, strict=True)
        ]
        answers = read_masters(self._client, asked)
        fresh = [
            number
            for number, (entry, answer) in enumerate(zip(entries, answers, strict=True))
            if not was_master(entry.version)
            and not isinstance(answer, GraphRefused)
            and is_master(answer)
        ]
        again = read_masters(self._client, [expand(paths[one], OF_SERIES) for one in fresh])
        for number, answer in zip(fresh, again, strict=True):
            answers[number] = answer
        return answers

    def _answer(self, entry: Entry, answer: Json | GraphRefused) -> Read | Vanished | NotReadable:
        if isinstance(answer, GraphRefused):
            return refuse(entry, answer)
        whole = self._add_instances(self._add_files(answer))
        read = Entry(entry.uid, make_version(answer))
        raw = json.dumps(whole, ensure_ascii=False).encode("utf-8", "surrogatepass")
        try:
            found = read_event(whole, self._own)
        except ItemMalformed as error:
            losses = tuple(Loss("event", "not read", problem) for problem in error.problems)
            return NotReadable(read, error.reason, losses, raw)
        return Read(read, (found.event,), found.losses, raw)

    def _add_instances(self, event: dict[str, Any]) -> dict[str, Any]:
        """The master with occurrences of the years in which it begins, where only they tell its
        zone. A series that Graph does not show so is read without them."""
        window = _window(event) if needs_instances(event) else None
        if window is None:
            return event
        asked = f"{self._path(event['id'])}/{INSTANCES}?{window}&$select=start,type&$top=250"
        try:
            return {**event, INSTANCES: list(self._client.values(asked))}
        except GraphRefused:
            return event

    def _add_files(self, event: Json) -> dict[str, Any]:
        """The event, and its exceptions, with the files of each."""
        exceptions = [dict(one) for one in event.get(EXCEPTIONS) or []]
        whole = {**event, **({EXCEPTIONS: exceptions} if exceptions else {})}
        wanted = [one for one in (whole, *exceptions) if has_files(one)]
        files = read_files(self._client, [self._path(one["id"]) for one in wanted])
        for one, attached in zip(wanted, files, strict=True):
            one[ATTACHMENTS] = attached
        return whole


def _window(event: Json) -> str | None:
    """The first two years of a series, for the query; None if it does not say when it begins."""
    start = event.get("start") or {}
    found = _DAY.match(str(start.get("dateTime") or ""))
    if found is None:
        return None
    year, rest = int(found[1]), found[2]
    return f"startDateTime={year:04}-{rest}T00:00:00Z&endDateTime={year + 2:04}-03-01T00:00:00Z"


def _make_entries(
    listed: Iterable[Json], masters: Mapping[str, Json | GraphRefused]
) -> Iterator[Entry]:
    """One for each that is still there."""
    for one in listed:
        answer = masters.get(one["id"], one)
        if not isinstance(answer, GraphRefused):
            yield Entry(one["id"], make_version(answer))
        elif not is_gone(answer):
            yield Entry(one["id"], f"{make_version(one)}{answer.code}")


def _tell(collections: list[Collection], others: Counter[str]) -> list[Collection]:
    """What is not copied, as losses of the first one; a mailbox has a default calendar."""
    losses = tell_others(others)
    if losses and collections:
        first = collections[0]
        collections[0] = replace(first, losses=(*losses, *first.losses))
    return collections
