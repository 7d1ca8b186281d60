"""The emulator's rules about what is no mail, by requests that a client would hardly send."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
import urllib3
from lxml import etree

from localrun.fakes.workmail_ews import EwsServer, StoredGroupware
from tests.ews.harness import ADDRESS, Clock, Recorder, Schema, Tokens
from tests.ews.test_ews_server import code, post

START = "<t:Start>2026-03-02T09:00:00+01:00</t:Start><t:End>2026-03-02T10:00:00+01:00</t:End>"
SERIES = (
    "<t:Recurrence>%s<t:NumberedRecurrence><t:StartDate>2026-03-02</t:StartDate>"
    "<t:NumberOfOccurrences>5</t:NumberOfOccurrences></t:NumberedRecurrence></t:Recurrence>"
)
DAILY = SERIES % "<t:DailyRecurrence><t:Interval>1</t:Interval></t:DailyRecurrence>"
FOURTH_ADDRESS = '<t:EmailAddresses><t:Entry Key="EmailAddress4">a</t:Entry></t:EmailAddresses>'
NONE = 'SendMeetingInvitations="SendToNone"'


@pytest.fixture(autouse=True)
def valid_answers(request: pytest.FixtureRequest, recorder: Recorder) -> Iterator[None]:
    """Whatever the emulator answers is valid by Microsoft's schema, where that is at hand."""
    schema: Schema | None = None
    if os.environ.get("EWS_SCHEMA_DIR"):
        schema = request.getfixturevalue("schema")
    yield
    for _, _, answer in recorder.seen:
        if schema is not None and answer.startswith(b"<?xml"):
            schema.check(answer)


@pytest.fixture
def token(tokens: Tokens) -> str:
    return tokens.issue()


def create(
    server: EwsServer, token: str, item: str, folder: str = "calendar", said: str = NONE
) -> urllib3.BaseHTTPResponse:
    where = f'<m:SavedItemFolderId><t:DistinguishedFolderId Id="{folder}"/></m:SavedItemFolderId>'
    body = f'<m:CreateItem MessageDisposition="SaveOnly" {said}>{where}<m:Items>{item}</m:Items>'
    return post(server, f"{body}</m:CreateItem>", token)


def update(
    server: EwsServer, token: str, item_id: str, *updates: str, index: int = 0
) -> urllib3.BaseHTTPResponse:
    name = (
        f'<t:OccurrenceItemId RecurringMasterId="{item_id}" InstanceIndex="{index}"/>'
        if index
        else f'<t:ItemId Id="{item_id}"/>'
    )
    change = f"<t:ItemChange>{name}<t:Updates>{''.join(updates)}</t:Updates></t:ItemChange>"
    said = 'MessageDisposition="SaveOnly" SendMeetingInvitationsOrCancellations="SendToNone"'
    body = f'<m:UpdateItem ConflictResolution="AlwaysOverwrite" {said}>'
    return post(server, f"{body}<m:ItemChanges>{change}</m:ItemChanges></m:UpdateItem>", token)


def setting(path: str, element: str, kind: str = "CalendarItem") -> str:
    uri = f'<t:FieldURI FieldURI="{path}"/>'
    return f"<t:SetItemField>{uri}<t:{kind}>{element}</t:{kind}></t:SetItemField>"


def deleting(path: str) -> str:
    return f'<t:DeleteItemField><t:FieldURI FieldURI="{path}"/></t:DeleteItemField>'


def get(server: EwsServer, token: str, item_id: str, shape: str = "") -> urllib3.BaseHTTPResponse:
    base = "<t:BaseShape>AllProperties</t:BaseShape>"
    ids = f'<m:ItemIds><t:ItemId Id="{item_id}"/></m:ItemIds>'
    body = f"<m:GetItem><m:ItemShape>{base}{shape}</m:ItemShape>{ids}</m:GetItem>"
    return post(server, body, token)


def appointment(inside: str) -> str:
    return f"<t:CalendarItem>{inside}</t:CalendarItem>"


def made(response: urllib3.BaseHTTPResponse) -> str:
    """The id in an answer."""
    assert code(response) == "NoError", response.data
    return str(etree.fromstring(response.data).xpath("string(//*[local-name()='ItemId']/@Id)"))


