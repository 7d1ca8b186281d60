"""Both sides of somebody's calendars, address books, tasks and notes, as the settings want them:
the part of the composition root (wiring.py) that only these need."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from migration.errors import TenantMisconfigured
from migration.groupware_port import CollectionKind, GroupwareSource, GroupwareTarget
from migration.items.ews_item import Destination
from migration.items.times import Zone
from migration.items.zone_names import find_zone
from migration.mailbox_settings import SettingsEnds
from migration.model import Mailbox, MailboxRecord
from migration.ports import BlobStore, Secrets
from migration.settings import FILES, M365, Settings
from migration.source_sides import SourceSides
from migration.sources.item_files import FileSource
from migration.sources.joined_groupware import JoinedSource
from migration.targets.workmail_groupware import WorkmailGroupware
from migration.wire.ews import EwsClient


@dataclass(frozen=True, slots=True)
class GroupwareSides:
    """What opens them for one tenant. TenantMisconfigured from any method if its settings cannot be
    followed."""

    settings: Settings
    secrets: Secrets
    blobs: BlobStore
    sources: SourceSides

    def source(self, mailbox: Mailbox) -> GroupwareSource:
        """What the tenant file names, one after the other."""
        return JoinedSource(
            {
                place: FileSource(self.blobs, mailbox.target)
                if place == FILES
                else self.server(
                    place,
                    self.secrets.read_source(),
                    mailbox.source,
                    calendars_alone=mailbox.is_resource,
                )
                for place in self.settings.groupware.sources
            }
        )

    def server(
        self, place: str, secret: Mapping[str, object], user: str, *, calendars_alone: bool = False
    ) -> GroupwareSource:
        """What this user has at the server that is a place of groupware.sources: DAV or M365;
        `secret` is the source's. With `calendars_alone`, Graph is asked for nothing else."""
        if place == M365:
            from migration.sources.graph_groupware import READERS, GraphGroupware

            wanted = {CollectionKind.CALENDAR} if calendars_alone else READERS.keys()
            readers = {kind: READERS[kind] for kind in READERS if kind in wanted}
            return GraphGroupware(self.sources.graph(secret), user, readers)
        return self._dav(secret, user)

    def settings_ends(
        self, record: MailboxRecord, open_client: Callable[[], EwsClient]
    ) -> SettingsEnds | None:
        """Where the mailbox's rules and its automatic reply are read, at Microsoft 365 alone, and
        where the latter is written, if the tenant file says so. Resources have none of their own.
        `open_client` makes one that opens the mailbox in WorkMail."""
        wanted, mailbox = self.settings.groupware, record.mailbox
        if M365 not in wanted.sources or mailbox.is_resource:
            return None
        from migration.sources.graph_settings import GraphSettings
        from migration.targets.workmail_reply import WorkmailReply

        source = GraphSettings(self.sources.graph(self.secrets.read_source()), mailbox.source)
        if not wanted.automatic_replies:
            return SettingsEnds(source)
        return SettingsEnds(source, WorkmailReply(open_client(), record.at_present.target))

    def _dav(self, secret: Mapping[str, object], user: str) -> GroupwareSource:
        # Files alone need no client for HTTP.
        from migration.sources.dav import DavSource
        from migration.sources.dav_homes import make_url
        from migration.sources.dav_login import choose_dav_login
        from migration.wire.dav import DavClient

        template = self.settings.groupware.dav_url
        login, is_own = choose_dav_login(secret, user, template)
        try:
            client = DavClient(make_url(template, user), login)
        except ValueError as error:
            raise TenantMisconfigured([f"groupware.dav_url: {error}"]) from None
        return DavSource(client, follows_login=is_own)

    def target(self, record: MailboxRecord, client: EwsClient, at: str) -> GroupwareTarget:
        """The mailbox that `client` opens, at a moment (ISO 8601); of a resource its calendar. The
        target owns the client."""
        mailbox = record.mailbox
        begin, horizon = self.settings.groupware.window(at)
        where = Destination(
            record.at_present.target,
            self._zone(),
            begin,
            horizon,
            datetime.fromisoformat(at),
            (mailbox.source, mailbox.target, *mailbox.aliases),
        )
        kinds = {CollectionKind.CALENDAR} if mailbox.is_resource else CollectionKind
        return WorkmailGroupware(client, where, frozenset(kinds))

    def _zone(self) -> Zone:
        """That of the settings may be unknown here, where the tables of the zones are older than
        those with which the tenant file was checked."""
        name = self.settings.groupware.timezone
        if (zone := find_zone(name)) is None:
            raise TenantMisconfigured([f"groupware.timezone: {name} is no known time zone"])
        return zone
