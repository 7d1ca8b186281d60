"""Domains and zones for the tests of publishing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from migration.directory_model import MailDomain
from migration.dns_model import DnsRecord, DnsVerdict
from migration.dns_verdicts import judge
from migration.ports import DnsAnswer
from migration.zone_model import Change, RecordSet

DOMAIN, REGION = "acme.example", "eu-west-1"
INBOUND = f"inbound-smtp.{REGION}.amazonaws.com"
TOKENS = ("aaa", "bbb", "ccc")

OLD_MX = RecordSet(DOMAIN, "MX", 3600, ("10 mail.old.example.", "20 mail2.old.example."))
OLD_TXT = RecordSet(DOMAIN, "TXT", 900, ('"site=1"', '"v=spf1 mx -all"', '"caf\\303\\251"'))
OLD_AUTODISCOVER = RecordSet(f"autodiscover.{DOMAIN}", "CNAME", 7200, ("auto.old.example",))
OLD_DMARC = RecordSet(f"_dmarc.{DOMAIN}", "TXT", 60, ('"v=DMARC1; p=none"',))
OLD = (OLD_AUTODISCOVER, OLD_DMARC, OLD_MX, OLD_TXT)


def mail_domain(name: str = DOMAIN) -> MailDomain:
    """As GetMailDomain describes it."""
    records = [
        DnsRecord(f"_amazonses.{name}", "TXT", "fmxqxT/icOYx4aA/bEUrDPMeax9/s3frblS+niixmqk="),
        DnsRecord(name, "MX", f"10 {INBOUND}."),
        DnsRecord(f"autodiscover.{name}", "CNAME", f"autodiscover.mail.{REGION}.awsapps.com."),
        *(
            DnsRecord(f"{token}._domainkey.{name}", "CNAME", f"{token}.dkim.amazonses.com.")
            for token in TOKENS
        ),
        DnsRecord(name, "TXT", '"v=spf1 include:amazonses.com ~all"'),
        DnsRecord(f"_dmarc.{name}", "TXT", "v=DMARC1;p=quarantine;pct=100;fo=1"),
    ]
    return MailDomain(name, verified=True, records=tuple(records))


def apply(standing: Iterable[RecordSet], changes: Iterable[Change]) -> list[RecordSet]:
    """A zone after the changes."""
    zone = {(each.name, each.type): each for each in standing}
    for change in changes:
        key = change.record_set.name, change.record_set.type
        if change.action == "DELETE":
            del zone[key]
        else:
            zone[key] = change.record_set
    return [each for _, each in sorted(zone.items())]


def verdict(record: DnsRecord, zone: Sequence[RecordSet]) -> DnsVerdict:
    """What the check of the cut-over says of a record in such a zone."""
    here = [each for each in zone if (each.name, each.type) == (record.name, record.type)]
    values = here[0].values if here else ()
    answer = DnsAnswer("zone", values, error="" if values else "NODATA")
    return judge(record, answer).verdict
