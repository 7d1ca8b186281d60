"""What the DNS must say when a domain's mail goes to WorkMail, and the one spelling of it.

Pure. Names and hosts are compared without case and final dot (RFC 4343), TXT values without
quotation marks and with their strings joined without a space (RFC 7208, 3.3). What is made of the
answers is in dns_verdicts.py, when to look again in dns_waits.py.
"""

from __future__ import annotations

import re
from dataclasses import replace

from migration import spf
from migration.directory_model import MailDomain
from migration.dns_model import DnsRecord, RecordKind, Require

# What WorkMail's console shows for new domains; alone, its number means nothing.
_MX_PREFERENCE = 10
# What WorkMail suggests, for domains of which GetMailDomain does not return it.
_POLICY = "v=DMARC1;p=quarantine;pct=100;fo=1"

_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_ESCAPED = re.compile(r"\\(\d{3}|.)", re.DOTALL)
_DMARC = re.compile(r"v\s*=\s*DMARC1\s*(;|$)", re.IGNORECASE)
_DKIM_HOST = re.compile(r"\.dkim\.([a-z0-9-]+\.)?amazonses\.com$")
_TOKEN = re.compile(r"[A-Za-z0-9+/]{43}=")

_ONLY_ONE = (RecordKind.MX, RecordKind.AUTODISCOVER, RecordKind.SPF, RecordKind.DMARC)
_REQUIRED = {
    Require.MX: {RecordKind.MX},
    Require.MX_AND_AUTODISCOVER: {RecordKind.MX, RecordKind.AUTODISCOVER},
    Require.ALL: set(RecordKind),
}


def expected_records(
    domain: MailDomain, region: str, require: Require = Require.MX, mail_from: str = ""
) -> tuple[DnsRecord, ...]:
    """The records of a domain, in the order of RecordKind: what WorkMail asks for, in its words,
    and what GetMailDomain does not return.

    MX and autodiscover are made from the Region where WorkMail names none, SPF and DMARC are those
    that its console suggests; DKIM and ownership have tokens that only WorkMail knows. `mail_from`
    is a label before the domain: its MX and SPF are wanted too (SES gives up such a name three days
    after the MX is gone). `require` says which ones decide whether the cut-over is done.
    """
    name = _host(domain.name)
    told = [
        DnsRecord(_host(each.name), each.type, normalise(each.type, each.value))
        for each in domain.records
    ]
    told = [replace(each, kind=kind_of(each, name)) for each in told]
    made = [
        DnsRecord(
            name,
            "MX",
            f"{_MX_PREFERENCE} inbound-smtp.{region}.amazonaws.com",
            kind=RecordKind.MX,
        ),
        DnsRecord(
            f"autodiscover.{name}",
            "CNAME",
            f"autodiscover.mail.{region}.awsapps.com",
            kind=RecordKind.AUTODISCOVER,
        ),
        DnsRecord(name, "TXT", spf.ALONE, kind=RecordKind.SPF),
        DnsRecord(f"_dmarc.{name}", "TXT", _POLICY, kind=RecordKind.DMARC),
        *(_mail_from_records(f"{mail_from}.{name}", region) if mail_from else ()),
    ]
    records: list[DnsRecord] = []
    for record in (*told, *made):
        taken = {(each.kind, each.name) for each in records}
        if record in records or (record.kind in _ONLY_ONE and (record.kind, record.name) in taken):
            continue
        if record in made and (record.kind, record.name) in taken:
            continue
        records.append(replace(record, required=False))
    order = list(RecordKind)
    wanted = [replace(each, required=each.kind in _REQUIRED[require]) for each in records]
    return tuple(sorted(wanted, key=lambda each: order.index(each.kind)))


def _mail_from_records(name: str, region: str) -> tuple[DnsRecord, DnsRecord]:
    mx = f"{_MX_PREFERENCE} feedback-smtp.{region}.amazonses.com"
    return (
        DnsRecord(name, "MX", mx, kind=RecordKind.MAIL_FROM_MX),
        DnsRecord(name, "TXT", spf.ALONE, kind=RecordKind.MAIL_FROM_SPF),
    )


def kind_of(record: DnsRecord, domain: str) -> RecordKind:
    """What a record of `domain` is for, by its name and value: where it stands in WorkMail's list,
    and how the list spells it, means nothing."""
    name, domain = _host(record.name), _host(domain)
    value = normalise(record.type, record.value)
    if record.type == "MX":
        return _kind_of_mx(name, domain, value)
    if record.type == "CNAME":
        if name == f"autodiscover.{domain}":
            return RecordKind.AUTODISCOVER
        return RecordKind.DKIM if _DKIM_HOST.search(value) else RecordKind.OTHER
    if record.type != "TXT":
        return RecordKind.OTHER
    if spf.is_spf(value):
        return RecordKind.SPF if name == domain else RecordKind.MAIL_FROM_SPF
    if name == f"_dmarc.{domain}" and is_dmarc(value):
        return RecordKind.DMARC
    # Providers that take no underscore: the token may stand at the domain itself.
    if name == f"_amazonses.{domain}" or (name == domain and _TOKEN.fullmatch(value)):
        return RecordKind.OWNERSHIP
    return RecordKind.OTHER


def _kind_of_mx(name: str, domain: str, value: str) -> RecordKind:
    if name == domain:
        return RecordKind.MX
    host = exchanger(value)
    bounces = host.startswith("feedback-smtp.") and host.endswith(".amazonses.com")
    return RecordKind.MAIL_FROM_MX if bounces else RecordKind.OTHER


def is_dmarc(text: str) -> bool:
    """Whether a TXT value, its strings joined, is a DMARC policy (RFC 7489, 6.3)."""
    return bool(_DMARC.match(text))


# ---- spelling --------------------------------------------------------------------------------


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


def exchanger(mx: str) -> str:
    """The host of an MX value in that spelling."""
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
