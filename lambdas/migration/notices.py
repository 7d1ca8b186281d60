"""What a run tells of itself: subjects, texts and facts of its notices. Ids and counts only.

Each `tell_` says one thing, once in a run; what it says is made by the function below it.
"""

from __future__ import annotations

from collections.abc import Iterable
from textwrap import fill, wrap
from typing import TYPE_CHECKING
from urllib.parse import quote

from migration.advice import advise
from migration.figures import WIDTH, format_bytes
from migration.model import Failure, MailboxRecord, MailboxStatus, Notice, NoticeKind
from migration.report_lines import VERDICT_WORDS
from migration.runs import PassSummary
from migration.telling import Teller

if TYPE_CHECKING:
    from migration.report import Written

ONE_BY_ONE = 10
"""So many failed mailboxes of a run are told one by one; the rest stand in the wave's notice."""

Facts = dict[str, str | int | bool]
_END_KEY = "end"


def tell_start(teller: Teller, run: str, now: str, mailboxes: int, entities: int) -> None:
    """The manifest is read, and everybody in it is planned."""
    teller.tell(started(teller.tenant, run, now, mailboxes, entities))


def tell_not_started(
    teller: Teller, run: str, now: str, owner: str, what: str, remedy: str, again: str
) -> None:
    """What should have started a run by itself has not, because the execution `owner` works."""
    teller.tell(not_started(teller.tenant, run, now, owner, what, remedy, again))


def tell_pass(teller: Teller, run: str, now: str, passes: int, summary: PassSummary) -> None:
    """The full pass is complete; later ones are not told, nor one that is paused, nor one after
    which failed mailboxes are tried again."""
    if passes == 1 and not summary.paused and not summary.again:
        records = teller.ledger.mailboxes(run)
        teller.tell(wave_done(teller.tenant, run, now, summary, records))


def tell_failure(teller: Teller, run: str, now: str, mailbox: str, error: str) -> None:
    """A mailbox cannot go on: the first of a run are told one by one, each once."""
    kind = str(NoticeKind.MAILBOX_FAILED)
    if teller.ledger.admit(run, kind, mailbox, ONE_BY_ONE):
        notice = mailbox_failed(teller.tenant, run, now, mailbox, error)
        teller.tell(notice, f"{kind} {mailbox}")


def tell_cutover(teller: Teller, run: str, now: str, ready: bool) -> None:
    """The required DNS records point to WorkMail everywhere, once they do."""
    if ready:
        teller.tell(cut_over(teller.tenant, run, now))


def tell_end(
    teller: Teller, run: str, now: str, written: Written, failure: Failure | None, place: str
) -> None:
    """The report is written. `place` is the page that shows it; see `console_page`."""
    teller.tell(ended(teller.tenant, run, now, written, failure, place), _END_KEY)


def tell_abort(teller: Teller, run: str, now: str, status: str) -> None:
    """An execution ended without its own last states. One that has told its end itself is not told
    again."""
    teller.tell(aborted(teller.tenant, run, now, status), _END_KEY)


def started(tenant: str, run: str, now: str, mailboxes: int, entities: int) -> Notice:
    """How much is planned."""
    more = f" and {entities:,} groups, resources and permissions" if entities else ""
    text = _write(
        f"The run {run} has begun: {_count(mailboxes, 'mailbox', 'mailboxes')}{more} are planned "
        "from the manifest.",
        "Nothing is to be done. You are told when the first pass is complete, of mailboxes that "
        "fail, and when you are asked something.",
    )
    facts: Facts = {"mailboxes": mailboxes, "entities": entities}
    subject = f"{tenant}: the migration of {_count(mailboxes, 'mailbox', 'mailboxes')} has begun"
    return Notice(NoticeKind.STARTED, run, now, subject, text, facts)


def not_started(
    tenant: str, run: str, now: str, owner: str, what: str, remedy: str, again: str
) -> Notice:
    """`what` came, without a capital letter; `remedy` says how to have it all the same, with the
    input `again`, which is not broken into lines."""
    working = owner.rpartition(":")[2]
    text = _write(
        f"{what[:1].upper()}{what[1:]}, while the run {working} is under way: it has started "
        "nothing, and nothing is changed.",
        remedy,
    )
    subject = f"{tenant}: {what}, and has started nothing"
    facts: Facts = {"under_way": working, "input": again}
    return Notice(NoticeKind.NOT_STARTED, run, now, subject, f"{text}\n  {again}\n", facts)


