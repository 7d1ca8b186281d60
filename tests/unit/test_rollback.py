"""A rollback over the emulated API, from the deeds of provisioning to the end, killed anywhere."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, cast

import pytest

from localrun.fakes.mailbox import MemoryTarget
from migration.deeds import Deed, DeedKind, DeedState
from migration.directory_model import Permission
from migration.errors import CredentialsRejected, TargetBusy
from migration.identity import groupware_id
from migration.journal import keep_journal
from migration.mail import Folder, FolderPlan
from migration.model import Tally
from migration.ports import Directory, Ledger, Target
from migration.report import write_report
from migration.rollback import ask_approval, plan_key, plan_rollback
from migration.rollback_undo import CHANGED_SINCE, undo_step
from tests.contract.workmail_cloud import DOMAIN, WorkMailCloud
from tests.unit.desks import Office
from tests.unit.rolled_back import ANNA, BO, DORA, NOW, Tenant, roll_back
from tests.unit.test_provisioning import Stopped, Stopping
from tests.unit.test_report import SETTINGS

STRANGE = "it holds 1 item that this migration did not put there"


@pytest.fixture
def tenant() -> Iterator[Tenant]:
    cloud = WorkMailCloud()
    tenant = Tenant(cloud)
    tenant.prepare()
    yield tenant
    cloud.close()


def report(tenant: Tenant, run: str = "back-1") -> dict[str, Any]:
    write_report(SETTINGS, tenant.ledger, tenant.blobs, run, NOW, None)
    return cast("dict[str, Any]", json.loads(tenant.blobs.get(f"reports/{run}/summary.json")))


def test_everything_that_was_made_is_taken_back_and_nothing_else(tenant: Tenant) -> None:
    before = tenant.snapshot()
    tenant.migrate()
    tenant.copy(ANNA, 3)
    assert tenant.snapshot() != before
    roll_back(tenant)
    assert tenant.snapshot() == before
    assert all(deed.state is DeedState.UNDONE for deed in tenant.ledger.deeds())
    rollback = report(tenant)["rollback"]
    assert (rollback["kept"], rollback["unfinished"]) == ([], [])
    assert rollback["taken_back"] == {
        "alias added": 4,
        "delegate added": 1,
        "enabled": 5,
        "group created": 1,
        "member added": 4,
        "permissions given": 3,
        "resource created": 1,
        "user created": 2,
    }


def test_no_late_pass_begins_after_a_rollback(tenant: Tenant) -> None:
    tenant.migrate()
    tenant.schedules.add("late-1", "2026-12-11T18:00:00Z", {})
    roll_back(tenant)
    assert tenant.schedules.names() == []


def test_what_is_known_of_a_deleted_mailbox_is_forgotten(tenant: Tenant) -> None:
    tenant.migrate()
    tenant.copy(ANNA, 3)
    tenant.copy(BO, 2)
    roll_back(tenant)
    assert tenant.ledger.folders(ANNA.id) == []
    assert tenant.ledger.mailbox(ANNA.id).provisioned == ""
    assert tenant.blobs.get(f"audit/{ANNA.id}/f1/1/0.jsonl") == b""
    # who is enabled again within 30 days gets the mailbox back, with what was copied
    assert len(tenant.ledger.folders(BO.id)) == 1
    assert tenant.blobs.get(f"audit/{BO.id}/f1/1/0.jsonl") != b""


def test_a_second_rollback_finds_nothing_and_a_new_run_works(tenant: Tenant) -> None:
    before = tenant.snapshot()
    tenant.migrate()
    migrated = tenant.snapshot()
    roll_back(tenant)
    planned = plan_rollback(tenant.cloud.directory, tenant.ledger, tenant.blobs, "back-2", "", NOW)
    assert (planned.count, planned.looks, planned.left) == (0, 0, 0)
    tenant.cloud.seconds += 3600
    tenant.migrate("run-2")
    again = tenant.snapshot()
    assert without_ids(again) == without_ids(migrated)
    roll_back(tenant, "back-3")
    assert tenant.snapshot() == before


def without_ids(shown: dict[str, Any]) -> dict[str, Any]:
    return {
        name: facts
        | {"permissions": sorted(facts["permissions"].values())}
        | ({"members": len(facts["members"])} if "members" in facts else {})
        for name, facts in shown.items()
    }


def test_a_mailbox_that_has_received_mail_is_kept_with_what_makes_it_work(tenant: Tenant) -> None:
    tenant.migrate()
    migrated = tenant.snapshot()
    tenant.copy(DORA, 2)
    tenant.deliver(DORA)
    roll_back(tenant)
    shown, dora = tenant.snapshot(), tenant.ids["dora"]
    assert shown["dora"] == migrated["dora"]
    assert shown["Club"]["members"] == [dora]
    assert shown["carl"]["permissions"] == {tenant.ids["eve"]: ["SEND_AS"], dora: ["FULL_ACCESS"]}
    assert not {"anna", "Team", "room-1"} & shown.keys()
    assert shown["bo"]["State"] == "DISABLED"
    summary = report(tenant)
    assert summary["verdict"] == "exceptions"
    kept = {(line["what"], line["reason"]) for line in summary["rollback"]["kept"]}
    assert kept == {
        ("user created", STRANGE),
        ("enabled", STRANGE),
        ("member added", "it belongs to a mailbox that is kept"),
        ("permissions given", "it belongs to a mailbox that is kept"),
    }
    page = tenant.blobs.get("reports/back-1/report.html").decode()
    assert STRANGE in page
    assert DORA.target in page


def test_a_kept_mailbox_goes_with_a_later_rollback_when_it_is_empty(tenant: Tenant) -> None:
    before = tenant.snapshot()
    tenant.migrate()
    tenant.deliver(DORA)
    roll_back(tenant)
    tenant.targets.clear()
    roll_back(tenant, "back-2")
    assert tenant.snapshot() == before
    assert report(tenant, "back-2")["verdict"] == "done"


def test_copied_mail_keeps_a_mailbox_by_option_alone(tenant: Tenant) -> None:
    tenant.migrate()
    tenant.copy(ANNA, 3)
    roll_back(tenant, keep_copied=True)
    assert {"anna"} == tenant.snapshot().keys() & {"anna", "dora"}
    reasons = {line["reason"] for line in report(tenant)["rollback"]["kept"]}
    assert "it holds what was copied, and rollback.keep_copied is set" in reasons


def test_copied_calendars_keep_a_mailbox_by_option_and_are_forgotten_with_it(
    tenant: Tenant,
) -> None:
    tenant.migrate()
    id_ = groupware_id(ANNA.id)
    plan = FolderPlan(Folder("c1", ("calendar", "Work"), "1", 0), ("calendar", ""))
    before = tenant.ledger.claim_folder(id_, plan, "t", tenant.ledger.next_fence(id_), 1)
    tenant.ledger.advance(id_, before, replace(before, total=Tally(copied=2)))
    roll_back(tenant, keep_copied=True)
    assert {"anna"} == tenant.snapshot().keys() & {"anna", "dora"}
    roll_back(tenant, "back-2")
    assert "anna" not in tenant.snapshot()
    assert tenant.ledger.folders(id_) == []


def test_a_mailbox_that_cannot_be_looked_into_is_kept(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant.migrate()

    @contextmanager
    def refused(_address: str) -> Iterator[Target]:
        if _address:
            raise CredentialsRejected("no")
        yield MemoryTarget()

    monkeypatch.setattr(tenant, "open_target", refused)
    roll_back(tenant)
    assert {"anna", "dora"} <= tenant.snapshot().keys()
    reasons = {line["reason"] for line in report(tenant)["rollback"]["kept"]}
    assert "it cannot be looked into: CredentialsRejected" in reasons


def test_a_busy_server_is_asked_again(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    tenant.migrate()
    busy = TargetBusy("later", 1)

    def total(_target: MemoryTarget) -> int:
        raise busy

    monkeypatch.setattr(MemoryTarget, "total", total)
    with pytest.raises(TargetBusy):
        roll_back(tenant)


def test_a_mailbox_that_nobody_has_looked_into_is_kept(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant.migrate()
    monkeypatch.setattr("tests.unit.rolled_back.look_into_mailbox", lambda *_, **__: False)
    roll_back(tenant)
    shown = tenant.snapshot()
    assert shown["anna"]["State"] == shown["bo"]["State"] == "ENABLED"
    assert "room-1" not in shown


def test_a_mailbox_that_came_to_be_after_the_looks_is_left(tenant: Tenant) -> None:
    user_id = tenant.cloud.add_user("fay", f"fay@{DOMAIN}")
    deed = Deed(DeedKind.USER, "run-1", NOW, "fay", "", DeedState.DONE, user_id)
    tenant.ledger.record_deed(deed)
    left = undo_step(
        tenant.cloud.directory, tenant.ledger, tenant.blobs, "back-1", [deed.key], [], ""
    )
    assert left == 1
    assert "fay" in tenant.snapshot()


def test_permissions_that_somebody_has_changed_since_are_left(tenant: Tenant) -> None:
    tenant.migrate()
    both = {Permission.SEND_AS, Permission.SEND_ON_BEHALF}
    tenant.cloud.directory.put_permissions(tenant.ids["carl"], tenant.ids["eve"], both)
    roll_back(tenant)
    assert tenant.snapshot()["carl"]["permissions"] == {tenant.ids["eve"]: sorted(both)}
    (line,) = report(tenant)["rollback"]["kept"]
    assert (line["what"], line["reason"]) == ("permissions given", CHANGED_SINCE)


def test_one_run_alone_is_taken_back(tenant: Tenant) -> None:
    tenant.migrate()
    directory = keep_journal(tenant.cloud.directory, tenant.ledger, "run-2", NOW)
    directory.add_alias(tenant.ids["carl"], f"second@{DOMAIN}")
    migrated = tenant.snapshot()
    assert f"second@{DOMAIN}" in migrated["carl"].pop("aliases")
    roll_back(tenant, of="run-2")
    shown = tenant.snapshot()
    assert f"second@{DOMAIN}" not in shown["carl"].pop("aliases")
    assert shown == migrated


def test_the_plan_says_what_would_be_done_and_changes_nothing(tenant: Tenant) -> None:
    tenant.migrate()
    lost = Deed(DeedKind.GROUP, "run-1", NOW, "Never made")
    tenant.ledger.record_deed(lost)
    before = tenant.snapshot()
    planned = plan_rollback(tenant.cloud.directory, tenant.ledger, tenant.blobs, "back-1", "", NOW)
    assert tenant.snapshot() == before
    assert (planned.count, planned.looks, planned.left) == (21, 3, 0)
    plan = json.loads(tenant.blobs.get(plan_key("back-1")))
    rows = {(row["what"], row["about"]) for row in plan["take_back"]}
    assert ("enabled", BO.target) in rows
    assert plan["gone"] == 1
    (restored,) = [row for row in plan["take_back"] if row.get("restored")]
    assert restored["restored"] == ["SEND_AS"]
    (note,) = tenant.ledger.notes("back-1")
    assert "@" not in note.what
    assert "3 mailboxes are looked into" in note.what
    rollback = report(tenant)
    assert rollback["verdict"] == "done"
    assert rollback["rollback"]["was_approved"] is False


def test_the_operator_is_told_how_to_answer(tenant: Tenant) -> None:
    office = Office(tenant.ledger, tenant.blobs)
    key = ask_approval(office.desk, "back-1", "T0ken", 7, NOW)
    asked = json.loads(tenant.blobs.get(key))
    assert asked["approve"] == (
        "aws stepfunctions send-task-success --region eu-west-1 --task-token T0ken "
        "--task-output '{\"approved\": true}'"
    )
    assert asked["reject"] == (
        "aws stepfunctions send-task-failure --region eu-west-1 --task-token T0ken "
        "--error RollbackRejected"
    )
    (note,) = tenant.ledger.notes("back-1")
    assert key in note.what
    assert "T0ken" not in note.what


# ---- killed


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("first_stop", range(1, 150, 7))
def test_a_rollback_that_is_killed_again_and_again_comes_to_the_same_end(
    tenant: Tenant, first_stop: int, before: bool
) -> None:
    """Started again as a new execution each time; each gets seven calls further than the one that
    was killed before, so that together they are killed at every call."""
    begun = tenant.snapshot()
    tenant.migrate()
    migrated = tenant.snapshot()
    tenant.copy(ANNA, 3)
    tenant.copy(DORA, 1)
    tenant.deliver(DORA)
    for attempt, stop_at in enumerate(range(first_stop, first_stop + 7)):
        countdown = [stop_at]
        directory = cast(Directory, Stopping(tenant.cloud.directory, before, countdown))
        ledger = cast(Ledger, Stopping(tenant.ledger, before, countdown))
        try:
            roll_back(tenant, f"killed-{attempt}", directory=directory, ledger=ledger)
        except Stopped:
            continue
    roll_back(tenant, "back-1")
    shown, dora = tenant.snapshot(), tenant.ids["dora"]
    assert shown.pop("dora") == migrated["dora"]
    begun["Club"]["members"] = [dora]
    begun["carl"]["permissions"] |= {dora: ["FULL_ACCESS"]}
    assert shown == begun
    assert tenant.ledger.folders(ANNA.id) == []
    assert report(tenant)["rollback"]["unfinished"] == []


def test_a_domain_is_kept_as_long_as_a_mailbox_has_an_address_in_it(tenant: Tenant) -> None:
    directory = keep_journal(tenant.cloud.directory, tenant.ledger, "run-1", NOW)
    directory.register_domain("new.example")
    tenant.cloud.fake.set_domain_status(tenant.cloud.organization_id, "new.example", "VERIFIED")
    tenant.cloud.seconds += 10
    address = "guest@new.example"
    tenant.cloud.call("create_alias", EntityId=tenant.ids["eve"], Alias=address)
    roll_back(tenant)
    (line,) = report(tenant)["rollback"]["kept"]
    assert (line["what"], line["about"]) == ("domain registered", "new.example")
    assert "somebody has an address in it" in line["reason"]
    tenant.cloud.call("delete_alias", EntityId=tenant.ids["eve"], Alias=address)
    roll_back(tenant, "back-2")
    assert tenant.cloud.directory.domain("new.example") is None
    assert report(tenant, "back-2")["verdict"] == "done"
