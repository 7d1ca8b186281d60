"""How groups, resources and permissions get into WorkMail, over the emulated API and a ledger in
memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, cast

import pytest

from localrun.fakes.ledger import MemoryLedger
from migration.directory_model import (
    Booking,
    EntityRecord,
    EntityStatus,
    Grant,
    Group,
    Permission,
    Resource,
    ResourceKind,
    Sharing,
    Wanted,
)
from migration.entities import (
    fail_entity,
    link_entity,
    preview_links,
    preview_making,
    provision_entity,
)
from migration.entity_changes import EntityRuling
from migration.errors import ProvisioningPending
from migration.model import Failure
from migration.ports import Directory, Ledger
from migration.provisioning import provision_user
from tests.contract.workmail_cloud import DOMAIN, WorkMailCloud, mailbox
from tests.unit.test_provisioning import Stopped, Stopping

READING = {
    *("DescribeEntity", "DescribeUser", "DescribeGroup", "DescribeResource", "ListGroups"),
    *("ListAliases", "ListGroupMembers", "ListResourceDelegates", "ListMailboxPermissions"),
}
FULL, SEND_AS, ON_BEHALF = Permission.FULL_ACCESS, Permission.SEND_AS, Permission.SEND_ON_BEHALF


def at(name: str) -> str:
    return f"{name}@{DOMAIN}"


STAFF = Group(
    "g-staff",
    at("staff"),
    "Équipe Nord",
    hidden=True,
    aliases=(at("team"), at("all")),
    members=(at("anna"), at("board"), at("berta")),
)
BOARD = Group("g-board", at("board"), "Board", members=(at("cora"),))
ROOM = Resource(
    "r-room",
    at("room-1"),
    "room-1",
    ResourceKind.ROOM,
    description="First floor",
    hidden=True,
    aliases=(at("saal"),),
    booking=Booking(auto_accept=False, auto_decline_recurring=True),
    delegates=(at("anna"), at("board")),
)
SHARED = Sharing(
    "s-anna",
    at("anna"),
    (Grant(at("berta"), frozenset({FULL, SEND_AS})), Grant(at("board"), frozenset({ON_BEHALF}))),
)
ALL: tuple[Wanted, ...] = (STAFF, BOARD, ROOM, SHARED)


@pytest.fixture
def cloud() -> Iterator[WorkMailCloud]:
    cloud = WorkMailCloud()
    for name in ("anna", "berta", "cora"):
        cloud.add_user(name, at(name))
    cloud.service.calls.clear()
    yield cloud
    cloud.close()


def planned(*wanted: Wanted) -> MemoryLedger:
    ledger = MemoryLedger()
    ledger.plan_entities("run-1", wanted)
    return ledger


Work = Callable[[Directory, Ledger, str], str]


def finish(
    cloud: WorkMailCloud,
    work: Work,
    ledger: Ledger,
    entity_id: str,
    directory: Directory | None = None,
) -> str:
    """Calls again after a while, as the workflow does, for at most a minute."""
    for _ in range(20):
        try:
            return work(directory or cloud.directory, ledger, entity_id)
        except ProvisioningPending:
            cloud.seconds += 3
    raise AssertionError("WorkMail was never finished")


def run(cloud: WorkMailCloud, ledger: MemoryLedger, run_id: str = "run-1") -> dict[str, str]:
    """Both Maps of the workflow; what they have told, by entity."""
    ids = [record.wanted.id for record in ledger.entities(run_id)]
    for entity_id in ids:
        finish(cloud, provision_entity, ledger, entity_id)
    return {entity_id: finish(cloud, link_entity, ledger, entity_id) for entity_id in ids}


def only(cloud: WorkMailCloud, wanted: Wanted) -> EntityRecord:
    """The record of a run with this entity alone."""
    ledger = planned(wanted)
    run(cloud, ledger)
    return ledger.entity(wanted.id)


def preview(cloud: WorkMailCloud, wanted: Wanted, *expected: str) -> EntityRuling:
    """What a run would do with this entity alone."""
    if isinstance(wanted, Sharing):
        return preview_links(cloud.directory, wanted, None, {}, set(expected))
    made = preview_making(cloud.directory, wanted)
    if made.ruling.conflict:
        return made.ruling
    linked = preview_links(cloud.directory, wanted, made.entity, {}, set(expected))
    return made.ruling.join(linked)


def show(cloud: WorkMailCloud) -> dict[str, Any]:
    """What an operator sees, with addresses in the place of ids."""
    directory = cloud.directory
    emails = {
        each["Id"]: each.get("Email", "")
        for kind in ("Users", "Groups", "Resources")
        for each in cloud.call(f"list_{kind.lower()}")[kind]
    }
    seen: dict[str, Any] = {}
    for group in cloud.call("list_groups")["Groups"]:
        found = cloud.call("describe_group", GroupId=group["Id"])
        members = sorted(emails[each] for each in directory.members(group["Id"]))
        seen[group["Name"]] = (
            found["State"],
            found.get("Email"),
            found["HiddenFromGlobalAddressList"],
            sorted(directory.aliases(group["Id"])),
            members,
        )
    for resource in cloud.call("list_resources")["Resources"]:
        found = directory.find_resource(resource.get("Email", at("nobody")), resource["Name"])
        assert found is not None
        delegates = sorted(emails[each] for each in directory.delegates(found.id))
        aliases = sorted(directory.aliases(found.id))
        seen[resource["Name"]] = (replace(found, id=""), aliases, delegates)
    for user_id, email in emails.items():
        granted = directory.permissions(user_id)
        if granted:
            seen[email] = {emails[each]: rights for each, rights in granted.items()}
    return seen


def quiet_end() -> dict[str, Any]:
    cloud = WorkMailCloud()
    for name in ("anna", "berta", "cora"):
        cloud.add_user(name, at(name))
    run(cloud, planned(*ALL))
    seen = show(cloud)
    cloud.close()
    return seen


# ---- a run and the next ----------------------------------------------------------------------


def test_everything_comes_to_be_and_a_second_run_writes_nothing(cloud: WorkMailCloud) -> None:
    ledger = planned(*ALL)
    assert run(cloud, ledger) == {
        "g-staff": "created",
        "g-board": "created",
        "r-room": "created",
        "s-anna": "changed",
    }
    assert {record.status for record in ledger.entities("run-1")} == {EntityStatus.DONE}
    seen = show(cloud)
    assert seen["Équipe Nord"] == (
        "ENABLED",
        at("staff"),
        True,
        [at("all"), at("team")],
        [at("anna"), at("berta"), at("board")],
    )
    room, aliases, delegates = seen["room-1"]
    assert (room.description, room.hidden) == ("First floor", True)
    assert room.booking == Booking(False, True, True)
    assert at("saal") in aliases
    assert delegates == [at("anna"), at("board")]
    assert seen[at("anna")] == {at("berta"): {FULL, SEND_AS}, at("board"): {ON_BEHALF}}
    cloud.service.calls.clear()
    ledger.plan_entities("run-2", ALL)
    assert set(run(cloud, ledger, "run-2").values()) == {"unchanged"}
    assert set(cloud.operations()) <= READING
    assert show(cloud) == seen


def test_a_plan_tells_what_the_run_does_and_changes_nothing(cloud: WorkMailCloud) -> None:
    expected = {at("staff"), at("board"), at("room-1")}
    plans = {each.id: preview(cloud, each, *expected) for each in ALL}
    told = {
        entity: [f"{c.action} {c.number or ''}".strip() for c in plan.changes]
        for entity, plan in plans.items()
    }
    assert told["g-staff"] == [
        *("create", "enable", "add alias 1", "add alias 2"),
        *("add member 1", "add member 2", "add member 3"),
    ]
    assert told["r-room"] == [
        *("create", "enable", "add alias 1"),
        *("add delegate 1", "add delegate 2", "set booking"),
    ]
    assert told["s-anna"] == ["put permissions of grantee 1", "put permissions of grantee 2"]
    assert set(cloud.operations()) <= READING
    run(cloud, planned(*ALL))
    after = [preview(cloud, each) for each in ALL]
    assert [plan.changes for plan in after] == [()] * 4
    assert not any("@" in repr(plan) for plan in (*plans.values(), *after))


def test_a_group_may_hold_one_that_is_made_after_it(cloud: WorkMailCloud) -> None:
    first = replace(BOARD, id="a", name="First", address=at("first"), members=(at("second"),))
    second = replace(BOARD, id="b", name="Second", address=at("second"), members=(at("anna"),))
    ledger = planned(first, second)
    assert run(cloud, ledger) == {"a": "created", "b": "created"}
    assert show(cloud)["First"][-1] == [at("second")]


# ---- killed anywhere -------------------------------------------------------------------------

QUIET_WRITES = 36
LOOKS = {
    *(
        "entity",
        "entities",
        "mailboxes",
        "owner_of",
        "owner_of_name",
        "find_group",
        "find_resource",
    ),
    *("aliases", "members", "delegates", "permissions"),
}


class StoppingWrites(Stopping):
    """Looks do not count: to die after one is to die after the write before it."""

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name in LOOKS:
            method: Callable[..., Any] = getattr(self._inner, name)
            return method
        return super().__getattr__(name)


@pytest.fixture(scope="module")
def quiet() -> dict[str, Any]:
    return quiet_end()


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("stop_at", range(1, QUIET_WRITES))
def test_a_run_that_is_killed_anywhere_ends_in_the_same_state(
    cloud: WorkMailCloud, quiet: dict[str, Any], stop_at: int, before: bool
) -> None:
    ledger = planned(*ALL)
    countdown = [stop_at]
    directory = cast(Directory, StoppingWrites(cloud.directory, before, countdown))
    stopping = cast(Ledger, StoppingWrites(ledger, before, countdown))
    ids = [record.wanted.id for record in ledger.entities("run-1")]
    try:
        for work in (provision_entity, link_entity):
            for entity_id in ids:
                finish(cloud, work, stopping, entity_id, directory)
    except Stopped:
        pass
    told = run(cloud, ledger)
    assert told.pop("s-anna") == "changed"
    # Killed between the call that creates and the note of it, a run takes it for somebody else's.
    assert set(told.values()) <= {"created", "enabled"}
    assert list(told.values()).count("enabled") <= 1
    assert show(cloud) == quiet
    assert {each.status for each in ledger.entities("run-1")} == {EntityStatus.DONE}
    assert run(cloud, ledger).pop("s-anna") == "changed"  # the answer was lost: told again


def test_the_kill_test_reaches_the_end_of_a_run(cloud: WorkMailCloud) -> None:
    countdown = [0]
    directory = cast(Directory, StoppingWrites(cloud.directory, True, countdown))
    ledger = planned(*ALL)
    stopping = cast(Ledger, StoppingWrites(ledger, True, countdown))
    for work in (provision_entity, link_entity):
        for record in list(ledger.entities("run-1")):
            finish(cloud, work, stopping, record.wanted.id, directory)
    assert QUIET_WRITES - 4 < -countdown[0] < QUIET_WRITES


# ---- what is there already -------------------------------------------------------------------


def test_what_stands_in_workmail_and_not_in_the_manifest_stays(cloud: WorkMailCloud) -> None:
    run(cloud, planned(*ALL))
    cloud.add_user("dora", at("dora"))
    directory = cloud.directory
    ids = {name: owner.id for name in ("staff", "room-1", "anna", "dora", "berta")
           if (owner := directory.owner_of(at(name)))}  # fmt: skip
    directory.add_member(ids["staff"], ids["dora"])
    directory.add_delegate(ids["room-1"], ids["dora"])
    directory.add_alias(ids["staff"], at("crew"))
    directory.put_permissions(ids["anna"], ids["berta"], {ON_BEHALF})
    directory.put_permissions(ids["anna"], ids["dora"], {FULL})
    ledger = planned(*ALL)
    assert run(cloud, ledger)["s-anna"] == "changed"
    seen = show(cloud)
    assert at("dora") in seen["Équipe Nord"][-1]
    assert at("crew") in seen["Équipe Nord"][-2]
    assert at("dora") in seen["room-1"][-1]
    assert seen[at("anna")][at("berta")] == {FULL, SEND_AS, ON_BEHALF}
    assert seen[at("anna")][at("dora")] == {FULL}


def test_attributes_become_what_the_manifest_says(cloud: WorkMailCloud) -> None:
    run(cloud, planned(*ALL))
    equipment = replace(ROOM, kind=ResourceKind.EQUIPMENT, description="", hidden=False)
    shown = replace(STAFF, hidden=False)
    assert set(run(cloud, planned(equipment, shown)).values()) == {"changed"}
    seen = show(cloud)
    assert not seen["Équipe Nord"][2]
    room = seen["room-1"][0]
    assert (room.kind, room.description, room.hidden) == (
        ResourceKind.EQUIPMENT,
        "First floor",
        False,
    )
    assert room.booking == Booking(False, True, True)


def test_a_resource_answers_by_itself_again(cloud: WorkMailCloud) -> None:
    run(cloud, planned(*ALL))
    assert only(cloud, replace(ROOM, booking=Booking(auto_accept=True))).outcome == "changed"
    assert show(cloud)["room-1"][0].booking == Booking(True, True, True)


def test_what_was_disabled_is_enabled_again_under_its_id(cloud: WorkMailCloud) -> None:
    run(cloud, planned(*ALL))
    before = cloud.directory.find_group(STAFF.address, STAFF.name)
    assert before is not None
    cloud.directory.disable_entity(before.id)
    record = only(cloud, STAFF)
    assert (record.outcome, record.entity_id) == ("enabled again", before.id)
    assert show(cloud)["Équipe Nord"][3] == [at("all"), at("team")]


def test_what_was_deleted_is_made_anew(cloud: WorkMailCloud) -> None:
    before = only(cloud, BOARD)
    cloud.directory.disable_entity(before.entity_id)
    cloud.directory.delete_group(before.entity_id)
    after = only(cloud, BOARD)
    assert after.outcome == "created"
    assert after.entity_id != before.entity_id


# ---- conflicts, refusals, remarks ------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "word"),
    [
        (replace(BOARD, address=at("anna")), "the address belongs to a user"),
        (replace(BOARD, address=at("room-1")), "the address belongs to a resource"),
        (replace(ROOM, address=at("staff"), name="room-9"), "the address belongs to a group"),
        (replace(BOARD, name="anna"), "the name belongs to a user"),
        (replace(BOARD, name="room-1"), "the name belongs to a resource"),
        (replace(ROOM, address=at("room-9"), name="Writers"), "the name belongs to a group"),
        (replace(STAFF, name="Crew"), "a group of another name"),
        (replace(ROOM, name="room-9"), "a resource of another name"),
        (replace(STAFF, address=at("crew")), "another primary address"),
        (replace(SHARED, owner=at("nobody")), "does not know the owner"),
    ],
)
def test_a_conflict_is_recorded_and_nothing_is_changed(
    cloud: WorkMailCloud, wanted: Wanted, word: str
) -> None:
    writers = replace(BOARD, id="w", name="Writers", address=at("writers"))
    run(cloud, planned(STAFF, ROOM, writers))
    cloud.service.calls.clear()
    plan = preview(cloud, wanted)
    record = only(cloud, wanted)
    assert record.status is EntityStatus.FAILED
    assert record.failure is not None
    assert word in record.failure.reason
    assert record.failure.reason == plan.conflict
    assert "@" not in record.failure.reason
    assert record.outcome in ("refused", "unchanged")
    assert set(cloud.operations()) <= READING


def test_who_is_unknown_is_left_out_with_its_number_and_the_rest_is_done(
    cloud: WorkMailCloud,
) -> None:
    run(cloud, planned(ROOM))
    members = (at("nobody"), at("anna"), at("room-1"), at("staff"), at("gone"))
    owners = (at("anna"), at("berta"))
    record = only(cloud, replace(STAFF, members=members, owners=owners))
    assert record.status is EntityStatus.DONE
    assert record.remarks == (
        "members 1, 5: WorkMail does not know the address; left out",
        "member 3: a resource cannot be a member of a group; left out",
        "member 4: nothing can be a member of a group that is itself; left out",
        "WorkMail has no owners of groups: 2 owners are not taken over",
    )
    assert show(cloud)["Équipe Nord"][-1] == [at("anna")]


def test_nobody_is_linked_to_somebody_else_who_has_an_address_of_the_manifest(
    cloud: WorkMailCloud,
) -> None:
    """Dora's user was refused, because cora has her address as an alias."""
    cora = cloud.directory.owner_of(at("cora"))
    assert cora is not None
    cloud.directory.add_alias(cora.id, at("dora"))
    sharings = (
        Sharing("s-dora", at("dora"), (Grant(at("berta"), frozenset({FULL})),)),
        Sharing("s-anna", at("anna"), (Grant(at("dora"), frozenset({FULL})),)),
    )
    group = replace(BOARD, members=(at("dora"), at("anna")))
    ledger = planned(*sharings, group, replace(ROOM, delegates=(at("Dora"),)))
    ledger.plan_mailboxes("run-1", [mailbox("dora")])
    refused = provision_user(cloud.directory, ledger, "id-dora", lambda _: "")
    assert (refused, ledger.mailbox("id-dora").user_id) == ("refused", "")
    told = run(cloud, ledger)
    assert told["s-dora"] == "refused"
    failure = ledger.entity("s-dora").failure
    assert failure is not None
    assert "the owner's address belongs to another one than the manifest says" in failure.reason
    left_out = "in WorkMail the address belongs to another one than the manifest says; left out"
    assert ledger.entity("s-anna").remarks == (f"grantee 1: {left_out}",)
    assert ledger.entity("g-board").remarks == (f"member 1: {left_out}",)
    assert ledger.entity("r-room").remarks[0] == f"delegate 1: {left_out}"
    seen = show(cloud)
    assert at("cora") not in seen
    assert at("anna") not in seen
    assert seen["Board"][-1] == [at("anna")]
    assert seen["room-1"][-1] == []


