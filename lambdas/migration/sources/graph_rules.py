"""Rules of the inbox and automatic replies of Microsoft Graph (v1.0, resource types messageRule and
automaticRepliesSetting), in words. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from migration.items.graph_fields import Fields
from migration.items.graph_times import read_moment
from migration.items.markup import is_silent
from migration.items.times import UTC
from migration.items.zones import instant
from migration.mailbox_settings import Audience, AutomaticReply, ReplyStatus, Rule
from migration.wire.graph_model import Json

_TEXTS = {
    "subjectContains": "the subject contains",
    "bodyContains": "the text contains",
    "bodyOrSubjectContains": "the subject or the text contains",
    "headerContains": "the headers contain",
    "recipientContains": "the address of a recipient contains",
    "senderContains": "the sender contains",
    "categories": "it has the category",
}
_PEOPLE = {"fromAddresses": "it is from", "sentToAddresses": "it was sent to"}
_FLAGS = {
    "hasAttachments": "it has an attachment",
    "isApprovalRequest": "it is a request for approval",
    "isAutomaticForward": "it was forwarded automatically",
    "isAutomaticReply": "it is an automatic reply",
    "isEncrypted": "it is encrypted",
    "isMeetingRequest": "it is a meeting request",
    "isMeetingResponse": "it is the answer to a meeting request",
    "isNonDeliveryReport": "it is a report that something was not delivered",
    "isPermissionControlled": "it is protected by rights",
    "isReadReceipt": "it is a read receipt",
    "isSigned": "it is signed",
    "isVoicemail": "it is a voice message",
    "notSentToMe": "it was not sent to the owner",
    "sentCcMe": "the owner is in Cc",
    "sentOnlyToMe": "it was sent to the owner alone",
    "sentToMe": "the owner is in To",
    "sentToOrCcMe": "the owner is in To or Cc",
}
_WORDS = {
    "importance": "its importance is",
    "sensitivity": "its sensitivity is",
    "messageActionFlag": "it is flagged with",
}
_FOLDERS = {"moveToFolder": "move it to the folder", "copyToFolder": "copy it to the folder"}
_FORWARDS = {
    "forwardTo": "forward it to",
    "forwardAsAttachmentTo": "forward it as an attachment to",
    "redirectTo": "redirect it to",
}
_DEEDS = {
    "delete": "move it to the deleted items",
    "permanentDelete": "delete it for good",
    "markAsRead": "mark it as read",
    "stopProcessingRules": "follow no further rule",
}
_UNKNOWN = "something that has no words here: "
_SIDES = ("internal", "external")

_STATUSES = {
    "disabled": ReplyStatus.OFF,
    "alwaysEnabled": ReplyStatus.ON,
    "scheduled": ReplyStatus.SCHEDULED,
}
_AUDIENCES = {
    "none": Audience.NOBODY,
    "contactsOnly": Audience.CONTACTS,
    "all": Audience.EVERYBODY,
}


def folders_of(rule: Json) -> list[str]:
    """The ids of the folders into which the rule puts messages."""
    actions = Fields(rule, "", []).part("actions")
    return [id_ for name in _FOLDERS if (id_ := actions.text(name))]


def read_rule(rule: Json, folders: Mapping[str, str]) -> Rule:
    """`folders` has the names of folders by their ids. Nothing that the rule says is left out: what
    has no words here is told by its name in Graph."""
    fields = Fields(rule, "", [])
    actions = _Words(fields.part("actions"))
    done, forwards = actions.deeds(folders)
    return Rule(
        name=fields.text("displayName"),
        order=fields.number("sequence") or 0,
        is_active=fields.flag("isEnabled"),
        conditions=_Words(fields.part("conditions")).predicates(),
        exceptions=_Words(fields.part("exceptions")).predicates(),
        actions=done,
        forwards=forwards,
        has_error=fields.flag("hasError"),
    )


def read_reply(told: Json) -> AutomaticReply | None:
    """An automaticRepliesSetting; None if there is no text of one. A status or an audience that
    nobody knows is none, and nobody is told nothing; HTML that shows nothing is no text."""
    fields = Fields(told, "", [])
    audience = fields.word("externalAudience", _AUDIENCES, Audience.NOBODY)
    inside, outside = (_read_text(fields, f"{side}ReplyMessage") for side in _SIDES)
    reply = AutomaticReply(
        status=fields.word("status", _STATUSES, ReplyStatus.OFF),
        inside=inside,
        outside=outside,
        audience=audience if outside else Audience.NOBODY,
        begin=_read_time(fields.part("scheduledStartDateTime")),
        end=_read_time(fields.part("scheduledEndDateTime")),
    )
    if reply.status is not ReplyStatus.SCHEDULED:
        reply = replace(reply, begin="", end="")  # those of a time that was scheduled once
    return reply if reply.inside or reply.outside else None


def _read_text(told: Fields, name: str) -> str:
    text = told.text(name)
    return "" if is_silent(text) else text


def _read_time(told: Fields) -> str:
    """A moment; "" also where it is by the clock of a zone that nobody knows: hours too early, a
    reply would tell strangers of somebody who is still there."""
    zone = told.text("timeZone") or UTC.name
    moment = read_moment(told.text("dateTime"), zone)
    if moment is None or moment.zone is None:
        return ""
    return instant(moment).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True, slots=True)
class _Words:
    """Takes the properties of conditions, or of actions."""

    fields: Fields

    def predicates(self) -> tuple[str, ...]:
        found = [*self._texts(_TEXTS), *self._people(_PEOPLE)]
        found += self._flags(_FLAGS)
        for name, said in _WORDS.items():
            if word := self.fields.text(name):
                found.append(f"{said} {word}")
        found += self._size()
        return (*found, *self._rest())

    def deeds(self, folders: Mapping[str, str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """What is done, and the addresses to which something is sent."""
        found, forwards = list[str](), list[str]()
        for name, said in _FOLDERS.items():
            if id_ := self.fields.text(name):
                found.append(f"{said} {folders.get(id_) or 'that is not there any more'}")
        for name, said in _FORWARDS.items():
            for shown, address in self._addresses(name):
                found.append(f"{said} {shown}")
                forwards.append(address)
        if categories := self.fields.texts("assignCategories"):
            found.append(f"give it the category {_or(categories, 'and')}")
        if importance := self.fields.text("markImportance"):
            found.append(f"make its importance {importance}")
        found += self._flags(_DEEDS)
        return (*found, *self._rest()), tuple(dict.fromkeys(forwards))

    def _texts(self, words: Mapping[str, str]) -> Iterator[str]:
        for name, said in words.items():
            if texts := self.fields.texts(name):
                yield f"{said} {_or([f'“{text}”' for text in texts])}"

    def _people(self, words: Mapping[str, str]) -> Iterator[str]:
        for name, said in words.items():
            if people := [shown for shown, _ in self._addresses(name)]:
                yield f"{said} {_or(people)}"

    def _addresses(self, name: str) -> list[tuple[str, str]]:
        """Each recipient as people are shown in mail, and the address."""
        found = []
        for one in self.fields.parts(name):
            told = one.part("emailAddress")
            shown, address = told.text("name"), told.text("address")
            is_named = shown and shown.casefold() != address.casefold()
            found.append((f"{shown} <{address}>" if is_named else address, address))
        return found

    def _flags(self, words: Mapping[str, str]) -> list[str]:
        return [said for name, said in words.items() if self.fields.flag(name)]

    def _size(self) -> Iterator[str]:
        size = self.fields.part("withinSizeRange")
        least, most = size.number("minimumSize"), size.number("maximumSize")
        if least:
            yield f"it is larger than {least} KB"
        if most:
            yield f"it is smaller than {most} KB"

    def _rest(self) -> list[str]:
        """What is not known here."""
        return [f"{_UNKNOWN}{name}" for name in self.fields.rest()]


def _or(words: Sequence[str], between: str = "or") -> str:
    return f" {between} ".join(words)
