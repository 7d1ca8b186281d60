"""What WorkMail's EWS makes of series: how they unfold, their exceptions, their change keys, and a
second item with the UID of one that is there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from xml.etree.ElementTree import Element

from localrun.probe.ews_groupware import Desk, Shown, attempt, files_of
from localrun.probe.groupware_findings import KEPT, Findings
from localrun.probe.groupware_samples import (
    BEGIN,
    CHANGED,
    END,
    MEETING,
    MONTHLY,
    MONTHLY_CHANGED,
    WEEKLY,
    ZONE,
    destination,
)
from migration.items.event import Event
from migration.items.ews_item import FileAttachment, OccurrenceDeletion, SeriesPlan
from migration.items.ews_series import plan_series
from migration.items.occurrences import occurrences
from migration.items.zones import instant
from migration.wire.ews_answer import NotEws
from migration.wire.ews_asking import only
from migration.wire.ews_calendar import write_change, write_occurrence_id
from migration.wire.ews_calendar_read import read_deleted, read_modified
from migration.wire.ews_elements import instant_of, text_of
from migration.wire.ews_groupware_request import NewFile
from migration.wire.ews_request import name_item

_LISTED = ("calendar:ModifiedOccurrences", "calendar:DeletedOccurrences", "item:Attachments")
_PLACED = ("calendar:Start", "item:Attachments")


def ask_series(desk: Desk, ids: dict[str, str], findings: Findings) -> None:
    """`ids` are those of the events that are there, by their names."""
    here: dict[str, str] = {name: ids[name] for name in ("weekly", "monthly") if name in ids}
    attempt(findings, "series", partial(_ask_unfolding, desk, here, findings))
    if "weekly" in here:
        attempt(findings, "exceptions", partial(_ask_exceptions, desk, here["weekly"], findings))
    if "monthly" in here:
        attempt(findings, "change_keys", partial(_ask_marks, desk, here["monthly"], findings))
    if "day" in ids:
        attempt(findings, "change_key_own_file", partial(_ask_own_file, desk, ids["day"], findings))


def ask_second_ones(desk: Desk, ids: dict[str, str], findings: Findings) -> None:
    """Items are written a second time, and those of `ids` are removed."""
    for name, event in (("meeting", MEETING), ("weekly", WEEKLY)):
        if name in ids:
            attempt(
                findings,
                f"{name}_again",
                partial(_ask_second, desk, name, event, ids[name], findings),
            )


# -- how they unfold


def _ask_unfolding(desk: Desk, ids: dict[str, str], findings: Findings) -> None:
    if not ids:
        return
    seen = desk.view(BEGIN, END)
    if "weekly" in ids:
        (override,), (gone,) = WEEKLY.overrides, WEEKLY.recurrence.excluded
        changed_from, gone_at = (instant(time, ZONE) for time in (override.original, gone))
        _note_times("weekly", WEEKLY, seen, {changed_from, gone_at}, findings)
        wanted = [one for one in _expected(WEEKLY) if one.title == CHANGED]
        is_changed = all(one in seen for one in wanted) and not _starts(seen, changed_from)
        said = "is shown as it was changed" if is_changed else "is not shown as it was changed"
        findings.note("changed_occurrence", said, is_expected=is_changed)
        takes_place = _starts(seen, gone_at)
        said = "still takes place" if takes_place else "takes place no more"
        findings.note("deleted_occurrence", said, is_expected=not takes_place)
    if "monthly" in ids:
        _note_times("monthly", MONTHLY, seen, set(), findings)


def _expected(event: Event) -> list[Shown]:
    """What a calendar should show of it."""
    return [
        Shown(one.begins, one.ends, one.details.content.summary)
        for one in occurrences(event, BEGIN, END, ZONE)
    ]


def _starts(seen: Sequence[Shown], at: datetime) -> bool:
    return any(one.begins == at for one in seen)


def _note_times(
    name: str, event: Event, seen: Sequence[Shown], apart: set[datetime], findings: Findings
) -> None:
    """The usual occurrences of a series; `apart` are those of which other findings speak."""
    assert event.master is not None
    title = event.master.content.summary
    wanted = {one for one in _expected(event) if one.title == title}
    found = {one for one in seen if one.title == title and one.begins not in apart}
    missing, other = len(wanted - found), len(found - wanted)
    said = f"unfolds as it should, {len(wanted)} times"
    if missing or other:
        said = f"of {len(wanted)} occurrences {missing} are missing, {other} are at other times"
    findings.note(name, said, is_expected=not missing and not other)


# -- exceptions


def _plan(event: Event, desk: Desk) -> SeriesPlan:
    return plan_series(event, destination(desk.owner))


def _ask_exceptions(desk: Desk, master_id: str, findings: Findings) -> None:
    plan = _plan(WEEKLY, desk)
    (change,), (gone,) = plan.changes, plan.deletions
    (master,) = desk.show([name_item(master_id)], _LISTED)
    modified, deleted = [at for _, at in read_modified(master)], list(read_deleted(master))
    is_listed = (modified, deleted) == ([change.original], [gone.original])
    said = "the series lists both by their original starts"
    if not is_listed:
        said = f"the series lists {len(modified)} changed, {len(deleted)} deleted ones, or others"
    findings.note("listed_exceptions", said, is_expected=is_listed)
    # Whether a deleted one still counts is seen at the one after it.
    after = next(one for one in _expected(WEEKLY) if one.begins > gone.original)
    places = (
        OccurrenceDeletion(change.index - 1, change.original),
        change,
        OccurrenceDeletion(gone.index + 1, after.begins),
    )
    shown = desk.show([write_occurrence_id(master_id, place) for place in places], _PLACED)
    counts = _start_of(shown[2]) == after.begins
    said = "count deleted occurrences, too" if counts else "leave deleted occurrences out"
    findings.note("occurrence_numbers", said, is_expected=counts)
    holders = [len(files_of(one)) for one in (master, *shown)]
    findings.note("occurrence_file", _say_files(holders), is_expected=holders == [0, 0, 1, 0])


def _start_of(element: Element) -> datetime:
    try:
        return instant_of(text_of(element, "Start"))
    except ValueError as error:
        raise NotEws from error


def _say_files(holders: Sequence[int]) -> str:
    series, _, own, _ = holders
    if not any(holders):
        return "is not there"
    if own and sum(holders) == own:
        return "is attached to that occurrence alone"
    return "is attached to the series, too" if series else "is attached to other occurrences, too"


# -- change keys


def _ask_marks(desk: Desk, master_id: str, findings: Findings) -> None:
    """A change at a time to a series that has none yet."""
    plan = _plan(MONTHLY_CHANGED, desk)
    (change,), (gone,) = plan.changes, plan.deletions

    def attach() -> None:
        (occurrence,) = desk.groupware.find_ids([write_occurrence_id(master_id, change)])
        only(desk.groupware.attach(only([occurrence]).id, [_FILE]))

    steps: tuple[tuple[str, Callable[[], object]], ...] = (
        ("nothing", lambda: None),
        ("changed", lambda: only(desk.groupware.change([write_change(master_id, change)]))),
        ("file", attach),
        ("deleted", lambda: only(desk.groupware.delete([write_occurrence_id(master_id, gone)]))),
    )
    before = _mark(desk, master_id)
    for name, act in steps:
        act()
        after = _mark(desk, master_id)
        _note_mark(name, before, after, findings)
        before = after


def _ask_own_file(desk: Desk, item_id: str, findings: Findings) -> None:
    before = _mark(desk, item_id)
    only(desk.groupware.attach(item_id, [_FILE]))
    _note_mark("own_file", before, _mark(desk, item_id), findings)


def _note_mark(name: str, before: str, after: str, findings: Findings) -> None:
    said = f"{_STEPS[name]}: its change key {'stays' if after == before else 'is another one'}"
    is_expected = (after == before) == (name == "nothing")
    findings.note(f"change_key_{name}", said, is_expected=is_expected)


_FILE = NewFile(FileAttachment("probe-2.txt", "text/plain", b"probe"))
_STEPS = {
    "nothing": "nothing was done to a series",
    "changed": "an occurrence of a series was changed",
    "file": "an occurrence of a series got a file",
    "deleted": "an occurrence of a series was deleted",
    "own_file": "a single event got a file",
}


def _mark(desk: Desk, item_id: str) -> str:
    return only(desk.groupware.marks([item_id]))


# -- a second one


def _ask_second(desk: Desk, name: str, event: Event, first_id: str, findings: Findings) -> None:
    """As the migration does with an item that has changed: written anew under another key, then
    the old one is removed."""
    again = f"{name}_again"
    before = desk.view(BEGIN, END)
    new_id = desk.write({again: event}, findings).get(again, "")
    if not new_id:
        return
    found = desk.target.marks(desk.folder_id, [first_id, new_id])
    is_there = len(found) == 2
    said = "is written beside the one with the same UID"
    if not is_there:
        said = "is written, and takes the place of the one with the same UID"
    findings.note(again, said, is_expected=is_there)
    (shown,) = desk.show([name_item(new_id)], ("calendar:UID",))
    has_uid = text_of(shown, "UID") == event.uid
    said = KEPT if has_uid else "the server gives it another one"
    findings.note(f"{again}_uid", said, is_expected=has_uid)
    desk.target.remove(desk.folder_id, [first_id])
    left = desk.target.marks(desk.folder_id, [first_id, new_id])
    is_alone = list(left) == [new_id] and sorted(desk.view(BEGIN, END)) == sorted(before)
    said = "when the old one is removed the new one is shown as that was"
    if not is_alone:
        said = "when the old one is removed the calendar shows something else than before"
    findings.note(f"{again}_old_removed", said, is_expected=is_alone)
