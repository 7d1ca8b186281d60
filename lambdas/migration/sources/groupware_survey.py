"""A short look at the calendars and address books of some people before a run.

Nothing is changed there: collections are listed, none is read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from migration.errors import CredentialsRejected, MailboxUnreachable, SourceBusy
from migration.groupware_port import GroupwareSource
from migration.survey_model import SECONDS_AT_MOST, GroupwareSurvey, Unopened

_FAILED_AT_MOST = 3
"""In a row: servers lock out whoever goes on guessing, and one that is away is waited for."""


def survey(
    open_source: Callable[[str], GroupwareSource],
    users: Sequence[str],
    clock: Callable[[], float],
) -> GroupwareSurvey:
    """Looks into the collections of these users one after the other, as long as SECONDS_AT_MOST are
    not over by the `clock`. What goes wrong with one is in the answer; a server that asks for a
    pause is asked nothing more."""
    began, failed = clock(), 0
    found: list[int] = []
    unopened: list[Unopened] = []
    for place, user in enumerate(users):
        if clock() - began >= SECONDS_AT_MOST or failed >= _FAILED_AT_MOST:
            break
        try:
            found.append(_count(open_source, user))
            failed = 0
        except (MailboxUnreachable, CredentialsRejected, SourceBusy) as error:
            unopened.append(Unopened(place, type(error).__name__))
            failed = _FAILED_AT_MOST if isinstance(error, SourceBusy) else failed + 1
    return GroupwareSurvey(tuple(found), tuple(unopened))


def _count(open_source: Callable[[str], GroupwareSource], user: str) -> int:
    source = open_source(user)
    try:
        return len(source.collections())
    finally:
        source.close()
