"""Rules of the inbox and automatic replies over Microsoft Graph, in words."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migration.errors import CredentialsRejected, SourceBusy
from migration.mailbox_settings import (
    Audience,
    AutomaticReply,
    MailboxSettings,
    ReplyStatus,
)
from migration.sources.graph_rules import read_reply, read_rule
from migration.sources.graph_settings import GraphSettings
from tests.graph.resources import properties_of
from tests.graph.scripted import Answers, ScriptedGraph

BOX = "/users/ann@contoso.example"
RULES, SETTINGS = f"{BOX}/mailFolders/inbox/messageRules", f"{BOX}/mailboxSettings"
ROOT = f"{BOX}/mailFolders/msgfolderroot"
PREDICATES = "microsoft.graph.messageRulePredicates"
ACTIONS = "microsoft.graph.messageRuleActions"


def person(address: str, name: str = "") -> dict[str, Any]:
    return {"emailAddress": {"address": address, "name": name}}


def rule(**more: Any) -> dict[str, Any]:
    plain = {"displayName": "Rule", "sequence": 1, "isEnabled": True, "hasError": False}
    return {"id": "AQAAAJ5dZqA=", "isReadOnly": False, **plain, **more}


def reply(**more: Any) -> dict[str, Any]:
    scheduled = {"dateTime": "2026-12-24T17:00:00.0000000", "timeZone": "W. Europe Standard Time"}
    return {
        "status": "scheduled",
        "externalAudience": "contactsOnly",
        "internalReplyMessage": "<html><body>Back soon</body></html>",
        "externalReplyMessage": "Away",
        "scheduledStartDateTime": scheduled,
        "scheduledEndDateTime": {"dateTime": "2027-01-02T07:00:00.0000000", "timeZone": "UTC"},
        **more,
    }


def read(script: Answers) -> MailboxSettings:
    return GraphSettings(ScriptedGraph(script).client, "ann@contoso.example").read()


def test_a_rule_is_told_in_words_by_which_it_can_be_made_again() -> None:
    found = read_rule(
        rule(
            displayName="Invoices",
            sequence=3,
            conditions={
                "subjectContains": ["invoice", "bill"],
                "fromAddresses": [person("a@b.example", "Shop"), person("c@d.example")],
                "hasAttachments": True,
                "isSigned": False,
                "importance": "high",
                "withinSizeRange": {"minimumSize": 10, "maximumSize": 200},
            },
            exceptions={"sentCcMe": True},
            actions={
                "moveToFolder": "f1",
                "copyToFolder": "f2",
                "forwardTo": [person("ann@elsewhere.example", "Ann")],
                "redirectTo": [person("bob@contoso.example")],
                "assignCategories": ["Blue"],
                "markImportance": "low",
                "stopProcessingRules": True,
            },
        ),
        {"f1": "Inbox / Invoices"},
    )
    assert (found.name, found.order, found.is_active) == ("Invoices", 3, True)
    assert found.conditions == (
        "the subject contains “invoice” or “bill”",
        "it is from Shop <a@b.example> or c@d.example",
        "it has an attachment",
        "its importance is high",
        "it is larger than 10 KB",
        "it is smaller than 200 KB",
    )
    assert found.exceptions == ("the owner is in Cc",)
    assert found.actions == (
        "move it to the folder Inbox / Invoices",
        "copy it to the folder that is not there any more",
        "forward it to Ann <ann@elsewhere.example>",
        "redirect it to bob@contoso.example",
        "give it the category Blue",
        "make its importance low",
        "follow no further rule",
    )
    assert found.forwards == ("ann@elsewhere.example", "bob@contoso.example")


def test_every_condition_and_action_of_microsofts_contract_has_words() -> None:
    samples = {"boolean": True, "string": "x", "integer": 7}
    for resource, part in ((PREDICATES, "conditions"), (ACTIONS, "actions")):
        for name, schema in properties_of("Mail", resource).items():
            kind = schema.get("type", "")
            if kind == "array":
                told: Any = [person("a@b.example")] if "$ref" in schema["items"] else ["x"]
            elif name == "withinSizeRange":
                told = {"minimumSize": 7}
            else:
                told = samples.get(kind, "x")
            found = read_rule(rule(**{part: {name: told}}), {"x": "Folder"})
            (words,) = found.conditions or found.actions
            assert "no words" not in words


def test_what_nobody_knows_yet_is_told_by_its_name() -> None:
    found = read_rule(rule(conditions={"isGolden": True}, actions={"sing": "loudly"}), {})
    assert found.conditions == ("something that has no words here: isGolden",)
    assert found.actions == ("something that has no words here: sing",)


def test_an_automatic_reply_has_its_time_only_if_it_is_scheduled() -> None:
    assert read_reply(reply()) == AutomaticReply(
        ReplyStatus.SCHEDULED,
        "<html><body>Back soon</body></html>",
        "Away",
        Audience.CONTACTS,
        "2026-12-24T16:00:00Z",
        "2027-01-02T07:00:00Z",
    )
    always = read_reply(reply(status="alwaysEnabled", externalAudience="all"))
    assert always is not None
    assert (always.status, always.begin, always.end) == (ReplyStatus.ON, "", "")
    off = read_reply(reply(status="disabled"))
    assert off is not None and off.status is ReplyStatus.OFF
    assert read_reply({"status": "disabled", "internalReplyMessage": ""}) is None


def test_markup_that_shows_nothing_is_no_reply_and_strangers_are_not_told_nothing() -> None:
    nothing = "<html>\n<body>\n<p>&nbsp;</p>\n</body>\n</html>\n"
    silent = {"internalReplyMessage": nothing, "externalReplyMessage": nothing}
    assert read_reply(reply(status="alwaysEnabled", **silent)) is None
    told = read_reply(reply(externalReplyMessage=nothing, externalAudience="all"))
    assert told is not None
    assert (told.outside, told.audience) == ("", Audience.NOBODY)


def test_a_time_in_a_zone_that_nobody_knows_is_none() -> None:
    unknown = {"dateTime": "2026-12-24T17:00:00.0000000", "timeZone": "Customized Time Zone"}
    never = {"dateTime": "0001-01-01T00:00:00.0000000", "timeZone": "Tonga Standard Time"}
    for start in (unknown, never):
        assert_no_beginning(start)


def assert_no_beginning(start: dict[str, str]) -> None:
    told = read_reply(reply(scheduledStartDateTime=start))
    assert told is not None
    assert (told.status, told.begin, told.end) == (
        ReplyStatus.SCHEDULED,
        "",
        "2027-01-02T07:00:00Z",
    )


def test_rules_come_in_their_order_with_the_names_of_folders_in_folders() -> None:
    folders = {"f1": ("Bills", "f0"), "f0": ("Shops", "root")}
    found = read(
        {
            RULES: [
                rule(displayName="second", sequence=2, actions={"moveToFolder": "f1"}),
                rule(displayName="first", sequence=1, actions={"copyToFolder": "gone"}),
            ],
            ROOT: {"id": "root"},
            SETTINGS: {"automaticRepliesSetting": reply()},
            **{
                f"{BOX}/mailFolders/{id_}": {"displayName": name, "parentFolderId": above}
                for id_, (name, above) in folders.items()
            },
        }
    )
    assert [(one.name, one.actions) for one in found.rules] == [
        ("first", ("copy it to the folder that is not there any more",)),
        ("second", ("move it to the folder Shops / Bills",)),
    ]
    assert found.reply is not None
    assert found.problems == ()


def test_what_is_denied_or_refused_is_a_problem_and_no_error() -> None:
    found = read({RULES: (403, "ErrorAccessDenied"), SETTINGS: (400, "ErrorInvalidRequest")})
    assert found == MailboxSettings(problems=("rules:denied", "reply:ErrorInvalidRequest"))


def test_a_login_that_is_refused_and_a_busy_service_are_errors() -> None:
    with pytest.raises(CredentialsRejected):
        read({RULES: (401, "InvalidAuthenticationToken")})
    with pytest.raises(SourceBusy):
        read({RULES: [], SETTINGS: (503, "serviceNotAvailable")})


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["emailAddress", "address", "x"]), inner, max_size=2)
    ),
    max_leaves=5,
)
NAMES = st.sampled_from(["subjectContains", "fromAddresses", "withinSizeRange", "moveToFolder"])
PARTS = st.dictionaries(NAMES | st.just("forwardTo"), ANYTHING, max_size=4)


@given(PARTS, PARTS, ANYTHING)
def test_whatever_a_rule_says_is_no_error(
    conditions: dict[str, Any], actions: dict[str, Any], name: Any
) -> None:
    told = rule(displayName=name, conditions=conditions, actions=actions)
    read_rule(json.loads(json.dumps(told)), {})
