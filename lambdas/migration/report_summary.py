"""What a run came to: `summarise` is pure, and makes the report's values (report_lines.py) of what
the ledger holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from migration.copy.findings import Verified, findings_key
from migration.directory_model import EntityRecord
from migration.dns_model import DnsFinding, DnsWatch
from migration.end_of_support import LAST_DAY, days_left
from migration.mail import Fate, Remark
from migration.mailbox_settings import MailboxSettings
from migration.model import (
    Agreement,
    Failure,
    FolderRecord,
    MailboxRecord,
    MailboxStatus,
    Note,
    PassLine,
)
from migration.password_parts import WAVES
from migration.progress_history import whole_run
from migration.progress_model import ProgressHistory, ProgressPoint
from migration.question_model import Answer, Question, QuestionKind
from migration.question_words import ENDING, choice_of
from migration.report_dns import DnsReport, report_dns
from migration.report_entities import EntityLine, count_entities, tell_entities
from migration.report_groupware import (
    CollectionLine,
    MailboxLosses,
    tell_collections,
    tell_groupware,
)
from migration.report_lines import (
    SCHEMA,
    Decision,
    FolderLine,
    MailboxLine,
    Outcome,
    RemarkLine,
    Summary,
    Verdict,
)
from migration.report_phases import tell_phases
from migration.report_settings import find_domains, tell_settings
from migration.transitions import add_pass


@dataclass(frozen=True, slots=True)
class MailboxFacts:
    """What the ledger holds about one mailbox."""

    record: MailboxRecord
    folders: Sequence[FolderRecord]
    remarks: Sequence[Remark]
    verified: Verified | None = None
    collections: Sequence[FolderRecord] = ()
    losses: MailboxLosses = field(default_factory=MailboxLosses)
    settings: MailboxSettings = field(default_factory=MailboxSettings)


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What the ledger holds about a run. `looked` is when the DNS was last asked; `secrets` is how
    the names of the tenant's secrets begin; `history` is how far the run was while it copied."""

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
    history: ProgressHistory | None = None


def summarise(facts: RunFacts, mailboxes: Iterable[MailboxFacts], now: str) -> Summary:
    """The report of a run at the time `now`. Mailboxes that need attention come first."""
    told = [(_line(each), each) for each in mailboxes]
    entities = tell_entities(facts.entities)
    addresses = [address for line, _ in told for address in (line.source, line.target)]
    domains = find_domains((*addresses, *(entity.address for entity in entities)))
    full = (replace(line, settings=tell_settings(each.settings, domains)) for line, each in told)
    lines = sorted(full, key=_urgency)
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
        progress=_progress(facts, lines, now),
        phases=tell_phases(facts.notes, _passes(lines), now),
        groupware=tell_groupware(
            [line.collections for line in lines], [each.losses for _, each in told]
        ),
    )


def _progress(facts: RunFacts, lines: Sequence[MailboxLine], now: str) -> tuple[ProgressPoint, ...]:
    """From the run's first note to now."""
    last = ProgressPoint(
        now,
        sum(bool(line.passes) for line in lines),
        sum(folder.dealt for line in lines for folder in line.folders),
        sum(line.size for line in lines),
    )
    begun = facts.notes[0].at if facts.notes else ""
    return whole_run(facts.history or ProgressHistory(facts.run), begun, last).points


def _passes(lines: Iterable[MailboxLine]) -> set[int]:
    return {each.pass_id for line in lines for each in line.passes}


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
        "items": sum(line.items for line in lines),
        "items_refused": sum(each.refused for line in lines for each in line.collections),
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
    passes = _known_passes(record)
    collections = tell_collections(facts.collections)
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
        reasons=_other_reasons(record, folders, collections),
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
        passes=passes,
        begun=record.begun,
        ended=passes[-1].ended if passes else "",
        collections=collections,
        losses=facts.losses.count,
        losses_file=facts.losses.sheet,
    )


def _known_passes(record: MailboxRecord) -> tuple[PassLine, ...]:
    """A verdict of an earlier version stands alone."""
    if record.passes or record.verdict is None:
        return record.passes
    return add_pass((), record.verdict, "")


def _remark(remark: Remark, paths: Mapping[str, tuple[str, ...]]) -> RemarkLine:
    path = paths.get(remark.folder_key, ())
    return RemarkLine(
        remark.folder_key,
        path,
        remark.uid,
        remark.size,
        remark.reason,
        remark.fate,
        remark.received,
        remark.subject,
    )


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
        skipped=record.total.skipped,
    )


def _by_name(folder: FolderLine) -> tuple[bool, tuple[str, ...]]:
    """The inbox first, then by name."""
    return folder.path != ("INBOX",), tuple(part.casefold() for part in folder.path)


def _other_reasons(
    record: MailboxRecord, folders: Iterable[FolderLine], collections: Iterable[CollectionLine]
) -> tuple[str, ...]:
    if record.verdict is None:
        return ()
    told = {f"folder {folder.key}: {folder.reason}" for folder in folders}
    told |= {f"{each.kind} {each.key}: {each.reason}" for each in collections}
    return tuple(reason for reason in record.verdict.reasons if reason not in told)
