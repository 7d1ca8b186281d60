"""Records that the DNS must have, what servers answered, and what is remembered of that. Standard
library only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class DnsVerdict(StrEnum):
    """What a record looks like against what WorkMail expects. STALE: the zone's own servers have it
    right, and a resolver still answers from its cache."""

    RIGHT = "right"
    STALE = "stale"
    MISSING = "missing"
    WRONG = "wrong"
    EXTRA = "extra"
    UNANSWERED = "unanswered"


class RecordKind(StrEnum):
    """What an expected record is for."""

    MX = "mx"
    AUTODISCOVER = "autodiscover"
    SPF = "spf"
    DKIM = "dkim"
    DMARC = "dmarc"
    OWNERSHIP = "ownership"
    MAIL_FROM_MX = "mail-from mx"
    MAIL_FROM_SPF = "mail-from spf"
    OTHER = "other"


class Require(StrEnum):
    """`dns.require` in the tenant file: which records end the waiting."""

    MX = "mx"
    MX_AND_AUTODISCOVER = "mx+autodiscover"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class DnsRecord:
    """An expected record.

    name      the name at which the record stands
    type      MX, CNAME, TXT and so on
    value     what the record must be
    required  whether the cut-over waits for it
    kind      what the record is for; other where only WorkMail's own words were read
    """

    name: str
    type: str
    value: str
    required: bool = False
    kind: RecordKind = RecordKind.OTHER

    @property
    def key(self) -> str:
        """What tells it from all other expected records of a run."""
        return f"{self.type} {self.name} {self.value}"


@dataclass(frozen=True, slots=True)
class DnsFinding:
    """One expected record as one server answered it.

    record         the record that is expected
    verdict        what the server's answer is against what is expected
    found          what the server answered, as text
    ttl            for how many seconds the answer may be kept
    server         the address and port of the server that was asked
    host           the server's name, if it is one of the zone's own
    authoritative  whether the server is one of the zone's own
    stale_until    until when a resolver may go on with what it has in its cache; only with stale
    detail         why a server has not answered, or what a right answer has that was not expected
    """

    record: DnsRecord
    verdict: DnsVerdict
    found: tuple[str, ...] = ()
    ttl: int = 0
    server: str = ""
    host: str = ""
    authoritative: bool = False
    stale_until: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class DnsProgress:
    """One expected record over all servers.

    verdict      the one of the latest look
    first_right  when it was right for the first time; empty if it never was
    """

    verdict: DnsVerdict
    first_right: str = ""


@dataclass(frozen=True, slots=True)
class DnsWatch:
    """What is remembered of a run's looks at the DNS beside the latest findings; times are ISO 8601
    and "" for never.

    `began` is the first look, `told` the last notice to the operators, `ready` when all required
    records were right for the first time. `went_back` is when one of them, right before, was found
    not to be so any more; "" again once all are right. `old_mx_ttl` is the highest TTL (seconds)
    that was seen on an MX that was not right. `records` is by DnsRecord.key.
    """

    began: str = ""
    told: str = ""
    ready: str = ""
    went_back: str = ""
    old_mx_ttl: int = 0
    records: Mapping[str, DnsProgress] = field(default_factory=dict)
