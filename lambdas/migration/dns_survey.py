"""What a domain publishes today, for whoever has no access to its zone: by asking DNS servers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

from migration.dns_model import DnsRecord
from migration.dns_values import from_answer
from migration.ports import DnsAnswer, Resolver
from migration.zone_model import RecordSet

_QUESTIONS_AT_ONCE = 8
_NO_SUCH_RECORD = frozenset({"NXDOMAIN", "NODATA"})
# What may stand at a name where WorkMail wants a CNAME, of all that stands there in practice.
_BESIDE_ALIAS = ("CNAME", "A", "AAAA", "TXT", "MX")

Question = tuple[str, str]


def survey(
    resolver: Resolver, domain: str, records: Sequence[DnsRecord]
) -> tuple[list[RecordSet], list[str]]:
    """What stands at the names of the records, as far as it matters to them, and sentences about
    what could not be found out.

    A name with a CNAME has nothing else: what servers answer for other types belongs to where it
    points. If servers disagree, most of them are right; the TTL is the longest that one says,
    because caches count down."""
    questions = list(dict.fromkeys(_questions(domain, records)))
    with ThreadPoolExecutor(_QUESTIONS_AT_ONCE) as pool:
        answers = dict(
            zip(questions, pool.map(lambda asked: resolver.ask(*asked), questions), strict=True)
        )
    standing, remarks = [], []
    for name, type_ in questions:
        if type_ != "CNAME" and _agree(answers.get((name, "CNAME"), ())):
            continue
        values = _agree(answers[name, type_])
        if values is None:
            remarks.append(
                f"{type_} of {name}: no server has told what is published there now; look at it "
                "before you publish what is said here"
            )
        elif values:
            ttl = max(answer.ttl for answer in answers[name, type_])
            spelled = tuple(from_answer(type_, value) for value in values)
            standing.append(RecordSet(name, type_, ttl, spelled))
    return standing, remarks


def _questions(domain: str, records: Iterable[DnsRecord]) -> Iterable[Question]:
    for record in records:
        if record.type == "CNAME":
            yield from ((record.name, type_) for type_ in _BESIDE_ALIAS)
        else:
            if record.name != domain:  # a domain itself has no CNAME: it has NS
                yield record.name, "CNAME"
            yield record.name, record.type


def _agree(answers: Sequence[DnsAnswer]) -> tuple[str, ...] | None:
    """The values that most servers give, () if there are none, None if no server has answered."""
    told = Counter(
        () if answer.error else tuple(sorted(answer.values))
        for answer in answers
        if not answer.error or answer.error in _NO_SUCH_RECORD
    )
    return told.most_common(1)[0][0] if told else None
