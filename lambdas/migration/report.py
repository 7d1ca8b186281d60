"""Writes the report of a run: summary.json for programs, report.html for people, and tables for
spreadsheets.

All come from one Summary; report_page.py makes the page of it, report_tables.py the tables.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace

from migration.client_report import read_report_on_clients
from migration.copy.findings import read_verified
from migration.dns_rollback import DnsRollback, read_dns_rollback
from migration.identity import groupware_id
from migration.mailbox_settings import MailboxSettings
from migration.model import Failure, MailboxStatus
from migration.ports import BlobStore, Ledger
from migration.report_groupware import MailboxLosses, read_losses
from migration.report_lines import Summary, Verdict
from migration.report_page import to_html
from migration.report_steps import next_steps
from migration.report_summary import MailboxFacts, RunFacts, summarise
from migration.report_tables import to_csv
from migration.rollback_report import judge_rollback, read_rollback
from migration.settings import Settings
from migration.settings_file import read_settings
from migration.spreadsheet import CONTENT_TYPE


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
    """Writes summary.json, report.html and the tables of report_tables.py below reports/<run>/,
    over what was there.

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
        ledger.progress_history(run),
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
    for name, body in to_csv(summary).items():
        blobs.put(f"{folder}/{name}", body, CONTENT_TYPE)
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
        collections = (
            [] if record.status in _NOT_COPIED else ledger.folders(groupware_id(mailbox_id))
        )
        losses = read_losses(blobs, mailbox_id) if collections else MailboxLosses()
        settings = (
            MailboxSettings() if record.status in _NOT_COPIED else read_settings(blobs, mailbox_id)
        )
        yield MailboxFacts(record, folders, remarks, verified, collections, losses, settings)


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
