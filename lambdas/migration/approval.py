"""What the operators are asked about a cut-over: whether it may begin, and what to do if the DNS
does not follow."""

from __future__ import annotations

from datetime import datetime, timedelta

from migration.copy_state import count_copy, describe_copy, look_at_copy
from migration.dns_verdicts import describe_open, find_open
from migration.question_model import Answer, QuestionKind
from migration.questions import Asking, Desk, ask
from migration.settings import Settings

_EVENTS_OF_LOOKING = 20_000
"""So many of the 25,000 events of an execution's history may be looks at the DNS."""
_EVENTS_PER_LOOK = 9  # a Task, a Choice, a Wait
_TWO_WEEKS = 14
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
    that was asked first, `pass_id` and `passes` are those of the last pass."""
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
    answers = (Answer.PROCEED, Answer.STOP)
    asking = Asking(
        run=run,
        kind=QuestionKind.DNS,
        asked=asked,
        now=now,
        until=until,
        token=token,
        reminder=reminder,
        answers=(Answer.WAIT, *answers) if may_wait(settings, waits) else answers,
        facts=(("Waited for", f"{settings.dns_timeout_days * (waits + 1)} days"), *shown),
        numbers={"open": len(find_open(findings))},
        note=f"what to do about the DNS is asked, until {until}",
    )
    return ask(desk, asking)


def may_wait(settings: Settings, waits: int) -> bool:
    """Whether the execution's history has room for as many days of looking once more.

    The first days look every 15 minutes and, after two weeks, every 30 or less often (see
    dns_waits.py), with some quicker looks at their beginning; those after an answer `wait` every 30
    (WaitForDns)."""
    days = settings.dns_timeout_days
    first = min(days, _TWO_WEEKS) * 96 + max(days - _TWO_WEEKS, 0) * 48 + 40
    looks = first + days * 48 * (waits + 1)
    return looks * _EVENTS_PER_LOOK <= _EVENTS_OF_LOOKING


def _until(asked: str, days: int) -> str:
    until = datetime.fromisoformat(asked) + timedelta(days=days)
    return until.isoformat(timespec="milliseconds").replace("+00:00", "Z")
