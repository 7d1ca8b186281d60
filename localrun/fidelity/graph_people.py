"""One example of each feature of contacts and tasks in Microsoft Graph, as Graph shows it."""

from __future__ import annotations

from localrun.fidelity.graph_samples import GraphSample, Json, at
from migration.items.graph_contacts import Extra

BARE_CONTACT: Json = {"id": "u", "changeKey": "1", "displayName": "A"}
"""A contact with a name."""

BARE_TASK: Json = {
    "id": "u",
    "title": "a",
    "status": "notStarted",
    "importance": "normal",
    "isReminderOn": False,
    "hasAttachments": False,
    "body": {"content": "", "contentType": "text"},
}
"""A task with a title."""


def _extra(*told: tuple[Extra, str]) -> Json:
    return {
        "singleValueExtendedProperties": [{"id": one.value, "value": value} for one, value in told]
    }


def _mail(address: str, name: str = "") -> Json:
    return {"emailAddresses": [{"address": address, "name": name}]}


_ADDRESS = {"street": "Weg 1", "city": "Berlin", "postalCode": "10115", "countryOrRegion": "DE"}

CONTACTS = (
    GraphSample("Parts of the name", {
        "givenName": "a", "middleName": "b", "surname": "c", "title": "Dr.", "generation": "Jr."}),
    GraphSample("Nickname, initials", {"nickName": "a", "initials": "b"}),
    GraphSample("Name by which it is filed", {"fileAs": "B, A"}),
    GraphSample("Spoken names", {"yomiGivenName": "a", "yomiSurname": "b"}),
    GraphSample("Spoken name of the company", {"yomiCompanyName": "a"}, "a field in the text"),
    GraphSample("Company, department, office, job title", {
        "companyName": "a", "department": "b", "officeLocation": "c", "jobTitle": "d"}),
    GraphSample("Profession", {"profession": "a"}),
    GraphSample("E-mail address", _mail("a@x.example", "a@x.example")),
    GraphSample("Name beside an e-mail address", _mail("a@x.example", "at home")),
    GraphSample("Address in the old system in place of an e-mail address",
                _mail("/o=Org/cn=a", "a")),
    GraphSample("Telephone at work, at home, mobile", {
        "businessPhones": ["1"], "homePhones": ["2"], "mobilePhone": "3"}),
    GraphSample("Second telephone at work and at home", {
        "businessPhones": ["1", "2"], "homePhones": ["3", "4"]}),
    GraphSample("Third telephone at work", {"businessPhones": ["1", "2", "3"]}),
    GraphSample("Fax at work, at home, elsewhere", _extra(
        (Extra.WORK_FAX, "1"), (Extra.HOME_FAX, "2"), (Extra.OTHER_FAX, "3"))),
    GraphSample("Main telephone, of the company, other", _extra(
        (Extra.PRIMARY, "1"), (Extra.COMPANY, "2"), (Extra.OTHER, "3"))),
    GraphSample("Telephone in a car, radio, pager", _extra(
        (Extra.CAR, "1"), (Extra.RADIO, "2"), (Extra.PAGER, "3"))),
    GraphSample("Telephone of the assistant, for calls back", _extra(
        (Extra.ASSISTANT, "1"), (Extra.CALLBACK, "2"))),
    GraphSample("Telex, ISDN, text telephone", _extra(
        (Extra.TELEX, "1"), (Extra.ISDN, "2"), (Extra.TEXT_PHONE, "3"))),
    GraphSample("Addresses at work, at home, elsewhere", {
        f"{place}Address": _ADDRESS for place in ("business", "home", "other")}),
    GraphSample("Instant messages", {"imAddresses": ["sip:a@x.example"]}),
    GraphSample("Page of the company", {"businessHomePage": "https://x.example"}),
    GraphSample("Own page", _extra((Extra.HOME_PAGE, "https://y.example"))),
    GraphSample("Birthday", {"birthday": "1974-07-22T11:59:00Z"}),
    GraphSample("Birthday without a year", {"birthday": "1604-07-22T00:00:00Z"}),
    GraphSample("Anniversary", _extra((Extra.ANNIVERSARY, "2001-05-04T00:00:00Z"))),
    GraphSample("Spouse, manager, assistant, children", {
        "spouseName": "a", "manager": "b", "assistantName": "c", "children": ["d", "e"]}),
    GraphSample("Notes", {"personalNotes": "a"}),
    GraphSample("Categories", {"categories": ["a", "b"]}),
    GraphSample("Private contact", _extra((Extra.SENSITIVITY, "2"))),
    GraphSample("Mileage, billing information", _extra(
        (Extra.MILEAGE, "a"), (Extra.BILLING, "b"))),
    GraphSample("Photo", {"photo": b"\xff\xd8\xff"}),
    GraphSample("Property that nobody knows yet", {"new": 1}),
)  # fmt: skip

_WEEKLY = {"type": "weekly", "interval": 1, "daysOfWeek": ["friday"]}


def _repeating(pattern: Json, **more: object) -> Json:
    extent = {"type": "noEnd", "startDate": "2026-12-04", "recurrenceTimeZone": "UTC"}
    return {"recurrence": {"pattern": pattern, "range": extent}, **more}


TASKS = (
    GraphSample("Text", {"body": {"contentType": "text", "content": "b"}}),
    GraphSample("Text in HTML", {"body": {"contentType": "html", "content": "<b>a</b>"}}),
    GraphSample("Day on which it begins, and is due", {
        "startDateTime": at("2026-12-01T23:00"), "dueDateTime": at("2026-12-03T23:00")}),
    GraphSample("In progress, waiting, deferred", {"status": "waitingOnOthers"}),
    GraphSample("Done", {"status": "completed"}),
    GraphSample("Day on which it was done", {
        "status": "completed", "completedDateTime": at("2026-12-03T23:00")}),
    GraphSample("Importance", {"importance": "high"}),
    GraphSample("Categories", {"categories": ["a", "b"]}),
    GraphSample("Reminder", {
        "isReminderOn": True, "reminderDateTime": at("2026-12-03T08:00")}),
    GraphSample("Recurrence", _repeating(_WEEKLY, dueDateTime=at("2026-12-03T23:00"))),
    GraphSample("Recurrence of what begins nowhere", _repeating(_WEEKLY)),
    GraphSample("Recurrence of what is done",
                _repeating(_WEEKLY, status="completed", dueDateTime=at("2026-12-03T23:00")),
                "the next task, which To Do has made"),
    GraphSample("Steps", {"checklistItems": [{"displayName": "s", "isChecked": True}]}),
    GraphSample("Link to what it belongs to", {
        "linkedResources": [{"displayName": "l", "webUrl": "https://x.example"}]}),
    GraphSample("What it belongs to, without a link", {"linkedResources": [{"displayName": "l"}]}),
    GraphSample("Property that nobody knows yet", {"new": 1}),
)  # fmt: skip
