"""Scenarios about the DNS: `slow-dns`, `mx-flaps-back`, `gateway-mx`.

In all of them people go on writing to the old server until the last moment, and whatever arrives
there must be in WorkMail at the end.
"""

from __future__ import annotations

from datetime import UTC, datetime

from localrun.fakes.dns import Records
from localrun.scenario import Happening, Scenario
from localrun.stories.sample_mail import DOMAIN, Person, late_letter, letters
from localrun.world import OLD_MX, World

MINUTE, HOUR = 60, 3600
GATEWAYS = ("mx1.gateway.example", "mx2.gateway.example")

PEOPLE = (
    Person(f"ines@{DOMAIN}", "Ines Prado", {("INBOX",): 6, ("Sent",): 3, ("Archive", "2020"): 4}),
    Person(f"jonas@{DOMAIN}", "Jonas Frey", {("INBOX",): 5, ("Trash",): 2, ("Receipts",): 3}),
)
SEEDED = sum(sum(person.folders.values()) for person in PEOPLE)


def _manifest() -> bytes:
    lines = [f"{one.address},{one.address},{one.name}" for one in PEOPLE]
    return "\n".join(("source,target,display_name", *lines, "")).encode()


def _seed(world: World) -> int:
    return sum(
        world.deliver(
            person.address,
            letters(person),
            ["/".join(folder) for folder in person.folders if folder != ("INBOX",)],
        )
        for person in PEOPLE
    )


def _mail(number: int, after: str, seconds: float) -> Happening:
    """A message for each of them; no two of a scenario have the same number."""

    def act(world: World) -> None:
        now = datetime.fromtimestamp(world.clock.now(), UTC).replace(microsecond=0)
        for place, person in enumerate(PEOPLE, number * len(PEOPLE)):
            world.deliver(person.address, [late_letter(person, place, now)])

    return Happening(after, seconds, f"mail arrives at the old server ({number})", act)


def _story(name: str, sentence: str, *happenings: Happening, **tenant: object) -> Scenario:
    passwords = {person.address: f"old-password-{place}" for place, person in enumerate(PEOPLE)}
    return Scenario(
        name=name,
        sentence=sentence,
        domain=DOMAIN,
        manifest=_manifest(),
        secret={"mailboxes": passwords},
        seed=_seed,
        users=passwords,
        tenant={"cutover": {"approval": "auto"}, **tenant},
        happenings=happenings,
    )


# ---- slow-dns --------------------------------------------------------------------------------


def _change_reaches_one_server(world: World) -> None:
    """The other, a secondary, has lost its way to the first."""
    world.dns.hold_back(1)
    world.point_dns_to_workmail()


def _resolver_keeps_the_old(world: World) -> None:
    """Of an earlier day, when the TTL was a whole one."""
    world.dns.resolvers[1].keep(Records(DOMAIN, "MX", [OLD_MX], 20 * HOUR))


def _secondary_catches_up(world: World) -> None:
    world.dns.catch_up(1)


def _third_resolver_dies(world: World) -> None:
    world.dns.resolvers[2].set_failing(True)


SLOW_DNS = _story(
    "slow-dns",
    "Three days until the DNS is right: one of its own servers is not, then a cache is stale.",
    _mail(0, "StartCutover", 2 * HOUR),
    Happening("StartCutover", 20 * HOUR, "a resolver dies", _third_resolver_dies),
    Happening(
        "StartCutover",
        24 * HOUR,
        "WorkMail's records reach one of the domain's servers",
        _change_reaches_one_server,
    ),
    _mail(1, "StartCutover", 30 * HOUR),
    Happening("StartCutover", 50 * HOUR, "a resolver has an old answer", _resolver_keeps_the_old),
    Happening("StartCutover", 51 * HOUR, "the other server catches up", _secondary_catches_up),
    _mail(2, "StartCutover", 60 * HOUR),
    _mail(3, "DeltaPass", 2 * HOUR),
)

# ---- mx-flaps-back ---------------------------------------------------------------------------

MX_FLAPS_BACK = _story(
    "mx-flaps-back",
    "After the cut-over somebody puts the old MX back, for seven hours.",
    _mail(0, "StartCutover", HOUR),
    Happening("StartCutover", 2 * HOUR, "the DNS points to WorkMail", World.point_dns_to_workmail),
    Happening(
        "DeltaPass",
        HOUR,
        "somebody puts the old MX back",
        lambda world: world.set_mx(OLD_MX),
    ),
    _mail(1, "DeltaPass", 90 * MINUTE),
    _mail(2, "DeltaPass", 7 * HOUR),
    Happening(
        "DeltaPass", 8 * HOUR, "the DNS points to WorkMail for good", World.point_dns_to_workmail
    ),
    _mail(3, "DeltaPass", 9 * HOUR),
    delta={"interval_minutes": 120, "passes": 10},
)

# ---- gateway-mx ------------------------------------------------------------------------------


def _point_to_the_gateway(world: World) -> None:
    world.point_dns_to_workmail()
    world.set_mx(*(f"{place}0 {host}." for place, host in enumerate(GATEWAYS, 1)))


GATEWAY_MX = _story(
    "gateway-mx",
    "Mail comes through a gateway, which stands in the MX and sends it on to WorkMail.",
    _mail(0, "StartCutover", HOUR),
    Happening(
        "StartCutover",
        2 * HOUR,
        "the MX names one of the gateway's hosts beside the old one",
        lambda world: world.set_mx(f"10 {GATEWAYS[0]}.", OLD_MX.replace("10 ", "20 ")),
    ),
    _mail(1, "StartCutover", 3 * HOUR),
    Happening("StartCutover", 4 * HOUR, "the MX names the gateway alone", _point_to_the_gateway),
    _mail(2, "DeltaPass", 2 * HOUR),
    dns={"gateways": list(GATEWAYS), "require": "mx+autodiscover"},
    delta={"interval_minutes": 180},
)
