"""Erases all that this migration keeps of a tenant: the phase `erase`.

What there is is counted in the stores themselves, and the operator is asked. Then the stores are
emptied in slices; each begins anew with what is left, so that a kill between two batches, or
another execution, changes nothing but the time. At the end everything is counted once more: only
nothing is a proof. The ledger comes last, because it knows what was copied, and a migration that is
given up halfway between must still find that; the tenant's lock stays until the execution ends.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from textwrap import wrap

from migration.erasure_port import Holding
from migration.erasure_proof import Proof, begin_proof, finish_proof, has_proof, proof_key
from migration.errors import (
    ErasureIncomplete,
    ErasureRefused,
    ProvisioningPending,
    TenantMisconfigured,
)
from migration.figures import WIDTH
from migration.model import Agreement, MailboxRecord, MailboxStatus, Notice, NoticeKind
from migration.ports import BlobStore, Ledger, Notifier
from migration.question_model import Answer, QuestionKind
from migration.questions import Asking, Desk, ask

LAST_ROUND = 20
"""After so many rounds that left something, another one would, too."""
_RESERVE = 60.0
"""Seconds that a batch takes at most, with all repetitions of its request."""
_STORES = {
    "ledger": "Items of the ledger",
    "bucket": "Versions of files",
    "secrets": "Secrets and passwords",
    "schedules": "Late passes",
}


@dataclass(frozen=True, slots=True)
class Means:
    """What a tenant's data is erased with. `holdings` are emptied in their order."""

    tenant: str
    holdings: Sequence[Holding]
    ledger: Ledger
    blobs: BlobStore
    seconds_left: Callable[[], float]


@dataclass(frozen=True, slots=True)
class Proved:
    """`left` things are there still; `proof` is the key of the file. `told`: the operators were
    told that all is erased."""

    left: int
    proof: str
    erased: int
    told: bool


def plan_erasure(means: Means, *, unfinished: bool) -> Mapping[str, int]:
    """How many things of each kind would be erased. Changes nothing.

    ErasureRefused while the migration is not finished, unless `unfinished`."""
    found = _count(means.holdings)
    reasons = [] if unfinished else _find_unfinished(means.ledger, found)
    if reasons:
        how = 'if it is given up, start with {"phases": ["erase"], "unfinished": true}'
        raise ErasureRefused([*reasons, f"so the migration is not finished: {how}"])
    return found


def ask_erasure(
    desk: Desk,
    days: int,
    run: str,
    asked: str,
    now: str,
    token: str,
    reminder: int,
    found: Mapping[str, int],
) -> str:
    """Asks, for so many days since `asked`, whether what was found may be erased; the key of the
    file with the commands."""
    until = datetime.fromisoformat(asked) + timedelta(days=days)
    sums = _sum_up(found)
    asking = Asking(
        run=run,
        kind=QuestionKind.ERASURE,
        asked=asked,
        now=now,
        until=until.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        token=token,
        reminder=reminder,
        answers=(Answer.APPROVE, Answer.REJECT),
        facts=(
            ("Mailboxes", f"{found.get('ledger_mailboxes', 0):,}"),
            *((words, f"{sums.get(store, 0):,}") for store, words in _STORES.items()),
            ("Things made that a rollback knows", f"{found.get('ledger_deeds', 0):,}"),
        ),
        numbers=dict(sums),
        file={kind: str(number) for kind, number in sorted(found.items())},
        note="it is asked whether all personal data shall be erased",
    )
    return ask(desk, asking)


def erase_tenant(means: Means, run: str, now: str, found: Mapping[str, int]) -> tuple[bool, int]:
    """Erases until nothing is found or the time is nearly over: whether to call again, and how many
    things are gone. ErasureRefused if something was found and nobody has approved."""
    _begin(means, run, now, found)
    erased = 0
    for holding in means.holdings:
        for number in holding.erase():
            erased += number
            if means.seconds_left() < _RESERVE:
                return True, erased
    return False, erased


