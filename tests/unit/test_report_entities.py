"""What the report says of groups, resources and permissions."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from localrun.fakes.blobs import MemoryBlobs
from localrun.fakes.ledger import MemoryLedger
from migration.directory_model import (
    EntityRecord,
    EntityStatus,
    Group,
    Resource,
    ResourceKind,
    Sharing,
)
from migration.model import Failure
from migration.report import write_report
from migration.report_entities import count_entities, tell_entities
from migration.report_page import to_html
from migration.report_steps import next_steps
from migration.report_summary import RunFacts, summarise
from tests.unit.test_report import NOW, SETTINGS

DONE, FAILED = EntityStatus.DONE, EntityStatus.FAILED
REFUSAL = Failure("UserRefused", "alias 2: CreateAlias: LimitExceededException: a quota")
STAFF = EntityRecord(
    Group("g1", "staff@acme.example", "<Staff>"),
    "run-1",
    DONE,
    "id",
    "created",
    remarks=("1 owner",),
)
ROOM = EntityRecord(
    Resource("r1", "room@acme.example", "room", ResourceKind.ROOM, source_name="The long room"),
    "run-1",
    FAILED,
    "id",
    "changed",
    REFUSAL,
)
RIGHTS = EntityRecord(Sharing("s1", "anna@acme.example"), "run-1", DONE, "", "unchanged")


@pytest.mark.parametrize(
    ("status", "outcome", "told"),
    [
        (DONE, "created", "created"),
        (DONE, "enabled again", "enabled again"),
        (FAILED, "created", "failed"),
        (EntityStatus.MADE, "created", "unfinished"),
        (EntityStatus.PLANNED, "creating", "unfinished"),
        (EntityStatus.PLANNED, "created", "not provisioned"),
        (EntityStatus.PLANNED, "", "not provisioned"),
    ],
)
def test_how_an_entity_ended(status: EntityStatus, outcome: str, told: str) -> None:
    (line,) = tell_entities([replace(STAFF, status=status, outcome=outcome)])
    assert line.outcome == told
    assert line.needs_attention == (told in ("failed", "unfinished"))


def test_what_needs_attention_comes_first_and_kinds_are_counted() -> None:
    lines = tell_entities([STAFF, RIGHTS, ROOM, replace(STAFF, outcome="unchanged")])
    assert [line.kind for line in lines] == ["resources", "groups", "groups", "permissions"]
    assert lines[0].name == "The long room"
    assert count_entities(lines) == {
        "groups": {"created": 1, "unchanged": 1},
        "permissions": {"unchanged": 1},
        "resources": {"failed": 1},
    }


def test_a_failed_entity_is_an_exception_and_a_remark_is_none() -> None:
    facts = RunFacts("acme", "run-1", (), "", (), None, entities=[STAFF, RIGHTS])
    fine = summarise(facts, [], NOW)
    assert (fine.verdict, fine.counts["entities"], fine.counts["entities_failed"]) == ("done", 2, 0)
    worse = summarise(replace(facts, entities=[STAFF, ROOM]), [], NOW)
    assert (worse.verdict, worse.counts["entities_failed"]) == ("exceptions", 1)
    assert any("each failed group" in step for step in next_steps(worse))


def test_the_page_shows_counts_failures_and_remarks_escaped() -> None:
    facts = RunFacts("acme", "run-1", (), "", (), None, entities=[STAFF, ROOM, RIGHTS])
    page = to_html(summarise(facts, [], NOW)).decode()
    assert "Groups: 1 created" in page
    assert "Resources: 1 failed" in page
    assert "LimitExceededException" in page
    assert "1 owner" in page
    assert "&lt;Staff&gt;" in page
    assert "<Staff>" not in page
    assert "anna@acme.example" not in page  # nothing to tell but its outcome
    assert 'id="entities"' not in to_html(summarise(replace(facts, entities=[]), [], NOW)).decode()


def test_the_report_of_a_run_tells_the_ledgers_entities() -> None:
    ledger, blobs = MemoryLedger(), MemoryBlobs()
    ledger.plan_entities("run-1", [STAFF.wanted, ROOM.wanted])
    ledger.set_entity(STAFF)
    ledger.set_entity(ROOM)
    written = write_report(SETTINGS, ledger, blobs, "run-1", NOW, None)
    assert written.verdict == "exceptions"
    summary = json.loads(blobs.get("reports/run-1/summary.json"))
    assert summary["entity_outcomes"] == {"groups": {"created": 1}, "resources": {"failed": 1}}
    assert summary["entities"][0] == {
        "id": "r1",
        "kind": "resources",
        "name": "The long room",
        "address": "room@acme.example",
        "outcome": "failed",
        "failure": {"error": "UserRefused", "reason": REFUSAL.reason},
        "remarks": [],
    }
