"""Lists of Microsoft To Do over Microsoft Graph."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest

from migration.errors import MailboxUnreachable
from migration.groupware_port import CollectionKind, Entry, NotReadable, Read, Vanished
from migration.items.content import Alarm, Attachment
from migration.items.task import Task, TaskStatus
from migration.items.times import UTC, Frequency, Moment
from migration.sources import graph_tasks
from migration.sources.graph_tasks import GraphTasks
from tests.graph.scripted import URL, Answers, ScriptedGraph

BOX = "/users/ann@contoso.example"
LISTS, TASKS = f"{BOX}/todo/lists", f"{BOX}/todo/lists/l1/tasks"
OPEN = f"{TASKS}?$filter=status ne 'completed'&$top=100"
WEEKLY = {
    "pattern": {"type": "weekly", "interval": 1, "daysOfWeek": ["friday"], "month": 0},
    "range": {"type": "noEnd", "startDate": "2026-12-04", "recurrenceTimeZone": "UTC"},
}


def at(told: str, zone: str = "UTC") -> dict[str, str]:
    return {"dateTime": f"{told}.0000000", "timeZone": zone}


def todo(id_: str, **more: Any) -> dict[str, Any]:
    return {
        "@odata.etag": f'W/"{id_}"',
        "id": id_,
        "title": f"Task {id_}",
        "status": "notStarted",
        "importance": "normal",
        "isReminderOn": False,
        "hasAttachments": False,
        "categories": [],
        "createdDateTime": "2026-11-01T08:00:00Z",
        "lastModifiedDateTime": "2026-11-02T08:00:00Z",
        "body": {"content": "", "contentType": "text"},
        **more,
    }


def todo_list(id_: str, **more: Any) -> dict[str, Any]:
    own = {"isOwner": True, "isShared": False, "wellknownListName": "none"}
    return {"id": id_, "displayName": f"List {id_}", **own, **more}


def answers(*tasks: dict[str, Any], **more: Any) -> Answers:
    listed = [{name: it for name, it in one.items() if name != "recurrence"} for one in tasks]
    by_id = {f"{TASKS}/{one['id']}": one for one in tasks}
    return {
        f"{LISTS}?$top=100": [todo_list("l1", wellknownListName="defaultList")],
        f"{TASKS}?$top=100": listed,
        OPEN: [one for one in tasks if one["status"] != "completed"],
        f"{BOX}/mailboxSettings": {"timeZone": "W. Europe Standard Time"},
        **by_id,
        **{f"{path}/checklistItems": [] for path in by_id},
        **{f"{path}/linkedResources": [] for path in by_id},
        **more,
    }


def open_graph(script: Answers) -> tuple[ScriptedGraph, GraphTasks]:
    graph = ScriptedGraph(script)
    return graph, GraphTasks(graph.client, "ann@contoso.example")


def read_one(script: Answers, id_: str = "a") -> Read:
    _, source = open_graph(script)
    (found,) = source.fetch(source.collections()[0], [Entry(id_, "old")])
    assert isinstance(found, Read)
    return found


def task_of(read: Read) -> Task:
    (found,) = read.items
    assert isinstance(found, Task)
    return found


def test_flagged_mail_is_no_list_and_lists_of_others_stay_theirs() -> None:
    lists = [
        todo_list("l1", wellknownListName="defaultList"),
        todo_list("l2", isShared=True),
        todo_list("l3", wellknownListName="flaggedEmails"),
        todo_list("l4", isOwner=False, isShared=True),
    ]
    page = {"value": lists[:1], "@odata.nextLink": f"{URL}{LISTS}?$skip=1"}
    script = {f"{LISTS}?$top=100": page, f"{LISTS}?$skip=1": lists[1:]}
    _, source = open_graph(script)
    found = source.collections()
    assert [(one.name, one.is_default) for one in found] == [("List l1", True), ("List l2", False)]
    assert {one.kind for one in found} == {CollectionKind.TASKS}
    assert [[loss.what for loss in one.losses] for one in found] == [["collection"], ["sharing"]]


def test_all_tasks_are_listed_done_or_not_with_when_they_were_changed() -> None:
    graph, source = open_graph(answers(todo("a"), todo("b", status="completed")))
    assert source.entries(source.collections()[0]) == [
        Entry("a", "2026-11-02T08:00:00Z"),
        Entry("b", "2026-11-02T08:00:00Z"),
    ]
    assert not any("$select" in one for one in graph.asked)


def test_a_task_is_read_with_its_days_its_steps_links_and_files() -> None:
    task = todo(
        "a",
        body={"content": "<p>Text</p>", "contentType": "html"},
        status="inProgress",
        importance="high",
        startDateTime=at("2026-12-01T23:00:00"),  # midnight in Berlin
        dueDateTime=at("2026-12-03T23:00:00"),
        isReminderOn=True,
        reminderDateTime=at("2026-12-03T08:00:00"),
        categories=["Blue"],
        hasAttachments=True,
    )
    steps = [
        {"id": "1", "displayName": "Buy <milk>", "isChecked": True},
        {"id": "2", "displayName": "Drink it", "isChecked": False},
    ]
    links = [
        {"id": "1", "applicationName": "Shop", "displayName": "Order", "webUrl": "https://a.b/"},
        {"id": "2", "applicationName": "Shop", "externalId": "7"},
    ]
    place = f"{TASKS}/a"
    script = {
        **answers(task),
        f"{place}/checklistItems": steps,
        f"{place}/linkedResources": links,
        f"{place}/attachments": [{"id": "f1", "name": "a.txt", "contentType": "text/plain"}],
        f"{place}/attachments/f1/$value": b"file",
    }
    read = read_one(script)
    found = task_of(read)
    assert read.entry == Entry("a", "2026-11-02T08:00:00Z")
    assert (found.status, found.content.priority) == (TaskStatus.IN_PROCESS, 1)
    assert (found.start, found.due) == (date(2026, 12, 2), date(2026, 12, 4))
    assert found.content.alarms == (Alarm(Moment(datetime(2026, 12, 3, 8), UTC)),)
    assert found.content.html == "<p>Text</p><p>Done: Buy &lt;milk&gt;</p><p>To do: Drink it</p>"
    assert found.content.attachments == (
        Attachment("a.txt", "text/plain", b"file"),
        Attachment("Order", uri="https://a.b/"),
    )
    assert [(one.what, one.uid) for one in read.losses] == [
        ("linkedResources", "a"),
        ("checklistItems", "a"),
    ]


def test_a_rule_is_kept_also_where_graph_shows_it_in_lists_of_open_tasks_alone() -> None:
    due = {"dueDateTime": at("2026-12-03T23:00:00")}
    shown, hidden = todo("a", recurrence=WEEKLY, **due), todo("b", recurrence=WEEKLY, **due)
    script = answers(shown, hidden)
    script[f"{TASKS}/b"] = todo("b", **due)
    for id_ in "ab":
        rule = task_of(read_one(script, id_)).recurrence.rule
        assert rule is not None and rule.frequency is Frequency.WEEKLY


def test_lists_of_open_tasks_are_asked_for_once_and_for_open_tasks_alone() -> None:
    done = todo("c", status="completed", completedDateTime=at("2026-12-01T23:00:00"))
    graph, source = open_graph(answers(todo("a"), todo("b"), done))
    default = source.collections()[0]
    list(source.fetch(default, [Entry("c", "old")]))
    assert OPEN not in graph.asked
    list(source.fetch(default, [Entry("a", "old"), Entry("b", "old")]))
    assert graph.asked.count(OPEN) == 1


def test_what_is_done_is_done_on_its_day_and_repeats_no_more() -> None:
    done = at("2026-12-01T23:00:00")
    task = todo("a", status="completed", completedDateTime=done, recurrence=WEEKLY)
    read = read_one(answers(task))
    found = task_of(read)
    assert (found.status, found.recurrence.rule) == (TaskStatus.COMPLETED, None)
    assert found.completed == Moment(datetime(2026, 12, 2))
    assert read.losses == ()


def test_without_the_right_to_read_settings_days_are_found_by_their_hours() -> None:
    task = todo("a", dueDateTime=at("2026-12-03T23:00:00"), startDateTime=at("2026-12-03T05:00:00"))
    script = {**answers(task), f"{BOX}/mailboxSettings": (403, "ErrorAccessDenied")}
    found = task_of(read_one(script))
    assert (found.start, found.due) == (date(2026, 12, 3), date(2026, 12, 4))


def test_days_in_another_zone_are_days_there() -> None:
    due = at("2026-12-04T00:00:00", "W. Europe Standard Time")
    assert task_of(read_one(answers(todo("a", dueDateTime=due)))).due == date(2026, 12, 4)


@pytest.mark.parametrize("told", ["0001-01-01T00:00:00", "9999-12-31T23:59:59"])
@pytest.mark.parametrize("zone", ["Pacific Standard Time", "Tonga Standard Time", None])
def test_a_day_of_no_year_is_a_loss(told: str, zone: str | None) -> None:
    """Programs mean none by it. West or east of Greenwich it would be beyond all calendars."""
    read = read_one(
        answers(
            todo("a", dueDateTime=at(told), isReminderOn=True, reminderDateTime=at(told)),
            **{f"{BOX}/mailboxSettings": {"timeZone": zone}},
        )
    )
    assert task_of(read).due is None
    assert task_of(read).content.alarms == ()
    assert {one.what for one in read.losses} == {"dueDateTime", "reminderDateTime"}


def test_a_reminder_that_is_off_is_none() -> None:
    read = read_one(answers(todo("a", reminderDateTime=at("2026-12-03T08:00:00"))))
    assert task_of(read).content.alarms == ()
    assert read.losses == ()


def test_rules_that_cannot_be_read_or_begin_nowhere_are_losses() -> None:
    broken = {**WEEKLY, "pattern": {"type": "hourly", "interval": 1}}
    due = at("2026-12-04T00:00:00")
    for task in (todo("a", recurrence=WEEKLY), todo("a", recurrence=broken, dueDateTime=due)):
        read = read_one(answers(task))
        assert not task_of(read).recurrence
        assert [one.what for one in read.losses] == ["recurrence"]


def test_what_is_gone_and_what_is_refused_are_told_apart() -> None:
    script = {**answers(todo("a"), todo("b")), f"{TASKS}/b": (400, "ErrorCorruptData")}
    script[f"{TASKS}/a/checklistItems"] = (404, "ErrorItemNotFound")
    _, source = open_graph(script)
    entries = [Entry("gone", "v"), Entry("a", "v"), Entry("b", "v")]
    assert list(source.fetch(source.collections()[0], entries)) == [
        Vanished(entries[0]),
        NotReadable(entries[1], "ErrorItemNotFound"),  # it is there, and its copy stays
        NotReadable(entries[2], "ErrorCorruptData"),
    ]


def test_a_file_that_graph_does_not_give_is_a_loss_of_its_task() -> None:
    script = {
        **answers(todo("a", hasAttachments=True)),
        f"{TASKS}/a/attachments": [{"id": "f1", "name": "a.txt"}],
        f"{TASKS}/a/attachments/f1/$value": (400, "ErrorCorruptData"),
    }
    read = read_one(script)
    assert task_of(read).content.attachments == ()
    assert [(one.what, one.uid) for one in read.losses] == [("attachments", "a")]


def test_files_beyond_the_limit_are_losses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graph_tasks, "LARGEST", 10)
    files = {f"{TASKS}/a/attachments/f{size}/$value": b"x" * size for size in (6, 5, 4)}
    listed = [{"id": f"f{size}", "name": f"{size}.txt"} for size in (6, 5, 4)]
    script = {**answers(todo("a", hasAttachments=True)), **files}
    read = read_one({**script, f"{TASKS}/a/attachments": listed})
    assert [one.name for one in task_of(read).content.attachments] == ["6.txt", "4.txt"]
    assert [(one.what, one.why) for one in read.losses] == [("attachments", "it is too large")]


def test_how_much_an_item_brings_is_seen_in_what_the_source_said() -> None:
    """By that the engine decides how many it reads at once."""
    files = {
        f"{TASKS}/a/attachments": [{"id": "f1", "name": "a.bin"}],
        f"{TASKS}/a/attachments/f1/$value": b"x" * 30_000,
    }
    assert len(read_one({**answers(todo("a", hasAttachments=True)), **files}).raw) > 30_000


def test_half_of_a_character_is_no_error() -> None:
    """Programs that count in UTF-16 cut names in the middle of an emoji."""
    assert b"cut" in read_one(answers(todo("a", title="cut \ud83d"))).raw


def test_a_mailbox_without_a_service_for_tasks_is_not_asked_again_and_again() -> None:
    _, source = open_graph({LISTS: (404, "UnknownError")})
    with pytest.raises(MailboxUnreachable, match="404 UnknownError"):
        source.collections()
