"""The records in each form say what was meant."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Sequence

import dns.rdatatype
import dns.zone
import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.validate import ParamValidator
from hypothesis import given

from migration import dns_publishing
from migration.dns_forms import (
    DomainPlan,
    Form,
    to_change_batch,
    to_terraform,
    to_zone_text,
    write_forms,
)
from migration.dns_values import from_answer, normalise_all, quote, to_zone_file
from migration.zone_model import RecordSet
from tests.unit.test_dns_publishing import WANTED, zones
from tests.unit.zones_of import DOMAIN, INBOUND, OLD, OLD_TXT

MACRO = RecordSet(DOMAIN, "TXT", 60, ('"v=spf1 exists:%{i}.x.test -all"', '"a \\"b\\" ${c}"'))


def planned(standing: Sequence[RecordSet] = OLD) -> DomainPlan:
    return DomainPlan(DOMAIN, dns_publishing.plan(DOMAIN, WANTED, standing, (), DOMAIN))


def form(name: str, *plans: DomainPlan) -> Form:
    (found,) = [each for each in write_forms(plans or [planned()]) if each.name == name]
    return found


def read_zone(text: str) -> dict[tuple[str, str], tuple[int, list[str]]]:
    """By an independent parser: TTL and values as dnspython prints them, by name and type."""
    zone = dns.zone.from_text(text, origin=f"{DOMAIN}.", relativize=False, check_origin=False)
    return {
        (str(name).rstrip("."), dns.rdatatype.to_text(rdataset.rdtype)): (
            rdataset.ttl,
            [rdata.to_text() for rdata in rdataset],
        )
        for name, node in zone.nodes.items()
        for rdataset in node.rdatasets
    }


@given(zones())
def test_the_zone_file_is_read_by_others_as_it_was_meant(standing: list[RecordSet]) -> None:
    each = planned(standing)
    read = read_zone(to_zone_text(each))
    meant = {(step.after.name, step.after.type): step.after for step in each.plan.steps}
    assert set(read) == set(meant)
    for key, (ttl, values) in read.items():
        records = meant[key]
        assert ttl == records.ttl
        back = [from_answer(records.type, value) for value in values]
        assert normalise_all(records.type, back) == normalise_all(records.type, records.values)


def test_the_zone_file_tells_what_goes_and_what_is_left() -> None:
    text = to_zone_text(planned())
    assert f"; remove: {DOMAIN}. 3600 IN MX 10 mail.old.example." in text
    assert '"caf\\195\\169"' in text
    assert text.index("_domainkey") < text.index("; 2 the switch") < text.index(INBOUND)
    two = RecordSet(DOMAIN, "TXT", 60, ('"v=spf1 mx -all"', '"v=spf1 a -all"'))
    assert f"; LEFT AS IT IS: TXT of {DOMAIN}: 2 SPF records" in to_zone_text(planned([two]))


@given(zones())
def test_change_batches_are_what_route_53_takes(standing: list[RecordSet]) -> None:
    model = ServiceModel(Loader().load_service_model("route53", "service-2"))
    shape = model.operation_model("ChangeResourceRecordSets").input_shape
    assert shape is not None
    each = planned(standing)
    for steps in (each.plan.first, each.plan.last):
        if steps:
            batch = json.loads(json.dumps(to_change_batch(DOMAIN, steps)))
            given_to = {"HostedZoneId": "Z1", "ChangeBatch": batch}
            assert not ParamValidator().validate(given_to, shape).has_errors()
            sets = [change["ResourceRecordSet"] for change in batch["Changes"]]
            values = [[one["Value"] for one in each["ResourceRecords"]] for each in sets]
            assert values == [list(step.after.values) for step in steps]


def test_each_batch_has_its_file_unless_it_is_empty() -> None:
    names = {each.name for each in write_forms([planned()])}
    assert names == {
        *("records.html", "records.csv", "records.tf.json"),
        *(f"{DOMAIN}.zone", f"{DOMAIN}.1.json", f"{DOMAIN}.2.json"),
    }
    sets = [step.after for step in planned().plan.steps]
    assert f"{DOMAIN}.2.json" not in {each.name for each in write_forms([planned(sets)])}
    last = json.loads(form(f"{DOMAIN}.2.json").body)["Changes"]
    assert {change["ResourceRecordSet"]["Type"] for change in last} == {"MX", "CNAME"}


def read_terraform(text: str) -> str:
    """What the provider sends: its templates resolved, TXT in quotation marks."""
    assert not re.search(r"(?<![$])\$\{|(?<!%)%\{", text)
    return text.replace("$${", "${").replace("%%{", "%{")


def test_terraform_gets_texts_without_their_marks_and_no_templates() -> None:
    document = json.loads(json.dumps(to_terraform([planned([MACRO])])))
    records = document["resource"]["aws_route53_record"]
    (texts,) = [
        each for each in records.values() if (each["name"], each["type"]) == (DOMAIN, "TXT")
    ]
    assert texts["records"] == [
        "v=spf1 exists:%%{i}.x.test include:amazonses.com -all",
        'a \\"b\\" $${c}',
    ]
    assert texts["zone_id"] == '${var.zone_ids["acme.example"]}'
    (mx,) = [each for each in records.values() if (each["name"], each["type"]) == (DOMAIN, "MX")]
    assert len(mx["depends_on"]) == len([s for s in planned([MACRO]).plan.steps if not s.last])
    assert all(name.removeprefix("aws_route53_record.") in records for name in mx["depends_on"])


@given(zones())
def test_terraform_says_what_was_meant(standing: list[RecordSet]) -> None:
    each = planned(standing)
    records = to_terraform([each])["resource"]
    assert isinstance(records, dict)
    made = records.get("aws_route53_record", {})
    assert len(made) == len(each.plan.steps)
    assert all(re.fullmatch("[a-zA-Z_][a-zA-Z0-9_-]*", name) for name in made)
    for step, entry in zip(each.plan.steps, made.values(), strict=True):
        sent = [read_terraform(value) for value in entry["records"]]
        if step.after.type == "TXT":
            sent = [f'"{value}"'.replace('""', '" "') for value in sent]
        assert normalise_all(step.after.type, sent) == normalise_all(
            step.after.type, step.after.values
        )


def test_long_texts_are_two_strings_for_terraform() -> None:
    long = RecordSet(DOMAIN, "TXT", 60, (quote("x" * 300),))
    document = to_terraform([planned([long])])
    assert (
        f'{"x" * 255}""{"x" * 45}'
        in json.loads(json.dumps(document))["resource"]["aws_route53_record"]["r_acme_example_txt"][
            "records"
        ]
    )


def test_the_table_has_a_line_for_each_value_and_for_each_that_goes() -> None:
    rows = list(csv.DictReader(io.StringIO(form("records.csv").body.decode("utf-8-sig"))))
    mx = [row for row in rows if row["type"] == "MX" and row["name"] == f"{DOMAIN}."]
    assert [(row["what"], row["when"], row["value"]) for row in mx] == [
        ("change", "2 the switch", f"10 {INBOUND}."),
        ("remove", "2 the switch", "10 mail.old.example."),
        ("remove", "2 the switch", "20 mail2.old.example."),
    ]
    texts = [row for row in rows if row["type"] == "TXT" and row["name"] == f"{DOMAIN}."]
    assert [row["what"] for row in texts] == ["keep", "change", "keep", "remove"]


def test_the_page_shows_the_same_and_escapes_it() -> None:
    strange = RecordSet(DOMAIN, "TXT", 60, ('"<script>"',))
    page = form("records.html", planned([strange])).body.decode()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert INBOUND in page
    assert 'class="remove"><td role="cell">remove</td>' in form("records.html").body.decode()


def test_texts_are_written_in_the_notation_of_each_side() -> None:
    value = OLD_TXT.values[2]
    assert to_zone_file("TXT", value) == '"caf\\195\\169"'
    assert from_answer("TXT", '"caf\\195\\169 \\" \\\\"') == '"caf\\303\\251 \\" \\\\"'
    assert quote('a"b\\') == '"a\\"b\\\\"'
    with pytest.raises(ValueError, match="printable"):
        quote("café")
