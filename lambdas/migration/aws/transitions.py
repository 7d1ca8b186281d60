"""How a folder's record changes: the rules of the ledger, without a database."""

from __future__ import annotations

from dataclasses import replace

from migration.errors import FencedOff, SourceChanged
from migration.model import FolderPlan, FolderRecord, Intent, Tally


def claim(
    record: FolderRecord | None, plan: FolderPlan, target_id: str, fence: int, pass_id: int
) -> FolderRecord:
    """The record after a claim. A known folder keeps its target.

    FencedOff if the record's fence is higher. SourceChanged if the validity is another and
    something was, or may have been, copied; if nothing was, the folder starts anew.
    """
    folder = plan.folder
    fresh = FolderRecord(
        key=folder.key,
        path=folder.path,
        target_path=plan.path,
        validity=folder.validity,
        target_id=target_id,
        fence=fence,
        pass_id=pass_id,
    )
    if record is None:
        return fresh
    if record.fence > fence:
        raise FencedOff(f"folder {record.key} belongs to a newer worker")
    if record.validity != folder.validity:
        if record.total.copied or record.intent:
            raise SourceChanged(f"folder {record.key} was recreated at the source")
        return replace(fresh, check=record.check)
    if record.pass_id != pass_id:
        return replace(record, fence=fence, pass_id=pass_id, in_pass=Tally())
    return replace(record, fence=fence)


def touch(record: FolderRecord, now: str) -> FolderRecord:
    """The record after its open intent was looked at."""
    assert record.intent is not None
    intent = replace(
        record.intent, seen_at=record.intent.seen_at or now, attempts=record.intent.attempts + 1
    )
    return replace(record, intent=intent)


def commit(record: FolderRecord, tally: Tally, following: Intent | None) -> FolderRecord:
    """The record after its intent was carried out."""
    assert record.intent is not None
    return replace(
        record,
        cursor=record.intent.cursor,
        total=record.total + tally,
        in_pass=record.in_pass + tally,
        intent=following,
    )
