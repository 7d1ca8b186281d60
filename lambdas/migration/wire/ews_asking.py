"""Requests sent and their answers read, one by one: what all operations of EWS have in common."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TypeVar
from xml.etree.ElementTree import Element

from migration.wire import ews_answer, ews_request
from migration.wire.ews_body import Request
from migration.wire.ews_failures import HIDDEN_CODES, no_answer, refuse
from migration.wire.ews_http import Transport
from migration.wire.ews_model import FolderRef, NotAdmitted, Refused, RequestRefused

_T = TypeVar("_T")
_INBOX = FolderRef("inbox", distinguished=True)


class Asking:
    """Asks for one mailbox. `mailbox` is whoever is impersonated, "" for a delegate."""

    def __init__(self, transport: Transport, mailbox: str, *, is_delegate: bool) -> None:
        self._transport = transport
        self._is_delegate = is_delegate
        self.mailbox = "" if is_delegate else mailbox
        self._owner = mailbox if is_delegate else ""

    def ask(self, request: Request) -> Element:
        """The one response message of a request that has one part; raises if it is a refusal."""
        return only(self.each(request, 1, lambda message: message))

    def each(
        self, request: Request, parts: int, read: Callable[[Element], _T], *, changes: bool = False
    ) -> list[_T | Refused]:
        """What `read` makes of each of the response messages, or its refusal. NotAdmitted instead
        of refusals that only hide the mailbox from a delegate."""
        try:
            answers = self._answers(request, parts, read, changes=changes)
        except RequestRefused as refused:
            self._check_admitted([refused.code])
            raise
        codes = [answer.code for answer in answers if isinstance(answer, Refused)]
        if len(codes) == len(answers):  # else something was done, and must be told
            self._check_admitted(codes)
        return answers

    def _check_admitted(self, codes: Collection[str]) -> None:
        """A delegate is told of whatever it may not see that it does not exist. Only the inbox
        tells one from the other: every mailbox has one."""
        if not self._is_delegate or HIDDEN_CODES.isdisjoint(codes):
            return
        request = ews_request.get_folders(self.mailbox, [self.named(_INBOX)])
        try:
            (inbox,) = self._answers(request, 1, ews_answer.read_folder)
        except RequestRefused as error:
            inbox = Refused(error.code)
        if isinstance(inbox, Refused) and inbox.code in HIDDEN_CODES:
            raise NotAdmitted(inbox.code)

    def named(self, folder: FolderRef) -> FolderRef:
        """The folder, in whose mailbox it is meant to be."""
        return replace(folder, mailbox=self._owner) if folder.distinguished else folder

    def _answers(
        self, request: Request, parts: int, read: Callable[[Element], _T], *, changes: bool = False
    ) -> list[_T | Refused]:
        answers = self._transport.post(request, changes=changes)
        if len(answers) != parts:
            raise no_answer("answer-incomplete", changes=changes)
        with reading(changes=changes):
            return [ews_answer.read_refusal(answer) or read(answer) for answer in answers]


def only(answers: Sequence[_T | Refused]) -> _T:
    """The one answer; raises if it is a refusal."""
    (answer,) = answers
    if isinstance(answer, Refused):
        raise refuse(answer.code, answer.retry_after)
    return answer


@contextmanager
def reading(*, changes: bool = False) -> Iterator[None]:
    """What cannot be read says nothing about what was done."""
    try:
        yield
    except ews_answer.NotEws as error:
        raise no_answer("answer-malformed", changes=changes) from error
