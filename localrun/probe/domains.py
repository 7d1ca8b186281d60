"""How GetMailDomain writes its records, and what of them is published."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from localrun.probe.model import Learned, Need, NotAsked, Probe
from localrun.probe.session import Session
from migration.dns import expected_records
from migration.dns_verdicts import judge
from migration.wire.resolver import DnsPythonResolver

_Record = Mapping[str, str]


def _ask_domains(session: Session) -> Learned:
    known = {name: _read(session, name) for name in _names(session)}
    records = [record for _, found in known.values() for record in found]
    shown = {
        name: {
            "ownership": status,
            "records": [
                f"{record.get('Type')} {record.get('Hostname')} {record.get('Value')}"
                for record in found
            ],
        }
        for name, (status, found) in known.items()
    }
    spelling = {
        "types": sorted({record.get("Type", "") for record in records}),
        "final_dots": _spread([record.get("Hostname", "").endswith(".") for record in records]),
        "quoted_txt": _spread(
            [r.get("Value", "").startswith('"') for r in records if r.get("Type") == "TXT"]
        ),
        "mx_with_preference": _spread(
            [r.get("Value", "")[:1].isdigit() for r in records if r.get("Type") == "MX"]
        ),
    }
    return Learned(
        f"{len(known)} domains; types {', '.join(spelling['types']) or 'none'}; final dots: "
        f"{spelling['final_dots']}; quoted TXT: {spelling['quoted_txt']}; MX with its preference: "
        f"{spelling['mx_with_preference']}",
        {**spelling, "domains": shown},
    )


def _ask_dns(session: Session) -> Learned:
    resolver = DnsPythonResolver(session.options.dns_servers)
    published: dict[str, dict[str, str]] = {}
    for name in _names(session):
        domain = session.directory.domain(name)
        if domain is None or not domain.records:
            continue  # the test domain wants no records
        for record in expected_records(domain, session.options.region):
            answers = resolver.ask(record.name, record.type)
            verdicts = Counter(str(judge(record, answer).verdict) for answer in answers)
            said = ", ".join(f"{verdict} at {count}" for verdict, count in verdicts.items())
            published.setdefault(name, {})[f"{record.type} {record.name}"] = said
    if not published:
        raise NotAsked("WorkMail wants no records for any domain of this organization")
    return Learned(f"what DNS servers say of {len(published)} domains", {"published": published})


def _names(session: Session) -> list[str]:
    names: list[str] = []
    more: dict[str, str] = {}
    while True:  # botocore has no paginator for it
        answer = session.client.list_mail_domains(
            OrganizationId=session.options.organization,
            **more,  # type: ignore[arg-type]  # a TypedDict in the stubs
        )
        names += [domain.get("DomainName", "") for domain in answer.get("MailDomains", [])]
        if not answer.get("NextToken"):
            return names
        more = {"NextToken": answer["NextToken"]}


def _read(session: Session, name: str) -> tuple[str, list[_Record]]:
    answer = session.client.get_mail_domain(
        OrganizationId=session.options.organization, DomainName=name
    )
    status = str(answer.get("OwnershipVerificationStatus", ""))
    records: list[_Record] = [dict(record) for record in answer.get("Records", [])]  # type: ignore[arg-type]
    return status, records


def _spread(cases: Sequence[bool]) -> str:
    """Whether it is so always, sometimes or never."""
    if not cases:
        return "no record"
    return "always" if all(cases) else "sometimes" if any(cases) else "never"


QUESTIONS = (
    Probe(
        "domains",
        7,
        "What does GetMailDomain literally say (types, final dots, quotes, MX preference)?",
        Need.NOTHING,
        _ask_domains,
    ),
    Probe(
        "dns",
        0,
        "Which of the records that WorkMail wants are published?",
        Need.NOTHING,
        _ask_dns,
    ),
)
