"""The mailbox that is copied: made from a seed, the same bytes on every machine and every day.

Sizes are the quantiles of a log-normal distribution, shuffled, so that the sum is what was asked
for however few messages there are. Every twelfth message is one of the odd kinds of
`bench.messages`; each kind occurs in 250 messages or more.

Left out on purpose: bare LF (Dovecot shows it as CRLF), NUL (becomes 0x80), \\Deleted (what a copy
should do with it is a matter of opinion), dates that Dovecot itself changes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from math import exp
from random import Random
from statistics import NormalDist
from typing import TypeGuard

from bench.messages import ODD_KINDS, Odd, attachment_message, odd_message, text_message

KILOBYTE = 1000
MEGABYTE = 1000 * KILOBYTE

INBOX = "INBOX"
FOLDERS: dict[str, float] = {
    INBOX: 34,
    "Sent Items": 17,
    "Archive": 11,
    "Archive/2019": 6,
    "Archive/2019/Invoices": 4,
    "Deleted Items": 6,
    "Drafts": 1,
    "Junk E-mail": 3,
    "Kunden": 2,
    "Kunden/Müller & Söhne": 5,
    "Проекты": 3,
    "日本語": 2,
    "日本語/会議": 3,
    "Receipts 100% + tax": 3,
    "Empty": 0,
}
"""Folder -> share of the messages. The special ones have WorkMail's names, so that no tool has to
rename anything; `/` separates levels."""

FLAGS = ("\\Seen", "\\Answered", "\\Flagged")
KEYWORDS = (
    *("$Forwarded", "$MDNSent", "$Label1", "$Label2", "$Label5", "$NotJunk", "NonJunk"),
    *("Important", "todo", "Steuer-2024", "project_x", "a.b.c", "waiting+answer"),
)

_BIG_MEGABYTES = (5, 8, 12, 20)
_SPREAD = 1.9
"""The standard deviation of the sizes' logarithm: a median of about 6 kB at a mean of 37 kB."""
_ODD_EVERY = 12
_FIRST_DAY = datetime(1971, 1, 2, tzinfo=UTC)
_LAST_DAY = datetime(2026, 6, 30, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Message:
    """A message as it lies in a folder. `flags` holds keywords too; `date` is its INTERNALDATE."""

    folder: str
    content: bytes
    flags: tuple[str, ...]
    date: datetime


@dataclass(frozen=True, slots=True)
class Corpus:
    """`count` messages of about `total` bytes altogether. `big` adds messages of 5 to 20 MB, one
    of them for each 1,250 messages, at least one; `odd` makes every twelfth an odd one."""

    count: int
    total: int
    seed: str = "workmail"
    odd: bool = True
    big: bool = True
    folders: tuple[str, ...] = tuple(FOLDERS)

    def messages(self) -> Iterator[Message]:
        """Folder by folder; only one message at a time is in memory."""
        sizes = self._sizes()
        folders = self._placed()
        previous: Message | None = None
        for index, (folder, size) in enumerate(zip(folders, sizes, strict=True)):
            made = self._message(index, folder, size, previous)
            yield made
            previous = made

    def _message(self, index: int, folder: str, size: int, previous: Message | None) -> Message:
        random = Random(f"{self.seed}/{index}")
        date = _date(random)
        if self.odd and index % _ODD_EVERY == _ODD_EVERY - 1 and size < MEGABYTE:
            kind = ODD_KINDS[index // _ODD_EVERY % len(ODD_KINDS)]
            if kind is Odd.DUPLICATE and _can_be_repeated(previous, folder):
                return previous
            content = odd_message(random, kind, index, size, date)
        elif size > 20 * KILOBYTE:
            content = attachment_message(random, index, size, date)
        else:
            content = text_message(random, index, size, date)
        return Message(folder, content, _flags(random, folder), date)

    def _sizes(self) -> list[int]:
        big = [megabytes * MEGABYTE for megabytes in self._big()]
        small = self.count - len(big)
        normal = NormalDist()
        weights = [exp(_SPREAD * normal.inv_cdf((i + 0.5) / small)) for i in range(small)]
        each = (self.total - sum(big)) / sum(weights)
        sizes = [max(200, int(weight * each)) for weight in weights]
        Random(f"{self.seed}/sizes").shuffle(sizes)
        for number, size in enumerate(big):
            sizes.insert((number + 1) * self.count // (len(big) + 1), size)
        return sizes

    def _big(self) -> tuple[int, ...]:
        return _BIG_MEGABYTES[: max(1, self.count // 1250)] if self.big else ()

    def _placed(self) -> list[str]:
        """The folder of each message, folders in order; INBOX takes what rounding leaves."""
        whole = sum(FOLDERS[folder] for folder in self.folders)
        counts = {folder: int(self.count * FOLDERS[folder] / whole) for folder in self.folders}
        counts[INBOX] += self.count - sum(counts.values())
        return [folder for folder, count in counts.items() for _ in range(count)]


FULL = Corpus(5_000, 230 * MEGABYTE)
SAMPLE = Corpus(250, 12 * MEGABYTE)
"""For the tool that waits for every answer: the whole would take hours."""
QUICK = Corpus(500, 23 * MEGABYTE)
ORDINARY = Corpus(
    12_000, 144 * MEGABYTE, odd=False, big=False, folders=(INBOX, "Sent Items", "Kunden", "Empty")
)
"""For EWS: what one server does with odd messages is not the question there."""


@dataclass(frozen=True, slots=True)
class LargeCorpus:
    """`count` messages of `size` bytes each in INBOX, for the memory of a tool."""

    count: int = 6
    size: int = 40 * MEGABYTE

    def messages(self) -> Iterator[Message]:
        """One at a time."""
        for index in range(self.count):
            random = Random(f"large/{index}")
            date = _date(random)
            content = attachment_message(random, index, self.size, date)
            yield Message(INBOX, content, ("\\Seen",), date)


def _can_be_repeated(message: Message | None, folder: str) -> TypeGuard[Message]:
    return message is not None and message.folder == folder and len(message.content) < MEGABYTE


def _date(random: Random) -> datetime:
    """A second between 1971 and 2026, in a zone between -11:00 and +14:00."""
    seconds = random.randrange(int((_LAST_DAY - _FIRST_DAY).total_seconds()))
    zone = timezone(timedelta(minutes=15 * random.randrange(-11 * 4, 14 * 4 + 1)))
    return (_FIRST_DAY + timedelta(seconds=seconds)).astimezone(zone)


def _flags(random: Random, folder: str) -> tuple[str, ...]:
    flags = [
        flag for flag, share in zip(FLAGS, (0.8, 0.2, 0.1), strict=True) if random.random() < share
    ]
    if folder == "Drafts":
        flags.append("\\Draft")
    if random.random() < 0.25:
        flags += random.sample(KEYWORDS, random.choice((1, 1, 2, 5)))
    return tuple(flags)
