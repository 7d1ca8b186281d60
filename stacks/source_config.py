"""The settings in tenants/<tenant>.yaml about where the mail is now."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated

from stacks.checks import between, empty_or, is_host, is_https_url, one_of

IMAP, M365, M365_IMAP = "imap", "m365", "m365-imap"

PORTS: Mapping[str, int] = {"ssl": 993, "starttls": 143, "none": 143}
"""The usual port of an IMAP server, by its kind of TLS."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where the mail is now.

    kind  how it is read: imap, any IMAP server; m365, Microsoft 365 over Graph; or m365-imap,
          Microsoft 365 over IMAP with tokens, where mail may not be read over Graph
    host  of imap: the server's name; the certificate is checked against it. With m365-imap empty
          means that of the cloud, and with m365 there is none
    tls   of IMAP: ssl (from the first byte), starttls, or none (a test server on the same machine)
    port  of IMAP: 0 means the usual one: 993 with ssl, else 143
    max_connections  of IMAP: connections to the server at the same time: a mailbox has two, one
                     that looks and one that carries mail, so half as many mailboxes are read,
                     however many limits.mailboxes would allow. A message over which the server
                     hangs up is asked for once more on a third. Graph limits each mailbox by
                     itself: with m365 this means nothing, and limits.mailboxes alone counts
    cloud  of Microsoft 365: global, which has GCC as well; us-gov (GCC High); us-gov-dod; or china
    login_url  of Microsoft 365: where tokens come from; empty means that of the cloud
    graph_url  of Microsoft 365: where Graph is, with its version; empty means that of the cloud
    """

    kind: Annotated[str, one_of(IMAP, M365, M365_IMAP)]
    host: Annotated[str, empty_or(is_host)] = ""
    tls: Annotated[str, one_of("ssl", "starttls", "none")] = "ssl"
    port: Annotated[int, between(0, 65535)] = 0
    max_connections: Annotated[int, between(2, 1000)] = 20
    cloud: Annotated[str, one_of("global", "us-gov", "us-gov-dod", "china")] = "global"
    login_url: Annotated[str, empty_or(is_https_url)] = ""
    graph_url: Annotated[str, empty_or(is_https_url)] = ""

    def faults(self) -> Iterator[str]:
        """What is wrong with settings that are right one by one."""
        if self.kind == IMAP and not self.host:
            yield "source.host: is missing, and source.kind is imap"
        if self.kind == M365 and self.host:
            yield "source.host: must be empty, for m365 is read over Graph; or kind is m365-imap"
        if self.kind == IMAP:
            for name in ("login_url", "graph_url"):
                if getattr(self, name):
                    yield f"source.{name}: must be empty, for source.kind is imap"

    @property
    def cloud_json(self) -> str:
        """As the functions get it: `{}` where the mail is not in Microsoft 365, else the cloud's
        name and the addresses that are not its own."""
        if self.kind == IMAP:
            return "{}"
        urls = {"login_url": self.login_url, "graph_url": self.graph_url}
        given = {name: url.rstrip("/") for name, url in urls.items() if url}
        return json.dumps({"name": self.cloud, **given}, separators=(",", ":"))

    def limit_mailboxes(self, wanted: int) -> int:
        """How many of `wanted` mailboxes may be read at the same time: as Settings.limits has it.
        Graph limits each mailbox by itself, an IMAP server its connections."""
        return wanted if self.kind == M365 else min(wanted, self.max_connections // 2)
