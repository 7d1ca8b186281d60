"""Scenarios in which something is wrong from the start: the run must say so and lose nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from localrun.letters import Letter
from localrun.scenario import Scenario
from localrun.world import World

DOMAIN = "acme.example"
_USERS = {f"dora@{DOMAIN}": "dora-old-password", f"emil@{DOMAIN}": "emil-old-password"}
_WRONG = "not-emils-password"


def _seed(world: World) -> int:
    return sum(world.deliver(address, _letters(address)) for address in _USERS)


def _letters(address: str) -> Iterator[Letter]:
    for day in range(4):
        received = datetime(2024, 2, 28 + day % 2, 8, day, tzinfo=UTC)
        mime = (
            f"From: x@partner.example\r\nTo: {address}\r\nSubject: day {day}\r\n"
            f"Message-ID: <{day}.{address}>\r\n\r\nHello, day {day}.\r\n"
        )
        yield Letter(("INBOX",), mime.encode(), ("\\Seen",), received)


_GOOD_MANIFEST = (
    "source,target,display_name\n"
    + "".join(f"{address},{address},{address.split('@')[0].title()}\n" for address in _USERS)
).encode()

WRONG_PASSWORD = Scenario(
    name="wrong-password",
    sentence="One of two source passwords is wrong: that mailbox fails, the other is migrated.",
    domain=DOMAIN,
    manifest=_GOOD_MANIFEST,
    secret={"mailboxes": {**_USERS, f"emil@{DOMAIN}": _WRONG}},
    seed=_seed,
    users=_USERS,
    input={"phases": ["provision", "copy", "report"]},
    expected="exceptions",
)


def _seed_and_lose_dates(world: World) -> int:
    world.ews.faults.forgets_received = True
    return _seed(world)


NO_WAY_IN = Scenario(
    name="no-way-in",
    sentence="EWS loses dates, and nobody knows a password for IMAP: both is said, nothing copied.",
    domain=DOMAIN,
    manifest=_GOOD_MANIFEST,
    secret={"mailboxes": dict(_USERS)},
    seed=_seed_and_lose_dates,
    users=_USERS,
    tenant={"passwords": {"new_users": "none"}},
    expected="failed",
    alarms=("RunFailed",),
    cause=(
        "EWS is not used: it changes the date at which a message was received",
        "IMAP is not used: the target's secret has no password",
        "target.kind",
    ),
)

BAD_MANIFEST = Scenario(
    name="bad-manifest",
    sentence="A manifest with ten faults: all ten are answered, and nothing is changed.",
    domain=DOMAIN,
    manifest="\n".join(
        (
            "source,target,username,display_name,aliases",
            f"dora@{DOMAIN},dora@{DOMAIN},dora,Dora,",
            f"emil@{DOMAIN},o'emil@{DOMAIN},emil,Emil,",
            f"fay@{DOMAIN},fay@elsewhere.example,fay,Fay,",
            f"gus@{DOMAIN},gus@{DOMAIN},gus,,",
            f"hal@{DOMAIN},hal@{DOMAIN},hal+1,Hal,",
            f"ida@{DOMAIN},ida@{DOMAIN},ida,Ida,not-an-address",
            f"jon@{DOMAIN},DORA@{DOMAIN},jon,Jon,",
            f"kim@{DOMAIN},kim@{DOMAIN},dora,Kim,",
            f",lea@{DOMAIN},lea,Lea",
            f"max@{DOMAIN},max@{DOMAIN},max,{'M' * 300},",
            f"nia@{DOMAIN},nia@{DOMAIN},nia,Nia,dora@{DOMAIN}",
        )
    ).encode(),
    secret={"mailboxes": dict(_USERS)},
    seed=_seed,
    users=_USERS,
    expected="failed",
    alarms=("RunFailed",),
    cause=tuple(f"line {line}" for line in range(3, 13)),
)
