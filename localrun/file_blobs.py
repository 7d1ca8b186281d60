"""A BlobStore in a folder: each key is a file below it."""

from __future__ import annotations

import hashlib
import itertools
import os
from collections.abc import Iterator
from pathlib import Path

_UNFINISHED = ".unfinished"
"""Where files are written before they get their names. No key begins with it."""

_numbers = itertools.count()


class FolderBlobs:
    """Keeps the newest version of each file, and no other. A file is there whole or not at all, and
    on disk when `put` returns. Safe for several threads and processes.

    Keys are made of segments between slashes, and name files below the folder: ValueError for
    others. A key is no folder of other keys.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, key: str, body: bytes, content_type: str = "application/octet-stream") -> str:
        """The version id is a digest of the content: the same content is the same version."""
        path = self._path(key)
        unfinished = self._folder / _UNFINISHED
        draft = unfinished / f"{os.getpid()}-{next(_numbers)}"
        _make(unfinished)
        _make(path.parent)
        with draft.open("wb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        _keep_names(path.parent)
        return _digest(body)

    def get(self, key: str, version: str = "") -> bytes:
        try:
            body = self._path(key).read_bytes()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            raise KeyError(key) from None
        if version not in ("", _digest(body)):
            raise KeyError(key)
        return body

    def exists(self, key: str) -> bool:
        return self._path(key).is_file()

    def list(self, prefix: str) -> Iterator[str]:
        """The keys that were there when this was called."""
        # Only the folder that all of them lie in is looked through.
        inside, _, _ = prefix.rpartition("/")
        start = self._path(inside) if inside else self._folder
        found = []
        for folder, folders, files in os.walk(start):
            if Path(folder) == self._folder and _UNFINISHED in folders:
                folders.remove(_UNFINISHED)
            place = Path(folder).relative_to(self._folder)
            found += [(place / name).as_posix() for name in files]
        return iter(sorted(key for key in found if key.startswith(prefix)))

    def _path(self, key: str) -> Path:
        segments = key.split("/")
        if segments[0] == _UNFINISHED or "\0" in key or {"", ".", ".."} & set(segments):
            raise ValueError(f"{key!r} is no key of a file")
        return self._folder.joinpath(*segments)


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()[:32]


def _make(folder: Path) -> None:
    if not folder.is_dir():
        _make(folder.parent)
        folder.mkdir(exist_ok=True)
        _keep_names(folder.parent)


def _keep_names(folder: Path) -> None:
    """Without this a power failure may take back a file's name, though not its content."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
