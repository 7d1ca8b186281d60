"""Items that tests put into a mailbox as JSON: events, contacts, tasks, and what they have."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from localrun.fakes.graph.answers import GraphError, Json, check_select, chosen, moment
from localrun.fakes.graph.ids import ItemIds, change_key, container_id, item_ids
from localrun.fakes.graph.mailbox import Mailbox
from localrun.fakes.graph.paging import context
from localrun.fakes.graph.routing import Call

_EXTENDED = "singleValueExtendedProperties"
_EXPAND = re.compile(rf"{_EXTENDED}\(\s*\$filter=(.*)\)", re.IGNORECASE)
_ID = re.compile(r"\s*id\s+eq\s+'([^']+)'\s*", re.IGNORECASE)


@dataclass(eq=False)
class Item:
    """`told` is what a test has put. `state` grows with every change, and changeKey with it."""

    ids: ItemIds
    told: Json
    created: datetime
    modified: datetime
    state: int = 0
    files: list[File] = field(default_factory=list)

    def change(self, now: datetime, changes: Mapping[str, object] | None = None) -> None:
        """`changes` replace properties; None takes one away."""
        self.told |= changes or {}
        self.state += 1
        self.modified = now

    @property
    def change_key(self) -> str:
        return change_key(self.ids.immutable, self.state)

    def frame(self, immutable: bool) -> Json:
        """What every item of Outlook has."""
        return {
            "@odata.etag": f'W/"{self.change_key}"',
            "id": self.ids.told(immutable),
            "createdDateTime": moment(self.created),
            "lastModifiedDateTime": moment(self.modified),
            "changeKey": self.change_key,
            "categories": [],
        }


@dataclass(eq=False)
class File:
    """An attachment. `told` are the properties that Graph tells of its kind, without the content;
    one without content has no $value."""

    id: str
    told: Json
    content: bytes | None

    def json(self, with_content: bool) -> Json:
        told = {"@odata.type": self.told["@odata.type"], "id": self.id, **self.told}
        if with_content and self.content is not None:
            told["contentBytes"] = base64.b64encode(self.content).decode("ascii")
        return told


def new_item(box: Mailbox, kind: str, told: Mapping[str, object], place: str = "") -> Item:
    now = box.moment()
    ids = item_ids(box.address, kind, box.new_number(), place)
    return Item(ids, dict(told), now, now)


def new_id(box: Mailbox, kind: str) -> str:
    return container_id(box.address, kind, box.new_number())


def find_item(items: Iterable[Item], uid: str) -> Item:
    """By either of its ids. GraphError if there is none."""
    for item in items:
        if uid in (item.ids.immutable, item.ids.ordinary):
            return item
    raise not_there(uid)


def not_there(uid: str) -> GraphError:
    if not uid.startswith(("A", "O")):
        return GraphError(400, "ErrorInvalidIdMalformed", "Id is malformed.")
    return GraphError(404, "ErrorItemNotFound", "The specified object was not found in the store.")


def pick(told: Json, select: str, known: Iterable[str] = ()) -> Json:
    """What $select names. GraphError for a name that neither `told` nor `known` has."""
    check_select(select, {*told, *known})
    return chosen(told, select)


def one(call: Call, told: Json) -> Json:
    """A single resource, as an answer."""
    return {"@odata.context": context(call), **told}


def with_extended(told: Json, expand: str) -> Json:
    """Of the extended properties those that $expand asks for; none without it."""
    put = told.get(_EXTENDED) or []
    shown = {name: value for name, value in told.items() if name != _EXTENDED}
    wanted = _wanted(expand)
    found = [one for one in put if one["id"].casefold() in wanted]
    return {**shown, _EXTENDED: found} if found else shown


def _wanted(expand: str) -> set[str]:
    """In lower case, as "string 0x3a1f" or with the set and the name of a named one."""
    if not expand:
        return set()
    found = _EXPAND.fullmatch(expand.strip())
    ids = [_ID.fullmatch(term) for term in re.split(r"\s+or\s+", found[1] if found else "")]
    if not all(ids):
        raise GraphError(400, "ErrorInvalidUrlQuery", f"'{expand}' cannot be expanded.")
    return {one[1].casefold() for one in ids if one}
