"""What holds a tenant's data, to be counted and emptied. One of the ports (ports.py)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol


class Holding(Protocol):
    """One store with what this migration keeps of a tenant: the ledger, the bucket, the secrets,
    the schedules. It looks into the store itself and believes no list of what should be there.

    ProvisioningPending while the store is busy; TenantMisconfigured if it refuses to erase. What
    else it answers passes."""

    def count(self) -> Mapping[str, int]:
        """How many things there are, by their kinds. A kind begins with the store's name and an
        underscore; one of which nothing is there may be left out."""

    def erase(self) -> Iterator[int]:
        """Erases all that `count` counts, for good; after each batch, how many things that was.
        Whoever stops in between has erased what was told, and leaves the rest for another call."""
