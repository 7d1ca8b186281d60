"""What WorkMail's EWS keeps of a message, and how large one may be: written and removed again."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from localrun.probe.ews_access import open_client
from localrun.probe.ews_removing import ROOT, find_titled, remove_folders, remove_items
from localrun.probe.letters import (
    MARK,
    SUBJECT,
    VARIANTS,
    Variant,
    has_same_bytes,
    key_of,
    losses,
    sizes_mb,
    stamped,
)
from localrun.probe.model import Fact, Learned, Need, Probe
from localrun.probe.session import Session
from localrun.probe.traces import Trace
from migration.targets.workmail_message import KEY, SHOWN_PROPERTIES, new_message, shown_item
from migration.wire.ews import EwsClient
from migration.wire.ews_model import Created, FolderRef, HasAny, Refused, RequestTooLarge

FOLDERS = ("inbox", "sentitems", "drafts", "deleteditems", "junkemail")
"""Where mail is copied to. Not the outbox: what stands there may be sent. Not the calendar,
contacts, tasks and notes: no mail goes there."""

FOLDER = f"Migration probe {MARK} EWS"


# ---- the questions -----------------------------------------------------------------------------


def _ask_append(session: Session) -> Learned:
    by_hand = f"delete the messages `{SUBJECT}` in the pilot mailbox"
    ids: list[str] = []
    with open_client(session) as client:
        session.traces.begin(Trace(lambda: _remove_messages(session, ids), by_hand))
        kept = {place: _append_to(client, place, ids) for place in FOLDERS}
    changed = [place for place, what in kept.items() if any(what.values())]
    said = f"changed in {', '.join(changed)}" if changed else "kept in every folder"
    return Learned(
        f"received date, flags, draft bit, Message-ID and text: {said}", {"changes": kept}
    )


def _append_to(client: EwsClient, place: str, ids: list[str]) -> dict[str, list[str]]:
    """What the folder changes of each kind of message; `ids` gets those that were made."""
    letters = [stamped(place, variant) for variant in VARIANTS]
    folder = FolderRef(place, distinguished=True)
    answers = client.create_items(folder, [new_message(letter) for letter in letters])
    made = [answer.id for answer in answers if isinstance(answer, Created)]
    ids += made
    shown = iter(client.get_items(made, SHOWN_PROPERTIES) if made else ())
    changes: dict[str, list[str]] = {}
    for variant, letter, answer in zip(VARIANTS, letters, answers, strict=True):
        seen = answer if isinstance(answer, Refused) else next(shown)
        if isinstance(seen, Refused):
            what = "refused" if seen is answer else "cannot be read"
            changes[variant.name] = [f"{what}: {seen.code}"]
            continue
        item = shown_item(seen.id, seen)
        text = [] if has_same_bytes(letter.item, item) else ["text is rebuilt"]
        changes[variant.name] = [*losses(letter.item, item), *text]
    return changes


def _ask_size(session: Session) -> Learned:
    accepted: dict[str, Fact] = {}
    with open_client(session) as client, own_folder(session, client) as folder:
        for megabytes in sizes_mb(session.options.largest):
            began = time.perf_counter()
            if code := create_message(client, folder, megabytes):
                return Learned(
                    f"{megabytes} MB are refused: {code}",
                    {"accepted": accepted, "refused_mb": megabytes, "code": code},
                )
            accepted[f"{megabytes} MB"] = f"{time.perf_counter() - began:.2f} s"
    return Learned(
        f"up to {session.options.largest} MB are taken; --largest tries more",
        {"accepted": accepted, "refused_mb": None, "code": ""},
    )


# ---- what is made, and removed -----------------------------------------------------------------


def create_message(client: EwsClient, folder: FolderRef, megabytes: int) -> str:
    """Makes a message of that size; the code with which it is refused, "" if it is taken."""
    letter = stamped("folder", Variant(f"{megabytes}-mb", frozenset()), megabytes)
    try:
        (answer,) = client.create_items(folder, [new_message(letter)])
    except RequestTooLarge as error:
        return str(error)
    return answer.code if isinstance(answer, Refused) else ""


@contextmanager
def own_folder(session: Session, client: EwsClient) -> Iterator[FolderRef]:
    """An empty folder for what is written; it is removed when the run ends."""
    by_hand = f"delete the folder `{FOLDER}` in the pilot mailbox"
    session.traces.begin(Trace(lambda: remove_folders(session, FOLDER), by_hand))
    yield FolderRef(client.create_folder(ROOT, FOLDER))


def _remove_messages(session: Session, ids: Sequence[str]) -> None:
    """By their ids, and by their keys and subject: an answer with ids may have been lost."""
    with open_client(session) as client:
        remove_items(client, ids)
        for place in FOLDERS:
            folder = FolderRef(place, distinguished=True)
            keys = tuple(key_of(place, variant.name) for variant in VARIANTS)
            keyed = client.find_items(folder, HasAny(KEY, keys))
            remove_items(client, [item.id for item in keyed.items])
            remove_items(client, find_titled(client, [place], [SUBJECT]))


QUESTIONS = (
    Probe(
        "ews-append",
        1,
        "What does CreateItem with MimeContent keep, in each folder for mail?",
        Need.WRITE,
        _ask_append,
    ),
    Probe("ews-size", 1, "How large may a message be over EWS?", Need.WRITE, _ask_size),
)
