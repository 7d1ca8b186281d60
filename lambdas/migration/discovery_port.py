"""The seam to a source's directory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from migration.discovery_model import Discovery, Outline


class SourceDirectory(Protocol):
    """The directory of a source, opened read-only.

    Any method raises SourceBusy, MailboxUnreachable if the service does not answer,
    CredentialsRejected if it takes nobody in, and TenantMisconfigured naming each permission that
    is missing.
    """

    def discover(self, tell: Callable[[str], object]) -> Discovery:
        """Everything that is there. It takes some requests per mailbox and group: `tell` gets a
        line without addresses now and then, which says how far it is."""
        ...

    def outline(self, seconds: float) -> Outline:
        """What the lists of users and groups show, without a request per mailbox; no page of a
        list is begun after so many seconds."""
        ...

    def close(self) -> None:
        """Ends the connections. The directory is of no use afterwards."""
        ...
