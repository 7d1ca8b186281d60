"""The scenario `stalled`: nothing moves for an hour, and the alarm for that says so, alone."""

from __future__ import annotations

from collections.abc import Callable

from localrun.fakes.workmail_ews.faults import Busy, Faults
from localrun.scenario import Happening, Scenario, manifest_of
from localrun.stories.sample_mail import DOMAIN, Person, letters
from localrun.world import World

PERSON = Person(f"lena@{DOMAIN}", "Lena Voss", {("INBOX",): 8, ("Sent",): 4, ("Receipts",): 3})
HOUR = 3600
_TWENTY_MINUTES_MS = 20 * 60 * 1000


class _Busy(Faults):
    """For an hour, every request is told to come again in twenty minutes."""

    def __init__(self, now: Callable[[], float]) -> None:
        super().__init__()
        self._now = now
        self._until = now() + HOUR

    def take_busy(self) -> Busy | None:
        return Busy(_TWENTY_MINUTES_MS) if self._now() < self._until else None


def _seed(world: World) -> int:
    folders = ["/".join(folder) for folder in PERSON.folders if folder != ("INBOX",)]
    return world.deliver(PERSON.address, letters(PERSON), folders)


def _be_busy(world: World) -> None:
    world.ews.faults = _Busy(world.clock.now)


STALLED = Scenario(
    name="stalled",
    sentence="WorkMail wants to be left alone for an hour: an alarm says that nothing moves.",
    domain=DOMAIN,
    manifest=manifest_of([PERSON.address]),
    secret={"mailboxes": {PERSON.address: "lenas-old-password"}},
    seed=_seed,
    users={PERSON.address: "lenas-old-password"},
    input={"phases": ["provision", "copy", "report"]},
    happenings=(Happening("CopySlice", 0, "WorkMail is busy for an hour", _be_busy),),
    alarms=("NoProgress",),
)
