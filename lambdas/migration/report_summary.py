"""What the report says, as values: `summarise` is pure, and its Summary is summary.json.

Schema 1. Fields are only added within a schema; one that is removed or changes its meaning makes
the next. Addresses and folder names stand here, because the report is for the tenant's own
administrator and lies in the tenant's own bucket. Subjects and contents do not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from migration.copy.findings import Verified, findings_key
from migration.directory_model import EntityRecord
from migration.dns_model import DnsFinding, DnsWatch
from migration.end_of_support import LAST_DAY, days_left
from migration.mail import Fate, Remark
from migration.model import Agreement, Failure, FolderRecord, MailboxRecord, MailboxStatus, Note
from migration.password_parts import WAVES
from migration.question_model import Answer, Question, QuestionKind
from migration.question_words import ENDING, choice_of
from migration.report_dns import DnsReport, report_dns
from migration.report_entities import EntityLine, count_entities, tell_entities

if TYPE_CHECKING:
    from migration.client_report import ClientsReport
    from migration.dns_rollback import DnsRollback

SCHEMA = 1


class Verdict(StrEnum):
    """How the run ended. NOT_CUT_OVER: the operators did not want the cut-over, or did not say so;
    nothing has failed."""

    DONE = "done"
    EXCEPTIONS = "exceptions"
    NOT_CUT_OVER = "not cut over"
    FAILED = "failed"


class Outcome(StrEnum):
    """How the run ended for one mailbox. NOT_COPIED: the run was not asked to copy it, or did not
    get so far. UNFINISHED: the copy began and nobody has judged it, or it was paused."""

    DONE = "done"
    EXCEPTIONS = "exceptions"
    DIFFERS = "differs"
    UNFINISHED = "unfinished"
    FAILED = "failed"
    NOT_COPIED = "not copied"


@dataclass(frozen=True, slots=True)
class FolderLine:
    """A folder: what source, ledger and target held when they were last compared, and what the
    ledger has counted over all runs. Sizes in bytes."""

    key: str
    path: tuple[str, ...]
    target_path: tuple[str, ...]
    source: int | None
    ledger: int
    target: int | None
    refused: int
    gone: int
    size: int
    agreement: Agreement | None
    reason: str


@dataclass(frozen=True, slots=True)
class RemarkLine:
    """A message that was not copied, or not exactly. `path` is empty if the ledger has no such
    folder."""

    folder_key: str
    path: tuple[str, ...]
    uid: str
    size: int
    reason: str
    fate: Fate


@dataclass(frozen=True, slots=True)
class MailboxLine:
    """A mailbox. `messages` and `size` are what the target has by the ledger, over all runs;
    `copied` is what the last pass added. `reasons` are those that no folder line tells. `refusals`
    were not copied, `adjusted` not exactly. `user_remarks` say what of the WorkMail user could not
    be made as the manifest says. `verified` is what the last pass has compared, with its lists in
    the file `lists`. `password_in` is as in the ledger. `address` is the one of the test domain
    that the mailbox has as long as its own domain is not verified, "" afterwards."""

    id: str
    display_name: str
    source: str
    target: str
    provisioned: str
    user_remarks: tuple[str, ...]
    status: MailboxStatus
    outcome: Outcome
    failure: Failure | None
    reasons: tuple[str, ...]
    messages: int
    size: int
    copied: int
    refused: int
    gone: int
    folders: tuple[FolderLine, ...]
    refusals: tuple[RemarkLine, ...]
    adjusted: tuple[RemarkLine, ...]
    verified: Verified | None
    lists: str
    password_in: str
    address: str


@dataclass(frozen=True, slots=True)
class DeedLine:
    """Something that a rollback has dealt with: what it is, whom it is about, the address, member
    or grantee, and why it is left ("" if nobody has dealt with it)."""

    what: str
    about: str
    detail: str
    run: str
    reason: str


@dataclass(frozen=True, slots=True)
class RollbackReport:
    """What a rollback came to. `of` names the run that it takes back. `taken_back` counts by what
    it was. `unfinished` are things that nobody could take back and nobody has a reason for.
    `was_approved` is False if nothing was begun."""

    of: str
    was_approved: bool
    taken_back: Mapping[str, int]
    kept: tuple[DeedLine, ...]
    unfinished: tuple[DeedLine, ...]
    not_taken_back: str


@dataclass(frozen=True, slots=True)
class Decision:
    """What the operators were asked about the cut-over, and what they said: an Answer. `by` is as
    in Question, `told` says it in words."""

    question: str
    asked: str
    answer: str
    by: str
    answered: str
    told: str


@dataclass(frozen=True, slots=True)
class Summary:
    """The whole report. `counts`: mailboxes, done, exceptions, failed, messages, rejected,
    adjusted; what is missing from done + exceptions + failed to mailboxes was not copied in this
    run. `passwords`: how many users have a generated password, by the name of the secret that holds
    it. in_test_domain in `counts` are mailboxes that have not got their own addresses yet; entities
    and entities_failed in `counts` are groups, resources and permissions of mailboxes;
    `entity_outcomes` tells them by kind and outcome. `clients` is None if the run did not come to
    the settings of mail programs."""

    schema: int
    tenant: str
    run: str
    written: str
    verdict: Verdict
    failure: Failure | None
    counts: Mapping[str, int]
    provisioned: Mapping[str, int]
    passwords: Mapping[str, int]
    end_of_support: str
    days_left: int
    timeline: tuple[Note, ...]
    dns: DnsReport
    mailboxes: tuple[MailboxLine, ...]
    entities: tuple[EntityLine, ...]
    entity_outcomes: Mapping[str, Mapping[str, int]]
    rollback: RollbackReport | None = None
    decisions: tuple[Decision, ...] = ()
    dns_rollback: DnsRollback | None = None
    clients: ClientsReport | None = None


@dataclass(frozen=True, slots=True)
class MailboxFacts:
    """What the ledger holds about one mailbox."""

    record: MailboxRecord
    folders: Sequence[FolderRecord]
    remarks: Sequence[Remark]
    verified: Verified | None = None


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What the ledger holds about a run. `looked` is when the DNS was last asked; `secrets` is how
    the names of the tenant's secrets begin."""

    tenant: str
    run: str
    notes: Sequence[Note]
    looked: str
    findings: Sequence[DnsFinding]
    failure: Failure | None
    secrets: str = ""
    entities: Sequence[EntityRecord] = ()
    questions: Sequence[Question] = ()
    watch: DnsWatch = field(default_factory=DnsWatch)


