"""From what a directory shows to a manifest that reads back without a fault."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migration import discovery_notes as notes
from migration.discovery import draft_manifest, write_mailboxes, write_manifest
from migration.discovery_model import (
    Discovery,
    FoundGroup,
    FoundMailbox,
    GroupKind,
    MailboxKind,
    Observation,
)
from migration.manifest import Manifest, parse_folder
from migration.model import Profile

DOMAINS = ("example.com", "example.org")
ANNA = FoundMailbox("anna@example.com", "anna@example.com", display_name="Anna Berg")
BOLA = FoundMailbox("bola@example.com", "bola@example.com", display_name="Bola Ade")
ROOM = FoundMailbox(
    "aula@example.com", "aula@example.com", MailboxKind.ROOM, "Große Aula", description="Haus 3"
)
STAFF = FoundGroup("staff@example.com", "Staff", members=(ANNA.address, BOLA.address))


def write(found: Discovery) -> tuple[Manifest, Mapping[str, tuple[str, ...]]]:
    """The manifest as it is read back, and those whom each note is about."""
    draft = draft_manifest(found, DOMAINS)
    manifest = parse_folder(write_manifest(draft), DOMAINS)
    assert manifest.faults == ()
    return manifest, {note.text: note.subjects for note in draft.notes}


def test_people_rooms_and_groups_stand_in_their_lists() -> None:
    manifest, told = write(Discovery((ROOM, BOLA, ANNA), (STAFF,)))
    assert [row.source for row in manifest.rows] == [ANNA.source, BOLA.source]
    [room] = manifest.resources
    assert (room.source_name, room.name) == ("Große Aula", "Grosse-Aula")
    assert (room.source, room.description, room.kind) == (ROOM.source, "Haus 3", "ROOM")
    [staff] = manifest.groups
    assert staff.members == (ANNA.address, BOLA.address)
    assert told == {}


def test_what_the_address_book_knows_is_written() -> None:
    profile = Profile(
        job_title="Head; of\n#1", telephone="+49 30 1", street='"Am" Tor', hidden=True
    )
    found = replace(ANNA, first_name="Anna", last_name="Berg", profile=profile)
    manifest, _ = write(Discovery((found,)))
    [row] = manifest.rows
    wanted = replace(profile, job_title="Head; of #1")
    assert (row.first_name, row.last_name, row.profile) == ("Anna", "Berg", wanted)


def test_an_alias_becomes_the_address_where_the_primary_one_is_not_the_tenants() -> None:
    primary = "bola@acme.onmicrosoft.com"
    found = replace(BOLA, address=primary, aliases=("b@example.com", "Bola@example.org"))
    manifest, told = write(Discovery((ANNA, found)))
    row = manifest.rows[1]
    assert (row.target, row.aliases) == ("Bola@example.org", ("b@example.com",))
    assert told[notes.OTHER_TARGET] == (f"{primary}: Bola@example.org",)
    assert told[notes.FOREIGN_ALIAS] == (f"Bola@example.org: {primary}",)


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("bola@acme.onmicrosoft.com", notes.NO_ADDRESS),
        ("o'brien@example.com", notes.REFUSED_ADDRESS),
        ("anna@example.com", notes.TAKEN_ADDRESS),
    ],
)
def test_whoever_has_no_good_address_is_left_out_and_told(address: str, why: str) -> None:
    found = Discovery((ANNA, replace(BOLA, address=address)), (STAFF,))
    manifest, told = write(found)
    assert [row.target for row in manifest.rows] == [ANNA.address]
    assert told[why] == (address,)
    assert draft_manifest(found, DOMAINS).targets == (ANNA.address, "")


def test_aliases_that_workmail_cannot_have_are_left_out_and_told() -> None:
    many = tuple(f"a{number}@example.com" for number in range(101))
    aliases = ("x@elsewhere.example", "o'b@example.com", BOLA.address, ANNA.address, *many)
    manifest, told = write(Discovery((replace(ANNA, aliases=aliases), BOLA)))
    assert manifest.rows[0].aliases == many[:100]
    about = {text: [who.partition(": ")[2] for who in whom] for text, whom in told.items()}
    assert about == {
        notes.FOREIGN_ALIAS: ["x@elsewhere.example"],
        notes.REFUSED_ALIAS: ["o'b@example.com"],
        notes.TAKEN_ALIAS: [BOLA.address],
        notes.TOO_MANY_ALIASES: ["a100@example.com"],
    }


def test_names_that_come_twice_are_made_different() -> None:
    twin = replace(ANNA, source="anna@example.org", address="anna@example.org")
    room = replace(ROOM, display_name="Anna")
    group = FoundGroup("all@example.com", "ANNA", members=(ANNA.address,))
    manifest, told = write(Discovery((ANNA, twin, room), (group,)))
    assert [row.username for row in manifest.rows] == ["anna", "anna-example.org"]
    assert (manifest.groups[0].name, manifest.resources[0].name) == ("all", "Anna-2")
    assert set(told) == {
        notes.OTHER_USERNAME,
        notes.OTHER_GROUP_NAME,
        notes.OTHER_RESOURCE_NAME,
    }


def test_groups_lose_whom_workmail_cannot_have_in_them() -> None:
    group = FoundGroup(
        "all@example.com",
        "Все",
        GroupKind.UNIFIED,
        members=("ANNA@example.com", ROOM.address, "gone@example.com", STAFF.address),
        outside=("guest@elsewhere.example",),
        unaddressed=2,
        owners=(BOLA.address, "no address"),
        dynamic=True,
    )
    staff = replace(STAFF, members=(*STAFF.members, group.address), kind=GroupKind.SECURITY)
    manifest, told = write(Discovery((ANNA, BOLA, ROOM), (group, staff)))
    everybody, people = manifest.groups
    assert everybody.members == (ANNA.address, STAFF.address)
    assert (everybody.name, everybody.owners) == ("all", (BOLA.address,))
    assert people.members == (ANNA.address, BOLA.address)
    assert told[notes.CIRCLE] == (f"{STAFF.address}: {group.address}",)
    assert told[notes.UNADDRESSED] == ("all@example.com: 2",)
    assert {*told} - {notes.CIRCLE, notes.UNADDRESSED} == {
        *(notes.RESOURCE_MEMBERS, notes.LOST_MEMBERS, notes.OUTSIDE, notes.UNIFIED),
        *(notes.DYNAMIC, notes.SECURITY, notes.OTHER_GROUP_NAME),
    }


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (replace(ANNA, kind=MailboxKind.SHARED, enabled=False), notes.SHARED),
        (replace(ANNA, enabled=False, licensed=False), notes.DISABLED),
        (replace(ANNA, licensed=False), notes.UNLICENSED),
        (replace(ANNA, archived=True), notes.ARCHIVED),
        (replace(ANNA, size=50 * 1024**3 + 1), notes.LARGE),
        (replace(ANNA, display_name="n" * 300), notes.CUT),
    ],
)
def test_what_the_administrator_should_look_at_is_told(found: FoundMailbox, why: str) -> None:
    manifest, told = write(Discovery((found,)))
    assert len(manifest.rows) == 1
    assert told == {why: (ANNA.address,)}


def test_whoever_cannot_be_named_at_the_source_is_left_out() -> None:
    found = (ANNA, replace(BOLA, source=""), replace(BOLA, address="b@example.com", source="a\tb"))
    _, told = write(
        Discovery((*found, replace(BOLA, address="c@example.com", source="ANNA@example.com")))
    )
    assert told[notes.NO_SOURCE] == ("b@example.com", "bola@example.com", "c@example.com")


def test_notes_of_the_directory_itself_come_along() -> None:
    note = Observation("Guests are left out", ("guest@elsewhere.example",))
    _, told = write(Discovery((ANNA,), notes=(note,)))
    assert told == {note.text: note.subjects}


def test_the_notes_say_whom_they_are_about() -> None:
    text = notes.write_notes(["2 mailboxes"], [Observation("Look", ("a", "b")), Observation("Go")])
    assert text.decode() == "2 mailboxes\n\n* Look (2)\n    a\n    b\n\n* Go\n"


def test_the_table_of_mailboxes_has_those_that_are_left_out_too() -> None:
    found = Discovery(
        (
            replace(ANNA, messages=3, size=2 * 1024**2, licensed=True),
            replace(BOLA, address="b@x.example"),
        )
    )
    lines = write_mailboxes(found, draft_manifest(found, DOMAINS)).decode("utf-8-sig").splitlines()
    assert lines[1:] == [
        "anna@example.com,anna@example.com,user,anna@example.com,Anna Berg,yes,yes,no,3,2",
        "bola@example.com,b@x.example,user,,Bola Ade,yes,,no,,",
    ]


_LOCALS = st.sampled_from(["anna", "Anna", "a+b", "#a", "o'b", "ä", "x" * 64, "x" * 65, "a b", ""])
_HOSTS = st.sampled_from(["example.com", "EXAMPLE.org", "acme.onmicrosoft.com", "x.awsapps.com"])
_ADDRESSES = st.builds("{}@{}".format, _LOCALS, _HOSTS) | st.text(max_size=5)
_TEXTS = (
    st.text(max_size=8)
    | st.sampled_from(["anna", "ANNA", "Anna 2", "anna@example.com", "=1;2", "#", '"', "é" * 300])
    | st.text(st.characters(codec=None), max_size=5)
)
_PROFILES = st.builds(
    Profile, job_title=_TEXTS, office=_TEXTS, telephone=_TEXTS, hidden=st.none() | st.booleans()
)
_BOXES = st.builds(
    FoundMailbox,
    source=_ADDRESSES | _TEXTS,
    address=_ADDRESSES,
    kind=st.sampled_from(MailboxKind),
    display_name=_TEXTS,
    first_name=_TEXTS,
    aliases=st.lists(_ADDRESSES, max_size=4).map(tuple),
    profile=_PROFILES,
    description=_TEXTS,
)
_GROUPS = st.builds(
    FoundGroup,
    address=_ADDRESSES,
    name=_TEXTS,
    members=st.lists(_ADDRESSES, max_size=5).map(tuple),
    owners=st.lists(_ADDRESSES, max_size=3).map(tuple),
    aliases=st.lists(_ADDRESSES, max_size=3).map(tuple),
    hidden=st.none() | st.booleans(),
)


@given(
    st.lists(_BOXES, max_size=6),
    st.lists(_GROUPS, max_size=5),
    st.sampled_from([DOMAINS, (), ("Example.COM",)]),
)
def test_whatever_is_found_the_manifest_reads_back_without_a_fault(
    boxes: list[FoundMailbox], groups: list[FoundGroup], domains: tuple[str, ...]
) -> None:
    kept = replace(ANNA, source="kept@example.com", address="kept@example.com")
    found = Discovery((kept, *boxes), tuple(groups))
    draft = draft_manifest(found, domains)
    manifest = parse_folder(write_manifest(draft), domains)
    assert manifest.faults == ()
    assert manifest.unknown == ()
    written = len(manifest.rows) + len(manifest.resources)
    pairs = zip(found.mailboxes, draft.targets, strict=True)
    assert written == len({box for box, target in pairs if target})
    assert {row.source for row in manifest.rows} <= {box.source for box in found.mailboxes}
