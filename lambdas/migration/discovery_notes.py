"""What the administrator is told about a directory that was looked at. Pure.

A note is a sentence without addresses, and those whom it is about: the sentence may be shown and
counted anywhere, the list stands in the administrator's file alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from migration.discovery_model import Observation

NO_ADDRESS = (
    "None of their addresses is in the tenant's domains, so they are not in the manifest: add the "
    "domain to `domains` in the tenant file, or give them an address at the source"
)
REFUSED_ADDRESS = (
    "WorkMail takes none of their addresses, so they are not in the manifest: give them, at the "
    "source or in the manifest, an address of letters, digits and . _ % + -"
)
TAKEN_ADDRESS = (
    "Their only address belongs to somebody else as well, so they are not in the manifest: give "
    "them another one"
)
OTHER_TARGET = (
    "Their primary address is not in the tenant's domains, or WorkMail refuses it, or it belongs "
    "to somebody else as well: one of their aliases is the address in WorkMail"
)
FOREIGN_ALIAS = (
    "Aliases in domains that are not the tenant's, such as onmicrosoft.com, are left out: mail to "
    "these addresses does not reach WorkMail"
)
REFUSED_ALIAS = "Aliases with characters that WorkMail refuses are left out"
TAKEN_ALIAS = "Aliases that are addresses of somebody else as well are left out there"
TOO_MANY_ALIASES = "WorkMail gives nobody more than 100 aliases: the rest is left out"
NO_SOURCE = (
    "The name that would open them at the source is missing, comes twice, or has control "
    "characters, so they are not in the manifest"
)
OTHER_USERNAME = (
    "Others have the same name before the @, so their user name in WorkMail is another one: look "
    "whether you like it"
)
OTHER_GROUP_NAME = (
    "WorkMail does not take the name of these groups, or something else has it already: they are "
    "called by their address"
)
OTHER_RESOURCE_NAME = "Something else has the same name as these resources: a number stands behind"
CUT = "Texts that are longer than WorkMail has room for are cut"
SHARED = (
    "Shared mailboxes become users of WorkMail. Who may open them is not in the directory: write "
    "it into permissions.csv, or they are nobody's"
)
DISABLED = (
    "Nobody can sign in to these people's accounts: take those out of users.csv who have left and "
    "whose mail nobody needs"
)
UNLICENSED = (
    "These people's mailboxes seem to have no licence: they may be shared ones in truth, or about "
    "to be removed"
)
ARCHIVED = (
    "They have an archive mailbox as well. Graph does not read archives, so what is in them is "
    "not copied: let their users move back what they need, or export it"
)
LARGE = (
    "They hold more than 50 GB, which is what WorkMail has room for: leave some of it out (`copy` "
    "in the tenant file), or let their users clear up"
)
UNIFIED = (
    "Microsoft 365 groups become groups of WorkMail that pass mail on to their members. Their own "
    "conversations, calendars, files and teams are not copied"
)
DYNAMIC = (
    "A rule chooses the members of these groups at the source. In WorkMail they have today's "
    "members, and nobody changes them by themselves"
)
SECURITY = (
    "These groups give rights as well as mail at the source; in WorkMail they give mail alone"
)
OUTSIDE = (
    "Members outside the organization are left out, because WorkMail knows nobody there: give them "
    "a mailbox that forwards, if they must go on getting the groups' mail"
)
LOST_MEMBERS = "Members who are not in the manifest are left out of these groups"
RESOURCE_MEMBERS = "Rooms and equipment are left out of groups, which hold users and groups only"
UNADDRESSED = "These groups have members without any address, such as devices: they are left out"
CIRCLE = "Groups that contain each other in a circle: the member that closes it is left out"
EMPTY = "These groups have no members in the manifest: their mail would be refused"


class Notes:
    """Collects notes; those with the same sentence become one, in the order of their first."""

    def __init__(self) -> None:
        self._subjects: dict[str, list[str]] = {}

    def add(self, text: str, *subjects: str) -> None:
        self._subjects.setdefault(text, []).extend(subjects)

    def all(self) -> tuple[Observation, ...]:
        return tuple(Observation(text, tuple(who)) for text, who in self._subjects.items())


def write_notes(head: Sequence[str], notes: Iterable[Observation]) -> bytes:
    """A plain text in UTF-8: the lines of its head, and each note with those whom it is about."""
    lines = list(head)
    for note in notes:
        count = f" ({len(note.subjects)})" if note.subjects else ""
        lines += ["", f"* {note.text}{count}", *(f"    {one}" for one in note.subjects)]
    return ("\n".join(lines) + "\n").encode("utf-8", "replace")
