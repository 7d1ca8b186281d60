"""Messages as Graph tells them: each property of the resource `message` from the stored MIME."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from email.utils import getaddresses
from typing import Any

from localrun.fakes.graph.answers import Json, check_select, moment
from localrun.fakes.graph.ids import change_key
from localrun.fakes.graph.messages import Message

_FIELD = re.compile(r"^([^:\s]+):[ \t]*(.*(?:\n[ \t].*)*)", re.MULTILINE)
_METHOD = re.compile(rb"text/calendar[^\r\n]*(?:\r?\n[ \t][^\r\n]*)*method=\"?(\w+)", re.I)
_PREVIEW = 255
_SELECTED_ALONE = frozenset({"internetMessageHeaders"})
"""Told to nobody who does not name them."""
_MEETINGS = {
    b"REQUEST": ("eventMessageRequest", "meetingRequest"),
    b"CANCEL": ("eventMessage", "meetingCancelled"),
    b"REPLY": ("eventMessageResponse", "meetingAccepted"),
}


def message_json(message: Message, immutable: bool, select: str = "") -> Json:
    """The properties that `select` names, or the usual ones. `immutable` decides about the id."""
    names = [name.strip() for name in select.split(",") if name.strip()] or _USUAL
    told: Json = {"@odata.etag": f'W/"{_key(message)}"'}
    kind = _meeting(message)
    if kind:
        told["@odata.type"] = f"#microsoft.graph.{kind[0]}"
    told["id"] = message.ids.told(immutable)
    for name in names:
        known = _BY_NAME.get(name.casefold())
        if known is not None:
            told[known] = _PROPERTIES[known](message)
    if kind and not select:
        told["meetingMessageType"] = kind[1]
    return told


def check_message_select(select: str) -> str:
    """GraphError for a name that messages do not know."""
    check_select(select, _KNOWN)
    return select


def stored_mime(message: Message) -> bytes:
    """With CRLF at the end of each line, as Exchange writes it."""
    return re.sub(rb"\r?\n", b"\r\n", message.mime)


def _meeting(message: Message) -> tuple[str, str] | None:
    if b"text/calendar" not in message.mime:
        return None
    found = _METHOD.search(message.mime)
    return _MEETINGS.get(found[1].upper()) if found else None


def _key(message: Message) -> str:
    return change_key(message.mailbox, message.number, message.state)


def _folder(message: Message) -> str:
    return message.place.rpartition("/")[0]


def _sent(message: Message) -> str:
    return moment(message.sent or message.received)


def _text(name: str) -> Callable[[Message], str]:
    return lambda message: str(message.head[name] or "")


def _people(name: str) -> Callable[[Message], list[Json]]:
    def told(message: Message) -> list[Json]:
        fields = [str(one) for one in message.head.get_all(name, [])]
        return [
            {"emailAddress": {"name": shown or address, "address": address}}
            for shown, address in getaddresses(fields)
            if address
        ]

    return told


def _person(name: str, otherwise: str) -> Callable[[Message], Json | None]:
    def told(message: Message) -> Json | None:
        found = _people(name)(message) or _people(otherwise)(message)
        return found[0] if found else None

    return told


def _number(message: Message) -> str:
    given = str(message.head["Message-ID"] or "").strip()
    return given or f"<{hashlib.sha256(message.mime).hexdigest()[:32]}@contoso.example>"


def _importance(message: Message) -> str:
    told = str(message.head["Importance"] or "").strip().casefold()
    return message.importance or (told if told in {"low", "high"} else "normal")


def _flag(message: Message) -> Json:
    status = "flagged" if "\\Flagged" in message.flags else "notFlagged"
    told: Json = {"flagStatus": "complete" if message.completed else status}
    dates = {
        "startDateTime": message.start,
        "dueDateTime": message.due,
        "completedDateTime": message.completed,
    }
    return told | {name: _zoned(when) for name, when in dates.items() if when}


def _zoned(when: datetime) -> Json:
    return {"dateTime": f"{moment(when)[:-1]}.0000000", "timeZone": "UTC"}


def _headers(message: Message) -> list[Json] | None:
    """Drafts have none yet."""
    if message.is_draft:
        return None
    header = message.mime.replace(b"\r\n", b"\n").partition(b"\n\n")[0].decode("utf-8", "replace")
    return [
        {"name": found[1], "value": re.sub(r"\n[ \t]+", " ", found[2])}
        for found in _FIELD.finditer(header)
    ]


def _body(message: Message) -> Json:
    part = message.parsed.get_body(("html", "plain"))
    if part is None:
        return {"contentType": "text", "content": ""}
    kind = "html" if part.get_content_subtype() == "html" else "text"
    return {"contentType": kind, "content": _content(part)}


def _preview(message: Message) -> str:
    part = message.parsed.get_body(("plain",))
    return " ".join(_content(part).split())[:_PREVIEW] if part else ""


def _content(part: Any) -> str:
    try:
        return str(part.get_content())
    except (LookupError, KeyError):
        return str(part.get_payload(decode=True).decode("latin-1"))


def _has_attachments(message: Message) -> bool:
    return any(part.get_content_disposition() == "attachment" for part in message.parsed.walk())


def _conversation(message: Message) -> str:
    topic = re.sub(r"^((re|fw|fwd|aw|wg):\s*)+", "", str(message.head["Subject"] or ""), flags=re.I)
    told = hashlib.shake_128(f"{message.mailbox}|{topic}".encode()).digest(42)
    return f"AAQkAGFiNmRk{base64.urlsafe_b64encode(told).decode()}"


def _index(message: Message) -> str:
    told = hashlib.shake_128(message.mime).digest(21)
    return base64.b64encode(b"\x01" + told).decode()


_PROPERTIES: Mapping[str, Callable[[Message], object]] = {
    "createdDateTime": lambda message: moment(message.created),
    "lastModifiedDateTime": lambda message: moment(message.modified),
    "changeKey": _key,
    "categories": lambda message: list(message.categories),
    "receivedDateTime": lambda message: moment(message.received),
    "sentDateTime": _sent,
    "hasAttachments": _has_attachments,
    "internetMessageId": _number,
    "subject": _text("Subject"),
    "bodyPreview": _preview,
    "importance": _importance,
    "parentFolderId": _folder,
    "conversationId": _conversation,
    "conversationIndex": _index,
    "isDeliveryReceiptRequested": lambda message: False,
    "isReadReceiptRequested": lambda message: "Disposition-Notification-To" in message.head,
    "isRead": lambda message: message.is_read,
    "isDraft": lambda message: message.is_draft,
    "webLink": lambda message: f"https://outlook.example/owa/?ItemID={message.ids.ordinary}",
    "inferenceClassification": lambda message: "focused",
    "internetMessageHeaders": _headers,
    "body": _body,
    "sender": _person("Sender", "From"),
    "from": _person("From", "Sender"),
    "toRecipients": _people("To"),
    "ccRecipients": _people("Cc"),
    "bccRecipients": _people("Bcc"),
    "replyTo": _people("Reply-To"),
    "flag": _flag,
}
_BY_NAME = {name.casefold(): name for name in _PROPERTIES}
_KNOWN = frozenset({"id", "meetingMessageType", *_PROPERTIES})
_USUAL = [name for name in _PROPERTIES if name not in _SELECTED_ALONE]
