"""What is to be moved, and how: the numbers that an estimate rests on."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from migration.estimate.functions import COPY_SLICE_SECONDS
from migration.estimate.terms import Terms
from migration.mail import BatchLimit

AVERAGE_MESSAGE = 75_000
"""Bytes, where nobody says how many messages there are."""

_GIGABYTE = 1_000_000_000
_MARGIN = 60
"""Seconds of a slice that are not used for copying: the start, the logins, the end."""


@dataclass(frozen=True, slots=True)
class Workload:
    """A tenant. Sizes are decimal: a gigabyte is 1,000,000,000 bytes.

    messages       in all mailboxes together
    folders        of each mailbox; mail is spread over them evenly
    days           that the DNS is waited for
    delta_passes   after the cut-over; the last two bring nothing
    delta_hours    between two of them
    late_passes    one more look, days after the end
    megabytes_per_second  how fast one mailbox is copied
    messages_per_second   of one mailbox, at most; 0 if the source sets no limit
    batch_messages        messages that one write of the ledger covers, at most
    round_trip     seconds to the source and back
    largest        gigabytes of the largest mailbox; 0 if they are all the same
    at_once        mailboxes copied at the same time
    users_at_once  users created at the same time
    months         for which bucket, ledger, key, alarms are kept
    keys           keys of the customer
    guides         whether each user is mailed the settings of mail programs
    """

    mailboxes: int
    gigabytes: float
    messages: int
    folders: int = 20
    days: float = 3.0
    delta_passes: int = 3
    delta_hours: float = 12.0
    late_passes: int = 0
    megabytes_per_second: float = 1.0
    messages_per_second: float = 0.0
    batch_messages: int = BatchLimit().items
    round_trip: float = 0.0
    largest: float = 0.0
    at_once: int = 10
    users_at_once: int = 5
    months: int = 1
    keys: int = 1
    guides: bool = False

    @property
    def passes(self) -> int:
        """The full one, those after the cut-over, and the late ones."""
        return 1 + self.delta_passes + self.late_passes

    @property
    def children(self) -> int:
        """Child executions that copy: one for each mailbox and pass."""
        return self.mailboxes * self.passes

    @property
    def all_folders(self) -> int:
        return self.mailboxes * self.folders

    @property
    def streams(self) -> int:
        """Mailboxes that are copied at the same time."""
        return max(1, min(self.at_once, self.mailboxes))

    @property
    def batches(self) -> int:
        """Of all mailboxes: each holds as much as one write of the ledger covers."""
        if not self.all_folders:
            return 0
        by_number = self.messages / self.all_folders / self.batch_messages
        by_size = self.gigabytes * _GIGABYTE / self.all_folders / BatchLimit().size
        return self.all_folders * math.ceil(max(by_number, by_size, 0.001))

    @property
    def copy_seconds(self) -> float:
        """Of all mailboxes, one after the other: the time in which mail flows."""
        return self._seconds(1.0)

    @property
    def longest_seconds(self) -> float:
        """Of the largest mailbox alone: no number of others at once makes it shorter."""
        return self._seconds(self.largest / self.gigabytes) if self.gigabytes else 0.0

    @property
    def is_paced(self) -> bool:
        """Whether the source's limit of messages makes it slower than its mail is large."""
        by_size = self.gigabytes * 1000 / self.megabytes_per_second
        return bool(self.messages_per_second) and self.copy_seconds > by_size

    def _seconds(self, share: float) -> float:
        """In which so much of all mail flows, if one mailbox had it."""
        by_size = self.gigabytes * share * 1000 / self.megabytes_per_second
        if not self.messages_per_second:
            return by_size
        return max(by_size, self.messages * share / self.messages_per_second)

    @property
    def slices(self) -> int:
        """Calls of CopySlice in the full pass, of all mailboxes."""
        if not self.mailboxes:
            return 0
        usable = COPY_SLICE_SECONDS - _MARGIN
        return self.mailboxes * max(1, math.ceil(self.copy_seconds / self.mailboxes / usable))

    @property
    def more_slices(self) -> int:
        """Of these, those that are not the first of their mailbox."""
        return self.slices - self.mailboxes


def of_size(mailboxes: int, gigabytes: float, messages: int = 0) -> Workload:
    """With as many messages as there usually are, unless that is said."""
    usual = round(gigabytes * _GIGABYTE / AVERAGE_MESSAGE)
    return Workload(mailboxes, gigabytes, messages or usual)


def as_set(workload: Workload, terms: Terms) -> Workload:
    """The same with what the tenant's settings say."""
    speed = workload.megabytes_per_second
    if terms.kilobytes_per_second:
        speed = min(speed, terms.kilobytes_per_second * 1024 / 1_000_000)
    return replace(
        workload,
        megabytes_per_second=speed,
        messages_per_second=terms.messages_per_second,
        batch_messages=terms.batch_messages,
        at_once=terms.mailboxes_at_once,
        users_at_once=terms.users_at_once,
        delta_passes=min(workload.delta_passes, terms.delta_passes),
        delta_hours=terms.delta_minutes / 60,
        late_passes=len(terms.late_days),
        guides=terms.guides,
    )
