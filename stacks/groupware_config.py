"""The settings in tenants/<tenant>.yaml about calendars, address books, tasks and notes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Annotated

from stacks.checks import between, empty_or, is_https_url, one_of
from stacks.start_config import is_timezone


@dataclass(frozen=True, slots=True)
class Groupware:
    """Calendars, address books, tasks and notes, which are copied besides the mail if `sources`
    says where they are.

    sources       m365, the source's Microsoft 365 over Graph, whether its mail is read over Graph
                  or over IMAP; dav, its CalDAV and CardDAV server; files, what you have put into
                  the tenant's bucket, `intake/groupware/<address in WorkMail>/<name>.ics` and
                  `.vcf`; or several, one beside the other. None means that nothing but mail is
                  copied
    dav_url       where that server is found, such as https://dav.example.com/; `{user}` in it
                  stands for the user's login at the source
    timezone      of times that say of none in which zone they are, such as Europe/Berlin
    years_before  how far back the occurrences go of series that Exchange cannot say as one, and
                  that are written one by one therefore
    years_after   how far ahead they go
    automatic_replies  whether automatic replies at Microsoft 365 are switched on in WorkMail, too,
                  by a pass after the cut-over, where somebody has none there. What WorkMail makes
                  of it is not proven; the report tells all of them in any case

    The login is that of the mail: the secret has the user's password, or the administrator's; for
    m365 it has the application's.
    """

    sources: tuple[Annotated[str, one_of("m365", "dav", "files")], ...] = ()
    dav_url: Annotated[str, empty_or(is_https_url)] = ""
    timezone: Annotated[str, is_timezone] = "UTC"
    years_before: Annotated[int, between(0, 50)] = 5
    years_after: Annotated[int, between(0, 50)] = 5
    automatic_replies: bool = False

    def faults(self) -> Iterator[str]:
        """What is wrong with settings that are right one by one."""
        if "dav" in self.sources and not self.dav_url:
            yield "groupware.dav_url: is missing, and sources has dav"
        if self.dav_url and "dav" not in self.sources:
            yield "groupware.sources: must have dav, or dav_url is not asked"
        if self.automatic_replies and "m365" not in self.sources:
            yield "groupware.automatic_replies: needs m365 in sources, where they are read"

    @property
    def as_json(self) -> str:
        """As the functions get it: `{}` where nothing is copied."""
        return json.dumps(asdict(self), separators=(",", ":")) if self.sources else "{}"
