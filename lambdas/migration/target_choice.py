"""Which protocol writes into WorkMail: the one of the tenant file, or the first that keeps mail.

What WorkMail's EWS makes of dates and flags is not documented. So with `target.kind: auto` one
message is appended to a folder of its own, read back over the same protocol, and compared. The
folder is removed on every way out; one that a dead worker left is found by its name and removed by
the next attempt.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from email import message_from_bytes

from migration.errors import FolderGone, MailboxError, TenantMisconfigured
from migration.mail import Folder, FolderPlan, Item, ItemRef, Rejected, Stamped
from migration.mime import head
from migration.model import Note
from migration.ports import Ledger, Target

AUTO, EWS, IMAP = "auto", "workmail_ews", "workmail_imap"
_SAID = {EWS: "EWS", IMAP: "IMAP"}

FOLDER = "Migration probe 5c1f9e07"
"""No folder of a user has this name, so it may be removed with all it holds."""

MESSAGE_ID = "<probe.5c1f9e07@migration.invalid>"
_MIME = (
    "From: Migration <migration@migration.invalid>\r\n"
    "To: Migration <migration@migration.invalid>\r\n"
    "Subject: Migration probe\r\n"
    "Date: Sat, 31 Jan 2015 18:00:00 +0000\r\n"
    f"Message-ID: {MESSAGE_ID}\r\n"
    "MIME-Version: 1.0\r\n"
    "Content-Type: text/plain; charset=us-ascii\r\n"
    "\r\n"
    "This message shows whether dates and flags survive. It is removed at once.\r\n"
).encode("ascii")

# Another moment than the Date header's, so that a server which takes that one is found out.
_RECEIVED = datetime(2015, 2, 1, 10, 20, 30, tzinfo=timezone(timedelta(hours=5, minutes=30)))

PROBE = Stamped(
    "migration-probe",
    Item(ItemRef("1", len(_MIME)), _MIME, _RECEIVED, frozenset({"\\Seen", "\\Flagged"})),
)
_PLAN = FolderPlan(Folder("migration-probe", (FOLDER,), "1", 1), (FOLDER,))

_ADVICE = (
    f"to use one of them all the same, set `target.kind` in the tenant file to {EWS} or {IMAP}; "
    "for IMAP, put the passwords of the mailboxes into the target's secret"
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A way into a mailbox. `missing` says why it cannot even be tried, "" if it can."""

    kind: str
    open: Callable[[], Target]
    missing: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """The kind of target, and why it and none before it. The reasons hold no personal data."""

    kind: str
    reasons: tuple[str, ...]


def settle_target(
    kind: str, candidates: Callable[[], Sequence[Candidate]], ledger: Ledger, run: str, now: str
) -> str:
    """The kind to use in this run: `kind` itself, or with `auto` what `choose_target` says. What
    and why stands in the run's timeline."""
    if kind == AUTO:
        choice = choose_target(candidates())
    else:
        choice = Choice(kind, ("set in the tenant file",))
    what = f"mail is written over {_say(choice.kind)}: {'; '.join(choice.reasons)}"
    ledger.add_note(run, Note(now, "EnableAdministrator", what))
    return choice.kind


def choose_target(candidates: Sequence[Candidate]) -> Choice:
    """The first candidate that gives the message back as it was; TenantMisconfigured with every
    reason if there is none. Busy leaves pass: then nothing is known yet."""
    reasons: list[str] = []
    for candidate in candidates:
        probe = _Probe((candidate.missing,)) if candidate.missing else _try(candidate)
        if not probe.losses:
            kept = f"{_say(candidate.kind)} keeps dates, flags and Message-ID{probe.left}"
            return Choice(candidate.kind, (*reasons, kept))
        losses = ", ".join(probe.losses)
        reasons.append(f"{_say(candidate.kind)} is not used: {losses}{probe.left}")
    raise TenantMisconfigured([*reasons, _ADVICE])


def compare(shown: Item) -> tuple[str, ...]:
    """What the target has lost of the probe's message."""
    flags = {flag.casefold() for flag in shown.flags}
    message_id = str(message_from_bytes(head(shown.mime)).get("Message-ID", ""))
    judged = (
        (shown.received == _RECEIVED, "it changes the date at which a message was received"),
        ("\\seen" in flags, "it forgets that a message was read"),
        ("\\draft" not in flags, "it makes a draft of a message"),
        ("\\flagged" in flags, "it forgets that a message was flagged"),
        (message_id.strip() == MESSAGE_ID, "it changes the Message-ID"),
    )
    return tuple(loss for is_kept, loss in judged if not is_kept)


@dataclass(frozen=True, slots=True)
class _Probe:
    """What a candidate loses, and a remark if the probe's folder had to be left there."""

    losses: tuple[str, ...]
    left: str = ""


def _try(candidate: Candidate) -> _Probe:
    try:
        target = candidate.open()
        try:
            return _probe(target)
        finally:
            target.close()
    except MailboxError as error:
        return _Probe((_describe(error),))


def _probe(target: Target) -> _Probe:
    (folder_id,) = target.ensure_folders([_PLAN])
    try:
        losses = _send_and_compare(target, folder_id)
    except (MailboxError, FolderGone) as error:
        losses = (_describe(error),)
    finally:
        left = _remove(target, folder_id)
    return _Probe(losses, left)


def _send_and_compare(target: Target, folder_id: str) -> tuple[str, ...]:
    mark = target.mark(folder_id)
    (outcome,) = target.append(folder_id, [PROBE]).outcomes()
    if isinstance(outcome, Rejected):
        return (f"it refuses a harmless message ({outcome.reason})",)
    ids = [outcome.target_id] if outcome.target_id else []
    ids = ids or [found.target_id for found in target.since(folder_id, mark, [PROBE.key])]
    for shown in target.show(folder_id, ids[-1:]):
        if isinstance(shown, Item):
            return compare(shown)
    return ("it does not show the message that it has taken",)


def _remove(target: Target, folder_id: str) -> str:
    """A server that refuses this for good does not decide the choice; the operator is told."""
    try:
        target.remove_folder(folder_id)
    except FolderGone:
        return ""
    except MailboxError as error:
        return f" (delete the folder `{FOLDER}` by hand: {type(error).__name__})"
    return ""


def _say(kind: str) -> str:
    return _SAID.get(kind, kind)


def _describe(error: Exception) -> str:
    return f"it cannot be used ({type(error).__name__}: {error})"
