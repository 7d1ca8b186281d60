"""The kinds of sources that have a directory, and how each is opened."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from migration.discovery_port import SourceDirectory
from migration.settings import CloudSettings
from migration.source_secret import APP_FORM, find_app_faults

Secret = Mapping[str, object]
"""In the form of the source's secret."""


@dataclass(frozen=True, slots=True)
class Kind:
    """`sources` are the values of source.kind in tenant files that this directory belongs to;
    `form` is that of the secret, and `faults` finds what is wrong with one. `open` raises
    TenantMisconfigured, CredentialsRejected; and ValueError for an address that will not do."""

    meaning: str
    sources: frozenset[str]
    form: str
    faults: Callable[[Secret], Iterator[str]]
    open: Callable[[CloudSettings, Secret], SourceDirectory]


def _open_m365(cloud: CloudSettings, secret: Secret) -> SourceDirectory:
    from migration.source_sides import find_cloud
    from migration.sources.app_login import choose_app_login
    from migration.sources.graph_directory import GraphDirectory
    from migration.wire.app_tokens import Tokens
    from migration.wire.graph import GraphClient
    from migration.wire.graph_model import find_scope

    place = find_cloud(cloud)
    login = choose_app_login(secret)
    tokens = Tokens(login, place.login_url, find_scope(place.graph_url))
    return GraphDirectory(GraphClient(place.graph_url, tokens))


KINDS: Mapping[str, Kind] = {
    "m365": Kind(
        "Microsoft 365, over Graph",
        frozenset({"m365", "m365-imap"}),
        APP_FORM,
        find_app_faults,
        _open_m365,
    ),
}
"""By the word on the command line."""
