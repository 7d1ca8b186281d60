"""The scenario `before-verified`: the copy begins before the tenant's domain is WorkMail's.

WorkMail does not know the domain. The run registers it, gives the users addresses in the
organization's test domain, and copies their mail. Hours later the operator publishes the record
that proves the ownership; the users get their own addresses, and only then the MX is waited for.
"""

from __future__ import annotations

from datetime import UTC, datetime

from localrun.scenario import Happening, Scenario
from localrun.stories.sample import ADMIN, ADMIN_PASSWORD, manifest, seed
from localrun.stories.sample_mail import DOMAIN, PEOPLE, late_letter
from localrun.world import World

HOUR = 3600
LATER = 12 * HOUR
"""So long nobody publishes the record, although the mail is copied and the run waits for it."""


def _mail_arrives(first: int) -> Happening:
    def act(world: World) -> None:
        now = datetime.fromtimestamp(world.clock.now(), UTC).replace(microsecond=0)
        for number, person in enumerate(PEOPLE, first):
            world.deliver(person.address, [late_letter(person, number, now)])

    after = "StartPromotion" if first == 0 else "StartCutover"
    return Happening(after, HOUR, "mail arrives at the old server", act)


BEFORE_VERIFIED = Scenario(
    name="before-verified",
    sentence="The copy begins in the test domain; addresses follow when the domain is verified.",
    domain=DOMAIN,
    manifest=manifest(),
    secret={"admin": {"user": ADMIN, "password": ADMIN_PASSWORD}},
    seed=seed,
    users={person.address: f"old-password-{number}" for number, person in enumerate(PEOPLE)},
    admins={ADMIN: ADMIN_PASSWORD},
    tenant={
        "domain_setup": {"start_before_verified": True, "make_default": True},
        "cutover": {"approval": "auto"},
        "delta": {"interval_minutes": 120},
    },
    happenings=(
        _mail_arrives(0),
        Happening(
            "StartPromotion", LATER, "the ownership record is published", World.prove_ownership
        ),
        _mail_arrives(len(PEOPLE)),
        Happening(
            "StartCutover", 2 * HOUR, "the DNS points to WorkMail", World.point_dns_to_workmail
        ),
    ),
    registered=False,
)
