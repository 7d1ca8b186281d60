"""What was found of calendars, contacts and tasks: plain sentences, and whether the migration
counts on what they say. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, fields

from localrun.probe.model import Fact, Learned
from migration.items.ews_contact import ContactItem, ListItem
from migration.items.ews_item import CalendarItem
from migration.items.ews_task import NoteItem, TaskItem

KEPT = "kept as it was written"

ShownItem = CalendarItem | ContactItem | ListItem | TaskItem | NoteItem


@dataclass(slots=True)
class Findings:
    """The sentences by their names, in the order in which they were found, and the names of those
    that tell the migration something that it does not count on."""

    said: dict[str, Fact] = field(default_factory=dict)
    surprising: list[str] = field(default_factory=list)

    def note(self, name: str, said: str, *, is_expected: bool) -> None:
        """One more, in place of an earlier one of that name."""
        self.said[name] = said
        if not is_expected and name not in self.surprising:
            self.surprising.append(name)

    def learned(self) -> Learned:
        """All of them as the answer to a question."""
        if not self.surprising:
            return Learned(
                f"all {len(self.said)} findings are what the migration counts on", self.said
            )
        names = ", ".join(self.surprising)
        return Learned(f"other than the migration counts on: {names}", self.said)

    def compare(
        self, name: str, sent: ShownItem, shown: ShownItem, ignored: Collection[str] = ()
    ) -> None:
        """Notes what a server has made of an item, as far as elements say it."""
        found = list(differences(sent, shown, ignored))
        self.note(name, ", ".join(found) or KEPT, is_expected=not found)


def differences(sent: ShownItem, shown: ShownItem, ignored: Collection[str] = ()) -> Iterator[str]:
    """What has become another one, by the names of the fields, and never by their values. How a
    text is broken into lines does not count."""
    if type(shown) is not type(sent):
        yield "becomes an item of another kind"
        return
    for one in fields(sent):
        if one.name in ignored:
            continue
        before, after = _plain(getattr(sent, one.name)), _plain(getattr(shown, one.name))
        if before != after:
            verb = "adds" if not before else "changes" if after else "loses"
            yield f"{verb} {one.name}"


def _plain(value: object) -> object:
    return value.split() if isinstance(value, str) else value
