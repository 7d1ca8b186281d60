"""Calendars over Graph: which are listed, what counts as a change, and that all of it is read."""

from __future__ import annotations

from typing import Any

import pytest

from migration.copy.groupware_plan import find_work
from migration.copy.groupware_state import ItemFate, ItemRow
from migration.errors import CredentialsRejected, MailboxUnreachable, SourceBusy
from migration.groupware_port import Collection, CollectionKind, Entry, NotReadable, Read, Vanished
from migration.items.event import Details, Event
from migration.items.zones import instant
from migration.model import DeltaPolicy
from migration.sources import graph_attachments
from migration.sources.graph_calendars import GraphCalendars
from migration.sources.graph_groupware import GraphGroupware
from tests.graph.calendar_service import OWN, USER, CalendarService
from tests.unit.items.graph_json import plain_event, series_event

DAILY, ENDLESS = {"type": "daily"}, {"type": "noEnd"}
OTHER = {"name": "Bob", "address": "bob@contoso.example"}


@pytest.fixture
def service() -> CalendarService:
    service = CalendarService()
    service.add_calendar("c/1=", "Calendar", isDefaultCalendar=True)
    return service


def open_source(service: CalendarService) -> GraphGroupware:
    return GraphGroupware(service.open_client(), USER, {CollectionKind.CALENDAR: GraphCalendars})


def first(service: CalendarService) -> tuple[GraphGroupware, Collection]:
    source = open_source(service)
    return source, source.collections()[0]


def versions(service: CalendarService) -> dict[str, str]:
    source, collection = first(service)
    return {one.uid: one.version for one in source.entries(collection)}


def read_all(service: CalendarService) -> list[Read | Vanished | NotReadable]:
    source, collection = first(service)
    return list(source.fetch(collection, source.entries(collection)))


def single(service: CalendarService) -> tuple[Event, list[str]]:
    """The one event, and what was lost of it."""
    (answer,) = read_all(service)
    assert isinstance(answer, Read)
    (event,) = answer.items
    assert isinstance(event, Event)
    return event, [loss.what for loss in answer.losses]


def master_of(event: Event) -> Details:
    assert event.master is not None
    return event.master


def exception(id_: str, day: int, **properties: Any) -> dict[str, Any]:
    kind = {"type": "exception", "originalStart": f"2026-01-{day:02}T08:00:00Z"}
    return plain_event(**{"id": id_, **kind, **properties})


# -- calendars


def test_the_mailboxs_own_calendars_are_listed_in_order(service: CalendarService) -> None:
    for number in range(2, 9):
        service.add_calendar(f"c{number}", f"Name {number}")
    found = open_source(service).collections()
    assert [one.name for one in found] == ["Calendar", *(f"Name {one}" for one in range(2, 9))]
    assert [one.is_default for one in found] == [True] + [False] * 7
    assert {one.kind for one in found} == {CollectionKind.CALENDAR}
    assert len({one.key for one in found}) == 8
    assert found == open_source(service).collections()


def test_what_others_share_and_what_exchange_fills_is_told_and_not_copied(
    service: CalendarService,
) -> None:
    service.add_calendar("c2", "Bob", owner=OTHER)
    service.add_calendar("c3", "Read by all", owner=OTHER, canEdit=False)
    service.add_calendar("c4", "Geburtstage", canEdit=False)
    (one,) = open_source(service).collections()
    assert [(loss.what, loss.where) for loss in one.losses] == [
        ("collection", "one"),
        ("collection", "2 of them"),
    ]
    assert "birthdays" in one.losses[0].why
    assert "shared by somebody else" in one.losses[1].why


def test_the_default_calendar_is_copied_even_if_nobody_may_edit_it(
    service: CalendarService,
) -> None:
    service.calendars[0]["canEdit"] = False
    service.add_calendar("c2", "Own", owner={"address": OWN["address"].upper()})
    assert len(open_source(service).collections()) == 2


@pytest.mark.parametrize(
    ("roles", "is_told"),
    [([], False), (["freeBusyRead", "none"], False), (["freeBusyRead", "limitedRead"], True),
     (["write"], True), (["delegateWithPrivateEventAccess"], True)],
)  # fmt: skip
def test_sharings_are_told(service: CalendarService, roles: list[str], is_told: bool) -> None:
    service.permissions["c/1="] = [{"id": "p", "role": role} for role in roles]
    (one,) = open_source(service).collections()
    assert [loss.what for loss in one.losses] == ["sharing"] * is_told


