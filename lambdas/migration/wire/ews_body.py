"""The body of an EWS request, written without a document tree and sent while it is made.

A body is a list of parts: XML, and MIME that is turned into base64 on the way, so that a batch
costs its own size in memory and a window, and a stream only the window. The length is known
beforehand, because not every server takes chunked requests.
"""

from __future__ import annotations

import re
from binascii import b2a_base64
from collections.abc import Iterable, Iterator

from migration.mime import Mime, MimeStream, pieces

SERVER_VERSION = "Exchange2010_SP2"
_WINDOW = 1_048_576
_BASE64_STEP = 196_608  # a multiple of 3: no padding inside; 256 KiB of base64

_HEAD = (
    '<?xml version="1.0" encoding="utf-8"?>'
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"'
    ' xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages"'
    ' xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types"><s:Header>'
    f'<t:RequestServerVersion Version="{SERVER_VERSION}"/>%s</s:Header><s:Body>'
)
_IMPERSONATION = (
    "<t:ExchangeImpersonation><t:ConnectingSID><t:PrimarySmtpAddress>%s</t:PrimarySmtpAddress>"
    "</t:ConnectingSID></t:ExchangeImpersonation>"
)
_TAIL = "</s:Body></s:Envelope>"

_PLAIN = re.compile(r"[\w .,:;/@$+*=~^!?#%(){}\[\]\\-]*", re.ASCII)
# Everything outside XML 1.0, section 2.2, lone surrogates included.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class StreamFailed(Exception):
    """A stream could not be read to its end while it was sent: the request never became whole.
    The reason is the cause."""


class Request:
    """The body of one request. Every iteration starts from the beginning, unless it holds a
    stream: then there can be one iteration only."""

    def __init__(self, mailbox: str, parts: Iterable[str | Mime]) -> None:
        """`mailbox` is impersonated, "" for nobody. `parts` are XML (str), or MIME, which goes as
        base64."""
        self._xml: list[bytes] = []  # one before each of the mimes, and one after the last
        self._mimes: list[Mime] = []
        between = [_HEAD % (_IMPERSONATION % escape(mailbox) if mailbox else "")]
        for part in parts:
            if isinstance(part, str):
                between.append(part)
                continue
            self._xml.append("".join(between).encode())
            self._mimes.append(part)
            between.clear()
        self._xml.append("".join((*between, _TAIL)).encode())

    @property
    def is_repeatable(self) -> bool:
        """Whether it can be sent again."""
        return not any(isinstance(mime, MimeStream) for mime in self._mimes)

    @property
    def length(self) -> int:
        """How many bytes an iteration gives."""
        encoded = sum((len(mime) + 2) // 3 * 4 for mime in self._mimes)
        return encoded + sum(map(len, self._xml))

    def __iter__(self) -> Iterator[bytes]:
        window: list[bytes] = []  # large pieces: each is a packet, and a switch of threads
        size = 0
        for xml, mime in zip(self._xml, (*self._mimes, b""), strict=True):
            window.append(xml)
            size += len(xml)
            for piece in _base64(mime):
                window.append(piece)
                size += len(piece)
                if size >= _WINDOW:
                    yield b"".join(window)
                    window, size = [], 0
        yield b"".join(window)


def _base64(mime: Mime) -> Iterator[bytes]:
    if isinstance(mime, bytes) and len(mime) <= _BASE64_STEP:
        yield b2a_base64(mime, newline=False)
        return
    held = b""
    for chunk in _exactly(mime):
        octets = memoryview(held + chunk if held else chunk)
        whole = len(octets) // 3 * 3
        for start in range(0, whole, _BASE64_STEP):
            yield b2a_base64(octets[start : min(start + _BASE64_STEP, whole)], newline=False)
        held = bytes(octets[whole:])
    if held:
        yield b2a_base64(held, newline=False)


def _exactly(mime: Mime) -> Iterator[bytes]:
    """All pieces. What has another length than it said would be a broken request: StreamFailed,
    as for every other reason why a stream ends early."""
    left = len(mime)
    try:
        for chunk in pieces(mime):
            left -= len(chunk)
            if left < 0:
                break
            yield chunk
    except Exception as error:
        raise StreamFailed from error
    if left:
        raise StreamFailed from ValueError("a stream has another length than it said")


def escape(text: str) -> str:
    """Text for an element or a double-quoted attribute. Characters that XML 1.0 forbids become
    U+FFFD."""
    if _PLAIN.fullmatch(text):
        return text
    clean = _FORBIDDEN.sub("\ufffd", text)
    for plain, escaped in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;")):
        clean = clean.replace(plain, escaped)
    return re.sub(r"[\t\n\r]", lambda found: f"&#{ord(found[0])};", clean)
