"""A hosted zone in the account of a local run, and the DNS that answers what it says."""

from __future__ import annotations

from collections.abc import Sequence

from localrun.cloud import Cloud
from localrun.fakes.dns import Records
from localrun.world import World
from migration.aws.zones import Route53Zones
from migration.zone_model import Change, RecordSet

_MADE_BY_ROUTE53 = frozenset({"SOA", "NS"})


class LocalZone:
    """The hosted zone of the world's domain, with these record sets at first; the world's DNS
    follows it."""

    def __init__(self, world: World, cloud: Cloud, sets: Sequence[RecordSet]) -> None:
        self._client = cloud.client("route53")
        made = self._client.create_hosted_zone(Name=world.domain, CallerReference="local run")
        self.id = str(made["HostedZone"]["Id"]).removeprefix("/hostedzone/")
        self.put(*sets)
        world.dns.follow(world.domain, self._records)

    def put(self, *sets: RecordSet) -> None:
        """What the owner of the zone does in the console."""
        changes = [Change("UPSERT", each) for each in sets]
        Route53Zones(self._client).change(self.id, changes, "by hand")

    def sets(self) -> list[RecordSet]:
        """What it holds, but for what Route 53 has put into it."""
        pages = self._client.get_paginator("list_resource_record_sets").paginate(
            HostedZoneId=self.id
        )
        found = [
            RecordSet(
                entry["Name"].rstrip("."),
                entry["Type"],
                entry["TTL"],
                tuple(value["Value"] for value in entry["ResourceRecords"]),
            )
            for page in pages
            for entry in page["ResourceRecordSets"]
            if entry["Type"] not in _MADE_BY_ROUTE53
        ]
        return sorted(found, key=lambda each: (each.name, each.type))

    def _records(self) -> list[Records]:
        """dnslib reads what stands behind a backslash as octal digits, as Route 53 writes them."""
        return [Records(each.name, each.type, each.values, each.ttl) for each in self.sets()]
