"""Every question, in the order in which they are asked: those that change nothing first."""

from __future__ import annotations

from localrun.probe import (
    basic_auth,
    control_plane,
    domains,
    ews,
    ews_calendar,
    ews_contacts,
    ews_tasks,
    ews_writing,
    imap,
    mailbox_size,
    organization,
)
from localrun.probe.model import Need, Probe

_ALL = (
    *organization.QUESTIONS,
    *domains.QUESTIONS,
    *control_plane.QUESTIONS,
    *mailbox_size.QUESTIONS,
    *ews.QUESTIONS,
    *basic_auth.QUESTIONS,
    *ews_writing.QUESTIONS,
    *ews_calendar.QUESTIONS,
    *ews_contacts.QUESTIONS,
    *ews_tasks.QUESTIONS,
    *imap.QUESTIONS,
)

QUESTIONS: tuple[Probe, ...] = tuple(
    sorted(_ALL, key=lambda probe: (Need.NOTHING, Need.PILOT, Need.WRITE).index(probe.needs))
)
NAMES = tuple(probe.name for probe in QUESTIONS)
