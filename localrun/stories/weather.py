"""The scenario `rough-weather`: everything outside fails that may fail for a while.

WorkMail's API throttles and has outages. Its mail server is busy, breaks off in the middle of
CreateItem, and takes a token for expired before its time. The DNS fails for an hour, shows both MX
for a while, and goes back once after the migration has seen it right. One message is too large.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from email.message import EmailMessage

from localrun.letters import Letter
from localrun.scenario import Happening, Scenario
from localrun.stories.sample_mail import DOMAIN, Person, late_letter, letters
from localrun.world import OLD_MX, World

MINUTE, HOUR = 60, 3600
NEW_MX = "10 inbound-smtp.eu-west-1.amazonaws.com."
LARGEST_MESSAGE = 250_000

PEOPLE = (
    Person(
        f"greta@{DOMAIN}",
        "Greta Sund",
        {
            ("INBOX",): 9,
            ("Sent",): 5,
            ("Drafts",): 2,
            ("Archive", "2020"): 4,
            ("Größe & Maße",): 4,
            ("Клиенты",): 3,
            ("Lists",): 5,
        },
    ),
    Person(
        f"henri@{DOMAIN}",
        "Henri Roux",
        {
            ("INBOX",): 8,
            ("Sent",): 4,
            ("Trash",): 3,
            ("Projets", "Été"): 4,
            ("Projets", "Hiver"): 3,
            ("請求書",): 3,
            ("Receipts",): 4,
        },
    ),
)
GRETA, HENRI = PEOPLE


def _manifest() -> bytes:
    lines = [f"{one.address},{one.address},{one.name},info-{one.address}" for one in PEOPLE]
    return "\n".join(("source,target,display_name,aliases", *lines, "")).encode()


def _seed(world: World) -> int:
    return sum(
        world.deliver(
            person.address,
            _all_letters(person),
            ["/".join(folder) for folder in person.folders if folder != ("INBOX",)],
        )
        for person in PEOPLE
    )


def _all_letters(person: Person) -> Iterator[Letter]:
    yield from letters(person)
    if person is HENRI:
        yield _too_large()


def _too_large() -> Letter:
    message = EmailMessage()
    message["Subject"] = "All plans at once"
    message["From"] = "archive@partner.example"
    message["To"] = HENRI.address
    message["Message-ID"] = "<all.plans@partner.example>"
    message.set_content("Attached.")
    plans = random.Random("plans").randbytes(LARGEST_MESSAGE)
    message.add_attachment(plans, maintype="application", subtype="zip", filename="plans.zip")
    mime = message.as_bytes().replace(b"\n", b"\r\n")
    return Letter(("Receipts",), mime, ("\\Seen",), datetime(2021, 6, 1, 9, 30, tzinfo=UTC))


# ---- what happens outside --------------------------------------------------------------------


def _directory_is_unwell(world: World) -> None:
    api = world.workmail
    api.fail_next("CreateUser", "ThrottlingException", "Rate exceeded", times=2)
    api.fail_next("RegisterToWorkMail", "DirectoryUnavailableException", "Not now", times=3)


def _administrator_is_throttled(world: World) -> None:
    api = world.workmail
    api.fail_next("CreateImpersonationRole", "TooManyRequestsException", "Rate exceeded")
    api.fail_next("AssumeImpersonationRole", "ThrottlingException", "Rate exceeded")
    api.fail_next("AssumeImpersonationRole", "OrganizationStateException", "Impaired", times=2)
    world.ews.faults.busy(times=2, back_off_ms=45_000, status=503)


def _copying_meets_trouble(world: World) -> None:
    """Begins in the middle of the first folders: tokens that work are refused from one request to
    the next, new ones are not given at once, and connections break."""
    _await_copying(world)
    faults = world.ews.faults
    faults.close_connection_next(after_storing=True)
    faults.close_connection_next(after_storing=False)
    api = world.workmail
    api.fail_next("AssumeImpersonationRole", "ThrottlingException", "Rate exceeded")
    api.fail_next("AssumeImpersonationRole", "OrganizationStateException", "Impaired")
    api.expire_tokens()
    faults.busy(times=1, back_off_ms=700)
    faults.busy(times=3, back_off_ms=20_000)
    faults.busy(times=1, back_off_ms=20 * MINUTE * 1000)


def _await_copying(world: World) -> None:
    until = time.monotonic() + 20
    while not world.ews.requests["CreateItem"]:
        if time.monotonic() > until:
            raise TimeoutError("nothing was copied")
        time.sleep(0.005)


def _verification_meets_trouble(world: World) -> None:
    world.ews.faults.busy(times=3, back_off_ms=90_000)


def _delta_meets_trouble(world: World) -> None:
    world.ews.faults.busy(times=2, back_off_ms=16 * MINUTE * 1000)
    world.workmail.fail_next("AssumeImpersonationRole", "OrganizationStateException", "Impaired")


def _check_that_it_is_over(world: World) -> None:
    """What nobody ran into would have proved nothing."""
    faults = world.ews.faults
    assert faults.take_busy() is None
    assert faults.take_close("CreateItem") is None
    for operation in ("CreateUser", "RegisterToWorkMail", "AssumeImpersonationRole"):
        world.workmail.before_call(operation)  # raises what is left over


def _mail_arrives(first: int) -> Happening:
    """A message for each of them; where in the story depends on the first number."""

    def act(world: World) -> None:
        now = datetime.fromtimestamp(world.clock.now(), UTC).replace(microsecond=0)
        for number, person in enumerate(PEOPLE, first):
            world.deliver(person.address, [late_letter(person, number, now)])

    after, seconds = ("StartCutover", HOUR) if first == 0 else ("DeltaPass", 45 * MINUTE)
    return Happening(after, seconds, "mail arrives at the old server", act)


_DNS = (
    Happening(
        "StartCutover", 20 * MINUTE, "the DNS fails",
        lambda world: world.dns.set_failing(True),
    ),
    Happening(
        "StartCutover", 80 * MINUTE, "the DNS works again",
        lambda world: world.dns.set_failing(False),
    ),
    Happening(
        "StartCutover", 2 * HOUR, "WorkMail's MX stands beside the old one",
        lambda world: world.set_mx(OLD_MX, NEW_MX),
    ),
    Happening(
        "StartCutover", 4 * HOUR, "the DNS points to WorkMail", World.point_dns_to_workmail
    ),
    Happening(
        "DeltaPass", 30 * MINUTE, "somebody puts the old MX back",
        lambda world: world.set_mx(OLD_MX),
    ),
    Happening(
        "DeltaPass", 90 * MINUTE, "the DNS points to WorkMail for good",
        World.point_dns_to_workmail,
    ),
)  # fmt: skip

ROUGH_WEATHER = Scenario(
    name="rough-weather",
    sentence="Throttling, lost answers, expired tokens, a failing DNS, one message too large.",
    domain=DOMAIN,
    manifest=_manifest(),
    secret={"mailboxes": {GRETA.address: "gretas-old-password", HENRI.address: "henris-old-one"}},
    seed=_seed,
    users={GRETA.address: "gretas-old-password", HENRI.address: "henris-old-one"},
    tenant={"cutover": {"approval": "auto"}, "delta": {"interval_minutes": 120}},
    happenings=(
        Happening("ProvisionDirectory", 0, "WorkMail's API is unwell", _directory_is_unwell),
        Happening(
            "EnableAdministrator", 0, "WorkMail's API throttles", _administrator_is_throttled
        ),
        Happening("CopySlice", 0, "WorkMail breaks off in the middle", _copying_meets_trouble),
        Happening("VerifyMailbox", 0, "WorkMail is busy", _verification_meets_trouble),
        *_DNS,
        _mail_arrives(0),
        Happening("DeltaPass", 0, "WorkMail is busy again", _delta_meets_trouble),
        _mail_arrives(len(PEOPLE)),
        Happening("VerifyTenant", 0, "the sky clears up", _check_that_it_is_over),
    ),
    expected="exceptions",
    largest_message=LARGEST_MESSAGE,
    refused=1,
)
