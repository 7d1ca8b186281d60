"""Users, and the organisation itself."""

from __future__ import annotations

from localrun.fakes.graph.answers import Answer, GraphError, Json, selected
from localrun.fakes.graph.filters import matching
from localrun.fakes.graph.paging import context, directory_count, directory_list
from localrun.fakes.graph.routing import Call, Route
from localrun.fakes.graph.tenant import User

_USUAL = (
    "businessPhones,displayName,givenName,jobTitle,mail,mobilePhone,officeLocation,"
    "preferredLanguage,surname,userPrincipalName,id"
)
"""What is told of a user to those who select nothing."""
_MORE = (
    *("companyName", "department", "streetAddress", "city", "postalCode", "country"),
    "showInAddressList",
)
"""What is told to those who select it."""


def list_users(call: Call) -> Json:
    return directory_list(call, _matching(call), user_json, _USUAL)


def count_users(call: Call) -> Answer:
    return directory_count(call, _matching(call))


def get_user(call: Call) -> Json:
    shown = selected(user_json(_user(call)), call.option("$select") or _USUAL)
    return {"@odata.context": context(call), **shown}


def _matching(call: Call) -> list[User]:
    matches = matching(call.option("$filter"))
    return [user for user in call.tenant.users.values() if matches(user_json(user))]


def user_json(user: User) -> Json:
    """Everything that is known of a user."""
    has_mailbox = user.mailbox is not None
    first, _, last = user.name.rpartition(" ")
    return {
        "id": user.id,
        "userPrincipalName": user.upn,
        "displayName": user.name,
        "givenName": first or None,
        "surname": last or None,
        "mail": user.upn if has_mailbox else None,
        "mailNickname": user.upn.partition("@")[0],
        "proxyAddresses": proxies(user.upn, user.aliases) if has_mailbox else [],
        "accountEnabled": user.enabled,
        "userType": "Member",
        "assignedPlans": [_plan()] if has_mailbox and user.kind == "user" else [],
        "onPremisesSyncEnabled": None,
        "businessPhones": [],
        "mobilePhone": None,
        "jobTitle": None,
        "officeLocation": None,
        "preferredLanguage": None,
        **dict.fromkeys(_MORE),
        **user.properties,
    }


def proxies(address: str, aliases: tuple[str, ...]) -> list[str]:
    """The primary address is told by capitals."""
    return [f"SMTP:{address}", *(f"smtp:{alias}" for alias in aliases)]


def _plan() -> Json:
    return {
        "assignedDateTime": "2024-01-10T08:00:00Z",
        "capabilityStatus": "Enabled",
        "service": "exchange",
        "servicePlanId": "efb87545-963c-4e0d-99df-69c6916d9eb0",
    }


def _user(call: Call) -> User:
    user = call.tenant.user(call.at["user"])
    if user is None:
        raise not_found(call.at["user"])
    return user


def not_found(text: str) -> GraphError:
    message = f"Resource '{text}' does not exist or one of its queried reference-property objects"
    return GraphError(404, "Request_ResourceNotFound", f"{message} are not present.")


def mailbox_settings(call: Call) -> Json:
    shown = selected(call.mailbox.settings, call.option("$select"))
    return {"@odata.context": context(call), **shown}


def organization(call: Call) -> Json:
    tenant = call.tenant
    domains = [
        {
            "name": name,
            "isDefault": name == tenant.domain,
            "isInitial": name.endswith(".onmicrosoft.com"),
            "type": "Managed",
            "capabilities": "Email, OfficeCommunicationsOnline",
        }
        for name in tenant.domains
    ]
    told = {
        "id": tenant.id,
        "displayName": tenant.name,
        "countryLetterCode": "DE",
        "preferredLanguage": "en",
        "onPremisesSyncEnabled": None,
        "technicalNotificationMails": [f"admin@{tenant.domain}"],
        "tenantType": "AAD",
        "verifiedDomains": domains,
    }
    shown = selected(told, call.option("$select"))
    return {"@odata.context": context(call), "value": [shown]}


_USERS = "User.Read.All|Directory.Read.All"

ROUTES = (
    Route("/users", list_users, _USERS, frozenset({"$filter"})),
    Route("/users/$count", count_users, _USERS, frozenset({"$filter"})),
    Route("/users/{user}", get_user, _USERS),
    Route("/users/{user}/mailboxSettings", mailbox_settings, "MailboxSettings.Read"),
    Route("/organization", organization, "Organization.Read.All|User.Read.All|Directory.Read.All"),
)
