"""Every path that is answered, in one table. A module that answers more has its rows added here."""

from __future__ import annotations

from localrun.fakes.graph import (
    contacts,
    directory,
    events,
    groups,
    mail,
    mail_folders,
    places,
    reports,
    settings,
    tasks,
)
from localrun.fakes.graph.routing import Route

TABLE: tuple[Route, ...] = (
    *directory.ROUTES,
    *groups.ROUTES,
    *places.ROUTES,
    *reports.ROUTES,
    *mail_folders.ROUTES,
    *mail.ROUTES,
    *settings.ROUTES,
    *events.ROUTES,
    *contacts.ROUTES,
    *tasks.ROUTES,
)
