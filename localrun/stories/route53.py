"""The tenant of the scenario `route53`: its domain is in a hosted zone of the account, with the old
mail server's records and others of the owner."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from localrun.letters import Letter
from localrun.scenario import Happening, Scenario, manifest_of
from localrun.world import World
from migration.zone_model import RecordSet

DOMAIN = "acme.example"
_USERS = {f"{name}@{DOMAIN}": f"old-{name}" for name in ("rosa", "saul")}
LOWERED = 300

OLD_SETS = (
    RecordSet(DOMAIN, "MX", 3600, ("10 mail.old-host.example.", "20 mail2.old-host.example.")),
    RecordSet(
        DOMAIN,
        "TXT",
        900,
        ('"site-verification=1"', '"v=spf1 mx a:web.acme.example -all"', '"caf\\303\\251"'),
    ),
    RecordSet(f"_dmarc.{DOMAIN}", "TXT", 3600, ('"v=DMARC1; p=none"',)),
    RecordSet(f"autodiscover.{DOMAIN}", "CNAME", 7200, ("autodiscover.old-host.example.",)),
    RecordSet(f"www.{DOMAIN}", "A", 60, ("192.0.2.80",)),
)
"""What the hosted zone holds before, in the order of names and types."""


def _letter(address: str, number: int, received: datetime) -> Letter:
    mime = (
        f"From: x@partner.example\r\nTo: {address}\r\nSubject: {number}\r\n"
        f"Message-ID: <{number}.{address}>\r\n\r\nHello.\r\n"
    )
    return Letter(("INBOX",), mime.encode(), ("\\Seen",), received)


def _seed(world: World) -> int:
    received = datetime(2024, 3, 1, 8, tzinfo=UTC)
    return sum(
        world.deliver(address, [_letter(address, number, received) for number in range(4)])
        for address in _USERS
    )


def _deliver_late(world: World) -> None:
    now = datetime.fromtimestamp(world.clock.now(), UTC).replace(microsecond=0)
    for address in _USERS:
        world.deliver(address, [_letter(address, 100, now)])


def story(look: Callable[[World], None]) -> Scenario:
    """`look` is called when the copy begins, before anything is published."""
    return Scenario(
        name="route53",
        sentence="The run publishes the records itself, MX last; rollback-dns brings the old back.",
        domain=DOMAIN,
        manifest=manifest_of(_USERS),
        secret={"mailboxes": dict(_USERS)},
        seed=_seed,
        users=_USERS,
        tenant={
            "dns": {"publish": "route53", "lower_ttl": LOWERED, "mail_from": "bounce"},
            "cutover": {"approval": "auto"},
            "delta": {"interval_minutes": 60},
        },
        happenings=(
            Happening("EnableAdministrator", 0, "somebody looks at the DNS", look),
            Happening("DeltaPass", 60, "late mail arrives at the old server", _deliver_late),
        ),
    )
