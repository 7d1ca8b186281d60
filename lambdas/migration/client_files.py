"""The files of client settings in the tenant's bucket. Addresses stand in them, as in the report.

clients/index.html  clients/users.csv                  for the operator
clients/<mailbox>/index.html  mail.html  mail.txt      a user's page and mail
clients/<mailbox>/iphone.mobileconfig  mac.mobileconfig
clients/autoconfig/<domain>/mail/config-v1.1.xml       for Thunderbird, to be served somewhere
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from migration.client_guides import IPHONE_FILE, MAC_FILE
from migration.client_profiles import (
    PROFILE_TYPE,
    make_autoconfig,
    make_iphone_profile,
    make_mac_profile,
)
from migration.client_templates import TEMPLATES, Rendered
from migration.clients import Account, LeftOut, Servers, make_plain
from migration.letters import Attachment
from migration.model import GuideRecord, GuideState, MailboxRecord
from migration.ports import BlobStore
from migration.spreadsheet import CONTENT_TYPE, Cell, write_sheet

FOLDER = "clients/"
_HTML = "text/html; charset=utf-8"
_HEADER = ("mailbox", "name", "address", "old address", "page", "mail", "remark")
_MAIL_WORDS = {
    GuideState.WRITTEN: "not sent",
    GuideState.SENDING: "may have been sent",
    GuideState.SENT: "sent",
    GuideState.REFUSED: "refused",
}


@dataclass(frozen=True, slots=True)
class UserFiles:
    """What is written for one user, and goes with the mail."""

    rendered: Rendered
    profiles: tuple[Attachment, ...]


@dataclass(frozen=True, slots=True)
class UserLine:
    """A user in the operator's list. `page` is "" for those who get no client settings; the remark
    says why then."""

    mailbox_id: str
    name: str
    address: str
    old_address: str
    page: str
    mail: str
    remark: str


def make_profiles(tenant: str, account: Account) -> tuple[Attachment, ...]:
    """The configuration profiles of a user."""
    return (
        Attachment(IPHONE_FILE, PROFILE_TYPE, make_iphone_profile(tenant, account)),
        Attachment(MAC_FILE, PROFILE_TYPE, make_mac_profile(tenant, account)),
    )


def write_user(blobs: BlobStore, mailbox_id: str, files: UserFiles) -> None:
    """All files of a user, over what was there."""
    folder = f"{FOLDER}{mailbox_id}"
    blobs.put(f"{folder}/index.html", files.rendered.page.encode(), _HTML)
    blobs.put(f"{folder}/mail.html", files.rendered.mail_html.encode(), _HTML)
    text = files.rendered.mail_text.encode()
    blobs.put(f"{folder}/mail.txt", text, "text/plain; charset=utf-8")
    for profile in files.profiles:
        blobs.put(f"{folder}/{profile.name}", profile.body, profile.media_type)


def write_autoconfig(blobs: BlobStore, domain: str, servers: Servers) -> None:
    """Thunderbird's file for a domain."""
    key = f"{FOLDER}autoconfig/{domain}/mail/config-v1.1.xml"
    blobs.put(key, make_autoconfig(domain, servers), "text/xml; charset=utf-8")


def describe_user(
    record: MailboxRecord, account: Account | LeftOut, guide: GuideRecord | None
) -> UserLine:
    """The line of a user."""
    mailbox = record.mailbox
    if isinstance(account, LeftOut):
        name, page, mail, remark = make_plain(mailbox.display_name), "", "", str(account)
        return UserLine(mailbox.id, name, mailbox.target, mailbox.source, page, mail, remark)
    mail = _MAIL_WORDS[guide.state] if guide else "not sent"
    remark = guide.reason if guide else ""
    was_made = not (mail == "refused" and remark.startswith(TEMPLATES))
    page = f"{mailbox.id}/index.html" if was_made else ""
    return UserLine(mailbox.id, account.name, account.address, mailbox.source, page, mail, remark)


def write_lists(blobs: BlobStore, tenant: str, lines: Sequence[UserLine]) -> None:
    """The operator's page and table of all users."""
    blobs.put(f"{FOLDER}users.csv", write_sheet(_HEADER, map(_row, lines)), CONTENT_TYPE)
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "client_texts"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page = environment.get_template("index.html.j2").render(tenant=tenant, lines=lines)
    blobs.put(f"{FOLDER}index.html", page.encode("utf-8", "xmlcharrefreplace"), _HTML)


def _row(line: UserLine) -> Sequence[Cell]:
    page = FOLDER + line.page if line.page else ""
    about = (line.mailbox_id, line.name, line.address, line.old_address)
    return (*about, page, line.mail, line.remark)
