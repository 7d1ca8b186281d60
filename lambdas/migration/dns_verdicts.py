"""What is made of the servers' answers: a verdict for each, one over all, and what is still open.

Pure: answers in, findings and sentences out. The rule when a cut-over is done: docs/decisions/0017.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from migration import spf
from migration.dns import exchanger, is_dmarc, normalise
from migration.dns_model import DnsFinding, DnsRecord, DnsVerdict, RecordKind
from migration.ports import DnsAnswer

AT_A_GATEWAY = "a mail gateway"
"""The detail of a right MX that is not WorkMail's own."""

_NO_SUCH_RECORD = frozenset({"NXDOMAIN", "NODATA"})
_NOT_RIGHT = (DnsVerdict.WRONG, DnsVerdict.EXTRA, DnsVerdict.MISSING)
_WORST_FIRST = (*_NOT_RIGHT, DnsVerdict.STALE, DnsVerdict.UNANSWERED, DnsVerdict.RIGHT)
_RESOLVERS_NEEDED = 2
# No cache keeps anything for longer, whatever its TTL says: RFC 8767, 4.
_LONGEST_TTL = 7 * 24 * 3600

# ---- one answer ------------------------------------------------------------------------------


def judge(record: DnsRecord, answer: DnsAnswer, gateways: Collection[str] = ()) -> DnsFinding:
    """One server's answer against one expected record.

    MX: right if all published hosts are the expected one, whatever their preferences; EXTRA if
    there is another beside it, because mail would go there too. The hosts of `gateways` (small
    letters, no final dot) may stand in its place or beside it. SPF: right if the one SPF record
    lets in amazonses.com; EXTRA if there are two, which is an error to receivers (RFC 7208, 3.2).
    DMARC: right if there is one, since the policy is the owner's to choose; EXTRA if there are two,
    which receivers ignore (RFC 7489, 6.6.3). Other TXT may stand beside foreign ones.
    """
    if answer.error:
        missing = answer.error in _NO_SUCH_RECORD
        verdict = DnsVerdict.MISSING if missing else DnsVerdict.UNANSWERED
        detail = "" if missing else answer.error
    else:
        found = [normalise(record.type, value) for value in answer.values]
        allowed = set(gateways) if record.kind is RecordKind.MX else set()
        verdict = _compare(record, found, allowed)
        passed = verdict is DnsVerdict.RIGHT and allowed & {exchanger(each) for each in found}
        detail = AT_A_GATEWAY if passed else ""
    return DnsFinding(
        record,
        verdict,
        answer.values,
        answer.ttl,
        answer.server,
        answer.host,
        answer.authoritative,
        detail=detail,
    )


def _compare(record: DnsRecord, found: Sequence[str], gateways: set[str]) -> DnsVerdict:
    expected = normalise(record.type, record.value)
    if record.type == "MX":
        good = {exchanger(expected)} | gateways
        return _compare_hosts(good, {exchanger(value) for value in found})
    if record.type == "TXT" and spf.is_spf(expected):
        return _compare_policies([_lets_ses_in(value) for value in found if spf.is_spf(value)])
    if record.type == "TXT" and is_dmarc(expected):
        return _compare_policies([True for value in found if is_dmarc(value)])
    if expected in found:
        return DnsVerdict.RIGHT
    others_may_stand_there = record.type == "TXT"
    return DnsVerdict.WRONG if found and not others_may_stand_there else DnsVerdict.MISSING


def _compare_hosts(good: set[str], found: set[str]) -> DnsVerdict:
    if not found:
        return DnsVerdict.MISSING
    if not found & good:
        return DnsVerdict.WRONG
    return DnsVerdict.RIGHT if found <= good else DnsVerdict.EXTRA


def _compare_policies(good: Sequence[bool]) -> DnsVerdict:
    """`good` has an entry for every policy record that was found."""
    if not good:
        return DnsVerdict.MISSING
    if len(good) > 1:
        return DnsVerdict.EXTRA
    return DnsVerdict.RIGHT if good[0] else DnsVerdict.WRONG


def _lets_ses_in(record: str) -> bool:
    """Whether merging SES into the record would change nothing."""
    return spf.merge_spf(record).text == record


# ---- all answers -----------------------------------------------------------------------------


