"""A client for Exchange Web Services: token or password, impersonation or delegate access, many
items per request.

One EwsClient serves one mailbox, over kept-alive connections. What reads is sent again once when
the connection breaks; what changes something never is: the caller is told AnswerLost, and must
look before it tries again. Failures are the EwsError classes of `ews_model`.

Written for WorkMail, which speaks Exchange2010_SP2 only and takes Bearer or Basic. See the EWS
reference: https://learn.microsoft.com/exchange/client-developer/web-service-reference/
"""

from __future__ import annotations

from collections.abc import Sequence

from migration.access import Entry
from migration.wire import ews_answer, ews_request
from migration.wire.ews_asking import Asking, only, reading
from migration.wire.ews_http import Transport
from migration.wire.ews_login import Login, entry_of
from migration.wire.ews_model import (
    Created,
    Filter,
    FolderInfo,
    FolderRef,
    FoundPage,
    ItemChange,
    NewMessage,
    Property,
    Refused,
    Shown,
)

_FOLDER_PAGE = 500
_READ_SECONDS = 100.0
_CONNECTIONS = 4
_INBOX = FolderRef("inbox", distinguished=True)


class EwsClient:
    """One mailbox. Safe to use from several threads; `connections` requests go on at once."""

    def __init__(
        self,
        url: str,
        login: Login,
        mailbox: str,
        *,
        ca_file: str | None = None,
        connections: int = _CONNECTIONS,
        read_seconds: float = _READ_SECONDS,
    ) -> None:
        """A `login` that gives tokens is called at first, when the last token is about to expire,
        and after a 401; a password (ews_login.Basic) is tried once: when it was refused, whatever
        is asked is Unauthorized.

        Certificates are always verified, against `ca_file` if given. ValueError for http to
        anything but this machine.
        """
        self.connections = connections
        self._transport = Transport(
            url, login, ca_file=ca_file, connections=connections, read_seconds=read_seconds
        )
        is_delegate = entry_of(login) is Entry.DELEGATE
        self.asking = Asking(self._transport, mailbox, is_delegate=is_delegate)
        self._mailbox = self.asking.mailbox

    def close(self) -> None:
        """Closes the connections; may be called twice, also while another thread waits: its
        request fails."""
        self._transport.close()

    def reopen(self) -> None:
        """Goes on after `close`, with new connections."""
        self._transport.reopen()

    def confirm(self) -> None:
        """The smallest request there is: afterwards there is a connection, and a login that the
        server takes."""
        self.get_folder(_INBOX)

    # -- folders

    def folders(self, below: FolderRef) -> list[FolderInfo]:
        """All folders below one, at whatever depth."""
        found: list[FolderInfo] = []
        while True:
            request = ews_request.find_folder(
                self._mailbox, self.asking.named(below), len(found), _FOLDER_PAGE
            )
            message = self.asking.ask(request)
            with reading():
                page, is_last = ews_answer.read_folders(message)
            found += page
            if is_last or not page:
                return found

    def get_folders(self, folders: Sequence[FolderRef]) -> list[FolderInfo | Refused]:
        """One request for all; ErrorFolderNotFound for each that is not there."""
        request = ews_request.get_folders(self._mailbox, list(map(self.asking.named, folders)))
        return self.asking.each(request, len(folders), ews_answer.read_folder)

    def get_folder(self, folder: FolderRef) -> FolderInfo:
        """RequestRefused with ErrorFolderNotFound when there is none."""
        return only(self.get_folders([folder]))

    def create_folders(self, parent: FolderRef, names: Sequence[str]) -> list[FolderInfo | Refused]:
        """One request for all; of what is created only the id is known. ErrorFolderExists for a
        name that is taken. AnswerLost when it is unknown which were created."""
        request = ews_request.create_folders(self._mailbox, self.asking.named(parent), names)
        return self.asking.each(request, len(names), ews_answer.read_folder, changes=True)

    def create_folder(self, parent: FolderRef, name: str) -> str:
        """The new folder's id. RequestRefused with ErrorFolderExists when the name is taken."""
        return only(self.create_folders(parent, [name])).id

    def delete_folder(self, folder: FolderRef) -> None:
        """For good, with what is in it. RequestRefused with ErrorFolderNotFound when it is
        gone."""
        self.asking.ask(ews_request.delete_folder(self._mailbox, self.asking.named(folder)))

    # -- items

    def create_items(
        self, folder: FolderRef, messages: Sequence[NewMessage]
    ) -> list[Created | Refused]:
        """One request for all messages; an id or a refusal for each, in order.

        AnswerLost when it is unknown which of them were stored. A message whose content is a
        stream goes alone, and is not sent again when the server refuses the token: ServerBusy.
        What breaks the stream itself is raised as it is; then nothing was stored.
        """
        request = ews_request.create_items(self._mailbox, self.asking.named(folder), messages)
        if not request.is_repeatable and not self._transport.is_ready_for_stream:
            self.confirm()
        return self.asking.each(request, len(messages), ews_answer.read_created, changes=True)

    def find_items(
        self,
        folder: FolderRef,
        wanted: Filter,
        properties: Sequence[Property] = (),
        offset: int = 0,
        limit: int = 500,
    ) -> FoundPage:
        """One page of the items that meet the filter, in no particular order."""
        request = ews_request.find_items(
            self._mailbox, self.asking.named(folder), wanted, properties, offset, limit
        )
        message = self.asking.ask(request)
        with reading():
            return ews_answer.read_page(message, properties)

    def get_items(
        self, ids: Sequence[str], properties: Sequence[Property] = (), *, with_mime: bool = True
    ) -> list[Shown | Refused]:
        """One request for all items; ErrorItemNotFound for each that is gone."""
        request = ews_request.get_items(self._mailbox, ids, properties, with_mime=with_mime)
        return self.asking.each(
            request, len(ids), lambda message: ews_answer.read_shown(message, properties)
        )

    def update_items(self, changes: Sequence[ItemChange]) -> list[Refused | None]:
        """One request for all changes, made in order; a refusal or None for each. To make the same
        changes twice is to make them once, so they are sent again when the answer is lost."""
        request = ews_request.update_items(self._mailbox, changes)
        return self.asking.each(request, len(changes), lambda _: None)

    def delete_items(self, ids: Sequence[str]) -> list[Refused | None]:
        """For good, in one request; a refusal or None for each. Sent again when the answer is lost:
        then ErrorItemNotFound may mean that it was this request that deleted the item."""
        request = ews_request.delete_items(self._mailbox, ids)
        return self.asking.each(request, len(ids), lambda _: None)
