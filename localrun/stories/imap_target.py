"""The scenario `imap-target`: WorkMail's EWS loses dates, so mail is written over its IMAP.

The users are created with the passwords of the target's secret, and IMAP logs in with them. While
the DNS is watched, and again between the passes, people go on using the old server: mail arrives,
flags change, and messages are deleted, which this tenant wants to be followed.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime
from email.message import EmailMessage

from localrun.letters import Letter
from localrun.scenario import Happening, Scenario
from localrun.stories.sample_mail import DOMAIN, Person, late_letter, letters
from localrun.world import World

MINUTE, HOUR = 60, 3600
LARGE = 2_000_000
"""Bytes of an attachment: such a message is not held in memory whole."""

PEOPLE = (
    Person(
        f"ida@{DOMAIN}",
        "Ida Lindström",
        {
            ("INBOX",): 12,
            ("Sent",): 9,
            ("Drafts",): 3,
            ("Trash",): 2,
            ("Leer",): 0,
            ("Größe & Maße",): 9,
            ("Größe & Maße", "2024"): 4,
            ("請求書",): 5,
            ("Plans",): 2,
        },
    ),
    Person(
        f"jonas@{DOMAIN}",
        "Jonas Weiß",
        {
            ("INBOX",): 10,
            ("INBOX", "Lists"): 4,
            ("Sent Items",): 3,
            ("Junk",): 2,
            ("Клиенты", "Отчёты"): 9,
        },
    ),
)
IDA, JONAS = PEOPLE
_OLD = {IDA.address: "idas-old-password", JONAS.address: "jonas-old-password"}
_NEW = {IDA.address: "Idas-new-password-1", JONAS.address: "Jonas-new-password-2"}


def _manifest() -> bytes:
    lines = [f"{one.address},{one.address},{one.name}" for one in PEOPLE]
    return "\n".join(("source,target,display_name", *lines, "")).encode()


def _seed(world: World) -> int:
    world.ews.faults.forgets_received = True
    return sum(
        world.deliver(
            person.address,
            _all_letters(person),
            ["/".join(folder) for folder in person.folders if folder != ("INBOX",)],
        )
        for person in PEOPLE
    )


def _all_letters(person: Person) -> Iterator[Letter]:
    """Of those in Plans, the large one is the second: the next must not overtake it."""
    last: Letter | None = None
    for letter in letters(person):
        if last is not None and last.folder == letter.folder == ("Plans",):
            yield _large()
        yield letter
        last = letter


def _large() -> Letter:
    message = EmailMessage()
    message["Subject"] = "All plans at once"
    message["From"] = "archive@partner.example"
    message["To"] = IDA.address
    message["Message-ID"] = "<all.plans@partner.example>"
    message.set_content("Attached.")
    plans = random.Random("plans").randbytes(LARGE)
    message.add_attachment(plans, maintype="application", subtype="zip", filename="Pläne.zip")
    mime = message.as_bytes().replace(b"\n", b"\r\n")
    return Letter(("Plans",), mime, ("\\Seen",), datetime(2021, 6, 1, 9, 30, tzinfo=UTC))


# ---- what happens outside --------------------------------------------------------------------


def _mail_arrives(first: int) -> Happening:
    def act(world: World) -> None:
        now = datetime.fromtimestamp(world.clock.now(), UTC).replace(microsecond=0)
        for number, person in enumerate(PEOPLE, first):
            world.deliver(person.address, [late_letter(person, number, now)])

    after, seconds = ("StartCutover", HOUR) if first == 0 else ("DeltaPass", 45 * MINUTE)
    return Happening(after, seconds, "mail arrives at the old server", act)


def _flags_change(world: World) -> None:
    with world.old_mailbox(IDA.address) as client:
        client.select_folder("INBOX")
        first, second, third, *_, last = client.search()
        client.add_flags([first, second], ["\\Flagged", "$Followup"])
        client.remove_flags([first, third], ["\\Seen"])
        client.add_flags([last], ["\\Answered", "\\Seen"])
        client.select_folder("Größe & Maße")
        client.set_flags(client.search(), ["\\Seen"])


def _one_of_two_is_deleted(world: World) -> None:
    """Of a message that stands there twice, and one more."""
    with world.old_mailbox(JONAS.address) as client:
        client.select_folder("Клиенты/Отчёты")
        uids = client.search()
        client.delete_messages([uids[2], uids[7]])
        client.expunge([uids[2], uids[7]])


def _flags_change_once_more(world: World) -> None:
    with world.old_mailbox(IDA.address) as client:
        client.select_folder("INBOX")
        late = client.search()[-1]
        client.add_flags([late], ["\\Seen", "\\Flagged"])


IMAP_TARGET = Scenario(
    name="imap-target",
    sentence="WorkMail's EWS loses dates: the run finds out and writes over IMAP, with passwords.",
    domain=DOMAIN,
    manifest=_manifest(),
    secret={"mailboxes": _OLD},
    seed=_seed,
    users=_OLD,
    tenant={
        "cutover": {"approval": "auto"},
        "delta": {"interval_minutes": 120},
        "copy": {"delta_policy": "follow"},
    },
    happenings=(
        Happening("StartCutover", 30 * MINUTE, "flags change", _flags_change),
        _mail_arrives(0),
        Happening("StartCutover", 90 * MINUTE, "messages are deleted", _one_of_two_is_deleted),
        Happening(
            "StartCutover", 2 * HOUR, "the DNS points to WorkMail", World.point_dns_to_workmail
        ),
        _mail_arrives(len(PEOPLE)),
        Happening("DeltaPass", HOUR, "flags change once more", _flags_change_once_more),
    ),
    target_secret={"mailboxes": _NEW},
    written_over="IMAP",
)
