"""A tenant whose every personal detail is a word that stands nowhere else: what becomes of it can
be searched for."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any

from localrun.letters import Letter
from localrun.operator import answer_by_page
from localrun.scenario import Happening, Scenario
from localrun.world import World

DOMAIN = "acme.example"
MARKS: Mapping[str, tuple[str, ...]] = {
    "address": ("zq-anna-local", "zq-otto-local", "zq-pia-local", "zq-team-local", "zq-room-local"),
    "alias": ("zq-alias-local",),
    "name": ("Zqgiven-Änne", "Zqfamily-Nöth", "Zqteam-Tür", "Zqphone-4711"),
    "folder": ("Zqfolder-Übersicht",),
    "subject": ("Zqsubject-Grüße",),
    "body": ("Zqbody-Größe",),
    "header": ("Zqheader-Wörter", "zq-sender-local", "zq-message-id"),
    "attachment": ("Zqattachment-Pläne",),
    "password": ("Zq-old-password-1", "Zq-wrong-password-3", "Zq-given-Password-2"),
}
"""By kind. No word is part of another."""

ANNA, OTTO, PIA = (f"{name}@{DOMAIN}" for name in MARKS["address"][:3])
"""Pia's password is wrong: her mailbox fails."""
OLD, WRONG, GIVEN = MARKS["password"]
_USERS = {ANNA: OLD, OTTO: OLD, PIA: "another-word"}
_FOLDER = MARKS["folder"][0]
_GIVEN_NAME, _FAMILY_NAME, _TEAM, _PHONE = MARKS["name"]

_MANIFEST = {
    "users": [
        {
            "source": address,
            "display_name": f"{_GIVEN_NAME} {_FAMILY_NAME} {number}",
            "first_name": _GIVEN_NAME,
            "last_name": _FAMILY_NAME,
            "telephone": _PHONE,
            "aliases": [f"{MARKS['alias'][0]}-{number}@{DOMAIN}"],
        }
        for number, address in enumerate(_USERS)
    ],
    "groups": [
        {
            "address": f"{MARKS['address'][3]}@{DOMAIN}",
            "name": _TEAM,
            "members": [ANNA, OTTO],
            "aliases": [f"{MARKS['alias'][0]}-team@{DOMAIN}"],
        }
    ],
    "resources": [
        {
            "address": f"{MARKS['address'][4]}@{DOMAIN}",
            "name": "room-1",
            "type": "room",
            "delegates": [OTTO],
        }
    ],
    "permissions": [{"mailbox": ANNA, "grantee": OTTO, "permissions": ["full_access"]}],
}
MANIFEST_KEY, MANIFEST = "intake/acme.json", json.dumps(_MANIFEST).encode()
FAULTY_KEY = "intake/faulty.csv"
FAULTY = (
    "source,target,display_name,quota_mb\n"
    f"{ANNA},{MARKS['address'][0]} at nowhere,{_GIVEN_NAME},{_PHONE}\n"
    f"{ANNA},{ANNA},{_FAMILY_NAME},\n"
    f"{ANNA},{ANNA},{_FAMILY_NAME},\n"
).encode()


def _seed(world: World) -> int:
    world.ews.faults.reject_next("ErrorMimeContentInvalid")
    return sum(world.deliver(address, _letters(address), (_FOLDER,)) for address in (ANNA, OTTO))


def _letters(address: str) -> Iterator[Letter]:
    for place, folder in enumerate(("INBOX", _FOLDER)):
        for day in (1, 2):
            message = EmailMessage()
            message["From"] = f"{MARKS['header'][1]}@partner.example"
            message["To"] = address
            message["Subject"] = f"{MARKS['subject'][0]} {day}"
            message["X-Note"] = MARKS["header"][0]
            message["Message-ID"] = f"<{MARKS['header'][2]}.{place}.{day}.{address}>"
            message.set_content(f"{MARKS['body'][0]} {day}\n")
            name = f"{MARKS['attachment'][0]}.pdf"
            message.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename=name)
            received = datetime(2023, 5, day, 7, place, tzinfo=UTC)
            mime = message.as_bytes().replace(b"\n", b"\r\n")
            yield Letter((folder,), mime, ("\\Seen",), received)


def upload(client: Any, bucket: str) -> None:
    """Puts the manifest, and one with faults, where the tenant's administrator does."""
    for key, body in ((MANIFEST_KEY, MANIFEST), (FAULTY_KEY, FAULTY)):
        client.put_object(Bucket=bucket, Key=key, Body=body)


MARKED = Scenario(
    name="marked",
    sentence="A migration of people, each of whose details is a word to be searched for.",
    domain=DOMAIN,
    manifest=b"",
    secret={"mailboxes": {**_USERS, PIA: WRONG}},
    seed=_seed,
    users=_USERS,
    tenant={"delta": {"late_days": [20]}, "report": {"live": True}},
    input={"manifest": MANIFEST_KEY},
    target_secret={"mailboxes": {OTTO: GIVEN}},
    happenings=(
        Happening("ApproveCutover", 60, "the operator approves", lambda world: _approve(world)),
        Happening(
            "StartCutover", 3600, "the DNS now points to WorkMail", World.point_dns_to_workmail
        ),
    ),
    expected="exceptions",
)


def _approve(world: World) -> None:
    answer_by_page(world, "approve")
