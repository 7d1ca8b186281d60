"""The report of what mailboxes hold: https://learn.microsoft.com/graph/api/
reportroot-getmailboxusagedetail. The answer is 302, and its Location, elsewhere, needs no token."""

from __future__ import annotations

import csv
import hashlib
import io
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from localrun.fakes.graph.answers import Answer, GraphError
from localrun.fakes.graph.mailbox import Mailbox
from localrun.fakes.graph.routing import Call, Route
from localrun.fakes.graph.tenant import Tenant, User

_GIBIBYTE = 1024**3
_PERIODS = ("D7", "D30", "D90", "D180")
_DELAY = timedelta(days=2)
"""How old a report is."""
_COLUMNS = (
    "Report Refresh Date,User Principal Name,Display Name,Is Deleted,Deleted Date,Created Date,"
    "Last Activity Date,Item Count,Storage Used (Byte),Issue Warning Quota (Byte),"
    "Prohibit Send Quota (Byte),Prohibit Send/Receive Quota (Byte),Deleted Item Count,"
    "Deleted Item Size (Byte),Deleted Item Quota (Byte),Has Archive,Report Period"
)


@dataclass(frozen=True, slots=True)
class _Report:
    """What a link stands for."""

    period: str


def mailbox_usage(call: Call) -> Answer:
    if call.at["period"] not in _PERIODS:
        raise GraphError(400, "BadRequest", f"Invalid period value '{call.at['period']}'.")
    token = call.tenant.tokens.issue(_Report(call.at["period"]))
    place = f"{call.tenant.reports_url()}/data/download/{token}"
    return Answer(None, 302, {"Location": place})


def download(tenant: Tenant, token: str) -> Answer:
    """CSV with a byte order mark, or 404 for a link that is none."""
    report = tenant.tokens.find(token, _Report)
    if report is None:
        return Answer(None, 404)
    text = io.StringIO(newline="")
    rows = csv.writer(text)
    rows.writerow(_COLUMNS.split(","))
    day = (datetime.fromtimestamp(tenant.now(), UTC) - _DELAY).date().isoformat()
    with tenant.lock:
        users = list(tenant.users.values())
    for user in users:
        if user.mailbox is not None:
            rows.writerow(_row(tenant, user, user.mailbox, day, report.period[1:]))
    headers = {"Content-Type": "application/octet-stream"}
    return Answer(text.getvalue().encode("utf-8-sig"), headers=headers)


def _row(tenant: Tenant, user: User, box: Mailbox, day: str, period: str) -> list[object]:
    names = [user.upn, user.name]
    if tenant.concealed:
        names = [hashlib.sha256(name.encode()).hexdigest()[:32].upper() for name in names]
    with box.lock:
        messages = [one for folder in box.root.below() for one in folder.messages.values()]
    size = sum(len(message.mime) for message in messages)
    quotas = [98 * _GIBIBYTE, 99 * _GIBIBYTE, 100 * _GIBIBYTE]
    return [
        *(day, *names, False, "", "2024-01-10", day, len(messages), size),
        *(*quotas, 0, 0, 30 * _GIBIBYTE, user.archive, period),
    ]


ROUTES = (
    Route("/reports/getMailboxUsageDetail(period='{period}')", mailbox_usage, "Reports.Read.All"),
)
