"""The DNS in the report: what was found where, when it was right, and what to publish. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from migration.dns import normalise
from migration.dns_model import DnsFinding, DnsProgress, DnsRecord, DnsVerdict, DnsWatch, RecordKind
from migration.dns_verdicts import is_cut_over
from migration.spf import is_spf, merge_spf


@dataclass(frozen=True, slots=True)
class DnsReport:
    """The latest look at the DNS.

    at         when it was looked at; empty if it never was
    cut_over   whether all required records are right everywhere: mail goes to WorkMail
    findings   each record as each server answered it
    went_back  since when mail goes to the old server again although it went to WorkMail before;
               empty if it does not
    records    each record over all servers, by type, name and value with spaces between
    """

    at: str
    cut_over: bool
    findings: tuple[DnsFinding, ...]
    went_back: str = ""
    records: Mapping[str, DnsProgress] = field(default_factory=dict)


def report_dns(at: str, findings: Iterable[DnsFinding], watch: DnsWatch) -> DnsReport:
    """What the ledger holds about a run's looks, for its report."""
    found = tuple(findings)
    went_back = watch.went_back if watch.ready else ""
    return DnsReport(at, is_cut_over(found), found, went_back, watch.records)


def group_by_record(findings: Iterable[DnsFinding]) -> list[tuple[DnsRecord, list[DnsFinding]]]:
    """The findings of all servers under the record that they are about."""
    rows: dict[DnsRecord, list[DnsFinding]] = {}
    for finding in findings:
        rows.setdefault(finding.record, []).append(finding)
    return list(rows.items())


def name_servers(findings: Iterable[DnsFinding]) -> str:
    """Where it was found: the zone's own servers by their names too."""
    return ", ".join(
        f"{each.host} ({each.server})" if each.host else each.server for each in findings
    )


def suggest_spf(record: DnsRecord, findings: Iterable[DnsFinding]) -> str:
    """The SPF record to publish in place of the one that was found, "" where the expected one will
    do: a domain has one policy, and what it says of other senders is kept."""
    if record.kind is not RecordKind.SPF:
        return ""
    for each in findings:
        if each.verdict is DnsVerdict.WRONG:
            for value in each.found:
                if is_spf(text := normalise("TXT", value)):
                    return merge_spf(text).text
    return ""
