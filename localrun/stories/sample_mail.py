"""Sample mail: some 300 messages of three people over ten years, the same ones in every run.

The folders are nested and not all ASCII; the messages are plain, HTML, with attachments, in
several charsets, without Message-ID, twice the same, and one is larger than a batch's share.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from email.message import EmailMessage
from email.utils import format_datetime

from localrun.letters import Letter

DOMAIN = "acme.example"
FIRST_YEAR, LAST_DAY = 2016, datetime(2026, 11, 30, 12, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of the sample tenant. `folders` gives each folder's number of messages."""

    address: str
    name: str
    folders: dict[tuple[str, ...], int]


PEOPLE = (
    Person(
        f"alice@{DOMAIN}",
        "Alice Ångström",
        {
            ("INBOX",): 48,
            ("Sent",): 26,
            ("Drafts",): 3,
            ("Trash",): 5,
            ("Junk",): 4,
            ("Projekte",): 6,
            ("Projekte", "Größe & Maße"): 12,
            ("Projekte", "Größe & Maße", "2024"): 8,
            ("Archive", "2019", "Q3"): 14,
            ("請求書",): 9,
        },
    ),
    Person(
        f"bob@{DOMAIN}",
        "Bob O'Neill",
        {
            ("INBOX",): 40,
            ("Sent Items",): 18,
            ("Клиенты",): 0,
            ("Клиенты", "Отчёты"): 22,
            ("Archive",): 15,
            ("Receipts (2020)",): 7,
        },
    ),
    Person(
        f"chloe@{DOMAIN}",
        "Chloé Martin",
        {
            ("INBOX",): 36,
            ("Sent",): 12,
            ("Éléments & Idées",): 10,
            ("🎉 Feiern",): 6,
            ("INBOX", "Lists"): 11,
        },
    ),
)

_WORDS = (
    "budget offer meeting invoice Größe delivery 請求書 plan contract Отчёт review travel train "
    "café schedule draft server backup Friday holiday répondre question answer photo"
).split()
_ZONES = tuple(timezone(timedelta(minutes=minutes)) for minutes in (0, 60, 120, -300, 330, 540))
_FLAGS = (
    ("\\Seen",),
    ("\\Seen",),
    ("\\Seen", "\\Answered"),
    ("\\Seen", "\\Flagged"),
    (),
    ("\\Seen", "$Forwarded"),
    ("\\Seen", "Projekt-X"),
    ("\\Flagged", "Projekt-X", "$label2"),
)


def letters(person: Person) -> Iterator[Letter]:
    """All mail of a person, folder by folder, oldest first."""
    chance = random.Random(person.address)
    for folder, count in person.folders.items():
        moments = sorted(_moment(chance) for _ in range(count))
        previous: Letter | None = None
        for number, moment in enumerate(moments):
            mime = _message(person, folder, number, moment, chance)
            flags = ("\\Draft", "\\Seen") if folder == ("Drafts",) else chance.choice(_FLAGS)
            letter = Letter(folder, mime, flags, moment)
            if previous is not None and number == 7:
                # The very same message a second time: a user's own duplicate must stay one.
                letter = Letter(folder, previous.mime, previous.flags, moment)
            yield letter
            previous = letter


def late_letter(person: Person, number: int, received: datetime) -> Letter:
    """Mail that arrives at the old server while the migration is under way."""
    chance = random.Random(f"late {person.address} {number}")
    return Letter(
        ("INBOX",), _message(person, ("INBOX",), 1000 + number, received, chance), (), received
    )


def _moment(chance: random.Random) -> datetime:
    first = datetime(FIRST_YEAR, 1, 1, tzinfo=UTC)
    span = int((LAST_DAY - first).total_seconds())
    return (first + timedelta(seconds=chance.randrange(span))).astimezone(chance.choice(_ZONES))


def _message(
    person: Person, folder: tuple[str, ...], number: int, moment: datetime, chance: random.Random
) -> bytes:
    message = EmailMessage()
    message["Subject"] = " ".join(chance.sample(_WORDS, 4))
    message["From"] = f'"{chance.choice(_WORDS)}" <sender{number}@partner.example>'
    message["To"] = person.address
    message["Date"] = format_datetime(moment - timedelta(seconds=chance.randrange(90)))
    if number % 11:
        slug = "-".join(str(ord(part[0])) for part in folder)
        message["Message-ID"] = f"<{slug}.{number}.{chance.getrandbits(40)}@partner.example>"
    text = "\n".join(" ".join(chance.choices(_WORDS, k=9)) for _ in range(chance.randrange(3, 30)))
    charset = "iso-8859-15" if number % 9 == 4 and text.isascii() else "utf-8"
    message.set_content(text, charset=charset, cte="8bit" if number % 5 == 2 else None)
    if number % 4 == 1:
        message.add_alternative(f"<p>{text}</p>", subtype="html")
    if number % 6 == 3:
        size = 900_000 if number == 33 else chance.randrange(500, 30_000)
        message.add_attachment(
            chance.randbytes(size),
            maintype="application",
            subtype="octet-stream",
            filename=f"Größe {number}.bin",
        )
    return message.as_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