def test_who_was_provisioned_is_linked_though_a_part_of_the_user_was_refused(
    cloud: WorkMailCloud,
) -> None:
    ledger = planned(replace(BOARD, members=(at("anna"),)))
    ledger.plan_mailboxes("run-1", [mailbox("anna", at("cora"))])
    assert provision_user(cloud.directory, ledger, "id-anna", lambda _: "") == "refused"
    run(cloud, ledger)
    assert ledger.entity("g-board").remarks == ()
    assert show(cloud)["Board"][-1] == [at("anna")]


def test_rights_that_workmail_does_not_give_to_groups_are_left_out(cloud: WorkMailCloud) -> None:
    run(cloud, planned(BOARD))
    grants = (Grant(at("board"), frozenset({FULL, SEND_AS})), Grant(at("x"), frozenset({FULL})))
    record = only(cloud, replace(SHARED, grants=grants))
    assert record.remarks == (
        "grantee 1: FULL_ACCESS: WorkMail gives it to users alone; left out",
        "grantee 2: WorkMail does not know the address; left out",
    )
    assert show(cloud)[at("anna")] == {at("board"): {SEND_AS}}
    of_a_group = Sharing("s", at("board"), (Grant(at("anna"), frozenset({FULL, SEND_AS})),))
    record = only(cloud, of_a_group)
    assert record.status is EntityStatus.DONE
    assert "a group has no mailbox" in record.remarks[0]
    assert show(cloud)[at("board")] == {at("anna"): {SEND_AS}}


