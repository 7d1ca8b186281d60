"""Calendars, contacts, tasks and rules of the emulated Graph, asked by a plain client."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from localrun.fakes.graph import GraphServer
from localrun.fakes.graph.calendars import Calendars
from localrun.fakes.graph.contacts import Contacts
from localrun.fakes.graph.settings import Rules
from localrun.fakes.graph.tasks import Todo
from tests.graph.plain import ANN, IMMUTABLE, Plain

BOX = f"/users/{ANN}"
BERLIN = "W. Europe Standard Time"


@pytest.fixture
def server() -> Iterator[GraphServer]:
    with GraphServer() as running:
        running.add_user(ANN, "Ann Example", language="de")
        yield running


@pytest.fixture
def plain(server: GraphServer) -> Iterator[Plain]:
    with Plain(server) as client:
        yield client


@pytest.fixture
def calendars(server: GraphServer) -> Calendars:
    return server.mailbox(ANN).part(Calendars)


def at(day: str, clock: str = "09:00", zone: str = BERLIN) -> dict[str, str]:
    return {"dateTime": f"{day}T{clock}:00", "timeZone": zone}


def lunch(day: str = "2026-01-12", **more: Any) -> dict[str, Any]:
    return {"subject": "Lunch", "start": at(day), "end": at(day, "10:00"), **more}


WEEKLY = {
    "pattern": {"type": "weekly", "interval": 1, "daysOfWeek": ["monday"]},
    "range": {"type": "noEnd", "startDate": "2026-01-12", "recurrenceTimeZone": BERLIN},
}


def test_a_list_has_masters_and_single_events_and_no_occurrences(
    plain: Plain, calendars: Calendars
) -> None:
    series = calendars.put_event("Kalender", lunch(recurrence=WEEKLY))
    single = calendars.put_event("Kalender", lunch())
    calendars.put_exception(series, date(2026, 1, 19), {"subject": "Late lunch"})
    listed = list(plain.values(f"{BOX}/events?$top=1", IMMUTABLE))
    assert [(one["id"], one["type"]) for one in listed] == [
        (series, "seriesMaster"),
        (single, "singleInstance"),
    ]
    assert not {"exceptionOccurrences", "cancelledOccurrences"} & listed[0].keys()


def test_occurrences_are_told_of_one_series_where_they_are_selected(
    plain: Plain, calendars: Calendars
) -> None:
    series = calendars.put_event("Kalender", lunch(recurrence=WEEKLY))
    late = calendars.put_exception(
        series, date(2026, 7, 20), {"start": at("2026-07-21", "13:00"), "subject": "Late"}
    )
    calendars.cancel(series, date(2026, 1, 26))
    path = f"{BOX}/events/{series}"
    select = "subject,originalStart,exceptionOccurrences,cancelledOccurrences"
    whole = plain.get(f"{path}?$select={select}&$expand=exceptionOccurrences", IMMUTABLE)
    assert whole["cancelledOccurrences"] == [f"OID.{series}.2026-01-26"]
    (exception,) = whole["exceptionOccurrences"]
    assert (exception["id"], exception["subject"]) == (late, "Late")
    assert exception["originalStart"] == "2026-07-20T07:00:00Z"
    assert "start" not in exception
    assert "exceptionOccurrences" not in plain.get(f"{path}?$select=subject", IMMUTABLE)
    unselected = plain.get(f"{path}?$expand=exceptionOccurrences", IMMUTABLE)
    assert unselected["exceptionOccurrences"][0]["seriesMasterId"] == series
    assert "cancelledOccurrences" not in unselected


def test_times_are_in_utc_or_the_preferred_zone_and_whole_days_stay(
    plain: Plain, calendars: Calendars
) -> None:
    uid = calendars.put_event("Kalender", lunch())
    day = calendars.put_event(
        "Kalender",
        lunch(start=at("2026-01-12", "00:00"), end=at("2026-01-13", "00:00"), isAllDay=True),
    )
    told = plain.get(f"{BOX}/events/{uid}")
    assert told["start"] == {"dateTime": "2026-01-12T08:00:00.0000000", "timeZone": "UTC"}
    assert told["originalStartTimeZone"] == BERLIN
    answer = plain.ask(f"{BOX}/events/{uid}", 'outlook.timezone="Tokyo Standard Time"')
    assert answer.json()["start"]["dateTime"] == "2026-01-12T17:00:00.0000000"
    assert answer.headers["Preference-Applied"] == 'outlook.timezone="Tokyo Standard Time"'
    whole = plain.get(f"{BOX}/events/{day}", 'outlook.timezone="Tokyo Standard Time"')
    assert whole["start"]["dateTime"] == "2026-01-12T00:00:00.0000000"
    refused = plain.refusal(f"{BOX}/events/{uid}", 'outlook.timezone="Moon"')
    assert refused == (400, "TimeZoneNotSupportedException")


def test_bodies_are_html_unless_text_is_preferred(plain: Plain, calendars: Calendars) -> None:
    body = {"contentType": "html", "content": "<p>Tea &amp; cake</p>"}
    uid = calendars.put_event("Kalender", lunch(body=body))
    text = plain.get(f"{BOX}/events/{uid}", 'outlook.body-content-type="text"')["body"]
    assert text == {"contentType": "text", "content": "Tea & cake"}
    assert plain.get(f"{BOX}/events/{uid}")["body"] == body
    spoken = calendars.put_event("Kalender", lunch(body={"contentType": "text", "content": "a<b"}))
    assert "a&lt;b" in plain.get(f"{BOX}/events/{spoken}")["body"]["content"]


def test_the_change_key_moves_with_every_change_of_the_event_itself(
    plain: Plain, calendars: Calendars
) -> None:
    series = calendars.put_event("Kalender", lunch(recurrence=WEEKLY))
    late = calendars.put_exception(series, date(2026, 1, 19), {"subject": "Late"})

    def keys() -> list[str]:
        return [plain.get(f"{BOX}/events/{one}")["changeKey"] for one in (series, late)]

    before = keys()
    calendars.change_event(late, subject="Later")
    calendars.cancel(series, date(2026, 1, 26))
    after = keys()
    assert (after[0], after[1] == before[1]) == (before[0], False)
    calendars.attach(series, b"x")
    assert keys()[0] != before[0]


def test_files_give_their_octets_and_references_do_not(plain: Plain, calendars: Calendars) -> None:
    uid = calendars.put_event("Kalender", lunch())
    file = calendars.attach(uid, b"\x00\xff", name="a.bin", contentType="image/png")
    mail = calendars.attach(uid, b"Subject: x\r\n\r\n", kind="item", name="x")
    link = calendars.attach(uid, None, kind="reference", name="y")
    path = f"{BOX}/events/{uid}/attachments"
    assert plain.get(f"{BOX}/events/{uid}")["hasAttachments"]
    assert [one["@odata.type"].rpartition(".")[2] for one in plain.get(path)["value"]] == [
        "fileAttachment",
        "itemAttachment",
        "referenceAttachment",
    ]
    assert plain.get(f"{path}/{file}")["contentBytes"] == "AP8="
    answer = plain.ask(f"{path}/{file}/$value")
    assert (answer.content, answer.headers["Content-Type"]) == (b"\x00\xff", "image/png")
    assert plain.ask(f"{path}/{mail}/$value").content == b"Subject: x\r\n\r\n"
    assert plain.ask(f"{path}/{link}/$value").status_code == 405
    (told,) = plain.get(f"{BOX}/events?$expand=attachments")["value"]
    assert len(told["attachments"]) == 3


def test_calendars_of_others_and_who_may_see_ones_own(plain: Plain, calendars: Calendars) -> None:
    bob = {"name": "Bob", "address": "bob@contoso.example"}
    calendars.add_calendar("Bob", canEdit=False, canShare=False, owner=bob, color="lightRed")
    calendars.share("Kalender", "bob@contoso.example", "write")
    own, other = plain.get(f"{BOX}/calendars")["value"]
    assert (own["isDefaultCalendar"], own["owner"]["address"]) == (True, ANN)
    assert (other["canEdit"], other["owner"], other["color"]) == (False, bob, "lightRed")
    permissions = plain.get(f"{BOX}/calendars/{own['id']}/calendarPermissions")["value"]
    assert [one["role"] for one in permissions] == ["write"]
    assert plain.get(f"{BOX}/calendar")["id"] == own["id"]


def test_a_deleted_event_and_one_of_another_calendar_are_not_there(
    plain: Plain, calendars: Calendars
) -> None:
    team = calendars.add_calendar("Team")
    uid = calendars.put_event("Kalender", lunch())
    assert plain.refusal(f"{BOX}/calendars/{team}/events/{uid}") == (404, "ErrorItemNotFound")
    calendars.delete_event(uid)
    assert plain.refusal(f"{BOX}/events/{uid}") == (404, "ErrorItemNotFound")
    assert plain.refusal(f"{BOX}/events/nonsense") == (400, "ErrorInvalidIdMalformed")


def test_folders_of_contacts_lie_in_folders_and_the_default_one_is_not_listed(
    server: GraphServer, plain: Plain
) -> None:
    contacts = server.mailbox(ANN).part(Contacts)
    friends = contacts.add_folder("Friends")
    rome = contacts.add_folder("Rome", friends)
    bob = contacts.put_contact({"displayName": "Bob"})
    eve = contacts.put_contact({"displayName": "Eve"}, rome)
    folders = f"{BOX}/contactFolders"
    assert [one["id"] for one in plain.values(folders)] == [friends]
    assert [one["id"] for one in plain.values(f"{folders}/{friends}/childFolders")] == [rome]
    assert [one["id"] for one in plain.values(f"{BOX}/contacts", IMMUTABLE)] == [bob]
    assert plain.get(f"{folders}/{rome}/contacts/{eve}")["parentFolderId"] == rome
    assert plain.refusal(f"{folders}/{friends}/contacts/{eve}") == (404, "ErrorItemNotFound")


def test_extended_properties_are_told_to_those_who_ask(server: GraphServer, plain: Plain) -> None:
    contacts = server.mailbox(ANN).part(Contacts)
    extra = [{"id": "String 0x3a1f", "value": "1"}, {"id": "String 0x3a21", "value": "2"}]
    uid = contacts.put_contact({"displayName": "Bob", "singleValueExtendedProperties": extra})
    path = f"{BOX}/contacts/{uid}"
    asked = "$expand=singleValueExtendedProperties($filter=id eq 'String 0x3A1F')"
    assert plain.get(f"{path}?{asked}")["singleValueExtendedProperties"] == extra[:1]
    assert "singleValueExtendedProperties" not in plain.get(path)


def test_a_photo_is_there_or_not_and_changes_the_contact(server: GraphServer, plain: Plain) -> None:
    contacts = server.mailbox(ANN).part(Contacts)
    uid = contacts.put_contact({"displayName": "Bob"})
    path = f"{BOX}/contacts/{uid}"
    before = plain.get(path)["changeKey"]
    assert plain.refusal(f"{path}/photo") == (404, "ErrorItemNotFound")
    contacts.put_photo(uid, b"\xff\xd8")
    assert plain.ask(f"{path}/photo/$value").content == b"\xff\xd8"
    assert plain.get(f"{path}/photo")["width"] == 240
    assert plain.get(path)["changeKey"] != before


def test_tasks_have_steps_links_and_files_in_lists_of_their_own(
    server: GraphServer, plain: Plain
) -> None:
    todo = server.mailbox(ANN).part(Todo)
    uid = todo.put_task(todo.default, {"title": "Call", "recurrence": WEEKLY})
    todo.put_task(todo.default, {"title": "Done", "status": "completed"})
    todo.add_step(uid, "Number", done=True)
    todo.add_link(uid, webUrl="https://a.example", applicationName="A", displayName="a")
    todo.attach(uid, "a.txt", b"abc", "text/plain")
    lists = plain.get(f"{BOX}/todo/lists")["value"]
    assert [one["wellknownListName"] for one in lists] == ["defaultList", "flaggedEmails"]
    tasks = f"{BOX}/todo/lists/{todo.default}/tasks"
    assert [one["title"] for one in plain.values(f"{tasks}?$top=1")] == ["Call", "Done"]
    (open_,) = plain.get(f"{tasks}?$filter=status ne 'completed'")["value"]
    assert (open_["recurrence"], open_["hasAttachments"]) == (WEEKLY, True)
    assert [one["isChecked"] for one in plain.values(f"{tasks}/{uid}/checklistItems")] == [True]
    assert [one["displayName"] for one in plain.values(f"{tasks}/{uid}/linkedResources")] == ["a"]
    (file,) = plain.get(f"{tasks}/{uid}/attachments")["value"]
    assert "contentBytes" not in file
    assert plain.get(f"{tasks}/{uid}/attachments/{file['id']}")["contentBytes"] == "YWJj"
    assert plain.ask(f"{tasks}/{uid}/attachments/{file['id']}/$value").content == b"abc"


def test_a_recurrence_may_be_told_in_narrowed_lists_alone(
    server: GraphServer, plain: Plain
) -> None:
    todo = server.mailbox(ANN).part(Todo)
    todo.hides_recurrence = True
    uid = todo.put_task(todo.default, {"title": "Call", "recurrence": WEEKLY})
    tasks = f"{BOX}/todo/lists/{todo.default}/tasks"
    assert plain.get(f"{tasks}/{uid}")["recurrence"] is None
    assert plain.get(tasks)["value"][0]["recurrence"] is None
    narrowed = plain.get(f"{tasks}?$filter=status ne 'completed'")["value"]
    assert narrowed[0]["recurrence"] == WEEKLY


def test_a_mailbox_may_have_no_to_do(server: GraphServer, plain: Plain) -> None:
    server.mailbox(ANN).part(Todo).refuse(404, "MailboxNotEnabledForRESTAPI")
    refused = plain.refusal(f"{BOX}/todo/lists")
    assert refused == (404, "MailboxNotEnabledForRESTAPI")
    assert plain.get(f"{BOX}/contacts")["value"] == []


@pytest.mark.parametrize(
    ("permission", "path"),
    [
        ("Calendars.Read", "/calendars"),
        ("Contacts.Read", "/contacts"),
        ("Tasks.Read.All", "/todo/lists"),
        ("MailboxSettings.Read", "/mailFolders/inbox/messageRules"),
    ],
)
def test_each_kind_needs_a_permission(
    server: GraphServer, plain: Plain, permission: str, path: str
) -> None:
    assert plain.ask(f"{BOX}{path}").status_code == 200
    server.permissions.remove(permission)
    assert plain.refusal(f"{BOX}{path}") == (403, "ErrorAccessDenied")


def test_rules_of_the_inbox_come_in_order_and_single_settings_are_told(
    server: GraphServer, plain: Plain
) -> None:
    rules = server.mailbox(ANN).part(Rules)
    last = rules.add("Last", {"subjectContains": ["x"]}, {"delete": True}, sequence=9)
    rules.add("First", actions={"markAsRead": True})
    path = f"{BOX}/mailFolders/inbox/messageRules"
    assert [one["displayName"] for one in plain.values(path)] == ["First", "Last"]
    assert plain.get(f"{path}/{last}")["conditions"] == {"subjectContains": ["x"]}
    assert plain.ask(f"{BOX}/mailFolders/drafts/messageRules").status_code == 400
    assert plain.get(f"{BOX}/mailboxSettings/userPurpose")["value"] == "user"
    assert plain.get(f"{BOX}/mailboxSettings/language")["locale"] == "de-DE"
    assert plain.get(f"{BOX}/mailboxSettings/automaticRepliesSetting")["status"] == "disabled"
