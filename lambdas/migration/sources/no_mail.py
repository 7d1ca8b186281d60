"""The mail of a room or a piece of equipment: none is copied, and no server is asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NoReturn

from migration.mail import BatchLimit, FlagReading, Folder, Item, ItemRef, Outline
from migration.ports import Capabilities

_NO_FOLDERS = "a mailbox without folders has no messages"


class NoMail:
    """A `ports.Source` without folders; what is asked of a folder is a LookupError."""

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities()

    def open(self) -> None:
        """There is nothing to open."""

    def folders(self) -> list[Folder]:
        return []

    def page(self, folder: Folder, cursor: str, limit: BatchLimit) -> NoReturn:
        raise LookupError(_NO_FOLDERS)

    def expect(self, wanted: Sequence[tuple[Folder, str]]) -> None:
        """Nothing is read ahead."""

    def fetch(
        self, folder: Folder, refs: Sequence[ItemRef], following: Sequence[ItemRef] = ()
    ) -> Iterator[Item]:
        raise LookupError(_NO_FOLDERS)

    def outline(self, folder: Folder, refs: Sequence[ItemRef]) -> Mapping[str, Outline]:
        raise LookupError(_NO_FOLDERS)

    def read_flags(self, folder: Folder, cursor: str, state: str) -> FlagReading | None:
        raise LookupError(_NO_FOLDERS)

    def uids(self, folder: Folder, cursor: str) -> frozenset[str]:
        raise LookupError(_NO_FOLDERS)

    def close(self) -> None:
        """There is nothing to close."""
