"""The scenario `new-passwords`: mail is written over IMAP, with passwords that the run makes up.

WorkMail's EWS loses dates. The operator gave a password for one of three users; the others get one
that nobody has thought of. At the end all three get another.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from localrun.letters import Letter
from localrun.scenario import Scenario, manifest_of
from localrun.world import World

DOMAIN = "acme.example"
LENA = f"lena@{DOMAIN}"
_USERS = {
    LENA: "lenas-old-password",
    f"mona@{DOMAIN}": "monas-old-password",
    f"nils@{DOMAIN}": "nils-old-password",
}
GIVEN = "Lenas-new-password-1"


def _seed(world: World) -> int:
    world.ews.faults.forgets_received = True
    return sum(world.deliver(address, _letters(address)) for address in _USERS)


def _letters(address: str) -> Iterator[Letter]:
    for day in range(1, 6):
        received = datetime(2023, 5, day, 7, 30, tzinfo=UTC)
        mime = (
            f"From: office@partner.example\r\nTo: {address}\r\nSubject: Day {day}\r\n"
            f"Message-ID: <{day}.{address}>\r\n\r\nGood morning, day {day}.\r\n"
        )
        yield Letter(("INBOX",), mime.encode(), ("\\Seen",), received)


NEW_PASSWORDS = Scenario(
    name="new-passwords",
    sentence="Written over IMAP with passwords that the run made up; at the end all are reset.",
    domain=DOMAIN,
    manifest=manifest_of(_USERS),
    secret={"mailboxes": dict(_USERS)},
    seed=_seed,
    users=_USERS,
    tenant={"cutover": {"approval": "auto"}, "passwords": {"reset_after_run": True}},
    input={"phases": ["provision", "copy", "report"]},
    target_secret={"mailboxes": {LENA: GIVEN}},
    written_over="IMAP",
)
