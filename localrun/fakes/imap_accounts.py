"""What pymap needs to serve any number of users: accounts, their mailboxes, connections."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack, closing, suppress
from typing import Any

from pymap.backend.dict import Config, Identity, Login
from pymap.backend.dict.filter import FilterSet
from pymap.backend.dict.mailbox import MailboxData, MailboxSet
from pymap.context import connection_exit
from pymap.exceptions import InvalidAuth
from pymap.imap import IMAPConnection, IMAPServer
from pymap.imap.state import ConnectionState
from pymap.parsing.specials.flag import Wildcard
from pymap.user import UserMetadata
from pysasl import SASLAuth
from pysasl.creds.external import ExternalCredentials
from pysasl.hashing import Cleartext
from pysasl.mechanism.login import LoginMechanism
from pysasl.mechanism.oauth import OAuth2Mechanism
from pysasl.mechanism.plain import PlainMechanism


class _Connection(IMAPConnection):  # type: ignore[misc]  # pymap's types are not followed
    """pymap's own makes the bytes of each response twice, the second time for a log that nobody
    keeps: a third of what the server costs."""

    __slots__ = ()

    async def write_response(self, resp: Any) -> None:
        with suppress(ConnectionError):  # the next read finds that the client is gone
            await resp.async_write(self.writer)
            await self.writer.drain()


class Server(IMAPServer):  # type: ignore[misc]  # pymap's types are not followed
    """Serves by such connections."""

    async def __call__(self, reader: Any, writer: Any, sock_info: Any) -> None:
        connection = _Connection(self.commands, self._config, reader, writer, sock_info)
        async with AsyncExitStack() as stack:
            connection_exit.set(stack)
            stack.enter_context(closing(connection))
            await connection.run(ConnectionState(self._login, self._config))


class Accounts(Login):  # type: ignore[misc]  # pymap's types are not followed
    """Also lets in whom `password_of` knows, and gives new mailboxes their folders."""

    def __init__(
        self,
        config: Any,
        password_of: Callable[[str], str | None],
        mailbox_of: Callable[[str], str],
        folders: Sequence[str],
        token_opens: Callable[[str, str], bool] | None,
    ) -> None:
        super().__init__(config)
        self._token_opens = token_opens
        self._password_of = password_of
        self._mailbox_of = mailbox_of
        self._opened: dict[str, Any] = {}
        self._folders = folders
        self._given: set[str] = set()

    async def authenticate(self, credentials: Any) -> Any:
        if isinstance(credentials, Bearer):
            if self._token_opens is None or not self._token_opens(
                credentials.token, credentials.user
            ):
                raise InvalidAuth
            return Identity(credentials.user, self, None, frozenset())
        name = credentials.authcid
        if name in self._given or name not in self.users_dict:
            self._look_up(name)
        return await super().authenticate(credentials)

    async def authorize(self, authenticated: Any, authzid: str) -> Any:
        identity = await super().authorize(authenticated, authzid)
        await self.mailboxes(authzid)
        return identity

    async def mailboxes(self, name: str) -> Any:
        """The mailbox of a user with its folders, made when it is opened for the first time."""
        if name not in self.config.set_cache:
            mailboxes = _Mailboxes()
            for folder in self._folders:
                await mailboxes.add_mailbox(folder)
            opened = self._opened.setdefault(self._mailbox_of(name), (mailboxes, FilterSet()))
            self.config.set_cache.setdefault(name, opened)
        return self.config.set_cache[name][0]

    def _look_up(self, name: str) -> None:
        password = self._password_of(name)
        if password is None:
            self.users_dict.pop(name, None)
        else:
            self.users_dict[name] = UserMetadata(self.config, name, password=password)
            self._given.add(name)


class _Folder(MailboxData):  # type: ignore[misc]  # pymap's types are not followed
    """pymap's own keeps keywords that come with a message, and forgets those that are set later."""

    @property
    def permanent_flags(self) -> frozenset[Any]:
        return frozenset({*super().permanent_flags, Wildcard})


class _Mailboxes(MailboxSet):  # type: ignore[misc]  # pymap's types are not followed
    """Makes folders of that kind."""

    def __init__(self) -> None:
        super().__init__()
        self._inbox = _Folder(self._content_cache, self._thread_cache)

    async def add_mailbox(self, name: str) -> Any:
        await super().add_mailbox(name)
        self._set[name] = folder = _Folder(self._content_cache, self._thread_cache)
        return folder.mailbox_id


async def list_folders(mailboxes: Any) -> list[str]:
    """Their names, without those that are only a part of another's name."""
    return [entry.name for entry in (await mailboxes.list_mailboxes()).list() if entry.exists]


async def count_messages(mailboxes: Any) -> int:
    """In all folders of a mailbox."""
    folders = [await mailboxes.get_mailbox(name) for name in await list_folders(mailboxes)]
    return sum([int((await folder.snapshot()).exists) for folder in folders])


class Bearer(ExternalCredentials):  # type: ignore[misc]  # pysasl's types are not followed
    """A token, and the user whose mailbox it shall open."""

    def __init__(self, user: str, token: str) -> None:
        super().__init__(user, token)
        self.user, self.token = user, token


class _Xoauth2(OAuth2Mechanism):  # type: ignore[misc]  # pysasl's types are not followed
    def server_attempt(self, responses: Any) -> Any:
        found, rest = super().server_attempt(responses)
        return Bearer(found.authzid, found._token), rest


class Settings(Config):  # type: ignore[misc]  # pymap's types are not followed
    takes_tokens = False

    @property
    def tls_auth(self) -> Any:
        """The mechanisms on loopback too, for pymap takes that for as safe as TLS."""
        tokens = [_Xoauth2()] if self.takes_tokens else []
        return SASLAuth([PlainMechanism(), LoginMechanism(), *tokens])

    @property
    def greeting(self) -> bytes:
        """pymap's own asks the resolver for the machine's name, on every connection."""
        return b"Server ready"


class PlainPasswords(Cleartext):  # type: ignore[misc]  # pysasl's types are not followed
    """Compares passwords as they are: a fifth of a second less per login than with a hash."""

    def verify(self, secret: str, hash: str) -> bool:  # noqa: A002 - inherited name
        # pysasl's own method refuses passwords that are not ASCII.
        return hmac.compare_digest(secret.encode(), hash.encode())
