"""Groups, resources and permissions of a manifest: what is read, and every fault."""

from __future__ import annotations

import pytest

from migration.directory_model import (
    Booking,
    Grant,
    Group,
    Permission,
    Resource,
    ResourceKind,
    Sharing,
)
from migration.identity import entity_id, mailbox_id
from migration.manifest import Manifest, parse_folder

DOMAINS = ("example.com", "example.org")
USERS = (
    "source,display_name,aliases",
    "anna@example.com,Anna,a.berg@example.com",
    "bola@example.com,Bola,",
)
GROUP_HEADER = "address,name,members,owners,aliases,hidden"
RESOURCE_HEADER = (
    "address,name,type,description,hidden,aliases,auto_accept,auto_decline_recurring,"
    "auto_decline_conflicts,delegates"
)
PERMISSION_HEADER = "mailbox,grantee,permissions"
SALES = (GROUP_HEADER, "sales@example.com,Sales,anna@example.com,,vertrieb@example.com,")
ROOM = (RESOURCE_HEADER, "oslo@example.com,Oslo,room,,,den@example.com,,,,")


def parse(**tables: tuple[str, ...]) -> Manifest:
    files = {"users": USERS, **tables}
    bodies = {f"{name}.csv": "\n".join(lines).encode() for name, lines in files.items()}
    return parse_folder(bodies, DOMAINS, "acme")


def faults(**tables: tuple[str, ...]) -> list[str]:
    return [fault.text for fault in parse(**tables).faults]


def groups(*rows: str, **tables: tuple[str, ...]) -> list[str]:
    """Faults of these groups, without what every one of them begins with."""
    found = faults(groups=(GROUP_HEADER, *rows), **tables)
    assert all(text.startswith("groups.csv, line ") for text in found)
    return [text.removeprefix("groups.csv, line ") for text in found]


def resources(*rows: str, **tables: tuple[str, ...]) -> list[str]:
    found = faults(resources=(RESOURCE_HEADER, *rows), **tables)
    assert all(text.startswith("resources.csv, line ") for text in found)
    return [text.removeprefix("resources.csv, line ") for text in found]


def permissions(*rows: str) -> list[str]:
    tables = {"permissions": (PERMISSION_HEADER, *rows), "groups": SALES, "resources": ROOM}
    found = faults(**tables)
    assert all(text.startswith("permissions.csv, line ") for text in found)
    return [text.removeprefix("permissions.csv, line ") for text in found]


# ---- what is read ----------------------------------------------------------------------------


def test_a_group_with_everything() -> None:
    row = (
        "sales@example.com,Sales f\u00fcr alle,A.Berg@example.com|team@example.org,"
        "bola@example.com,s@example.com vertrieb@example.com,Yes"
    )
    manifest = parse(groups=(GROUP_HEADER, row))
    assert manifest.faults == ()
    assert manifest.groups == (
        Group(
            id=entity_id("acme", "group", "Sales@Example.com"),
            address="sales@example.com",
            name="Sales f\u00fcr alle",
            hidden=True,
            aliases=("s@example.com", "vertrieb@example.com"),
            members=("anna@example.com", "team@example.org"),
            owners=("bola@example.com",),
        ),
    )
    assert [(place.line, place.column, place.item) for place in manifest.unknown] == [
        (2, "members", 1)
    ]


def test_a_resource_with_everything() -> None:
    row = (
        "oslo@example.com,Meeting Room with a View,Room,Third floor,no,o@example.com,no,yes,NO,"
        "a.berg@example.com bola@example.com"
    )
    manifest = parse(resources=(RESOURCE_HEADER, row))
    assert manifest.faults == ()
    assert manifest.resources == (
        Resource(
            id=entity_id("acme", "resource", "oslo@example.com"),
            address="oslo@example.com",
            name="Meeting-Room-wi-View",
            kind=ResourceKind.ROOM,
            source_name="Meeting Room with a View",
            description="Third floor",
            hidden=False,
            aliases=("o@example.com",),
            booking=Booking(False, True, False),
            delegates=("anna@example.com", "bola@example.com"),
        ),
    )


