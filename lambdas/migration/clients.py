"""What a user needs to know in order to set up mail programs. Pure: from the ledger's record, the
WorkMail user and the organization to the values that are true for that user, or to the reason why
the user gets none.

Server names are those of WorkMail's three Regions (AWS General Reference, Amazon WorkMail
endpoints); how each program signs in is from the WorkMail User Guide.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from migration.directory_model import DirectoryUser, Organization
from migration.model import MailboxRecord, MailboxStatus

IMAP_PORT = 993
SMTP_PORT = 465

_LONGEST_NAME = 80


class SignIn(StrEnum):
    """With what the user signs in. NEW_PASSWORD: this migration has given the user the password.
    TOKEN: the web by IAM Identity Center, and programs by a personal access token. EITHER: the
    organization allows both."""

    PASSWORD = "password"  # noqa: S105
    NEW_PASSWORD = "new_password"  # noqa: S105
    TOKEN = "token"  # noqa: S105
    EITHER = "either"


@dataclass(frozen=True, slots=True)
class Servers:
    """Where WorkMail answers for an organization."""

    region: str
    alias: str

    @property
    def web(self) -> str:
        """The address of the web app."""
        return f"https://{self.alias}.awsapps.com/mail"

    @property
    def ews(self) -> str:
        """The host of Exchange Web Services."""
        return f"ews.mail.{self.region}.awsapps.com"

    @property
    def ews_path(self) -> str:
        """The path of Exchange Web Services on its host."""
        return "/EWS/Exchange.asmx"

    @property
    def ews_url(self) -> str:
        """The address of Exchange Web Services."""
        return f"https://{self.ews}{self.ews_path}"

    @property
    def mobile(self) -> str:
        """The host of Exchange ActiveSync."""
        return f"mobile.mail.{self.region}.awsapps.com"

    @property
    def imap(self) -> str:
        """The host of IMAP, with TLS from the beginning."""
        return f"imap.mail.{self.region}.awsapps.com"

    @property
    def smtp(self) -> str:
        """The host of SMTP, with TLS from the beginning."""
        return f"smtp.mail.{self.region}.awsapps.com"


@dataclass(frozen=True, slots=True)
class Account:
    """A mailbox as its user sees it. `name` may be empty; `address` is the one that WorkMail has
    now. `web_user` is WorkMail's user name, without domain. `automatic`: autodiscover answers for
    the domain, or nobody has asked. `old_address` is that of the old mailbox, "" if it is none."""

    mailbox_id: str
    name: str
    address: str
    old_address: str
    web_user: str
    sign_in: SignIn
    servers: Servers
    automatic: bool = True

    @property
    def domain(self) -> str:
        """What follows the @ of the address."""
        return self.address.rpartition("@")[2]


@dataclass(frozen=True, slots=True)
class Autodiscover:
    """Whether programs find their settings by themselves: what the address of a domain answered.
    `code` is as AutodiscoverProbe gives it."""

    domain: str
    code: str

    @property
    def is_right(self) -> bool:
        """WorkMail's service asks for a login before it tells anything."""
        return self.code == "http-401"

    @property
    def sentence(self) -> str:
        """What the operator reads."""
        reasons = {
            "http-401": "autodiscover answers as WorkMail's does",
            "no-name": "autodiscover has no DNS record",
            "certificate": "autodiscover has no certificate for this name: phones cannot set "
            "themselves up until an HTTPS proxy with one stands before WorkMail's autodiscover",
            "timeout": "autodiscover does not answer",
            "unreachable": "autodiscover refuses connections",
        }
        return reasons.get(self.code, f"autodiscover answers {self.code}, and 401 would be right")


class LeftOut(StrEnum):
    """Why a user gets no client settings."""

    FAILED = "the mailbox failed"
    NO_USER = "WorkMail has no enabled user for it"
    HIDDEN = "the manifest hides it from the address list"
    RESOURCE = "it is a room or a piece of equipment"
    REMOTE = "it is a remote user, without a mailbox in WorkMail"


def choose_sign_in(mode: str, record: MailboxRecord) -> SignIn:
    """`mode` is the organization's authentication mode (see Directory.authentication_mode)."""
    if mode == "IDENTITY_PROVIDER_ONLY":
        return SignIn.TOKEN
    if mode:
        return SignIn.EITHER
    return SignIn.NEW_PASSWORD if record.password_in else SignIn.PASSWORD


def describe_account(
    record: MailboxRecord,
    users: Mapping[str, DirectoryUser],
    organization: Organization,
    region: str,
    mode: str,
    found: Mapping[str, Autodiscover],
) -> Account | LeftOut:
    """The settings of one user. `users` are WorkMail's enabled users by their ids and by their
    addresses in lower case: the ledger has no id of a user whom nobody had to provision. `found` is
    what was found of autodiscover, by domain in lower case."""
    mailbox, profile = record.mailbox, record.mailbox.profile
    if record.status is MailboxStatus.FAILED:
        return LeftOut.FAILED
    if mailbox.is_resource:
        return LeftOut.RESOURCE
    if profile.role == "REMOTE_USER":
        return LeftOut.REMOTE
    if profile.hidden:
        return LeftOut.HIDDEN
    user = users.get(record.user_id or record.at_present.target.lower())
    if user is None or not user.email:
        return LeftOut.NO_USER
    domain = user.email.rpartition("@")[2].lower()
    asked = found.get(domain)
    return Account(
        mailbox_id=mailbox.id,
        name=make_plain(mailbox.display_name),
        address=user.email,
        old_address=mailbox.source if "@" in mailbox.source else "",
        web_user=user.name.partition("@")[0],
        sign_in=choose_sign_in(mode, record),
        servers=Servers(region, organization.alias),
        automatic=asked is None or asked.is_right,
    )


def make_plain(name: str) -> str:
    """The name in one line of at most 80 characters, without those that are not seen: controls,
    and marks that turn the direction of the text."""
    seen = "".join(" " if char.isspace() else char for char in name)
    seen = "".join(char for char in seen if not unicodedata.category(char).startswith("C"))
    line = " ".join(seen.split())
    return line if len(line) <= _LONGEST_NAME else line[: _LONGEST_NAME - 1].rstrip() + "…"
