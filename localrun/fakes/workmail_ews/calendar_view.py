"""FindItem with a CalendarView: what takes place between two moments, series unfolded."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from lxml import etree

from localrun.fakes.workmail_ews.folder_operations import FIND_LIMIT
from localrun.fakes.workmail_ews.groupware_items import GroupwareItem
from localrun.fakes.workmail_ews.occurrences import occurrences, takes_place
from localrun.fakes.workmail_ews.properties import write_boolean
from localrun.fakes.workmail_ews.soap import ItemRefused
from localrun.fakes.workmail_ews.store import StoredFolder

_WIDEST = timedelta(days=2 * 366)


def view_calendar(
    folder: StoredFolder, view: etree._Element
) -> tuple[list[GroupwareItem], dict[str, str]]:
    """The single items and the occurrences, by their starts, and the attributes of the answer.
    Masters are not among them. ItemRefused for views that Exchange does not give: of more than two
    years, of other folders, with more entries than one answer may hold."""
    start, end = (_moment(view.get(name, "")) for name in ("StartDate", "EndDate"))
    if end < start:
        raise ItemRefused("ErrorCalendarEndDateIsEarlierThanStartDate")
    if end - start > _WIDEST:
        raise ItemRefused("ErrorCalendarViewRangeTooBig")
    if not folder.folder_class.startswith("IPF.Appointment"):
        raise ItemRefused("ErrorCalendarFolderIsInvalidForCalendarView")
    found = sorted(unfold(folder, start, end), key=lambda item: item.moment("Start"))
    most = view.get("MaxEntriesReturned")
    if most is None and len(found) > FIND_LIMIT:
        raise ItemRefused("ErrorExceededFindCountLimit")
    shown = found if most is None else found[: min(int(most), FIND_LIMIT)]
    return shown, {
        "TotalItemsInView": str(len(found)),
        "IncludesLastItemInRange": write_boolean(len(shown) == len(found)),
    }


def unfold(folder: StoredFolder, start: datetime, end: datetime) -> Iterator[GroupwareItem]:
    """The single items and the occurrences of a folder, in no order."""
    for item in folder.items.values():
        if not isinstance(item, GroupwareItem) or item.kind != "CalendarItem":
            continue
        if item.is_master:
            yield from occurrences(item, start, end)
        elif takes_place(item, start, end):
            yield item


def _moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise ItemRefused("ErrorCalendarInvalidAttributeValue") from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)
