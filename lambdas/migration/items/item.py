"""Whatever a calendar, an address book, a list of tasks or of notes holds."""

from __future__ import annotations

from migration.items.contact import Contact
from migration.items.event import Event
from migration.items.task import Note, Task

AnyItem = Event | Contact | Task | Note
"""One item of one of the models; of a series of events all of it."""