def test_sharings_that_graph_does_not_show_are_told_as_such(service: CalendarService) -> None:
    service.refused["calendars/c/1=/calendarPermissions"] = (403, "ErrorAccessDenied")
    (one,) = open_source(service).collections()
    assert [loss.why for loss in one.losses] == ["Graph does not say with whom it is shared"]


def test_a_colour_is_told(service: CalendarService) -> None:
    service.calendars[0]["color"] = "lightGreen"
    (one,) = open_source(service).collections()
    assert [loss.what for loss in one.losses] == ["colour"]


# -- entries


def test_each_event_and_each_series_is_an_entry(service: CalendarService) -> None:
    for number in range(7):
        service.put("c/1=", plain_event(id=f"e/{number}=", changeKey=f"k{number}"))
    service.put("c/1=", series_event(DAILY, ENDLESS, id="s", changeKey="k"))
    found = versions(service)
    assert list(found) == [*(f"e/{number}=" for number in range(7)), "s"]
    assert found["e/3="] == "k3"
    assert versions(service) == found


def test_a_change_of_an_occurrence_changes_the_version_of_its_series(
    service: CalendarService,
) -> None:
    seen = []

    def look(**properties: Any) -> None:
        service.put("c/1=", series_event(DAILY, ENDLESS, id="s", changeKey="k", **properties))
        seen.append(versions(service)["s"])

    look()
    look(cancelledOccurrences=["OID.s.2026-01-06"])
    look(cancelledOccurrences=["OID.s.2026-01-07"])
    look(exceptionOccurrences=[exception("x", 6, changeKey="1")])
    look(exceptionOccurrences=[exception("x", 6, changeKey="2")])
    assert len(set(seen)) == 5
    look(exceptionOccurrences=[exception("x", 6, changeKey="2")])
    assert seen[-1] == seen[-2]


def test_the_version_that_is_read_is_the_one_that_is_listed(service: CalendarService) -> None:
    service.put("c/1=", plain_event(id="e", changeKey="k"))
    changed = [exception("x", 6, changeKey="1"), exception("y", 7, changeKey="2")]
    service.put("c/1=", series_event(DAILY, ENDLESS, id="s", exceptionOccurrences=changed))
    assert {one.entry.uid: one.entry.version for one in read_all(service)} == versions(service)


# -- contents


def test_a_series_is_read_with_its_exceptions_and_without_what_was_cancelled(
    service: CalendarService,
) -> None:
    told = series_event(
        DAILY,
        ENDLESS,
        id="s",
        exceptionOccurrences=[exception("x", 6, subject="moved")],
        cancelledOccurrences=["OID.s.2026-01-08"],
    )
    service.put("c/1=", told)
    event, losses = single(service)
    assert losses == []
    assert [one.details.content.summary for one in event.overrides] == ["moved"]
    assert len(event.recurrence.excluded) == 1


def test_what_becomes_a_series_after_it_was_listed_is_read_as_one(
    service: CalendarService,
) -> None:
    service.put("c/1=", plain_event(id="e", changeKey="k"))
    source, collection = first(service)
    entries = source.entries(collection)
    cancelled = ["OID.e.2026-01-08"]
    service.put("c/1=", series_event(DAILY, ENDLESS, id="e", cancelledOccurrences=cancelled))
    (answer,) = source.fetch(collection, entries)
    assert isinstance(answer, Read)
    (event,) = answer.items
    assert isinstance(event, Event)
    assert len(event.recurrence.excluded) == 1
    assert answer.entry.version == versions(service)["e"]


