"""Groups with members and owners, and contacts of the organisation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from localrun.fakes.graph.answers import Answer, GraphError, Json, chosen, selected
from localrun.fakes.graph.directory import not_found, proxies, user_json
from localrun.fakes.graph.filters import matching
from localrun.fakes.graph.paging import (
    context,
    directory_count,
    directory_list,
    directory_page,
    is_eventual,
)
from localrun.fakes.graph.routing import Call, Route
from localrun.fakes.graph.tenant import Contact, Group, Member, Tenant, User

_HIDDEN = "hideFromAddressLists"
"""Told where one group is asked for, and of Microsoft 365 groups alone."""


def list_groups(call: Call) -> Json:
    return directory_list(call, _matching(call), _listed_json)


def count_groups(call: Call) -> Answer:
    return directory_count(call, _matching(call))


def get_group(call: Call) -> Json:
    group = _group(call)
    known = {_HIDDEN: False if group.unified else None, **group_json(group)}
    shown = selected(known, call.option("$select"))
    return {"@odata.context": context(call), **shown}


def list_members(call: Call) -> Json:
    return _members(call, _at(call.tenant, _group(call).members))


def list_all_members(call: Call) -> Json:
    """Those of groups in it too, and these groups; each once."""
    return _members(call, list(_below(call.tenant, _group(call))))


def list_owners(call: Call) -> Json:
    return _members(call, _at(call.tenant, _group(call).owners))


def list_contacts(call: Call) -> Json:
    return directory_list(call, list(call.tenant.contacts.values()), contact_json)


def _listed_json(group: Group) -> Json:
    return {name: value for name, value in group_json(group).items() if name != _HIDDEN}


def group_json(group: Group) -> Json:
    kinds = ["Unified"] if group.unified else []
    return {
        "id": group.id,
        "displayName": group.name,
        "description": None,
        "mail": group.address if group.mail_enabled else None,
        "mailEnabled": group.mail_enabled,
        "mailNickname": group.address.partition("@")[0],
        "groupTypes": kinds + (["DynamicMembership"] if group.rule else []),
        "proxyAddresses": proxies(group.address, group.aliases) if group.mail_enabled else [],
        "securityEnabled": group.security,
        "membershipRule": group.rule or None,
        "visibility": "Private" if group.unified else None,
        "onPremisesSyncEnabled": None,
        "createdDateTime": "2024-01-10T08:00:00Z",
        **group.properties,
    }


def contact_json(contact: Contact) -> Json:
    return {
        "id": contact.id,
        "displayName": contact.name,
        "mail": contact.address,
        "mailNickname": contact.address.partition("@")[0],
        "proxyAddresses": proxies(contact.address, contact.aliases),
        "onPremisesSyncEnabled": None,
    }


def _matching(call: Call) -> list[Group]:
    matches = matching(call.option("$filter"))
    return [group for group in call.tenant.groups.values() if matches(group_json(group))]


def _group(call: Call) -> Group:
    group = call.tenant.group(call.at["group"])
    if group is None:
        raise not_found(call.at["group"])
    return group


def _at(tenant: Tenant, addresses: Sequence[str]) -> list[Member]:
    return [tenant.at_address(address) for address in addresses]


def _below(tenant: Tenant, group: Group) -> Iterator[Member]:
    seen = {group.id}
    waiting = _at(tenant, group.members)
    while waiting:
        member = waiting.pop(0)
        if member.id in seen:
            continue
        seen.add(member.id)
        yield member
        if isinstance(member, Group):
            waiting += _at(tenant, member.members)


def _members(call: Call, members: list[Member]) -> Json:
    """Of one kind alone, if the path says so, which is a query of the advanced sort:
    https://learn.microsoft.com/graph/aad-advanced-queries."""
    if kind := call.at.get("kind"):
        if not (is_eventual(call) and call.option("$count").casefold() == "true"):
            text = "OData Cast segment is not allowed without ConsistencyLevel and $count."
            raise GraphError(400, "Request_UnsupportedQuery", text)
        members = [one for one in members if _kind(one) == f"#{kind.casefold()}"]
    select = call.option("$select")
    return directory_page(call, members, lambda one: chosen(_member_json(one), select))


def _member_json(member: Member) -> Json:
    told: Json = {"@odata.type": _kind(member)}
    if isinstance(member, User):
        return told | user_json(member)
    if isinstance(member, Group):
        return told | group_json(member)
    return told | contact_json(member)


def _kind(member: Member) -> str:
    names = {User: "user", Group: "group", Contact: "orgContact"}
    return f"#microsoft.graph.{names[type(member)]}"


_GROUPS = "Group.Read.All|GroupMember.Read.All|Directory.Read.All"
_LISTS = {"members": list_members, "transitiveMembers": list_all_members, "owners": list_owners}

ROUTES = (
    Route("/groups", list_groups, _GROUPS, frozenset({"$filter"})),
    Route("/groups/$count", count_groups, _GROUPS, frozenset({"$filter"})),
    Route("/groups/{group}", get_group, _GROUPS),
    *(Route(f"/groups/{{group}}/{name}", function, _GROUPS) for name, function in _LISTS.items()),
    *(
        Route(f"/groups/{{group}}/{name}/{{kind}}", function, _GROUPS)
        for name, function in _LISTS.items()
    ),
    Route("/contacts", list_contacts, "OrgContact.Read.All|Directory.Read.All"),
)
