"""What the API says about the size of the pilot mailbox, and how soon."""

from __future__ import annotations

from localrun.probe.ews_access import open_client
from localrun.probe.ews_writing import create_message, own_folder
from localrun.probe.model import Fact, GaveUp, Learned, Need, NotAsked, Probe
from localrun.probe.session import Session
from migration.directory_model import MailboxSize


def _ask_size(session: Session) -> Learned:
    size = _read(session)
    return Learned(
        f"{size.held_mb:.1f} of {size.quota_mb} MB are used",
        {"quota_mb": size.quota_mb, "held_mb": size.held_mb},
    )


def _ask_lag(session: Session) -> Learned:
    before = _read(session).held_mb
    megabytes = session.options.largest
    with open_client(session) as client, own_folder(session, client) as folder:
        if code := create_message(client, folder, megabytes):
            raise NotAsked(f"WorkMail refuses a message of {megabytes} MB: {code}")
        facts: dict[str, Fact] = {"appended_mb": megabytes, "waited": session.options.wait}
        try:
            lag = session.wait_until(
                f"GetMailboxDetails shows {megabytes} MB more",
                lambda: _read(session).held_mb - before >= megabytes / 2,
            )
        except GaveUp as error:
            return Learned(str(error), {"lag": None, **facts})
    return Learned(f"shown after {lag} s", {"lag": lag, **facts})


def _read(session: Session) -> MailboxSize:
    size = session.directory.mailbox_size(session.pilot.id)
    if size is None:
        raise NotAsked("the user of --pilot has no mailbox")
    return size


QUESTIONS = (
    Probe(
        "mailbox-size", 0, "What do GetMailboxDetails' size and quota say?", Need.PILOT, _ask_size
    ),
    Probe(
        "size-lag",
        0,
        "How far does the size in GetMailboxDetails lag behind?",
        Need.WRITE,
        _ask_lag,
    ),
)