def test_without_a_delegate_a_resource_goes_on_answering(cloud: WorkMailCloud) -> None:
    record = only(cloud, replace(ROOM, delegates=(at("nobody"),)))
    assert record.status is EntityStatus.DONE
    assert "no delegate" in record.remarks[1]
    assert show(cloud)["room-1"][0].booking == Booking(True, True, True)


def test_refused_parts_are_failures_with_their_numbers_and_the_others_are_done(
    cloud: WorkMailCloud,
) -> None:
    aliases = (at("anna"), at("team"), "x@elsewhere.test")
    cloud.fake.fail_next("AssociateMemberToGroup", "InvalidParameterException", "no")
    record = only(cloud, replace(STAFF, aliases=aliases))
    assert (record.status, record.outcome) == (EntityStatus.FAILED, "created")
    assert record.failure is not None
    parts = record.failure.reason.split("; ")
    assert [part.partition(": ")[0] for part in parts] == ["alias 1", "alias 3", "member 1"]
    assert "@" not in record.failure.reason
    seen = show(cloud)["Équipe Nord"]
    assert at("team") in seen[3]
    assert seen[4] == [at("berta")]


def test_a_full_list_of_aliases_is_not_tried_again(cloud: WorkMailCloud) -> None:
    many = tuple(at(f"alias-{number}") for number in range(1, 103))
    record = only(cloud, replace(STAFF, aliases=many))
    assert record.failure is not None
    assert record.failure.reason.count("LimitExceededException") == 2
    assert cloud.operations().count("CreateAlias") == 102


