"""What the probe says of calendars, contacts, tasks and notes is what the server does with them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from localrun.fakes.workmail_ews import groupware_items, groupware_operations, store
from localrun.fakes.workmail_ews.soap import TYPES, ItemRefused, local_name
from localrun.probe import ews_calendar
from localrun.probe.ews_groupware import Desk
from localrun.probe.groupware_findings import KEPT, differences
from localrun.probe.groupware_samples import ADDRESSES
from migration.directory_model import Token
from migration.groupware_port import CollectionKind
from migration.items.ews_task import NoteItem, TaskItem
from migration.wire.ews import EwsClient
from migration.wire.ews_groupware import EwsGroupware
from migration.wire.ews_groupware_request import FolderKind
from migration.wire.ews_model import FolderInfo, FolderRef, RequestRefused, ServerBusy
from tests.ews import conftest as ews
from tests.ews.harness import Schema
from tests.ews.test_ews_nobody_is_told import TELLING, check_silence
from tests.localrun.probe_cloud import PILOT, ProbeCloud

WRITE = ("--pilot", PILOT, "--write")
QUESTIONS = ("calendar", "contacts", "tasks")
schema = ews.schema
STAYS, CHANGES = "its change key stays", "its change key is another one"


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ProbeCloud]:
    made = ProbeCloud(tmp_path, monkeypatch)
    yield made
    assert made.leftovers() == []
    made.close()


# -- a server as the migration counts on


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        (
            "calendar",
            {
                "calendar_folder": "below the default one, of the class IPF.Appointment",
                "calendar_keys": "each is found by its key",
                "attendees": KEPT,
                "answers": KEPT,
                "organizer": "the owner of the mailbox",
                "past_reminder": KEPT,
                "weekly": "unfolds as it should, 10 times",
                "monthly": "unfolds as it should, 12 times",
                "occurrence_file": "is attached to that occurrence alone",
                "meeting_again": "is written beside the one with the same UID",
                "invitations": "none was sent",
            },
        ),
        ("contacts", {"three_addresses": KEPT, "photo": "is the contact's picture"}),
        ("tasks", {"task_series": KEPT, "completed_task": KEPT, "note_draft": "is no draft"}),
    ],
)
def test_what_is_kept_is_told(
    cloud: ProbeCloud, question: str, expected: Mapping[str, str]
) -> None:
    facts = cloud.learn(question, *WRITE)
    assert {name: facts[name] for name in expected} == expected
    answer = cloud.answers()[question]["answer"]
    assert answer == f"all {len(facts)} findings are what the migration counts on"
    assert not any(name.endswith("_refusals") for name in facts)


def test_change_keys_are_watched_step_by_step(cloud: ProbeCloud) -> None:
    facts = cloud.learn("calendar", *WRITE)
    keys = {name: said.split(": ")[1] for name, said in facts.items() if "change_key" in name}
    assert keys == {
        "change_key_nothing": STAYS,
        "change_key_changed": CHANGES,
        "change_key_file": CHANGES,
        "change_key_deleted": CHANGES,
        "change_key_own_file": CHANGES,
    }


def test_nobody_is_told_and_nobody_could_be(cloud: ProbeCloud) -> None:
    for question in QUESTIONS:
        cloud.learn(question, *WRITE)
    assert {check_silence(body) for body in cloud.bodies} > set(TELLING)
    assert cloud.ews.sent == []
    found = {
        address
        for body in cloud.bodies
        for address in re.findall(r"[\w.+-]+@[\w.-]+", body.decode())
    }
    assert found == {PILOT, *ADDRESSES}
    assert all(address.endswith(".invalid") for address in ADDRESSES)


def test_its_requests_are_valid_by_the_schema(cloud: ProbeCloud, schema: Schema) -> None:
    for question in QUESTIONS:
        cloud.learn(question, *WRITE)
    assert any(b"<m:CalendarView" in body for body in cloud.bodies)
    for body in cloud.bodies:
        schema.check(body)


def test_nothing_personal_is_told(cloud: ProbeCloud, capsys: pytest.CaptureFixture[str]) -> None:
    for question in QUESTIONS:
        cloud.learn(question, *WRITE)
    said = capsys.readouterr().out + (cloud.folder / "answers.json").read_text("utf-8")
    for private in (PILOT, *ADDRESSES):
        assert private not in said


def test_what_was_there_before_stays(cloud: ProbeCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    made = cloud.fake.create_impersonation_role(
        organization_id=cloud.organization,
        name="theirs",
        type="FULL_ACCESS",
        rules=[{"ImpersonationRuleId": "all", "Effect": "ALLOW"}],
    )
    role = str(made["ImpersonationRoleId"])
    cloud.sleep(600)

    def token() -> Token:
        given = cloud.fake.assume_impersonation_role(
            organization_id=cloud.organization, impersonation_role_id=role
        )
        return Token(given["Token"])

    client = EwsClient(cloud.ews.url, token, PILOT)
    groupware = EwsGroupware(client)
    calendar = FolderRef("calendar", distinguished=True)
    kind = FolderKind("CalendarFolder", "IPF.Appointment")
    (own,) = groupware.create_folders(calendar, kind, ["Migration probes of mine"])
    assert isinstance(own, FolderInfo)
    event = (
        "<t:CalendarItem><t:Subject>mine</t:Subject><t:Start>2029-02-07T09:00:00Z</t:Start>"
        "<t:End>2029-02-07T10:00:00Z</t:End></t:CalendarItem>"
    )
    for folder in (calendar, FolderRef(own.id)):
        groupware.create(folder, [event])
    before = cloud.ews.groupware(PILOT)
    for question in QUESTIONS:
        cloud.learn(question, *WRITE)
    assert cloud.ews.groupware(PILOT) == before
    assert sum(map(len, before.values())) == 2
    client.delete_folder(FolderRef(own.id))
    (left,) = cloud.ews.groupware(PILOT)["Calendar",]
    client.delete_items([left.id])
    client.close()
    cloud.fake.delete_impersonation_role(
        organization_id=cloud.organization, impersonation_role_id=role
    )


def test_how_a_text_is_broken_into_lines_does_not_count() -> None:
    sent = NoteItem("a", "one\ntwo")
    assert list(differences(sent, NoteItem("a", "one\r\ntwo\r\n"))) == []
    assert list(differences(sent, NoteItem("", "one"))) == ["loses subject", "changes body"]
    assert list(differences(NoteItem(), sent, ["body"])) == ["adds subject"]


def test_another_kind_of_item_is_no_comparison() -> None:
    assert list(differences(NoteItem(), TaskItem())) == ["becomes an item of another kind"]


# -- other servers


def forget(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """From now on the server takes this element, and does not keep it."""
    keep = groupware_items.set_part

    def set_part(item: groupware_items.GroupwareItem, part: etree._Element) -> None:
        if local_name(part) != name:
            keep(item, part)

    monkeypatch.setattr(groupware_operations, "set_part", set_part)


@pytest.mark.parametrize(
    ("forgotten", "question", "name", "said"),
    [
        ("Location", "calendar", "meeting", "loses location"),
        ("RequiredAttendees", "calendar", "attendees", "others than were written: required"),
        ("ReminderMinutesBeforeStart", "calendar", "past_reminder", "becomes one of 15 minutes"),
        ("ReminderIsSet", "calendar", "whole_day", "adds reminder"),
        ("UID", "calendar", "meeting_again_uid", "the server gives it another one"),
        (
            *("StartTimeZone", "calendar", "weekly"),
            "of 10 occurrences 6 are missing, 6 are at other times",
        ),
        ("ExtendedProperty", "contacts", "contacts_keys", "not found by their keys: contact, list"),
        ("EmailAddresses", "contacts", "three_addresses", "3 of 3 are lost"),
        ("Members", "contacts", "members", "3 of 3 are lost"),
        ("Surname", "contacts", "contact", "changes name"),
        ("Recurrence", "tasks", "task_series", "loses repeats"),
        ("CompleteDate", "tasks", "completed_task", "changes completed"),
    ],
)
def test_what_a_server_forgets_is_told(
    cloud: ProbeCloud,
    monkeypatch: pytest.MonkeyPatch,
    forgotten: str,
    question: str,
    name: str,
    said: str,
) -> None:
    forget(monkeypatch, forgotten)
    assert cloud.learn(question, *WRITE)[name] == said
    assert re.search(rf"counts on: .*\b{name}\b", cloud.answers()[question]["answer"])


def test_a_note_that_becomes_a_message_is_told(
    cloud: ProbeCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    forget(monkeypatch, "ItemClass")
    monkeypatch.setitem(groupware_items.CLASSES, "Message", "IPM.Note")
    facts = cloud.learn("tasks", *WRITE)
    assert facts["note_class"] == "of the class IPM.Note"
    assert facts["notes"] == "the migration cannot read what EWS shows of it"


def test_answers_that_are_not_kept_are_counted(
    cloud: ProbeCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep = groupware_items.set_part

    def set_part(item: groupware_items.GroupwareItem, part: etree._Element) -> None:
        for found in part.iter(f"{{{TYPES}}}ResponseType", f"{{{TYPES}}}LastResponseTime"):
            if local_name(found) == "ResponseType":
                found.text = "Unknown"
            elif (attendee := found.getparent()) is not None:
                attendee.remove(found)
        keep(item, part)

    monkeypatch.setattr(groupware_operations, "set_part", set_part)
    facts = cloud.learn("calendar", *WRITE)
    assert facts["attendees"] == KEPT
    assert facts["answers"] == "2 of 3 become others (NEEDS-ACTION)"
    assert facts["answered_at"] == "2 of 3 become others"


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("somebody@example.com", "another than the owner of the mailbox"),
        ("/o=x/cn=pilot", "shown by a name of the directory, which is no address"),
        (PILOT.upper(), "the owner of the mailbox"),
    ],
)
def test_who_leads_a_meeting_is_told(
    cloud: ProbeCloud, monkeypatch: pytest.MonkeyPatch, address: str, said: str
) -> None:
    lead = groupware_items._organizer
    monkeypatch.setattr(groupware_items, "_organizer", lambda _: lead(address))
    assert cloud.learn("calendar", *WRITE)["organizer"] == said


def test_a_server_that_invites_all_the_same_is_found_out(
    cloud: ProbeCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(groupware_operations, "NOBODY", "nobody")
    facts = cloud.learn("calendar", *WRITE)
    assert facts["invitations"].startswith("the server says that it sent them: meeting, past")


def test_copies_in_sent_items_are_counted_and_removed(
    cloud: ProbeCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    note = groupware_operations.note_sending

    def send(mailbox: store.MailboxStore, item: Any, what: str, told: str | None) -> None:
        note(mailbox, item, what, told)
        if what == "cancellation" and item.master is None:
            copy = mailbox.new_item("Message", mailbox.distinguished("sentitems"))
            copy.mime = f"Subject: Canceled: {item.text('Subject')}\r\n\r\n".encode()
            mailbox.add_item(copy)

    monkeypatch.setattr(groupware_operations, "note_sending", send)
    facts = cloud.learn("calendar", *WRITE)
    assert facts["sent_items"] == "messages in Sent Items and Outbox: 2"


def test_without_a_search_by_titles_all_else_is_asked(
    cloud: ProbeCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise RequestRefused("ErrorUnsupportedPathForQuery")

    monkeypatch.setattr(ews_calendar, "find_titled", refuse)
    facts = cloud.learn("calendar", *WRITE)
    assert facts["sent_items"] == "refused: ErrorUnsupportedPathForQuery"
    assert facts["weekly_again"] == "is written beside the one with the same UID"


def test_a_busy_server_ends_a_part_alone(
    cloud: ProbeCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise ServerBusy("ErrorServerBusy", 1.0)

    monkeypatch.setattr(Desk, "view", refuse)
    facts = cloud.learn("calendar", *WRITE)
    assert facts["series"] == facts["weekly_again"] == "EWS is busy: ErrorServerBusy"
    assert facts["occurrence_file"] == "is attached to that occurrence alone"


def test_what_is_refused_of_a_series_is_told(cloud: ProbeCloud) -> None:
    cloud.ews.faults.refuse_change_next("ErrorOccurrenceCrossingBoundary")
    facts = cloud.learn("calendar", *WRITE)
    assert "(ErrorOccurrenceCrossingBoundary)" in facts["weekly_refusals"]
    assert facts["changed_occurrence"] == "is not shown as it was changed"
    assert facts["deleted_occurrence"] == "takes place no more"
    assert facts["occurrence_file"] == "is not there"
    cloud.ews.faults.refuse_file_next("ErrorAttachmentSizeLimitExceeded")
    facts = cloud.learn("calendar", *WRITE)
    assert "(ErrorAttachmentSizeLimitExceeded)" in facts["weekly_refusals"]
    assert facts["changed_occurrence"] == "is shown as it was changed"
    assert facts["occurrence_file"] == "is not there"


def test_a_change_that_is_refused_ends_its_part_alone(cloud: ProbeCloud) -> None:
    faults = cloud.ews.faults
    faults.refuse_change_next("ErrorCalendarIsDelegatedForAccept", times=2)
    facts = cloud.learn("calendar", *WRITE)
    assert facts["change_keys"] == "refused: ErrorCalendarIsDelegatedForAccept"
    assert facts["sent_items"] == "messages in Sent Items and Outbox: 0"


@pytest.mark.parametrize(
    ("question", "name", "goes_on"),
    [
        ("calendar", "meeting", "weekly"),
        ("contacts", "contact", "list"),
        ("tasks", "task_series", "note"),
    ],
)
def test_a_refused_item_is_a_finding_and_the_others_go_on(
    cloud: ProbeCloud, question: str, name: str, goes_on: str
) -> None:
    cloud.ews.faults.reject_next("ErrorItemCorrupt")
    facts = cloud.learn(question, *WRITE)
    assert facts[name] == "refused: ErrorItemCorrupt"
    assert "refused" not in facts[goes_on]


def test_a_photo_that_is_refused_is_told(cloud: ProbeCloud) -> None:
    cloud.ews.faults.refuse_file_next("ErrorInvalidContactPhoto")
    facts = cloud.learn("contacts", *WRITE)
    assert "(ErrorInvalidContactPhoto)" in facts["contact_refusals"]
    assert facts["photo"] == "is not shown as the contact's picture"
    assert facts["has_picture"] == "the contact has none, it says"


def same_uid(mailbox: store.MailboxStore, item: Any) -> list[Any]:
    found: list[Any] = list(mailbox.folder(item.folder_id).items.values())
    return [one for one in found if "UID" in one.fields and one.text("UID") == item.text("UID")]


def refusing(read: Callable[..., Any]) -> Callable[..., Any]:
    def read_new(mailbox: store.MailboxStore, *rest: Any) -> Any:
        item = read(mailbox, *rest)
        if item.kind == "CalendarItem" and same_uid(mailbox, item):
            raise ItemRefused("ErrorDuplicateUid")
        return item

    return read_new


def replacing(read: Callable[..., Any]) -> Callable[..., Any]:
    def read_new(mailbox: store.MailboxStore, *rest: Any) -> Any:
        item = read(mailbox, *rest)
        for one in same_uid(mailbox, item) if item.kind == "CalendarItem" else ():
            mailbox.delete_item(one, "HardDelete")
        return item

    return read_new


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (refusing, "refused: ErrorDuplicateUid"),
        (replacing, "is written, and takes the place of the one with the same UID"),
    ],
)
def test_a_second_item_with_the_same_uid(
    cloud: ProbeCloud,
    monkeypatch: pytest.MonkeyPatch,
    act: Callable[[Callable[..., Any]], Callable[..., Any]],
    said: str,
) -> None:
    monkeypatch.setattr(groupware_operations, "read_new", act(groupware_operations.read_new))
    facts = cloud.learn("calendar", *WRITE)
    assert facts["meeting_again"] == facts["weekly_again"] == said


def test_change_keys_that_stay_are_told(cloud: ProbeCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store.MailboxStore, "changed", lambda *_: None)
    facts = cloud.learn("calendar", *WRITE)
    for name in ("changed", "file", "deleted", "own_file"):
        assert facts[f"change_key_{name}"].endswith(STAYS)
        assert f"change_key_{name}" in cloud.answers()["calendar"]["answer"]


def test_an_old_item_that_takes_the_new_one_with_it(
    cloud: ProbeCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    delete = store.MailboxStore.delete_item

    def delete_all(mailbox: store.MailboxStore, item: Any, disposal: str) -> None:
        for one in same_uid(mailbox, item) if item.kind == "CalendarItem" else [item]:
            delete(mailbox, one, disposal)

    monkeypatch.setattr(store.MailboxStore, "delete_item", delete_all)
    facts = cloud.learn("calendar", *WRITE)
    assert "something else than before" in facts["meeting_again_old_removed"]


@pytest.mark.parametrize("kind", CollectionKind)
def test_a_server_that_forgets_what_a_folder_is_for_fails_the_question(
    cloud: ProbeCloud, monkeypatch: pytest.MonkeyPatch, kind: CollectionKind
) -> None:
    create = store.MailboxStore.create_folder

    def forgetful(
        mailbox: store.MailboxStore, parent: Any, name: str, folder_class: str
    ) -> store.StoredFolder:
        return create(mailbox, parent, name, "IPF.Note" if kind in name else folder_class)

    monkeypatch.setattr(store.MailboxStore, "create_folder", forgetful)
    question = "tasks" if kind is CollectionKind.NOTES else str(kind)
    answer = cloud.ask(question, *WRITE)
    assert answer["verdict"] == "failed"
    assert "ErrorFolderExists" in answer["answer"]
