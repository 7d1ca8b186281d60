"""What an operator may set about the report of a run."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Report:
    """What is told of a run, in its report and before.

    subjects  whether messages that were not copied, or not exactly, are listed with their subjects,
              so that their owners know them again; subjects are personal, and stand in the ledger
              and in the report then. What was listed before it was set has none
    live      whether a page shows each run while it is at work: `reports/<run>/progress.html` in
              the bucket, written anew every five minutes. It has the mailboxes' addresses, and
              gives three functions the rights that they lack for it
    """

    subjects: bool = False
    live: bool = False