def only(server: EwsServer, folder: str = "Calendar") -> StoredGroupware:
    (found,) = server.groupware(ADDRESS)[(folder,)]
    return found


def test_what_the_server_says_where_nothing_is_said(server: EwsServer, token: str) -> None:
    made(create(server, token, appointment(START)))
    found = only(server)
    said = {
        "ReminderIsSet": "true",
        "ReminderMinutesBeforeStart": "15",
        "IsAllDayEvent": "false",
        "LegacyFreeBusyStatus": "Busy",
        "Start": "2026-03-02T08:00:00Z",
        "CalendarItemType": "Single",
        "MyResponseType": "Unknown",
        "AppointmentState": "0",
        "Sensitivity": "Normal",
        "ItemClass": "IPM.Appointment",
    }
    assert {name: found.text(name) for name in said} == said
    assert found.text("Organizer", "Mailbox", "EmailAddress") == ADDRESS
    assert found.text("UID")
    made(create(server, token, "<t:Task><t:Subject>a</t:Subject></t:Task>", "tasks"))
    task = only(server, "Tasks")
    assert (task.text("ReminderIsSet"), task.text("Status")) == ("false", "NotStarted")


@pytest.mark.parametrize(
    ("item", "folder", "expected"),
    [
        ("<t:Location>r</t:Location>" + START, "calendar", "ErrorSchemaValidation"),
        (START + "<t:StartWallClock>2026-03-02T09:00:00</t:StartWallClock>", "calendar",
         "ErrorSchemaValidation"),
        (START + "<t:LegacyFreeBusyStatus>WorkingElsewhere</t:LegacyFreeBusyStatus>", "calendar",
         "ErrorSchemaValidation"),
        ("<t:ReminderIsSet>yes</t:ReminderIsSet>" + START, "calendar", "ErrorSchemaValidation"),
        (START + "<t:Location>a</t:Location><t:Location>b</t:Location>", "calendar",
         "ErrorSchemaValidation"),
        (START + SERIES % "<t:HourlyRecurrence/>", "calendar", "ErrorSchemaValidation"),
        (START + DAILY.replace("Interval>", "Interval2>"), "calendar", "ErrorSchemaValidation"),
        (START + "<t:IsMeeting>true</t:IsMeeting>", "calendar", "ErrorInvalidPropertySet"),
        (START + "<t:Organizer><t:Mailbox><t:EmailAddress>a@x.example</t:EmailAddress></t:Mailbox>"
         "</t:Organizer>", "calendar", "ErrorInvalidPropertySet"),
        (START + "<t:CalendarItemType>Single</t:CalendarItemType>", "calendar",
         "ErrorInvalidPropertySet"),
        (START + '<t:StartTimeZone Id="Europe/Berlin"/>', "calendar", "ErrorTimeZone"),
        (START + '<t:EndTimeZone Id="Nowhere"/>', "calendar", "ErrorTimeZone"),
        ("<t:Start>2026-03-02T09:00:00Z</t:Start>", "calendar", "ErrorRequiredPropertyMissing"),
        (START.replace("T10", "T08"), "calendar", "ErrorCalendarEndDateIsEarlierThanStartDate"),
        (START.replace("<t:End>2026", "<t:End>2036"), "calendar", "ErrorCalendarDurationIsTooLong"),
        (START.replace("<t:End>2026-03-02", "<t:End>2026-03-04") + DAILY, "calendar",
         "ErrorOccurrenceTimeSpanTooBig"),
        (START + DAILY.replace(">1<", ">1000<"), "calendar", "ErrorCalendarInvalidRecurrence"),
        (START + DAILY.replace(">5<", ">0<"), "calendar", "ErrorCalendarInvalidRecurrence"),
        (START, "inbox", "ErrorCannotCreateCalendarItemInNonCalendarFolder"),
        ("<t:ItemClass>IPM.Note</t:ItemClass>" + START, "calendar", "ErrorObjectTypeChanged"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_refused(
    server: EwsServer, token: str, item: str, folder: str, expected: str
) -> None:
    answer = create(server, token, appointment(item), folder)
    assert code(answer) == expected
    assert (answer.status == 500) == (expected == "ErrorSchemaValidation")
    assert server.groupware(ADDRESS)[("Calendar",)] == []


@pytest.mark.parametrize(
    ("item", "folder", "expected"),
    [
        ("<t:Contact><t:CompleteName/></t:Contact>", "contacts", "ErrorInvalidPropertySet"),
        ("<t:Contact><t:Surname>a</t:Surname><t:FileAs>a</t:FileAs></t:Contact>", "contacts",
         "ErrorSchemaValidation"),
        (f"<t:Contact>{FOURTH_ADDRESS}</t:Contact>", "contacts", "ErrorSchemaValidation"),
        ("<t:Contact/>", "tasks", "ErrorCannotCreateContactInNonContactFolder"),
        ("<t:Task/>", "contacts", "ErrorCannotCreateTaskInNonTaskFolder"),
        ("<t:Task><t:IsComplete>true</t:IsComplete></t:Task>", "tasks", "ErrorInvalidPropertySet"),
        ("<t:Task><t:Status>Done</t:Status></t:Task>", "tasks", "ErrorSchemaValidation"),
        ("<t:Task><t:PercentComplete>101</t:PercentComplete></t:Task>", "tasks",
         "ErrorInvalidValueForProperty"),
        ("<t:PostItem><t:PostedTime>2026-03-02T09:00:00Z</t:PostedTime></t:PostItem>", "notes",
         "ErrorInvalidPropertySet"),
    ],
)  # fmt: skip
def test_wrong_items_of_other_kinds_are_refused(
    server: EwsServer, token: str, item: str, folder: str, expected: str
) -> None:
    assert code(create(server, token, item, folder)) == expected


def test_who_is_told_must_be_said(server: EwsServer, token: str) -> None:
    answer = create(server, token, appointment(START), said="")
    assert code(answer) == "ErrorSendMeetingInvitationsRequired"
    item_id = made(create(server, token, appointment(START)))
    ids = f'<m:ItemIds><t:ItemId Id="{item_id}"/></m:ItemIds>'
    deletion = f'<m:DeleteItem DeleteType="HardDelete">{ids}</m:DeleteItem>'
    assert code(post(server, deletion, token)) == "ErrorSendMeetingCancellationsRequired"
    task_id = made(create(server, token, "<t:Task/>", "tasks"))
    deletion = deletion.replace(item_id, task_id)
    assert code(post(server, deletion, token)) == "ErrorAffectedTaskOccurrencesRequired"
    assert server.sent == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (setting("calendar:IsMeeting", "<t:IsMeeting>true</t:IsMeeting>"),
         "ErrorInvalidPropertySet"),
        (setting("calendar:Location", "<t:Location>a</t:Location><t:UID>u</t:UID>"),
         "ErrorIncorrectUpdatePropertyCount"),
        (setting("calendar:Location", "<t:UID>u</t:UID>"), "ErrorUpdatePropertyMismatch"),
        (setting("calendar:Location", "<t:Location>a</t:Location>", "Task"),
         "ErrorObjectTypeChanged"),
        (deleting("item:ReminderMinutesBeforeStart"), "ErrorInvalidPropertyDelete"),
        (deleting("calendar:IsResponseRequested"), "ErrorInvalidPropertyDelete"),
        (deleting("calendar:Organizer"), "ErrorInvalidPropertyDelete"),
        (setting("calendar:End", "<t:End>2026-03-01T09:00:00Z</t:End>"),
         "ErrorCalendarEndDateIsEarlierThanStartDate"),
        (setting("calendar:StartTimeZone", '<t:StartTimeZone Id="x"/>'), "ErrorTimeZone"),
    ],
)  # fmt: skip
def test_wrong_changes_change_nothing(
    server: EwsServer, token: str, change: str, expected: str
) -> None:
    item_id = made(create(server, token, appointment(START + "<t:Location>r</t:Location>")))
    before = only(server)
    good = setting("item:Subject", "<t:Subject>new</t:Subject>")
    assert code(update(server, token, item_id, good, change)) == expected
    assert only(server) == before


def test_texts_are_appended_and_categories_taken_away(server: EwsServer, token: str) -> None:
    body = '<t:Body BodyType="Text">%s</t:Body>'
    inside = body % "a" + "<t:Categories><t:String>x</t:String></t:Categories>" + START
    item_id = made(create(server, token, appointment(inside)))
    appended = setting("item:Body", body % "b").replace("SetItemField", "AppendToItemField")
    made(update(server, token, item_id, appended, deleting("item:Categories")))
    assert (only(server).text("Body"), only(server).categories) == ("ab", ())
    shape = "<t:BodyType>HTML</t:BodyType>"
    assert b'BodyType="HTML">&lt;html' in get(server, token, item_id, shape).data


def test_a_series_is_not_made_of_its_occurrences(server: EwsServer, token: str) -> None:
    item_id = made(create(server, token, appointment(START + DAILY)))
    change = setting("calendar:Recurrence", DAILY)
    assert code(update(server, token, item_id, change, index=2)) == "ErrorInvalidPropertySet"
    change = setting("item:Subject", "<t:Subject>b</t:Subject>")
    occurrence_id = made(update(server, token, item_id, change, index=2))
    move = (
        '<m:MoveItem><m:ToFolderId><t:DistinguishedFolderId Id="deleteditems"/></m:ToFolderId>'
        f'<m:ItemIds><t:ItemId Id="{occurrence_id}"/></m:ItemIds></m:MoveItem>'
    )
    assert code(post(server, move, token)) == "ErrorCalendarCannotMoveOrCopyOccurrence"
    other = made(create(server, token, appointment(START)))
    assert code(update(server, token, other, change, index=1)) == (
        "ErrorCalendarCannotUseIdForOccurrenceId"
    )


def test_a_series_goes_with_its_last_occurrence(server: EwsServer, token: str) -> None:
    item_id = made(create(server, token, appointment(START + DAILY)))

    def delete(index: int) -> str:
        name = f'<t:OccurrenceItemId RecurringMasterId="{item_id}" InstanceIndex="{index}"/>'
        said = 'DeleteType="HardDelete" SendMeetingCancellations="SendToNone"'
        body = f"<m:DeleteItem {said}><m:ItemIds>{name}</m:ItemIds></m:DeleteItem>"
        return code(post(server, body, token))

    assert [delete(index) for index in (1, 2, 4, 5)] == ["NoError"] * 4
    assert delete(4) == "ErrorCalendarOccurrenceIsDeletedFromRecurrence"
    assert only(server).text("FirstOccurrence", "Start") == "2026-03-04T08:00:00Z"
    assert only(server).text("LastOccurrence", "Start") == "2026-03-04T08:00:00Z"
    assert delete(3) == "NoError"
    assert server.groupware(ADDRESS)[("Calendar",)] == []


def test_an_occurrence_does_not_last_until_the_next_one(server: EwsServer, token: str) -> None:
    item_id = made(create(server, token, appointment(START + DAILY)))
    for end, expected in (
        ("2026-03-05T08:00:01Z", "ErrorOccurrenceCrossingBoundary"),
        ("2026-03-05T08:00:00Z", "NoError"),
    ):
        change = setting("calendar:End", f"<t:End>{end}</t:End>")
        assert code(update(server, token, item_id, change, index=3)) == expected
    change = setting("calendar:Start", "<t:Start>2026-03-05T07:59:59Z</t:Start>")
    assert code(update(server, token, item_id, change, index=4)) == (
        "ErrorOccurrenceCrossingBoundary"
    )


def test_notes_are_no_mail(server: EwsServer, token: str) -> None:
    note = (
        "<t:Message><t:ItemClass>IPM.StickyNote</t:ItemClass><t:Subject>n</t:Subject>"
        '<t:Body BodyType="Text">text</t:Body></t:Message>'
    )
    made(create(server, token, note, "notes"))
    made(create(server, token, "<t:PostItem><t:Subject>p</t:Subject></t:PostItem>", "notes"))
    assert server.folders(ADDRESS)[("Notes",)] == []
    notes = server.groupware(ADDRESS)[("Notes",)]
    assert [(one.kind, one.text("ItemClass"), one.text("Subject")) for one in notes] == [
        ("Message", "IPM.StickyNote", "n"),
        ("PostItem", "IPM.Post", "p"),
    ]
    assert notes[0].text("Body") == "text"


def attach(server: EwsServer, token: str, item_id: str, element: str) -> urllib3.BaseHTTPResponse:
    body = f'<m:CreateAttachment><m:ParentItemId Id="{item_id}"/><m:Attachments>{element}'
    return post(server, f"{body}</m:Attachments></m:CreateAttachment>", token)


FILE = "<t:FileAttachment><t:Name>a</t:Name><t:Content>YQ==</t:Content></t:FileAttachment>"


def test_only_files_are_attached(server: EwsServer, token: str) -> None:
    item_id = made(create(server, token, appointment(START)))
    item = f"<t:ItemAttachment><t:Name>a</t:Name>{appointment(START)}</t:ItemAttachment>"
    expected = "ErrorInvalidItemForOperationCreateItemAttachment"
    assert code(attach(server, token, item_id, item)) == expected
    assert code(attach(server, token, item_id, FILE.replace("YQ==", "?"))) != "NoError"
    empty = "<t:FileAttachment><t:Name>a</t:Name></t:FileAttachment>"
    assert code(attach(server, token, item_id, empty)) == "ErrorRequiredPropertyMissing"
    server.faults.refuse_file_next("ErrorQuotaExceeded")
    assert code(attach(server, token, item_id, FILE)) == "ErrorQuotaExceeded"
    assert only(server).files == ()
    assert code(attach(server, token, item_id, FILE)) == "NoError"
    assert only(server).files == (("a", b"a"),)
    read = '<m:GetAttachment><m:AttachmentIds><t:AttachmentId Id="x"/></m:AttachmentIds>'
    assert code(post(server, f"{read}</m:GetAttachment>", token)) == "ErrorInvalidAttachmentId"


def test_faults_come_over_all_calls(server: EwsServer, token: str) -> None:
    server.faults.reject_next("ErrorQuotaExceeded")
    assert code(create(server, token, appointment(START))) == "ErrorQuotaExceeded"
    item_id = made(create(server, token, appointment(START)))
    server.faults.busy(1, 100)
    assert code(attach(server, token, item_id, FILE)) == "ErrorServerBusy"
    server.faults.refuse_change_next("ErrorInternalServerError")
    change = setting("item:Subject", "<t:Subject>b</t:Subject>")
    assert code(update(server, token, item_id, change)) == "ErrorInternalServerError"
    for after in (False, True):
        server.faults.close_connection_next(after, operation="UpdateItem")
        with pytest.raises(urllib3.exceptions.HTTPError):
            update(server, token, item_id, change)
        assert only(server).text("Subject") == ("b" if after else "")


def test_late_items_come_when_the_clock_says_so(
    server: EwsServer, token: str, clock: Clock
) -> None:
    server.faults.answer_504_next(60)
    assert create(server, token, appointment(START)).status == 504
    assert server.groupware(ADDRESS)[("Calendar",)] == []
    clock.seconds += 61
    assert only(server).text("DateTimeCreated")


@pytest.mark.parametrize(
    ("view", "folder", "expected"),
    [
        ("2026-01-01T00:00:00Z/2026-04-01T00:00:00Z", "calendar", "NoError"),
        ("2026-04-01T00:00:00Z/2026-01-01T00:00:00Z", "calendar",
         "ErrorCalendarEndDateIsEarlierThanStartDate"),
        ("2026-01-01T00:00:00Z/2028-04-01T00:00:00Z", "calendar", "ErrorCalendarViewRangeTooBig"),
        ("2026-01-01T00:00:00Z/2026-04-01T00:00:00Z", "contacts",
         "ErrorCalendarFolderIsInvalidForCalendarView"),
    ],
)  # fmt: skip
def test_views(
    server: EwsServer, token: str, view: str, folder: str, expected: str,
    recorder: Recorder, schema: Schema,
) -> None:  # fmt: skip
    made(create(server, token, appointment(START + DAILY)))
    start, end = view.split("/")
    body = (
        '<m:FindItem Traversal="Shallow"><m:ItemShape><t:BaseShape>Default</t:BaseShape>'
        '</m:ItemShape><m:CalendarView MaxEntriesReturned="3"'
        f' StartDate="{start}" EndDate="{end}"/>'
        f'<m:ParentFolderIds><t:DistinguishedFolderId Id="{folder}"/></m:ParentFolderIds>'
        "</m:FindItem>"
    )
    answer = post(server, body, token)
    assert code(answer) == expected
    if expected == "NoError":
        assert answer.data.count(b"<t:CalendarItem>") == 3
        assert b'IncludesLastItemInRange="false"' in answer.data
        assert b"InstanceIndex" not in answer.data
    assert schema.check_all(recorder) == 4
