"""WorkMail's Exchange Web Services, emulated for the laptop and for tests.

It answers what a migration asks, as WorkMail documents it and Exchange 2010 SP2 does it: a bearer
token and an impersonated mailbox with every request, or a password and others' mailboxes
(admission.py), thirteen operations, refusals per item, and the traps (drafts without message flags,
FindItem that cuts strings after 255 characters and pages after 1,000 entries, case-insensitive
filters, case-insensitive folder names, receipts for messages that ask for one and become read or
are deleted unread).

Calendar items, contacts, lists, tasks and notes are made of elements, checked by the schema
(groupware_*.py). Series are expanded by code of its own (recurrences.py, occurrences.py) and shown
by CalendarView; what a call would have sent to anybody is kept (`sent`).

It is kinder than the real thing in one point: MIME comes back byte for byte, and so do the texts of
other items. Exchange keeps properties and rebuilds MIME from them, so nobody may rely on that in
production. It does not read iCalendar, list the attachments of messages, or send anything.

    server = EwsServer(check_token, mailbox_exists, time.time)
    server.faults.busy(times=1, back_off_ms=500)
    server.folders("bob@example.test")[("Inbox",)]
    server.groupware("bob@example.test")[("Calendar",)]
    assert server.sent == []
"""

from localrun.fakes.workmail_ews.contents import StoredGroupware, StoredMessage
from localrun.fakes.workmail_ews.faults import Faults
from localrun.fakes.workmail_ews.properties import Property
from localrun.fakes.workmail_ews.server import EwsServer
from localrun.fakes.workmail_ews.store import Sent

__all__ = ["EwsServer", "Faults", "Property", "Sent", "StoredGroupware", "StoredMessage"]
