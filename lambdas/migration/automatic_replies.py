"""Whether an automatic reply of the source is written into WorkMail, and when.

Not before MX points to WorkMail: until then some mail comes there already, from those who were
moved before, to the test domain or by forwarding, and would be answered twice. Not over what is
there, not one that is off or over, and only once: who has come back must not be away again with the
next pass, whatever a program leaves in WorkMail when it switches a reply off.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from migration.dns_model import DnsWatch
from migration.errors import ItemRejected
from migration.items.markup import is_silent
from migration.mailbox_settings import AutomaticReply, MailboxSettings, ReplyStatus, ReplyTarget

PROBLEM = "workmail"
"""How the code of a problem begins that WorkMail has made; its own code stands behind a colon."""


def is_due(reply: AutomaticReply, watch: DnsWatch, now: str) -> bool:
    """Whether it answers anybody now or later, and the DNS was seen right in this run and is still.
    `now` is ISO 8601."""
    if not watch.ready or watch.went_back:
        return False
    if reply.status is ReplyStatus.SCHEDULED:
        is_whole = bool(reply.begin and reply.end)
        return is_whole and datetime.fromisoformat(reply.end) > datetime.fromisoformat(now)
    return reply.status is ReplyStatus.ON


def bring_reply(
    found: MailboxSettings, before: MailboxSettings, target: ReplyTarget, watch: DnsWatch, now: str
) -> MailboxSettings:
    """Writes the reply if it is due and WorkMail has none, not even the text of one that is off;
    what is to be written down then. `before` was written down by the last pass: where WorkMail had
    a reply, it has been brought, or is its owner's. A refusal is a problem of it."""
    reply = found.reply
    if before.is_at_target:
        return replace(found, is_at_target=True)
    if reply is None or not is_due(reply, watch, now):
        return found
    try:
        there = target.find()
        if there.status is ReplyStatus.OFF and is_silent(there.inside + there.outside):
            target.put(reply)
    except ItemRejected as refused:
        return replace(found, problems=(*found.problems, f"{PROBLEM}:{refused.reason}"))
    return replace(found, is_at_target=True)
