"""The source of a tenant's mail, as the settings want it: the part of the composition root
(wiring.py) that only those need who open mailboxes there."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from migration.errors import TenantMisconfigured
from migration.settings import ANY_IMAP, M365, M365_IMAP, CloudSettings, Settings

if TYPE_CHECKING:
    from migration.discovery_model import Outline
    from migration.model import Mailbox
    from migration.ports import Secrets, Source
    from migration.survey_model import SourceSurvey
    from migration.wire.app_tokens import Tokens
    from migration.wire.graph import GraphClient
    from migration.wire.graph_model import AppLogin, Cloud
    from migration.wire.imap_login import ImapServer, TokenMaker

Secret = Mapping[str, object]
"""The source's, as Secrets.read_source gives it."""


@dataclass(frozen=True, slots=True)
class SourceSides:
    """What opens the source's mailboxes. TenantMisconfigured from any method if the settings cannot
    be followed, CredentialsRejected if the secret has nothing that opens the mailbox."""

    settings: Settings
    secrets: Secrets

    def mail(self, mailbox: Mailbox) -> Source:
        """The mail of one mailbox; a resource has none that is copied."""
        if mailbox.is_resource:
            from migration.sources.no_mail import NoMail

            return NoMail()
        secret = self.secrets.read_source()
        if self.settings.source_kind == M365:
            from migration.sources.graph import GraphSource

            return GraphSource(self.graph(secret), mailbox.source)
        from migration.copy.selection import asks_for_dates
        from migration.sources.imap import ImapSource
        from migration.sources.imap_login import choose_login

        server = self._imap_server()
        login = choose_login(secret, mailbox.source, self._token_maker(secret))
        return ImapSource(server, login, dates=asks_for_dates(self.settings.policy))

    def survey(self, secret: Secret, users: Sequence[str]) -> SourceSurvey:
        """Connects, and looks shortly into mailboxes of these users. As sources.imap_survey."""
        if self.settings.source_kind == M365:
            from migration.sources.graph_survey import survey as survey_graph

            return survey_graph(self.graph(secret), users, time.monotonic)
        from migration.sources.imap_survey import survey

        make_token = self._token_maker(secret)
        return survey(self._imap_server(), secret, users, time.monotonic, make_token=make_token)

    def outline(self, secret: Secret, seconds: float) -> Outline | None:
        """What the lists of the source's directory show, in about so many seconds; None for a kind
        of source that has no directory. Raises as SourceDirectory."""
        if self.settings.source_kind not in (M365, M365_IMAP):
            return None
        from migration.sources.graph_directory import GraphDirectory

        with closing(GraphDirectory(self.graph(secret))) as directory:
            return directory.outline(seconds)

    def graph(self, secret: Secret) -> GraphClient:
        """Another client for Graph, for one mailbox or the directory; its caller closes it."""
        from migration.sources.app_login import choose_app_login
        from migration.wire.graph import GraphClient
        from migration.wire.graph_model import find_scope

        cloud = self._cloud()
        login = choose_app_login(secret)
        try:
            tokens = _keep_tokens(login, cloud.login_url, find_scope(cloud.graph_url))
            return GraphClient(cloud.graph_url, tokens)
        except ValueError as error:
            raise TenantMisconfigured([f"`source` in the tenant file: {error}"]) from None

    def _token_maker(self, secret: Secret) -> TokenMaker | None:
        """What gives tokens for IMAP; None where passwords open the mailboxes."""
        if self.settings.source_kind != M365_IMAP:
            return None
        from migration.sources.app_login import choose_app_login

        cloud = self._cloud()
        login = choose_app_login(secret)
        try:
            return _keep_tokens(login, cloud.login_url, cloud.imap_scope).token
        except ValueError as error:
            raise TenantMisconfigured([f"`source` in the tenant file: {error}"]) from None

    def _imap_server(self) -> ImapServer:
        settings = self.settings
        if settings.source_kind not in (ANY_IMAP, M365_IMAP):
            raise TenantMisconfigured([f"there is no source of kind {settings.source_kind}"])
        host = settings.source_host
        if settings.source_kind == M365_IMAP and not host:
            host = self._cloud().imap_host
        return imap_server(host, settings.source_port, settings.source_tls)

    def _cloud(self) -> Cloud:
        return find_cloud(self.settings.source_cloud)


def find_cloud(wanted: CloudSettings) -> Cloud:
    """Microsoft's cloud of that name, with the addresses that the settings have in the place of its
    own. TenantMisconfigured if there is none."""
    from migration.wire.graph_model import CLOUDS

    cloud = CLOUDS.get(wanted.name)
    if cloud is None:
        raise TenantMisconfigured([f"`source.cloud` must be one of {', '.join(CLOUDS)}"])
    return replace(
        cloud,
        login_url=wanted.login_url or cloud.login_url,
        graph_url=wanted.graph_url or cloud.graph_url,
    )


def imap_server(host: str, port: int, tls: str) -> ImapServer:
    """An IMAP server of the tenant file, on either side. TenantMisconfigured."""
    from migration.wire.imap_login import ImapServer

    try:
        return ImapServer(host, port, tls)
    except ValueError as error:
        raise TenantMisconfigured([f"an IMAP server of the tenant file: {error}"]) from None


@lru_cache(maxsize=4)
def _keep_tokens(login: AppLogin, login_url: str, scope: str) -> Tokens:
    """One for all mailboxes of a process: a token opens every one of them, and is good for an
    hour. ValueError as Tokens."""
    from migration.wire.app_tokens import Tokens

    return Tokens(login, login_url, scope)
