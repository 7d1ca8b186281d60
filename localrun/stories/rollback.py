"""The tenant of the scenario `rollback`: some of its users and groups are in WorkMail before, in
every state that a migration may find them in."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from localrun.letters import Letter
from localrun.scenario import Scenario
from localrun.world import World

DOMAIN = "acme.example"
NEW, KEPT, DISABLED, ENABLED, STRANGER = (
    f"{name}@{DOMAIN}" for name in ("nina", "kurt", "dora", "emil", "sven")
)
"""Two are created, one of them gets mail later; one is there and disabled; one is there with a
mailbox; the last one is no part of the migration."""

TEAM, CLUB, ROOM = "Team", "Club", "room-1"
"""A group and a room that are created, and a group that is there."""

MIGRATED = (NEW, KEPT, DISABLED, ENABLED)
_USERS = {address: f"old-{address}" for address in MIGRATED}
_FOLDERS = ("INBOX", "Sent", "Trips/2019")
MESSAGES = 4


def name_of(address: str) -> str:
    """The user's name in WorkMail."""
    return address.split("@", 1)[0]


def _seed(world: World) -> int:
    _prepare_workmail(world)
    return sum(
        world.deliver(address, _letters(address), ["Sent", "Trips", "Trips/2019"])
        for address in MIGRATED
    )


def _prepare_workmail(world: World) -> None:
    """What a manifest says of these users is as it is: names and quotas are not taken back."""
    workmail, organization = world.workmail, world.organization_id
    ids: dict[str, Any] = {}
    with workmail.without_lags():
        for address in (DISABLED, ENABLED, STRANGER):
            name = name_of(address)
            ids[name] = workmail.create_user(
                organization_id=organization, name=name, display_name=name.title()
            )["UserId"]
        for address in (ENABLED, STRANGER):
            workmail.register_to_work_mail(
                organization_id=organization, entity_id=ids[name_of(address)], email=address
            )
        workmail.create_alias(
            organization_id=organization, entity_id=ids["emil"], alias=f"old.emil@{DOMAIN}"
        )
        ids[CLUB] = workmail.create_group(organization_id=organization, name=CLUB)["GroupId"]
        workmail.register_to_work_mail(
            organization_id=organization, entity_id=ids[CLUB], email=f"club@{DOMAIN}"
        )
        workmail.associate_member_to_group(
            organization_id=organization, group_id=ids[CLUB], member_id=ids["sven"]
        )
        workmail.put_mailbox_permissions(
            organization_id=organization,
            entity_id=ids["emil"],
            grantee_id=ids["sven"],
            permission_values=["SEND_AS"],
        )


def _letters(address: str) -> Iterator[Letter]:
    for folder in _FOLDERS:
        for number in range(MESSAGES):
            received = datetime(2023, 5, 1 + number, 8, tzinfo=UTC)
            mime = (
                f"From: x@partner.example\r\nTo: {address}\r\nSubject: {number}\r\n"
                f"Message-ID: <{number}.{folder}.{address}>\r\n\r\nHello.\r\n"
            )
            yield Letter(tuple(folder.split("/")), mime.encode(), ("\\Seen",), received)


NEW_MAIL = (
    f"From: y@partner.example\r\nTo: {KEPT}\r\nSubject: Welcome\r\n"
    f"Message-ID: <welcome.{KEPT}>\r\n\r\nTo your new mailbox.\r\n"
).encode()

_MANIFEST = {
    "users": [
        {
            "source": address,
            "display_name": name_of(address).title(),
            "aliases": [f"info.{address}"],
        }
        for address in MIGRATED
    ],
    "groups": [
        {
            "address": f"team@{DOMAIN}",
            "name": TEAM,
            "members": [NEW, KEPT, ENABLED],
            "aliases": [f"all@{DOMAIN}"],
        },
        {"address": f"club@{DOMAIN}", "name": CLUB, "members": [NEW, KEPT, STRANGER]},
    ],
    "resources": [
        {
            "address": f"room@{DOMAIN}",
            "name": ROOM,
            "type": "room",
            "auto_accept": False,
            "delegates": [ENABLED],
        }
    ],
    "permissions": [
        {"mailbox": ENABLED, "grantee": STRANGER, "permissions": ["full_access"]},
        {"mailbox": ENABLED, "grantee": KEPT, "permissions": ["send_as"]},
        {"mailbox": ENABLED, "grantee": NEW, "permissions": ["full_access", "send_as"]},
    ],
}
MANIFEST_KEY, MANIFEST = "intake/acme.json", json.dumps(_MANIFEST).encode()

ROLLBACK = Scenario(
    name="rollback",
    sentence="A migration is taken back: approved, rejected, and killed twice on the way.",
    domain=DOMAIN,
    manifest=b"",
    secret={"mailboxes": _USERS},
    seed=_seed,
    users=_USERS,
    tenant={"limits": {"users": 1}},
    input={"phases": ["provision", "copy", "report"], "manifest": MANIFEST_KEY},
)
