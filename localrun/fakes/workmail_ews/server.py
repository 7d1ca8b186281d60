"""The service: which operation runs, and what goes wrong on order."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType

from lxml import etree

from localrun.fakes.workmail_ews import (
    attachments,
    folder_operations,
    item_operations,
    replies,
)
from localrun.fakes.workmail_ews.admission import Admission, ClosedMailbox, NotLoggedIn
from localrun.fakes.workmail_ews.contents import (
    StoredGroupware,
    StoredMessage,
    calendar_in,
    groupware_in,
    messages_in,
)
from localrun.fakes.workmail_ews.faults import Faults
from localrun.fakes.workmail_ews.http import AUTODISCOVER, PATH, ConnectionClosed, HttpServer
from localrun.fakes.workmail_ews.maildir import MaildirMirror
from localrun.fakes.workmail_ews.soap import (
    ItemRefused,
    SoapFault,
    read_envelope,
    write_answer,
    write_fault,
)
from localrun.fakes.workmail_ews.store import MailboxStore, Sent
from migration.access import Entry

MEBIBYTE = 1024 * 1024

Operation = Callable[[MailboxStore, etree._Element], etree._Element]
Observer = Callable[[bytes, int, bytes], None]


class _GatewayTimeout(Exception):
    """A gateway in front of the server answers, and the server goes on."""


@dataclass(frozen=True, slots=True)
class _Late:
    """A CreateItem that takes effect when the clock says `due`."""

    due: float
    store: MailboxStore
    request: etree._Element


class EwsServer:
    """WorkMail's EWS on the loopback interface. It serves until close().

    `check_token(token, mailbox)` answers "ok", "expired", "unknown", "denied" or "not-ready";
    `mailbox` is "" when nobody is impersonated. `check_password(user, password)` is about the login
    with Basic, and `may_open(user, mailbox)` answers "ok", "denied" or "not-ready": whether that
    user may open that mailbox, which may be its own. Without them nobody gets in with a password.
    `basic_entries` may be changed at any time: how one with a password gets into the mailbox of
    somebody else. `now` gives seconds since 1970. `mailbox_of` gives the same text for all
    addresses of one mailbox, whatever it is. With `maildir`, mail is also written below that
    folder. `max_mime` and `max_request` are in bytes; `observe` is given every POST's body, HTTP
    status and answer.
    """

    def __init__(
        self,
        check_token: Callable[[str, str], str],
        mailbox_exists: Callable[[str], bool],
        now: Callable[[], float],
        port: int = 0,
        maildir: Path | None = None,
        *,
        mailbox_of: Callable[[str], str] = str.casefold,
        max_mime: int = 40 * MEBIBYTE,
        max_request: int = 64 * MEBIBYTE,
        observe: Observer | None = None,
        check_password: Callable[[str, str], bool] | None = None,
        may_open: Callable[[str, str], str] | None = None,
    ) -> None:
        self.faults = Faults()
        self._observe = observe
        self._admission = Admission(
            check_token,
            mailbox_exists,
            check_password or (lambda user, password: False),
            may_open or (lambda user, mailbox: "denied"),
        )
        self._mailbox_of = mailbox_of
        self._now = now
        self._max_mime = max_mime
        self._mirror = None if maildir is None else MaildirMirror(maildir)
        self._lock = threading.Lock()
        self._stores: dict[str, MailboxStore] = {}
        self._requests: Counter[str] = Counter()
        self._late: list[_Late] = []
        self._operations: dict[str, Operation] = {
            "FindFolder": folder_operations.find_folder,
            "GetFolder": folder_operations.get_folder,
            "CreateFolder": folder_operations.create_folder,
            "DeleteFolder": folder_operations.delete_folder,
            "CreateItem": self._create_item,
            "FindItem": item_operations.find_item,
            "GetItem": item_operations.get_item,
            "UpdateItem": self._update_item,
            "DeleteItem": item_operations.delete_item,
            "MoveItem": item_operations.move_item,
            "CreateAttachment": self._create_attachment,
            "GetAttachment": attachments.get_attachment,
            "DeleteAttachment": attachments.delete_attachment,
            "GetUserOofSettingsRequest": replies.get_reply,
            "SetUserOofSettingsRequest": replies.set_reply,
        }
        self._http = HttpServer(("127.0.0.1", port), self.answer, self._break_off, max_request)
        self._thread = threading.Thread(
            target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )
        self._thread.start()

    @property
    def url(self) -> str:
        """Where to POST to."""
        return f"http://127.0.0.1:{self.port}{PATH}"

    @property
    def autodiscover_url(self) -> str:
        """Where mail programs look for their settings: nobody is told anything without a login."""
        return f"http://127.0.0.1:{self.port}{AUTODISCOVER}"

    @property
    def port(self) -> int:
        """Where it listens on the loopback interface."""
        return int(self._http.server_address[1])

    @property
    def basic_entries(self) -> set[Entry]:
        """By which entries a user with a password gets into the mailboxes of others; both."""
        return self._admission.basic_entries

    @basic_entries.setter
    def basic_entries(self, entries: set[Entry]) -> None:
        self._admission.basic_entries = set(entries)

    @property
    def requests(self) -> Counter[str]:
        """How many requests of each operation were let in so far."""
        with self._lock:
            return Counter(self._requests)

    def close(self) -> None:
        """Stops serving and closes every connection; may be called twice."""
        self._http.shutdown()
        self._http.server_close()
        self._http.close_connections()
        self._thread.join(timeout=5)

    def __enter__(self) -> EwsServer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # -- looking in

    def mailboxes(self) -> list[str]:
        """The mailboxes that somebody has opened, by the address they were opened with first;
        sorted."""
        with self._lock:
            return sorted(store.address for store in self._stores.values())

    def receipts(self, address: str) -> list[str]:
        """What a mailbox would have sent to the senders of messages, because their messages were
        read or deleted: `read` or `not-read` and the item's id. A migration sends nothing."""
        store = self._store(address.casefold())
        with store.lock:
            return list(store.receipts)

    def folders(self, address: str) -> dict[tuple[str, ...], list[StoredMessage]]:
        """What a mailbox holds: every visible folder by its path, messages as they were stored."""
        self._store_what_is_due()
        store = self._store(address.casefold())
        with store.lock:
            return messages_in(store)

    def groupware(self, address: str) -> dict[tuple[str, ...], list[StoredGroupware]]:
        """What else a mailbox holds: calendar items, contacts, lists, tasks and notes of every
        visible folder by its path."""
        self._store_what_is_due()
        store = self._store(address.casefold())
        with store.lock:
            return groupware_in(store)

    def calendar(
        self, address: str, begin: datetime, end: datetime
    ) -> list[tuple[str, datetime, datetime]]:
        """What all calendars of a mailbox show between two moments, in order: subject, begin and
        end of each single item and occurrence."""
        store = self._store(address.casefold())
        with store.lock:
            return calendar_in(store, begin, end)

    def reply(self, address: str) -> dict[str, str]:
        """The automatic reply of a mailbox: names of elements with their texts, the replies' own by
        InternalReply and ExternalReply."""
        store = self._store(address.casefold())
        with store.lock:
            return replies.reply_in(store)

    @property
    def sent(self) -> list[Sent]:
        """What all mailboxes would have sent about calendar items: invitations, updates,
        cancellations. Every call about one that does not say SendToNone is here. A migration sends
        nothing."""
        with self._lock:
            stores = list(self._stores.values())
        return [sent for store in stores for sent in store.sent]

    def deliver(self, address: str, mime: bytes) -> None:
        """New mail comes into the inbox of a mailbox, from outside."""
        store = self._store(address.casefold())
        with store.lock:
            item = store.new_item("Message", store.distinguished("inbox"))
            item.mime = mime
            store.add_item(item)

    # -- serving

    def answer(self, authorization: str, body: bytes) -> tuple[int, bytes]:
        """HTTP status and body for a POST; status 401 has none. ConnectionClosed: say nothing."""
        try:
            status, answer = 200, self._serve(authorization, body)
        except SoapFault as fault:
            status, answer = fault.status, write_fault(fault)
        except ItemRefused as refusal:
            status, answer = 500, write_fault(SoapFault(refusal.code, refusal.text))
        except NotLoggedIn:
            status, answer = 401, b""
        except _GatewayTimeout:
            status, answer = 504, b"<html><body>504 Gateway Time-out</body></html>"
        if self._observe is not None:
            self._observe(body, status, answer)
        return status, answer

    def _serve(self, authorization: str, body: bytes) -> bytes:
        self._store_what_is_due()
        envelope = read_envelope(body)
        visit = self._admission.admit(authorization, envelope)
        store = self._store(visit.address) if visit.is_open else ClosedMailbox(visit, self._now)
        operation = self._operations.get(envelope.name)
        if operation is None:
            raise SoapFault("ErrorInvalidRequest", "The operation is not supported here.")
        with self._lock:
            self._requests[envelope.name] += 1
        busy = self.faults.take_busy()
        if busy is not None:
            raise SoapFault("ErrorServerBusy", "Try again later.", busy.back_off_ms, busy.status)
        if code := self.faults.refusal(visit.address, envelope.name):
            raise SoapFault(code, "The mailbox is out of order.")
        late = self.faults.take_late() if envelope.name == "CreateItem" else None
        if late is not None:
            with self._lock:
                self._late.append(_Late(self._now() + late, store, envelope.operation))
            raise _GatewayTimeout
        closing = self.faults.take_close(envelope.name)
        if closing is False:
            raise ConnectionClosed
        with store.lock:
            answer = write_answer(operation(store, envelope.operation))
        if closing:
            raise ConnectionClosed
        return answer

    def _break_off(self, beginning: bytes) -> int | None:
        return self.faults.take_break_off() if b"<m:CreateItem" in beginning else None

    def _store(self, address: str) -> MailboxStore:
        mailbox = self._mailbox_of(address)
        with self._lock:
            if mailbox not in self._stores:
                self._stores[mailbox] = MailboxStore(address, self._now, self._mirror)
            return self._stores[mailbox]

    def _store_what_is_due(self) -> None:
        """Late requests need no thread of their own: nobody sees the store in between."""
        now = self._now()
        with self._lock:
            due = [late for late in self._late if late.due <= now]
            self._late = [late for late in self._late if late.due > now]
        for late in due:
            with late.store.lock:
                self._create_item(late.store, late.request)

    def _update_item(self, store: MailboxStore, request: etree._Element) -> etree._Element:
        return item_operations.update_item(store, request, self.faults.take_refused_change)

    def _create_attachment(self, store: MailboxStore, request: etree._Element) -> etree._Element:
        refuse = self.faults.take_refused_file
        return attachments.create_attachment(store, request, self._max_mime, refuse)

    def _create_item(self, store: MailboxStore, request: etree._Element) -> etree._Element:
        faults = self.faults
        return item_operations.create_item(
            store,
            request,
            self._max_mime,
            faults.take_rejection,
            forgets_received=faults.forgets_received,
        )