def prove_erasure(means: Means, notifier: Notifier, run: str, now: str, rounds: int) -> Proved:
    """Counts what is left, writes it into the proof, and tells that all is erased if nothing is.
    `rounds` counts those since the beginning, from 0. ErasureIncomplete after the last of them.

    May be called again. No store gets anything but the proof: so a message that could not be sent
    is in the answer alone."""
    left = _count(means.holdings)
    proof = finish_proof(means.blobs, run, left, now)
    if number := sum(left.values()):
        if rounds >= LAST_ROUND:
            listed = ", ".join(f"{count} {kind}" for kind, count in left.items())
            raise ErasureIncomplete([f"still there after {rounds + 1} rounds: {listed}"])
        return Proved(number, proof_key(run), proof.erased, told=False)
    try:
        notifier.tell(_compose(proof))
    except (ProvisioningPending, TenantMisconfigured):
        return Proved(0, proof_key(run), proof.erased, told=False)
    return Proved(0, proof_key(run), proof.erased, told=True)


def _find_unfinished(ledger: Ledger, found: Mapping[str, int]) -> list[str]:
    records = list(ledger.mailboxes())
    open_ = sum(not _is_finished(record) for record in records)
    late = found.get("schedules_late", 0)
    problems = []
    if open_:
        of = len(records)
        problems.append(f"{open_} of {of} mailboxes are not copied and verified to their end")
    if late:
        problems.append(f"{late} late passes have not begun")
    return problems


def _is_finished(record: MailboxRecord) -> bool:
    verdict = record.verdict
    return (
        record.status is MailboxStatus.COPIED
        and verdict is not None
        and verdict.agreement is not Agreement.DIFFER
        and not record.address
    )


def _count(holdings: Sequence[Holding]) -> Mapping[str, int]:
    """By kind, without those of which there is nothing."""
    total: Counter[str] = Counter()
    for holding in holdings:
        total.update(holding.count())
    return {kind: number for kind, number in sorted(total.items()) if number}


def _sum_up(found: Mapping[str, int]) -> dict[str, int]:
    """By store."""
    sums: Counter[str] = Counter()
    for kind, number in found.items():
        sums[kind.partition("_")[0]] += number
    return dict(sums)


def _begin(means: Means, run: str, now: str, found: Mapping[str, int]) -> None:
    if has_proof(means.blobs, run):
        return
    approved = [
        question
        for question in means.ledger.questions(run)
        if question.kind is QuestionKind.ERASURE and question.answer == Answer.APPROVE
    ]
    if found and not approved:
        raise ErasureRefused(["the ledger has nobody's approval of this run, so nothing is erased"])
    at, by = (approved[-1].answered, approved[-1].by) if approved else ("", "")
    begin_proof(means.blobs, Proof(means.tenant, run, now, found, at, by))


def _compose(proof: Proof) -> Notice:
    sums = _sum_up(proof.found)
    lead = (
        f"The run {proof.run} has erased what this migration kept of the tenant's people, and has "
        "found nothing when it counted again."
    )
    rest = (
        f"The proof is {proof_key(proof.run)} in the tenant's bucket: what was found and what is "
        "left, who has approved, and what AWS itself keeps for some days, until when. Nothing in "
        "WorkMail or in the DNS was changed."
    )
    lines = [
        *wrap(lead, WIDTH),
        "",
        *(f"{words:<22}  {sums.get(store, 0):,}" for store, words in _STORES.items()),
        "",
        *wrap(rest, WIDTH),
    ]
    subject = f"{proof.tenant}: all personal data of the migration is erased"
    text = "\n".join(lines) + "\n"
    facts: dict[str, str | int | bool] = {"proof": proof_key(proof.run), "erased": proof.erased}
    return Notice(NoticeKind.ERASED, proof.run, proof.finished, subject, text, {**facts, **sums})
