"""A short look at an IMAP server before a run: how far it is, and how large some mailboxes are.

Nothing is changed there: folders are listed and asked for their STATUS, none is opened.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import median

from migration.errors import CredentialsRejected, MailboxUnreachable, SourceBusy
from migration.sources.imap_errors import translated
from migration.sources.imap_folders import list_folders, read_states
from migration.sources.imap_login import choose_login
from migration.survey_model import SECONDS_AT_MOST, SourceMailbox, SourceSurvey, Unopened
from migration.wire.imap import ImapConnection
from migration.wire.imap_errors import CommandRefused
from migration.wire.imap_login import ImapServer
from migration.wire.imap_names import quote_name
from migration.wire.imap_parse import number
from migration.wire.imap_socket import Wire

_PATIENCE = 10.0
"""Seconds for an answer: to add up a large mailbox can take a server minutes."""
_REFUSED_AT_MOST = 3
"""Logins in a row: servers lock out whoever goes on guessing."""
_TRIPS = 3


def survey(
    server: ImapServer,
    secret: Mapping[str, object],
    users: Sequence[str],
    clock: Callable[[], float],
    *,
    make_token: Callable[[], str] | None = None,
) -> SourceSurvey:
    """Connects, and then looks into the mailboxes of these users one after the other, as long as
    SECONDS_AT_MOST are not over by the `clock`. `secret` is the source's; both it and `make_token`
    are as in choose_login.

    MailboxUnreachable, SourceBusy if there is no connection at all. What goes wrong with a mailbox
    is in the answer; a server that asks for a pause is asked nothing more.
    """
    began = clock()
    with translated():
        Wire(server).shut()
    look = _Look(replace(server, read_timeout=_PATIENCE), secret, clock, make_token)
    connect_seconds = clock() - began
    for place, user in enumerate(users):
        if clock() - began >= SECONDS_AT_MOST or not look.goes_on:
            break
        look.into(place, user)
    return SourceSurvey(
        connect_seconds,
        median(look.logins) if look.logins else 0.0,
        median(look.trips) if look.trips else 0.0,
        tuple(look.found),
        tuple(look.unopened),
    )


@dataclass
class _Look:
    """What has been seen so far."""

    server: ImapServer
    secret: Mapping[str, object] = field(repr=False)
    clock: Callable[[], float]
    make_token: Callable[[], str] | None = None
    logins: list[float] = field(default_factory=list)
    trips: list[float] = field(default_factory=list)
    found: list[SourceMailbox] = field(default_factory=list)
    unopened: list[Unopened] = field(default_factory=list)
    goes_on: bool = True
    refused: int = 0

    def into(self, place: int, user: str) -> None:
        """Looks into one mailbox, or notes why that was not to be."""
        try:
            with translated():
                self._look(place, user)
        except (MailboxUnreachable, CredentialsRejected, SourceBusy) as error:
            self.unopened.append(Unopened(place, type(error).__name__))
            self.refused = self.refused + 1 if isinstance(error, CredentialsRejected) else 0
            self.goes_on = not isinstance(error, SourceBusy) and self.refused < _REFUSED_AT_MOST
        else:
            self.refused = 0

    def _look(self, place: int, user: str) -> None:
        login = choose_login(self.secret, user, self.make_token)
        began = self.clock()
        connection = ImapConnection(self.server, login)
        try:
            self.logins.append(self.clock() - began)
            for _ in range(_TRIPS):
                began = self.clock()
                connection.run(b"NOOP")
                self.trips.append(self.clock() - began)
            self.found.append(_measure(place, connection))
        finally:
            connection.close()


def _measure(place: int, connection: ImapConnection) -> SourceMailbox:
    """With sizes where the server has STATUS=SIZE (RFC 8438); a folder that vanishes meanwhile, or
    does not tell its size, leaves the whole without one."""
    folders = list_folders(connection)
    messages = sum(folder.count for _, folder in folders)
    if not connection.has("STATUS=SIZE"):
        return SourceMailbox(place, len(folders), messages, None)
    commands = [b"STATUS " + quote_name(name) + b" (SIZE)" for name, _ in folders]
    size = 0
    for answer in connection.run_all(commands):
        states = [] if isinstance(answer, CommandRefused) else list(read_states(answer).values())
        if not states or b"SIZE" not in states[-1]:
            return SourceMailbox(place, len(folders), messages, None)
        size += number(states[-1][b"SIZE"])
    return SourceMailbox(place, len(folders), messages, size)
