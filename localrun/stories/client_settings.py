"""The scenario `client-settings`: after the cut-over every user is mailed how to set up mail
programs, in German and Japanese; the mails go to the old addresses.

One of four users is hidden from the address list and gets nothing.
"""

from __future__ import annotations

from datetime import UTC, datetime

from localrun.letters import Letter
from localrun.scenario import Happening, Scenario
from localrun.world import World

DOMAIN = "acme.example"
SENDER = f"it@{DOMAIN}"
NAMES = ("lena", "mona", "nils", "robot")
_USERS = {f"{name}@{DOMAIN}": f"{name}s-old-password" for name in NAMES}


def _seed(world: World) -> int:
    return sum(world.deliver(address, [_letter(address)]) for address in _USERS)


def _letter(address: str) -> Letter:
    received = datetime(2023, 5, 2, 7, 30, tzinfo=UTC)
    mime = (
        f"From: office@partner.example\r\nTo: {address}\r\nSubject: Hello\r\n"
        f"Message-ID: <1.{address}>\r\n\r\nGood morning.\r\n"
    )
    return Letter(("INBOX",), mime.encode(), ("\\Seen",), received)


CLIENT_SETTINGS = Scenario(
    name="client-settings",
    sentence="After the cut-over users are mailed how to set up their mail programs.",
    domain=DOMAIN,
    manifest=(
        "source,target,display_name,hidden\n"
        + "".join(
            f"{each},{each},{each.split('@')[0].title()},{'yes' if 'robot' in each else 'no'}\n"
            for each in _USERS
        )
    ).encode(),
    secret={"mailboxes": dict(_USERS)},
    seed=_seed,
    users=_USERS,
    happenings=(
        Happening(
            "StartCutover", 3600, "the DNS now points to WorkMail", World.point_dns_to_workmail
        ),
    ),
    tenant={
        "cutover": {"approval": "auto"},
        "clients": {"send": "old", "sender": SENDER, "languages": ["de", "ja"]},
    },
)
