"""Each function may do with topic, tasks and zones what its code does, no more and no less.

The code is followed as in test_workmail_rights.py.
"""

from __future__ import annotations

import pytest

from stacks.function_table import TABLE
from tests.stacks.test_workmail_rights import called_methods

# What each method of Route53Zones calls: test_zone_rights.py holds the actions together.
ZONES = {
    "find": "ListHostedZonesByName",
    "record_sets": "ListResourceRecordSets",
    "change": "ChangeResourceRecordSets",
    "is_in_sync": "GetChange",
}


def calls(handler: str, port: str, *methods: str) -> set[str]:
    return called_methods(handler, "handler", frozenset(methods), port)


@pytest.mark.parametrize("handler", TABLE)
def test_who_tells_may_publish_to_the_topic(handler: str) -> None:
    assert bool(calls(handler, "teller", "tell")) == TABLE[handler].tells


@pytest.mark.parametrize("handler", TABLE)
def test_who_answers_tasks_may(handler: str) -> None:
    assert bool(calls(handler, "tasks", "succeed", "fail")) == TABLE[handler].answers


@pytest.mark.parametrize("handler", TABLE)
def test_who_changes_hosted_zones_may(handler: str) -> None:
    called = {ZONES[method] for method in calls(handler, "zones", *ZONES)}
    assert called == set(TABLE[handler].zones)
