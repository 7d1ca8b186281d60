"""The account's hosted zones in Route 53.

Route 53 lets an account make five requests a second, all its programs together: so the client waits
and repeats by itself before ProvisioningPending is raised. The error codes are those of botocore's
model, route53/2013-04-01.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NotConnected

from migration.errors import ProvisioningPending, TenantMisconfigured
from migration.zone_model import Change, HostedZone, RecordSet

_RETRY_AFTER = 15.0
_LATER = frozenset(
    "InternalFailure InternalServiceError PriorRequestNotComplete ServiceUnavailable Throttling "
    "ThrottlingException TooManyRequestsException".split()
)
_CHANGED_MEANWHILE = "InvalidChangeBatch"
_BY_THE_OPERATOR = {
    "AccessDenied": "the functions may not do this: deploy the stack again, and look for a policy "
    "that denies it",
    "AccessDeniedException": "the functions may not do this: deploy the stack again, and look for "
    "a policy that denies it",
    "NoSuchHostedZone": "the hosted zone is not there (any more)",
}
_ROUTING = {
    "Weight": "weighted",
    "Region": "routed by latency",
    "GeoLocation": "routed by geolocation",
    "GeoProximityLocation": "routed by geoproximity",
    "Failover": "part of a failover",
    "MultiValueAnswer": "a multivalue answer",
    "CidrRoutingConfig": "routed by CIDR",
}


def build_client() -> Any:
    """A client that waits when Route 53 throttles."""
    return boto3.client("route53", config=Config(retries={"mode": "adaptive", "max_attempts": 10}))


class Route53Zones:
    """Zones. `client` is boto3's for route53."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def find(self, domain: str) -> list[HostedZone]:
        name = domain.rstrip(".").lower()
        while name:
            if zones := self._named(name):
                return zones
            name = name.partition(".")[2]
        return []

    def _named(self, name: str) -> list[HostedZone]:
        """The public zones of this name. The answer begins with the name and goes on with those
        that come after it."""
        found: list[HostedZone] = []
        asked: dict[str, str] = {"DNSName": name}
        while True:
            with _translated("ListHostedZonesByName"):
                answer = self._client.list_hosted_zones_by_name(**asked)
            zones = [zone for zone in answer["HostedZones"] if _host(zone["Name"]) == name]
            found += [
                HostedZone(zone["Id"].removeprefix("/hostedzone/"), name)
                for zone in zones
                if not zone.get("Config", {}).get("PrivateZone", False)
            ]
            if not answer.get("IsTruncated") or _host(answer["NextDNSName"]) != name:
                return sorted(found, key=lambda zone: zone.id)
            asked = {
                "DNSName": answer["NextDNSName"],
                "HostedZoneId": answer["NextHostedZoneId"],
            }

    def record_sets(self, zone: str, names: Collection[str]) -> list[RecordSet]:
        return [found for name in sorted(set(names)) for found in self._at(zone, name)]

    def _at(self, zone: str, name: str) -> Iterator[RecordSet]:
        asked: dict[str, str] = {"StartRecordName": f"{name}."}
        while True:
            with _translated("ListResourceRecordSets"):
                answer = self._client.list_resource_record_sets(HostedZoneId=zone, **asked)
            for entry in answer["ResourceRecordSets"]:
                if _host(entry["Name"]) != name:
                    return
                yield _read(entry)
            if not answer.get("IsTruncated"):
                return
            asked = {"StartRecordName": answer["NextRecordName"]}
            asked["StartRecordType"] = answer["NextRecordType"]
            if "NextRecordIdentifier" in answer:
                asked["StartRecordIdentifier"] = answer["NextRecordIdentifier"]

    def change(self, zone: str, changes: Sequence[Change], comment: str) -> str:
        batch = {"Comment": comment, "Changes": [_write(change) for change in changes]}
        with _translated("ChangeResourceRecordSets"):
            answer = self._client.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=batch)
        return str(answer["ChangeInfo"]["Id"]).removeprefix("/change/")

    def is_in_sync(self, change: str) -> bool:
        with _translated("GetChange"):
            try:
                answer = self._client.get_change(Id=change)
            except ClientError as error:
                # Weeks may lie between two looks, and how long Route 53 knows a change is not said.
                if error.response.get("Error", {}).get("Code") == "NoSuchChange":
                    return True
                raise
        return bool(answer["ChangeInfo"]["Status"] == "INSYNC")


def _read(entry: Mapping[str, Any]) -> RecordSet:
    special = "an alias" if "AliasTarget" in entry else ""
    special = next((what for key, what in _ROUTING.items() if key in entry), special)
    if "TrafficPolicyInstanceId" in entry:
        special = "made by a traffic policy"
    values = tuple(value["Value"] for value in entry.get("ResourceRecords", ()))
    return RecordSet(_host(entry["Name"]), entry["Type"], entry.get("TTL", 0), values, special)


def _write(change: Change) -> dict[str, Any]:
    records = change.record_set
    return {
        "Action": change.action,
        "ResourceRecordSet": {
            "Name": f"{records.name}.",
            "Type": records.type,
            "TTL": records.ttl,
            "ResourceRecords": [{"Value": value} for value in records.values],
        },
    }


def _host(name: str) -> str:
    return name.rstrip(".").lower()


@contextmanager
def _translated(operation: str) -> Iterator[None]:
    """Within: one call. Route 53's own texts quote names and values: they go no further."""
    try:
        yield
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        if code in _LATER:
            raise ProvisioningPending(f"{operation}: {code}", _RETRY_AFTER) from None
        if code == _CHANGED_MEANWHILE:
            problem = "the changes do not fit what the hosted zone holds by now"
            raise ProvisioningPending(f"{operation}: {code}: {problem}", _RETRY_AFTER) from None
        if code in _BY_THE_OPERATOR:
            problem = f"Route 53: {operation}: {code}: {_BY_THE_OPERATOR[code]}"
            raise TenantMisconfigured([problem]) from None
        raise
    except (HTTPClientError, NotConnected) as error:
        raise ProvisioningPending(f"{operation}: {type(error).__name__}", _RETRY_AFTER) from None