def test_a_read_only_directory_is_linked_to_as_far_as_it_can_be(cloud: WorkMailCloud) -> None:
    cloud.call("create_group", Name="Board")
    cloud.seconds += 10
    cloud.fake.set_read_only(cloud.organization_id, True)
    enabled = only(cloud, replace(BOARD, aliases=(at("chiefs"),)))
    assert (enabled.outcome, enabled.status) == ("enabled", EntityStatus.FAILED)
    assert enabled.failure is not None
    assert "member 1: AssociateMemberToGroup: UnsupportedOperation" in enabled.failure.reason
    refused = only(cloud, STAFF)
    assert (refused.outcome, refused.status) == ("refused", EntityStatus.FAILED)
    assert refused.failure is not None
    assert "read-only" in refused.failure.reason


def test_resources_of_an_exchange_organization_are_refused(cloud: WorkMailCloud) -> None:
    cloud.fake.set_interoperability(cloud.organization_id, True)
    assert only(cloud, ROOM).outcome == "refused"


def test_one_member_that_is_not_ready_does_not_hold_up_the_others(cloud: WorkMailCloud) -> None:
    ledger = planned(BOARD, STAFF)
    for each in (BOARD, STAFF):
        finish(cloud, provision_entity, ledger, each.id)
    cloud.fake.fail_next("AssociateMemberToGroup", "EntityStateException", "not yet")
    with pytest.raises(ProvisioningPending):
        link_entity(cloud.directory, ledger, STAFF.id)
    assert show(cloud)["Équipe Nord"][-1] == [at("berta"), at("board")]
    assert link_entity(cloud.directory, ledger, STAFF.id) == "created"
    assert show(cloud)["Équipe Nord"][-1] == [at("anna"), at("berta"), at("board")]


def test_what_ends_the_work_is_recorded_and_what_was_not_made_is_tried_once_more(
    cloud: WorkMailCloud,
) -> None:
    ledger = planned(BOARD)
    with pytest.raises(ProvisioningPending):
        provision_entity(cloud.directory, ledger, BOARD.id)
    with pytest.raises(ProvisioningPending):
        link_entity(cloud.directory, ledger, BOARD.id)
    fail_entity(ledger, BOARD.id, Failure("ProvisioningPending", "not enabled yet"))
    record = ledger.entity(BOARD.id)
    assert (record.status, record.failure) == (
        EntityStatus.FAILED,
        Failure("ProvisioningPending", "not enabled yet"),
    )
    assert provision_entity(cloud.directory, ledger, BOARD.id) == "refused"
    assert link_entity(cloud.directory, ledger, BOARD.id) == "refused"
    ledger.plan_entities("run-2", [BOARD])
    assert finish(cloud, link_entity, ledger, BOARD.id) == "created"


def test_an_entity_that_nobody_planned_is_a_bug(cloud: WorkMailCloud) -> None:
    with pytest.raises(KeyError):
        provision_entity(cloud.directory, MemoryLedger(), "g-unknown")