def summarise(facts: RunFacts, mailboxes: Iterable[MailboxFacts], now: str) -> Summary:
    """The report of a run at the time `now`. Mailboxes that need attention come first."""
    lines = sorted((_line(each) for each in mailboxes), key=_urgency)
    entities = tell_entities(facts.entities)
    dns = report_dns(facts.looked, facts.findings, facts.watch)
    passwords = Counter(line.password_in for line in lines if line.password_in.startswith(WAVES))
    provisioned = Counter(line.provisioned for line in lines if line.provisioned)
    decisions = tuple(_decisions(facts.questions))
    return Summary(
        schema=SCHEMA,
        tenant=facts.tenant,
        run=facts.run,
        written=now,
        verdict=_judge(facts.failure, lines, entities, decisions, dns),
        failure=facts.failure,
        counts=_count(lines, entities),
        provisioned=dict(sorted(provisioned.items())),
        passwords={facts.secrets + path: users for path, users in sorted(passwords.items())},
        end_of_support=LAST_DAY,
        days_left=days_left(now),
        timeline=tuple(facts.notes),
        dns=dns,
        mailboxes=tuple(lines),
        entities=entities,
        entity_outcomes=count_entities(entities),
        decisions=decisions,
    )


def _decisions(questions: Iterable[Question]) -> Iterator[Decision]:
    """Of the questions about the cut-over that have an answer."""
    for each in questions:
        if each.answer and each.kind in (QuestionKind.CUTOVER, QuestionKind.DNS):
            told = choice_of(each, each.answer).noted
            yield Decision(each.kind, each.asked, each.answer, each.by, each.answered, told)


def _judge(
    failure: Failure | None,
    lines: Sequence[MailboxLine],
    entities: Sequence[EntityLine],
    decisions: Sequence[Decision],
    dns: DnsReport,
) -> Verdict:
    if failure:
        return Verdict.FAILED
    answers = {decision.answer for decision in decisions}
    if answers & ENDING:
        return Verdict.NOT_CUT_OVER
    if Answer.PROCEED in answers:
        return Verdict.EXCEPTIONS
    fine = {Outcome.DONE, Outcome.NOT_COPIED}
    clean = all(line.outcome in fine for line in lines)
    clean = clean and not any(line.address for line in lines)
    clean = clean and not any(entity.needs_attention for entity in entities)
    clean = clean and not dns.went_back
    return Verdict.DONE if clean else Verdict.EXCEPTIONS


