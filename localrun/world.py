"""The world around the AWS account: the old mail server, WorkMail, and the DNS.

All of them are servers on the loopback interface that end with the run.
"""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from imapclient import IMAPClient

from localrun.engine.clock import Clock
from localrun.fakes.dns import Records
from localrun.fakes.dns_net import DnsNet
from localrun.fakes.imap import ImapServer
from localrun.fakes.workmail import FakeWorkMail
from localrun.fakes.workmail_ews.server import MEBIBYTE, EwsServer
from localrun.letters import Letter
from localrun.model_service import ModelServer, ModelService

if TYPE_CHECKING:
    from localrun.fakes.dav import RadicaleServer
    from localrun.fakes.graph.server import GraphServer

REGION = "eu-west-1"
OLD_MX = "10 mail.old-host.example."
LARGEST_MESSAGE = 40 * MEBIBYTE
"""WorkMail's limit for a message, in bytes."""
WORKMAIL_FOLDERS = ("Sent Items", "Deleted Items", "Drafts", "Junk E-mail")
"""What WorkMail's IMAP shows beside INBOX in a new mailbox."""
READER = ("comparison", "reads-all-mailboxes")
"""Who may open every mailbox of WorkMail's IMAP to look at what a run has written there. WorkMail
has nobody like that; no run knows of it."""


class World:
    """Starts the servers and closes them on exit.

    `source` describes a real IMAP server (host, port, tls) to migrate from instead of the
    embedded one; `imap` is None then. `workmail_imap` is WorkMail's IMAP, which opens a mailbox
    with the password that its user has; it does not show what EWS has stored, nor EWS
    what it has. `told` gives what the operators were told (notices.py), once somebody tells them.
    With `has_dav`, `dav` keeps calendars and address books of the old days. With `has_graph` there
    is no IMAP server: `graph` is the Microsoft 365 of the old days, with mail and all else.
    Unless it is `registered`, WorkMail does not know the domain. `maildir` makes the
    EWS emulator write what it stores into a Maildir tree as well.
    """

    def __init__(
        self,
        clock: Clock,
        domain: str,
        users: Mapping[str, str],
        admins: Mapping[str, str],
        source: Mapping[str, Any] | None = None,
        maildir: Path | None = None,
        largest_message: int = LARGEST_MESSAGE,
        *,
        registered: bool = True,
        has_dav: bool = False,
        has_graph: bool = False,
    ) -> None:
        self.clock = clock
        self.told: Callable[[], Sequence[Mapping[str, Any]]] = tuple
        self.domain = domain
        self.users = dict(users)
        self._stack = ExitStack()
        self.workmail = FakeWorkMail(clock.now, region=REGION)
        alias = domain.split(".", 1)[0]
        self.organization_id = self.workmail.seed_organization(alias, domain if registered else "")
        self.workmail_service = ModelService("workmail", self.workmail, "InvalidParameterException")
        self.workmail_api = self._stack.enter_context(ModelServer([self.workmail_service]))
        self.ews = EwsServer(
            self.workmail.check_token,
            self.workmail.mailbox_exists,
            clock.now,
            mailbox_of=self._mailbox_of,
            maildir=maildir,
            max_mime=largest_message,
            check_password=self.workmail.check_password,
            may_open=self.workmail.may_open,
        )
        self._stack.callback(self.ews.close)
        self.workmail_imap = self._stack.enter_context(
            ImapServer(
                {},
                dict([READER]),
                password_of=self.workmail.password_of,
                mailbox_of=self._mailbox_of,
                folders=WORKMAIL_FOLDERS,
            )
        )
        old = [Records(domain, "MX", [OLD_MX], 3600)]
        self.dns = self._stack.enter_context(DnsNet(domain, old, clock.now, resolvers=3))
        self.workmail.watch_dns(self.dns.records)
        self.graph: GraphServer | None = None
        if has_graph:
            from localrun.fakes.graph.server import GraphServer

            self.graph = self._stack.enter_context(GraphServer(domain, clock.now))
            urls = {"login_url": self.graph.login_url, "graph_url": self.graph.graph_url}
            source = {"kind": "m365", **urls}
        self.imap: ImapServer | None = None
        if source is None:
            self.imap = self._stack.enter_context(ImapServer(dict(users), admins=dict(admins)))
            source = {"kind": "imap", "host": "127.0.0.1", "port": self.imap.port, "tls": "none"}
        self.source = dict(source)
        self.dav: RadicaleServer | None = None
        if has_dav:
            from localrun.fakes.dav import RadicaleServer

            self.dav = self._stack.enter_context(RadicaleServer(self.users))

    def deliver(self, address: str, letters: Iterable[Letter], folders: Iterable[str] = ()) -> int:
        """Puts mail into an old mailbox over one connection, after creating `folders`; how many
        messages. What the mail server of the old days and its users have done."""
        number = 0
        with self.old_mailbox(address) as client:
            for folder in folders:
                client.create_folder(folder)
            for letter in letters:
                client.append("/".join(letter.folder), letter.mime, letter.flags, letter.received)
                number += 1
        return number

    @contextmanager
    def old_mailbox(self, address: str) -> Iterator[IMAPClient]:
        """An old mailbox, as its user has it open."""
        assert self.imap is not None
        with IMAPClient("127.0.0.1", self.imap.port, ssl=False) as client:
            # The client writes the end of a literal by itself: without this it waits for an ACK.
            client.socket().setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            client.login(address, self.users[address])
            yield client

    def count_stored(self) -> dict[str, int]:
        """How many messages each mailbox of WorkMail holds, by whatever way they came, under its
        present address."""
        counts: Counter[str] = Counter()
        for address, number in self.workmail_imap.counts().items():
            counts[self.workmail.primary_address(address)] += number
        for address in self.ews.mailboxes():
            number = sum(map(len, self.ews.folders(address).values()))
            counts[self.workmail.primary_address(address)] += number
        return dict(counts)

    def _mailbox_of(self, address: str) -> str:
        return self.workmail.resolve_mailbox(address) or address.casefold()

    def point_dns_to_workmail(self) -> None:
        """The change that the tenant's administrator makes at the DNS provider: the records that
        WorkMail's console shows, the old MX gone."""
        domain = self.workmail.get_mail_domain(
            organization_id=self.organization_id, domain_name=self.domain
        )
        for record in domain["Records"]:
            self.dns.set_records(record["Hostname"], record["Type"], [record["Value"]], 300)

    def prove_ownership(self) -> None:
        """What the tenant's administrator publishes first: the record that WorkMail looks for."""
        domain = self.workmail.get_mail_domain(
            organization_id=self.organization_id, domain_name=self.domain
        )
        for record in domain["Records"]:
            if record["Hostname"].startswith("_amazonses."):
                self.dns.set_records(record["Hostname"], record["Type"], [record["Value"]], 300)

    def set_mx(self, *hosts: str) -> None:
        """Publishes these MX records for the domain and no others, such as OLD_MX."""
        self.dns.set_records(self.domain, "MX", hosts, 300)

    def close(self) -> None:
        """Ends all servers; may be called twice."""
        self._stack.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
