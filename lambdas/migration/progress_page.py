"""The progress page: one file that shows a run at a moment, on the laptop and in AWS.

Names in it come from somebody's mailbox: the templates below web/ escape all of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from markupsafe import Markup

from migration.advice import split_problems
from migration.figures import make_visible
from migration.progress_view import MailboxLine, ProgressView, RunHead, RunStatus
from migration.progress_words import MAILBOX_WORDS
from migration.report_course import tell_course
from migration.report_lines import Verdict
from migration.web.render import macros, render
from migration.web.rows import Column, Rows, Value, lay_out

PARTS = ("now", "tiles", "waits", "workflow", "course", "log", "mailboxes")
"""What the page consists of, from top to bottom."""
LOGGED = 300
"""So many lines of the log stand in the page, the latest."""

_STATUSES = tuple(dict.fromkeys(MAILBOX_WORDS.values()))
"""Of mailboxes, in the order in which they need attention."""
_STATUS_WORDS: Mapping[RunStatus, str] = {
    RunStatus.RUNNING: "Running",
    RunStatus.SUCCEEDED: "Ended",
    RunStatus.FAILED: "Failed",
    RunStatus.ABORTED: "Aborted",
}
_TONES: Mapping[str, str] = {
    "failed": "bad",
    "paused": "warn",
    "running": "busy",
    "waiting": "quiet",
    "done": "good",
}


def to_html(view: ProgressView, *, live: bool = False) -> bytes:
    """The page, UTF-8. It loads itself anew every minute while the run is at work, unless its
    reader does not want that; a `live` one follows the events of its server (scripts/live.js)."""
    return render("progress.html.j2", parts=PARTS, live=live, **_values(view))


def to_parts(view: ProgressView) -> dict[str, str]:
    """What stands in the page, by PARTS: a live page puts each in the place of what it has."""
    values = _values(view)
    return {name: render(f"progress/{name}.html.j2", **values).decode("utf-8") for name in PARTS}


def tell_title(view: ProgressView) -> str:
    """The page's title: what is seen of it in a row of tabs."""
    percent = "" if view.percent is None else f"{view.percent:.0f} % – "
    status, tenant = _STATUS_WORDS[view.head.status], make_visible(view.head.tenant)
    return f"{percent}{status} – WorkMail migration of {tenant}"


def _values(view: ProgressView) -> dict[str, object]:
    return {
        "view": view,
        "title": tell_title(view),
        "running": view.head.status is RunStatus.RUNNING,
        "problems": split_problems(view.head.failure) if view.head.failure else (),
        "course": tell_course(view.points, (), view.head.at),
        "mailbox_rows": _lay_out(view.mailboxes),
        "lines": view.log[: -LOGGED - 1 : -1],
        "status": _STATUS_WORDS[view.head.status],
        "tone": _tell_tone(view.head),
    }


def _tell_tone(head: RunHead) -> str:
    if head.status is RunStatus.RUNNING:
        return "quiet"
    if head.status is RunStatus.SUCCEEDED:
        return "good" if head.verdict in (None, Verdict.DONE) else "warn"
    return "bad" if head.status is RunStatus.FAILED else "warn"


def _lay_out(mailboxes: Sequence[MailboxLine]) -> Rows:
    """What needs attention comes first."""
    template = macros("progress/row.html.j2")
    columns = (
        Column("Mailbox"),
        Column("Status", choices=tuple((each, each) for each in _STATUSES)),
        Column("Messages", number=True),
        Column("Expected", number=True),
        Column("Size", number=True),
        Column("Address", shown=False),
    )

    def lay_out_row(line: MailboxLine) -> tuple[Sequence[Value], Markup]:
        figures = line.dealt, line.expected, line.size
        values = line.name or line.address, line.status, *figures, line.address
        return values, template.mailbox_row(line, _TONES[line.status])

    ordered = sorted(mailboxes, key=lambda line: (_STATUSES.index(line.status), line.address))
    return lay_out(columns, map(lay_out_row, ordered), "mailboxes")
