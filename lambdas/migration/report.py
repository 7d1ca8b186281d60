"""Writes the report of a run: summary.json for programs, report.html for people.

The page is one file without scripts that loads nothing, so that it can be kept, mailed and printed.
Every name in it came from somebody's mailbox: the template escapes all of them.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from itertools import islice
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from migration.advice import advise, split_problems
from migration.client_report import read_report_on_clients
from migration.copy.findings import Verified, read_verified
from migration.dns_rollback import DnsRollback, read_dns_rollback, tell_dns_rollback
from migration.figures import format_bytes, format_moment
from migration.model import Failure, MailboxStatus
from migration.ports import BlobStore, Ledger
from migration.question_words import WAYS
from migration.remark_words import advise_on, explain, name_fate
from migration.report_dns import group_by_record, name_servers, suggest_spf
from migration.report_entities import EntityLine
from migration.report_steps import next_steps
from migration.report_summary import (
    FolderLine,
    MailboxFacts,
    MailboxLine,
    RemarkLine,
    RunFacts,
    Summary,
    Verdict,
    summarise,
)
from migration.rollback_report import (
    judge_rollback,
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
    """`key` is the page's in the blob store; `counts` as in Summary, `next_steps` as the page."""

    verdict: str
    key: str
    counts: Mapping[str, int]
    next_steps: tuple[str, ...] = ()


def write_report(
    settings: Settings,
    ledger: Ledger,
    blobs: BlobStore,
    run: str,
    now: str,
    failure: Failure | None,
) -> Written:
    """Writes reports/<run>/summary.json and reports/<run>/report.html, over what was there.

    `failure` is what has stopped the run. The verdict is `failed` with it; `not cut over` if the
    operators did not want the cut-over; `exceptions` if a mailbox failed, differs or has refused
    messages, or a group, a resource or permissions failed, if a rollback has left anything, of
    the directory or of the DNS, or if the run went on although the DNS was not right; else `done`.
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
        ledger.questions(run),
        ledger.dns_watch(run),
    )
    summary = summarise(facts, _gather(ledger, blobs, run), now)
    summary = replace(summary, clients=read_report_on_clients(blobs, run))
    if rollback := read_rollback(ledger, blobs, run):
        summary = replace(summary, rollback=rollback, verdict=judge_rollback(rollback, failure))
    if dns_rollback := read_dns_rollback(ledger, run):
        verdict = _judge_dns_rollback(dns_rollback, failure)
        summary = replace(summary, dns_rollback=dns_rollback, verdict=verdict)
    folder = f"reports/{run}"
    blobs.put(f"{folder}/summary.json", to_json(summary), "application/json")
    key = f"{folder}/report.html"
    blobs.put(key, to_html(summary), "text/html; charset=utf-8")
    return Written(summary.verdict, key, summary.counts, next_steps(summary))


def _judge_dns_rollback(rollback: DnsRollback, failure: Failure | None) -> Verdict:
    if failure:
        return Verdict.FAILED
    return Verdict.EXCEPTIONS if rollback.left else Verdict.DONE


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
        name_servers=name_servers,
        suggest_spf=suggest_spf,
        remarks=list(islice(_remarks(summary.mailboxes), _REMARK_ROWS)),
        entity_rows=list(islice(_told(summary.entities), _REMARK_ROWS)),
        remark_rows=_REMARK_ROWS,
        name_fate=name_fate,
        explain=explain,
        advise_on=advise_on,
        tell_verified=tell_verified,
        all_folders=sum(len(line.folders) for line in summary.mailboxes) <= _FOLDER_ROWS,
        is_elsewhere=is_elsewhere,
        decision_ways=WAYS,
    )
    return text.encode("utf-8", "xmlcharrefreplace")


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
        f"{counts['exceptions']} with exceptions" if counts["exceptions"] else "",
        f"{counts['failed']} failed" if counts["failed"] else "",
        f"{rest} not copied in this run" if (rest := _not_copied(counts)) else "",
    ]
    waiting = counts["in_test_domain"]
    parts.append(f"{waiting} in the test domain still" if waiting else "")
    rest_of_it = ", ".join(part for part in parts if part)
    if not rest_of_it:
        verb = "mailbox is" if total == 1 else "mailboxes are"
        return f"{total} {verb} complete: source, ledger and WorkMail agree."
    return f"{done} of {total} mailboxes complete; {rest_of_it}."


def _not_copied(counts: Mapping[str, int]) -> int:
    return counts["mailboxes"] - counts["done"] - counts["exceptions"] - counts["failed"]


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