def judge_all(
    record: DnsRecord, answers: Iterable[DnsAnswer], now: datetime, gateways: Collection[str] = ()
) -> list[DnsFinding]:
    """The answers of all servers to the question for a record, in their order; `now` in UTC. Where
    the zone's own servers have it right, all that answer, what a resolver says else is STALE until
    its TTL has passed."""
    findings = [judge(record, answer, gateways) for answer in answers]
    own = {each.verdict for each in findings if each.authoritative} - {DnsVerdict.UNANSWERED}
    if own != {DnsVerdict.RIGHT}:
        return findings
    return [
        replace(
            each,
            verdict=DnsVerdict.STALE,
            stale_until=f"{now + timedelta(seconds=each.ttl):%Y-%m-%dT%H:%M:%SZ}",
        )
        if each.verdict in _NOT_RIGHT and not each.authoritative
        else each
        for each in findings
    ]


def settle(findings: Iterable[DnsFinding]) -> DnsVerdict:
    """One verdict on a record, from what all servers say of it.

    What any server has not right decides, the zone's own servers first. RIGHT takes one of those,
    if the zone has any that answer from here, and two resolvers (all, if fewer are asked); servers
    that do not answer are told and block nothing beyond that. See docs/decisions/0017.
    """
    verdicts: dict[bool, list[DnsVerdict]] = {True: [], False: []}
    for each in findings:
        verdicts[each.authoritative].append(each.verdict)
    own, resolvers = verdicts[True], verdicts[False]
    for group in (own, resolvers):
        worst = min(group, key=_WORST_FIRST.index, default=DnsVerdict.RIGHT)
        if worst in (*_NOT_RIGHT, DnsVerdict.STALE):
            return worst
    right = resolvers.count(DnsVerdict.RIGHT)
    enough = right >= min(_RESOLVERS_NEEDED, len(resolvers)) and (own or resolvers)
    return DnsVerdict.RIGHT if enough else DnsVerdict.UNANSWERED


def settle_all(findings: Iterable[DnsFinding]) -> dict[DnsRecord, DnsVerdict]:
    """The verdict on every record, in the order of the findings."""
    return {record: settle(each) for record, each in _by_record(findings).items()}


def is_cut_over(findings: Iterable[DnsFinding]) -> bool:
    """Whether every required record is right; nothing required is not cut over."""
    verdicts = [verdict for record, verdict in settle_all(findings).items() if record.required]
    return bool(verdicts) and all(verdict is DnsVerdict.RIGHT for verdict in verdicts)


def highest_old_ttl(findings: Iterable[DnsFinding]) -> int:
    """The highest TTL (seconds) of an MX that is published and not right: for so long a sender may
    keep it, but for a week at most. 0 if there is none."""
    old = (DnsVerdict.WRONG, DnsVerdict.EXTRA, DnsVerdict.STALE)
    return max(
        (
            min(each.ttl, _LONGEST_TTL)
            for each in findings
            if each.record.kind is RecordKind.MX and each.verdict in old and each.found
        ),
        default=0,
    )


# ---- what is open ----------------------------------------------------------------------------


def find_open(findings: Iterable[DnsFinding]) -> dict[DnsRecord, Counter[DnsVerdict]]:
    """The required records that are not right yet: how many servers gave which verdict."""
    grouped = _by_record(each for each in findings if each.record.required)
    return {
        record: Counter(each.verdict for each in found)
        for record, found in grouped.items()
        if settle(found) is not DnsVerdict.RIGHT
    }


def describe_open(findings: Iterable[DnsFinding]) -> tuple[str, ...]:
    """A line for each required record that is open: type, domain, verdicts. No server, no value."""
    return tuple(
        f"{record.type} of {record.name}: {_describe_counts(counts)}"
        for record, counts in find_open(findings).items()
    )


def describe(findings: Iterable[DnsFinding]) -> str:
    """The state of affairs in a line: it changes when a verdict does, not with TTLs or order."""
    grouped = _by_record(findings)
    required = [
        f"{record.type} of {record.name}: {_describe_counts(Counter(e.verdict for e in found))}"
        for record, found in grouped.items()
        if record.required
    ]
    others = Counter(settle(found) for record, found in grouped.items() if not record.required)
    if others:
        parts = [f"{others[verdict]} {verdict}" for verdict in DnsVerdict if others[verdict]]
        required.append(f"other records: {', '.join(parts)}")
    return "; ".join(required)


def _describe_counts(counts: Mapping[DnsVerdict, int]) -> str:
    asked = sum(counts.values())
    servers = "server" if asked == 1 else "servers"
    parts = [f"{verdict} at {counts[verdict]}" for verdict in DnsVerdict if counts[verdict]]
    return f"{', '.join(parts)} of {asked} {servers}"


def _by_record(findings: Iterable[DnsFinding]) -> dict[DnsRecord, list[DnsFinding]]:
    grouped: dict[DnsRecord, list[DnsFinding]] = {}
    for finding in findings:
        grouped.setdefault(finding.record, []).append(finding)
    return grouped
