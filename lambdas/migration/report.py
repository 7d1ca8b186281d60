"""Writes the report of a run: summary.json for programs, report.html for people.

The page is one file without scripts that loads nothing, so that it can be kept, mailed and printed.
Every name in it came from somebody's mailbox: the template escapes all of them.
"""

from __future__ import annotations

import io
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from migration.advice import advise, split_problems
from migration.client_report import read_report_on_clients
from migration.copy.findings import Verified, read_verified
from migration.model import DnsFinding, DnsRecord, Failure, MailboxStatus
from migration.ports import BlobStore, Ledger
from migration.remark_words import advise_on, explain, name_fate
from migration.report_entities import EntityLine
from migration.report_summary import (
    FolderLine,
    MailboxFacts,
    MailboxLine,
    Outcome,
    RemarkLine,
    RunFacts,
    Summary,
    Verdict,
    summarise,
)
from migration.rollback_report import (
    judge_rollback,
    next_rollback_steps,
    read_rollback,
    tell_rollback,
)
from migration.settings import Settings

_TEMPLATE = "report.html.j2"
# Beyond these a browser gets slow; the page then says so, and summary.json has everything.
_FOLDER_ROWS = 20_000
_REMARK_ROWS = 2_000
_INVISIBLE = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True, slots=True)
class Written:
    """`key` is the page's in the blob store; `counts` as in Summary."""

    verdict: str
    key: str
    counts: Mapping[str, int]


def write_report(
    settings: Settings,
    ledger: Ledger,
    blobs: BlobStore,
    run: str,
    now: str,
    failure: Failure | None,
) -> Written:
    """Writes reports/<run>/summary.json and reports/<run>/report.html, over what was there.

    `failure` is what has stopped the run. The verdict is `failed` with it; `exceptions` if a
    mailbox failed, differs or has refused messages, or a group, a resource or permissions failed,
    or if a rollback has left anything; else `done`.
    """
    looked, findings = ledger.dns(run)
    secrets = settings.secrets_prefix
    facts = RunFacts(
        settings.tenant,
        run,
        ledger.notes(run),
        looked,
        findings,
        failure,
        secrets,
        list(ledger.entities(run)),
    )
    summary = summarise(facts, _gather(ledger, blobs, run), now)
    summary = replace(summary, clients=read_report_on_clients(blobs, run))
    if rollback := read_rollback(ledger, blobs, run):
        summary = replace(summary, rollback=rollback, verdict=judge_rollback(rollback, failure))
    folder = f"reports/{run}"
    blobs.put(f"{folder}/summary.json", to_json(summary), "application/json")
    key = f"{folder}/report.html"
    blobs.put(key, to_html(summary), "text/html; charset=utf-8")
    return Written(summary.verdict, key, summary.counts)


_NOT_COPIED = frozenset({MailboxStatus.PLANNED, MailboxStatus.PROVISIONED})
"""Of these the run has nothing to tell about folders, whatever an earlier one copied."""


def _gather(ledger: Ledger, blobs: BlobStore, run: str) -> Iterator[MailboxFacts]:
    for record in ledger.mailboxes(run):
        mailbox_id, verdict = record.mailbox.id, record.verdict
        verified = read_verified(blobs, mailbox_id, verdict.pass_id) if verdict else None
        folders = [] if record.status in _NOT_COPIED else ledger.folders(mailbox_id)
        remarks = ledger.remarks(mailbox_id) if folders else []  # they are about messages
        yield MailboxFacts(record, folders, remarks, verified)


def to_json(summary: Summary) -> bytes:
    """summary.json. ASCII only: folder names may hold what is no valid Unicode.

    Written piece by piece: json.dumps would hold millions of pieces of a large tenant at once."""
    body = io.BytesIO()
    for piece in json.JSONEncoder(default=_shallow, indent=1).iterencode(summary):
        body.write(piece.encode("ascii"))
    body.write(b"\n")
    return body.getvalue()


def _shallow(value: object) -> dict[str, object]:
    """A dataclass as a JSON object. One level: asdict would copy a large tenant whole."""
    if not is_dataclass(value):
        raise TypeError(f"{type(value).__name__} is no part of a summary")
    return {field.name: getattr(value, field.name) for field in fields(value)}