def _count(lines: Sequence[MailboxLine], entities: Sequence[EntityLine]) -> dict[str, int]:
    outcomes = Counter(line.outcome for line in lines)
    not_quite = (Outcome.EXCEPTIONS, Outcome.DIFFERS, Outcome.UNFINISHED)
    return {
        "mailboxes": len(lines),
        "done": outcomes[Outcome.DONE],
        "exceptions": sum(outcomes[outcome] for outcome in not_quite),
        "failed": outcomes[Outcome.FAILED],
        "messages": sum(line.messages for line in lines),
        "rejected": sum(line.refused for line in lines),
        "adjusted": sum(len(line.adjusted) for line in lines),
        "user_remarks": sum(len(line.user_remarks) for line in lines),
        "in_test_domain": sum(line.address != "" for line in lines),
        "entities": len(entities),
        "entities_failed": sum(entity.needs_attention for entity in entities),
    }


def _urgency(line: MailboxLine) -> tuple[int, str]:
    order = (Outcome.FAILED, Outcome.DIFFERS, Outcome.UNFINISHED, Outcome.EXCEPTIONS)
    place = order.index(line.outcome) if line.outcome in order else len(order)
    return place, line.target


def _line(facts: MailboxFacts) -> MailboxLine:
    record, mailbox, verdict = facts.record, facts.record.mailbox, facts.record.verdict
    folders = tuple(sorted((_folder(each) for each in facts.folders), key=_by_name))
    paths = {folder.key: folder.path for folder in folders}
    remarks = [_remark(each, paths) for each in facts.remarks]
    return MailboxLine(
        id=mailbox.id,
        display_name=mailbox.display_name,
        source=mailbox.source,
        target=mailbox.target,
        provisioned=record.provisioned,
        user_remarks=record.remarks,
        status=record.status,
        outcome=_outcome(record),
        failure=record.failure,
        reasons=_other_reasons(record, folders),
        messages=sum(folder.ledger for folder in folders),
        size=sum(folder.size for folder in folders),
        copied=verdict.in_pass.copied if verdict else 0,
        refused=sum(folder.refused for folder in folders),
        gone=sum(folder.gone for folder in folders),
        folders=folders,
        refusals=tuple(each for each in remarks if each.fate is not Fate.ADJUSTED),
        adjusted=tuple(each for each in remarks if each.fate is Fate.ADJUSTED),
        verified=facts.verified,
        lists=findings_key(mailbox.id, verdict.pass_id) if verdict and facts.verified else "",
        password_in=record.password_in,
        address=record.address,
    )


def _remark(remark: Remark, paths: Mapping[str, tuple[str, ...]]) -> RemarkLine:
    path = paths.get(remark.folder_key, ())
    return RemarkLine(remark.folder_key, path, remark.uid, remark.size, remark.reason, remark.fate)


def _outcome(record: MailboxRecord) -> Outcome:
    if record.status is MailboxStatus.FAILED:
        return Outcome.FAILED
    if record.status is MailboxStatus.PAUSED:
        return Outcome.UNFINISHED
    if record.verdict is None:
        begun = record.status in (MailboxStatus.COPYING, MailboxStatus.COPIED)
        return Outcome.UNFINISHED if begun else Outcome.NOT_COPIED
    return {
        Agreement.AGREE: Outcome.DONE,
        Agreement.EXCEPTIONS: Outcome.EXCEPTIONS,
        Agreement.DIFFER: Outcome.DIFFERS,
    }[record.verdict.agreement]


def _folder(record: FolderRecord) -> FolderLine:
    check = record.check
    return FolderLine(
        key=record.key,
        path=record.path,
        target_path=record.target_path,
        source=check.source if check else None,
        ledger=record.total.copied,
        target=check.target if check else None,
        refused=record.total.rejected,
        gone=record.total.gone,
        size=record.total.size,
        agreement=check.agreement if check else None,
        reason=check.reason if check else "",
    )


def _by_name(folder: FolderLine) -> tuple[bool, tuple[str, ...]]:
    """The inbox first, then by name."""
    return folder.path != ("INBOX",), tuple(part.casefold() for part in folder.path)


def _other_reasons(record: MailboxRecord, folders: Iterable[FolderLine]) -> tuple[str, ...]:
    if record.verdict is None:
        return ()
    told = {f"folder {folder.key}: {folder.reason}" for folder in folders}
    return tuple(reason for reason in record.verdict.reasons if reason not in told)
