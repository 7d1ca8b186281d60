"""What becomes of each feature of events in Microsoft Graph: read, written as iCalendar, and read
again; and in Exchange's words."""

from __future__ import annotations

from localrun.fidelity.exchange import measure_in_exchange
from localrun.fidelity.graph_samples import BARE, GraphSample
from localrun.fidelity.outcomes import Measured, Outcome
from migration.errors import ItemMalformed
from migration.items.graph_events import ReadEvent, read_event
from migration.items.ical_read import Calendar, read_calendar
from migration.items.ical_write import write_calendar

_OWN = frozenset(("owner@example.test",))


def measure_graph(sample: GraphSample) -> Measured:
    """Of what Graph shows. A ValueError if the sample says nothing at all, or is something else
    when it was written and read again."""
    try:
        found = _read(sample)
    except ItemMalformed as error:
        return Measured(Outcome.REFUSED, error.problems[0])
    told = "; ".join(dict.fromkeys(loss.why for loss in found.losses))
    if found.event == _read_bare().event:
        if not told:
            raise ValueError(f"the sample says nothing: {sample.feature}")
        return Measured(Outcome.LOST, told)
    if read_calendar(write_calendar(Calendar(events=(found.event,)))).events != (found.event,):
        raise ValueError(f"written and read again it is another one: {sample.feature}")
    if told:
        return Measured(Outcome.PART, told)
    return Measured(Outcome.ELSEWHERE if sample.place else Outcome.KEPT, sample.place)


def measure_graph_in_exchange(sample: GraphSample) -> Measured:
    """Of what was read of it."""
    return measure_in_exchange([_read(sample).event], [_read_bare().event])


def _read(sample: GraphSample) -> ReadEvent:
    return read_event({**BARE, **sample.properties}, _OWN)


def _read_bare() -> ReadEvent:
    return read_event(BARE, _OWN)
