"""An IMAP server with any number of users: pymap with its mailboxes in memory.

It runs on its own event loop in a daemon thread, on 127.0.0.1 without TLS. Users log in by LOGIN
or AUTHENTICATE PLAIN, or where tokens are taken by AUTHENTICATE XOAUTH2; an admin may name a user
as authorization identity in AUTHENTICATE PLAIN and then works in that user's mailbox (RFC 4616). A
mailbox begins with an empty INBOX, and whatever other folders the server is told to give it.

What pymap speaks: IMAP4rev1 with LITERAL+, UIDPLUS, MOVE, MULTIAPPEND, OBJECTID, BINARY, CHILDREN,
IDLE and ID; hierarchy separator "/". It has no NAMESPACE, SPECIAL-USE, CONDSTORE or SASL-IR, gives
UIDs from 101, and hangs up after five bad commands in a row.
"""

import asyncio
import socket
import threading
import uuid
from argparse import Namespace
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Self

from imapclient import IMAPClient
from proxyprotocol.sock import SocketInfoLocal
from pymap.concurrent import Subsystem
from pymap.parsing.message import AppendMessage
from pymap.parsing.specials.flag import Flag
from pymap.user import UserMetadata

from localrun.fakes.imap_accounts import (
    Accounts,
    PlainPasswords,
    Server,
    Settings,
    count_messages,
    list_folders,
)
from localrun.letters import Letter

_START_SECONDS = 30.0


class ImapServer:
    """Serves users (address -> password) and admins (name -> password) until `close()`.

    `password_of` is asked at each login of somebody else, and None means that there is no such
    user. `mailbox_of` gives the same text for all names of one mailbox, whatever it is. `folders`
    are those that every mailbox has from the start beside INBOX. `most_connections` is how many
    were open at once; whoever wants to know it of a time sets it to 0 before.
    """

    def __init__(
        self,
        users: Mapping[str, str],
        admins: Mapping[str, str] | None = None,
        port: int = 0,
        *,
        password_of: Callable[[str], str | None] = lambda _: None,
        mailbox_of: Callable[[str], str] = str,
        folders: Sequence[str] = (),
        token_opens: Callable[[str, str], bool] | None = None,
    ) -> None:
        self._users = dict(users)
        self._admins = dict(admins or {})
        self._password_of = password_of
        self._mailbox_of = mailbox_of
        self._folders = tuple(folders)
        self._token_opens = token_opens
        self._listener = _listen(port)
        self.port: int = self._listener.getsockname()[1]
        self._loop = asyncio.new_event_loop()
        self._connections: set[asyncio.Task[None]] = set()
        self.most_connections = 0
        self._started = threading.Event()
        self._stopping = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name=f"imap-{self.port}", daemon=True)
        self._thread.start()
        if not self._started.wait(_START_SECONDS):
            raise RuntimeError("the IMAP server did not start; its thread's traceback says why")

    def append(
        self,
        address: str,
        folder: str,
        message: bytes,
        flags: Sequence[str] = (),
        date: datetime | None = None,
    ) -> None:
        """Let a message arrive in a user's folder, which is created when it is not there.

        `date` becomes the INTERNALDATE and must be aware; None means now. KeyError for an address
        that is no user.
        """
        if date is not None and date.tzinfo is None:
            raise ValueError("the date of a message needs its time zone")
        with IMAPClient("127.0.0.1", self.port, ssl=False) as client:
            # The client writes the end of a literal by itself: without this it waits for an ACK.
            client.socket().setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            client.login(address, self._users[address])
            if not client.folder_exists(folder):
                client.create_folder(folder)
            client.append(folder, message, flags, date)

    def fill(self, address: str, letters: Iterable[Letter]) -> int:
        """Puts messages into a user's mailbox, and makes their folders, without a connection; how
        many messages."""
        letters = list(letters)

        async def put() -> int:
            mailboxes = await self._login.mailboxes(address)
            for folder in dict.fromkeys("/".join(each.folder) for each in letters):
                if folder != "INBOX" and folder not in await list_folders(mailboxes):
                    await mailboxes.add_mailbox(folder)
            for each in letters:
                mailbox = await mailboxes.get_mailbox("/".join(each.folder))
                flags = frozenset(Flag(flag.encode()) for flag in each.flags)
                await mailbox.append(AppendMessage(each.mime, each.received, flags))
            return len(letters)

        return asyncio.run_coroutine_threadsafe(put(), self._loop).result(_START_SECONDS)

    def counts(self) -> dict[str, int]:
        """How many messages each mailbox holds that somebody has opened, by the name it was opened
        with first."""

        async def count() -> dict[str, int]:
            known = reversed(list(self._config.set_cache.items()))  # the first name comes last
            opened = {mailboxes: name for name, (mailboxes, _) in known}
            return {name: await count_messages(mailboxes) for mailboxes, name in opened.items()}

        return self._ask(count())

    def _ask(self, question: Coroutine[Any, Any, dict[str, int]]) -> dict[str, int]:
        return asyncio.run_coroutine_threadsafe(question, self._loop).result(_START_SECONDS)

    def close(self) -> None:
        """End the server and every connection. May be repeated."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(self._serve())
        finally:
            self._loop.close()
            self._listener.close()

    async def _serve(self) -> None:
        # By default pymap checks passwords in threads of a pool, each with an event loop, and ends
        # none of them; plain ones take no time.
        self._config = Settings.from_args(
            _arguments(self.port),
            hash_context=PlainPasswords(),
            cpu_subsystem=Subsystem.for_asyncio(),
        )
        self._config.takes_tokens = self._token_opens is not None
        self._login = self._make_login(self._config)
        imap = Server(self._login, self._config)

        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            # pymap's own listener starts a task for the connection and lets go of it; asyncio
            # holds tasks weakly, and from Python 3.13 on the collector ends live connections.
            # So the connection runs in the task that is listed here.
            task = asyncio.current_task()
            assert task is not None
            self._connections.add(task)
            self.most_connections = max(self.most_connections, len(self._connections))
            try:
                await imap(reader, writer, SocketInfoLocal(writer, unique_id=uuid.uuid4().bytes))
            finally:
                self._connections.discard(task)

        server = await asyncio.start_server(connected, sock=self._listener)
        self._started.set()
        await self._stopping.wait()
        server.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    def _make_login(self, config: Any) -> Any:
        login = Accounts(
            config, self._password_of, self._mailbox_of, self._folders, self._token_opens
        )
        for accounts, roles in ((self._users, set[str]()), (self._admins, {"admin"})):
            for name, password in accounts.items():
                login.users_dict[name] = UserMetadata(
                    config, name, password=password, roles=frozenset(roles)
                )
        return login


def _listen(port: int) -> socket.socket:
    """A listening socket that says it is TCP: asyncio turns off Nagle's delay only then."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen()
    return listener


def _arguments(port: int) -> Namespace:
    """What pymap's command line would give."""
    return Namespace(
        host="127.0.0.1",
        port=port,
        debug=False,
        cert=None,
        key=None,
        tls=False,
        passlib_cfg=None,
        proxy_protocol=None,
        demo_data=False,
        demo_user="",
        demo_password="",
    )
