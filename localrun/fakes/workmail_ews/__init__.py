"""WorkMail's Exchange Web Services, emulated for the laptop and for tests.

It answers what a migration asks, as WorkMail documents it and Exchange 2010 SP2 does it: a bearer
token and an impersonated mailbox with every request, or a password and others' mailboxes
(admission.py), ten operations, refusals per item, and the traps (drafts without message flags,
FindItem that cuts strings after 255 characters and pages after 1,000 entries, case-insensitive
filters, case-insensitive folder names, receipts for messages that ask for one and become read or
are deleted unread).

It is kinder than the real thing in one point: MIME comes back byte for byte. Exchange keeps
properties and rebuilds MIME from them, so nobody may rely on that in production. It does not
expand recurring appointments, read iCalendar, list attachments, or send anything.

    server = EwsServer(check_token, mailbox_exists, time.time)
    server.faults.busy(times=1, back_off_ms=500)
    server.folders("bob@example.test")[("Inbox",)]
"""

from localrun.fakes.workmail_ews.faults import Faults
from localrun.fakes.workmail_ews.properties import Property
from localrun.fakes.workmail_ews.server import EwsServer, StoredMessage

__all__ = ["EwsServer", "Faults", "Property", "StoredMessage"]
