"""A short look at Microsoft Graph before a run: how far it is, and how large some mailboxes are.

Nothing is changed there: folders are listed and counted, no message is read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median

from migration.errors import CredentialsRejected, MailboxUnreachable, SourceBusy
from migration.sources.graph_folders import list_folders, refused, user_path
from migration.survey_model import SECONDS_AT_MOST, SourceMailbox, SourceSurvey, Unopened
from migration.wire.graph import GraphClient
from migration.wire.graph_model import GraphRefused

_REFUSED_AT_MOST = 3
"""Mailboxes in a row: then it is the application that has no access."""
_TRIPS = 3


def survey(client: GraphClient, users: Sequence[str], clock: Callable[[], float]) -> SourceSurvey:
    """Looks into the mailboxes of these users one after the other, as long as SECONDS_AT_MOST are
    not over by the `clock`. The client is for this look alone; it is closed at the end.

    There is no login to a mailbox: `connect_seconds` is until the application has its token and the
    first answer has come, a trip not counted, `login_seconds` 0. What goes wrong with a mailbox is
    in the answer; a service that asks for a pause is asked nothing more.
    """
    began = clock()
    look = _Look(client, clock)
    try:
        for place, user in enumerate(users):
            if clock() - began >= SECONDS_AT_MOST or not look.goes_on:
                break
            look.into(place, user)
    finally:
        client.close()
    trip = median(look.trips) if look.trips else 0.0
    return SourceSurvey(
        max(0.0, look.first - trip),
        round_trip=trip,
        mailboxes=tuple(look.found),
        unopened=tuple(look.unopened),
    )


@dataclass
class _Look:
    """What has been seen so far. `first` is how long the first answer took."""

    client: GraphClient
    clock: Callable[[], float]
    first: float = 0.0
    trips: list[float] = field(default_factory=list)
    found: list[SourceMailbox] = field(default_factory=list)
    unopened: list[Unopened] = field(default_factory=list)
    goes_on: bool = True
    rejected: int = 0

    def into(self, place: int, user: str) -> None:
        """Looks into one mailbox, or notes why that was not to be."""
        try:
            self.found.append(self._look(place, user))
        except (MailboxUnreachable, CredentialsRejected, SourceBusy) as error:
            self.unopened.append(Unopened(place, type(error).__name__))
            self.rejected = self.rejected + 1 if isinstance(error, CredentialsRejected) else 0
            self.goes_on = not isinstance(error, SourceBusy) and self.rejected < _REFUSED_AT_MOST
        else:
            self.rejected = 0

    def _look(self, place: int, user: str) -> SourceMailbox:
        try:
            if not self.trips:
                self.first = self._trip(user)
            self.trips += [self._trip(user) for _ in range(_TRIPS)]
            return _measure(place, self.client, user)
        except GraphRefused as error:
            raise refused(error) from error

    def _trip(self, user: str) -> float:
        """How long a small question takes."""
        began = self.clock()
        self.client.get(f"{user_path(user)}/mailFolders/inbox?$select=id")
        return self.clock() - began


def _measure(place: int, client: GraphClient, user: str) -> SourceMailbox:
    """With a size if Graph tells that of every folder."""
    listed = list_folders(client, user)
    sizes = [found.size for found, _ in listed]
    known = [size for size in sizes if size is not None]
    size = sum(known) if len(known) == len(sizes) else None
    return SourceMailbox(place, len(listed), sum(folder.count for _, folder in listed), size)
