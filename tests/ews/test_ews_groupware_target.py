"""WorkMail as a target for calendars, contacts, tasks and notes, over a server."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from localrun.fakes.workmail_ews import EwsServer
from migration.errors import FolderGone, MailboxUnreachable, QuotaExceeded, TargetBusy
from migration.groupware_port import Collection, CollectionKind, CollectionPlan, Keyed, Written
from migration.items.contact import Contact, ContactKind, Mail
from migration.items.content import Attachment, Attendee, Content, Person
from migration.items.event import Event
from migration.items.ews_item import Destination
from migration.items.ews_series import plan_series
from migration.items.ical_read import read_calendar
from migration.items.item import AnyItem
from migration.items.task import Note, Task
from migration.items.times import Frequency, Recurrence, Rule, Zone
from migration.items.vcard_read import read_contacts
from migration.mail import Rejected
from migration.targets import workmail_groupware_write
from migration.targets.workmail_errors import COMMIT_SECONDS
from migration.targets.workmail_groupware import WorkmailGroupware
from migration.wire.ews import EwsClient
from migration.wire.ews_groupware import EwsGroupware
from migration.wire.ews_model import FolderRef
from migration.wire.ews_request import name_item
from tests.ews.harness import ADDRESS, Recorder, Schema
from tests.ews.test_ews_tasks import is_xml
from tests.unit.items import files
from tests.unit.items.events import series as any_series

CALENDAR, CONTACTS = CollectionKind.CALENDAR, CollectionKind.CONTACTS
TASKS, NOTES = CollectionKind.TASKS, CollectionKind.NOTES
WHERE = Destination(
    ADDRESS,
    Zone("Europe/Berlin"),
    datetime(2021, 1, 1, tzinfo=UTC),
    datetime(2031, 1, 1, tzinfo=UTC),
)
MOVED = (
    "END:VEVENT", "BEGIN:VEVENT", "UID:u", "RECURRENCE-ID:20260108T090000Z",
    "DTSTART:20260108T110000Z", "SUMMARY:moved",
)  # fmt: skip
FILE = Content(attachments=(Attachment("a.txt", "text/plain", b"content"),))
PHOTO = b"\xff\xd8photo"


_numbers = itertools.count()


@pytest.fixture
def groupware(client: EwsClient) -> Iterator[WorkmailGroupware]:
    made = WorkmailGroupware(client, WHERE)
    yield made
    made.close()


def plan(kind: CollectionKind, name: str = "") -> CollectionPlan:
    return CollectionPlan(Collection("k", kind, name or "default", is_default=not name), name)


def event(*lines: str) -> Event:
    (read,) = read_calendar(files.event(*lines)).events
    return read


def series(*lines: str) -> Event:
    return event("RRULE:FREQ=DAILY;COUNT=9", "SUMMARY:a", *lines)


def opened(target: WorkmailGroupware, kind: CollectionKind) -> str:
    (folder_id,) = target.ensure_collections([plan(kind)])
    return folder_id


def write(
    target: WorkmailGroupware, kind: CollectionKind, *items: AnyItem
) -> tuple[str, list[Written | Rejected]]:
    """Each item under a key of its own: key-0, key-1 and so on."""
    folder_id = opened(target, kind)
    batch = [Keyed(f"key-{number}", (item,)) for number, item in enumerate(items)]
    return folder_id, target.write(folder_id, batch)


def written(outcome: Written | Rejected) -> Written:
    assert isinstance(outcome, Written)
    return outcome


def losses(outcome: Written | Rejected) -> dict[str, str]:
    return {loss.what: loss.why for loss in written(outcome).losses}


# -- what is written is there


def test_items_of_each_kind_are_there(
    groupware: WorkmailGroupware, server: EwsServer, recorder: Recorder, schema: Schema
) -> None:
    card = (
        "BEGIN:VCARD", "VERSION:3.0", "UID:c", "FN:Jane Doe", "N:Doe;Jane;;;",
        "PHOTO;ENCODING=b;TYPE=JPEG:/9hwaG90bw==", "END:VCARD",
    )  # fmt: skip
    (contact,) = read_contacts("\r\n".join((*card, "")).encode()).contacts
    team = Contact("l", ContactKind.GROUP, "Team", members=("a@x.example",))
    for kind, items in (
        (CALENDAR, (series(), event("SUMMARY:b"))),
        (CONTACTS, (contact, team)),
        (TASKS, (Task("t", Content("task"), due=date(2026, 1, 7)),)),
        (NOTES, (Note("n", Content("note", "text")),)),
    ):
        folder_id, outcomes = write(groupware, kind, *items)
        keys = [f"key-{number}" for number in range(len(items))]
        assert [outcome.key for outcome in outcomes] == keys
        assert groupware.count(folder_id) == len(items)
        found = {one.target_id: one.key for one in groupware.find(folder_id, keys)}
        marks = {id_: mark for outcome in outcomes for id_, mark in written(outcome).marks.items()}
        assert sorted(found.values()) == keys
        assert groupware.marks(folder_id, list(found)) == marks
        assert set(marks) == set(found)
    held = server.groupware(ADDRESS)
    assert [one.kind for one in held["Calendar",]] == ["CalendarItem", "CalendarItem"]
    assert [one.kind for one in held["Contacts",]] == ["Contact", "DistributionList"]
    assert held["Contacts",][0].files == (("ContactPicture.jpg", PHOTO),)
    assert held["Tasks",][0].text("DueDate")[:10] == "2026-01-07"
    assert held["Notes",][0].text("ItemClass") == "IPM.StickyNote"
    assert server.sent == []
    assert schema.check_all(recorder) > 20


def test_a_series_is_changed_and_thinned_out(
    groupware: WorkmailGroupware, server: EwsServer, recorder: Recorder, schema: Schema
) -> None:
    event = series("EXDATE:20260106T090000Z", *MOVED)
    folder_id, (outcome,) = write(groupware, CALENDAR, event)
    (held,) = server.groupware(ADDRESS)["Calendar",]
    assert held.deleted == (2,)
    assert held.exceptions[4].text("Subject") == "moved"
    assert held.exceptions[4].text("Start") == "2026-01-08T11:00:00Z"
    assert written(outcome).marks == {held.id: held.change_key}
    assert written(outcome).losses == ()
    assert groupware.marks(folder_id, [held.id]) == {held.id: held.change_key}
    assert groupware.count(folder_id) == 1
    schema.check_all(recorder)


def test_files_are_attached_to_items_and_to_occurrences(
    groupware: WorkmailGroupware, server: EwsServer, recorder: Recorder, schema: Schema
) -> None:
    attach = "ATTACH;VALUE=BINARY;ENCODING=BASE64;FILENAME={}:Y29udGVudA=="
    moved = (*MOVED, attach.format("b.txt"))
    only_file = (
        "END:VEVENT", "BEGIN:VEVENT", "UID:u", "RECURRENCE-ID:20260109T090000Z",
        "DTSTART:20260109T090000Z", "SUMMARY:a", attach.format("c.txt"),
    )  # fmt: skip
    one_file = event("SUMMARY:x", attach.format("a.txt"))
    _, outcomes = write(groupware, CALENDAR, series(*moved, *only_file), one_file)
    held, other = server.groupware(ADDRESS)["Calendar",]
    assert other.files == (("a.txt", b"content"),)
    assert held.exceptions[4].files == (("b.txt", b"content"),)
    assert held.exceptions[5].files == (("c.txt", b"content"),)
    assert [written(outcome).losses for outcome in outcomes] == [(), ()]
    marks = {id_: mark for outcome in outcomes for id_, mark in written(outcome).marks.items()}
    assert marks == {held.id: held.change_key, other.id: other.change_key}
    schema.check_all(recorder)


def test_what_exchange_cannot_say_is_several_items_under_one_key(
    groupware: WorkmailGroupware, server: EwsServer
) -> None:
    folder_id, (outcome,) = write(
        groupware, CALENDAR, event("RRULE:FREQ=DAILY;COUNT=3;BYHOUR=9,15")
    )
    assert len(written(outcome).marks) == 3
    found = groupware.find(folder_id, ["key-0"])
    assert {one.target_id for one in found} == set(written(outcome).marks)
    assert groupware.count(folder_id) == len(server.groupware(ADDRESS)["Calendar",]) == 3


def test_an_event_that_never_takes_place_is_written_without_an_item(
    groupware: WorkmailGroupware,
) -> None:
    _, (outcome,) = write(
        groupware, CALENDAR, event("RRULE:FREQ=DAILY;COUNT=1", "EXDATE:20260105T090000Z")
    )
    assert (written(outcome).marks, set(losses(outcome))) == ({}, {"RRULE"})


def test_items_of_one_key_are_one(groupware: WorkmailGroupware) -> None:
    folder_id = opened(groupware, TASKS)
    tasks = (Task("u", Content("a")), Task("u", Content("b"), original=date(2026, 1, 7)))
    (outcome,) = groupware.write(folder_id, [Keyed("key", tasks)])
    assert len(written(outcome).marks) == 2


def test_many_items_go_in_few_requests(
    groupware: WorkmailGroupware, recorder: Recorder, server: EwsServer
) -> None:
    _, outcomes = write(groupware, TASKS, *(Task(f"u{n}", Content(f"t{n}")) for n in range(120)))
    assert all(isinstance(outcome, Written) for outcome in outcomes)
    assert recorder.operations().count("CreateItem") == 3
    titles = [one.text("Subject") for one in server.groupware(ADDRESS)["Tasks",]]
    assert titles == [f"t{n}" for n in range(120)]


def test_large_items_go_in_requests_of_four_megabytes(
    groupware: WorkmailGroupware, recorder: Recorder
) -> None:
    text = "x" * 1_500_000
    write(groupware, NOTES, *(Note(f"u{n}", Content("a", text)) for n in range(5)))
    assert recorder.operations().count("CreateItem") == 3


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    phases=[Phase.explicit, Phase.generate],  # over a server, a smaller example takes minutes
)
@given(st.lists(st.one_of(any_series(), any_series(content=False)), min_size=1, max_size=3))
def test_all_of_a_plan_is_done_and_nobody_is_told(
    client: EwsClient, server: EwsServer, events: list[Event]
) -> None:
    assume(is_xml(events))
    begin = datetime(2000, 1, 1, tzinfo=UTC)
    where = replace(WHERE, begin=begin, horizon=begin + timedelta(days=90))
    target = WorkmailGroupware(client, where)
    (folder_id,) = target.ensure_collections([plan(CALENDAR, f"example {next(_numbers)}")])
    keys = [f"key-{number}" for number in range(len(events))]
    batch = [Keyed(key, (event,)) for key, event in zip(keys, events, strict=True)]
    outcomes = target.write(folder_id, batch)
    folders = server.groupware(ADDRESS).values()
    held = {one.id: one for folder in folders for one in folder}
    for event, outcome in zip(events, outcomes, strict=True):
        wanted, made = plan_series(event, where), written(outcome)
        assert made.losses == wanted.losses
        assert {id_: held[id_].change_key for id_ in made.marks} == made.marks
        assert len(made.marks) == len(wanted.create)
        shown = [held[id_] for id_ in made.marks]
        assert [one.text("Subject") for one in shown] == [one.subject for one in wanted.create]
        attached = [[(file.name, file.data) for file in one.files] for one in wanted.create]
        assert [list(one.files) for one in shown] == attached
        if wanted.create:
            assert set(shown[0].deleted) == {one.index for one in wanted.deletions}
            assert set(shown[0].exceptions) == {one.index for one in wanted.changes}
    target.remove(folder_id, [one.target_id for one in target.find(folder_id, keys)])
    assert target.count(folder_id) == 0
    assert server.sent == []


# -- nobody is told


def test_nobody_is_told_of_a_meeting(groupware: WorkmailGroupware, server: EwsServer) -> None:
    meeting = series(
        "ATTENDEE:mailto:a@x.example", "EXDATE:20260106T090000Z", *MOVED,
        "ATTENDEE:mailto:a@x.example",
    )  # fmt: skip
    folder_id, (outcome,) = write(groupware, CALENDAR, meeting)
    (held,) = server.groupware(ADDRESS)["Calendar",]
    assert "a@x.example" in held.xml.decode()
    groupware.remove(folder_id, list(written(outcome).marks))
    assert server.groupware(ADDRESS)["Calendar",] == []
    assert server.sent == []


# -- what is refused


def test_what_is_refused_is_rejected_and_the_others_are_written(
    groupware: WorkmailGroupware, server: EwsServer
) -> None:
    server.faults.reject_next("ErrorCalendarDurationIsTooLong")
    folder_id, outcomes = write(groupware, CALENDAR, series(*MOVED), event("SUMMARY:b"))
    assert outcomes[0] == Rejected("key-0", "ErrorCalendarDurationIsTooLong")
    assert [one.key for one in groupware.find(folder_id, ["key-0", "key-1"])] == ["key-1"]


def test_of_a_rejected_one_nothing_is_left(groupware: WorkmailGroupware, server: EwsServer) -> None:
    """Its second item is refused: the first one is removed again."""
    folder_id = opened(groupware, TASKS)
    tasks = (Task("u", Content("a")), Task("u", Content("b"), original=date(2026, 1, 7)))
    groupware.write(folder_id, [Keyed("other", (Task("o"),))])
    server.faults.reject_next("", 1)
    server.faults.reject_next("ErrorInvalidPropertySet", 1)
    assert groupware.write(folder_id, [Keyed("key", tasks)]) == [
        Rejected("key", "ErrorInvalidPropertySet")
    ]
    assert groupware.find(folder_id, ["key"]) == []
    assert groupware.count(folder_id) == 1


def test_one_of_several_that_stand_for_themselves_is_a_loss(
    groupware: WorkmailGroupware, server: EwsServer
) -> None:
    server.faults.reject_next("ErrorInvalidPropertySet", 1)
    several = event("RRULE:FREQ=DAILY;COUNT=3;BYHOUR=9,15")
    _, (outcome,) = write(groupware, CALENDAR, several)
    assert len(written(outcome).marks) == 2
    assert any("ErrorInvalidPropertySet" in loss.why for loss in written(outcome).losses)
    server.faults.reject_next("ErrorInvalidPropertySet", 3)
    _, (outcome,) = write(groupware, CALENDAR, several)
    assert outcome == Rejected("key-0", "ErrorInvalidPropertySet")


def test_bad_luck_is_tried_again(groupware: WorkmailGroupware, server: EwsServer) -> None:
    server.faults.reject_next("ErrorItemSave")
    _, (outcome,) = write(groupware, CALENDAR, series())
    assert len(written(outcome).marks) == 1


def test_a_refused_change_is_a_loss(groupware: WorkmailGroupware, server: EwsServer) -> None:
    server.faults.refuse_change_next("ErrorOccurrenceCrossingBoundary")
    _, (outcome,) = write(groupware, CALENDAR, series(*MOVED))
    assert losses(outcome) == {
        "RECURRENCE-ID": "WorkMail refuses the change (ErrorOccurrenceCrossingBoundary);"
        " it is as its series says"
    }
    (held,) = server.groupware(ADDRESS)["Calendar",]
    assert held.exceptions == {}


def test_a_refused_file_is_a_loss(groupware: WorkmailGroupware, server: EwsServer) -> None:
    server.faults.refuse_file_next("ErrorAttachmentSizeLimitExceeded")
    _, (outcome,) = write(groupware, NOTES, Note("n", FILE))
    assert losses(outcome) == {
        "ATTACH": "WorkMail refuses the file (ErrorAttachmentSizeLimitExceeded)"
    }
    assert server.groupware(ADDRESS)["Notes",][0].files == ()


def test_a_file_that_is_too_large_for_workmail_is_not_sent(
    groupware: WorkmailGroupware, server: EwsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workmail_groupware_write, "LARGEST_FILE", 7)
    large = Attachment("large.txt", "text/plain", b"12345678")
    note = Note("u", Content("a", attachments=(large, *FILE.attachments)))
    _, (outcome,) = write(groupware, NOTES, note)
    assert losses(outcome) == {"ATTACH": "WorkMail takes no file so large"}
    (kept,) = server.groupware(ADDRESS)["Notes",]
    assert len(kept.files) == 1


@pytest.mark.parametrize(
    ("code", "error"),
    [("ErrorQuotaExceeded", QuotaExceeded), ("ErrorServerBusy", TargetBusy)],
)
def test_what_is_about_more_than_the_item_is_raised(
    groupware: WorkmailGroupware, server: EwsServer, code: str, error: type[Exception]
) -> None:
    folder_id = opened(groupware, CALENDAR)
    for refuse in (server.faults.reject_next, server.faults.refuse_change_next):
        refuse(code)
        with pytest.raises(error):
            groupware.write(folder_id, [Keyed("key", (series(*MOVED),))])


def test_a_busy_server_says_for_how_long(groupware: WorkmailGroupware, server: EwsServer) -> None:
    folder_id = opened(groupware, CALENDAR)
    server.faults.busy(1, 7000)
    with pytest.raises(TargetBusy) as raised:
        groupware.write(folder_id, [Keyed("key", (series(),))])
    assert raised.value.retry_after == 7


# -- lost answers


@pytest.mark.parametrize("stored", [True, False])
def test_a_lost_answer_is_looked_for_after_a_while(
    groupware: WorkmailGroupware, server: EwsServer, stored: bool
) -> None:
    folder_id = opened(groupware, CALENDAR)
    server.faults.close_connection_next(stored)
    with pytest.raises(TargetBusy) as raised:
        groupware.write(folder_id, [Keyed("key", (series(),))])
    assert raised.value.retry_after == COMMIT_SECONDS
    found = groupware.find(folder_id, ["key"])
    assert len(found) == stored
    groupware.remove(folder_id, [one.target_id for one in found])
    assert groupware.find(folder_id, ["key"]) == []


@pytest.mark.parametrize("operation", ["UpdateItem", "DeleteItem", "GetItem"])
def test_a_lost_answer_to_what_can_be_repeated_is_no_matter(
    groupware: WorkmailGroupware, server: EwsServer, operation: str
) -> None:
    server.faults.close_connection_next(after_storing=True, operation=operation)
    _, (outcome,) = write(groupware, CALENDAR, series("EXDATE:20260106T090000Z", *MOVED))
    assert written(outcome).losses == ()
    (held,) = server.groupware(ADDRESS)["Calendar",]
    assert (held.deleted, list(held.exceptions)) == ((2,), [4])
    assert written(outcome).marks == {held.id: held.change_key}


def test_a_lost_answer_to_a_file_is_told(groupware: WorkmailGroupware, server: EwsServer) -> None:
    folder_id = opened(groupware, NOTES)
    server.faults.close_connection_next(after_storing=True, operation="CreateAttachment")
    with pytest.raises(TargetBusy) as raised:
        groupware.write(folder_id, [Keyed("key", (Note("n", FILE),))])
    assert raised.value.retry_after == COMMIT_SECONDS
    assert len(groupware.find(folder_id, ["key"])) == 1


# -- looking and removing


def test_a_change_of_the_user_changes_the_mark(
    groupware: WorkmailGroupware, client: EwsClient
) -> None:
    folder_id, (outcome,) = write(groupware, TASKS, Task("t", Content("a")))
    (item_id,) = written(outcome).marks
    later = Keyed("key-1", (Task("t", Content("a")),))
    groupware.write(folder_id, [later])
    assert groupware.marks(folder_id, [item_id]) == written(outcome).marks
    change = (
        f"<t:ItemChange>{name_item(item_id)}<t:Updates><t:SetItemField>"
        '<t:FieldURI FieldURI="item:Subject"/><t:Task><t:Subject>b</t:Subject></t:Task>'
        "</t:SetItemField></t:Updates></t:ItemChange>"
    )
    EwsGroupware(client).change([change])
    assert groupware.marks(folder_id, [item_id]) != written(outcome).marks


def test_what_is_gone_has_no_mark_and_is_removed_without_an_error(
    groupware: WorkmailGroupware,
) -> None:
    folder_id, outcomes = write(groupware, TASKS, Task("a"), Task("b"))
    (first,), (second,) = (written(outcome).marks for outcome in outcomes)
    groupware.remove(folder_id, [first])
    groupware.remove(folder_id, [first, second])
    assert groupware.marks(folder_id, [first, second]) == {}
    assert groupware.count(folder_id) == 0


def test_keys_are_told_apart_by_case(groupware: WorkmailGroupware) -> None:
    folder_id = opened(groupware, NOTES)
    groupware.write(folder_id, [Keyed("key", (Note("n"),))])
    assert groupware.find(folder_id, ["KEY"]) == []


def test_a_repeating_task_is_removed_whole(groupware: WorkmailGroupware) -> None:
    rule = Recurrence(Rule(Frequency.DAILY))
    folder_id, (outcome,) = write(
        groupware, TASKS, Task("t", due=date(2026, 1, 7), recurrence=rule)
    )
    groupware.remove(folder_id, list(written(outcome).marks))
    assert groupware.count(folder_id) == 0


def test_a_deleted_folder_is_told_by_every_call(
    groupware: WorkmailGroupware, client: EwsClient
) -> None:
    (folder_id,) = groupware.ensure_collections([plan(CALENDAR, "Holidays")])
    (outcome,) = groupware.write(folder_id, [Keyed("key", (series(),))])
    (item_id,) = written(outcome).marks
    client.delete_folder(FolderRef(folder_id))
    for call in (
        lambda: groupware.write(folder_id, [Keyed("key", (series(),))]),
        lambda: groupware.find(folder_id, ["key"]),
        lambda: groupware.marks(folder_id, [item_id]),
        lambda: groupware.count(folder_id),
    ):
        with pytest.raises(FolderGone):
            call()


# -- folders


def test_default_folders_are_those_of_the_mailbox(
    groupware: WorkmailGroupware, client: EwsClient
) -> None:
    ids = groupware.ensure_collections([plan(kind) for kind in CollectionKind])
    for name, folder_id in zip(("calendar", "contacts", "tasks", "notes"), ids, strict=True):
        assert client.get_folder(FolderRef(name, distinguished=True)).id == folder_id
    assert groupware.kinds() == frozenset(CollectionKind)


@pytest.mark.parametrize("stored", [True, False])
def test_an_answer_about_folders_that_is_lost_is_looked_for(
    groupware: WorkmailGroupware, server: EwsServer, stored: bool
) -> None:
    server.faults.close_connection_next(stored, operation="CreateFolder")
    (folder_id,) = groupware.ensure_collections([plan(CALENDAR, "Holidays")])
    assert groupware.ensure_collections([plan(CALENDAR, "Holidays")]) == [folder_id]


def test_a_server_that_loses_every_answer_about_folders_is_busy(
    groupware: WorkmailGroupware, server: EwsServer
) -> None:
    """It is no mailbox that cannot be reached."""
    server.faults.close_connection_next(False, times=4, operation="CreateFolder")
    with pytest.raises(TargetBusy):
        groupware.ensure_collections([plan(CALENDAR, "Holidays")])


def test_folders_are_made_once_with_their_class(
    groupware: WorkmailGroupware, client: EwsClient, recorder: Recorder, schema: Schema
) -> None:
    plans = [plan(kind, "Ümläut & more") for kind in CollectionKind]
    plans.append(plan(CALENDAR, "Holidays"))
    ids = groupware.ensure_collections(plans)
    assert len(set(ids)) == 5
    again = groupware.ensure_collections([plan(CALENDAR, "HOLIDAYS"), *plans])
    assert again == [ids[-1], *ids]
    classes = [client.get_folder(FolderRef(folder_id)).folder_class for folder_id in ids]
    assert classes == [
        *("IPF.Appointment", "IPF.Contact", "IPF.Task", "IPF.StickyNote", "IPF.Appointment")
    ]
    schema.check_all(recorder)


def test_what_is_of_another_kind_is_left_alone(
    groupware: WorkmailGroupware, client: EwsClient
) -> None:
    calendar = client.get_folder(FolderRef("calendar", distinguished=True)).id
    for name in ("Holidays", "Holidays (calendar)"):
        client.create_folder(FolderRef(calendar), name)
    (folder_id,) = groupware.ensure_collections([plan(CALENDAR, "Holidays")])
    assert client.get_folder(FolderRef(folder_id)).name == "Holidays (calendar 2)"
    assert groupware.ensure_collections([plan(CALENDAR, "Holidays")]) == [folder_id]


def test_names_that_differ_at_their_end_are_two_folders(
    groupware: WorkmailGroupware, client: EwsClient
) -> None:
    same = "x" * 251
    plans = [plan(CALENDAR, f"{same}{end}") for end in ("end", " (2)")]
    ids = groupware.ensure_collections(plans)
    names = [client.get_folder(FolderRef(folder_id)).name for folder_id in ids]
    assert names == [each.name for each in plans]


def test_a_mark_behind_the_longest_name_takes_the_place_of_its_end(
    groupware: WorkmailGroupware, client: EwsClient
) -> None:
    calendar = client.get_folder(FolderRef("calendar", distinguished=True)).id
    client.create_folder(FolderRef(calendar), "😀" * 127)
    (folder_id,) = groupware.ensure_collections([plan(CALENDAR, "😀" * 127)])
    assert client.get_folder(FolderRef(folder_id)).name == f"{'😀' * 122} (calendar)"


def test_an_attendee_of_anothers_meeting_is_no_guest(
    groupware: WorkmailGroupware, server: EwsServer
) -> None:
    content = Content("a", organizer=Person("x@x.example"), attendees=(Attendee(Person(ADDRESS)),))
    (base,) = read_calendar(files.event()).events
    assert base.master is not None
    write(groupware, CALENDAR, replace(base, master=replace(base.master, content=content)))
    (held,) = server.groupware(ADDRESS)["Calendar",]
    assert b"RequiredAttendees" not in held.xml


def test_after_closing_it_goes_on(groupware: WorkmailGroupware) -> None:
    folder_id, _ = write(
        groupware, CONTACTS, Contact("c", display="a", mails=(Mail("a@x.example"),))
    )
    groupware.close()
    groupware.close()
    assert groupware.count(folder_id) == 1


def test_a_mailbox_that_is_none_is_unreachable(server: EwsServer, client: EwsClient) -> None:
    server.faults.refuse(ADDRESS, "ErrorNonExistentMailbox")
    with pytest.raises(MailboxUnreachable):
        WorkmailGroupware(client, WHERE).ensure_collections([plan(CALENDAR)])
