"""The automatic reply of a mailbox over EWS: what there is, and another one."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from migration.mailbox_settings import Audience, AutomaticReply, ReplyStatus
from migration.wire.ews import EwsClient
from migration.wire.ews_asking import only
from migration.wire.ews_body import Request
from migration.wire.ews_elements import T, tag

_STATES = {
    ReplyStatus.OFF: "Disabled",
    ReplyStatus.ON: "Enabled",
    ReplyStatus.SCHEDULED: "Scheduled",
}
_AUDIENCES = {
    Audience.NOBODY: "None",
    Audience.CONTACTS: "Known",
    Audience.EVERYBODY: "All",
}


class EwsReplies:
    """Asks for the mailbox with this address, over the connections of its client."""

    def __init__(self, client: EwsClient, address: str) -> None:
        self._asking = client.asking
        self._owner = f"<t:Mailbox>{tag('Address', address)}</t:Mailbox>"

    def find(self) -> AutomaticReply:
        """The one that there is, without the times of its schedule."""
        return _read(only(self._asking.each(self._request("Get"), 1, lambda answer: answer)))

    def put(self, reply: AutomaticReply) -> None:
        """Takes the place of what there is. To do it twice is to do it once: it is sent again when
        the answer is lost."""
        only(self._asking.each(self._request("Set", _write(reply)), 1, lambda answer: answer))

    def _request(self, verb: str, content: str = "") -> Request:
        name = f"{verb}UserOofSettingsRequest"
        return Request(self._asking.mailbox, [f"<m:{name}>{self._owner}{content}</m:{name}>"])


def _write(reply: AutomaticReply) -> str:
    times = ""
    if reply.status is ReplyStatus.SCHEDULED:
        begin, end = tag("StartTime", reply.begin), tag("EndTime", reply.end)
        times = f"<t:Duration>{begin}{end}</t:Duration>"
    texts = "".join(
        f"<t:{name}>{tag('Message', text)}</t:{name}>"
        for name, text in (("InternalReply", reply.inside), ("ExternalReply", reply.outside))
    )
    state = tag("OofState", _STATES[reply.status])
    audience = tag("ExternalAudience", _AUDIENCES[reply.audience])
    return f"<t:UserOofSettings>{state}{audience}{times}{texts}</t:UserOofSettings>"


def _read(answer: Element) -> AutomaticReply:
    """What is not said is off; a word that nobody knows is on, so that it is left alone."""
    found = answer.find(f"{T}OofSettings")
    if found is None:
        return AutomaticReply(ReplyStatus.OFF)
    states = {name: state for state, name in _STATES.items()}
    audiences = {name: audience for audience, name in _AUDIENCES.items()}
    return AutomaticReply(
        states.get(found.findtext(f"{T}OofState", "Disabled").strip(), ReplyStatus.ON),
        found.findtext(f"{T}InternalReply/{T}Message", ""),
        found.findtext(f"{T}ExternalReply/{T}Message", ""),
        audiences.get(found.findtext(f"{T}ExternalAudience", "").strip(), Audience.NOBODY),
    )
