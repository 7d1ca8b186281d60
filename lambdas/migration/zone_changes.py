"""Changes hosted zones so that it is always known what stood there, and waits for Route 53.

The ledger and the bucket (`reports/<run>/dns-before.json`) get what stands there and what is about
to, then the zone is changed, then the ledger gets the change's id. Whoever is killed in between is
called again and finds by the zone what took effect.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import groupby

from migration.dns_values import is_same
from migration.ports import BlobStore, Ledger, Zones
from migration.zone_model import Change, PublishedSet, RecordSet

SETS_AT_ONCE = 100
"""Of one batch; Route 53 takes 1,000 values, and counts those of an UPSERT twice."""

Expected = Callable[[PublishedSet], RecordSet | None]
"""What of a published set should stand in its zone."""


@dataclass(frozen=True, slots=True)
class ZoneWriter:
    """Changes the account's zones for one run."""

    zones: Zones
    ledger: Ledger
    blobs: BlobStore
    run: str

    def change(self, zone: str, begun: Sequence[PublishedSet], changes: Sequence[Change]) -> None:
        """Makes the changes of a zone as one batch. `begun` are their sets as `dns_restoring`
        knows them, with what is about to be written, without a change."""
        for record in begun:
            self.ledger.keep_published(record)
        self._save()
        change = self.zones.change(zone, changes, f"WorkMail migration, run {self.run}")
        for record in begun:
            self.ledger.keep_published(replace(record, change=change))

    def _save(self) -> None:
        before = [
            {
                "zone": each.zone,
                "name": each.name,
                "type": each.type,
                "before": asdict(each.before) if each.before else None,
            }
            for each in self.ledger.published()
            if not each.outcome
        ]
        body = json.dumps({"schema": 1, "run": self.run, "record_sets": before}, indent=1)
        self.blobs.put(f"reports/{self.run}/dns-before.json", body.encode(), "application/json")

    def is_waiting(self, records: Sequence[PublishedSet], expected: Expected) -> bool:
        """Whether the latest change of one of them is not everywhere yet; those that are, are
        marked."""
        waiting = self._name_changes([each for each in records if not each.in_sync], expected)
        in_sync = {
            change: self.zones.is_in_sync(change)
            for change in dict.fromkeys(record.change for record in waiting)
        }
        for record in waiting:
            if in_sync[record.change]:
                self.ledger.keep_published(replace(record, in_sync=True))
        return not all(in_sync.values())

    def _name_changes(
        self, records: Sequence[PublishedSet], expected: Expected
    ) -> list[PublishedSet]:
        """Those that wait for a change. Whoever died before he could note its id has written what
        stands there all the same: it is written once more, so that there is an id to ask for. Where
        nothing stands there is nothing to write, and nothing is waited for."""
        lost = [record for record in records if not record.change]
        for zone, of_zone in group_by_zone(lost):
            standing = self.zones.record_sets(zone, {record.name for record in of_zone})
            for record in of_zone:
                wanted = expected(record)
                if wanted is not None and any(is_same(each, wanted) for each in standing):
                    self.change(zone, [record], [Change("UPSERT", wanted)])
        keys = {(record.zone, record.name, record.type) for record in records}
        return [
            each
            for each in self.ledger.published()
            if (each.zone, each.name, each.type) in keys and each.change
        ]


def group_by_zone(
    records: Iterable[PublishedSet],
) -> list[tuple[str, list[PublishedSet]]]:
    """The sets of each zone."""

    def zone_of(record: PublishedSet) -> str:
        return record.zone

    ordered = sorted(records, key=zone_of)
    return [(zone, list(group)) for zone, group in groupby(ordered, zone_of)]
