"""What must change in the DNS so that it says what WorkMail wants. Pure: no zone is touched here.

In two batches. First everything that does no harm before the mail moves: the ownership, DKIM, SPF,
DMARC and MAIL FROM. Then MX, and autodiscover with it: while MX points to the old server, a mail
program that found WorkMail by autodiscover would show an empty mailbox, or one without new mail.

What is the owner's stays: other TXT values, other terms of SPF, a DMARC policy, a mail gateway in
MX. What cannot be changed without taking something of his away is told instead.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from migration import dns
from migration.dns_model import DnsRecord
from migration.dns_values import is_same, quote, spell
from migration.spf import is_spf, merge_spf
from migration.zone_model import Change, RecordSet

TTL = 3600
"""Seconds; what AWS recommends."""

TTL_OF_SWITCH = 300
"""Of MX and autodiscover: a change that proves wrong, and the way back, are seen everywhere after
five minutes. The owner may raise it to 3600 when everything is well."""

_DMARC_ALONE = "v=DMARC1;p=quarantine;pct=100;fo=1"  # WorkMail's console suggests it
_DMARC = re.compile(r"v\s*=\s*DMARC1\s*(;|$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Step:
    """One record set: `before` stands there (None: nothing), `after` is to stand there. `last`: it
    belongs to the second batch."""

    before: RecordSet | None
    after: RecordSet
    last: bool = False

    @property
    def is_done(self) -> bool:
        """Whether nothing is to be changed."""
        return is_same(self.before, self.after)


@dataclass(frozen=True, slots=True)
class Plan:
    """`steps` in the order of the wanted records, done ones too. `conflicts` are sentences about
    what is left as it is although WorkMail wants it otherwise, `remarks` about what the owner
    should know; both name records, never what stands in them."""

    steps: tuple[Step, ...]
    conflicts: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()

    @property
    def first(self) -> tuple[Step, ...]:
        """What is to be changed at first."""
        return tuple(step for step in self.steps if not step.last and not step.is_done)

    @property
    def last(self) -> tuple[Step, ...]:
        """What is to be changed when the first batch is everywhere."""
        return tuple(step for step in self.steps if step.last and not step.is_done)


class _Conflict(Exception):
    """A record set cannot be made as it is wanted; the text goes on after "MX of example.org: "."""


def names_to_read(records: Iterable[DnsRecord], zone: str) -> list[str]:
    """The names of which the planner must know all that stands there: those of the records, and
    those between them and the zone's own, which may be delegated."""
    names: set[str] = set()
    for record in records:
        name = record.name
        while name != zone and name.endswith(f".{zone}"):
            names.add(name)
            name = name.partition(".")[2]
        names.add(name)
    return sorted(names)


def plan(
    domain: str,
    records: Sequence[DnsRecord],
    standing: Sequence[RecordSet],
    gateways: Collection[str] = (),
    zone: str = "",
) -> Plan:
    """What is to be changed so that the domain's records are what is wanted. `standing` is all
    that is at `names_to_read`; `gateways` are hosts that may stand in MX for WorkMail's. `zone` is
    the hosted zone's name; "" if what is in the way of delegations is not known."""
    wanted: dict[tuple[str, str], list[DnsRecord]] = {}
    for record in records:
        wanted.setdefault((record.name, record.type), []).append(record)
    steps, conflicts, remarks = [], [], []
    hosts = {host.rstrip(".").lower() for host in gateways}
    for (name, type_), group in wanted.items():
        try:
            _refuse_obstacles(name, type_, standing, zone)
            step, told = _plan_set(domain, group, _find(standing, name, type_), hosts)
        except _Conflict as conflict:
            conflicts.append(f"{type_} of {name}: {conflict}")
        else:
            steps.append(step)
            remarks += [f"{type_} of {name}: {remark}" for remark in told]
    return Plan(tuple(steps), tuple(conflicts), tuple(remarks))


def plan_lower_ttl(
    domain: str, records: Sequence[DnsRecord], standing: Sequence[RecordSet], ttl: int
) -> Step | None:
    """The domain's MX as it is, but cached for at most `ttl` seconds; None if it is already, if
    there is none, or if it is no plain one. WorkMail's own is left alone."""
    here = _find(standing, domain, "MX")
    wanted = [
        spell("MX", each.value) for each in records if (each.name, each.type) == (domain, "MX")
    ]
    if here is None or here.special or here.ttl <= ttl:
        return None
    if wanted and _exchangers(here.values) == _exchangers(wanted):
        return None
    return Step(here, replace(here, ttl=ttl))


def changes_of(steps: Iterable[Step]) -> list[Change]:
    """The steps as a batch."""
    return [Change("UPSERT", step.after) for step in steps]


# ---- what is in the way ----------------------------------------------------------------------


