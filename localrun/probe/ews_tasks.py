"""What WorkMail's EWS makes of tasks and notes."""

from __future__ import annotations

from functools import partial

from localrun.probe.ews_groupware import Desk, attempt, open_desk
from localrun.probe.groupware_findings import Findings
from localrun.probe.groupware_samples import DONE_TASK, NOTE, SERIES_TASK, ZONE, destination
from localrun.probe.model import Learned, Need, Probe
from localrun.probe.session import Session
from migration.groupware_port import CollectionKind
from migration.items.ews_note_item import plan_note
from migration.items.ews_tasks import plan_task
from migration.wire.ews_elements import is_true, text_of
from migration.wire.ews_tasks import NOTE_CLASS, read_note, read_task

_TASKS = {"task_series": SERIES_TASK, "completed_task": DONE_TASK}
_TASK_FIELDS = ("task:Recurrence", "task:CompleteDate", "task:Status")
_NOTE_FIELDS = ("item:ItemClass", "item:IsDraft")


def _ask_tasks(session: Session) -> Learned:
    findings = Findings()
    with open_desk(session, CollectionKind.TASKS) as desk:
        attempt(findings, "tasks", partial(_ask_of_tasks, desk, findings))
    with open_desk(session, CollectionKind.NOTES) as desk:
        attempt(findings, "notes", partial(_ask_of_notes, desk, findings))
    return findings.learned()


def _ask_of_tasks(desk: Desk, findings: Findings) -> None:
    desk.note_folder(findings, "IPF.Task")
    ids = desk.write(_TASKS, findings)
    desk.note_keys(findings, ids)
    for name, item_id in ids.items():
        attempt(findings, name, partial(_ask_task, desk, name, item_id, findings))
    if "task_series" in ids:
        attempt(findings, "removal", partial(_ask_removal, desk, ids["task_series"], findings))


def _ask_task(desk: Desk, name: str, item_id: str, findings: Findings) -> None:
    element = desk.show_all({name: item_id}, _TASK_FIELDS)[name]
    sent = plan_task(_TASKS[name], destination(desk.owner)).item
    findings.compare(name, sent, read_task(element))


def _ask_removal(desk: Desk, item_id: str, findings: Findings) -> None:
    """EWS deletes one of a series of tasks, or all: the migration says all."""
    desk.target.remove(desk.folder_id, [item_id])
    left = desk.target.find(desk.folder_id, [desk.key("task_series")])
    said = "a task of a series stays" if left else "a series is gone as a whole"
    findings.note("removal", said, is_expected=not left)


def _ask_of_notes(desk: Desk, findings: Findings) -> None:
    desk.note_folder(findings, "IPF.StickyNote")
    ids = desk.write({"note": NOTE}, findings)
    desk.note_keys(findings, ids)
    if not ids:
        return
    element = desk.show_all(ids, _NOTE_FIELDS)["note"]
    found = text_of(element, "ItemClass")
    said = f"of the class {found or 'of none'}"
    findings.note("note_class", said, is_expected=found == NOTE_CLASS)
    is_draft = is_true(element, "IsDraft")
    said = "is shown as a draft" if is_draft else "is no draft"
    findings.note("note_draft", said, is_expected=not is_draft)
    findings.compare("note", plan_note(NOTE, ZONE).item, read_note(element))


QUESTIONS = (
    Probe(
        "tasks",
        4,
        "Tasks that repeat or are completed, and sticky notes: what is kept?",
        Need.WRITE,
        _ask_tasks,
    ),
)
