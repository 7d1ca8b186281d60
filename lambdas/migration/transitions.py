"""How records change: the rules of the ledger, without a database.

Every message up to a folder's cursor is counted in the total or stands in the intent.
`Ledger.advance` writes a record made here in place of the one it was made from.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from migration.errors import FencedOff, SourceChanged
from migration.mail import FolderPlan, ItemRef
from migration.model import FolderRecord, Intent, MailboxVerdict, PassLine, Tally


def claim(
    record: FolderRecord | None, plan: FolderPlan, target_id: str, fence: int, pass_id: int
) -> FolderRecord:
    """The record after a claim. A known folder keeps its target.

    FencedOff if the record's fence is higher. A folder that was recreated at the source, or to
    which other filters apply, is read from its beginning, and the audit says what was dealt with
    before. SourceChanged if it was recreated while a batch is open: its uids mean nothing now.
    """
    folder = plan.folder
    if record is None:
        return FolderRecord(
            key=folder.key,
            path=folder.path,
            target_path=plan.path,
            validity=folder.validity,
            target_id=target_id,
            fence=fence,
            pass_id=pass_id,
            scope=plan.scope,
            flags_state=folder.changes,
        )
    if record.fence > fence:
        raise FencedOff(f"folder {record.key} belongs to a newer worker")
    claimed = replace(record, fence=fence)
    if record.pass_id != pass_id:
        claimed = replace(claimed, pass_id=pass_id, in_pass=Tally())
    if record.validity != folder.validity:
        if record.intent:
            raise SourceChanged(f"folder {record.key} was recreated at the source")
        return _recreated(claimed, plan)
    if record.scope != plan.scope and not record.intent:
        return replace(
            claimed,
            scope=plan.scope,
            cursor="",
            recount=True,
            total=replace(record.total, skipped=0),
        )
    return claimed


def _recreated(record: FolderRecord, plan: FolderPlan) -> FolderRecord:
    """What was refused is refused again, what is gone is not met again: those counts start anew.
    What was copied stays copied; its flags may have changed, and are all read once more."""
    return replace(
        record,
        validity=plan.folder.validity,
        scope=plan.scope,
        cursor="",
        flags_state="",
        recount=True,
        earlier=(*record.earlier, f"{record.key}/{record.validity}"),
        total=replace(record.total, rejected=0, gone=0, skipped=0),
    )


def move(record: FolderRecord, target_id: str) -> FolderRecord:
    """The record of a folder that was created again at the target. What is in doubt may be anywhere
    in it."""
    intent = replace(record.intent, mark="") if record.intent else None
    return replace(record, target_id=target_id, intent=intent)


def open_batch(
    record: FolderRecord, refs: Sequence[ItemRef], cursor: str, mark: str
) -> FolderRecord:
    """The record when `refs`, the messages up to `cursor`, are about to be appended. Without any,
    only the cursor moves."""
    if not refs:
        return replace(record, cursor=cursor)
    intent = record.intent or Intent((), mark)
    return replace(record, cursor=cursor, intent=replace(intent, refs=(*intent.refs, *refs)))


def finish(
    record: FolderRecord, uids: Collection[str], tally: Tally, mark: str = ""
) -> FolderRecord:
    """The record when these messages of its intent were dealt with. `mark`, if not empty, is where
    the target folder ends now, with nothing of what remains in the intent before it."""
    intent = record.intent
    assert intent is not None
    rest = tuple(ref for ref in intent.refs if ref.uid not in uids)
    following = replace(intent, refs=rest, mark=mark or intent.mark, attempts=0, crashes=0)
    return replace(
        record,
        total=record.total + tally,
        in_pass=record.in_pass + tally,
        intent=following if rest else None,
    )


def touch(record: FolderRecord, now: str, *, to_blame: bool = True) -> FolderRecord:
    """The record after a worker found its intent open. Not `to_blame` is one that stands behind
    another open one: the worker before did not die over it."""
    intent = record.intent
    assert intent is not None
    touched = replace(
        intent,
        seen_at=intent.seen_at or now,
        attempts=intent.attempts + 1,
        crashes=intent.crashes + (to_blame and not intent.left),
        left=False,
    )
    return replace(record, intent=touched)


def resume(record: FolderRecord, mark: str, focus: int) -> FolderRecord:
    """The record of a worker that begins anew with what the target lacks of an intent: from here
    on, its own requests are what a successor must let settle."""
    intent = record.intent
    assert intent is not None
    return replace(record, intent=replace(intent, mark=mark, seen_at="", focus=focus))


def leave(
    record: FolderRecord, seen_at: str, *, tried: bool, suspicious: bool = False
) -> FolderRecord:
    """The record of a worker that stops with its intent open and lives to tell it. `tried` says
    whether this was an attempt at the messages, `suspicious` that they may be to blame for its
    end."""
    intent = record.intent
    assert intent is not None
    left = replace(
        intent,
        seen_at=seen_at or intent.seen_at,
        attempts=max(0, intent.attempts - (not tried)),
        left=not suspicious,
    )
    return replace(record, intent=left)


def put_last(record: FolderRecord) -> FolderRecord:
    """The record with the first message of its intent behind the others."""
    intent = record.intent
    assert intent is not None
    return replace(record, intent=replace(intent, refs=(*intent.refs[1:], *intent.refs[:1])))


def accuse(record: FolderRecord, crashes: int) -> FolderRecord:
    """The record with so many deaths held against its intent."""
    intent = record.intent
    assert intent is not None
    return replace(record, intent=replace(intent, crashes=max(intent.crashes, crashes)))


BEING_SET_ASIDE = -1
"""The focus of an intent whose first message is about to be read once more, to be put aside."""


def begin_setting_aside(record: FolderRecord) -> FolderRecord:
    """The record when the first message of its intent is about to be put aside."""
    intent = record.intent
    assert intent is not None
    marked = replace(intent, focus=BEING_SET_ASIDE, crashes=0, left=False, seen_at="")
    return replace(record, intent=marked)


def add_pass(
    passes: Iterable[PassLine], verdict: MailboxVerdict, ended: str
) -> tuple[PassLine, ...]:
    """The passes over a mailbox when one of them was judged. One that is judged again is there
    once."""
    did = verdict.in_pass
    judged = PassLine(verdict.pass_id, did.copied, did.rejected, did.gone, ended)
    others = (each for each in passes if each.pass_id != judged.pass_id)
    return tuple(sorted((*others, judged), key=lambda each: each.pass_id))
