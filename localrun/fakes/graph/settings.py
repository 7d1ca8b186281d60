"""Rules of the inbox, and single settings of a mailbox.

    server.mailbox("ann@contoso.example").part(Rules).add("Invoices", {"subjectContains": ["Bill"]},
        {"moveToFolder": folder_id})

https://learn.microsoft.com/graph/api/resources/messagerule,
https://learn.microsoft.com/graph/api/user-get-mailboxsettings
"""

from __future__ import annotations

from collections.abc import Mapping

from localrun.fakes.graph.answers import GraphError, Json
from localrun.fakes.graph.ids import container_id
from localrun.fakes.graph.items import not_there, one, pick
from localrun.fakes.graph.mailbox import Mailbox
from localrun.fakes.graph.paging import outlook_page
from localrun.fakes.graph.routing import Call, Route

_SETTINGS = {
    name.casefold(): name
    for name in (
        *("automaticRepliesSetting", "dateFormat", "delegateMeetingMessageDeliveryOptions"),
        *("language", "timeFormat", "timeZone", "workingHours", "userPurpose"),
    )
}


class Rules:
    """Those of the inbox: other folders have none."""

    def __init__(self, box: Mailbox) -> None:
        self._box = box
        self.all: list[Json] = []

    def add(
        self,
        name: str,
        conditions: Mapping[str, object] | None = None,
        actions: Mapping[str, object] | None = None,
        **properties: object,
    ) -> str:
        """Its id. Rules run in the order in which they are added, unless `sequence` says another;
        `properties` are put over what Graph would tell: exceptions, isEnabled, hasError."""
        with self._box.lock:
            told: Json = {
                "id": container_id(self._box.address, "rule", self._box.new_number())[-16:],
                "displayName": name,
                "sequence": len(self.all) + 1,
                "isEnabled": True,
                "hasError": False,
                "isReadOnly": False,
                "conditions": dict(conditions) if conditions else None,
                "actions": dict(actions or {}),
                "exceptions": None,
                **properties,
            }
            self.all.append(told)
            return str(told["id"])


def list_rules(call: Call) -> Json:
    rules = _rules(call)
    return outlook_page(call, rules, lambda rule: pick(rule, call.option("$select")))


def get_rule(call: Call) -> Json:
    for rule in _rules(call):
        if rule["id"] == call.at["rule"]:
            return one(call, pick(rule, call.option("$select")))
    raise not_there(f"A{call.at['rule']}")


def get_setting(call: Call) -> Json:
    """One of mailboxSettings: what is no resource is told as its "value"."""
    name = _SETTINGS.get(call.at["setting"].casefold())
    if name is None:
        message = f"Resource not found for the segment '{call.at['setting']}'."
        raise GraphError(400, "BadRequest", message)
    told = call.mailbox.settings[name]
    return one(call, told if isinstance(told, dict) else {"value": told})


def _rules(call: Call) -> list[Json]:
    folder = call.mailbox.folder(call.at["folder"])
    if folder.well_known != "inbox":
        message = "Message rules are only supported for the Inbox folder."
        raise GraphError(400, "ErrorInvalidRequest", message)
    return sorted(call.mailbox.part(Rules).all, key=lambda rule: int(rule["sequence"]))


_FOLDER = "/users/{user}/mailFolders/{folder}"

ROUTES = (
    Route(f"{_FOLDER}/messageRules", list_rules, "MailboxSettings.Read"),
    Route(f"{_FOLDER}/messageRules/{{rule}}", get_rule, "MailboxSettings.Read"),
    Route("/users/{user}/mailboxSettings/{setting}", get_setting, "MailboxSettings.Read"),
)