def test_permissions_become_one_sharing_per_mailbox() -> None:
    rows = (
        "Anna@example.com,bola@example.com,full_access send_as",
        "sales@example.com,bola@example.com,send_as",
        "a.berg@example.com,vertrieb@example.com,SEND_ON_BEHALF",
    )
    manifest = parse(permissions=(PERMISSION_HEADER, *rows), groups=SALES)
    assert manifest.faults == ()
    full = frozenset({Permission.FULL_ACCESS, Permission.SEND_AS})
    anna, sales = manifest.sharings
    assert anna == Sharing(
        entity_id("acme", "sharing", "anna@example.com"),
        "anna@example.com",
        (
            Grant("bola@example.com", full),
            Grant("sales@example.com", frozenset({Permission.SEND_ON_BEHALF})),
        ),
    )
    assert sales.owner == "sales@example.com"


def test_names_have_defaults_and_columns_may_be_missing() -> None:
    manifest = parse(
        groups=("address", "sales@example.com"), resources=("type,address", "room,a.b@example.com")
    )
    assert manifest.faults == ()
    assert [(each.name, each.hidden, each.members) for each in manifest.groups] == [
        ("sales", None, ())
    ]
    (room,) = manifest.resources
    assert (room.name, room.source_name, room.booking) == ("a.b", "", Booking())


def test_entities_of_workmail_may_be_referred_to_and_are_told() -> None:
    manifest = parse(
        groups=(GROUP_HEADER, "g@example.com,,x@acme.awsapps.com y@example.org,,,"),
        permissions=(PERMISSION_HEADER, "x@example.com,y@example.com,full_access"),
    )
    assert manifest.faults == ()
    assert [(place.file, place.column) for place in manifest.unknown] == [
        ("groups.csv", "members"),
        ("groups.csv", "members"),
        ("permissions.csv", "mailbox"),
        ("permissions.csv", "grantee"),
    ]


def test_ids_differ_by_kind() -> None:
    ids = {entity_id("acme", kind, "a@example.com") for kind in ("group", "resource", "sharing")}
    assert len(ids | {mailbox_id("acme", "a@example.com")}) == 4
    assert entity_id("acme", "group", " A@Example.com ") in ids


# ---- groups ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        (
            ",Sales,,,,",
            "2, address: it is empty; write the address that the group gets in WorkMail",
        ),
        (
            "s!@example.com,Sales,,,,",
            "2, address: WorkMail refuses ! before the @; write an address",
        ),
        (
            "s@exampel.com,S,,,,",
            "2, address: its domain is not one of the tenant's; did you mean example.com? Or add",
        ),
        (
            "s@example.com,\u4f1a,,,,",
            "2, name: WorkMail refuses \u4f1a in the name of a group; write letters of Latin-1",
        ),
        (
            f"s@example.com,{'S' * 257},,,,",
            "2, name: it has 257 characters, and 256 are the most; sh",
        ),
        (
            "s@example.com,S\x07,,,,",
            "2, name: it holds the control character U+0007; type the value",
        ),
        (
            "s@example.com,S,,,,maybe",
            "2, hidden: it is neither yes nor no; write yes, no, or nothing",
        ),
        (
            "s@example.com,S,anna@example.com x,,,",
            "2, members: member 2: is no mail address, because it has no @; write an address",
        ),
        (
            "s@example.com,S,x@gmail.test,,,",
            (
                "2, members: member 1: its domain is not one of the tenant's, and WorkMail "
                "knows nobody outside the organization; use one of example.com, example.org. "
                "Or add the domain to `domains` in the tenant file; else leave it out"
            ),
        ),
        (
            "s@example.com,S,anna@example.com A.Berg@example.com,,,",
            "2, members: member 2 is the same as member 1; remove one of them",
        ),
        (
            "s@example.com,S,oslo@example.com,,,",
            "2, members: member 1 is a resource, and a group holds users and groups only; remove",
        ),
        ("s@example.com,S,S@example.com,,,", "2, members: member 1 is the group itself; remove it"),
        (
            "s@example.com,S,,o'x@example.com,,",
            "2, owners: owner 1: WorkMail refuses ' before the @",
        ),
        (
            "s@example.com,S,,,b!@example.com,",
            "2, aliases: alias 1: WorkMail refuses ! before the @",
        ),
        (
            "anna@example.com,S,,,,",
            (
                "2, address: it is the same as target of line 2 of users.csv; write another "
                "address, because each group needs its own"
            ),
        ),
        (
            "s@example.com,anna,,,,",
            "2, name: it is the same as username of line 2 of users.csv; write another name, bec",
        ),
        (
            "s@example.com,S,,,A.berg@example.com,",
            "2, aliases: alias 1 is the same as alias 1 of line 2 of users.csv; remove it from one",
        ),
    ],
)
def test_a_group_has_one_fault(row: str, fault: str) -> None:
    (text,) = groups(row, resources=ROOM)
    assert text.startswith(fault)


