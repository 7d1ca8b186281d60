"""WorkMail's groups, resources and permissions, over the emulated API."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

import pytest

from migration.directory_model import (
    Booking,
    DirectoryGroup,
    DirectoryResource,
    EntityKind,
    Group,
    Made,
    Owner,
    Permission,
    Resource,
    ResourceKind,
)
from migration.errors import ProvisioningPending, UserRefused
from tests.contract.workmail_cloud import DOMAIN, WorkMailCloud, mailbox

STAFF = Group("g", f"staff@{DOMAIN}", "Équipe du Nord", hidden=True)
ROOM = Resource("r", f"room@{DOMAIN}", "room-1", ResourceKind.EQUIPMENT, description="A van")
FULL, SEND_AS = Permission.FULL_ACCESS, Permission.SEND_AS


@pytest.fixture
def cloud() -> Iterator[WorkMailCloud]:
    cloud = WorkMailCloud()
    yield cloud
    cloud.close()


def add_group(cloud: WorkMailCloud, group: Group = STAFF, *, enabled: bool = True) -> str:
    group_id = cloud.directory.create_group(group).id
    cloud.seconds += 10
    if enabled:
        cloud.directory.enable_entity(group_id, group.address)
        cloud.seconds += 10
    return group_id


def add_resource(cloud: WorkMailCloud, *, enabled: bool = True) -> str:
    resource_id = cloud.directory.create_resource(ROOM).id
    cloud.seconds += 10
    if enabled:
        cloud.directory.enable_entity(resource_id, ROOM.address)
        cloud.seconds += 10
    return resource_id


# ---- groups ----------------------------------------------------------------------------------


def test_a_group_from_nothing_to_its_address(cloud: WorkMailCloud) -> None:
    directory = cloud.directory
    assert directory.find_group(STAFF.address, STAFF.name) is None
    group_id = directory.create_group(STAFF).id
    assert directory.find_group(STAFF.address, STAFF.name) is None  # unseen yet
    with pytest.raises(ProvisioningPending):
        directory.enable_entity(group_id, STAFF.address)
    cloud.seconds += 3
    disabled = DirectoryGroup(group_id, STAFF.name, "", "DISABLED", hidden=True)
    assert directory.find_group(STAFF.address, STAFF.name) == disabled
    directory.enable_entity(group_id, STAFF.address)
    directory.enable_entity(group_id, STAFF.address)
    cloud.seconds += 3
    enabled = replace(disabled, email=STAFF.address, state="ENABLED")
    assert directory.find_group(STAFF.address.upper(), "any name") == enabled
    assert directory.find_group(f"other@{DOMAIN}", STAFF.name.upper()) == enabled
    directory.update_group(group_id, hidden=False)
    assert directory.find_group(STAFF.address, "") == replace(enabled, hidden=False)


def test_a_name_is_not_taken_for_one_that_begins_like_it(cloud: WorkMailCloud) -> None:
    for number in range(3):
        add_group(cloud, replace(STAFF, name=f"{STAFF.name} {number}"), enabled=False)
    assert cloud.directory.find_group(STAFF.address, STAFF.name) is None


def test_groups_are_found_over_all_pages(
    cloud: WorkMailCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        add_group(cloud, replace(STAFF, name=f"{STAFF.name}-{number}"), enabled=False)
    wanted = add_group(cloud, replace(STAFF, name=f"{STAFF.name}-"), enabled=False)
    pages = partial(cloud.fake.list_groups, max_results=1)
    monkeypatch.setattr(cloud.fake, "list_groups", pages)
    found = cloud.directory.find_group(STAFF.address, f"{STAFF.name}-")
    assert found is not None
    assert found.id == wanted


def test_creating_again_gives_the_same_group(cloud: WorkMailCloud) -> None:
    made = cloud.directory.create_group(STAFF)
    assert made.is_new
    with pytest.raises(ProvisioningPending, match="NameAvailability"):
        cloud.directory.create_group(STAFF)
    cloud.seconds += 3
    assert cloud.directory.create_group(STAFF) == Made(made.id, is_new=False)


def test_a_group_with_another_address_is_not_taken_over(cloud: WorkMailCloud) -> None:
    add_group(cloud)
    with pytest.raises(UserRefused, match="another group or resource"):
        cloud.directory.create_group(replace(STAFF, address=f"other@{DOMAIN}"))


def test_a_name_of_another_kind_is_waited_for_in_vain(cloud: WorkMailCloud) -> None:
    cloud.add_user("anna")
    with pytest.raises(ProvisioningPending, match="another kind"):
        cloud.directory.create_group(replace(STAFF, name="anna"))


def test_the_living_come_before_the_deleted(cloud: WorkMailCloud) -> None:
    directory = cloud.directory
    first = add_group(cloud)
    directory.disable_entity(first)
    directory.delete_group(first)
    deleted = directory.find_group(STAFF.address, STAFF.name)
    assert deleted is not None
    assert (deleted.id, deleted.state) == (first, "DELETED")
    assert directory.owner_of_name(STAFF.name) is None
    second = add_group(cloud)
    found = directory.find_group(f"x@{DOMAIN}", STAFF.name)
    assert found is not None
    assert found.id == second
    assert directory.owner_of_name(STAFF.name) == Owner(second, EntityKind.GROUP)


def test_members_are_users_and_groups(
    cloud: WorkMailCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = cloud.directory
    group_id, board = add_group(cloud), replace(STAFF, name="Board", address=f"board@{DOMAIN}")
    members = {cloud.add_user("anna", f"anna@{DOMAIN}"), add_group(cloud, board)}
    for member in (*members, *members):
        directory.add_member(group_id, member)
    pages = partial(cloud.fake.list_group_members, max_results=1)
    monkeypatch.setattr(cloud.fake, "list_group_members", pages)
    assert directory.members(group_id) == members
    with pytest.raises(UserRefused):
        directory.add_member(group_id, add_resource(cloud))
    for member in (*members, *members):
        directory.remove_member(group_id, member)
    assert directory.members(group_id) == frozenset()


def test_a_member_that_is_not_enabled_is_waited_for(cloud: WorkMailCloud) -> None:
    group_id = add_group(cloud)
    with pytest.raises(ProvisioningPending):
        cloud.directory.add_member(group_id, cloud.add_user("anna"))


# ---- resources -------------------------------------------------------------------------------


def test_a_resource_from_nothing_to_its_mailbox(cloud: WorkMailCloud) -> None:
    directory = cloud.directory
    assert directory.find_resource(ROOM.address, ROOM.name) is None
    resource_id = add_resource(cloud, enabled=False)
    known = Booking(auto_accept=True, auto_decline_recurring=False, auto_decline_conflicts=True)
    disabled = DirectoryResource(
        resource_id, "room-1", "", "DISABLED", ResourceKind.EQUIPMENT, "A van", booking=known
    )
    assert directory.find_resource(ROOM.address, "ROOM-1") == disabled
    directory.enable_entity(resource_id, ROOM.address)
    assert directory.find_resource(ROOM.address, "x") == replace(disabled, email=ROOM.address)
    cloud.seconds += 6
    enabled = replace(disabled, email=ROOM.address, state="ENABLED")
    assert directory.find_resource(ROOM.address, "x") == enabled
    directory.disable_entity(resource_id)
    again = replace(disabled, was_enabled=True)
    assert directory.find_resource(ROOM.address, ROOM.name) == again


def test_a_resource_is_changed_as_a_whole(cloud: WorkMailCloud) -> None:
    directory = cloud.directory
    add_resource(cloud)
    found = directory.find_resource(ROOM.address, ROOM.name)
    assert found is not None
    changed = replace(
        found,
        kind=ResourceKind.ROOM,
        description="",
        hidden=True,
        booking=Booking(True, True, False),
    )
    directory.update_resource(changed)
    assert directory.find_resource(ROOM.address, ROOM.name) == changed
    only_one = replace(changed, booking=Booking(auto_decline_recurring=True))
    directory.update_resource(only_one)


def test_who_does_not_answer_needs_a_delegate(cloud: WorkMailCloud) -> None:
    directory = cloud.directory
    resource_id = add_resource(cloud)
    found = directory.find_resource(ROOM.address, ROOM.name)
    assert found is not None
    silent = replace(found, booking=replace(found.booking, auto_accept=False))
    with pytest.raises(UserRefused, match="needs a delegate"):
        directory.update_resource(silent)
    delegates = {cloud.add_user("anna", f"anna@{DOMAIN}"), add_group(cloud)}
    for delegate in (*delegates, *delegates):
        directory.add_delegate(resource_id, delegate)
    assert directory.delegates(resource_id) == delegates
    directory.update_resource(silent)
    for delegate in (*delegates, *delegates):
        directory.remove_delegate(resource_id, delegate)
    assert directory.delegates(resource_id) == frozenset()


def test_a_resource_with_another_address_is_not_taken_over(cloud: WorkMailCloud) -> None:
    resource_id = add_resource(cloud)
    assert cloud.directory.create_resource(ROOM) == Made(resource_id, is_new=False)
    with pytest.raises(UserRefused, match="another group or resource"):
        cloud.directory.create_resource(replace(ROOM, address=f"other@{DOMAIN}"))


def test_a_name_that_workmail_never_takes_is_refused_unsent(cloud: WorkMailCloud) -> None:
    for name in ("a-name-of-more-than-20", "two words"):
        with pytest.raises(UserRefused, match="breaks its model"):
            cloud.directory.create_resource(replace(ROOM, name=name))
    with pytest.raises(UserRefused, match="breaks its model"):
        cloud.directory.create_group(replace(STAFF, name="Łódź"))
    assert not {"CreateResource", "CreateGroup"} & set(cloud.operations())


# ---- who is who ------------------------------------------------------------------------------


def test_owners_of_addresses_and_names(cloud: WorkMailCloud) -> None:
    directory = cloud.directory
    user, group, resource = cloud.add_user("anna", f"anna@{DOMAIN}"), add_group(cloud), ""
    resource = add_resource(cloud)
    directory.add_alias(group, f"crew@{DOMAIN}")
    expected = {
        "anna": Owner(user, EntityKind.USER),
        STAFF.name: Owner(group, EntityKind.GROUP),
        "Room-1": Owner(resource, EntityKind.RESOURCE),
        "nobody": None,
        "Nobody is called this": None,
        f"anna@{DOMAIN}": None,  # an address, and nobody's name
    }
    assert {name: directory.owner_of_name(name) for name in expected} == expected
    assert directory.owner_of(f"CREW@{DOMAIN}") == expected[STAFF.name]
    assert directory.owner_of(ROOM.address) == expected["Room-1"]
    assert directory.owner_of(f"nobody@{DOMAIN}") is None


def test_names_are_one_space_for_all_kinds(cloud: WorkMailCloud) -> None:
    add_group(cloud, replace(STAFF, name="sales"))
    with pytest.raises(ProvisioningPending):
        cloud.directory.create_resource(replace(ROOM, name="SALES"))
    with pytest.raises(ProvisioningPending):
        cloud.directory.create_user(mailbox("sales"))


def test_addresses_are_one_space_for_all_kinds(cloud: WorkMailCloud) -> None:
    directory = cloud.directory
    group, resource = add_group(cloud), add_resource(cloud)
    directory.add_alias(group, f"crew@{DOMAIN}")
    with pytest.raises(UserRefused, match="EmailAddressInUse"):
        directory.add_alias(resource, f"crew@{DOMAIN}")
    directory.add_alias(group, f"crew@{DOMAIN}")
    with pytest.raises(UserRefused, match="the address belongs to a group"):
        directory.find_user(STAFF.address, "staff")
    directory.remove_alias(group, f"crew@{DOMAIN}")
    directory.add_alias(resource, f"crew@{DOMAIN}")
    assert f"crew@{DOMAIN}" in directory.aliases(resource)


def test_enabled_with_another_address_is_refused(cloud: WorkMailCloud) -> None:
    group, resource = add_group(cloud), add_resource(cloud)
    with pytest.raises(UserRefused, match="EntityAlreadyRegistered"):
        cloud.directory.enable_entity(group, f"other@{DOMAIN}")
    with pytest.raises(UserRefused, match="EntityAlreadyRegistered"):
        cloud.directory.enable_entity(resource, STAFF.address)
    other = add_group(cloud, replace(STAFF, name="Other"), enabled=False)
    with pytest.raises(UserRefused, match="EmailAddressInUse"):
        cloud.directory.enable_entity(other, STAFF.address)


# ---- permissions -----------------------------------------------------------------------------


def test_permissions_are_replaced_and_taken(
    cloud: WorkMailCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = cloud.directory
    anna, berta = (cloud.add_user(name, f"{name}@{DOMAIN}") for name in ("anna", "berta"))
    group, resource = add_group(cloud), add_resource(cloud)
    assert directory.permissions(anna) == {}
    directory.put_permissions(anna, berta, {FULL, SEND_AS})
    directory.put_permissions(anna, group, {SEND_AS})
    pages = partial(cloud.fake.list_mailbox_permissions, max_results=1)
    monkeypatch.setattr(cloud.fake, "list_mailbox_permissions", pages)
    assert directory.permissions(anna) == {berta: {FULL, SEND_AS}, group: {SEND_AS}}
    directory.put_permissions(anna, berta, {Permission.SEND_ON_BEHALF})
    assert directory.permissions(anna)[berta] == {Permission.SEND_ON_BEHALF}
    directory.put_permissions(resource, anna, {FULL})
    directory.put_permissions(group, anna, {SEND_AS})
    assert directory.permissions(resource) == {anna: {FULL}}
    assert directory.permissions(group) == {anna: {SEND_AS}}
    for owner, grantee in ((anna, group), (group, anna)):
        with pytest.raises(UserRefused):
            directory.put_permissions(owner, grantee, {FULL})
    with pytest.raises(UserRefused):
        directory.put_permissions(anna, resource, {SEND_AS})
    directory.delete_permissions(anna, berta)
    directory.delete_permissions(anna, berta)
    assert directory.permissions(anna) == {group: {SEND_AS}}


# ---- what is taken back ----------------------------------------------------------------------


def test_everything_that_is_taken_back_may_be_gone(cloud: WorkMailCloud) -> None:
    directory = cloud.directory
    anna, berta = (cloud.add_user(name, f"{name}@{DOMAIN}") for name in ("anna", "berta"))
    group, resource = add_group(cloud), add_resource(cloud)
    alias = f"crew@{DOMAIN}"
    takes: list[Callable[[], None]] = [
        partial(directory.remove_alias, group, alias),
        partial(directory.delete_permissions, resource, anna),
    ]
    memberships: list[Callable[[], None]] = [
        partial(directory.remove_member, group, anna),
        partial(directory.remove_delegate, resource, anna),
    ]
    disables: list[Callable[[], None]] = [
        partial(directory.disable_entity, each) for each in (group, resource, berta)
    ]
    deletes: list[Callable[[], None]] = [
        partial(directory.delete_group, group),
        partial(directory.delete_resource, resource),
        partial(directory.delete_user, berta),
    ]
    for delete in deletes:
        with pytest.raises(ProvisioningPending):
            delete()  # it is enabled
    for work in (*takes, *memberships, *disables, *disables, *takes, *deletes, *deletes):
        work()
    for work in (*takes, *memberships, *disables):
        work()
    assert directory.owner_of(STAFF.address) is None
    found = directory.find_group(STAFF.address, STAFF.name)
    assert found is not None
    assert found.state == "DELETED"


@pytest.mark.parametrize("unknown", ["01234567-0123-0123-0123-0123456789ab", "r-" + "0" * 32])
def test_what_workmail_does_not_know_is_gone(cloud: WorkMailCloud, unknown: str) -> None:
    directory = cloud.directory
    anna = cloud.add_user("anna", f"anna@{DOMAIN}")
    directory.remove_alias(unknown, f"x@{DOMAIN}")
    directory.remove_member(unknown, anna)
    directory.remove_delegate(unknown, anna)
    directory.delete_permissions(unknown, anna)
    directory.delete_permissions(anna, unknown)
    directory.disable_entity(unknown)
    directory.delete_group(unknown)
    directory.delete_resource(unknown)
    directory.delete_user(unknown)


def test_what_is_not_ready_is_taken_back_later(cloud: WorkMailCloud) -> None:
    directory = cloud.directory
    group = add_group(cloud, enabled=False)
    anna = cloud.add_user("anna", f"anna@{DOMAIN}")
    with pytest.raises(ProvisioningPending):
        directory.remove_member(group, anna)
