"""What the operators are asked about a cut-over: whether it may begin, and what to do if the DNS
does not follow."""

from __future__ import annotations

from datetime import datetime, timedelta

from migration.copy_state import count_copy, describe_copy, look_at_copy
from migration.dns_verdicts import describe_open, find_open
from migration.question_model import Answer, QuestionKind
from migration.questions import Asking, Desk, ask
from migration.runs import refuse_before_promotion
from migration.settings import Settings

_LONGEST_LOOKING = timedelta(days=60)
"""The history of an execution has room for so many days of looks (dns_waits.py)."""
_SHOWN_RECORDS = 10


def ask_cutover(
    desk: Desk,
    settings: Settings,
    run: str,
    asked: str,
    now: str,
    token: str,
    reminder: int,
    pass_id: int,
    passes: int,
) -> str:
    """Asks whether the cut-over may begin; the key of the file with the commands. `asked` is when
    that was asked first, `pass_id` and `passes` are those of the last pass. TenantMisconfigured if
    it may not begin because mailboxes have addresses in the test domain."""
    refuse_before_promotion(desk.ledger)
    state = look_at_copy(desk.ledger, run, pass_id, passes)
    until = _until(asked, settings.cutover_approval_days)
    asking = Asking(
        run=run,
        kind=QuestionKind.CUTOVER,
        asked=asked,
        now=now,
        until=until,
        token=token,
        reminder=reminder,
        answers=(Answer.APPROVE, Answer.REJECT),
        facts=describe_copy(state),
        numbers=count_copy(state),
        note=f"approval of the cut-over is asked for, until {until}",
    )
    return ask(desk, asking)


def ask_about_dns(
    desk: Desk,
    settings: Settings,
    run: str,
    asked: str,
    now: str,
    token: str,
    reminder: int,
    waits: int,
) -> str:
    """Asks what to do about the DNS, which was waited for once and then `waits` times more; the key
    of the file with the commands."""
    _, findings = desk.ledger.dns(run)
    lines = describe_open(findings)
    shown = tuple(("Not right", line) for line in lines[:_SHOWN_RECORDS])
    until = _until(asked, settings.cutover_approval_days)
    began = desk.ledger.dns_watch(run).began or asked
    answers = (Answer.PROCEED, Answer.STOP)
    asking = Asking(
        run=run,
        kind=QuestionKind.DNS,
        asked=asked,
        now=now,
        until=until,
        token=token,
        reminder=reminder,
        answers=(Answer.WAIT, *answers) if may_wait(settings, began, now) else answers,
        facts=(("Waited for", f"{settings.dns_timeout_days * (waits + 1)} days"), *shown),
        numbers={"open": len(find_open(findings))},
        note=f"what to do about the DNS is asked, until {until}",
    )
    return ask(desk, asking)


def may_wait(settings: Settings, began: str, now: str) -> bool:
    """Whether the DNS, looked at since `began`, may be waited for as many days once more."""
    so_far = datetime.fromisoformat(now) - datetime.fromisoformat(began)
    return so_far + timedelta(days=settings.dns_timeout_days) <= _LONGEST_LOOKING


def _until(asked: str, days: int) -> str:
    until = datetime.fromisoformat(asked) + timedelta(days=days)
    return until.isoformat(timespec="milliseconds").replace("+00:00", "Z")
