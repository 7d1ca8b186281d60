"""What a migration costs: arithmetic that can be done again by hand, and its command line."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from localrun.__main__ import main
from localrun.estimate.page import insert_tables
from migration.estimate import prices
from migration.estimate.bill import estimate
from migration.estimate.counts import count, count_looks
from migration.estimate.prices import Price
from migration.estimate.workload import of_size

ROOT = Path(__file__).resolve().parents[2]
THOUSAND = of_size(1_000, 1_000.0)


def test_a_price_is_for_so_many_units() -> None:
    assert Price(0.025, 1_000, "transition", "", "").of(4_000) == pytest.approx(0.1)


def test_the_time_of_lambda_is_that_of_the_mail() -> None:
    """A million megabytes at one a second, in a function of 1 GB: 13.33 dollars and little else."""
    time = estimate(replace(THOUSAND, folders=1)).lines[0]
    assert time.price is prices.LAMBDA_TIME
    assert time.usd == pytest.approx(13.33, rel=0.1)
    faster = estimate(replace(THOUSAND, folders=1, megabytes_per_second=2.0)).lines[0]
    assert faster.usd == pytest.approx(time.usd / 2, rel=0.1)


def test_transitions_are_those_of_the_children_and_a_few() -> None:
    """Four states in each of four passes, and a user's four calls; a slice of 14 minutes each."""
    without_dns = replace(THOUSAND, days=0.0)
    slices = 2 * (without_dns.slices - 1_000)
    assert without_dns.slices == 2_000
    assert count(without_dns).transitions == pytest.approx(1_000 * (4 * 4 + 4) + slices, rel=0.01)


def test_looks_at_the_dns_are_as_many_as_a_run_makes() -> None:
    assert count_looks(0) == 1
    assert count_looks(1 / 24) == pytest.approx(1 + 10 + 10 + 6, abs=1)
    assert count_looks(2) - count_looks(1) == 24 * 4


def test_batches_are_full_by_number_or_by_size() -> None:
    many_small = replace(of_size(1, 0.1, messages=4_000), folders=2)
    assert many_small.batches == 20
    few_large = replace(of_size(1, 4.0, messages=100), folders=2)
    assert few_large.batches == 200


def test_every_price_has_a_source_and_a_day() -> None:
    known = [each for each in vars(prices).values() if isinstance(each, Price)]
    assert len(known) > 15
    assert all(each.usd > 0 and each.per > 0 for each in known)
    assert all(each.source.startswith("https://aws.amazon.com/") and each.day for each in known)


def test_the_tables_of_the_page_are_those_of_the_code() -> None:
    """If not: make cost"""
    text = (ROOT / "docs" / "cost.md").read_text("utf-8")
    assert insert_tables(text) == text
    assert "| 1,000 mailboxes |" in text


def test_a_page_without_a_place_for_a_table_is_refused() -> None:
    with pytest.raises(ValueError, match="arithmetic, prices"):
        insert_tables("<!-- sizes: make cost -->\n<!-- end of sizes -->")


# -- the command line


def test_the_table_has_every_item_and_what_was_assumed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["estimate", "--mailboxes", "10", "--gigabytes", "5"]) == 0
    shown = capsys.readouterr().out
    for words in ("10 mailboxes", "Lambda, time", "total", "full pass", "20 folders", "unproven"):
        assert words in shown


def test_as_json_it_adds_up(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["estimate", "--mailboxes", "10", "--gigabytes", "5", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["total_usd"] == pytest.approx(sum(line["usd"] for line in told["lines"]), abs=0.01)
    assert told["workload"]["messages"] == 66_667
    assert told["workmail_usd_a_month"] == 40


def test_the_tenant_file_says_how_many_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tenant = yaml.safe_load((ROOT / "tenants" / "example.yaml").read_text("utf-8"))
    tenant |= {"limits": {"mailboxes": 40}, "delta": {"late_days": [1, 7]}}
    tenant["source"] |= {"max_connections": 30}
    tenant["clients"] = {"send": "new", "sender": "it@example.com"}
    path = tmp_path / "acme.yaml"
    path.write_text(yaml.safe_dump(tenant))
    arguments = ["estimate", "--mailboxes", "100", "--gigabytes", "5", "--tenant", str(path)]
    assert main([*arguments, "--json"]) == 0
    work = json.loads(capsys.readouterr().out)["workload"]
    assert (work["at_once"], work["late_passes"], work["guides"]) == (15, 2, True)


def test_a_tenant_file_with_faults_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "acme.yaml"
    path.write_text("tenant: acme\ncolour: red\n")
    arguments = ["estimate", "--mailboxes", "1", "--gigabytes", "1", "--tenant", str(path)]
    assert main(arguments) == 2
    assert "colour" in capsys.readouterr().err


@pytest.mark.parametrize(
    "wrong",
    [
        ["--mailboxes", "0"],
        ["--mailboxes", "many"],
        ["--gigabytes", "nan"],
        ["--gigabytes", "-1"],
        ["--megabytes-per-second", "0"],
        ["--keys", "-1"],
    ],
)
def test_numbers_that_cannot_be_are_refused(
    wrong: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        main(["estimate", "--mailboxes", "1", "--gigabytes", "1", *wrong])
    assert end.value.code == 2
    assert wrong[0] in capsys.readouterr().err
