"""The content of a message: whole in memory, or a stream where it is large. Standard library only.

A `Mime` is either `bytes` or a `MimeStream`. Both have a length in octets; `pieces` gives the
octets of either, and `fingerprint` identifies the content after it was carried over servers that
write line ends in their own way.
"""

from __future__ import annotations

import base64
import hashlib
import threading
from collections.abc import Iterable, Iterator

STREAM_FROM = 1_000_000
"""Messages of at least so many octets come as a stream: they are never whole in memory."""

HEAD = 65_536
"""So many octets of a stream can be looked at before it is read: enough for its headers."""

_LINE_ENDS = (b"\r", b"\n", b"\0")
_PORTION = 65_536  # octets that stay in the processor's cache while line ends are taken out of them
_FINGERPRINT_LENGTH = 26
_FINGERPRINT_OCTETS = 20  # more than that needs; a multiple of 5, which base32 does not pad


class Fingerprint:
    """A digest of content, made piece by piece.

    CR, LF and NUL do not count: servers turn bare LF into CRLF, add a line end at the end, and drop
    NUL. Two messages that differ in nothing else are the same to every reader of mail.
    """

    def __init__(self) -> None:
        self._digest = hashlib.sha256()

    def add(self, piece: bytes | memoryview) -> None:
        """The next octets."""
        octets = bytes(piece)
        for start in range(0, len(octets), _PORTION):
            portion = octets[start : start + _PORTION]
            # One after the other: `replace` leaps from each to the next, where `translate` would
            # look at every octet, and the print is the slowest step of a fast copy.
            for line_end in _LINE_ENDS:
                portion = portion.replace(line_end, b"")
            self._digest.update(portion)

    @property
    def text(self) -> str:
        """26 characters, 130 bits, of lower-case base32."""
        digest = self._digest.digest()[:_FINGERPRINT_OCTETS]
        return base64.b32encode(digest).decode("ascii").lower()[:_FINGERPRINT_LENGTH]


class MimeStream:
    """The content of a large message, read from the source while it is written to the target.

    It can be read once, by iterating. Whoever gets one reads it to its end or closes it: the
    connection behind it waits for that. What breaks while reading is raised to the reader, as the
    errors of the source.
    """

    def __init__(self, size: int, chunks: Iterator[bytes]) -> None:
        """`chunks` gives exactly `size` octets. The first of them are read at once."""
        self._size = size
        self._chunks = chunks
        self._print = Fingerprint()
        self._over = threading.Event()
        self._complete = False
        self.head = self._read_head()

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[bytes]:
        if self._over.is_set():
            raise ValueError("a stream can be read once")
        try:
            self._print.add(self.head)
            yield self.head
            for chunk in self._chunks:
                self._print.add(chunk)
                yield chunk
            self._complete = True
        finally:
            self._over.set()

    def close(self) -> None:
        """Lets go of what was not read; may be called at any time, and twice."""
        self._over.set()

    def wait(self) -> None:
        """Returns when the stream was read or closed. For the connection behind it."""
        self._over.wait()

    def rest(self) -> Iterator[bytes]:
        """What nobody has read of it. For the connection behind it, after `wait`."""
        return self._chunks

    @property
    def is_complete(self) -> bool:
        """Whether it was read to its end."""
        return self._complete

    @property
    def fingerprint(self) -> str:
        """Of the whole content; ValueError before it was read to its end."""
        if not self._complete:
            raise ValueError("the stream was not read to its end")
        return self._print.text

    def _read_head(self) -> bytes:
        head = bytearray()
        while len(head) < min(HEAD, self._size):
            head += next(self._chunks)
        return bytes(head)


Mime = bytes | MimeStream


def pieces(mime: Mime) -> Iterable[bytes]:
    """All octets, in order. A stream is used up by it."""
    return (mime,) if isinstance(mime, bytes) else mime


def whole(mime: Mime) -> bytes:
    """All octets at once. A stream is used up by it."""
    return mime if isinstance(mime, bytes) else b"".join(mime)


def head(mime: Mime) -> bytes:
    """The beginning, at least `HEAD` octets where there are so many. Uses nothing up."""
    return mime if isinstance(mime, bytes) else mime.head


def fingerprint(mime: Mime) -> str:
    """The fingerprint; ValueError for a stream that was not read to its end."""
    if isinstance(mime, MimeStream):
        return mime.fingerprint
    made = Fingerprint()
    made.add(mime)
    return made.text
