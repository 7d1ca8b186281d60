"""Attachments of Microsoft Graph (fileAttachment, itemAttachment, referenceAttachment). Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from migration.items.content import Attachment
from migration.items.graph_fields import Fields
from migration.items.ical_content import decode

ATTACHMENTS = "attachments"
BYTES = "contentBytes"
"""The property that holds a file's content in Base64. Whoever reads the attachments puts it there
for attached items, too, as the MIME, iCalendar or vCard that Graph makes of them."""

_TYPE = "@odata.type"
_ENDINGS = (
    (b"BEGIN:VCALENDAR", "text/calendar", ".ics"),
    (b"BEGIN:VCARD", "text/vcard", ".vcf"),
)
_NOTE = ("message/rfc822", ".eml")


def is_link(attachment: Mapping[str, object]) -> bool:
    """Whether it is a file that lies elsewhere: Graph has no content of it."""
    return str(attachment.get(_TYPE, "")).endswith(".referenceAttachment")


def is_item(attachment: Mapping[str, object]) -> bool:
    """Whether it is a message, an event or a contact."""
    return str(attachment.get(_TYPE, "")).endswith(".itemAttachment")


def read_files(found: Sequence[Mapping[str, object]], event: Fields) -> Iterator[Attachment]:
    """Those that can be kept; losses of the others are told by `event`."""
    for one in found:
        told = Fields(one, "", [])
        name = told.text("name")
        if is_link(one):
            link = told.text("sourceUrl")
            if link:
                yield Attachment(name, uri=link)
            else:
                event.lose(ATTACHMENTS, "a file that lies in a cloud; Graph does not say where")
            continue
        try:
            data = decode(told.text(BYTES)) if BYTES in one else None
        except ValueError:
            data = None
        if data is None:
            event.lose(ATTACHMENTS, "Graph does not give its content, or it is too large")
        elif is_item(one):
            event.lose(ATTACHMENTS, "an item within the event; it is an attached file")
            yield _as_file(name, data)
        else:
            if told.flag("isInline"):
                event.lose(ATTACHMENTS, "a picture within the text; it is an attached file")
            yield Attachment(name, told.text("contentType"), data)


def _as_file(name: str, data: bytes) -> Attachment:
    for beginning, kind, ending in _ENDINGS:
        if data.lstrip()[: len(beginning)].upper() == beginning:
            return Attachment(f"{name or 'item'}{ending}", kind, data)
    return Attachment(f"{name or 'item'}{_NOTE[1]}", _NOTE[0], data)
