"""The scenario `sample`: what `make demo` shows."""

from __future__ import annotations

from datetime import UTC, datetime

from localrun.operator import answer_by_page
from localrun.scenario import Happening, Scenario
from localrun.stories.sample_mail import DOMAIN, PEOPLE, late_letter, letters
from localrun.world import World

ADMIN, ADMIN_PASSWORD = "migrator", "sample-admin-password"


def manifest() -> bytes:
    """The sample tenant's manifest.csv."""
    lines = ["source,target,username,display_name,aliases"]
    for person in PEOPLE:
        name = person.address.split("@", 1)[0]
        lines.append(f"{person.address},{person.address},{name},{person.name},info-{name}@{DOMAIN}")
    return ("\n".join(lines) + "\n").encode()


def seed(world: World) -> int:
    """Fills the old mailboxes; the number of messages."""
    return sum(
        world.deliver(
            person.address,
            letters(person),
            ["/".join(folder) for folder in person.folders if folder != ("INBOX",)],
        )
        for person in PEOPLE
    )


def _deliver(first: int, count: int) -> Happening:
    def act(world: World) -> None:
        now = datetime.fromtimestamp(world.clock.now(), UTC).replace(microsecond=0)
        for number in range(first, first + count):
            person = PEOPLE[number % len(PEOPLE)]
            world.deliver(person.address, [late_letter(person, number, now)])

    hours = 1 if first == 0 else 5
    return Happening(
        "StartCutover", hours * 3600, f"{count} messages arrive at the old mailboxes", act
    )


def _approve(world: World) -> None:
    answer_by_page(world, "approve")


SAMPLE = Scenario(
    name="sample",
    sentence="Three mailboxes with 312 messages; late mail arrives, the MX changes hours later.",
    domain=DOMAIN,
    manifest=manifest(),
    secret={"admin": {"user": ADMIN, "password": ADMIN_PASSWORD}},
    seed=seed,
    users={person.address: f"old-password-{number}" for number, person in enumerate(PEOPLE)},
    admins={ADMIN: ADMIN_PASSWORD},
    alarms=(),
    happenings=(
        Happening("ApproveCutover", 1800, "the operator approves on the page", _approve),
        _deliver(0, 5),
        Happening(
            "StartCutover", 4 * 3600, "the DNS now points to WorkMail",
            World.point_dns_to_workmail,
        ),
        _deliver(5, 3),
    ),
)  # fmt: skip
