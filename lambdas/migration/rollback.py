"""Plans a rollback, asks for approval, and orders the steps once the mailboxes were looked into.

What is planned and why is in rollback_plan.py. The plan that the operator approves lies in the
bucket, `reports/<run>/rollback.json`; it names addresses, as the report does. What the workflow
passes on are keys of files with the keys of deeds.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from migration.deeds import CREATIONS, Deed, DeedKind, DeedState
from migration.directory_model import DirectoryUser, Group, Resource
from migration.late_passes import remove_late_passes
from migration.model import Note
from migration.ports import BlobStore, Directory, Ledger, Schedules
from migration.question_model import Answer, QuestionKind
from migration.questions import Asking, Desk, ask, file_key
from migration.rollback_plan import Plan, Stage, judge_looks, make_plan

SCHEMA = 1
DAYS_TO_ANSWER = 14
NOT_TAKEN_BACK = (
    "names, profiles, quotas and what is hidden, of users, groups and resources that were there "
    "before: they stay as this migration has set them"
)
UNCERTAIN = "its worker died: whether this migration has made it was not confirmed"


@dataclass(frozen=True, slots=True)
class Planned:
    """How many deeds are to be taken back, how many mailboxes must be looked into first, and where
    the list of these lies; how many deeds are left."""

    count: int
    looks: int
    looks_key: str
    left: int


def plan_rollback(
    directory: Directory,
    ledger: Ledger,
    blobs: BlobStore,
    run: str,
    of: str,
    now: str,
) -> Planned:
    """What the rollback `run` would take back of the run `of`, or of all runs if that is empty, as
    if every mailbox could go. Changes nothing in the directory; may be called again."""
    deeds = list(_identified(directory, ledger.deeds(of)))
    users = directory.users()
    mailboxes = _mailboxes(ledger, deeds)
    plan = make_plan(deeds, users, {}, mailboxes)
    names = _planned_names(ledger, deeds) | _name_entities(deeds, users)
    blobs.put(plan_key(run), _to_json(plan, deeds, names, run, of, now), "application/json")
    looks_key = f"plans/{run}/rollback-looks.jsonl"
    if plan.looks:
        looked = [deed for deed in deeds if deed.key in plan.looks]
        rows = ({"deed": each.key, "mailbox": mailboxes.get(each.entity, "")} for each in looked)
        blobs.put(looks_key, _lines(rows))
    ledger.add_note(run, Note(now, "PlanRollback", _describe(plan, deeds)))
    return Planned(len(plan.taken), len(plan.looks), looks_key, len(plan.left))


def ask_approval(desk: Desk, run: str, token: str, count: int, now: str) -> str:
    """Asks whether `count` things may be taken back; the key of the file that says how to answer
    by a command."""
    key = file_key(run, QuestionKind.ROLLBACK)
    until = datetime.fromisoformat(now) + timedelta(days=DAYS_TO_ANSWER)
    note = (
        f"{count} things are to be taken back: read {plan_key(run)}, then approve or reject with a "
        f"command of {key} within {DAYS_TO_ANSWER} days"
    )
    asking = Asking(
        run=run,
        kind=QuestionKind.ROLLBACK,
        asked=now,
        now=now,
        until=until.isoformat().replace("+00:00", "Z"),
        token=token,
        reminder=0,
        answers=(Answer.APPROVE, Answer.REJECT),
        facts=(("To be taken back", f"{count:,}"), ("The plan", plan_key(run))),
        numbers={"count": count},
        file={"plan": plan_key(run)},
        note=note,
    )
    return ask(desk, asking)


def order_rollback(
    directory: Directory,
    ledger: Ledger,
    blobs: BlobStore,
    schedules: Schedules,
    run: str,
    of: str,
    now: str,
) -> tuple[str, ...]:
    """The files with the steps, one for each stage that has any, in the order of the stages. What
    is left is written down with its reason. May be called again: what was done is not planned.

    No late pass of the tenant begins any more: it would copy into what is taken back."""
    remove_late_passes(schedules)
    deeds = list(_identified(directory, ledger.deeds(of)))
    users = directory.users()
    kept = judge_looks(deeds, users, run)
    plan = make_plan(deeds, users, kept, _mailboxes(ledger, deeds))
    by_key = {deed.key: deed for deed in deeds}
    for key, reason in plan.left.items():
        ledger.record_deed(replace(by_key[key], decided_by=run, reason=reason))
    for key in plan.gone:
        gone = replace(by_key[key], state=DeedState.UNDONE, decided_by=run, reason="")
        ledger.record_deed(gone)
    ledger.add_note(run, Note(now, "OrderRollback", _describe(plan, deeds)))
    return tuple(_write_stages(blobs, run, plan))


def plan_key(run: str) -> str:
    """Where the plan of a rollback lies."""
    return f"reports/{run}/rollback.json"


def _write_stages(blobs: BlobStore, run: str, plan: Plan) -> Iterator[str]:
    for stage in Stage:
        steps = [step for step in plan.steps if step.stage is stage]
        if steps:
            key = f"plans/{run}/rollback-{stage}.jsonl"
            rows = (
                {
                    "deeds": " ".join(step.deeds),
                    "carried": " ".join(step.carried),
                    "mailbox": step.mailbox,
                }
                for step in steps
            )
            blobs.put(key, _lines(rows))
            yield key


def _mailboxes(ledger: Ledger, deeds: Iterable[Deed]) -> dict[str, str]:
    """The ledger's id of each user's mailbox, by WorkMail's id of the user."""
    return {
        record.user_id: record.mailbox.id
        for run in _runs(ledger, deeds)
        for record in ledger.mailboxes(run)
        if record.user_id
    }