def wave_done(
    tenant: str, run: str, now: str, summary: PassSummary, records: Iterable[MailboxRecord]
) -> Notice:
    """The full pass is complete. `records` are the run's mailboxes."""
    records = list(records)
    size = sum(record.verdict.total.size for record in records if record.verdict)
    copied = sum(record.verdict.total.copied for record in records if record.verdict)
    failures = _count_failures(records)
    lines = [
        f"The full pass of the run {run} is complete.",
        "",
        f"complete         {summary.done:,}",
        f"with exceptions  {summary.exceptions:,}",
        f"failed           {summary.failed:,}",
        f"in WorkMail      {copied:,} messages, {format_bytes(size)}",
        "",
    ]
    if failures:
        lines.append("Why mailboxes failed, and what to do:")
        for error, number in failures.items():
            lines += _item(f"{error} ({number:,}): {advise(error)}")
        lines += ["", "The report names them when the run has ended; the ledger knows them now."]
    else:
        lines.append("Nothing is to be done.")
    facts: Facts = {
        "done": summary.done,
        "exceptions": summary.exceptions,
        "failed": summary.failed,
        "messages": copied,
        "bytes": size,
    }
    total = summary.done + summary.exceptions
    failed = f", {summary.failed:,} failed" if summary.failed else ""
    subject = f"{tenant}: {_count(total, 'mailbox', 'mailboxes')} copied{failed}"
    return Notice(NoticeKind.WAVE_DONE, run, now, subject, "\n".join(lines) + "\n", facts)


def mailbox_failed(tenant: str, run: str, now: str, mailbox: str, error: str) -> Notice:
    """One mailbox cannot go on; the others do."""
    text = _write(
        f"The mailbox {mailbox} cannot go on: {error}. All others do.",
        advise(error),
        "Whose it is stands in the report, when the run has ended, and in the ledger now: the item "
        f"M#{mailbox} of the tenant.",
        f"At most {ONE_BY_ONE} mailboxes of a run are told like this. The notice of the complete "
        "wave counts all.",
    )
    subject = f"{tenant}: a mailbox failed ({error})"
    facts: Facts = {"mailbox": mailbox, "error": error}
    return Notice(NoticeKind.MAILBOX_FAILED, run, now, subject, text, facts)


def cut_over(tenant: str, run: str, now: str) -> Notice:
    """New mail goes to WorkMail."""
    text = _write(
        "All required DNS records are right at every server that was asked: new mail goes to "
        "WorkMail.",
        "Nothing is to be done. Senders that still know the old MX record deliver to the old "
        "server for a while; the run copies that in its last passes. Keep the old server.",
    )
    subject = f"{tenant}: the mail goes to WorkMail now"
    return Notice(NoticeKind.CUT_OVER, run, now, subject, text)


def ended(
    tenant: str, run: str, now: str, written: Written, failure: Failure | None, place: str
) -> Notice:
    """What came of the run, and what to do now."""
    counts = written.counts
    lines = [f"The run {run} has ended: {written.verdict}.", ""]
    names = ("mailboxes", "done", "exceptions", "failed", "messages", "rejected")
    lines += [f"{name:<10}  {counts[name]:,}" for name in names if name in counts]
    lines += ["", "What to do now:"]
    for step in written.next_steps or ("Nothing.",):
        lines += _item(step)
    lines += ["", "The report:", f"  {place}", ""]
    facts: Facts = {"verdict": written.verdict, "report": written.key, "page": place, **counts}
    if failure:
        facts["error"] = failure.error
        subject = f"{tenant}: the run has failed ({failure.error})"
        return Notice(NoticeKind.FAILED, run, now, subject, "\n".join(lines), facts)
    subject = f"{tenant}: the run has ended: {VERDICT_WORDS[written.verdict]}"
    return Notice(NoticeKind.FINISHED, run, now, subject, "\n".join(lines), facts)


def aborted(tenant: str, run: str, now: str, status: str) -> Notice:
    """`status` is the execution's, such as ABORTED or TIMED_OUT."""
    text = _write(
        f"The run {run} was ended from outside or by a limit of Step Functions ({status}), and has "
        "written no report. The administrator's rights were taken away, and the tenant is free.",
        "What is copied stays. Start the workflow again: it goes on where this run has stopped.",
    )
    subject = f"{tenant}: the migration was ended ({status})"
    return Notice(NoticeKind.FAILED, run, now, subject, text, {"status": status})


def console_page(region: str, bucket: str, key: str) -> str:
    """Where the S3 console shows a file, for those who may read it."""
    prefix = quote(key, safe="")
    return f"https://{region}.console.aws.amazon.com/s3/object/{bucket}?region={region}&prefix={prefix}"


def _write(*paragraphs: str) -> str:
    return "\n\n".join(fill(paragraph, WIDTH) for paragraph in paragraphs) + "\n"


def _item(text: str) -> list[str]:
    return wrap(text, WIDTH, initial_indent="- ", subsequent_indent="  ")


def _count(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"


def _count_failures(records: Iterable[MailboxRecord]) -> dict[str, int]:
    """By the error's name, the most frequent first."""
    counted: dict[str, int] = {}
    for record in records:
        if record.status is MailboxStatus.FAILED and record.failure:
            error = record.failure.error
            counted[error] = counted.get(error, 0) + 1
    return dict(sorted(counted.items(), key=lambda item: (-item[1], item[0])))
