"""GetUserOofSettings and SetUserOofSettings: the automatic reply of a mailbox. Nobody is answered.

https://learn.microsoft.com/exchange/client-developer/web-service-reference/setuseroofsettings-operation
"""

from __future__ import annotations

from copy import deepcopy

from lxml import etree

from localrun.fakes.workmail_ews.soap import (
    MESSAGES,
    TYPES,
    SoapFault,
    add,
    children,
    element,
    find,
    local_name,
)
from localrun.fakes.workmail_ews.store import MailboxStore

_WORDS = {
    "OofState": ("Disabled", "Enabled", "Scheduled"),
    "ExternalAudience": ("None", "Known", "All"),
}


def get_reply(mailbox: MailboxStore, request: etree._Element) -> etree._Element:
    """What is set; of a new mailbox, nothing."""
    _check_owner(mailbox, request)
    answer = element(MESSAGES, "GetUserOofSettingsResponse")
    _add_success(answer)
    shown = add(answer, TYPES, "OofSettings")
    if mailbox.reply is None:
        add(shown, TYPES, "OofState", "Disabled")
        add(shown, TYPES, "ExternalAudience", "All")
        for name in ("InternalReply", "ExternalReply"):
            add(add(shown, TYPES, name), TYPES, "Message", "")
    else:
        shown.extend(deepcopy(children(mailbox.reply)))
    add(answer, MESSAGES, "AllowExternalOof", "All")
    return answer


def set_reply(mailbox: MailboxStore, request: etree._Element) -> etree._Element:
    """Keeps it whole. A schedule needs its times, in their order."""
    _check_owner(mailbox, request)
    wanted = find(request, "UserOofSettings")
    if wanted is None:
        raise SoapFault("ErrorSchemaValidation", "UserOofSettings is missing.")
    for name, words in _WORDS.items():
        if _text(wanted, name) not in words:
            raise SoapFault("ErrorSchemaValidation", f"{name} has a value that it cannot have.")
    begin, end = _text(wanted, "Duration", "StartTime"), _text(wanted, "Duration", "EndTime")
    if _text(wanted, "OofState") == "Scheduled" and not (begin and begin < end):
        raise SoapFault("ErrorInvalidUserOofSettings", "A schedule has a start and a later end.")
    mailbox.reply = deepcopy(wanted)
    answer = element(MESSAGES, "SetUserOofSettingsResponse")
    _add_success(answer)
    return answer


def reply_in(mailbox: MailboxStore) -> dict[str, str]:
    """What is set, by the names of the elements that have a text; nothing if nothing is."""
    if mailbox.reply is None:
        return {}
    parts = [part for part in mailbox.reply.iter() if (part.text or "").strip()]
    above = {part: part.getparent() for part in parts}
    return {_name(part, above[part]): part.text or "" for part in parts}


def _name(part: etree._Element, above: etree._Element | None) -> str:
    name = local_name(part)
    return local_name(above) if name == "Message" and above is not None else name


def _check_owner(mailbox: MailboxStore, request: etree._Element) -> None:
    """Nobody sets the reply of somebody else's mailbox than the one that was opened."""
    if _text(request, "Mailbox", "Address").casefold() != mailbox.address.casefold():
        raise SoapFault("ErrorAccessDenied", "That is the mailbox of somebody else.")


def _add_success(answer: etree._Element) -> None:
    message = add(answer, MESSAGES, "ResponseMessage", ResponseClass="Success")
    add(message, MESSAGES, "ResponseCode", "NoError")


def _text(part: etree._Element, *path: str) -> str:
    found = find(part, *path)
    return "" if found is None else (found.text or "").strip()
