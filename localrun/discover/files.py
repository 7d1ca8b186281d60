"""The files of a discovery: a folder that is a manifest, and what belongs to it beside."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from migration.manifest_columns import GROUPS, RESOURCES, USERS

MANIFEST = "manifest"
NOTES = "NOTES.txt"
MAILBOXES = "mailboxes.csv"
_MADE = (
    *(f"{MANIFEST}/{table.file}" for table in (USERS, GROUPS, RESOURCES)),
    *(NOTES, MAILBOXES),
)


class FilesThereError(Exception):
    """Files of an earlier discovery are there, which somebody may have worked on."""


def refuse_existing(folder: Path) -> None:
    """FilesThereError, naming those that would be written over."""
    if there := [name for name in _MADE if (folder / name).exists()]:
        raise FilesThereError(
            f"{folder} has {', '.join(there)} already: name another folder with --out, or write "
            "over them with --force"
        )


def write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """Writes the files, by their names below the folder, and removes those of an earlier discovery
    that this one has not; others stay. Each is there whole or not at all."""
    (folder / MANIFEST).mkdir(parents=True, exist_ok=True)
    for name, body in files.items():
        draft = folder / f".{name.replace('/', '-')}.new"
        draft.write_bytes(body)
        draft.replace(folder / name)
    for path in _left_over(folder, files):
        path.unlink(missing_ok=True)


def _left_over(folder: Path, files: Mapping[str, bytes]) -> Iterator[Path]:
    yield from (folder / name for name in _MADE if name not in files)
