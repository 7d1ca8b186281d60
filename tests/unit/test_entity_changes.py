"""What must change at groups, resources, permissions: by table, and for whatever there is."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migration.directory_model import (
    Booking,
    DirectoryGroup,
    DirectoryResource,
    EntityKind,
    Grant,
    Group,
    Owner,
    Permission,
    Resource,
    ResourceKind,
    Sharing,
)
from migration.entity_changes import (
    Action,
    EntityRuling,
    Links,
    Seen,
    rule_on_making,
    wanted_resource,
)
from migration.entity_links import booked, rule_on_links

USER, GROUP, RESOURCE = EntityKind.USER, EntityKind.GROUP, EntityKind.RESOURCE
FULL, SEND_AS, ON_BEHALF = Permission.FULL_ACCESS, Permission.SEND_AS, Permission.SEND_ON_BEHALF
STAFF = Group("g", "staff@x.example", "Staff", aliases=("team@x.example", "all@x.example"))
ROOM = Resource("r", "room@x.example", "room", ResourceKind.ROOM)
THERE = DirectoryGroup("G-1", "staff", "Staff@x.example", "ENABLED")
ROOM_THERE = DirectoryResource(
    "r-1",
    "room",
    "room@x.example",
    "ENABLED",
    ResourceKind.ROOM,
    booking=Booking(True, False, True),
)


def told(ruling: EntityRuling) -> list[str]:
    return [f"{change.action} {change.number or ''}".strip() for change in ruling.changes]


# ---- made ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seen", "actions"),
    [
        (Seen(None), ["create", "enable", "add alias 1", "add alias 2"]),
        (
            Seen(replace(THERE, state="DELETED", email="")),
            ["create", "enable", "add alias 1", "add alias 2"],
        ),
        (
            Seen(replace(THERE, state="DISABLED", email="")),
            ["enable", "add alias 1", "add alias 2"],
        ),
        (Seen(replace(THERE, state="DISABLED")), ["enable", "add alias 1", "add alias 2"]),
        (
            Seen(replace(THERE, state="DISABLED", email="", was_enabled=True)),
            ["enable again", "add alias 1", "add alias 2"],
        ),
        (Seen(THERE, aliases=frozenset({"TEAM@x.example"})), ["add alias 2"]),
        (Seen(THERE, owner=Owner("G-1", GROUP), aliases=frozenset(STAFF.aliases)), []),
    ],
)
def test_what_makes_a_group(seen: Seen, actions: list[str]) -> None:
    ruling = rule_on_making(STAFF, seen)
    assert told(ruling) == actions
    assert not ruling.conflict
    assert all(change.reason for change in ruling.changes)


@pytest.mark.parametrize(
    ("seen", "word"),
    [
        (Seen(None, owner=Owner("U", USER)), "the address belongs to a user"),
        (Seen(THERE, owner=Owner("r-1", RESOURCE)), "the address belongs to a resource"),
        (Seen(None, named=Owner("U", USER)), "the name belongs to a user"),
        (
            Seen(replace(THERE, state="DELETED"), named=Owner("r-1", RESOURCE)),
            "the name belongs to a resource",
        ),
        (Seen(replace(THERE, name="Crew")), "another name"),
        (Seen(replace(THERE, email="crew@x.example")), "another primary address"),
        (Seen(replace(THERE, email="crew@x.example", state="DISABLED")), "another primary"),
    ],
)
def test_what_is_in_the_way_of_a_group(seen: Seen, word: str) -> None:
    ruling = rule_on_making(STAFF, seen)
    assert word in ruling.conflict
    assert ruling.changes == ()


@pytest.mark.parametrize(
    ("wanted", "columns"),
    [
        (ROOM, []),
        (replace(ROOM, hidden=False, description=""), []),
        (replace(ROOM, hidden=True), ["hidden"]),
        (replace(ROOM, description="new"), ["description"]),
        (replace(ROOM, kind=ResourceKind.EQUIPMENT, hidden=True), ["kind", "hidden"]),
    ],
)
def test_attributes_of_a_resource(wanted: Resource, columns: list[str]) -> None:
    ruling = rule_on_making(wanted, Seen(ROOM_THERE))
    assert told(ruling) == (["update"] if columns else [])
    assert all(change.reason.endswith(", ".join(columns)) for change in ruling.changes)
    after = wanted_resource(wanted, ROOM_THERE)
    assert rule_on_making(wanted, Seen(after)).changes == ()


def test_a_hidden_group() -> None:
    aliases = frozenset(STAFF.aliases)
    assert told(rule_on_making(replace(STAFF, hidden=True), Seen(THERE, aliases=aliases))) == [
        "update"
    ]
    for hidden in (None, False):
        wanted = replace(STAFF, hidden=hidden)
        assert told(rule_on_making(wanted, Seen(THERE, aliases=aliases))) == []


# ---- linked ----------------------------------------------------------------------------------

OWNERS = {
    "anna@x.example": Owner("U-anna", USER),
    "a.berg@x.example": Owner("U-anna", USER),
    "board@x.example": Owner("G-board", GROUP),
    "room@x.example": Owner("r-1", RESOURCE),
    "staff@x.example": Owner("G-1", GROUP),
}
SELF = Owner("G-1", GROUP)
NONE: frozenset[Permission] = frozenset()


def members(*addresses: str) -> Group:
    return replace(STAFF, members=addresses)


def test_two_addresses_of_one_user_are_one_member() -> None:
    group = members("Anna@x.example", "a.berg@x.example", "board@x.example")
    ruling = rule_on_links(group, Links(SELF, {}, OWNERS))
    assert told(ruling) == ["add member 1", "add member 3"]
    assert [change.subject for change in ruling.changes] == ["U-anna", "G-board"]


def test_who_the_run_makes_is_a_member_of_the_plan_and_not_of_the_run() -> None:
    group = members("new@x.example", "nobody@x.example")
    plan = rule_on_links(group, Links(None, {}, OWNERS), {"new@x.example"})
    assert told(plan) == ["add member 1"]
    assert plan.remarks == ("member 2: WorkMail does not know the address; left out",)
    assert told(rule_on_links(group, Links(SELF, {}, OWNERS))) == []


@pytest.mark.parametrize(("count", "words"), [(0, None), (1, "1 owner is"), (12, "12 owners are")])
def test_owners_are_told(count: int, words: str | None) -> None:
    ruling = rule_on_links(replace(STAFF, owners=("o@x.example",) * count), Links(SELF))
    assert [words in remark for remark in ruling.remarks if words] == ([True] if words else [])
    assert bool(ruling.remarks) == bool(words)


@pytest.mark.parametrize(
    ("booking", "delegates", "present", "actions", "after"),
    [
        (Booking(), (), (), [], (True, False, True)),
        (Booking(True, False, True), (), (), [], (True, False, True)),
        (Booking(None, True, None), (), (), ["set booking"], (True, True, True)),
        (Booking(auto_accept=False), (), (), [], (True, False, True)),
        (Booking(False, True), (), (), ["set booking"], (True, True, True)),
        (Booking(auto_accept=False), (), ("U-anna",), ["set booking"], (False, False, True)),
        (
            Booking(auto_accept=False),
            ("anna@x.example",),
            (),
            ["add delegate 1", "set booking"],
            (False, False, True),
        ),
        (Booking(auto_accept=False), ("nobody@x.example",), (), [], (True, False, True)),
        (Booking(auto_accept=False), ("room@x.example",), (), [], (True, False, True)),
    ],
)
def test_booking_options_and_delegates(
    booking: Booking,
    delegates: tuple[str, ...],
    present: tuple[str, ...],
    actions: list[str],
    after: tuple[bool, bool, bool],
) -> None:
    wanted = replace(ROOM, booking=booking, delegates=delegates)
    links = Links(Owner("r-1", RESOURCE), dict.fromkeys(present, NONE), OWNERS, ROOM_THERE)
    ruling = rule_on_links(wanted, links)
    assert told(ruling) == actions
    resource = booked(booking, links, ROOM_THERE, ruling.changes)
    assert resource.booking == Booking(*after)
    keeps_on = booking.auto_accept is False and after[0]
    assert any("goes on answering" in remark for remark in ruling.remarks) == keeps_on


def test_the_booking_of_a_resource_that_is_still_to_be_made() -> None:
    def plan(booking: Booking) -> list[str]:
        return told(rule_on_links(replace(ROOM, booking=booking), Links(None)))

    assert plan(Booking()) == []
    assert plan(Booking(auto_accept=True)) == ["set booking"]
    assert plan(Booking(auto_accept=False)) == []


def share(*grants: tuple[str, set[Permission]]) -> Sharing:
    pairs = (Grant(f"{name}@x.example", frozenset(rights)) for name, rights in grants)
    return Sharing("s", "owner@x.example", tuple(pairs))


OWNED = Links(Owner("U-owner", USER), {"U-anna": frozenset({SEND_AS})}, OWNERS)


@pytest.mark.parametrize(
    ("sharing", "after", "remark"),
    [
        (share(("anna", {SEND_AS})), [], ""),
        (share(("anna", {FULL})), [{FULL, SEND_AS}], ""),
        (share(("board", {SEND_AS})), [{SEND_AS}], ""),
        (share(("board", {FULL, SEND_AS})), [{SEND_AS}], "grantee 1: FULL_ACCESS"),
        (share(("board", {FULL})), [], "grantee 1: FULL_ACCESS"),
        (share(("room", {SEND_AS})), [], "a resource cannot be given permissions"),
        (share(("nobody", {SEND_AS})), [], "does not know the address"),
        (
            share(("anna", {FULL}), ("a.berg", {ON_BEHALF})),
            [{FULL, SEND_AS}, {FULL, SEND_AS, ON_BEHALF}],
            "",
        ),
    ],
)
def test_what_grantees_get(sharing: Sharing, after: list[set[Permission]], remark: str) -> None:
    ruling = rule_on_links(sharing, OWNED)
    assert [change.permissions for change in ruling.changes] == after
    assert remark in "".join(ruling.remarks)
    assert bool(ruling.remarks) == bool(remark)


def test_the_owner_of_a_sharing_must_be_there_or_be_made() -> None:
    unknown = replace(OWNED, owner=None, present={})
    assert "owner" in rule_on_links(share(("anna", {FULL})), unknown).conflict
    plan = rule_on_links(share(("anna", {FULL})), unknown, {"owner@x.example"})
    assert told(plan) == ["put permissions of grantee 1"]
    assert not plan.conflict


# ---- whatever there is -----------------------------------------------------------------------

NAMES = st.sampled_from([*OWNERS, "nobody@x.example", "other@x.example"])
RIGHTS = st.frozensets(st.sampled_from(list(Permission)), min_size=1)
IDS = st.sampled_from(["U-anna", "G-board", "U-else"])
SHARINGS = st.builds(
    Sharing, st.just("s"), st.just("owner@x.example"), st.lists(st.builds(Grant, NAMES, RIGHTS))
)


@given(SHARINGS, st.dictionaries(IDS, RIGHTS), st.sampled_from(list(EntityKind)))
def test_no_right_is_ever_taken_and_the_second_look_finds_nothing_to_do(
    sharing: Sharing, present: dict[str, frozenset[Permission]], kind: EntityKind
) -> None:
    links = Links(Owner("O", kind), present, OWNERS)
    ruling = rule_on_links(sharing, links)
    after = dict(present)
    for change in ruling.changes:
        assert change.permissions > after.get(change.subject, frozenset())
        after[change.subject] = change.permissions
        assert kind is not EntityKind.GROUP or FULL not in change.permissions - present.get(
            change.subject, frozenset()
        )
    assert rule_on_links(sharing, replace(links, present=after)).changes == ()


@given(st.lists(NAMES), st.frozensets(IDS))
def test_members_are_only_added_and_each_address_is_added_or_told(
    addresses: list[str], present: frozenset[str]
) -> None:
    links = Links(SELF, dict.fromkeys(present, NONE), OWNERS)
    ruling = rule_on_links(members(*addresses), links)
    added = [change.subject for change in ruling.changes]
    assert len(set(added)) == len(added)
    assert not set(added) & present
    assert {"r-1", "G-1"}.isdisjoint(added)
    numbers = {
        int(number)
        for remark in ruling.remarks
        for number in remark.partition(":")[0].partition(" ")[2].split(", ")
    }
    left = {
        number
        for number, address in enumerate(addresses, 1)
        if address not in OWNERS or OWNERS[address].id in ("r-1", "G-1")
    }
    assert numbers == left
    everybody = dict.fromkeys(present | set(added), NONE)
    assert rule_on_links(members(*addresses), replace(links, present=everybody)).changes == ()


@given(
    st.builds(Booking, *[st.sampled_from([None, True, False])] * 3),
    st.lists(NAMES),
    st.frozensets(IDS),
    st.builds(Booking, *[st.booleans()] * 3),
)
def test_a_resource_never_stops_answering_without_a_delegate(
    booking: Booking, delegates: list[str], present: frozenset[str], known: Booking
) -> None:
    wanted = replace(ROOM, booking=booking, delegates=tuple(delegates))
    resource = replace(ROOM_THERE, booking=known)
    if not (known.auto_accept or present):
        return  # WorkMail has no such resource
    links = Links(Owner("r-1", RESOURCE), dict.fromkeys(present, NONE), OWNERS, resource)
    ruling = rule_on_links(wanted, links)
    after = booked(booking, links, resource, ruling.changes)
    added = {each.subject for each in ruling.changes if each.action is Action.ADD_DELEGATE}
    assert after.booking.auto_accept or present | added
    assert (Action.SET_BOOKING in {each.action for each in ruling.changes}) == (after != resource)
    settled = Links(links.owner, dict.fromkeys(present | added, NONE), OWNERS, after)
    assert rule_on_links(wanted, settled).changes == ()


@given(st.lists(NAMES), SHARINGS)
def test_nothing_that_is_told_holds_an_address(addresses: list[str], sharing: Sharing) -> None:
    group = replace(members(*addresses), owners=tuple(addresses), aliases=tuple(addresses))
    rulings = (
        rule_on_links(group, Links(SELF, {}, OWNERS)),
        rule_on_links(sharing, OWNED),
        rule_on_links(sharing, Links(None, {}, OWNERS)),
        rule_on_making(group, Seen(None)),
        rule_on_making(group, Seen(None, owner=Owner("U", USER))),
    )
    assert not any("@" in repr(ruling) for ruling in rulings)