def test_an_owner_may_be_outside_because_workmail_is_not_told() -> None:
    assert groups("s@example.com,S,,boss@parent.test,,") == []


@pytest.mark.parametrize("kind", ["users", "groups", "resources"])
def test_more_aliases_than_workmail_gives_an_entity(kind: str) -> None:
    aliases = " ".join(f"x{number}@example.com" for number in range(103))
    tables = {
        "users": ("source,display_name,aliases", f"a@example.com,A,{aliases}"),
        "groups": (GROUP_HEADER, f"g@example.com,G,,,{aliases},"),
        "resources": (RESOURCE_HEADER, f"r@example.com,R,room,,,{aliases},,,,"),
    }
    (text,) = faults(**{kind: tables[kind]})
    start = f"{kind}.csv, line 2, aliases: it has 103 aliases, and 100 are the most: 3 too many; "
    assert text.startswith(start)


def test_circles_of_groups_are_found_once_each_and_names_by_alias_count() -> None:
    rows = (
        "a@example.com,A,b@example.com,,,",
        "b@example.com,B,anna@example.com c@example.com d@example.com,,,",
        "c@example.com,C,aa@example.com,,,",
        "d@example.com,D,,,aa@example.com,",
        "e@example.com,E,d@example.com c@example.com,,,",
        "f@example.com,F,g@example.com,,,",
        "g@example.com,G,h@example.com f@example.com,,,",
        "h@example.com,H,f@example.com,,,",
    )
    assert groups(*rows) == [
        (
            "8, members: by member 2 the group is a member of itself, in a circle of 2 groups; "
            "remove it, or another member of that circle"
        ),
        (
            "9, members: by member 1 the group is a member of itself, in a circle of 3 groups; "
            "remove it, or another member of that circle"
        ),
    ]


def test_groups_may_be_nested_deeper_than_python_calls() -> None:
    rows = [f"g{number}@example.com,,g{number + 1}@example.com,,," for number in range(3000)]
    assert groups(*rows) == []
    (text,) = groups(*rows, "g3000@example.com,,g0@example.com,,,")
    assert "in a circle of 3001 groups" in text


# ---- resources -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        (",R,room,,,,,,,", "2, address: it is empty; write the address that the resource gets"),
        ("r@example.com,R,,,,,,,,", "2, type: it is empty; write room or equipment"),
        (
            "r@example.com,R,car,,,,,,,",
            "2, type: it is no type of resource that WorkMail has; write",
        ),
        (
            f"r@example.com,R,room,{'d' * 65},,,,,,",
            "2, description: it has 65 characters, and 64 are the most; shorten it",
        ),
        (
            f"r@example.com,{'R' * 257},room,,,,,,,",
            "2, name: it has 257 characters, and 256 are the",
        ),
        ("r@example.com,R,room,,x,,,,,", "2, hidden: it is neither yes nor no"),
        ("r@example.com,R,room,,,,,maybe,,", "2, auto_decline_recurring: it is neither yes nor no"),
        (
            "r@example.com,R,room,,,,no,,,",
            (
                "2, auto_accept: it neither accepts requests by itself, nor has it a delegate "
                "who answers them; name a delegate, or write yes"
            ),
        ),
        (
            "r@example.com,R,room,,,,,,,R@example.com",
            "2, delegates: delegate 1 is a resource, and delegates are users or groups; remove it",
        ),
        ("r@example.com,R,room,,,,,,,x@gmail.test", "2, delegates: delegate 1: its domain is not"),
        (
            "sales@example.com,R,room,,,,,,,",
            (
                "2, address: it is the same as in line 2 of "
                "groups.csv; write another address, because each resource needs its own"
            ),
        ),
        (
            "r@example.com,sales,room,,,,,,,",
            "2, name: it is the same as in line 2 of groups.csv; write another name",
        ),
        (
            "r@example.com,R,room,,,anna@example.com,,,,",
            "2, aliases: alias 1 is the same as target of line 2 of users.csv; remove it from one",
        ),
    ],
)
def test_a_resource_has_one_fault(row: str, fault: str) -> None:
    (text,) = resources(row, groups=SALES)
    assert text.startswith(fault)