def test_occurrences_are_asked_for_only_where_they_tell_the_zone(service: CalendarService) -> None:
    custom = "tzone://Microsoft/Custom"
    told = series_event(DAILY, {**ENDLESS, "recurrenceTimeZone": custom}, id="s")
    service.put("c/1=", {**told, "originalStartTimeZone": custom})
    service.put("c/1=", series_event(DAILY, ENDLESS, id="t"))
    times = [f"2026-{month:02}-06T{8 - (3 < month < 11)}:00:00" for month in range(2, 13)]
    service.instances["s"] = [
        {"type": "occurrence", "start": {"dateTime": time.replace("T", "T0"), "timeZone": "UTC"}}
        for time in times
    ]
    first_one, second = read_all(service)
    asked = [path for path in service.asked if "/instances" in path]
    assert {path.partition("/instances")[0] for path in asked} == {
        "/users/ann%2Bx%40contoso.example/events/s"
    }
    assert "startDateTime=2026-01-05T00:00:00Z&endDateTime=2028-" in asked[0]
    starts = []
    for answer in (first_one, second):
        assert isinstance(answer, Read)
        (event,) = answer.items
        assert isinstance(event, Event)
        starts.append(instant(master_of(event).extent.start))
        zone = getattr(master_of(event).extent.start, "zone", None)
        assert zone is not None
        assert zone.name != "UTC"
    assert starts[0] == starts[1]


def test_files_are_read_of_events_and_of_exceptions(service: CalendarService) -> None:
    changed = [exception("x", 6, hasAttachments=True), exception("y", 7)]
    told = series_event(DAILY, ENDLESS, id="s", exceptionOccurrences=changed, hasAttachments=True)
    service.put("c/1=", told)
    for number in range(5):
        service.attach("s", b"%d" % number)
    service.attach("x", b"other")
    service.attach("y", b"never looked at")
    event, losses = single(service)
    assert losses == []
    files = master_of(event).content.attachments
    assert [one.data for one in files] == [b"0", b"1", b"2", b"3", b"4"]
    of_exceptions = [one.details.content.attachments for one in event.overrides]
    assert [[file.data for file in files] for files in of_exceptions] == [[b"other"], []]


def test_pictures_in_the_text_are_files_too(service: CalendarService) -> None:
    body = {"contentType": "html", "content": '<img src="cid:1">'}
    service.put("c/1=", plain_event(id="e", body=body))
    service.attach("e", b"png", isInline=True)
    event, losses = single(service)
    assert losses == ["attachments"]
    assert [one.data for one in master_of(event).content.attachments] == [b"png"]


def test_items_and_links_and_what_graph_does_not_give(service: CalendarService) -> None:
    service.put("c/1=", plain_event(id="e", hasAttachments=True))
    service.attach("e", b"BEGIN:VCALENDAR", kind="item", name="b")
    service.attach("e", b"", kind="reference", name="c")
    service.attach("e", None, name="d")
    event, losses = single(service)
    assert losses == ["attachments"] * 3
    assert [one.name for one in master_of(event).content.attachments] == ["b.ics"]
    assert not [path for path in service.asked if path.endswith("a%2F1/$value")]