def _planned_names(ledger: Ledger, deeds: Iterable[Deed]) -> dict[str, str]:
    """The addresses of the manifest's groups and resources, by WorkMail's ids."""
    return {
        record.entity_id: record.wanted.address
        for run in _runs(ledger, deeds)
        for record in ledger.entities(run)
        if record.entity_id and isinstance(record.wanted, Group | Resource)
    }


def _runs(ledger: Ledger, deeds: Iterable[Deed]) -> list[str]:
    """Those that have made something, and the last one: what was planned again stands there."""
    return sorted({deed.run for deed in deeds} | {ledger.last_run()})


def _identified(directory: Directory, deeds: Iterable[Deed]) -> Iterator[Deed]:
    """Each deed; one of a creation whose answer was lost with the id of what it has made."""
    for deed in deeds:
        kind = CREATIONS.get(deed.kind)
        if kind is None or deed.entity_id or deed.state is not DeedState.OPEN:
            yield deed
            continue
        owner = directory.owner_of_name(deed.subject)
        is_it = owner is not None and owner.kind is kind
        yield replace(deed, entity_id=owner.id) if owner and is_it else deed


# ---- words -----------------------------------------------------------------------------------


def _describe(plan: Plan, deeds: Iterable[Deed]) -> str:
    taken = Counter(str(deed.kind) for deed in deeds if deed.key in plan.taken)
    if not taken:
        return f"nothing is to be taken back; {len(plan.left)} things are left"
    listed = ", ".join(f"{number} {kind}" for kind, number in sorted(taken.items()))
    looks = f"; {len(plan.looks)} mailboxes are looked into" if plan.looks else ""
    return f"to be taken back: {listed}{looks}; {len(plan.left)} things are left"


def _to_json(
    plan: Plan,
    deeds: Sequence[Deed],
    names: Mapping[str, str],
    run: str,
    of: str,
    now: str,
) -> bytes:
    looked = {deed.entity for deed in deeds if deed.key in plan.looks}
    taken = [deed for deed in deeds if deed.key in plan.taken]
    left = [deed for deed in deeds if deed.key in plan.left]
    body = {
        "schema": SCHEMA,
        "run": run,
        "of": of or "all runs",
        "of_run": of,
        "planned": now,
        "take_back": [_take_back_row(deed, names, looked) for deed in taken],
        "leave": [_row(deed, names) | {"reason": plan.left[deed.key]} for deed in left],
        "gone": len(plan.gone),
        "not_taken_back": NOT_TAKEN_BACK,
        "entities": [{"id": id_, "name": names[id_]} for id_ in sorted(names)],
    }
    return _json(body)


def _take_back_row(
    deed: Deed, names: Mapping[str, str], looked: Iterable[str]
) -> dict[str, object]:
    row = _row(deed, names)
    if deed.entity in looked and deed.kind in (*CREATIONS, DeedKind.ENABLED):
        row["mailbox"] = "looked into first; kept if it holds what was not migrated"
    if deed.state is DeedState.OPEN:
        row["uncertain"] = UNCERTAIN
    if deed.kind is DeedKind.PERMISSIONS:
        row["restored"] = sorted(deed.before)
    return row


def _row(deed: Deed, names: Mapping[str, str]) -> dict[str, object]:
    """Whom it is about, and what, by the names that WorkMail shows for ids."""
    about, detail = (names.get(id_, id_) for id_ in (deed.subject, deed.detail))
    return {
        "what": str(deed.kind),
        "about": about,
        "detail": detail,
        "run": deed.run,
        "at": deed.at,
    }


def _name_entities(deeds: Iterable[Deed], users: Iterable[DirectoryUser]) -> dict[str, str]:
    """Names of entities by WorkMail's id: addresses where there are any."""
    deeds = list(deeds)
    created = {deed.entity: deed.subject for deed in deeds if deed.kind in CREATIONS}
    enabled = {deed.subject: deed.detail for deed in deeds if deed.kind is DeedKind.ENABLED}
    concerned = {id_ for deed in deeds for id_ in (deed.entity, deed.subject, deed.detail)}
    shown = {user.id: user.email or user.name for user in users if user.id in concerned}
    return created | enabled | {id_: name for id_, name in shown.items() if name}


def _lines(rows: Iterable[Mapping[str, str]]) -> bytes:
    return "".join(f"{json.dumps(row)}\n" for row in rows).encode()


def _json(body: Mapping[str, object]) -> bytes:
    return (json.dumps(body, indent=1) + "\n").encode()
