"""Who may come in, and into whose mailbox.

With a bearer token somebody is impersonated. A user with a password enters the own mailbox, and
that of others by impersonation, or as a delegate whose ids name or hold another's mailbox. As in
Exchange, a delegate without access is told of everything that it is not there.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass, field

from lxml import etree

from localrun.fakes.workmail_ews.items import StoredItem
from localrun.fakes.workmail_ews.soap import (
    MESSAGES,
    SUPPORTED_VERSION,
    TYPES,
    Envelope,
    ItemRefused,
    SoapFault,
    find,
)
from localrun.fakes.workmail_ews.store import MailboxStore, StoredFolder, owner_of
from migration.access import Entry

_DISTINGUISHED = f"{{{TYPES}}}DistinguishedFolderId"
_IDS = {
    f"{{{TYPES}}}FolderId": "Id",
    f"{{{TYPES}}}ItemId": "Id",
    f"{{{TYPES}}}OccurrenceItemId": "RecurringMasterId",
    f"{{{TYPES}}}RecurringMasterItemId": "OccurrenceId",
    f"{{{TYPES}}}AttachmentId": "Id",
    f"{{{MESSAGES}}}ParentItemId": "Id",
}
"""Elements by which a request names what belongs to a mailbox, and the attribute that does."""
_HIDDEN = ""


class NotLoggedIn(Exception):
    """No token or password, or one that is unknown or has expired."""


@dataclass(frozen=True, slots=True)
class Visit:
    """Whose mailbox a request is about. Where `is_open` is False, everything in it is refused with
    `code`, or is not there if that is empty."""

    address: str
    is_open: bool = True
    code: str = _HIDDEN


@dataclass(slots=True)
class Admission:
    """The rules, as of EwsServer. `basic_entries` are those that passwords are good for."""

    check_token: Callable[[str, str], str]
    mailbox_exists: Callable[[str], bool]
    check_password: Callable[[str, str], bool]
    may_open: Callable[[str, str], str]
    basic_entries: set[Entry] = field(default_factory=lambda: set(Entry))

    def admit(self, authorization: str, envelope: Envelope) -> Visit:
        """NotLoggedIn, or the SoapFault that the whole request is answered with."""
        scheme, _, credentials = authorization.partition(" ")
        if scheme.casefold() == "basic":
            return self._admit_user(self._user(credentials.strip()), envelope)
        if scheme.casefold() != "bearer" or not credentials.strip():
            raise NotLoggedIn
        verdict = self.check_token(credentials.strip(), envelope.mailbox)
        if verdict in ("expired", "unknown"):
            raise NotLoggedIn
        self._check_request(envelope)
        if verdict != "ok" or not envelope.mailbox:
            raise _impersonation_denied()
        return Visit(envelope.mailbox)

    def _user(self, credentials: str) -> str:
        try:
            text = base64.b64decode(credentials, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            raise NotLoggedIn from None
        user, _, password = text.partition(":")
        if not self.check_password(user.casefold(), password):
            raise NotLoggedIn
        return user.casefold()

    def _admit_user(self, user: str, envelope: Envelope) -> Visit:
        self._check_request(envelope)
        if not envelope.mailbox:
            return self._visit(user, _owner(envelope.operation) or user)
        is_known = Entry.IMPERSONATION in self.basic_entries
        if not is_known or self.may_open(user, envelope.mailbox) != "ok":
            raise _impersonation_denied()
        return Visit(envelope.mailbox)

    def _visit(self, user: str, owner: str) -> Visit:
        if not self.mailbox_exists(owner):
            return Visit(owner, is_open=False, code="ErrorNonExistentMailbox")
        if owner != user and Entry.DELEGATE not in self.basic_entries:
            return Visit(owner, is_open=False, code="ErrorAccessDenied")
        return Visit(owner, is_open=self.may_open(user, owner) == "ok")

    def _check_request(self, envelope: Envelope) -> None:
        if envelope.version != SUPPORTED_VERSION:
            raise SoapFault("ErrorInvalidServerVersion", "The request has an invalid version.")
        if envelope.mailbox and not self.mailbox_exists(envelope.mailbox):
            raise SoapFault("ErrorNonExistentMailbox", "No mailbox with such an address.")


class ClosedMailbox(MailboxStore):
    """Somebody's mailbox for a delegate without access. Nothing is there, or everything is refused
    with one code."""

    def __init__(self, visit: Visit, now: Callable[[], float]) -> None:
        super().__init__(visit.address, now, None)
        self._code = visit.code

    def folder(self, folder_id: str, missing: str = "ErrorFolderNotFound") -> StoredFolder:
        raise ItemRefused(self._code or missing)

    def item(self, item_id: str) -> StoredItem:
        raise ItemRefused(self._code or "ErrorItemNotFound")


def _owner(operation: etree._Element) -> str:
    """Whose mailbox the ids of a request name or hold, "" if none does. Exchange takes several in
    one request; nobody here asks for that."""
    owners = {_owner_of_id(element) for element in operation.iter(_DISTINGUISHED, *_IDS)} - {""}
    if len(owners) > 1:
        raise SoapFault("ErrorInvalidRequest", "Here a request is about one mailbox.")
    return owners.pop() if owners else ""


def _owner_of_id(element: etree._Element) -> str:
    if element.tag != _DISTINGUISHED:
        return owner_of(element.get(_IDS[str(element.tag)], ""))
    named = find(element, "Mailbox", "EmailAddress")
    return "" if named is None else (named.text or "").strip().casefold()


def _impersonation_denied() -> SoapFault:
    return SoapFault("ErrorImpersonateUserDenied", "The account may not impersonate the user.")
