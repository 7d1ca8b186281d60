"""Rules and automatic replies of the mailboxes, for the report: in words, by which an administrator
can make them again. Pure.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass
from enum import StrEnum

from migration.mailbox_settings import (
    Audience,
    AutomaticReply,
    MailboxSettings,
    ReplyStatus,
    Rule,
)

_SILENT = re.compile(r"(?is)<(head|style|script)\b.*?</\1\s*>|<!--.*?-->")
_LINES = re.compile(r"(?i)<br\s*/?>|</(?:p|div|li|tr|h[1-6])\s*>")
_TAG = re.compile(r"<[^>]*>")
_ANSWERED = {
    Audience.CONTACTS: "answer the owner's contacts outside",
    Audience.EVERYBODY: "answer everybody outside",
}


class SettingKind(StrEnum):
    """What a mailbox does by itself, or why that is not known or not done."""

    RULE = "rule"
    REPLY = "automatic reply"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class SettingLine:
    """A rule of the inbox or an automatic reply, as it was at the source when the mailbox was last
    copied. It is to be made again in WorkMail, unless it is there.

    kind        rule, automatic reply, or problem: the source did not tell what there is, or
                WorkMail refused a reply
    order       in which order rules are followed, the lowest first; of others 0
    name        the rule's name; of a problem, a code that says what and why
    is_active   whether it was followed
    conditions  what must hold of a message, all of it; empty for every message
    exceptions  what must not hold of it
    actions     what is done
    outside     addresses outside the organization to which messages are sent on
    is_there    whether WorkMail has an automatic reply, this one or what somebody has set there
    """

    kind: SettingKind
    order: int
    name: str
    is_active: bool
    conditions: tuple[str, ...]
    exceptions: tuple[str, ...]
    actions: tuple[str, ...]
    outside: tuple[str, ...]
    is_there: bool = False


def tell_settings(settings: MailboxSettings, domains: Set[str]) -> tuple[SettingLine, ...]:
    """The rules of a mailbox in their order, then its automatic reply, then what went wrong.
    `domains` are those of the organization, in small letters: all others are outside."""
    return (
        *(_rule(rule, domains) for rule in settings.rules),
        *((_reply(settings.reply, settings.is_at_target),) if settings.reply else ()),
        *(_problem(problem) for problem in settings.problems),
    )


def _rule(rule: Rule, domains: Set[str]) -> SettingLine:
    wrong = ("(the source could not follow this rule)",) if rule.has_error else ()
    return SettingLine(
        SettingKind.RULE,
        rule.order,
        rule.name,
        rule.is_active,
        rule.conditions,
        rule.exceptions,
        (*rule.actions, *wrong),
        tuple(one for one in rule.forwards if _domain_of(one) not in domains),
    )


def find_domains(addresses: Iterable[str]) -> frozenset[str]:
    """The domains of the organization, as far as its addresses tell them."""
    return frozenset(_domain_of(one) for one in addresses if "@" in one)


def _domain_of(address: str) -> str:
    return address.rpartition("@")[2].lower()


def _reply(reply: AutomaticReply, is_there: bool) -> SettingLine:
    begin = (f"from {reply.begin}",) if reply.begin else ()
    end = (f"until {reply.end}",) if reply.end else ()
    is_active = reply.status is not ReplyStatus.OFF
    actions = tuple(_answers(reply))
    when = (*begin, *end)
    return SettingLine(SettingKind.REPLY, 0, "", is_active, when, (), actions, (), is_there)


def _answers(reply: AutomaticReply) -> Iterator[str]:
    if inside := make_plain(reply.inside):
        yield f"answer colleagues: {inside}"
    outside = make_plain(reply.outside)
    if outside and reply.audience is not Audience.NOBODY:
        yield f"{_ANSWERED[reply.audience]}: {outside}"


def _problem(problem: str) -> SettingLine:
    return SettingLine(SettingKind.PROBLEM, 0, problem, False, (), (), (), ())


def make_plain(text: str) -> str:
    """HTML as the text that it shows, its lines with " / " between them."""
    # In HTML the ends of the source's lines are spaces; what ends a line is put in their place.
    one_line = " ".join(_SILENT.sub("", text).split())
    lines = _TAG.sub("", _LINES.sub("\n", one_line)).split("\n")
    plain = (" ".join(html.unescape(line).split()) for line in lines)
    return " / ".join(filter(None, plain))
