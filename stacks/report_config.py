"""What an operator may set about the report of a run."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Report:
    """What the report of a run tells.

    subjects  whether messages that were not copied, or not exactly, are listed with their subjects,
              so that their owners know them again; subjects are personal, and stand in the ledger
              and in the report then. What was listed before it was set has none
    """

    subjects: bool = False
