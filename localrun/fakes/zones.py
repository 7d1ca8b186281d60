"""Hosted zones in memory, with Route 53's rules for changes and places to break them (steps.py)."""

from collections.abc import Collection, Sequence

from localrun.fakes.steps import Step, no_step
from migration.errors import ProvisioningPending, TenantMisconfigured
from migration.zone_model import Change, HostedZone, RecordSet

_Sets = dict[tuple[str, str, str], RecordSet]


class MemoryZones:
    """A change is in sync when it has been looked at `lag` times. `changes` are the batches that
    took effect."""

    def __init__(self, *, lag: int = 0, step: Step = no_step) -> None:
        self.step = step
        self.lag = lag
        self.changes: list[tuple[str, tuple[Change, ...]]] = []
        self._names: dict[str, str] = {}
        self._private: set[str] = set()
        self._looks: dict[str, int] = {}
        self._sets: dict[str, _Sets] = {}

    def add_zone(self, name: str, *records: RecordSet, private: bool = False) -> str:
        """A new zone; its id. The port shows nothing of private ones."""
        zone = f"Z{len(self._names) + 1}"
        self._names[zone], self._sets[zone] = name, {}
        self.set_records(zone, *records)
        if private:
            self._private.add(zone)
        return zone

    def set_records(self, zone: str, *records: RecordSet) -> None:
        """What somebody else does: puts sets in the place of those of their name and type."""
        for each in records:
            self._sets[zone][_key(each)] = each

    def remove_records(self, zone: str, name: str, type_: str) -> None:
        """What somebody else does, too."""
        for key in [key for key in self._sets[zone] if key[:2] == (name, type_)]:
            del self._sets[zone][key]

    def all_sets(self, zone: str) -> list[RecordSet]:
        """What a zone holds."""
        return [records for _, records in sorted(self._sets[zone].items())]

    def find(self, domain: str) -> list[HostedZone]:
        name = domain.rstrip(".").lower()
        while name:
            found = [
                HostedZone(zone, name)
                for zone, its_name in sorted(self._names.items())
                if its_name == name and zone not in self._private
            ]
            if found:
                return found
            name = name.partition(".")[2]
        return []

    def record_sets(self, zone: str, names: Collection[str]) -> list[RecordSet]:
        if zone not in self._names:
            raise TenantMisconfigured(["Route 53: ListResourceRecordSets: NoSuchHostedZone"])
        return [records for records in self.all_sets(zone) if records.name in set(names)]

    def change(self, zone: str, changes: Sequence[Change], comment: str) -> str:
        self.step("before change")
        if zone not in self._names:
            raise TenantMisconfigured(["Route 53: ChangeResourceRecordSets: NoSuchHostedZone"])
        self._sets[zone] = _apply(self._names[zone], self._sets[zone], changes)
        self.changes.append((zone, tuple(changes)))
        change = f"C{len(self.changes)}"
        self._looks[change] = 0
        self.step("after change")
        return change

    def is_in_sync(self, change: str) -> bool:
        self._looks[change] += 1
        return self._looks[change] > self.lag


def _key(records: RecordSet) -> tuple[str, str, str]:
    return records.name, records.type, records.special


def _apply(zone_name: str, sets: _Sets, changes: Sequence[Change]) -> _Sets:
    """All or nothing; ProvisioningPending as for InvalidChangeBatch."""
    after = dict(sets)
    for change in changes:
        records = change.record_set
        if records.name != zone_name and not records.name.endswith(f".{zone_name}"):
            raise _refuse("the name is not in the zone")
        if change.action == "DELETE":
            if not _is_same(after.get(_key(records)), records):
                raise _refuse("what is to be deleted is not there")
            del after[_key(records)]
        else:
            after[_key(records)] = records
    for name in {records.name for records in after.values()}:
        types = {records.type for records in after.values() if records.name == name}
        if "CNAME" in types and len(types) > 1:
            raise _refuse("a CNAME does not stand beside other types")
    return after


def _is_same(there: RecordSet | None, wanted: RecordSet) -> bool:
    return (
        there is not None
        and there.ttl == wanted.ttl
        and sorted(there.values) == sorted(wanted.values)
    )


def _refuse(why: str) -> ProvisioningPending:
    return ProvisioningPending(f"ChangeResourceRecordSets: InvalidChangeBatch: {why}", 15.0)
