"""The hosted zones of the account: where the DNS is changed. One of the ports (ports.py)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

from migration.zone_model import Change, HostedZone, RecordSet


class Zones(Protocol):
    """The public hosted zones of the account; private ones do not exist here.

    ProvisioningPending from any method while the service is busy, or works on another change of the
    zone; TenantMisconfigured if it may not be used.
    """

    def find(self, domain: str) -> list[HostedZone]:
        """Those in which the domain's records belong: of the domain's own name, else of the nearest
        name above it; several can have the same name. In the order of their ids; [] if none."""

    def record_sets(self, zone: str, names: Collection[str]) -> list[RecordSet]:
        """All record sets at exactly these names, special ones too. TenantMisconfigured if there is
        no such zone."""

    def change(self, zone: str, changes: Sequence[Change], comment: str) -> str:
        """Makes all changes or none; the id by which `is_in_sync` knows them. ProvisioningPending
        if they do not fit what is there (any more): read and decide anew."""

    def is_in_sync(self, change: str) -> bool:
        """Whether all servers of the zone answer with the change."""
