"""What the report says of a rollback, read from its plan and from the deeds."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator

from migration.deeds import CREATIONS, Deed, DeedKind, DeedState
from migration.model import Failure
from migration.ports import BlobStore, Ledger
from migration.report_lines import DeedLine, RollbackReport, Verdict
from migration.rollback import NOT_TAKEN_BACK, plan_key


def read_rollback(ledger: Ledger, blobs: BlobStore, run: str) -> RollbackReport | None:
    """None if the run is no rollback, or has not come to its plan."""
    try:
        plan = json.loads(blobs.get(plan_key(run)))
    except KeyError:
        return None
    names = {str(row["id"]): str(row["name"]) for row in plan["entities"]}
    deeds = list(ledger.deeds(plan["of_run"]))
    decided = [deed for deed in deeds if deed.decided_by == run]
    done = [deed for deed in decided if deed.state is DeedState.UNDONE]
    kept = [deed for deed in decided if deed.state is not DeedState.UNDONE and deed.reason]
    known = {deed.key for deed in (*done, *kept)}
    rest = [each for each in deeds if each.state is not DeedState.UNDONE and each.key not in known]
    was_begun = any(note.state == "OrderRollback" for note in ledger.notes(run))
    return RollbackReport(
        of=plan["of"],
        was_approved=was_begun,
        taken_back=dict(sorted(Counter(str(deed.kind) for deed in done).items())),
        kept=tuple(_lines(kept, names)),
        unfinished=tuple(_lines(rest, names)) if was_begun else (),
        not_taken_back=NOT_TAKEN_BACK,
    )


def judge_rollback(rollback: RollbackReport, failure: Failure | None) -> Verdict:
    """Nothing was done is fine, too, if nobody wanted it."""
    if failure:
        return Verdict.FAILED
    return Verdict.EXCEPTIONS if rollback.kept or rollback.unfinished else Verdict.DONE


def tell_rollback(rollback: RollbackReport) -> str:
    """One sentence."""
    if not rollback.was_approved:
        return "Nothing was taken back: there was nothing, or nobody has approved it."
    parts = [f"{number} {what}" for what, number in rollback.taken_back.items()]
    taken = f"Taken back: {', '.join(parts)}" if parts else "Nothing was taken back"
    left = f"; {len(rollback.kept)} things are kept" if rollback.kept else ""
    unfinished = f"; {len(rollback.unfinished)} are not finished" if rollback.unfinished else ""
    return f"{taken}{left}{unfinished}."


def next_rollback_steps(rollback: RollbackReport) -> Iterator[str]:
    """What the operator does now."""
    if rollback.unfinished:
        yield "Start the phase rollback again: it goes on with what is not finished."
    if rollback.kept:
        yield (
            "Look at what is kept and why. To be rid of it, remove what keeps it and start the "
            "phase rollback again, or remove it in WorkMail."
        )


def _lines(deeds: list[Deed], names: dict[str, str]) -> Iterator[DeedLine]:
    """Mailboxes and what was created first, then what belongs to them."""
    for deed in sorted(deeds, key=_order):
        about, detail = (names.get(id_, id_) for id_ in (deed.subject, deed.detail))
        yield DeedLine(str(deed.kind), about, detail, deed.run, deed.reason)


def _order(deed: Deed) -> tuple[bool, bool, str, str]:
    is_entity = deed.kind in CREATIONS or deed.kind is DeedKind.ENABLED
    return not is_entity, deed.kind not in CREATIONS, deed.subject, deed.detail
