"""What the administrator is told of a Microsoft 365 directory beside what moves. Pure."""

from __future__ import annotations

from migration.discovery_model import Observation

NO_MAILBOX = "Accounts with a mail address that have no mailbox in Exchange Online are left out"
GUESTS = "Guests are left out: their mailboxes are elsewhere"
SERVICE = (
    "The service keeps these mailboxes for itself, such as those of searches: look whether you "
    "need them"
)
DENIED = (
    "The application may not open these mailboxes, so they are left out: if they are to be moved, "
    "add them to its management scope in Exchange Online"
)
UNREAD = "Graph did not tell what these mailboxes are for, so they are left out: try again later"
HIDDEN_MEMBERS = (
    "These groups hide their members: without the permission Member.Read.Hidden they seem empty"
)
CONTACTS = (
    "Mail contacts are people outside the organization, whom WorkMail's address list cannot have: "
    "users can keep them in their own address books"
)
NO_CONTACTS = (
    "The list of mail contacts was not read: grant the application OrgContact.Read.All to see it"
)
NO_PLACES = (
    "What rooms hold and where they are was not read: Graph has it in the global cloud alone, and "
    "the application needs Place.Read.All"
)
NO_REPORT = (
    "The report of the mailboxes' sizes and archives was not read: Graph has it in the global "
    "cloud alone, and the application needs Reports.Read.All. Archives are not told here"
)
CONCEALED = (
    "The organization's reports conceal names, so that sizes and archives of mailboxes cannot be "
    "told: switch that off in the Microsoft 365 admin center (Settings, Org settings, Reports) and "
    "do this again"
)
NO_FOLDERS = "The folders of these mailboxes could not be counted"
NOT_IN_GRAPH = (
    "Graph shows none of these, so look for them in the Exchange admin center: dynamic "
    "distribution lists, public folders, mail flow rules, forwarding of whole mailboxes, who may "
    "open or send as whose mailbox, who may send to a group, how rooms answer requests, and rooms "
    "and people hidden from address lists"
)


def other_addresses(number: int) -> Observation:
    """Addresses that are none of mail."""
    return Observation(
        f"{number} addresses of other kinds than mail (X500, SIP) are left out: answers to very "
        "old messages within the organization may be returned"
    )


def without_address(number: int) -> Observation:
    return Observation(f"{number} accounts without any mail address are left out")