def test_files_beyond_the_limit_are_not_read(
    service: CalendarService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(graph_attachments, "LARGEST", 10)
    service.put("c/1=", plain_event(id="e", hasAttachments=True))
    for size in (6, 5, 4):
        service.attach("e", b"x" * size)
    event, losses = single(service)
    assert losses == ["attachments"]
    assert [len(one.data or b"") for one in master_of(event).content.attachments] == [6, 4]


def test_the_limit_holds_for_a_series_with_all_its_exceptions(
    service: CalendarService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(graph_attachments, "LARGEST", 10)
    changed = [exception(id_, day, hasAttachments=True) for id_, day in (("x", 6), ("y", 7))]
    told = series_event(DAILY, ENDLESS, id="s", exceptionOccurrences=changed)
    service.put("c/1=", told)
    for id_ in "xy":
        service.attach(id_, b"123456")
    event, losses = single(service)
    assert losses == ["attachments"]
    of_exceptions = [one.details.content.attachments for one in event.overrides]
    assert [[file.data for file in files] for files in of_exceptions] == [[b"123456"], []]


def test_a_file_that_is_larger_than_its_list_says_is_not_read_to_its_end(
    service: CalendarService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(graph_attachments, "LARGEST", 10)
    service.put("c/1=", plain_event(id="e", hasAttachments=True))
    service.attach("e", b"BEGIN:VCALENDAR", kind="item", size=3)
    event, losses = single(service)
    assert losses == ["attachments"]
    assert master_of(event).content.attachments == ()


def test_files_that_are_not_even_listed_are_a_loss(service: CalendarService) -> None:
    service.put("c/1=", plain_event(id="e", hasAttachments=True))
    service.refused["events/e/attachments"] = (400, "ErrorCorruptData")
    event, losses = single(service)
    assert losses == ["attachments"]
    assert master_of(event).content.attachments == ()


def test_what_a_server_failed_over_comes_again_and_what_is_refused_does_not(
    service: CalendarService,
) -> None:
    for id_, refusal in (("a", (502, "UnknownError")), ("b", (400, "ErrorCorruptData"))):
        service.put("c/1=", plain_event(id=id_))
        service.refused[f"events/{id_}"] = refusal
    source, collection = first(service)
    listed = source.entries(collection)
    failed, refused = source.fetch(collection, listed)
    assert isinstance(failed, NotReadable) and isinstance(refused, NotReadable)
    assert [failed.reason, refused.reason] == ["UnknownError", "ErrorCorruptData"]
    rows = {
        one.entry.uid: ItemRow(one.entry.uid, one.entry.version, ItemFate.UNREADABLE)
        for one in (failed, refused)
    }
    again = find_work(source.entries(collection), rows, DeltaPolicy.FOLLOW)
    assert [one.uid for one in again] == ["a"]


def test_calendars_that_are_not_there_are_not_asked_for_again_and_again(
    service: CalendarService,
) -> None:
    service.refused["calendars"] = (404, "ErrorFolderNotFound")
    with pytest.raises(MailboxUnreachable, match="ErrorFolderNotFound"):
        open_source(service).collections()


def test_answers_come_in_order_whatever_they_are(service: CalendarService) -> None:
    for number in range(45):
        service.put("c/1=", plain_event(id=f"e{number}", subject=f"s{number}"))
    source, collection = first(service)
    entries = list(source.entries(collection))
    service.events["c/1="]["e3"]["start"] = None
    del service.events["c/1="]["e30"]
    service.refused["events/e7"] = (500, "ErrorCorruptData")
    answers = list(source.fetch(collection, entries))
    assert [one.entry.uid for one in answers] == [one.uid for one in entries]
    others = {
        one.entry.uid: one.reason if isinstance(one, NotReadable) else "vanished"
        for one in answers
        if not isinstance(one, Read)
    }
    assert others == {"e3": "malformed", "e7": "ErrorCorruptData", "e30": "vanished"}


def test_nothing_is_asked_for_nothing(service: CalendarService) -> None:
    source, collection = first(service)
    service.asked.clear()
    assert list(source.fetch(collection, [])) == []
    assert service.asked == []


def test_a_calendar_that_is_gone_is_empty(service: CalendarService) -> None:
    service.add_calendar("c2", "Old")
    old = open_source(service).collections()[1]
    del service.calendars[1]
    source = open_source(service)
    assert source.entries(old) == []
    assert list(source.fetch(old, [Entry("e", "1")])) == [Vanished(Entry("e", "1"))]


def test_a_calendar_that_vanishes_while_it_is_read_is_looked_for_again(
    service: CalendarService,
) -> None:
    source, collection = first(service)
    del service.events["c/1="]
    with pytest.raises(SourceBusy):
        source.entries(collection)


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (403, "ErrorAccessDenied", CredentialsRejected),
        (404, "Request_ResourceNotFound", MailboxUnreachable),
        (404, "MailboxNotEnabledForRESTAPI", MailboxUnreachable),
        (400, "BadRequest", MailboxUnreachable),
    ],
)
def test_refusals_of_the_mailbox_are_errors_of_the_port(
    service: CalendarService, status: int, code: str, error: type[Exception]
) -> None:
    service.refused["calendars"] = (status, code)
    with pytest.raises(error) as caught:
        open_source(service).collections()
    assert "contoso" not in str(caught.value)


def test_a_mailbox_that_is_lost_is_none_whose_events_vanished(service: CalendarService) -> None:
    service.put("c/1=", plain_event(id="e"))
    source, collection = first(service)
    entries = source.entries(collection)
    service.refused["events/e"] = (404, "Request_ResourceNotFound")
    with pytest.raises(MailboxUnreachable):
        list(source.fetch(collection, entries))