def test_names_that_were_made_fit_meet_no_other_name() -> None:
    rows = (
        "a@example.com,A Room of one's own,room,,,,,,,",
        "b@example.com,A-Room-of-ones-own,room,,,,,,,",
        "c@example.com,An-na,room,,,,,,,",
        "d@example.com,An na,room,,,,,,,",
    )
    manifest = parse(resources=(RESOURCE_HEADER, *rows))
    assert manifest.faults == ()
    assert [(each.name, each.source_name) for each in manifest.resources] == [
        ("A-Room-of-ones-own-2", "A Room of one's own"),
        ("A-Room-of-ones-own", ""),
        ("An-na", ""),
        ("An-na-2", "An na"),
    ]


def test_a_delegate_makes_answering_by_hand_good() -> None:
    assert resources("r@example.com,R,room,,,,no,,,sales@example.com", groups=SALES) == []


# ---- permissions -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        (",anna@example.com,send_as", "2, mailbox: it is empty; write the address of the mailbox"),
        ("anna@example.com,,send_as", "2, grantee: it is empty; write the address of the user or"),
        (
            "anna@example.com,bola@example.com,",
            "2, permissions: it is empty; write one or more of full_access, send_as, send_on_beh",
        ),
        (
            "anna@example.com,bola@example.com,send_as sendas",
            "2, permissions: permission 2 is unknown; did you mean send_as?",
        ),
        (
            "anna@example.com,bola@example.com,owner",
            "2, permissions: permission 1 is unknown; known are full_access, send_as, send_on_be",
        ),
        (
            "x@gmail.test,bola@example.com,send_as",
            "2, mailbox: its domain is not one of the tenant's",
        ),
        (
            "anna@example.com,x@gmail.test,send_as",
            "2, grantee: its domain is not one of the tenant's",
        ),
        (
            "anna@example.com,A.Berg@example.com,send_as",
            "2, grantee: it is the mailbox itself, which may do everything already; write who else",
        ),
        (
            "anna@example.com,sales@example.com,send_as full_access",
            (
                "2, permissions: the grantee is a group, and only users can have full access; "
                "write one entry per user, or send_as or send_on_behalf"
            ),
        ),
        (
            "anna@example.com,oslo@example.com,full_access",
            "2, permissions: the grantee is a resource, and only users can have full access",
        ),
        (
            "vertrieb@example.com,anna@example.com,full_access",
            "2, permissions: the mailbox is a group, for which there is no full access; write se",
        ),
        (
            "anna@example.com,bola\x07@example.com,send_as",
            "2, grantee: it holds the control character",
        ),
    ],
)
def test_a_permission_has_one_fault(row: str, fault: str) -> None:
    (text,) = permissions(row)
    assert text.startswith(fault)


def test_a_mailbox_and_its_grantee_stand_there_once() -> None:
    rows = (
        "anna@example.com,bola@example.com,send_as",
        "bola@example.com,anna@example.com,send_as",
        "a.berg@example.com,Bola@example.com,full_access",
    )
    assert permissions(*rows) == [
        (
            "4, grantee: the same mailbox and grantee are there in line 2 already; write all "
            "permissions there, and remove this one"
        )
    ]


