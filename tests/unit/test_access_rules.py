"""Whether access control rules let the migration in."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from localrun.fakes.workmail import FakeWorkMail
from migration.access_rules import Access, Cover, Judgement, Protocol, cover_of, judge_access
from migration.directory_model import AccessRule

EWS, IMAP = Protocol.EWS, Protocol.IMAP
ALL = AccessRule("default", allows=True)
OFFICE = AccessRule("office", allows=True, ip_ranges=("203.0.113.0/24",))


def deny(**conditions: Any) -> AccessRule:
    return AccessRule("no", allows=False, **conditions)


def allow(**conditions: Any) -> AccessRule:
    return AccessRule("yes", allows=True, **conditions)


@pytest.mark.parametrize("protocol", Protocol)
def test_the_default_rule_opens_everything(protocol: Protocol) -> None:
    assert judge_access([ALL], protocol) == Judgement(Access.OPEN)


@pytest.mark.parametrize("protocol", Protocol)
def test_without_rules_everything_is_denied(protocol: Protocol) -> None:
    reason = "there is no rule at all"
    assert judge_access([], protocol) == Judgement(Access.BLOCKED, (reason,))


def test_no_rule_for_the_protocol_denies_it() -> None:
    assert judge_access([allow(actions=("IMAP",))], IMAP) == Judgement(Access.OPEN)
    assert judge_access([allow(actions=("IMAP",))], EWS) == Judgement(
        Access.BLOCKED, ("no rule allows it",)
    )
    assert judge_access([allow(not_actions=("EWS",))], EWS).access is Access.BLOCKED
    assert judge_access([deny(actions=("SMTP",))], EWS).access is Access.BLOCKED


def test_a_denial_wins_whatever_is_allowed() -> None:
    denied = judge_access([ALL, OFFICE, deny(actions=("IMAP", "SMTP"))], IMAP)
    assert denied == Judgement(Access.BLOCKED, ("the rule no denies it",))
    assert judge_access([ALL, deny(actions=("IMAP", "SMTP"))], EWS).access is Access.OPEN


def test_addresses_that_are_not_known_make_it_unsure() -> None:
    assert judge_access([OFFICE], EWS) == Judgement(
        Access.UNSURE, ("the rule office allows it only for some IP addresses",)
    )
    elsewhere = deny(not_ip_ranges=("203.0.113.0/24",))
    assert judge_access([ALL, elsewhere], EWS) == Judgement(
        Access.UNSURE, ("the rule no denies it for some IP addresses",)
    )


def test_one_rule_without_conditions_is_enough() -> None:
    assert judge_access([OFFICE, ALL], EWS) == Judgement(Access.OPEN)


def test_every_doubt_is_told() -> None:
    rules = [OFFICE, allow(user_ids=("u",)), deny(ip_ranges=("198.51.100.0/24",), user_ids=("u",))]
    assert judge_access(rules, IMAP).reasons == (
        "the rule no denies it for some IP addresses and for some users",
        "the rule office allows it only for some IP addresses",
        "the rule yes allows it only for some users",
    )


@pytest.mark.parametrize(
    ("conditions", "ews", "imap"),
    [
        ({}, Cover.YES, Cover.YES),
        ({"actions": ("ews",)}, Cover.YES, Cover.NO),
        ({"not_actions": ("EWS",)}, Cover.NO, Cover.YES),
        ({"actions": ("EWS",), "not_actions": ("EWS",)}, Cover.NO, Cover.NO),
        ({"ip_ranges": ("0.0.0.0/0",)}, Cover.YES, Cover.YES),
        ({"ip_ranges": ("0.0.0.0/1", "128.0.0.1/1")}, Cover.YES, Cover.YES),
        ({"ip_ranges": ("0.0.0.0/1",)}, Cover.MAYBE, Cover.MAYBE),
        ({"ip_ranges": ("nonsense",)}, Cover.MAYBE, Cover.MAYBE),
        ({"not_ip_ranges": ("0.0.0.0/0",)}, Cover.NO, Cover.NO),
        ({"not_ip_ranges": ("203.0.113.7/32",)}, Cover.MAYBE, Cover.MAYBE),
        ({"user_ids": ("u",)}, Cover.MAYBE, Cover.MAYBE),
        ({"not_user_ids": ("u",)}, Cover.MAYBE, Cover.MAYBE),
        ({"role_ids": ("r",)}, Cover.NO, Cover.NO),
        ({"not_role_ids": ("r",)}, Cover.YES, Cover.MAYBE),
        ({"user_ids": ("u",), "role_ids": ("r",)}, Cover.MAYBE, Cover.MAYBE),
        ({"user_ids": ("u",), "actions": ("SMTP",)}, Cover.NO, Cover.NO),
    ],
)
def test_what_a_rule_is_about(conditions: Any, ews: Cover, imap: Cover) -> None:
    rule = deny(**conditions)
    assert (cover_of(rule, EWS), cover_of(rule, IMAP)) == (ews, imap)
    allowing = replace(rule, allows=True)
    assert (cover_of(allowing, EWS), cover_of(allowing, IMAP)) == (ews, imap)


# ---- against the emulator --------------------------------------------------------------------

ADDRESSES = ("203.0.113.1", "198.51.100.1", "10.0.0.1")
_CHOICES: Mapping[str, list[tuple[str, ...]]] = {
    "actions": [("EWS",), ("IMAP",), ("EWS", "IMAP"), ("WebMail",)],
    "not_actions": [("EWS",), ("IMAP",)],
    "ip_ranges": [("0.0.0.0/0",), ("203.0.113.0/24",), ("0.0.0.0/1", "128.0.0.0/1")],
    "not_ip_ranges": [("0.0.0.0/0",), ("203.0.113.0/24",)],
    "role_ids": [("old",)],
    "not_role_ids": [("old",)],
    "user_ids": [("known",)],
    "not_user_ids": [("known",)],
}


def effects(rules: list[AccessRule], protocol: Protocol) -> set[str]:
    """What the emulator makes of requests from everywhere: over EWS with a role that was made after
    the rules, over IMAP as a user whom no rule names and as one whom rules may name."""
    fake = FakeWorkMail(now=lambda: 1_800_000_000.0, consistency_lag=0.0)
    organization = fake.seed_organization("acme", "example.com")
    users = {
        name: fake.create_user(organization_id=organization, name=name, display_name="N")["UserId"]
        for name in ("known", "other")
    }

    def make_role(name: str) -> str:
        return str(
            fake.create_impersonation_role(
                organization_id=organization, name=name, type="FULL_ACCESS", rules=[]
            )["ImpersonationRoleId"]
        )

    ids = {"known": users["known"], "old": make_role("old")}
    fake.delete_access_control_rule(organization_id=organization, name="default")
    for number, rule in enumerate(rules):
        fake.put_access_control_rule(
            organization_id=organization,
            name=f"rule-{number}",
            effect="ALLOW" if rule.allows else "DENY",
            description="",
            actions=rule.actions,
            not_actions=rule.not_actions,
            ip_ranges=rule.ip_ranges,
            not_ip_ranges=rule.not_ip_ranges,
            user_ids=[ids[each] for each in rule.user_ids],
            not_user_ids=[ids[each] for each in rule.not_user_ids],
            impersonation_role_ids=[ids[each] for each in rule.role_ids],
            not_impersonation_role_ids=[ids[each] for each in rule.not_role_ids],
        )
    subjects: list[dict[str, str]] = [{"user_id": each} for each in users.values()]
    if protocol is EWS:
        subjects = [{"impersonation_role_id": make_role("new")}]
    return {
        fake.get_access_control_effect(
            organization_id=organization, ip_address=address, action=protocol, **subject
        )["Effect"]
        for address in ADDRESSES
        for subject in subjects
    }


@pytest.mark.parametrize("protocol", Protocol)
def test_what_is_sure_is_so_in_the_emulator(protocol: Protocol) -> None:
    """Any rules: open means that everybody gets in from everywhere, blocked that nobody does."""
    chance = random.Random(7)
    seen = set()
    for _ in range(400):
        rules = []
        for number in range(chance.randint(0, 3)):
            members = chance.sample(sorted(_CHOICES), chance.choice((0, 0, 1, 1, 2)))
            conditions: Any = {each: chance.choice(_CHOICES[each]) for each in members}
            rules.append(AccessRule(f"rule-{number}", chance.random() < 0.7, **conditions))
        judged = judge_access(rules, protocol)
        seen.add(judged.access)
        expected = {Access.OPEN: {"ALLOW"}, Access.BLOCKED: {"DENY"}}.get(judged.access)
        assert expected is None or effects(rules, protocol) == expected, rules
        assert bool(judged.reasons) == (judged.access is not Access.OPEN)
    assert seen == set(Access)
