"""exchangelib, an independent client, makes, reads, changes and views what is no mail; all that is
sent either way is valid by Microsoft's schema."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import exchangelib
import pytest
from exchangelib import (
    Contact,
    DistributionList,
    EWSDate,
    EWSDateTime,
    EWSTimeZone,
    ExtendedProperty,
    FileAttachment,
    Mailbox,
    Task,
)
from exchangelib.errors import (
    ErrorCalendarOccurrenceIndexIsOutOfRecurrenceRange,
    ErrorCalendarOccurrenceIsDeletedFromRecurrence,
    ErrorCalendarViewRangeTooBig,
    ErrorItemNotFound,
    ErrorOccurrenceCrossingBoundary,
)
from exchangelib.folders import Calendar, Contacts, Tasks
from exchangelib.indexed_properties import EmailAddress, PhoneNumber, PhysicalAddress
from exchangelib.items import SEND_TO_ALL_AND_SAVE_COPY, CalendarItem
from exchangelib.properties import Attendee, Member
from exchangelib.recurrence import (
    AbsoluteMonthlyPattern,
    AbsoluteYearlyPattern,
    DailyPattern,
    Recurrence,
    RelativeMonthlyPattern,
    RelativeYearlyPattern,
    WeeklyPattern,
)

from localrun.fakes.workmail_ews import EwsServer
from tests.ews.harness import ADDRESS, Recorder, Schema, Tokens
from tests.ews.test_ews_exchangelib import GUID, BearerAuth, open_account

BERLIN = EWSTimeZone("Europe/Berlin")


class MigrationKey(ExtendedProperty):  # type: ignore[misc]
    property_set_id = GUID
    property_name = "MigrationKey"
    property_type = "String"


@pytest.fixture(scope="module", autouse=True)
def registered() -> Iterator[None]:
    exchangelib.transport.AUTH_TYPE_MAP["workmail-bearer"] = BearerAuth
    kinds = (CalendarItem, Contact, Task, DistributionList)
    for kind in kinds:
        kind.register("migration_key", MigrationKey)
    yield
    for kind in kinds:
        kind.deregister("migration_key")


@pytest.fixture
def account(server: EwsServer, tokens: Tokens, recorder: Recorder, schema: Schema) -> Iterator[Any]:
    made = open_account(server, tokens.issue())
    made.default_timezone = BERLIN
    yield made
    made.protocol.close()
    assert schema.check_all(recorder) > 0


def at(*parts: int) -> Any:
    return EWSDateTime(*parts, tzinfo=BERLIN)


def appointment(account: Any, **fields: Any) -> Any:
    usual = {"subject": "a", "start": at(2026, 3, 2, 9), "end": at(2026, 3, 2, 10)}
    return CalendarItem(account=account, folder=account.calendar, **(usual | fields)).save()


def reread(item: Any) -> Any:
    (found,) = item.account.fetch([(item.id, None)])
    return found


def daily(account: Any, number: int = 5, **fields: Any) -> Any:
    recurrence = Recurrence(pattern=DailyPattern(interval=1), start=date(2026, 3, 2), number=number)
    return appointment(account, recurrence=recurrence, **fields)


def test_an_appointment_has_what_it_was_given_and_what_the_server_adds(
    account: Any, server: EwsServer
) -> None:
    made = appointment(
        account,
        body="text",
        location="Room",
        categories=["Work"],
        uid="uid-1",
        migration_key="key",
        required_attendees=[Attendee(mailbox=Mailbox(email_address="b@x.example"))],
    )
    found = reread(made)
    assert (found.subject, found.location, found.uid) == ("a", "Room", "uid-1")
    assert (found.start, found.end) == (at(2026, 3, 2, 9), at(2026, 3, 2, 10))
    assert (found.type, found.is_recurring, found.is_meeting) == ("Single", False, True)
    assert (found.categories, found.migration_key) == (["Work"], "key")
    assert found.organizer.email_address == ADDRESS
    assert (found.my_response_type, found.meeting_request_was_sent) == ("Organizer", False)
    assert found.required_attendees[0].mailbox.email_address == "b@x.example"
    assert found.datetime_created == found.last_modified_time
    assert account.calendar.filter(migration_key="key").count() == 1
    assert account.calendar.filter(migration_key="other").count() == 0
    assert account.calendar.filter(migration_key__exists=True).count() == 1
    assert server.sent == []


def test_changes_change_the_change_key_and_whole_days_are_whole(
    account: Any, server: EwsServer
) -> None:
    made = appointment(
        account, is_all_day=True, start=EWSDate(2026, 3, 28), end=EWSDate(2026, 3, 29)
    )
    found = reread(made)
    assert (found.start, found.is_all_day) == (EWSDate(2026, 3, 28), True)
    (stored,) = server.groupware(ADDRESS)[("Calendar",)]
    assert stored.text("Start") == "2026-03-27T23:00:00Z"
    assert stored.text("End") == "2026-03-29T22:00:00Z"  # the clock changes on that day
    before = found.changekey
    found.subject, found.location, found.legacy_free_busy_status = "b", None, "Free"
    found.save(update_fields=["subject", "location", "legacy_free_busy_status"])
    again = reread(made)
    assert (again.subject, again.location, again.legacy_free_busy_status) == ("b", None, "Free")
    assert again.changekey not in (before, made.changekey)
    again.delete()
    assert server.groupware(ADDRESS)[("Calendar",)] == []
    assert server.sent == []


@pytest.mark.parametrize("what", ["create", "update", "delete"])
def test_whoever_would_have_been_told_is_known(account: Any, server: EwsServer, what: str) -> None:
    guests = [Attendee(mailbox=Mailbox(email_address="b@x.example"))]
    made = CalendarItem(
        account=account, folder=account.calendar, subject="a", start=at(2026, 3, 2, 9),
        end=at(2026, 3, 2, 10), required_attendees=guests,
    )  # fmt: skip
    loud = SEND_TO_ALL_AND_SAVE_COPY
    made.save(**({"send_meeting_invitations": loud} if what == "create" else {}))
    if what == "update":
        made.subject = "b"
        made.save(update_fields=["subject"], send_meeting_invitations=loud)
    if what == "delete":
        made.delete(send_meeting_cancellations=loud)
    (sent,) = server.sent
    said = {"create": "invitation", "update": "update", "delete": "cancellation"}[what]
    assert (sent.mailbox, sent.what, sent.to) == (ADDRESS, said, ("b@x.example",))


def test_a_series_shows_its_exceptions_and_deletions(account: Any, server: EwsServer) -> None:
    master = daily(account, location="Room")
    third = master.occurrence(3)
    third.refresh()
    assert (third.type, third.start) == ("Occurrence", at(2026, 3, 4, 9))
    third.subject, third.start, third.end = "moved", at(2026, 3, 4, 15), at(2026, 3, 4, 16)
    third.save(update_fields=["subject", "start", "end"])
    master.occurrence(2).delete()
    found = reread(master)
    assert (found.type, found.is_recurring) == ("RecurringMaster", True)
    assert [one.start for one in found.deleted_occurrences] == [at(2026, 3, 3, 9)]
    (changed,) = found.modified_occurrences
    assert (changed.start, changed.original_start) == (at(2026, 3, 4, 15), at(2026, 3, 4, 9))
    assert found.first_occurrence.start == at(2026, 3, 2, 9)
    assert found.last_occurrence.start == at(2026, 3, 6, 9)
    exception = reread(changed_item(account, changed))
    assert (exception.type, exception.subject, exception.location) == ("Exception", "moved", "Room")
    assert exception.recurrence_id == exception.original_start == at(2026, 3, 4, 9)
    assert exception.recurring_master().id
    seen = account.calendar.view(start=at(2026, 3, 1), end=at(2026, 4, 1))
    assert [(one.start, one.subject, one.type) for one in seen] == [
        (at(2026, 3, 2, 9), "a", "Occurrence"),
        (at(2026, 3, 4, 15), "moved", "Exception"),
        (at(2026, 3, 5, 9), "a", "Occurrence"),
        (at(2026, 3, 6, 9), "a", "Occurrence"),
    ]
    assert [one.subject for one in account.calendar.all()] == ["a"]
    (stored,) = server.groupware(ADDRESS)[("Calendar",)]
    assert (stored.deleted, list(stored.exceptions)) == ((2,), [3])
    assert stored.exceptions[3].text("Subject") == "moved"
    # what the exception has from its series follows the series
    found.location = "Hall"
    found.save(update_fields=["location"])
    assert reread(changed_item(account, changed)).location == "Hall"
    # a new time makes the exceptions go
    found.start, found.end = at(2026, 3, 2, 11), at(2026, 3, 2, 12)
    found.save(update_fields=["start", "end"])
    seen = account.calendar.view(start=at(2026, 3, 1), end=at(2026, 4, 1))
    assert [(one.start, one.type) for one in seen] == [
        (at(2026, 3, day, 11), "Occurrence") for day in range(2, 7)
    ]
    assert server.sent == []


def changed_item(account: Any, changed: Any) -> Any:
    return CalendarItem(account=account, folder=account.calendar, id=changed.id)


def test_what_is_no_occurrence_is_refused(account: Any) -> None:
    master = daily(account)
    with pytest.raises(ErrorCalendarOccurrenceIndexIsOutOfRecurrenceRange):
        master.occurrence(6).refresh()
    master.occurrence(5).delete()
    with pytest.raises(ErrorCalendarOccurrenceIsDeletedFromRecurrence):
        master.occurrence(5).refresh()
    with pytest.raises(ErrorCalendarViewRangeTooBig):
        list(account.calendar.view(start=at(2026, 1, 1), end=at(2029, 1, 1)))


@pytest.mark.parametrize(
    ("start", "is_refused"),
    [
        (at(2026, 3, 3, 23, 59), True),
        (at(2026, 3, 4, 0), False),
        (at(2026, 3, 4, 23), False),
        (at(2026, 3, 5, 0), True),
        (at(2026, 3, 9, 9), True),
    ],
)
def test_no_occurrence_passes_another(account: Any, start: Any, is_refused: bool) -> None:
    third = daily(account).occurrence(3)
    third.refresh()
    third.start, third.end = start, start + timedelta(minutes=30)
    if is_refused:
        with pytest.raises(ErrorOccurrenceCrossingBoundary):
            third.save(update_fields=["start", "end"])
        third.refresh()
        assert (third.type, third.start) == ("Occurrence", at(2026, 3, 4, 9))
    else:
        third.save(update_fields=["start", "end"])
        third.refresh()
        assert (third.type, third.start) == ("Exception", start)


PATTERNS = [
    DailyPattern(interval=3),
    WeeklyPattern(interval=2, weekdays=["Monday", "Sunday"], first_day_of_week="Sunday"),
    WeeklyPattern(interval=2, weekdays=["Monday", "Sunday"], first_day_of_week="Monday"),
    AbsoluteMonthlyPattern(interval=1, day_of_month=31),
    RelativeMonthlyPattern(interval=2, weekday="Weekday", week_number="Last"),
    RelativeMonthlyPattern(interval=1, weekday="Friday", week_number="Fourth"),
    AbsoluteYearlyPattern(day_of_month=29, month="February"),
    RelativeYearlyPattern(weekday="WeekendDay", week_number="First", month="March"),
]
WANTED = [
    ["2026-03-02", "2026-03-05", "2026-03-08", "2026-03-11"],
    ["2026-03-02", "2026-03-15", "2026-03-16", "2026-03-29"],
    ["2026-03-02", "2026-03-08", "2026-03-16", "2026-03-22"],
    ["2026-03-31", "2026-04-30", "2026-05-31", "2026-06-30"],
    ["2026-03-31", "2026-05-29", "2026-07-31", "2026-09-30"],
    ["2026-03-27", "2026-04-24", "2026-05-22", "2026-06-26"],
    ["2027-02-28", "2028-02-29", "2029-02-28", "2030-02-28"],
    ["2027-03-06", "2028-03-04", "2029-03-03", "2030-03-02"],
]


@pytest.mark.parametrize(("pattern", "wanted"), list(zip(PATTERNS, WANTED, strict=True)))
@pytest.mark.parametrize("bound", ["number", "end", "none"])
def test_each_pattern_in_each_range(
    account: Any, pattern: Any, wanted: list[str], bound: str
) -> None:
    """The days are reckoned by hand; by the clock it is nine, in winter and in summer."""
    ends: dict[str, dict[str, Any]] = {
        "number": {"number": 4},
        "end": {"end": date.fromisoformat(wanted[-1])},
        "none": {},
    }
    recurrence = Recurrence(pattern=pattern, start=date(2026, 3, 2), **ends[bound])
    appointment(account, recurrence=recurrence)
    seen: list[Any] = []
    for year in range(2026, 2031):
        view = account.calendar.view(start=at(year, 1, 1), end=at(year + 1, 1, 1))
        seen += [one for one in view if one.id not in {other.id for other in seen}]
    days = [f"{one.start:%Y-%m-%d}" for one in seen]
    assert days[:4] == wanted
    assert len(days) == 4 or bound == "none"
    local = [one.start.astimezone(BERLIN).time().hour for one in seen]
    assert set(local) == {9}


def test_files_of_items_and_of_occurrences(account: Any, server: EwsServer) -> None:
    master = daily(account)
    master.attach(FileAttachment(name="a.txt", content=b"a" * 70_000))
    third = master.occurrence(3)
    third.refresh()
    assert (third.type, third.has_attachments) == ("Occurrence", True)
    third.attach(FileAttachment(name="b.txt", content=b"b"))
    third.refresh()
    assert third.type == "Exception"
    assert [(file.name, file.content) for file in third.attachments] == [
        ("a.txt", b"a" * 70_000),
        ("b.txt", b"b"),
    ]
    found = reread(master)
    assert [file.name for file in found.attachments] == ["a.txt"]
    key = found.changekey
    found.detach(found.attachments[0])
    found = reread(master)
    assert (found.attachments, found.has_attachments) == ([], False)
    assert found.changekey != key
    (stored,) = server.groupware(ADDRESS)[("Calendar",)]
    assert (stored.files, stored.exceptions[3].files) == ((), (("b.txt", b"b"),))


def test_a_contact_with_all_that_it_may_have(account: Any, server: EwsServer) -> None:
    texts = {
        name: name
        for name in (
            *("file_as", "display_name", "given_name", "initials", "middle_name", "nickname"),
            *("company_name", "assistant_name", "department", "generation", "job_title"),
            *("manager", "mileage", "office", "profession", "spouse_name", "surname"),
        )
    }
    made = Contact(
        account=account, folder=account.contacts, body="text", categories=["x"],
        email_addresses=[EmailAddress(email="a@x.example", label="EmailAddress1")],
        phone_numbers=[PhoneNumber(phone_number="1", label="MobilePhone")],
        physical_addresses=[PhysicalAddress(label="Home", street="s", city="c", zipcode="z")],
        birthday=EWSDate(1990, 5, 6), business_homepage="https://x.example", children=["k"],
        companies=["co"], migration_key="key", **texts,
    ).save()  # fmt: skip
    found = reread(made)
    assert {name: getattr(found, name) for name in texts} == texts
    assert (found.birthday, found.children, found.companies) == (EWSDate(1990, 5, 6), ["k"], ["co"])
    assert [one.email for one in found.email_addresses] == ["a@x.example"]
    assert found.physical_addresses[0].city == "c"
    assert (found.complete_name.full_name, found.body) == ("display_name", "text")
    found.email_addresses = [EmailAddress(email="b@x.example", label="EmailAddress2")]
    found.physical_addresses = [PhysicalAddress(label="Home", street="t", city="c")]
    found.phone_numbers = None
    found.job_title = "boss"
    found.save(
        update_fields=["email_addresses", "physical_addresses", "phone_numbers", "job_title"]
    )
    again = reread(made)
    assert [(one.label, one.email) for one in again.email_addresses] == [
        ("EmailAddress2", "b@x.example")
    ]
    assert (again.physical_addresses[0].street, again.physical_addresses[0].zipcode) == ("t", None)
    assert (again.phone_numbers, again.job_title) == (None, "boss")
    again.attach(FileAttachment(name="p.jpg", content=b"p", is_contact_photo=True))
    assert reread(made).has_picture
    assert [one.migration_key for one in account.contacts.filter(migration_key="key")] == ["key"]
    assert [one.kind for one in server.groupware(ADDRESS)[("Contacts",)]] == ["Contact"]


def test_a_list_of_people(account: Any) -> None:
    one = Mailbox(email_address="a@x.example", mailbox_type="OneOff")
    made = DistributionList(
        account=account, folder=account.contacts, display_name="Team",
        members=[Member(mailbox=one)],
    ).save()  # fmt: skip
    found = reread(made)
    assert (found.display_name, found.subject) == ("Team", "Team")
    assert [member.mailbox.email_address for member in found.members] == ["a@x.example"]


def test_tasks_are_completed_as_a_whole(account: Any) -> None:
    made = Task(
        account=account, folder=account.tasks, subject="t", due_date=EWSDate(2026, 3, 4),
        start_date=EWSDate(2026, 3, 2), percent_complete=Decimal(40), status="InProgress",
        total_work=90,
    ).save()  # fmt: skip
    found = reread(made)
    assert (found.due_date, found.start_date) == (EWSDate(2026, 3, 4), EWSDate(2026, 3, 2))
    assert (found.status, found.percent_complete) == ("InProgress", 40)
    assert (found.is_complete, found.complete_date, found.reminder_is_set) == (False, None, False)
    assert (found.total_work, found.is_recurring) == (90, False)
    found.percent_complete = Decimal(100)
    found.save(update_fields=["percent_complete"])
    again = reread(made)
    assert (again.status, again.is_complete, bool(again.complete_date)) == ("Completed", True, True)
    again.status = "NotStarted"
    again.save(update_fields=["status"])
    again = reread(made)
    assert (again.percent_complete, again.complete_date) == (0, None)
    again.delete()
    with pytest.raises(ErrorItemNotFound):
        raise reread(made)


def test_folders_of_each_class(account: Any, server: EwsServer) -> None:
    for kind, item in ((Calendar, CalendarItem), (Contacts, Contact), (Tasks, Task)):
        folder = kind(parent=account.msg_folder_root, name=kind.__name__ + " 2").save()
        fields = {"start": at(2026, 3, 2, 9), "end": at(2026, 3, 2, 10)}
        extra = fields if kind is Calendar else {"display_name": "a"} if kind is Contacts else {}
        item(account=account, folder=folder, subject="a", **extra).save()
        assert len(server.groupware(ADDRESS)[(folder.name,)]) == 1
        with pytest.raises(exchangelib.errors.EWSError, match="Cannot"):
            item(account=account, folder=account.inbox, subject="a", **extra).save()
        folder.delete()
