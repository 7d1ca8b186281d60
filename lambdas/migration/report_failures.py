"""What did not come out as it should, a row each: for a table beside the report. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from migration.advice import advise, split_problems
from migration.model import Agreement, Failure
from migration.remark_words import advise_on, explain
from migration.report_entities import EntityLine
from migration.report_lines import MailboxLine, Outcome, RemarkLine, Summary, list_remarks
from migration.report_steps import AFTER_DIFFERENCES


def tell_reasons(line: MailboxLine) -> str:
    """Why a mailbox failed, or does not simply agree."""
    reasons = [line.failure.reason] if line.failure else []
    return "; ".join([*reasons, *line.reasons])


@dataclass(frozen=True, slots=True)
class FailureRow:
    """Something that did not come out as it should.

    kind         what it is: run, mailbox, group, resource, permission, folder, collection (a
                 calendar, an address book and the like) or message
    id           the digest by which logs, messages and files name the mailbox, group or resource
    name         the name of it as colleagues see it
    address      its address in WorkMail
    folder       the names of the folder at the source, with / between; of a folder or message; of
                 a collection its kind and its name
    uid          the message's number in it (over IMAP: its UID)
    received     when the message was received, as the source says; empty if that is not known
    size         the message's bytes
    fate         what became of it: of a message rejected, unreadable, quarantined or adjusted, of
                 a mailbox, folder or collection its outcome; exceptions if items were refused
    code         the error's name; of a message a code, or several joined with +
    explanation  what happened
    advice       what to do about it
    subject      the message's subject, if the tenant file says `report: subjects: true`; else empty
    """

    kind: str
    id: str = ""
    name: str = ""
    address: str = ""
    folder: str = ""
    uid: str = ""
    received: str = ""
    size: int | None = None
    fate: str = ""
    code: str = ""
    explanation: str = ""
    advice: str = ""
    subject: str = ""


_ATTENTION: Mapping[Outcome, str] = {
    Outcome.FAILED: "",
    Outcome.DIFFERS: AFTER_DIFFERENCES,
    Outcome.UNFINISHED: advise("Unfinished"),
}
"""How mailboxes end of which failures.csv tells, and what to do where no error says it."""
_AFTER_REFUSALS = (
    "{} in the tenant's bucket names each item and what is wrong with it. Change it at the source: "
    "the next pass tries it again."
)


def tell_failures(summary: Summary) -> Iterator[FailureRow]:
    """The largest things first, and of messages those that are not in WorkMail."""
    if summary.failure:
        yield _of_run(summary.failure)
    yield from (_of_mailbox(line) for line in summary.mailboxes if line.outcome in _ATTENTION)
    yield from (_of_entity(each) for each in summary.entities if each.needs_attention)
    for line in summary.mailboxes:
        yield from _of_folders(line)
        yield from _of_collections(line)
    yield from (_of_message(*told) for told in list_remarks(summary.mailboxes))


def _of_run(failure: Failure) -> FailureRow:
    reason = "; ".join(split_problems(failure))
    how = advise(failure.error)
    return FailureRow("run", fate="failed", code=failure.error, explanation=reason, advice=how)


def _of_mailbox(line: MailboxLine) -> FailureRow:
    code = line.failure.error if line.failure else ""
    return FailureRow(
        *("mailbox", line.id, line.display_name, line.target),
        fate=line.outcome,
        code=code,
        explanation=tell_reasons(line),
        advice=advise(code) if code else _ATTENTION[line.outcome],
    )


def _of_entity(line: EntityLine) -> FailureRow:
    failure = line.failure or Failure("Unfinished", "")
    return FailureRow(
        *(line.kind.removesuffix("s"), line.id, line.name, line.address),
        fate=line.outcome,
        code=failure.error,
        explanation=failure.reason,
        advice=advise(failure.error),
    )


def _of_folders(line: MailboxLine) -> Iterator[FailureRow]:
    for folder in line.folders:
        if folder.agreement is Agreement.DIFFER:
            yield FailureRow(
                *("folder", line.id, line.display_name, line.target),
                folder=" / ".join(folder.path),
                fate=Outcome.DIFFERS,
                explanation=folder.reason,
                advice=AFTER_DIFFERENCES,
            )


def _of_collections(line: MailboxLine) -> Iterator[FailureRow]:
    """Single items are in the mailbox's own file of losses."""
    for each in line.collections:
        differs = each.agreement is Agreement.DIFFER
        if differs or each.refused:
            yield FailureRow(
                *("collection", line.id, line.display_name, line.target),
                folder=f"{each.kind} / {each.name}",
                fate=Outcome.DIFFERS if differs else Outcome.EXCEPTIONS,
                explanation=each.reason,
                advice=AFTER_DIFFERENCES if differs else _AFTER_REFUSALS.format(line.losses_file),
            )


def _of_message(line: MailboxLine, remark: RemarkLine) -> FailureRow:
    return FailureRow(
        *("message", line.id, line.display_name, line.target),
        folder=" / ".join(remark.path),
        uid=remark.uid,
        received=remark.received,
        size=remark.size,
        fate=remark.fate,
        code=remark.reason,
        explanation=explain(remark.fate, remark.reason),
        advice=advise_on(remark.fate),
        subject=remark.subject,
    )
