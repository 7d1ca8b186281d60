"""The records of a tenant in the forms in which people and programs take them. Pure.

records.html            for people: what to publish, when, and what to take away
records.csv             the same for a spreadsheet
<domain>.zone           for a name server (RFC 1035, 5)
records.tf.json         Terraform's aws_route53_record, in its JSON syntax: there, no text of a
                        record can be taken for HCL
<domain>.1.json         change batches for `aws route53 change-resource-record-sets
<domain>.2.json         --change-batch file://...`: before the switch, and the switch
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from migration import dns
from migration.dns_publishing import Plan, Step
from migration.dns_values import to_zone_file
from migration.spreadsheet import CONTENT_TYPE, write_sheet
from migration.zone_model import RecordSet

_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_TEMPLATE = "dns_records.html.j2"
_FIRST, _SWITCH = "1 before the switch", "2 the switch"
_COLUMNS = ("domain", "when", "what", "name", "type", "ttl", "value")


@dataclass(frozen=True, slots=True)
class DomainPlan:
    """A domain and what is to be done about its records."""

    domain: str
    plan: Plan


@dataclass(frozen=True, slots=True)
class Line:
    """One value of one record. `what`: add, change (it takes the place of others), keep, or remove;
    a change and its removals are one step."""

    domain: str
    when: str
    what: str
    name: str
    type: str
    ttl: int
    value: str


@dataclass(frozen=True, slots=True)
class Form:
    """A file: its name, its content and its media type."""

    name: str
    body: bytes
    media_type: str


def write_forms(plans: Sequence[DomainPlan]) -> list[Form]:
    """All files. A domain that needs nothing in a batch has no file for it."""
    lines = [line for each in plans for line in _lines(each)]
    json_type = "application/json"
    table = write_sheet(_COLUMNS, map(attrgetter(*_COLUMNS), lines))
    forms = [
        Form("records.html", _to_html(plans, lines), "text/html; charset=utf-8"),
        Form("records.csv", table, CONTENT_TYPE),
        Form("records.tf.json", _to_json(to_terraform(plans)), json_type),
    ]
    for each in plans:
        zone = to_zone_text(each).encode()
        forms.append(Form(f"{each.domain}.zone", zone, "text/plain; charset=utf-8"))
        for number, steps in enumerate((each.plan.first, each.plan.last), 1):
            if steps:
                batch = _to_json(to_change_batch(each.domain, steps))
                forms.append(Form(f"{each.domain}.{number}.json", batch, json_type))
    return forms


def to_zone_text(planned: DomainPlan) -> str:
    """All records that the domain shall have, absolute names, and as comments what must go."""
    kept = [step for step in planned.plan.steps if not step.last]
    text = [
        f"; Records of {planned.domain} for Amazon WorkMail. Take the place of what a name has of",
        "; a type: there is one MX record set and one SPF record.",
        *(f"; LEFT AS IT IS: {conflict}" for conflict in planned.plan.conflicts),
        *(f"; NOTE: {remark}" for remark in planned.plan.remarks),
        "",
        f"; {_FIRST}",
        *(line for step in kept for line in _zone_lines(step)),
        "",
        f"; {_SWITCH}: when the mailboxes are copied",
        *(line for step in planned.plan.steps if step.last for line in _zone_lines(step)),
    ]
    return "\n".join(text) + "\n"


def _zone_lines(step: Step) -> Iterator[str]:
    before = step.before or step.after
    yield from (f"; remove: {_zone_line(before, value)}" for value in _removed(step))
    yield from (_zone_line(step.after, value) for value in step.after.values)


def _zone_line(records: RecordSet, value: str) -> str:
    text = to_zone_file(records.type, value)
    return f"{records.name}. {records.ttl} IN {records.type} {text}"


def to_change_batch(domain: str, steps: Iterable[Step]) -> dict[str, object]:
    """A ChangeBatch of Route 53's API."""
    return {
        "Comment": f"{domain} to Amazon WorkMail",
        "Changes": [
            {
                "Action": "UPSERT",
                "ResourceRecordSet": {
                    "Name": f"{step.after.name}.",
                    "Type": step.after.type,
                    "TTL": step.after.ttl,
                    "ResourceRecords": [{"Value": value} for value in step.after.values],
                },
            }
            for step in steps
        ],
    }


def to_terraform(plans: Sequence[DomainPlan]) -> dict[str, object]:
    """A file that wants the hosted zones' ids by domain. The switch comes after the rest."""
    resources: dict[str, object] = {}
    for each in plans:
        first = [step for step in each.plan.steps if not step.last]
        names = [f"aws_route53_record.{_identifier(step.after)}" for step in first]
        for step in each.plan.steps:
            after = step.after
            more = {"depends_on": names} if step.last and names else {}
            resources[_identifier(after)] = {
                "zone_id": f'${{var.zone_ids["{each.domain}"]}}',
                "name": after.name,
                "type": after.type,
                "ttl": after.ttl,
                "records": [_terraform_value(after.type, value) for value in after.values],
                "allow_overwrite": True,
                **more,
            }
    ids = {"type": "map(string)", "description": "The hosted zones' ids by domain"}
    return {
        "variable": {"zone_ids": ids},
        "resource": {"aws_route53_record": resources} if resources else {},
    }


def _identifier(records: RecordSet) -> str:
    """Terraform's name of a record, another one for each: `_` for a dot, `-u` for an underscore,
    `--` for a hyphen."""
    name = records.name.replace("-", "--").replace("_", "-u").replace(".", "_")
    return f"r_{name}_{records.type.lower()}"


def _terraform_value(type_: str, value: str) -> str:
    """The provider puts TXT into quotation marks itself, and wants `""` between two strings. What
    looks like one of Terraform's templates, as SPF macros do, is escaped."""
    text = '""'.join(_STRING.findall(value)) if type_ == "TXT" else value
    return text.replace("${", "$${").replace("%{", "%%{")


def _lines(planned: DomainPlan) -> Iterator[Line]:
    for step in sorted(planned.plan.steps, key=lambda step: step.last):
        after, when = step.after, _SWITCH if step.last else _FIRST
        before = _plain(step.before) if step.before else {}
        removed = list(_removed(step))
        for plain, value in _plain(after).items():
            what = "keep" if plain in before else "change" if removed else "add"
            yield _line(planned.domain, when, what, after, value)
        for value in removed:
            yield _line(planned.domain, when, "remove", step.before or after, value)


def _line(domain: str, when: str, what: str, records: RecordSet, value: str) -> Line:
    text = to_zone_file(records.type, value)
    return Line(domain, when, what, f"{records.name}.", records.type, records.ttl, text)


def _removed(step: Step) -> Iterator[str]:
    after = _plain(step.after)
    before = _plain(step.before) if step.before else {}
    yield from (value for plain, value in before.items() if plain not in after)


def _plain(records: RecordSet) -> Mapping[str, str]:
    """The values by the spelling in which they are compared."""
    return {dns.normalise(records.type, value): value for value in records.values}


def _to_html(plans: Sequence[DomainPlan], lines: Sequence[Line]) -> bytes:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(_TEMPLATE).render(plans=plans, lines=lines).encode()


def _to_json(value: object) -> bytes:
    return (json.dumps(value, indent=1) + "\n").encode()
