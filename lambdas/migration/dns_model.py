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
    """An expected record. `required` ones decide whether the cut-over is done. Where WorkMail's own
    words are read, nobody has said yet what it is for: that is dns.kind_of."""

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
    """One expected record as one server answered it. `found` holds the rdata as text.

    `server` is where it was asked, `host` the name of an authoritative server. `stale_until` says
    until when (ISO 8601) a resolver may go on with what it has in its cache; only with STALE.
    `detail` is why a server has not answered (see DnsAnswer.error), or what a right answer has that
    was not expected.
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
    """One expected record over all servers: `verdict` at the latest look, and when it was RIGHT for
    the first time ("" if it never was)."""

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
