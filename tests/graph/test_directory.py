"""The directory of an organization, as discovery reads it over Graph."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import pytest

from localrun.fakes.graph import GraphServer
from migration.discovery_model import (
    Discovery,
    Entry,
    FoundGroup,
    FoundMailbox,
    GroupKind,
    MailboxKind,
)
from migration.errors import CredentialsRejected, SourceBusy, TenantMisconfigured
from migration.model import Profile
from migration.settings import CloudSettings, Settings
from migration.source_sides import SourceSides
from migration.sources import graph_directory_notes as notes
from migration.sources.graph_directory import GraphDirectory
from migration.wire.app_tokens import Tokens
from migration.wire.graph import GraphClient
from migration.wire.graph_model import AppLogin, find_scope
from tests.graph.plain import NOON, mime
from tests.graph.sources import ANN, new_client
from tests.unit.test_settings import environment

BOB = "bob@contoso.example"
DESK = "desk@contoso.example"
ROOM = "blue@contoso.example"
VAN = "van@contoso.example"
STAFF = "staff@contoso.example"
TEAM = "team@contoso.example"
EVE = "eve@elsewhere.example"
GUEST = "guest@elsewhere.example"


@pytest.fixture
def server() -> Iterator[GraphServer]:
    with GraphServer(now=NOON.timestamp) as server:
        proxies = [f"SMTP:{ANN}", "smtp:A@contoso.example", "X500:/o=Contoso", "SIP:ann"]
        server.add_user(
            ANN,
            "Ann Example",
            archive=True,
            proxyAddresses=proxies,
            jobTitle="Head",
            department="Sales",
            officeLocation="2.14",
            companyName="Contoso",
            businessPhones=["+49 30 1", "+49 30 2"],
            streetAddress="Am Tor 1",
            city="Berlin",
            postalCode="10117",
            country="Germany",
            showInAddressList=False,
        )
        server.add_user(BOB, "Bob Example", enabled=False)
        server.add_user(DESK, "Front Desk", kind="shared")
        place = {"capacity": 8, "building": "House 3", "floorNumber": 2}
        server.add_user(ROOM, "Blue Room", kind="room", place=place)
        server.add_user(VAN, "Van", kind="equipment")
        upn = "guest_elsewhere#EXT#@contoso.example"
        server.add_user(upn, "Guest", has_mailbox=False, userType="Guest", mail=GUEST)
        server.add_user("svc@contoso.example", "Service", has_mailbox=False)
        server.add_user("mu@contoso.example", "Mu", has_mailbox=False, mail="mu@contoso.example")
        server.add_contact(EVE, "Eve")
        server.add_group(
            STAFF, "Staff", [ANN, GUEST, EVE, TEAM, ROOM], [BOB], ["all@contoso.example"]
        )
        server.add_group(TEAM, "Team", [BOB], [ANN], unified=True, hideFromAddressLists=True)
        server.add_group("admins", "Admins", [ANN], mail_enabled=False, security=True)
        yield server


def discover(server: GraphServer) -> Discovery:
    directory = GraphDirectory(new_client(server))
    try:
        return directory.discover(lambda line: None)
    finally:
        directory.close()


def told(found: Discovery) -> Mapping[str, tuple[str, ...]]:
    return {note.text: note.subjects for note in found.notes}


def boxes(found: Discovery) -> Mapping[str, FoundMailbox]:
    return {box.source: box for box in found.mailboxes}


def test_mailboxes_are_found_with_what_they_are_for(server: GraphServer) -> None:
    found = boxes(discover(server))
    assert {source: box.kind for source, box in found.items()} == {
        ANN: MailboxKind.USER,
        BOB: MailboxKind.USER,
        DESK: MailboxKind.SHARED,
        ROOM: MailboxKind.ROOM,
        VAN: MailboxKind.EQUIPMENT,
    }
    assert [source for source, box in found.items() if not box.enabled] == [BOB, DESK, ROOM, VAN]
    assert found[ROOM].description == "House 3, floor 2, 8 seats"
    assert [found[one].licensed for one in (ANN, DESK)] == [True, False]


def test_a_person_is_found_with_all_that_workmail_can_know(server: GraphServer) -> None:
    found = discover(server)
    assert boxes(found)[ANN] == FoundMailbox(
        source=ANN,
        address=ANN,
        display_name="Ann Example",
        first_name="Ann",
        last_name="Example",
        aliases=("A@contoso.example",),
        profile=Profile(
            job_title="Head",
            company="Contoso",
            department="Sales",
            office="2.14",
            telephone="+49 30 1",
            street="Am Tor 1",
            city="Berlin",
            zip_code="10117",
            country="Germany",
            hidden=True,
        ),
        licensed=True,
        archived=True,
        messages=0,
        size=0,
    )
    assert "2 addresses of other kinds" in " ".join(told(found))


def test_groups_are_found_with_members_and_owners(server: GraphServer) -> None:
    staff, team = discover(server).groups
    assert staff == FoundGroup(
        address=STAFF,
        name="Staff",
        members=(ANN, TEAM, ROOM),
        owners=(BOB,),
        outside=(GUEST, EVE),
        aliases=("all@contoso.example",),
    )
    assert (team.kind, team.hidden, team.members, team.owners) == (
        GroupKind.UNIFIED,
        True,
        (BOB,),
        (ANN,),
    )


def test_a_rule_and_hidden_members_are_told(server: GraphServer) -> None:
    server.add_group(
        "rule@contoso.example", "Rule", security=True, rule="x", visibility="HiddenMembership"
    )
    found = discover(server)
    assert (found.groups[2].dynamic, found.groups[2].kind) == (True, GroupKind.SECURITY)
    assert told(found)[notes.HIDDEN_MEMBERS] == ("rule@contoso.example",)


def test_who_is_left_out_is_told(server: GraphServer) -> None:
    found = told(discover(server))
    assert found[notes.GUESTS] == (GUEST,)
    assert found[notes.NO_MAILBOX] == ("mu@contoso.example",)
    assert found[notes.CONTACTS] == (EVE,)
    assert "1 accounts without any mail address are left out" in found
    assert notes.NOT_IN_GRAPH in found


def test_lists_and_members_of_many_pages_are_read_whole(
    server: GraphServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("_PAGE", "_MOST"):
        monkeypatch.setattr(f"migration.sources.graph_directory.{name}", 2)
    found = discover(server)
    assert len(found.mailboxes) == 5
    staff = found.groups[0]
    assert (len(staff.members), len(staff.outside)) == (3, 2)


def test_sizes_are_those_of_the_report(server: GraphServer) -> None:
    message = mime("Hello")
    server.mailbox(BOB).deliver("inbox", message, NOON)
    found = boxes(discover(server))[BOB]
    assert (found.messages, found.size, found.archived) == (1, len(message), False)


@pytest.mark.parametrize("concealed", [True, False])
def test_without_a_report_folders_are_counted(server: GraphServer, concealed: bool) -> None:
    server.tenant.concealed = concealed
    if not concealed:
        server.permissions.discard("Reports.Read.All")
    box = server.mailbox(BOB)
    box.add_folder("Kunden")
    box.add_folder(("Kunden", "2025"))
    box.deliver("inbox", mime("Hello"), NOON)
    box.deliver(("Kunden", "2025"), mime("Hello"), NOON)
    found = discover(server)
    assert boxes(found)[BOB].messages == 2
    assert boxes(found)[ANN].archived is False
    assert (notes.CONCEALED in told(found)) == concealed
    assert (notes.NO_REPORT in told(found)) != concealed


def test_without_report_and_mail_nothing_is_counted(server: GraphServer) -> None:
    server.permissions.difference_update({"Reports.Read.All", "Mail.Read"})
    found = discover(server)
    assert {box.messages for box in found.mailboxes} == {None}
    assert set(told(found)[notes.NO_FOLDERS]) == {ANN, BOB, DESK, ROOM, VAN}


def test_every_permission_that_is_missing_is_named_at_once(server: GraphServer) -> None:
    server.permissions.clear()
    with pytest.raises(TenantMisconfigured) as caught:
        discover(server)
    named = [problem.rpartition("permission ")[2] for problem in caught.value.problems]
    assert named == [
        "User.Read.All, with an administrator's consent",
        "GroupMember.Read.All, with an administrator's consent",
    ]


def test_who_may_not_ask_what_mailboxes_are_for_is_told_so(server: GraphServer) -> None:
    server.permissions.discard("MailboxSettings.Read")
    with pytest.raises(TenantMisconfigured, match=r"MailboxSettings\.Read"):
        discover(server)


def test_mailboxes_outside_the_applications_scope_are_left_out(server: GraphServer) -> None:
    server.tenant.scope = {ANN, BOB}
    found = discover(server)
    assert set(boxes(found)) == {ANN, BOB}
    assert told(found)[notes.DENIED] == (DESK, ROOM, VAN)


def test_what_this_cloud_or_consent_lacks_is_told(server: GraphServer) -> None:
    lacking = {"Place.Read.All", "OrgContact.Read.All", "Directory.Read.All"}
    server.permissions.difference_update(lacking)
    found = discover(server)
    assert boxes(found)[ROOM].description == ""
    assert {notes.NO_PLACES, notes.NO_CONTACTS} <= set(told(found))
    server.faults.refuse(404, "ResourceNotFound", path="places|contacts", times=None)
    assert {notes.NO_PLACES, notes.NO_CONTACTS} <= set(told(discover(server)))


def test_a_mailbox_whose_settings_fail_costs_itself_alone(server: GraphServer) -> None:
    path = f"{server.tenant.users[BOB].id}/mailboxSettings"
    server.faults.refuse(400, "ErrorInvalidMailboxItemId", path=path, times=None)
    found = discover(server)
    assert told(found)[notes.UNREAD] == (BOB,)
    assert set(boxes(found)) == {ANN, DESK, ROOM, VAN}


def test_a_guest_with_a_mailbox_here_is_found(server: GraphServer) -> None:
    server.add_user("temp@contoso.example", "Temp", userType="Guest")
    found = discover(server)
    assert "temp@contoso.example" in boxes(found)
    assert told(found)[notes.GUESTS] == (GUEST,)


def test_mailboxes_of_the_service_are_told(server: GraphServer) -> None:
    server.add_user("search@contoso.example", "Search", kind="others")
    found = discover(server)
    assert boxes(found)["search@contoso.example"].kind is MailboxKind.USER
    assert told(found)[notes.SERVICE] == ("search@contoso.example",)


def test_a_group_that_vanishes_while_it_is_read_has_nobody(server: GraphServer) -> None:
    path = f"groups/{server.tenant.groups[TEAM].id}/members"
    server.faults.refuse(404, "Request_ResourceNotFound", path=path, times=None)
    assert discover(server).groups[1].members == ()


def test_a_wrong_secret_is_no_missing_permission(server: GraphServer) -> None:
    app = server.secret["app"]
    login = AppLogin(app["directory"], app["client_id"], "wrong")
    tokens = Tokens(login, server.login_url, find_scope(server.graph_url))
    directory = GraphDirectory(GraphClient(server.graph_url, tokens))
    with pytest.raises(CredentialsRejected):
        directory.discover(lambda line: None)


def test_a_busy_service_is_busy(server: GraphServer) -> None:
    server.faults.refuse(429, "TooManyRequests", path="users", times=None, retry_after=60)
    with pytest.raises(SourceBusy):
        discover(server)


def test_what_is_said_on_the_way_holds_no_address(server: GraphServer) -> None:
    lines: list[str] = []
    GraphDirectory(new_client(server)).discover(lines.append)
    assert lines[0] == "8 users, 2 groups with mail"
    assert lines[-1] == "2 of 2 groups read"
    assert "@" not in "".join(lines)


def test_the_outline_has_whoever_has_an_address(server: GraphServer) -> None:
    outline = GraphDirectory(new_client(server)).outline(10.0)
    assert outline.complete
    assert outline.users[0] == Entry(ANN, (ANN, "A@contoso.example"))
    names = [entry.name for entry in outline.users]
    assert names == [ANN, BOB, DESK, ROOM, VAN, "mu@contoso.example"]
    assert outline.groups == (
        Entry("", (STAFF, "all@contoso.example")),
        Entry("", (TEAM,)),
    )


def test_the_outline_asks_for_nothing_but_lists(server: GraphServer) -> None:
    GraphDirectory(new_client(server)).outline(10.0)
    asked = [asked.path.partition("?")[0] for asked in server.requests]
    assert asked == ["/users", "/groups"]


def test_the_outline_ends_in_time(server: GraphServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("migration.sources.graph_directory._MOST", 2)
    ticks = iter(range(100))
    directory = GraphDirectory(new_client(server), clock=lambda: float(next(ticks)))
    outline = directory.outline(2.0)
    assert (len(outline.users), outline.groups, outline.complete) == (2, (), False)


def test_the_outline_names_the_permission_that_is_missing(server: GraphServer) -> None:
    server.permissions.difference_update(
        {"Group.Read.All", "GroupMember.Read.All", "Directory.Read.All"}
    )
    with pytest.raises(TenantMisconfigured, match=r"GroupMember\.Read\.All"):
        GraphDirectory(new_client(server)).outline(10.0)


def test_the_alias_is_the_address_of_whoever_has_no_primary_one(server: GraphServer) -> None:
    server.add_user("x@contoso.example", "X", mail=None, proxyAddresses=["smtp:x@contoso.example"])
    found = boxes(discover(server))["x@contoso.example"]
    assert (found.address, found.aliases) == ("x@contoso.example", ())


@pytest.mark.parametrize("kind", ["m365", "m365-imap"])
def test_preflight_asks_the_directory_of_the_settings_cloud(server: GraphServer, kind: str) -> None:
    cloud = CloudSettings("global", server.login_url, server.graph_url)
    settings = replace(Settings.from_env(environment()), source_kind=kind, source_cloud=cloud)
    outline = SourceSides(settings, NoSecrets()).outline(server.secret, 10.0)
    assert outline is not None
    assert (len(outline.users), len(outline.groups), outline.complete) == (6, 2, True)


class NoSecrets:
    """Whoever has been given the secret has no need of it."""

    def read_source(self) -> Mapping[str, object]:
        raise AssertionError

    def read_target(self) -> Mapping[str, object]:
        raise AssertionError