def test_full_access_to_a_resource_and_permissions_of_groups_are_good() -> None:
    rows = (
        "oslo@example.com,anna@example.com,full_access",
        "anna@example.com,sales@example.com,send_as|send_on_behalf",
        "sales@example.com,anna@example.com,send_on_behalf",
    )
    assert permissions(*rows) == []


def test_a_mailbox_keeps_only_its_good_grants() -> None:
    rows = ("anna@example.com,bola@example.com,send_as", "anna@example.com,x@example.com,nothing")
    manifest = parse(permissions=(PERMISSION_HEADER, *rows))
    assert len(manifest.faults) == 1
    assert [len(sharing.grants) for sharing in manifest.sharings] == [1]


# ---- the folder ------------------------------------------------------------------------------


def test_faults_of_all_files_come_at_once_in_the_order_of_files_and_lines() -> None:
    found = parse(
        permissions=(PERMISSION_HEADER, "anna@example.com,bola@example.com,x"),
        resources=("address,type,nmae", "r@example.com,car,"),
        groups=("adress,name", "g@example.com,G"),
        users=(*USERS, "c!@example.com,C,"),
    ).faults
    assert [(fault.file, fault.line, fault.column) for fault in found] == [
        ("users.csv", 4, "target"),
        ("groups.csv", 1, ""),
        ("groups.csv", 1, "address"),
        ("resources.csv", 1, ""),
        ("resources.csv", 2, "type"),
        ("permissions.csv", 2, "permissions"),
    ]
    assert [fault.remedy for fault in found[1:4]] == [
        "did you mean address?",
        "add it",
        "did you mean name?",
    ]


def test_files_that_do_not_belong_there() -> None:
    bodies = dict.fromkeys(("Users.csv", "gruops.csv", "old/users.csv", "a@b.csv", ".x"), b"x")
    assert [fault.text for fault in parse_folder(bodies, DOMAINS).faults] == [
        "users.csv: the file is missing; add it, with one line per mailbox",
        (
            "Users.csv: it is no file of a manifest; did you mean users.csv? Else move it "
            "out of the folder"
        ),
        (
            "a file of the folder: it is no file of a manifest; known are users.csv, groups.csv, "
            "resources.csv, permissions.csv. Else move it out of the folder"
        ),
        (
            "gruops.csv: it is no file of a manifest; did you mean groups.csv? Else move it "
            "out of the folder"
        ),
        (
            "old/users.csv: it is no file of a manifest; did you mean users.csv? Else move it "
            "out of the folder"
        ),
    ]


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (
            b"",
            "line 1: the file is empty; begin with the line address,name,members,owners,aliases,",
        ),
        (b"# nothing\n\n", "line 1: the file is empty; begin with the line address,name"),
        (
            "address,name".encode("utf-16"),
            "line 1: the file is UTF-16, not UTF-8; save the file as",
        ),
        (
            b"address\tname\ng@example.com\tG",
            "line 1: tabs stand between the columns; save the file",
        ),
        (
            b"g@example.com,G",
            "line 1: the first line does not name the columns; write address,name",
        ),
        (b"address,name\nx@example.com,\xff", "line 2: the line is not UTF-8; save the file as"),
        (b'address,name\nx@example.com,"G', "line 2: its quotation marks do not fit; close every"),
    ],
)
def test_a_group_file_that_cannot_be_read(body: bytes, fault: str) -> None:
    files = {"users.csv": "\n".join(USERS).encode(), "groups.csv": body}
    (found,) = parse_folder(files, DOMAINS).faults
    assert found.text.startswith(f"groups.csv, {fault}")


def test_a_file_of_headers_alone_is_fine_except_for_users() -> None:
    headers = {"groups": (GROUP_HEADER,), "permissions": (PERMISSION_HEADER,)}
    assert faults(**headers) == []
    assert faults(users=USERS[:1]) == [
        "users.csv, line 1: no line follows the header; add one line per mailbox"
    ]


def test_faults_quote_no_value() -> None:
    row = "secret!@example.com,Geheim\u4f1a,secret@gmail.test geheim,secret'x@example.com,,geheim"
    everything = " ".join(groups(row)).lower()
    assert "secret" not in everything
    assert "geheim" not in everything
