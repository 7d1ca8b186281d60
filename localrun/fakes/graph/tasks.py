"""Microsoft To Do of a mailbox: lists, tasks, and what a task has.

    todo = server.mailbox("ann@contoso.example").part(Todo)
    uid = todo.put_task(todo.default, {"title": "Call Bob"})
    todo.add_step(uid, "Look up the number")

https://learn.microsoft.com/graph/api/resources/todo-overview. Steps, links and files are told in
lists of their own. $select is not taken notice of.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from localrun.fakes.graph.answers import Answer, GraphError, Json, moment
from localrun.fakes.graph.event_times import body_as
from localrun.fakes.graph.filters import matching
from localrun.fakes.graph.items import File, Item, find_item, new_id, new_item, not_there, one
from localrun.fakes.graph.mailbox import Mailbox
from localrun.fakes.graph.paging import outlook_page
from localrun.fakes.graph.routing import Call, Route

_TASKS = {"en": "Tasks", "de": "Aufgaben", "fr": "Tâches"}
_FLAGGED = {
    "en": "Flagged Emails",
    "de": "Gekennzeichnete E-Mails",
    "fr": "E-mails avec indicateur",
}


@dataclass(eq=False)
class Task(Item):
    steps: list[Json] = field(default_factory=list)
    links: list[Json] = field(default_factory=list)


@dataclass(eq=False)
class TaskList:
    id: str
    told: Json
    tasks: list[Task] = field(default_factory=list)

    def json(self) -> Json:
        return {"@odata.etag": f'W/"{self.id[-28:]}"', "id": self.id, **self.told}


class Todo:
    """Ids name lists and tasks. GraphError for one that there is not."""

    def __init__(self, box: Mailbox) -> None:
        self._box = box
        self.refusal: GraphError | None = None
        """What every request is answered with: a mailbox without To Do."""
        self.hides_recurrence = False
        """Tasks tell their recurrence only in lists that $filter has narrowed."""
        self.lists: list[TaskList] = []
        self.default = self.add_list(_TASKS[box.language], wellknownListName="defaultList")
        self.add_list(_FLAGGED[box.language], wellknownListName="flaggedEmails")

    # -- what a person does

    def refuse(self, status: int, code: str, message: str = "There is no To Do here.") -> None:
        """The mailbox has no To Do from now on."""
        self.refusal = GraphError(status, code, message)

    def add_list(self, name: str, **properties: object) -> str:
        """Its id."""
        with self._box.lock:
            usual: Json = {"isOwner": True, "isShared": False, "wellknownListName": "none"}
            told = {"displayName": name, **usual, **properties}
            self.lists.append(TaskList(new_id(self._box, "task list"), told))
            return self.lists[-1].id

    def put_task(self, list_: str, task: Mapping[str, object]) -> str:
        """A new one; its id."""
        with self._box.lock:
            made = Task(**vars(new_item(self._box, "task", task, list_)))
            self.list(list_).tasks.append(made)
            return made.ids.immutable

    def change_task(self, uid: str, **changes: object) -> None:
        with self._box.lock:
            self.task(uid).change(self._box.moment(), changes)

    def delete_task(self, uid: str) -> None:
        with self._box.lock:
            task = self.task(uid)
            for one_list in self.lists:
                if task in one_list.tasks:
                    one_list.tasks.remove(task)

    def add_step(self, uid: str, name: str, done: bool = False) -> None:
        """A step of a task, which does not change the task itself."""
        with self._box.lock:
            now = moment(self._box.moment())
            checked: Json = {"checkedDateTime": now} if done else {}
            told = {"displayName": name, "createdDateTime": now, "isChecked": done, **checked}
            self.task(uid).steps.append({"id": new_id(self._box, "step"), **told})

    def add_link(self, uid: str, **link: object) -> None:
        """A linkedResource: webUrl, applicationName, displayName, externalId."""
        with self._box.lock:
            self.task(uid).links.append({"id": new_id(self._box, "link"), **link})

    def attach(self, uid: str, name: str, content: bytes, media_type: str = "") -> None:
        with self._box.lock:
            task = self.task(uid)
            told = {
                "@odata.type": "#microsoft.graph.taskFileAttachment",
                "lastModifiedDateTime": moment(self._box.moment()),
                "name": name,
                "contentType": media_type or "application/octet-stream",
                "size": len(content),
            }
            task.files.append(File(new_id(self._box, "task file"), told, content))
            task.change(self._box.moment())

    # -- for those who answer, with the lock held

    def list(self, id_: str) -> TaskList:
        for one_list in self.lists:
            if one_list.id == id_:
                return one_list
        raise not_there(id_)

    def task(self, uid: str, list_: str = "") -> Task:
        """In this list, or in any."""
        places = [self.list(list_)] if list_ else self.lists
        found = find_item([task for place in places for task in place.tasks], uid)
        assert isinstance(found, Task)
        return found


def list_lists(call: Call) -> Json:
    return outlook_page(call, _todo(call).lists, TaskList.json)


def get_list(call: Call) -> Json:
    return one(call, _todo(call).list(call.at["list"]).json())


def list_tasks(call: Call) -> Json:
    told = [_task_json(call, task) for task in _todo(call).list(call.at["list"]).tasks]
    filtered = call.option("$filter")
    shown = [task for task in told if matching(filtered)(task)]
    if not filtered and _todo(call).hides_recurrence:
        shown = [{**task, "recurrence": None} for task in shown]
    return outlook_page(call, shown, lambda task: task)


def get_task(call: Call) -> Json:
    told = _task_json(call, _task(call))
    return one(call, {**told, "recurrence": None} if _todo(call).hides_recurrence else told)


def list_steps(call: Call) -> Json:
    return outlook_page(call, _task(call).steps, lambda it: it)


def list_links(call: Call) -> Json:
    return outlook_page(call, _task(call).links, lambda it: it)


def list_files(call: Call) -> Json:
    """Without their content."""
    return outlook_page(call, _task(call).files, lambda it: it.json(False))


def get_file(call: Call) -> Json:
    return one(call, _file(call).json(True))


def get_content(call: Call) -> Answer:
    file = _file(call)
    return Answer(file.content, headers={"Content-Type": str(file.told["contentType"])})


def _todo(call: Call) -> Todo:
    todo = call.mailbox.part(Todo)
    if todo.refusal is not None:
        raise todo.refusal
    return todo


def _task(call: Call) -> Task:
    return _todo(call).task(call.at["task"], call.at["list"])


def _file(call: Call) -> File:
    for file in _task(call).files:
        if file.id == call.at["file"]:
            return file
    raise not_there(call.at["file"])


def _task_json(call: Call, task: Task) -> Json:
    """To Do tells no changeKey; what is empty it leaves out."""
    frame = task.frame(call.ask.immutable)
    del frame["changeKey"]
    usual = {
        "importance": "normal",
        "isReminderOn": False,
        "status": "notStarted",
        "title": "",
        "body": {"content": "", "contentType": "text"},
    }
    told = {**frame, **usual, **task.told, "hasAttachments": bool(task.files)}
    if told["body"]["contentType"] != "text":
        told["body"] = body_as(told["body"], call.ask)
    told["bodyLastModifiedDateTime"] = frame["lastModifiedDateTime"]
    return told


_READ = "Tasks.Read.All"
_LIST = "/users/{user}/todo/lists/{list}"
_TASK = f"{_LIST}/tasks/{{task}}"
_FILTER = frozenset({"$filter"})

ROUTES = (
    Route("/users/{user}/todo/lists", list_lists, _READ),
    Route(_LIST, get_list, _READ),
    Route(f"{_LIST}/tasks", list_tasks, _READ, _FILTER),
    Route(_TASK, get_task, _READ),
    Route(f"{_TASK}/checklistItems", list_steps, _READ),
    Route(f"{_TASK}/linkedResources", list_links, _READ),
    Route(f"{_TASK}/attachments", list_files, _READ),
    Route(f"{_TASK}/attachments/{{file}}", get_file, _READ),
    Route(f"{_TASK}/attachments/{{file}}/$value", get_content, _READ),
)
