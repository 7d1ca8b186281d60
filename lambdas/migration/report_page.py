"""The report's page, report.html: one file that loads nothing, to be kept, mailed and printed.

Every name in it came from somebody's mailbox: the templates below web/ escape all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from markupsafe import Markup

from migration.advice import advise, split_problems
from migration.copy.findings import Verified
from migration.dns_rollback import tell_dns_rollback
from migration.question_words import WAYS
from migration.remark_words import advise_on, explain, name_fate
from migration.report_course import tell_course
from migration.report_dns import group_by_record, name_servers, suggest_spf
from migration.report_entities import EntityLine
from migration.report_groupware import KIND_WORDS
from migration.report_lines import (
    FolderLine,
    MailboxLine,
    Outcome,
    RemarkLine,
    Summary,
    list_remarks,
)
from migration.report_settings import SettingLine
from migration.report_steps import next_steps
from migration.rollback_report import tell_rollback
from migration.web.render import macros, render
from migration.web.rows import Column, Rows, Value, lay_out

_REMARK_ROWS = 50_000
"""Beyond these the page says so, and the files beside it have them all."""
_LISTED = 2_000
"""So many addresses stand in a list that is no table."""
_LOSS_ROWS = 300
"""So many kinds of losses stand in the page."""
_SETTING_ROWS = 1_000
"""So many rules and automatic replies stand in the page."""
_OUTCOMES: Mapping[Outcome, str] = {
    Outcome.FAILED: "failed",
    Outcome.DIFFERS: "differs",
    Outcome.UNFINISHED: "unfinished",
    Outcome.EXCEPTIONS: "exceptions",
    Outcome.DONE: "complete",
    Outcome.NOT_COPIED: "not copied",
}
"""What they are called, in the order in which they need attention."""


def to_html(summary: Summary) -> bytes:
    """The page, UTF-8."""
    return render(
        "report.html.j2",
        summary=summary,
        headline=headline(summary),
        next_steps=next_steps(summary),
        problems=split_problems(summary.failure) if summary.failure else (),
        course=tell_course(summary.progress, summary.phases, summary.written),
        mailbox_rows=_lay_out_mailboxes(summary.mailboxes),
        remark_rows=_lay_out_remarks(summary.mailboxes),
        all_remarks=sum(1 for _ in list_remarks(summary.mailboxes)),
        entity_rows=_lay_out_entities(summary.entities),
        kind_words=KIND_WORDS,
        losses_shown=_LOSS_ROWS,
        settings=count_settings(summary.mailboxes),
        settings_shown=_SETTING_ROWS,
        listed=_LISTED,
        dns_rows=group_by_record(summary.dns.findings),
        name_servers=name_servers,
        suggest_spf=suggest_spf,
        decision_ways=WAYS,
    )


# ---- what stands on top ----------------------------------------------------------------------


def headline(summary: Summary) -> str:
    """One sentence about the mailboxes."""
    if summary.rollback:
        return tell_rollback(summary.rollback)
    if summary.dns_rollback:
        return tell_dns_rollback(summary.dns_rollback)
    counts = summary.counts
    total, done = counts["mailboxes"], counts["done"]
    if not total:
        return "No mailbox was planned."
    parts = [
        f"{counts['exceptions']:,} with exceptions" if counts["exceptions"] else "",
        f"{counts['failed']:,} failed" if counts["failed"] else "",
        f"{rest:,} not copied in this run" if (rest := _not_copied(counts)) else "",
    ]
    waiting = counts["in_test_domain"]
    parts.append(f"{waiting:,} in the test domain still" if waiting else "")
    rest_of_it = ", ".join(part for part in parts if part)
    if not rest_of_it:
        verb = "mailbox is" if total == 1 else "mailboxes are"
        return f"{total:,} {verb} complete: source, ledger and WorkMail agree."
    return f"{done:,} of {total:,} mailboxes complete; {rest_of_it}."


def _not_copied(counts: Mapping[str, int]) -> int:
    return counts["mailboxes"] - counts["done"] - counts["exceptions"] - counts["failed"]


@dataclass(frozen=True, slots=True)
class SettingsTold:
    """Rules and automatic replies with the address of their mailbox; how many mailboxes have some,
    and how many send messages on to outside."""

    rows: tuple[tuple[str, SettingLine], ...]
    mailboxes: int
    outside: int


def count_settings(mailboxes: Sequence[MailboxLine]) -> SettingsTold:
    """Those of all mailboxes, what sends messages to outside first."""
    rows = [(line.target, each) for line in mailboxes for each in line.settings]
    outside = [line for line in mailboxes if any(each.outside for each in line.settings)]
    some = [line for line in mailboxes if line.settings]
    ordered = sorted(rows, key=lambda row: not row[1].outside)
    return SettingsTold(tuple(ordered), len(some), len(outside))


# ---- rows ------------------------------------------------------------------------------------


def is_elsewhere(folder: FolderLine) -> bool:
    """Whether the folder has another name at the target."""
    return bool(folder.target_path) and folder.target_path != folder.path


def tell_verified(verified: Verified) -> str:
    """How many messages were compared, and how long the lists are."""
    how = "byte by byte" if verified.by_bytes else "by all that WorkMail shows"
    found = [
        (verified.missing, "missing"),
        (verified.extra, "there twice"),
        (verified.differing, "differing"),
        (verified.flags, "with other flags"),
        (verified.refused, "refused"),
        (verified.adjusted, "adjusted"),
    ]
    counted = ", ".join(f"{number:,} {what}" for number, what in found if number) or "no remarks"
    compared = f"{verified.compared:,} of {verified.copied:,} messages compared by content, {how}"
    return f"{compared}: {counted}."


def _told(entities: Iterable[EntityLine]) -> Iterator[EntityLine]:
    """Those of which there is more to tell than how they ended."""
    return (each for each in entities if each.needs_attention or each.remarks)


# ---- tables ----------------------------------------------------------------------------------


def _lay_out_mailboxes(mailboxes: Sequence[MailboxLine]) -> Rows:
    template = macros("report/mailbox.html.j2", is_elsewhere, advise, tell_verified)
    present = {line.outcome for line in mailboxes}
    columns = (
        Column("Mailbox"),
        Column("Result", choices=tuple(one for one in _OUTCOMES.items() if one[0] in present)),
        Column("Messages", number=True),
        Column("Refused", number=True),
        Column("Size", number=True),
        Column("Last pass"),
        Column("WorkMail user"),
        Column("Addresses", shown=False),
    )

    def lay_out_row(line: MailboxLine) -> tuple[Sequence[Value], Markup]:
        name, addresses = line.display_name or line.target, f"{line.target} {line.source}"
        figures = line.messages, line.refused, line.size
        values = name, line.outcome, *figures, line.ended, line.provisioned, addresses
        return values, template.mailbox_row(line, _OUTCOMES[line.outcome])

    return lay_out(columns, map(lay_out_row, mailboxes), "mailboxes")


def _lay_out_remarks(mailboxes: Sequence[MailboxLine]) -> Rows:
    template = macros("report/remark.html.j2", name_fate, explain, advise_on)
    shown = list(islice(list_remarks(mailboxes), _REMARK_ROWS))
    fates = {remark.fate: name_fate(remark.fate) for _, remark in shown}
    columns = (
        Column("Mailbox"),
        Column("Folder"),
        Column("UID"),
        Column("Received"),
        Column("Size", number=True),
        Column("What happened", choices=tuple(fates.items())),
        Column("Reason, subject", shown=False),
    )

    def lay_out_row(told: tuple[MailboxLine, RemarkLine]) -> tuple[Sequence[Value], Markup]:
        mailbox, remark = told
        folder = " / ".join(remark.path) or remark.folder_key
        place = mailbox.target, folder, remark.uid, remark.received
        values = *place, remark.size, remark.fate, f"{remark.reason} {remark.subject}"
        return values, template.remark_row(mailbox, remark)

    return lay_out(columns, map(lay_out_row, shown), "messages")


def _lay_out_entities(entities: Iterable[EntityLine]) -> Rows:
    template = macros("report/entity.html.j2")
    columns = Column("Entity"), Column("Result"), Column("What happened")

    def lay_out_row(entity: EntityLine) -> tuple[Sequence[Value], Markup]:
        failure = f"{entity.failure.error} {entity.failure.reason}" if entity.failure else ""
        told = " ".join((failure, *entity.remarks))
        name = f"{entity.name} {entity.address} {entity.kind}"
        return (name, entity.outcome, told), template.entity_row(entity)

    return lay_out(columns, map(lay_out_row, _told(entities)), "entries")
