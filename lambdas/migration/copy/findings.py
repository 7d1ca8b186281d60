"""What verification found in a mailbox: four lists, kept as a file of the tenant.

The file is `verify/<mailbox>/<pass>.json`, schema 1: ids, codes, sizes and counts. It holds no
subject and no address. `missing`: the target was given the message and has it not; `extra`: it has
it more than once; `differing`: it has it otherwise, with codes of what differs; `refused`: it was
not copied. Beside them stand the messages that were adjusted, and the numbers of every folder.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass

from migration.copy.contents import MILD
from migration.copy.judge import Looked
from migration.mail import Fate, Remark
from migration.model import FolderCheck
from migration.ports import BlobStore

SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Place:
    """A message, by its folder's key and its uid at the source. Size in bytes."""

    folder: str
    uid: str
    size: int


@dataclass(frozen=True, slots=True)
class Extra:
    """`count` messages too many: copies of the message `uid`, or, if that is empty, of messages
    that the target cannot name."""

    folder: str
    uid: str
    size: int
    count: int


@dataclass(frozen=True, slots=True)
class Difference:
    """A message that the target shows otherwise, with codes of what differs."""

    folder: str
    uid: str
    size: int
    traits: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FolderFindings:
    """One folder: its check, what was looked at, and the lists as far as it fills them."""

    key: str
    check: FolderCheck
    looked: Looked
    missing: tuple[Place, ...] = ()
    extra: tuple[Extra, ...] = ()

    @property
    def differing(self) -> tuple[Difference, ...]:
        return tuple(
            Difference(self.key, row.ref.uid, row.ref.size, codes)
            for row, codes in self.looked.differing
        )


@dataclass(frozen=True, slots=True)
class Verified:
    """How much was compared, and how long the lists are; for the report.

    compared   messages that were compared by content
    copied     messages that were copied, of which they are some or all
    by_bytes   whether they were compared byte by byte, or by all that the target shows
    stopped    why fewer were compared than wanted: time or busy; empty if as many were
    missing    messages that the target was given and has not
    extra      messages that it has more than once
    differing  messages that it has otherwise
    flags      messages that have other flags and nothing else; they are not in `differing`
    refused    messages that could not be copied
    adjusted   messages that are there not exactly as they were
    """

    compared: int
    copied: int
    by_bytes: bool
    stopped: str
    missing: int
    extra: int
    differing: int
    flags: int
    refused: int
    adjusted: int


def findings_key(mailbox_id: str, pass_id: int) -> str:
    """Where the lists of a pass are kept."""
    return f"verify/{mailbox_id}/{pass_id}.json"


def to_json(
    pass_id: int,
    folders: Sequence[FolderFindings],
    remarks: Sequence[Remark],
    *,
    by_bytes: bool,
    stopped: str,
) -> bytes:
    """The file. Lists are in the order of folders and of what was found."""
    adjusted = [remark for remark in remarks if remark.fate is Fate.ADJUSTED]
    refused = [remark for remark in remarks if remark.fate is not Fate.ADJUSTED]
    body = {
        "schema": SCHEMA,
        "pass_id": pass_id,
        "compared_by": "bytes" if by_bytes else "traits",
        "stopped": stopped,
        "missing": [asdict(each) for folder in folders for each in folder.missing],
        "extra": [asdict(each) for folder in folders for each in folder.extra],
        "differing": [asdict(each) for folder in folders for each in folder.differing],
        "refused": [_remark_fields(each) for each in refused],
        "adjusted": [_remark_fields(each) for each in adjusted],
        "folders": [_folder_fields(folder) for folder in folders],
    }
    return json.dumps(body, indent=1).encode()


def _remark_fields(remark: Remark) -> dict[str, object]:
    return {
        "folder": remark.folder_key,
        "uid": remark.uid,
        "size": remark.size,
        "fate": str(remark.fate),
        "reason": remark.reason,
    }


def _folder_fields(folder: FolderFindings) -> dict[str, object]:
    check = folder.check
    return {
        "folder": folder.key,
        "source": check.source,
        "copied": check.ledger,
        "target": check.target,
        "agreement": str(check.agreement),
        "compared": folder.looked.compared,
    }


def read_verified(blobs: BlobStore, mailbox_id: str, pass_id: int) -> Verified | None:
    """The numbers of what a pass has found; None if its file was never written."""
    try:
        body = json.loads(blobs.get(findings_key(mailbox_id, pass_id)))
    except KeyError:
        return None
    mild = sum(MILD.issuperset(each["traits"]) for each in body["differing"])
    return Verified(
        compared=sum(folder["compared"] for folder in body["folders"]),
        copied=sum(folder["copied"] for folder in body["folders"]),
        by_bytes=body["compared_by"] == "bytes",
        stopped=body["stopped"],
        missing=len(body["missing"]),
        extra=sum(each["count"] for each in body["extra"]),
        differing=len(body["differing"]) - mild,
        flags=mild,
        refused=len(body["refused"]),
        adjusted=len(body["adjusted"]),
    )


def read_suspects(blobs: BlobStore, mailbox_id: str, pass_id: int) -> Mapping[str, frozenset[str]]:
    """The uids, by folder key, of messages that the pass before found missing or otherwise: they
    are looked at again, so that a later pass does not forget them. Flags alone are forgotten."""
    place = f"verify/{mailbox_id}/"
    passes = (int(key.removeprefix(place).removesuffix(".json")) for key in blobs.list(place))
    before = max((each for each in passes if each < pass_id), default=None)
    if before is None:
        return {}
    body = json.loads(blobs.get(findings_key(mailbox_id, before)))
    severe = [each for each in body["differing"] if not MILD.issuperset(each["traits"])]
    return _by_folder([*body["missing"], *severe])


def _by_folder(places: Iterable[Mapping[str, str]]) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for place in places:
        found.setdefault(place["folder"], set()).add(place["uid"])
    return {folder: frozenset(uids) for folder, uids in found.items()}
