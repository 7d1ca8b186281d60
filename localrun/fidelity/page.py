"""Measures what becomes of each feature of calendars and contacts, and writes docs/fidelity.md.

python -m localrun.fidelity.page docs/fidelity.md
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from localrun.fidelity.exchange import (
    measure_contact_in_exchange,
    measure_in_exchange,
    measure_note_in_exchange,
    measure_task_in_exchange,
)
from localrun.fidelity.graph import (
    GRAPH_KINDS,
    GraphKind,
    measure_graph,
    measure_graph_in_exchange,
)
from localrun.fidelity.graph_samples import GraphSample
from localrun.fidelity.outcomes import Measured, Outcome
from localrun.fidelity.samples import KINDS, RULES, Sample
from migration.items.ews_pattern import classify
from migration.items.ews_terms import Inexact
from migration.items.ical_read import read_calendar
from migration.items.ical_write import write_calendar
from migration.items.losses import Loss
from migration.items.vcard_read import read_contacts
from migration.items.vcard_write import write_contacts

_COMPONENTS = {"Events": "VEVENT", "Tasks": "VTODO", "Notes": "VJOURNAL"}

_HEAD = """\
# What is kept of calendars and contacts

Written by `make fidelity`, which measures it: an example of each feature is read from iCalendar or
vCard as sources write it, or as Microsoft Graph shows it, written, and read again. It is measured
as well what becomes of it in the words of Exchange, whose protocol WorkMail speaks: it is planned,
written as elements and read from these. What was not read is not there to be kept: its cells are
empty. A migration moves them if its tenant file says where they are
([runbook](runbook.md#calendars-contacts-tasks)). No server was asked; what WorkMail keeps of them
is measured when one is.

What is lost is told item by item, with its line in the file. An item is refused, and told as well,
only where reading it on would make another event of it. How this is done, and why:
[0036](decisions/0036-items.md) and [0037](decisions/0037-items-in-exchange.md).
"""

_GRAPH = """\
## {} of Microsoft 365

As Microsoft Graph shows them, not as files of {}.
"""

_RULES = """\
## How meetings repeat

Exchange, whose protocol WorkMail speaks, has six patterns. What fits one exactly is to be written
as a series; that both are the same is tested day by day over five years. Of everything else the
occurrences are to be written one by one.

| the event happens | as | because |
| --- | --- | --- |
"""


def measure(kind: str, sample: Sample) -> Measured:
    """Reads the sample, writes it and reads it again. A ValueError if it says nothing at all, or
    something else the second time."""
    bare, _, _ = _read(_make_file(kind, ()))
    item, losses, problems = _read(_make_file(kind, sample.lines))
    if problems:
        return Measured(Outcome.REFUSED, problems[0].partition(": ")[2])
    told = "; ".join(dict.fromkeys(loss.why for loss in losses))
    if item == bare:
        if not losses:
            raise ValueError(f"the sample says nothing: {sample.feature}")
        return Measured(Outcome.LOST, told)
    if losses:
        return Measured(Outcome.PART, told)
    again, _, _ = _read(_write(kind, _make_file(kind, sample.lines)))
    if again != item:
        raise ValueError(f"written and read again it is another one: {sample.feature}")
    return Measured(Outcome.ELSEWHERE if sample.place else Outcome.KEPT, sample.place)


def _make_file(kind: str, lines: Sequence[str]) -> bytes:
    component = _COMPONENTS.get(kind)
    if component is None:
        whole = ("BEGIN:VCARD", "VERSION:4.0", "UID:u", "FN:A", *lines, "END:VCARD")
        return _as_file(whole)
    start = ("DTSTART:20260105T090000Z",) if kind == "Events" else ()
    if lines and lines[0].startswith("DTSTART"):
        start = ()
    item = (f"BEGIN:{component}", "UID:u", *start, *lines, f"END:{component}")
    return _as_file(("BEGIN:VCALENDAR", "VERSION:2.0", *item, "END:VCALENDAR"))


def _as_file(lines: Sequence[str]) -> bytes:
    return "".join(f"{line}\r\n" for line in lines).encode()


def _read(file: bytes) -> tuple[object, tuple[Loss, ...], tuple[str, ...]]:
    """The items of the file, what is lost, and what is wrong."""
    if file.startswith(b"BEGIN:VCARD"):
        cards = read_contacts(file)
        return cards.contacts, cards.losses, ()
    read = read_calendar(file)
    problems = tuple(problem for one in read.unreadable for problem in one.problems)
    return (read.events, read.tasks, read.notes), read.losses, problems


def _write(kind: str, file: bytes) -> bytes:
    if kind == "Contacts":
        return write_contacts(read_contacts(file).contacts)
    return write_calendar(read_calendar(file))


def say(start: str, rule: str) -> tuple[str, str]:
    """As what an event with this rule is written, and why not as a series."""
    lines = ("BEGIN:VCALENDAR", "BEGIN:VEVENT", "UID:u", f"DTSTART:{start}T090000Z")
    file = _as_file((*lines, f"RRULE:{rule}", "END:VEVENT", "END:VCALENDAR"))
    (event,) = read_calendar(file).events
    assert event.master is not None
    found = classify(event.master.extent.start, event.recurrence)
    if isinstance(found, Inexact):
        return "single events", found.reason
    return "a series", ""


def make_page() -> str:
    """docs/fidelity.md."""
    tables = [*map(_table, KINDS), *map(_graph_table, GRAPH_KINDS)]
    return "\n".join((_HEAD, *map("\n".join, tables), _RULES + "\n".join(_rules()))) + "\n"


def _table(kind: str) -> Iterator[str]:
    yield f"## {kind}\n"
    yield from _columns()
    for sample in KINDS[kind]:
        measured = measure(kind, sample)
        cells = (sample.feature, measured.outcome, measured.why)
        yield _row((*cells, *_in_exchange(kind, sample, measured)))
    yield ""


def _graph_table(kind: str) -> Iterator[str]:
    yield _GRAPH.format(kind, "vCard" if kind == "Contacts" else "iCalendar")
    yield from _columns()
    how = GRAPH_KINDS[kind]
    for sample in how.samples:
        measured = measure_graph(how, sample)
        cells = (sample.feature, measured.outcome, measured.why)
        yield _row((*cells, *_graph_in_exchange(how, sample, measured)))
    yield ""


def _columns() -> Iterator[str]:
    why = "where, or why not"
    columns = ["feature", "what becomes of it", why, "in Exchange", why]
    yield _row(columns)
    yield _row(["---"] * len(columns))


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _in_exchange(kind: str, sample: Sample, read: Measured) -> Sequence[str]:
    """What was not read is not there to be kept."""
    if read.outcome in (Outcome.LOST, Outcome.REFUSED):
        return "", ""
    measured = _measure_in_exchange(_make_file(kind, sample.lines), _make_file(kind, ()))
    return measured.outcome, measured.why


def _graph_in_exchange(kind: GraphKind, sample: GraphSample, read: Measured) -> Sequence[str]:
    if read.outcome in (Outcome.LOST, Outcome.REFUSED):
        return "", ""
    measured = measure_graph_in_exchange(kind, sample)
    return measured.outcome, measured.why


def _measure_in_exchange(file: bytes, bare: bytes) -> Measured:
    if file.startswith(b"BEGIN:VCARD"):
        (contact,), (other,) = read_contacts(file).contacts, read_contacts(bare).contacts
        return measure_contact_in_exchange(contact, other)
    read, plain = read_calendar(file), read_calendar(bare)
    if read.tasks:
        return measure_task_in_exchange(read.tasks[0], plain.tasks[0])
    if read.notes:
        return measure_note_in_exchange(read.notes[0], plain.notes[0])
    return measure_in_exchange(read.events, plain.events)


def _rules() -> Iterator[str]:
    for words, start, rule in RULES:
        kept, why = say(start, rule)
        yield f"| {words} | {kept} | {why} |"


def main() -> None:
    """Writes the page to the path that is given."""
    Path(sys.argv[1]).write_text(make_page(), "utf-8")


if __name__ == "__main__":
    main()