def to_html(summary: Summary) -> bytes:
    """The page, UTF-8."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "bytes": format_bytes,
        "moment": format_moment,
        "number": "{:,}".format,
        "visible": make_visible,
    }
    text = environment.get_template(_TEMPLATE).render(
        summary=summary,
        headline=headline(summary),
        next_steps=next_steps(summary),
        problems=split_problems(summary.failure) if summary.failure else (),
        advise=advise,
        dns_rows=group_by_record(summary.dns.findings),
        remarks=list(islice(_remarks(summary.mailboxes), _REMARK_ROWS)),
        entity_rows=list(islice(_told(summary.entities), _REMARK_ROWS)),
        remark_rows=_REMARK_ROWS,
        name_fate=name_fate,
        explain=explain,
        advise_on=advise_on,
        tell_verified=tell_verified,
        all_folders=sum(len(line.folders) for line in summary.mailboxes) <= _FOLDER_ROWS,
        is_elsewhere=is_elsewhere,
    )
    return text.encode("utf-8", "xmlcharrefreplace")


# ---- what stands on top ----------------------------------------------------------------------


def headline(summary: Summary) -> str:
    """One sentence about the mailboxes."""
    if summary.rollback:
        return tell_rollback(summary.rollback)
    counts = summary.counts
    total, done = counts["mailboxes"], counts["done"]
    if not total:
        return "No mailbox was planned."
    parts = [
        f"{counts['exceptions']} with exceptions" if counts["exceptions"] else "",
        f"{counts['failed']} failed" if counts["failed"] else "",
        f"{rest} not copied in this run" if (rest := _not_copied(counts)) else "",
    ]
    rest_of_it = ", ".join(part for part in parts if part)
    if not rest_of_it:
        verb = "mailbox is" if total == 1 else "mailboxes are"
        return f"{total} {verb} complete: source, ledger and WorkMail agree."
    return f"{done} of {total} mailboxes complete; {rest_of_it}."


def _not_copied(counts: Mapping[str, int]) -> int:
    return counts["mailboxes"] - counts["done"] - counts["exceptions"] - counts["failed"]


def next_steps(summary: Summary) -> tuple[str, ...]:
    """What the operator does now, most urgent first."""
    steps = []
    outcomes = Counter(line.outcome for line in summary.mailboxes)
    if summary.failure:
        steps.append(advise(summary.failure.error))
    if summary.rollback:
        steps += next_rollback_steps(summary.rollback)
    if outcomes[Outcome.FAILED]:
        steps.append(
            "Put right what is named at each failed mailbox, then start the workflow again: what "
            "has been copied stays, and only the rest is copied."
        )
    if outcomes[Outcome.DIFFERS] or outcomes[Outcome.UNFINISHED]:
        steps.append(
            "Keep the old server. Look at the folders that differ, and start the workflow again."
        )
    if any(line.verified and line.verified.differing for line in summary.mailboxes):
        steps.append(
            "Look at the messages that differ: the lists that are named at each mailbox say which "
            "they are and in what."
        )
    if summary.counts["entities_failed"]:
        steps.append(
            "Put right what is named at each failed group, resource or permission, then start the "
            "workflow again: what is right already is left alone."
        )
    if summary.counts["rejected"]:
        steps.append(
            "Give the owners of refused messages their originals from the old server; a new run "
            "refuses them again."
        )
    if summary.clients and summary.clients.needs_attention:
        steps.append(
            "See to what the section on client settings names. Nobody gets a second mail when you "
            'start the workflow with {"phases": ["clients"]}: only those who have had none.'
        )
    if summary.verdict is Verdict.DONE and summary.counts["done"]:
        steps.append("Keep the old mailboxes until their owners have looked at the new ones.")
    return tuple(steps)


# ---- rows ------------------------------------------------------------------------------------


def group_by_record(findings: Iterable[DnsFinding]) -> list[tuple[DnsRecord, list[DnsFinding]]]:
    """The findings of all servers under the record that they are about."""
    rows: dict[DnsRecord, list[DnsFinding]] = {}
    for finding in findings:
        rows.setdefault(finding.record, []).append(finding)
    return list(rows.items())


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


def _remarks(mailboxes: Sequence[MailboxLine]) -> Iterator[tuple[MailboxLine, RemarkLine]]:
    """What was not copied comes before what was adjusted."""
    for mailbox in mailboxes:
        yield from ((mailbox, remark) for remark in mailbox.refusals)
    for mailbox in mailboxes:
        yield from ((mailbox, remark) for remark in mailbox.adjusted)


def _told(entities: Iterable[EntityLine]) -> Iterator[EntityLine]:
    """Those of which there is more to tell than how they ended."""
    return (each for each in entities if each.needs_attention or each.remarks)


def make_visible(name: str) -> str:
    """The name without what would disguise it: control characters and those that turn the
    direction of the text become U+FFFD."""
    return _INVISIBLE.sub("\N{REPLACEMENT CHARACTER}", name)


def format_bytes(size: int) -> str:
    """Decimal units, three digits: `12 B`, `4.2 kB`, `512 MB`."""
    amount, unit = float(size), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if amount < 999.5:
            break
        amount, unit = amount / 1000, larger
    digits = 0 if unit == "B" or amount >= 99.95 else 1
    return f"{amount:.{digits}f} {unit}"


def format_moment(moment: str) -> str:
    """An ISO 8601 time as `2026-12-04 18:00 UTC`."""
    return datetime.fromisoformat(moment).astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
