"""Groups, resources and permissions of the emulated WorkMail, and how quick it is with many."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localrun.model_service import ApiError
from tests.contract.workmail_cloud import DOMAIN, WorkMailCloud

ROOM_ID, NOBODY = "r-" + "0" * 32, "01234567-0123-0123-0123-0123456789ab"


@pytest.fixture
def cloud() -> Iterator[WorkMailCloud]:
    cloud = WorkMailCloud()
    yield cloud
    cloud.close()


def code(cloud: WorkMailCloud, operation: str, **members: Any) -> str:
    """The error of a call, "" if there is none."""
    try:
        cloud.call(operation, **members)
    except ClientError as error:
        return str(error.response["Error"]["Code"]).removesuffix("Exception")
    return ""


def add_group(cloud: WorkMailCloud, name: str, address: str = "") -> str:
    group_id = str(cloud.call("create_group", Name=name)["GroupId"])
    cloud.seconds += 10
    if address:
        cloud.call("register_to_work_mail", EntityId=group_id, Email=address)
        cloud.seconds += 10
    return group_id


def add_resource(cloud: WorkMailCloud, name: str, address: str = "") -> str:
    resource_id = str(cloud.call("create_resource", Name=name, Type="ROOM")["ResourceId"])
    cloud.seconds += 10
    if address:
        cloud.call("register_to_work_mail", EntityId=resource_id, Email=address)
        cloud.seconds += 10
    return resource_id


@pytest.mark.parametrize("kind", ["group", "resource"])
def test_the_states_of_a_group_and_a_resource(cloud: WorkMailCloud, kind: str) -> None:
    member = f"{kind.title()}Id"
    more = {"Type": "ROOM"} if kind == "resource" else {}
    entity_id = cloud.call(f"create_{kind}", Name="one", **more)[member]
    assert code(cloud, f"describe_{kind}", **{member: entity_id}) == "EntityNotFound"
    assert code(cloud, f"create_{kind}", Name="ONE", **more) == "NameAvailability"
    assert cloud.call(f"list_{kind}s")[f"{kind.title()}s"] == []
    cloud.seconds += 2
    assert cloud.call(f"describe_{kind}", **{member: "ONE"})["State"] == "DISABLED"
    address = f"one@{DOMAIN}"
    cloud.call("register_to_work_mail", EntityId=entity_id, Email=address)
    assert cloud.call(f"describe_{kind}", **{member: entity_id})["State"] == "DISABLED"
    assert code(cloud, "create_alias", EntityId=entity_id, Alias=f"x@{DOMAIN}") == "EntityState"
    cloud.seconds += 5
    found = cloud.call(f"describe_{kind}", **{member: address})
    assert (found["State"], found["Email"], "EnabledDate" in found) == ("ENABLED", address, True)
    assert code(cloud, f"delete_{kind}", **{member: entity_id}) == "EntityState"
    twice = code(cloud, "register_to_work_mail", EntityId=entity_id, Email=address)
    assert twice == "EntityAlreadyRegistered"
    cloud.call("deregister_from_work_mail", EntityId=entity_id)
    found = cloud.call(f"describe_{kind}", **{member: entity_id})
    assert (found["State"], "DisabledDate" in found, "Email" in found) == ("DISABLED", True, False)
    assert code(cloud, "describe_entity", Email=address) == "EntityNotFound"
    cloud.call(f"delete_{kind}", **{member: entity_id})
    cloud.call(f"delete_{kind}", **{member: entity_id})
    assert cloud.call(f"describe_{kind}", **{member: entity_id})["State"] == "DELETED"
    again = code(cloud, "register_to_work_mail", EntityId=entity_id, Email=address)
    assert again == "EntityState"
    assert code(cloud, f"delete_{kind}", **{member: NOBODY}) == "EntityState"
    assert code(cloud, f"create_{kind}", Name="one", **more) == ""


def test_names_and_addresses_are_one_space_each(cloud: WorkMailCloud) -> None:
    cloud.add_user("anna", f"anna@{DOMAIN}")
    add_group(cloud, "Sales", f"sales@{DOMAIN}")
    room = add_resource(cloud, "room", f"room@{DOMAIN}")
    assert code(cloud, "create_group", Name="Anna") == "NameAvailability"
    assert code(cloud, "create_group", Name="room") == "NameAvailability"
    assert code(cloud, "create_user", Name="sales", DisplayName="S") == "NameAvailability"
    assert code(cloud, "create_resource", Name="anna", Type="ROOM") == "NameAvailability"
    renamed = code(cloud, "update_resource", ResourceId=room, Name="sales")
    assert renamed == "NameAvailability"
    assert code(cloud, "create_group", Name="Administrator") == "ReservedName"
    assert (
        code(cloud, "create_alias", EntityId=room, Alias=f"SALES@{DOMAIN}") == "EmailAddressInUse"
    )
    for address, kind in ((f"anna@{DOMAIN}", "USER"), (f"sales@{DOMAIN}", "GROUP")):
        assert cloud.call("describe_entity", Email=address)["Type"] == kind
    cloud.call("update_resource", ResourceId=room, Name="room-2")
    assert code(cloud, "create_group", Name="room") == ""
    assert cloud.call("describe_resource", ResourceId="room-2")["ResourceId"] == room


@pytest.mark.parametrize(
    ("operation", "members"),
    [
        ("CreateResource", {"Name": "a" * 21, "Type": "ROOM"}),
        ("CreateResource", {"Name": "two words", "Type": "ROOM"}),
        ("CreateResource", {"Name": "van", "Type": "CAR"}),
        ("CreateGroup", {"Name": "Łódź"}),
        ("CreateGroup", {"Name": "a" * 257}),
    ],
)
def test_values_that_the_model_refuses(
    cloud: WorkMailCloud, operation: str, members: dict[str, str]
) -> None:
    # Beside the client, which finds the same before it sends anything.
    with pytest.raises(ApiError, match="InvalidParameterException"):
        cloud.service.call(operation, {"OrganizationId": cloud.organization_id, **members})


def test_groups_take_latin_1_and_an_address_in_the_test_domain_only_where_that_fits(
    cloud: WorkMailCloud,
) -> None:
    plain = add_group(cloud, "sales", f"sales@{DOMAIN}")
    accents = add_group(cloud, "Équipe Nord", f"nord@{DOMAIN}")
    assert cloud.call("list_aliases", EntityId=plain)["Aliases"] == ["sales@acme.awsapps.com"]
    assert cloud.call("list_aliases", EntityId=accents)["Aliases"] == []


def test_filters_and_pages_of_groups_and_resources(cloud: WorkMailCloud) -> None:
    for name in ("beta", "Alpha", "alpine"):
        add_group(cloud, name, f"g-{name}@{DOMAIN}")
        add_resource(cloud, f"r-{name}")
    names = [group["Name"] for group in cloud.call("list_groups")["Groups"]]
    assert names == ["Alpha", "alpine", "beta"]
    filters = {"NamePrefix": "ALP", "PrimaryEmailPrefix": "g-alpi", "State": "ENABLED"}
    (found,) = cloud.call("list_groups", Filters=filters)["Groups"]
    assert found["Name"] == "alpine"
    assert cloud.call("list_resources", Filters={"State": "ENABLED"})["Resources"] == []
    first = cloud.call("list_resources", MaxResults=2)
    rest = cloud.call("list_resources", NextToken=first["NextToken"])
    assert [len(page["Resources"]) for page in (first, rest)] == [2, 1]


def test_nested_groups_and_who_is_in_them(cloud: WorkMailCloud) -> None:
    anna = cloud.add_user("anna", f"anna@{DOMAIN}")
    inner, middle, outer = (add_group(cloud, n, f"{n}@{DOMAIN}") for n in ("in", "mid", "out"))
    for group, member in ((inner, anna), (middle, inner), (outer, middle), (outer, anna)):
        cloud.call("associate_member_to_group", GroupId=group, MemberId=member)
    circle = code(cloud, "associate_member_to_group", GroupId=inner, MemberId=outer)
    assert circle == "InvalidParameter"
    members = cloud.call("list_group_members", GroupId=outer)["Members"]
    assert [(each["Type"], each["Name"]) for each in members] == [
        ("GROUP", "mid"),
        ("USER", "anna"),
    ]
    of_anna = cloud.call("list_groups_for_entity", EntityId=anna)["Groups"]
    assert [group["GroupName"] for group in of_anna] == ["in", "out"]
    filters = {"GroupNamePrefix": "O"}
    (only,) = cloud.call("list_groups_for_entity", EntityId=anna, Filters=filters)["Groups"]
    assert only["GroupId"] == outer
    cloud.call("deregister_from_work_mail", EntityId=anna)
    late = code(cloud, "associate_member_to_group", GroupId=middle, MemberId=anna)
    assert late == "EntityState"
    cloud.call("delete_user", UserId=anna)
    assert cloud.call("list_group_members", GroupId=inner)["Members"] == []


def test_a_resource_is_told_anew_with_each_change(cloud: WorkMailCloud) -> None:
    room = add_resource(cloud, "room", f"room@{DOMAIN}")
    options = {"AutoAcceptRequests": True, "AutoDeclineRecurringRequests": True}
    cloud.call("update_resource", ResourceId=room, Description="First", BookingOptions=options)
    found = cloud.call("describe_resource", ResourceId=room)
    assert (found["Description"], found["BookingOptions"]["AutoDeclineRecurringRequests"]) == (
        "First",
        True,
    )
    cloud.call("update_resource", ResourceId=room, HiddenFromGlobalAddressList=True)
    found = cloud.call("describe_resource", ResourceId=room)
    assert "Description" not in found
    assert not found["BookingOptions"]["AutoDeclineRecurringRequests"]
    silent = {"AutoAcceptRequests": False}
    refused = code(cloud, "update_resource", ResourceId=room, BookingOptions=silent)
    assert refused == "InvalidConfiguration"


def test_a_read_only_directory_refuses_what_would_write_to_it(cloud: WorkMailCloud) -> None:
    anna = cloud.add_user("anna")
    group, room = add_group(cloud, "sales", f"sales@{DOMAIN}"), add_resource(cloud, "room")
    cloud.fake.set_read_only(cloud.organization_id, True)
    writes: list[tuple[str, dict[str, Any]]] = [
        ("create_user", {"Name": "x", "DisplayName": "X"}),
        ("update_user", {"UserId": anna, "City": "Oslo"}),
        ("delete_user", {"UserId": anna}),
        ("create_group", {"Name": "x"}),
        ("update_group", {"GroupId": group, "HiddenFromGlobalAddressList": True}),
        ("delete_group", {"GroupId": group}),
        ("associate_member_to_group", {"GroupId": group, "MemberId": anna}),
        ("disassociate_member_from_group", {"GroupId": group, "MemberId": anna}),
        ("create_resource", {"Name": "x", "Type": "ROOM"}),
        ("update_resource", {"ResourceId": room, "Description": "x"}),
        ("delete_resource", {"ResourceId": room}),
        ("associate_delegate_to_resource", {"ResourceId": room, "EntityId": anna}),
        ("disassociate_delegate_from_resource", {"ResourceId": room, "EntityId": anna}),
    ]
    codes = {operation: code(cloud, operation, **members) for operation, members in writes}
    assert set(codes.values()) == {"UnsupportedOperation"}
    cloud.call("register_to_work_mail", EntityId=anna, Email=f"anna@{DOMAIN}")


def test_exchange_keeps_the_resources(cloud: WorkMailCloud) -> None:
    room = add_resource(cloud, "room")
    cloud.fake.set_interoperability(cloud.organization_id, True)
    assert code(cloud, "create_resource", Name="x", Type="ROOM") == "UnsupportedOperation"
    enabled = code(cloud, "register_to_work_mail", EntityId=room, Email=f"room@{DOMAIN}")
    assert enabled == "UnsupportedOperation"


def test_a_hundred_aliases_for_a_group_too(cloud: WorkMailCloud) -> None:
    group = add_group(cloud, "Équipe", f"nord@{DOMAIN}")
    for number in range(100):
        cloud.call("create_alias", EntityId=group, Alias=f"nord-{number}@{DOMAIN}")
    more = code(cloud, "create_alias", EntityId=group, Alias="nord@acme.awsapps.com")
    assert more == "LimitExceeded"
    cloud.call("update_primary_email_address", EntityId=group, Email=f"nord-7@{DOMAIN}")
    assert cloud.call("describe_group", GroupId=group)["Email"] == f"nord-7@{DOMAIN}"
    aliases = cloud.call("list_aliases", EntityId=group)["Aliases"]
    assert f"nord@{DOMAIN}" in aliases


def test_permissions_name_the_kind_of_the_grantee_and_end_with_it(cloud: WorkMailCloud) -> None:
    anna, berta = (cloud.add_user(name, f"{name}@{DOMAIN}") for name in ("anna", "berta"))
    group = add_group(cloud, "sales", f"sales@{DOMAIN}")
    for grantee in (berta, group):
        cloud.call(
            "put_mailbox_permissions",
            EntityId=anna,
            GranteeId=grantee,
            PermissionValues=["SEND_AS"],
        )
    listed = cloud.call("list_mailbox_permissions", EntityId=anna)["Permissions"]
    assert [each["GranteeType"] for each in listed] == ["USER", "GROUP"]
    for entity in (berta, group):
        cloud.call("deregister_from_work_mail", EntityId=entity)
    cloud.call("delete_user", UserId=berta)
    cloud.call("delete_group", GroupId=group)
    assert cloud.call("list_mailbox_permissions", EntityId=anna)["Permissions"] == []
    none = code(
        cloud, "put_mailbox_permissions", EntityId=anna, GranteeId=anna, PermissionValues=[]
    )
    assert none == "InvalidParameter"


def test_looking_somebody_up_among_a_thousand_is_quick(cloud: WorkMailCloud) -> None:
    fake, organization = cloud.fake, cloud.organization_id
    for number in range(1000):
        user = fake.create_user(organization_id=organization, name=f"u{number}", display_name="U")
        cloud.seconds += 3
        fake.register_to_work_mail(
            organization_id=organization, entity_id=user["UserId"], email=f"u{number}@{DOMAIN}"
        )
    began = time.process_time()
    for number in range(20_000):
        fake.describe_entity(organization_id=organization, email=f"u{number % 1000}@{DOMAIN}")
    # Going through all users for each took 40 times as long.
    assert time.process_time() - began < 2.0
