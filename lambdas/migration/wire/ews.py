"""A client for Exchange Web Services: bearer token, impersonation, many items per request.

One EwsClient serves one mailbox, over kept-alive connections. What reads is sent again once when
the connection breaks; what changes something never is: the caller is told AnswerLost, and must
look before it tries again. Failures are the EwsError classes of `ews_model`.

Written for WorkMail, which speaks Exchange2010_SP2 only and takes Bearer or Basic. See the EWS
reference: https://learn.microsoft.com/exchange/client-developer/web-service-reference/
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from xml.etree.ElementTree import Element

from migration.wire import ews_answer, ews_request
from migration.wire.ews_http import Transport, no_answer, refuse
from migration.wire.ews_model import (
    Created,
    Filter,
    FolderInfo,
    FolderRef,
    FoundPage,
    NewMessage,
    Property,
    Refused,
)

_FOLDER_PAGE = 500
_READ_SECONDS = 100.0


class EwsClient:
    """One mailbox. Safe to use from as many threads as it has `connections`."""

    def __init__(
        self,
        url: str,
        token: Callable[[], str],
        mailbox: str,
        *,
        ca_file: str | None = None,
        connections: int = 1,
        read_seconds: float = _READ_SECONDS,
    ) -> None:
        """`token` gives a new token each time it is called: at first, and after a 401.

        Certificates are always verified, against `ca_file` if given. ValueError for http to
        anything but this machine.
        """
        self._mailbox = mailbox
        self._transport = Transport(
            url, token, ca_file=ca_file, connections=connections, read_seconds=read_seconds
        )

    def close(self) -> None:
        """Closes the connections; may be called twice."""
        self._transport.close()

    def folders(self, below: FolderRef) -> list[FolderInfo]:
        """All folders below one, at whatever depth."""
        found: list[FolderInfo] = []
        while True:
            request = ews_request.find_folder(self._mailbox, below, len(found), _FOLDER_PAGE)
            message = self._ask(request)
            with _reading():
                page, is_last = ews_answer.read_folders(message)
            found += page
            if is_last or not page:
                return found

    def get_folder(self, folder: FolderRef) -> FolderInfo:
        """RequestRefused with ErrorFolderNotFound when there is none."""
        message = self._ask(ews_request.get_folder(self._mailbox, folder))
        with _reading():
            return ews_answer.read_folder(message)

    def create_folder(self, parent: FolderRef, name: str) -> str:
        """The new folder's id. RequestRefused with ErrorFolderExists when the name is taken."""
        request = ews_request.create_folder(self._mailbox, parent, name)
        message = self._ask(request, changes=True)
        with _reading(changes=True):
            return ews_answer.read_folder(message).id

    def create_items(
        self, folder: FolderRef, messages: Sequence[NewMessage]
    ) -> list[Created | Refused]:
        """One request for all messages; an id or a refusal for each, in order.

        AnswerLost when it is unknown which of them were stored.
        """
        request = ews_request.create_items(self._mailbox, folder, messages)
        answers = self._transport.post(request, changes=True)
        if len(answers) != len(messages):
            raise no_answer("answer-incomplete", changes=True)
        with _reading(changes=True):
            return [
                ews_answer.read_refusal(answer) or ews_answer.read_created(answer)
                for answer in answers
            ]

    def find_items(
        self,
        folder: FolderRef,
        wanted: Filter,
        properties: Sequence[Property] = (),
        offset: int = 0,
        limit: int = 500,
    ) -> FoundPage:
        """One page of the items that meet the filter, in no particular order."""
        request = ews_request.find_items(self._mailbox, folder, wanted, properties, offset, limit)
        message = self._ask(request)
        with _reading():
            return ews_answer.read_page(message, properties)

    def _ask(self, request: ews_request.Request, *, changes: bool = False) -> Element:
        """The one response message of a request that has one part; raises if it is a refusal."""
        answers = self._transport.post(request, changes=changes)
        if len(answers) != 1:
            raise no_answer("answer-incomplete", changes=changes)
        with _reading(changes=changes):
            refusal = ews_answer.read_refusal(answers[0])
        if refusal is not None:
            raise refuse(refusal.code, refusal.retry_after)
        return answers[0]


@contextmanager
def _reading(*, changes: bool = False) -> Iterator[None]:
    """What cannot be read says nothing about what was done."""
    try:
        yield
    except ews_answer.NotEws as error:
        raise no_answer("answer-malformed", changes=changes) from error
