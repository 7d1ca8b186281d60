"""One message of a Graph mailbox: its MIME, as Exchange writes it when it is asked for."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import IO
from urllib.parse import quote

from migration.errors import SourceBusy
from migration.mail import Gone, ItemRef, Outline, Unreadable
from migration.mime import STREAM_FROM, Mime, MimeStream
from migration.sources.graph_flags import Told, id_of
from migration.sources.graph_folders import user_path
from migration.sources.graph_rounds import Rounds
from migration.wire.graph import GraphClient
from migration.wire.graph_model import GraphRefused

_PIECE = 65_536
_AGAIN = 30.0
_AT_ONCE = 1.0
_TRIES = 3
_BREAKS_OFF = "connection-lost"
_GONE = frozenset({404, 410})
_NO_ID_OF_THIS_SOURCE = "ErrorInvalidIdMalformed"
_HEADER_ENDS = (b"\r\n\r\n", b"\n\n")
_LONGEST_HEADER = 256 * 1024


class Content:
    """Octets as they come: in memory, or in a file that has no name once there are STREAM_FROM of
    them. Whoever makes one closes it."""

    def __init__(self) -> None:
        self._kept = bytearray()
        self._file: IO[bytes] | None = None
        self._size = 0
        self.is_closed = False

    def write(self, piece: bytes) -> None:
        self._size += len(piece)
        if self._file is None and self._size >= STREAM_FROM:
            self._file = tempfile.TemporaryFile()  # noqa: SIM115 - close() closes it
            self._file.write(self._kept)
            self._kept.clear()
        if self._file is None:
            self._kept += piece
        else:
            self._file.write(piece)

    def __len__(self) -> int:
        return self._size

    @property
    def in_memory(self) -> int:
        """How much of it is there."""
        return len(self._kept)

    @property
    def mime(self) -> Mime:
        """All of it. To be asked for once; a stream ends with SourceBusy where this was closed."""
        if self._file is None:
            return bytes(self._kept)
        self._file.seek(0)
        return MimeStream(self._size, _pieces(self._file))

    def clear(self) -> None:
        """Begins anew."""
        file, self._file = self._file, None
        if file is not None:
            file.close()
        self._kept.clear()
        self._size = 0

    def close(self) -> None:
        """Lets go of it; may be called twice, also while another thread reads."""
        self.is_closed = True
        if (file := self._file) is not None:
            file.close()


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    try:
        while piece := file.read(_PIECE):
            yield piece
    except ValueError as error:  # it was closed
        raise SourceBusy("the source was closed while a message was read", _AT_ONCE) from error


class Contents:
    """Reads single messages. `told` knows what a list has told of one, if it does. Safe from
    several threads."""

    def __init__(self, client: GraphClient, user: str, told: Callable[[str], Told | None]) -> None:
        self._client = client
        self._user = user_path(user)
        self._told = told
        self._rounds = Rounds(client, user)

    def read_message(
        self, folder_id: str, ref: ItemRef, content: Content
    ) -> Told | Gone | Unreadable:
        """Fills `content`, and tells what belongs to it. A message that was moved to another folder
        is gone from this one. Raises what GraphClient raises, but GraphRefused."""
        told = self._told(ref.uid)
        if told is None:
            (found,) = self._rounds.tell([id_of(ref.uid)])
            if isinstance(found, GraphRefused):
                return self._judge(ref, found)
            if found.ref.uid != ref.uid:
                return Gone(ref)  # a draft that was edited since: that is another message
            told = found
        try:
            if not self._read_whole(self._path(folder_id, ref), content):
                return Unreadable(ref, _BREAKS_OFF)
        except GraphRefused as refused:
            return self._judge(ref, refused)
        return told if len(content) else Unreadable(ref, "no-body")

    def _read_whole(self, path: str, content: Content) -> bool:
        """False if the connection breaks over this message again and again, while the mailbox
        answers: else one message would hold up all others for ever. GraphRefused."""
        for _ in range(_TRIES):
            try:
                self._client.read(path, content.write)
            except SourceBusy as busy:
                if not busy.lost or content.is_closed:
                    raise
                content.clear()
                self._check_mailbox()
            else:
                return True
        return False

    def outline(self, folder_id: str, refs: Sequence[ItemRef]) -> dict[str, Outline]:
        """Date and header of messages, by uid. Of a large message no more than its beginning is
        read; those that are gone or cannot be read are missing."""
        found = {}
        for ref in refs:
            told = self._told(ref.uid) or self._rounds.tell([id_of(ref.uid)])[0]
            header = b"" if isinstance(told, GraphRefused) else self._read_header(folder_id, ref)
            if header and isinstance(told, Told):
                found[ref.uid] = Outline(told.received, header)
        return found

    def _read_header(self, folder_id: str, ref: ItemRef) -> bytes:
        """With the empty line behind it; b"" if there is none to be had."""
        head = _Head()
        try:
            with suppress(_Enough):
                self._client.read(self._path(folder_id, ref), head.write)
        except GraphRefused:
            return b""
        return head.header

    def _path(self, folder_id: str, ref: ItemRef) -> str:
        folder = f"{self._user}/mailFolders/{quote(folder_id, safe='')}"
        return f"{folder}/messages/{quote(id_of(ref.uid), safe='')}/$value"

    def _judge(self, ref: ItemRef, refused: GraphRefused) -> Gone | Unreadable:
        """What became of a message that does not come. The client has asked again where that might
        have helped; SourceBusy if the mailbox does not answer other questions either."""
        if refused.status in _GONE or refused.code == _NO_ID_OF_THIS_SOURCE:
            return Gone(ref)
        if refused.status >= 500:
            self._check_mailbox()
        return Unreadable(ref, refused.code or f"http-{refused.status}")

    def _check_mailbox(self) -> None:
        try:
            self._client.get(f"{self._user}/mailFolders/inbox?$select=id")
        except GraphRefused as refused:
            told = refused.code or f"http-{refused.status}"
            raise SourceBusy(f"Microsoft Graph fails to answer ({told})", _AGAIN) from refused


class _Enough(Exception):
    """The rest need not come."""


class _Head:
    """The beginning of a message."""

    def __init__(self) -> None:
        self._kept = bytearray()

    def write(self, piece: bytes) -> None:
        self._kept += piece
        if self.header or len(self._kept) > _LONGEST_HEADER:
            raise _Enough

    @property
    def header(self) -> bytes:
        ends = [at + len(end) for end in _HEADER_ENDS if (at := self._kept.find(end)) >= 0]
        return bytes(self._kept[: min(ends)]) if ends else b""
