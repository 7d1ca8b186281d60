"""The calendars of a mailbox in Microsoft Graph: which are the person's own, and what is left out.
Pure.

https://learn.microsoft.com/graph/api/resources/calendar and calendarpermission
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from migration import identity
from migration.groupware_port import Collection, CollectionKind
from migration.items.losses import Loss
from migration.wire.graph_model import Json

SELECT = "$select=id,name,color,canEdit,isDefaultCalendar,owner"
_NO_ROLES = ("none", "freeBusyRead")
_NO_COLOURS = ("", "auto")


@dataclass(frozen=True, slots=True)
class Place:
    """A calendar by its id."""

    id: str
    collection: Collection


@dataclass(frozen=True, slots=True)
class Sorted:
    """What is copied; how many are not, by the keys of collection_names.OTHERS; and the addresses
    of the mailbox, in lower case."""

    places: tuple[Place, ...]
    others: Counter[str]
    own: frozenset[str]


def sort_out(listed: Iterable[Json], user: str) -> Sorted:
    """Of the calendars that are shown to the person with the user principal name or address `user`.

    The owner of the default calendar is the mailbox itself; what has another owner is shared by
    somebody, in whose mailbox it is copied. What is the mailbox's own and cannot be edited is
    filled by Exchange: birthdays, holidays, calendars of the internet. A copy would say what was
    true on the day of the migration, and would be open to changes; so it is not copied, as what a
    DAV server has subscribed to is not.
    """
    calendars = list(listed)
    mailbox = {_owner(one) for one in calendars if one.get("isDefaultCalendar") is True}
    own = frozenset(mailbox | {user.lower()}) - {""}
    places, others = list[Place](), Counter[str]()
    for one in calendars:
        is_default = one.get("isDefaultCalendar") is True
        if not is_default and _owner(one) and mailbox and _owner(one) not in own:
            others["shared"] += 1
        elif not is_default and one.get("canEdit") is False:
            others["filled"] += 1
        else:
            places.append(_make_place(one, is_default=is_default))
    return Sorted(tuple(places), others, own)


def _owner(calendar: Json) -> str:
    owner = calendar.get("owner") or {}
    return str(owner.get("address") or "").lower()


def _make_place(calendar: Json, *, is_default: bool) -> Place:
    kind = CollectionKind.CALENDAR
    key = identity.folder_key(f"graph {kind} {calendar['id']}")
    losses = []
    if str(calendar.get("color") or "") not in _NO_COLOURS:
        losses.append(Loss("colour", kind, "Exchange's folders have none"))
    name = str(calendar.get("name") or "")
    return Place(calendar["id"], Collection(key, kind, name, is_default, losses=tuple(losses)))


def tell_sharings(permissions: Iterable[Json]) -> Iterator[Loss]:
    """Whether others may see more of a calendar than when somebody is free, which everybody in the
    organization may unless it was changed."""
    roles = [str(one.get("role") or "none") for one in permissions]
    if any(role not in _NO_ROLES for role in roles):
        why = "others may open it; share it again in WorkMail"
        yield Loss("sharing", CollectionKind.CALENDAR, why)
