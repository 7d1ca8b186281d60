"""The names of what is measured, and what each event comes to."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from aws_lambda_powertools.metrics import MetricUnit

from migration import measures
from migration.errors import leaves
from migration.measures import ERROR_NAMES, Measure, Metric
from migration.model import Agreement, Tally

LAMBDAS = Path(__file__).resolve().parents[2] / "lambdas"


def test_a_slice_counts_what_it_has_recorded() -> None:
    found = measures.of_slice(Tally(copied=7, size=900, rejected=2, gone=1, skipped=3), 0)
    assert found == [
        Measure(Metric.MESSAGES_COPIED, 7),
        Measure(Metric.BYTES_COPIED, 900),
        Measure(Metric.MESSAGES_QUARANTINED, 2),
    ]


def test_a_busy_server_counts_once_and_with_its_seconds() -> None:
    found = measures.of_slice(Tally(), 45)
    assert found[3:] == [Measure(Metric.BACKOFFS, 1), Measure(Metric.BACKOFF_SECONDS, 45)]


@pytest.mark.parametrize("agreement", list(Agreement))
def test_only_a_mailbox_that_differs_counts_as_differing(agreement: Agreement) -> None:
    verified, differing = measures.of_verdict(agreement)
    assert (verified.value, differing.value) == (1, int(agreement is Agreement.DIFFER))


def test_failures_are_counted_by_names_of_which_there_are_few() -> None:
    for leaf in leaves():
        assert measures.of_failure(leaf.__name__)[0].error == leaf.__name__
    assert measures.of_failure("States.Timeout")[0].error == "States.Timeout"
    assert measures.of_failure("alice@acme.example")[0].error == "Other"
    assert len(ERROR_NAMES) < 50


def test_every_metric_has_a_unit_that_cloudwatch_knows() -> None:
    known = {unit.value for unit in MetricUnit} | {"None"}
    assert {Measure(metric, 0).unit for metric in Metric} <= known


def test_every_metric_is_emitted_somewhere() -> None:
    """By the product's own text: each name is used outside of its definition and its unit."""
    used: set[str] = set()
    for path in LAMBDAS.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "Measure":
                used |= {each.removeprefix("Metric.") for each in map(ast.unparse, node.args[:1])}
    assert used == {metric.name for metric in Metric}
