"""Whether an organization's access control rules let the migration in. Pure functions.

A request needs a rule that allows it and none that denies it. That everything is denied without
any rule is in the administrator guide ("Working with access control rules"); that a denial wins
over the default rule is what the example of GetAccessControlEffect in the AWS CLI's reference
shows. The address that the functions have is not known beforehand, and rules can be about users; so
a rule surely covers the migration, surely does not, or may.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from migration.directory_model import AccessRule


class Protocol(StrEnum):
    """How the migration enters a mailbox, in WorkMail's word for it (Action)."""

    EWS = "EWS"
    IMAP = "IMAP"


class Cover(IntEnum):
    """Whether a rule is about the migration's requests."""

    NO = 0
    MAYBE = 1
    YES = 2


class Access(StrEnum):
    """What the rules make of a protocol."""

    OPEN = "open"
    UNSURE = "unsure"
    BLOCKED = "blocked"


@dataclass(frozen=True, slots=True)
class Judgement:
    """`reasons` say why it is not open."""

    access: Access
    reasons: tuple[str, ...] = ()


def judge_access(rules: Sequence[AccessRule], protocol: Protocol) -> Judgement:
    """What the rules make of the migration's requests over that protocol."""
    covers = [(rule, cover_of(rule, protocol)) for rule in rules]
    allowing = [cover for rule, cover in covers if rule.allows]
    surely = tuple(
        f"the rule {rule.name} denies it"
        for rule, cover in covers
        if not rule.allows and cover is Cover.YES
    )
    if surely:
        return Judgement(Access.BLOCKED, surely)
    if not rules:
        return Judgement(Access.BLOCKED, ("there is no rule at all",))
    if max(allowing, default=Cover.NO) is Cover.NO:
        return Judgement(Access.BLOCKED, ("no rule allows it",))
    reasons = [
        f"the rule {rule.name} denies it {_describe_limits(rule)}"
        for rule, cover in covers
        if not rule.allows and cover is Cover.MAYBE
    ]
    if max(allowing) is Cover.MAYBE:
        reasons += [
            f"the rule {rule.name} allows it only {_describe_limits(rule)}"
            for rule, cover in covers
            if rule.allows and cover is Cover.MAYBE
        ]
    return Judgement(Access.UNSURE if reasons else Access.OPEN, tuple(reasons))


def cover_of(rule: AccessRule, protocol: Protocol) -> Cover:
    """Over EWS the migration comes with an impersonation role that each run makes anew, over IMAP
    as the users themselves."""
    return min(
        _cover_protocol(rule, protocol),
        _cover_address(rule),
        _cover_role(rule) if protocol is Protocol.EWS else _cover_users(rule),
    )


def _cover_protocol(rule: AccessRule, protocol: Protocol) -> Cover:
    listed = {action.lower() for action in rule.actions}
    excepted = {action.lower() for action in rule.not_actions}
    wanted = protocol.lower()
    return Cover.YES if (not listed or wanted in listed) and wanted not in excepted else Cover.NO


def _cover_address(rule: AccessRule) -> Cover:
    if rule.not_ip_ranges and _is_everywhere(rule.not_ip_ranges):
        return Cover.NO
    if rule.not_ip_ranges or (rule.ip_ranges and not _is_everywhere(rule.ip_ranges)):
        return Cover.MAYBE
    return Cover.YES


def _cover_role(rule: AccessRule) -> Cover:
    # Whether a rule about users is asked for the user behind a role is not documented.
    if rule.user_ids or rule.not_user_ids:
        return Cover.MAYBE
    # No rule can name the role of this run, which does not exist yet.
    return Cover.NO if rule.role_ids else Cover.YES


def _cover_users(rule: AccessRule) -> Cover:
    # Whether a rule that excepts roles is asked where there is none is not documented.
    if rule.user_ids or rule.not_user_ids or rule.not_role_ids:
        return Cover.MAYBE
    return Cover.NO if rule.role_ids else Cover.YES


def _is_everywhere(ranges: Iterable[str]) -> bool:
    """Whether the ranges hold every IPv4 address. One that cannot be read holds none."""
    networks = []
    for text in ranges:
        try:
            networks.append(ipaddress.IPv4Network(text, strict=False))
        except ValueError:
            continue
    return list(ipaddress.collapse_addresses(networks)) == [ipaddress.IPv4Network("0.0.0.0/0")]


def _describe_limits(rule: AccessRule) -> str:
    """What the rule asks of a request beside its protocol."""
    limits = []
    if rule.ip_ranges or rule.not_ip_ranges:
        limits.append("for some IP addresses")
    if rule.user_ids or rule.not_user_ids:
        limits.append("for some users")
    if rule.role_ids or rule.not_role_ids:
        limits.append("for some impersonation roles")
    return " and ".join(limits)
