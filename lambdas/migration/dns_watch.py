"""What a look at the DNS means for the run: what is remembered, and what operators are told.

Pure. A look is compared with what is remembered of those before (DnsWatch).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from migration.dns_model import DnsFinding, DnsProgress, DnsRecord, DnsVerdict, DnsWatch, RecordKind
from migration.dns_verdicts import (
    describe_open,
    find_open,
    highest_old_ttl,
    is_cut_over,
    settle_all,
)
from migration.model import Notice, NoticeKind

_DAILY = timedelta(days=1)
_BACK = (DnsVerdict.WRONG, DnsVerdict.EXTRA, DnsVerdict.MISSING)
# Between these two, caches come and go: no news.
_FORGETTING = {DnsVerdict.RIGHT, DnsVerdict.STALE}


def remember(before: DnsWatch, findings: Sequence[DnsFinding], now: str) -> DnsWatch:
    """The watch after a look at the time `now`; `told` is as before. Silence tells nothing about a
    record: what was last said of it is kept."""
    settled = settle_all(findings)
    ready = is_cut_over(findings)
    records = {
        record.key: DnsProgress(
            _last_said(before, record, verdict), _first_right(before, record, verdict, now)
        )
        for record, verdict in settled.items()
    }
    went_back = before.went_back or (now if find_gone_back(before, findings) else "")
    return DnsWatch(
        began=before.began or now,
        told=before.told,
        ready=before.ready or (now if ready else ""),
        went_back="" if ready else went_back,
        old_mx_ttl=max(before.old_mx_ttl, highest_old_ttl(findings)),
        records={**before.records, **records},
    )


def _last_said(before: DnsWatch, record: DnsRecord, verdict: DnsVerdict) -> DnsVerdict:
    known = _last(before, record) if verdict is DnsVerdict.UNANSWERED else None
    return known or verdict


def _first_right(before: DnsWatch, record: DnsRecord, verdict: DnsVerdict, now: str) -> str:
    known = before.records.get(record.key)
    if known and known.first_right:
        return known.first_right
    return now if verdict is DnsVerdict.RIGHT else ""


def find_gone_back(before: DnsWatch, findings: Iterable[DnsFinding]) -> list[DnsRecord]:
    """The required records that the zone's own servers had right, at the look before or when all
    was ready, and that are answered otherwise now. Silence is none of that, nor is a resolver that
    has an old value in its cache again."""
    was_ready = bool(before.ready and not before.went_back)
    return [
        record
        for record, verdict in settle_all(findings).items()
        if record.required
        and verdict in _BACK
        and (was_ready or _last(before, record) in _FORGETTING)
    ]


def _last(before: DnsWatch, record: DnsRecord) -> DnsVerdict | None:
    known = before.records.get(record.key)
    return known.verdict if known else None


def describe_gone_back(before: DnsWatch, findings: Iterable[DnsFinding]) -> str:
    """A sentence on each record that has gone back; "" if none has. No value, no server."""
    return " ".join(
        f"{record.type} of {record.name} was right and is not any more: mail goes to the old "
        "server again."
        if record.kind is RecordKind.MX
        else f"{record.type} of {record.name} was right and is not any more."
        for record in find_gone_back(before, findings)
    )


# ---- what operators are told -----------------------------------------------------------------


def choose_notice(
    run: str, now: str, before: DnsWatch, after: DnsWatch, findings: Sequence[DnsFinding]
) -> Notice | None:
    """What is to be told of a look, if anything: that a record went back or is right again, that
    the verdict on a record has changed, and how things are once a day while something is open. The
    subject is yet without the tenant, and as long as names are."""
    gone = find_gone_back(before, findings)
    if gone:
        subject = f"DNS: {gone[0].type} of {gone[0].name} has gone back"
        lead = describe_gone_back(before, findings) + (
            " The passes that follow bring what arrives there, as many as the tenant file allows."
            if before.ready
            else ""
        )
        return _notice(NoticeKind.DNS, run, now, subject, lead, findings)
    if after.ready and not before.ready:
        return None  # that is a notice of its own; see notices.cut_over
    if before.went_back and not after.went_back:
        lead = "Every required record is right again."
        return _notice(NoticeKind.DNS, run, now, "DNS: mail goes to WorkMail again", lead, findings)
    opened = len(find_open(findings))
    due = bool(opened) and _is_due(before, now)
    if not due and not _has_changed(before, findings):
        return None
    subject = f"DNS: waiting for {opened} record{'' if opened == 1 else 's'}"
    if not opened:
        subject = "DNS: a record has changed"
    lead = " ".join(f"{line}." for line in describe_open(findings))
    return _notice(NoticeKind.DNS, run, now, subject, lead, findings)


def _has_changed(before: DnsWatch, findings: Iterable[DnsFinding]) -> bool:
    """Whether a verdict is news; silence is none, unless a record was never heard of."""
    news = (
        (_last(before, record), _last_said(before, record, verdict))
        for record, verdict in settle_all(findings).items()
    )
    return any(last is not said and not {last, said} <= _FORGETTING for last, said in news)


def _is_due(before: DnsWatch, now: str) -> bool:
    if not before.told:
        return True
    return datetime.fromisoformat(now) - datetime.fromisoformat(before.told) >= _DAILY


def _notice(
    kind: NoticeKind,
    run: str,
    now: str,
    subject: str,
    lead: str,
    findings: Sequence[DnsFinding],
) -> Notice:
    settled = settle_all(findings)
    lines = [
        line for record, verdict in settled.items() for line in _tell(record, verdict, findings)
    ]
    facts: dict[str, str | int | bool] = {
        "ready": is_cut_over(findings),
        "open": len(find_open(findings)),
        **{f"{record.type} {record.name}": str(verdict) for record, verdict in settled.items()},
    }
    text = "\n".join([*([lead, ""] if lead else []), *lines])
    return Notice(kind, run, now, subject, text, facts)


def _tell(record: DnsRecord, verdict: DnsVerdict, findings: Iterable[DnsFinding]) -> Iterable[str]:
    """Lines on a record: what is expected, and what which servers say unless it is right. Foreign
    TXT records are nobody's business and not repeated."""
    required = ", required" if record.required else ""
    yield f"{record.type} {record.name}: {verdict}{required}"
    if verdict is DnsVerdict.RIGHT:
        return
    yield f"    expected: {record.value}"
    saying: dict[str, list[str]] = {}
    for each in findings:
        if each.record == record and each.verdict is not DnsVerdict.RIGHT:
            where = f"{each.host} ({each.server})" if each.host else each.server
            saying.setdefault(_say(each), []).append(where)
    for said, servers in saying.items():
        yield f"    {said} at {', '.join(servers)}"


def _say(finding: DnsFinding) -> str:
    said = str(finding.verdict)
    if finding.stale_until:
        said += f" until {finding.stale_until}"
    if finding.found and finding.record.type != "TXT":
        said += f", found {', '.join(finding.found)}"
    return f"{said} ({finding.detail})" if finding.detail else said
