"""What the emulated WorkMail has of a tenant, in the words of large_tenant.py, and how it differs.

It is asked beside the migration, by the emulator's own methods. Addresses in the test domain, which
WorkMail gives by itself, are left out, and so is what is not enabled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from localrun.series.large_tenant import DOMAIN, Attributes, LargeTenant
from localrun.world import World

Entity = Mapping[str, Any]
"""As a list of WorkMail's shows it."""


def read_directory(world: World) -> LargeTenant:
    """Everything that is enabled; without `files`."""
    return _Reader(world).read()


class _Reader:
    """One look; addresses stand for WorkMail's ids."""

    def __init__(self, world: World) -> None:
        self._api = world.workmail
        self._about: dict[str, Any] = {"organization_id": world.organization_id}
        self._users = self._list(self._api.list_users)
        self._groups = self._list(self._api.list_groups)
        self._resources = self._list(self._api.list_resources)
        entities = (*self._users, *self._groups, *self._resources)
        self._address = {each["Id"]: str(each["Email"]) for each in entities}

    def read(self) -> LargeTenant:
        return LargeTenant(
            files={},
            users={each["Email"]: self._describe_user(each) for each in self._users},
            groups={each["Email"]: self._describe_group(each) for each in self._groups},
            resources={each["Email"]: self._describe_resource(each) for each in self._resources},
            grants={
                (owner, self._address[grant["GranteeId"]]): frozenset(grant["PermissionValues"])
                for entity_id, owner in self._address.items()
                for grant in self._pages(
                    partial(self._api.list_mailbox_permissions, entity_id=entity_id)
                )
            },
        )

    def _describe_user(self, user: Entity) -> Attributes:
        shown = self._api.describe_user(**self._about, user_id=user["Id"])
        size = self._api.get_mailbox_details(**self._about, user_id=user["Id"])
        return {
            "display_name": shown["DisplayName"],
            "first_name": shown.get("FirstName", ""),
            "last_name": shown.get("LastName", ""),
            "department": shown.get("Department", ""),
            "hidden": shown.get("HiddenFromGlobalAddressList", False),
            "quota_mb": size["MailboxQuota"],
            "aliases": self._aliases(user),
        }

    def _describe_group(self, group: Entity) -> Attributes:
        shown = self._api.describe_group(**self._about, group_id=group["Id"])
        members = self._pages(partial(self._api.list_group_members, group_id=group["Id"]))
        return {
            "name": group["Name"],
            "hidden": shown.get("HiddenFromGlobalAddressList", False),
            "aliases": self._aliases(group),
            "members": self._addresses(members),
        }

    def _describe_resource(self, resource: Entity) -> Attributes:
        about = {**self._about, "resource_id": resource["Id"]}
        shown = self._api.describe_resource(**about)
        booking = shown["BookingOptions"]
        return {
            "kind": shown["Type"],
            "description": shown.get("Description") or "",
            "hidden": shown.get("HiddenFromGlobalAddressList", False),
            "aliases": self._aliases(resource),
            "booking": (
                booking["AutoAcceptRequests"],
                booking["AutoDeclineRecurringRequests"],
                booking["AutoDeclineConflictingRequests"],
            ),
            "delegates": self._addresses(self._api.list_resource_delegates(**about)["Delegates"]),
        }

    def _aliases(self, entity: Entity) -> tuple[str, ...]:
        found = self._api.list_aliases(**self._about, entity_id=entity["Id"])["Aliases"]
        return tuple(sorted(each for each in found if each.endswith(f"@{DOMAIN}")))

    def _addresses(self, entities: Iterable[Entity]) -> tuple[str, ...]:
        return tuple(sorted(self._address[each["Id"]] for each in entities))

    def _list(self, ask: Callable[..., Mapping[str, Any]]) -> list[Entity]:
        return [each for each in self._pages(ask) if each["State"] == "ENABLED"]

    def _pages(self, ask: Callable[..., Mapping[str, Any]]) -> list[Entity]:
        found: list[Entity] = []
        token: str | None = None
        while True:
            answer = ask(**self._about, next_token=token)
            (entries,) = (value for value in answer.values() if isinstance(value, list))
            found += entries
            token = answer.get("NextToken")
            if token is None:
                return found


def compare(wanted: LargeTenant, found: LargeTenant) -> list[str]:
    """Every entity that is missing, too many, or another than it should be."""
    differences = []
    for kind in ("users", "groups", "resources", "grants"):
        here: Mapping[Any, Any] = getattr(wanted, kind)
        there: Mapping[Any, Any] = getattr(found, kind)
        differences += [f"{kind}: {key} is missing" for key in here.keys() - there.keys()]
        differences += [f"{kind}: {key} is too many" for key in there.keys() - here.keys()]
        differences += [
            f"{kind}: {key} is {there[key]}, and should be {here[key]}"
            for key in here.keys() & there.keys()
            if here[key] != there[key]
        ]
    return sorted(differences)
