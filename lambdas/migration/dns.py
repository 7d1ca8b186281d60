"""What the DNS must say when a domain's mail goes to WorkMail, and what is made of the answers.

Pure: records and answers in, findings and waits out. Names and hosts are compared without case
and final dot (RFC 4343), TXT values without quotation marks and with their strings joined without
a space (RFC 7208, 3.3).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from migration.directory_model import MailDomain
from migration.model import DnsFinding, DnsRecord, DnsVerdict
from migration.ports import DnsAnswer

# What WorkMail's console shows for new domains; alone, its number means nothing.
_MX_PREFERENCE = 10

# By the time that has passed since the cut-over began: look again after so many seconds.
#
# A round is 9 events (task 5, choice 2, wait 2), and an execution dies at 25,000, uncaught. 29 days
# of looking every 15 minutes are 2,784 rounds or 25,056 events, and the delta passes still have to
# follow. So after 14 days, which is also the default of the time limit, the wait doubles: 29 days
# then take less than 19,000 events.
_WAITS = (
    (timedelta(minutes=10), 60),
    (timedelta(minutes=30), 2 * 60),
    (timedelta(hours=2), 5 * 60),
    (timedelta(days=14), 15 * 60),
)
_LAST_WAIT = 30 * 60

_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_ESCAPED = re.compile(r"\\(\d{3}|.)", re.DOTALL)
_SPF = re.compile(r"v=spf1( |$)", re.IGNORECASE)
_DMARC = re.compile(r"v\s*=\s*DMARC1\s*(;|$)", re.IGNORECASE)
_NO_SUCH_RECORD = frozenset({"NXDOMAIN", "NODATA"})


# ---- what is expected ------------------------------------------------------------------------


def expected_records(domain: MailDomain, region: str) -> tuple[DnsRecord, ...]:
    """The records of a domain: its MX first, then autodiscover, then what else WorkMail asks for.

    MX and autodiscover are made from the Region where WorkMail names none. Only the domain's own
    MX is required: without the others mail arrives all the same.
    """
    name = _host(domain.name)
    autodiscover = f"autodiscover.{name}"
    mx = DnsRecord(name, "MX", f"{_MX_PREFERENCE} inbound-smtp.{region}.amazonaws.com", True)
    alias = DnsRecord(autodiscover, "CNAME", f"autodiscover.mail.{region}.awsapps.com")
    others: list[DnsRecord] = []
    for record in domain.records:
        value = normalise(record.type, record.value)
        known = DnsRecord(_host(record.name), record.type, value)
        if (known.name, known.type) == (name, "MX"):
            mx = DnsRecord(name, "MX", value, True)
        elif (known.name, known.type) == (autodiscover, "CNAME"):
            alias = known
        elif known not in others:
            others.append(known)
    return (mx, alias, *others)


# ---- what was answered -----------------------------------------------------------------------


def normalise(type_: str, value: str) -> str:
    """A record's value in the one spelling that is compared.

    `type_` in capitals. MX without a preference gets the usual one. The case of TXT is kept: the
    ownership token depends on it.
    """
    value = value.strip()
    if type_ == "TXT":
        return _join_strings(value)
    if type_ == "MX":
        preference, _, host = value.rpartition(" ")
        number = int(preference) if preference.strip().isdecimal() else _MX_PREFERENCE
        return f"{number} {_host(host) or '.'}"
    return _host(value)


def judge(record: DnsRecord, answer: DnsAnswer) -> DnsFinding:
    """One server's answer against one expected record.

    MX: right if all published hosts are the expected one, whatever their preferences; EXTRA if
    there is another beside it, because mail would go there too. SPF: right if the one SPF record
    includes amazonses.com; EXTRA if there are two, which is an error to receivers (RFC 7208, 3.2).
    DMARC: right if there is one, since the policy is the owner's to choose; EXTRA if there are two,
    which receivers ignore (RFC 7489, 6.6.3). Other TXT may stand beside foreign ones.
    """
    if answer.error:
        missing = answer.error in _NO_SUCH_RECORD
        verdict = DnsVerdict.MISSING if missing else DnsVerdict.UNANSWERED
    else:
        verdict = _compare(record, [normalise(record.type, value) for value in answer.values])
    return DnsFinding(record, verdict, answer.values, answer.ttl, answer.server)


def _compare(record: DnsRecord, found: Sequence[str]) -> DnsVerdict:
    expected = normalise(record.type, record.value)
    if record.type == "MX":
        return _compare_hosts(_exchanger(expected), {_exchanger(value) for value in found})
    if record.type == "TXT" and _SPF.match(expected):
        return _compare_policies([_includes_ses(value) for value in found if _SPF.match(value)])
    if record.type == "TXT" and _DMARC.match(expected):
        return _compare_policies([True for value in found if _DMARC.match(value)])
    if expected in found:
        return DnsVerdict.RIGHT
    others_may_stand_there = record.type == "TXT"
    return DnsVerdict.WRONG if found and not others_may_stand_there else DnsVerdict.MISSING


def _compare_hosts(expected: str, found: set[str]) -> DnsVerdict:
    if not found:
        return DnsVerdict.MISSING
    if expected not in found:
        return DnsVerdict.WRONG
    return DnsVerdict.RIGHT if found == {expected} else DnsVerdict.EXTRA


def _compare_policies(good: Sequence[bool]) -> DnsVerdict:
    """`good` has an entry for every policy record that was found."""
    if not good:
        return DnsVerdict.MISSING
    if len(good) > 1:
        return DnsVerdict.EXTRA
    return DnsVerdict.RIGHT if good[0] else DnsVerdict.WRONG


def _includes_ses(spf: str) -> bool:
    terms = {_host(term.removeprefix("+")) for term in spf.lower().split()}
    return "include:amazonses.com" in terms


def _exchanger(mx: str) -> str:
    return mx.partition(" ")[2]


def _host(name: str) -> str:
    return name.strip().rstrip(".").lower()


def _join_strings(text: str) -> str:
    strings = _QUOTED.findall(text) if text.startswith('"') else []
    if not strings:
        return text
    return _ESCAPED.sub(_unescape, "".join(strings))


def _unescape(match: re.Match[str]) -> str:
    code = match[1]
    return chr(int(code)) if len(code) == 3 else code


# ---- what follows from it --------------------------------------------------------------------


def is_cut_over(findings: Iterable[DnsFinding]) -> bool:
    """Whether every required record is right at every server that was asked.

    A server that does not answer is not right; nothing required is not cut over.
    """
    verdicts = [finding.verdict for finding in findings if finding.record.required]
    return bool(verdicts) and all(verdict is DnsVerdict.RIGHT for verdict in verdicts)


def find_open(findings: Iterable[DnsFinding]) -> dict[DnsRecord, Counter[DnsVerdict]]:
    """The required records that are not right everywhere: how many servers gave which verdict."""
    verdicts = _count_verdicts(finding for finding in findings if finding.record.required)
    return {
        record: counts for record, counts in verdicts.items() if set(counts) != {DnsVerdict.RIGHT}
    }


def describe_open(findings: Iterable[DnsFinding]) -> tuple[str, ...]:
    """A line for each required record that is open: type, domain, verdicts. No server, no value."""
    return tuple(
        f"{record.type} of {record.name}: {_describe_counts(counts)}"
        for record, counts in find_open(findings).items()
    )


def describe(findings: Sequence[DnsFinding]) -> str:
    """The state of affairs in a line: it changes when a verdict does, not with TTLs or order."""
    verdicts = _count_verdicts(findings)
    required = [
        f"{record.type} of {record.name}: {_describe_counts(counts)}"
        for record, counts in verdicts.items()
        if record.required
    ]
    others = Counter(_worst(counts) for record, counts in verdicts.items() if not record.required)
    if others:
        parts = [f"{others[verdict]} {verdict}" for verdict in DnsVerdict if others[verdict]]
        required.append(f"other records: {', '.join(parts)}")
    return "; ".join(required)


def _count_verdicts(findings: Iterable[DnsFinding]) -> dict[DnsRecord, Counter[DnsVerdict]]:
    counted: dict[DnsRecord, Counter[DnsVerdict]] = {}
    for finding in findings:
        counted.setdefault(finding.record, Counter())[finding.verdict] += 1
    return counted


def _describe_counts(counts: Counter[DnsVerdict]) -> str:
    asked = counts.total()
    servers = "server" if asked == 1 else "servers"
    parts = [f"{verdict} at {counts[verdict]}" for verdict in DnsVerdict if counts[verdict]]
    return f"{', '.join(parts)} of {asked} {servers}"


def _worst(counts: Counter[DnsVerdict]) -> DnsVerdict:
    """Of what the servers say, what the operator should know."""
    order = ("wrong", "extra", "missing", "unanswered", "right")
    return min(counts, key=order.index)


# ---- when to look again ----------------------------------------------------------------------


def next_wait(since: datetime, now: datetime) -> int:
    """Seconds until the next look: 60 at first, 1,800 after two weeks (see _WAITS)."""
    passed = now - since
    return next((seconds for limit, seconds in _WAITS if passed < limit), _LAST_WAIT)


def has_timed_out(since: datetime, now: datetime, days: int) -> bool:
    """Whether `days` have passed since the cut-over began."""
    return now - since >= timedelta(days=days)
