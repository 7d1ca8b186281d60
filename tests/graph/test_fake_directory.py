"""The Graph of the laptop, asked by a client that knows nothing of ours: the directory."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator

import httpx
import pytest

from localrun.fakes.graph import GraphServer
from tests.graph.plain import ANN, NOON, TLS, Plain, mime

BOB = "bob@contoso.example"
EVENTUAL = {"ConsistencyLevel": "eventual"}


@pytest.fixture
def server() -> Iterator[GraphServer]:
    with GraphServer(now=NOON.timestamp) as server:
        server.add_user(ANN, "Ann Example", aliases=["a@contoso.example"], archive=True)
        server.add_user(BOB, "Bob Example", kind="shared")
        server.add_user("blue@contoso.example", "Blue Room", kind="room", place={"capacity": 8})
        server.add_user("van@contoso.example", "Van", kind="equipment")
        server.add_user("guest@x.example", "Guest", has_mailbox=False, userType="Guest")
        server.add_contact("eve@elsewhere.example", "Eve")
        yield server


def test_users_are_told_as_they_are(client: Plain) -> None:
    names = "id,userPrincipalName,mail,proxyAddresses,accountEnabled,userType,assignedPlans"
    told = {one["userPrincipalName"]: one for one in client.values(f"/users?$select={names}")}
    ann = told[ANN]
    assert set(ann) == set(names.split(","))
    assert ann["proxyAddresses"] == [f"SMTP:{ANN}", "smtp:a@contoso.example"]
    assert ann["accountEnabled"] is True
    assert ann["assignedPlans"][0]["service"] == "exchange"
    assert told[BOB]["accountEnabled"] is False
    assert told[BOB]["assignedPlans"] == []
    assert told["guest@x.example"]["userType"] == "Guest"
    assert told["guest@x.example"]["mail"] is None


def test_users_who_select_nothing_get_the_usual(client: Plain) -> None:
    assert "proxyAddresses" not in client.get(f"/users/{ANN}")
    assert client.refusal(f"/users/{ANN}?$select=colour")[0] == 400


def test_a_user_is_found_by_id_and_name_alone(client: Plain) -> None:
    number = client.get(f"/users/{ANN.upper()}")["id"]
    assert client.get(f"/users/{number}")["userPrincipalName"] == ANN
    expected = (404, "Request_ResourceNotFound")
    assert client.refusal("/users/a@contoso.example") == expected


def test_purposes_are_in_the_settings(client: Plain) -> None:
    purposes = [
        client.get(f"/users/{name}@contoso.example/mailboxSettings")["userPurpose"]
        for name in ("ann", "bob", "blue", "van")
    ]
    assert purposes == ["user", "shared", "room", "equipment"]
    told = client.get(f"/users/{ANN}/mailboxSettings?$select=timeZone")
    assert told["timeZone"] == "W. Europe Standard Time"
    assert "userPurpose" not in told


def test_pages_keep_the_list_as_it_was(server: GraphServer, client: Plain) -> None:
    first = client.get("/users?$top=2&$select=userPrincipalName")
    server.remove_user(ANN)
    server.add_user("new@contoso.example", "New")
    rest = list(client.values(first["@odata.nextLink"]))
    assert len(first["value"]) == 2
    assert [one["userPrincipalName"] for one in rest] == [
        "blue@contoso.example",
        "van@contoso.example",
        "guest@x.example",
    ]
    assert client.refusal("/users?$top=1000") == (400, "Request_UnsupportedQuery")
    assert client.refusal("/users?$skiptoken=x") == (400, "Directory_ExpiredPageToken")


def test_counts_and_filters(client: Plain) -> None:
    assert client.refusal("/users/$count") == (400, "Request_BadRequest")
    answer = client.ask("/users/$count", **EVENTUAL)
    assert answer.content.decode("utf-8-sig") == "5"
    found = client.get("/users?$filter=userType eq 'Guest'")["value"]
    assert [one["displayName"] for one in found] == ["Guest"]
    found = client.get("/users?$filter=startswith(displayName,'B')")["value"]
    assert [one["displayName"] for one in found] == ["Bob Example", "Blue Room"]
    some = "proxyAddresses/any(p:p eq 'smtp:a@contoso.example')"
    assert len(client.get(f"/users?$filter={some}")["value"]) == 1


def test_groups_have_members_of_all_kinds_and_below(server: GraphServer, client: Plain) -> None:
    server.add_group("in@contoso.example", "Inner", [BOB, "all@contoso.example", ANN])
    everybody = [ANN, "in@contoso.example", "eve@elsewhere.example"]
    outer = server.add_group("all@contoso.example", "All", everybody, [BOB], ["a2@contoso.example"])
    server.add_group("team@contoso.example", "Team", unified=True, rule="user.city -eq 'Bonn'")
    told = {one["displayName"]: one for one in client.values("/groups")}
    assert told["All"]["id"] == outer.id
    assert told["All"]["groupTypes"] == []
    assert told["All"]["proxyAddresses"][1] == "smtp:a2@contoso.example"
    assert told["Team"]["groupTypes"] == ["Unified", "DynamicMembership"]
    path = f"/groups/{outer.id}"
    kinds = [(one["@odata.type"], one["displayName"]) for one in client.values(f"{path}/members")]
    assert kinds == [
        ("#microsoft.graph.user", "Ann Example"),
        ("#microsoft.graph.group", "Inner"),
        ("#microsoft.graph.orgContact", "Eve"),
    ]
    below = client.values(f"{path}/transitiveMembers?$select=displayName")
    assert [one["displayName"] for one in below] == ["Ann Example", "Inner", "Eve", "Bob Example"]
    cast = f"{path}/transitiveMembers/microsoft.graph.user?$count=true"
    assert client.refusal(cast) == (400, "Request_UnsupportedQuery")
    assert client.get(cast, **EVENTUAL)["@odata.count"] == 2
    [owner] = client.values(f"{path}/owners")
    assert owner["userPrincipalName"] == BOB
    assert client.refusal("/groups/none/members") == (404, "Request_ResourceNotFound")


def test_rooms_are_places_and_equipment_is_none(client: Plain) -> None:
    [room] = client.values("/places/microsoft.graph.room")
    assert (room["emailAddress"], room["capacity"]) == ("blue@contoso.example", 8)
    assert list(client.values("/places/microsoft.graph.roomlist")) == []


def test_the_organisation_has_its_domains(client: Plain) -> None:
    [told] = client.get("/organization?$select=id,verifiedDomains")["value"]
    assert told["verifiedDomains"][0]["name"] == "contoso.example"
    assert told["verifiedDomains"][0]["isDefault"] is True
    assert [one["mail"] for one in client.values("/contacts")] == ["eve@elsewhere.example"]


def test_the_report_is_elsewhere(server: GraphServer, client: Plain) -> None:
    server.mailbox(ANN).deliver("inbox", mime("One"), NOON)
    answer = client.ask("/reports/getMailboxUsageDetail(period='D7')")
    assert answer.status_code == 302
    place = answer.headers["Location"]
    assert not place.startswith(server.login_url)
    data = httpx.get(place, trust_env=False, verify=TLS)
    assert data.content.startswith(codecs.BOM_UTF8)
    rows = list(csv.DictReader(io.StringIO(data.content.decode("utf-8-sig"))))
    assert [row["User Principal Name"] for row in rows[:2]] == [ANN, BOB]
    assert [row["Has Archive"] for row in rows[:2]] == ["True", "False"]
    assert rows[0]["Item Count"] == "1"
    assert int(rows[0]["Storage Used (Byte)"]) == len(mime("One"))
    assert "authorization" not in server.report_downloads[0]
    assert client.refusal("/reports/getMailboxUsageDetail(period='D8')") == (400, "BadRequest")
    assert httpx.get(f"{place}x", trust_env=False, verify=TLS).status_code == 404


def test_the_report_conceals_names_on_order(server: GraphServer, client: Plain) -> None:
    server.tenant.concealed = True
    place = client.ask("/reports/getMailboxUsageDetail(period='D7')").headers["Location"]
    assert ANN not in httpx.get(place, trust_env=False, verify=TLS).text


def test_what_the_application_may_not(server: GraphServer, client: Plain) -> None:
    server.permissions.clear()
    assert client.refusal("/users") == (403, "Authorization_RequestDenied")
    assert client.refusal(f"/users/{ANN}/mailFolders") == (403, "ErrorAccessDenied")
    server.permissions.add("Mail.Read")
    assert client.get(f"/users/{ANN}/mailFolders")["value"]
    server.tenant.scope = {BOB}
    assert client.refusal(f"/users/{ANN}/mailFolders") == (403, "ErrorAccessDenied")
    assert client.get(f"/users/{BOB}/mailFolders")["value"]


def test_mailboxes_that_are_none(client: Plain) -> None:
    path = "/users/{}/mailFolders"
    assert client.refusal(path.format("no@contoso.example")) == (404, "ErrorInvalidUser")
    expected = (404, "MailboxNotEnabledForRESTAPI")
    assert client.refusal(path.format("guest@x.example")) == expected