def _refuse_obstacles(name: str, type_: str, standing: Sequence[RecordSet], zone: str) -> None:
    above = name
    while zone and above != zone and above.endswith(f".{zone}"):
        if _find(standing, above, "NS"):
            raise _Conflict(f"{above} is delegated to other servers: publish it there")
        above = above.partition(".")[2]
    here = [records for records in standing if records.name == name]
    for records in here:
        if records.special and records.type == type_:
            raise _Conflict(f"what stands there is {records.special}, and is left alone")
    others = [records.type for records in here if records.type != type_]
    if type_ == "CNAME" and others:
        kinds = ", ".join(sorted(set(others)))
        raise _Conflict(f"{kinds} stands at this name, beside which there can be no CNAME")
    if type_ != "CNAME" and "CNAME" in others:
        raise _Conflict("a CNAME stands at this name, which says that all is found elsewhere")


# ---- what is to stand there ------------------------------------------------------------------


def _plan_set(
    domain: str, wanted: Sequence[DnsRecord], here: RecordSet | None, gateways: Collection[str]
) -> tuple[Step, list[str]]:
    name, type_ = wanted[0].name, wanted[0].type
    if type_ == "TXT":
        return _plan_texts(wanted, here)
    values = tuple(dict.fromkeys(spell(type_, record.value) for record in wanted))
    if type_ == "MX" and name == domain:
        return _plan_mx(RecordSet(name, type_, TTL_OF_SWITCH, values), here, gateways)
    is_autodiscover = type_ == "CNAME" and name == f"autodiscover.{domain}"
    after = RecordSet(name, type_, TTL_OF_SWITCH if is_autodiscover else TTL, values)
    if here is not None and _says(here, after):
        return Step(here, here, is_autodiscover), []
    if here is not None and type_ != "CNAME":
        raise _Conflict("another value stands there; it is left alone")
    return Step(here, after, is_autodiscover), []


def _plan_mx(
    ours: RecordSet, here: RecordSet | None, gateways: Collection[str]
) -> tuple[Step, list[str]]:
    """Gateways stay, because mail goes through them to WorkMail; whatever else stands beside them
    goes."""
    if here is None:
        return Step(None, ours, last=True), []
    if _exchangers(here.values) == _exchangers(ours.values):
        return Step(here, here, last=True), []
    kept = tuple(value for value in here.values if _exchangers([value]) <= set(gateways))
    if not kept:
        return Step(here, ours, last=True), []
    remark = "it names your mail gateway, which is left there: it must deliver to WorkMail"
    if kept == here.values:
        return Step(here, here, last=True), [remark]
    return Step(here, replace(ours, values=kept), last=True), [remark]


def _plan_texts(wanted: Sequence[DnsRecord], here: RecordSet | None) -> tuple[Step, list[str]]:
    """The values that are there, and those that are missing; SPF merged, DMARC left."""
    values = list(here.values) if here else []
    remarks: list[str] = []
    for record in wanted:
        text = dns.normalise("TXT", record.value)
        if is_spf(text):
            remarks += _let_ses_in(values, text)
        elif _DMARC.match(text):
            if not any(_DMARC.match(dns.normalise("TXT", value)) for value in values):
                values.append(quote(text))
        elif text not in (dns.normalise("TXT", value) for value in values):
            values.append(quote(text))
    if here and tuple(values) == here.values:
        return Step(here, here), remarks
    first = wanted[0]
    return Step(
        here, RecordSet(first.name, "TXT", here.ttl if here else TTL, tuple(values))
    ), remarks


def _let_ses_in(values: list[str], alone: str) -> Sequence[str]:
    """Changes `values` so that their SPF record lets SES in."""
    texts = [dns.normalise("TXT", value) for value in values]
    policies = [place for place, text in enumerate(texts) if is_spf(text)]
    if len(policies) > 1:
        raise _Conflict(
            f"{len(policies)} SPF records stand there, which is an error to receivers (RFC 7208, "
            "3.2): make them one, with include:amazonses.com in it"
        )
    if not policies:
        values.append(quote(alone))
        return ()
    (place,) = policies
    merged = merge_spf(texts[place])
    if merged.text != texts[place]:
        try:
            values[place] = quote(merged.text)
        except ValueError as error:
            raise _Conflict(f"its SPF record cannot be merged: {error}") from None
    return merged.remarks


def _find(standing: Iterable[RecordSet], name: str, type_: str) -> RecordSet | None:
    here = [each for each in standing if (each.name, each.type) == (name, type_)]
    return here[0] if here else None


def _says(here: RecordSet, wanted: RecordSet) -> bool:
    """Whether it does what is wanted: the hosts are the same, whatever preferences and TTL."""
    if here.type == "MX":
        return _exchangers(here.values) == _exchangers(wanted.values)
    return is_same(here, replace(wanted, ttl=here.ttl))


def _exchangers(values: Iterable[str]) -> set[str]:
    return {dns.normalise("MX", value).partition(" ")[2] for value in values}
