"""What the probe has made in the pilot mailbox over EWS, found again by its names and removed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from localrun.probe.ews_access import open_client
from localrun.probe.session import Session
from migration.wire.ews import EwsClient
from migration.wire.ews_failures import refuse
from migration.wire.ews_model import FolderRef, HasAny, Property, Refused

ROOT = FolderRef("msgfolderroot", distinguished=True)
TITLE = Property("String", tag=0x0037)
"""PidTagSubject, by which things are found on a server that forgets keys."""

_GONE = "ErrorItemNotFound"


def remove_folders(session: Session, name: str) -> None:
    """Those whose name begins so, at whatever depth, with all that is in them."""
    with open_client(session) as client:
        for folder in client.folders(ROOT):
            if folder.name.startswith(name):
                client.delete_folder(FolderRef(folder.id))


def find_titled(client: EwsClient, places: Iterable[str], titles: Sequence[str]) -> list[str]:
    """The ids of what is called so in distinguished folders."""
    wanted = HasAny(TITLE, tuple(titles))
    folders = (FolderRef(place, distinguished=True) for place in places)
    return [item.id for folder in folders for item in client.find_items(folder, wanted).items]


def remove_items(client: EwsClient, ids: Sequence[str]) -> None:
    """For good; what is gone is no error."""
    answers = client.delete_items(ids) if ids else []
    for answer in answers:
        if isinstance(answer, Refused) and answer.code != _GONE:
            raise refuse(answer.code, answer.retry_after)
