"""What every Zones promises, and what the one in Route 53 adds to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from localrun.fakes.zones import MemoryZones
from migration.aws.zones import Route53Zones, build_client
from migration.errors import ProvisioningPending, TenantMisconfigured
from migration.ports import Zones
from migration.zone_model import Change, HostedZone, RecordSet

DOMAIN = "acme.example"
MX = RecordSet(DOMAIN, "MX", 3600, ("10 mail.old.example.", "20 mail2.old.example."))
TXT = RecordSet(DOMAIN, "TXT", 300, ('"v=spf1 mx -all"', '"a \\"quoted\\" \\303\\244" "b"'))
ALIAS = RecordSet(f"autodiscover.{DOMAIN}", "CNAME", 60, ("old.example",))


@dataclass
class Account:
    """Zones, and how a zone comes into being."""

    zones: Zones
    create: Callable[[str, Sequence[RecordSet], bool], str]


def in_memory() -> Account:
    zones = MemoryZones()

    def create(name: str, sets: Sequence[RecordSet], is_private: bool) -> str:
        return zones.add_zone(name, *sets, private=is_private)

    return Account(zones, create)


def in_route53() -> Account:
    client = boto3.client("route53")
    zones = Route53Zones(client)

    def create(name: str, sets: Sequence[RecordSet], is_private: bool) -> str:
        more: dict[str, Any] = {}
        if is_private:
            more = {"VPC": {"VPCRegion": "eu-west-1", "VPCId": "vpc-1"}}
        reference = str(len(client.list_hosted_zones()["HostedZones"]))
        made = client.create_hosted_zone(
            Name=f"{name}.",
            CallerReference=reference,
            HostedZoneConfig={"Comment": "", "PrivateZone": is_private},
            **more,
        )
        zone = str(made["HostedZone"]["Id"]).removeprefix("/hostedzone/")
        if sets:
            zones.change(zone, [Change("UPSERT", each) for each in sets], "seeded")
        return zone

    return Account(zones, create)


@pytest.fixture(params=["memory", "route 53"])
def account(request: pytest.FixtureRequest) -> Account:
    if request.param == "memory":
        return in_memory()
    request.getfixturevalue("aws")
    return in_route53()


def shown(zones: Zones, zone: str, *names: str) -> list[RecordSet]:
    """Without what Route 53 puts at the top of every zone."""
    return [each for each in zones.record_sets(zone, names) if each.type not in ("SOA", "NS")]


def test_the_zone_of_the_domain_itself_comes_before_those_above_it(account: Account) -> None:
    assert account.zones.find(DOMAIN) == []
    above = account.create("example", [], False)
    assert account.zones.find(DOMAIN) == [HostedZone(above, "example")]
    own = account.create(DOMAIN, [], False)
    account.create(f"other.{DOMAIN}", [], False)
    account.create("acme.example.org", [], False)
    assert account.zones.find(f"{DOMAIN.upper()}.") == [HostedZone(own, DOMAIN)]


def test_private_zones_are_not_seen_and_all_of_a_name_are(account: Account) -> None:
    first = account.create(DOMAIN, [], False)
    account.create(DOMAIN, [], True)
    second = account.create(DOMAIN, [], False)
    found = account.zones.find(DOMAIN)
    assert found == [HostedZone(zone, DOMAIN) for zone in sorted([first, second])]


def test_record_sets_are_read_at_exactly_the_names(account: Account) -> None:
    below = RecordSet(f"x.{DOMAIN}", "TXT", 60, ('"x"',))
    zone = account.create(DOMAIN, [MX, TXT, ALIAS, below], False)
    assert shown(account.zones, zone, DOMAIN, f"no.{DOMAIN}") == [MX, TXT]
    assert shown(account.zones, zone, ALIAS.name) == [ALIAS]
    assert shown(account.zones, zone) == []


def test_sets_are_put_replaced_and_deleted(account: Account) -> None:
    zone = account.create(DOMAIN, [MX], False)
    other = RecordSet(DOMAIN, "MX", 300, ("10 inbound-smtp.eu-west-1.amazonaws.com.",))
    changes = [Change("UPSERT", other), Change("UPSERT", TXT)]
    change = account.zones.change(zone, changes, "to WorkMail")
    assert account.zones.is_in_sync(change)
    assert shown(account.zones, zone, DOMAIN) == [other, TXT]
    account.zones.change(zone, [Change("UPSERT", MX), Change("DELETE", TXT)], "back")
    assert shown(account.zones, zone, DOMAIN) == [MX]


def test_in_memory_what_is_not_there_cannot_be_deleted() -> None:
    """moto answers InvalidInput where Route 53 says InvalidChangeBatch."""
    account = in_memory()
    zone = account.create(DOMAIN, [MX], False)
    for wrong in (TXT, replace(MX, ttl=60)):
        with pytest.raises(ProvisioningPending, match="InvalidChangeBatch"):
            account.zones.change(zone, [Change("DELETE", wrong)], "")
    assert shown(account.zones, zone, DOMAIN) == [MX]


def test_in_memory_a_cname_stands_alone_and_a_batch_takes_effect_as_a_whole() -> None:
    account = in_memory()
    zone = account.create(DOMAIN, [ALIAS], False)
    beside = RecordSet(ALIAS.name, "TXT", 60, ('"x"',))
    with pytest.raises(ProvisioningPending, match="CNAME"):
        account.zones.change(zone, [Change("UPSERT", MX), Change("UPSERT", beside)], "")
    assert shown(account.zones, zone, DOMAIN, ALIAS.name) == [ALIAS]


def test_in_memory_a_change_is_in_sync_after_its_lag() -> None:
    zones = MemoryZones(lag=2)
    change = zones.change(zones.add_zone(DOMAIN), [Change("UPSERT", MX)], "")
    assert [zones.is_in_sync(change) for _ in range(3)] == [False, False, True]


def test_a_name_outside_the_zone_is_refused(account: Account) -> None:
    zone = account.create(DOMAIN, [], False)
    strange = RecordSet("other.test", "TXT", 60, ('"x"',))
    with pytest.raises(ProvisioningPending, match="InvalidChangeBatch"):
        account.zones.change(zone, [Change("UPSERT", strange)], "")


def test_a_zone_that_is_gone_is_the_operators_matter(account: Account) -> None:
    with pytest.raises(TenantMisconfigured, match="NoSuchHostedZone"):
        account.zones.record_sets("ZGONE", [DOMAIN])
    with pytest.raises(TenantMisconfigured, match="NoSuchHostedZone"):
        account.zones.change("ZGONE", [Change("UPSERT", MX)], "")


# ---- Route 53 alone --------------------------------------------------------------------------


class Refusing:
    """A client whose every call fails."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __getattr__(self, _name: str) -> Callable[..., Any]:
        def fail(**_: object) -> None:
            raise self._error

        return fail


def calls(zones: Zones) -> list[Callable[[], object]]:
    return [
        lambda: zones.find(DOMAIN),
        lambda: zones.record_sets("Z1", [DOMAIN]),
        lambda: zones.change("Z1", [Change("UPSERT", MX)], ""),
        lambda: zones.is_in_sync("C1"),
    ]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("Throttling", ProvisioningPending),
        ("PriorRequestNotComplete", ProvisioningPending),
        ("InvalidChangeBatch", ProvisioningPending),
        ("ServiceUnavailable", ProvisioningPending),
        ("NoSuchHostedZone", TenantMisconfigured),
        ("AccessDenied", TenantMisconfigured),
        ("NoSuchChange", ClientError),
    ],
)
def test_errors_are_translated_and_route53s_texts_stay_behind(
    code: str, expected: type[Exception]
) -> None:
    answer: Any = {"Error": {"Code": code, "Message": f"{DOMAIN} is secret"}}
    for call in calls(Route53Zones(Refusing(ClientError(answer, "Some")))):
        with pytest.raises(expected) as caught:
            call()
        if expected is not ClientError:
            assert DOMAIN not in str(caught.value)


def test_an_outage_is_worth_another_try() -> None:
    for call in calls(Route53Zones(Refusing(EndpointConnectionError(endpoint_url="http://x")))):
        with pytest.raises(ProvisioningPending, match="EndpointConnectionError"):
            call()


class Answering:
    """A client that gives these answers, one after the other, and keeps what it was asked."""

    def __init__(self, *answers: dict[str, Any]) -> None:
        self._answers = list(answers)
        self.asked: list[dict[str, Any]] = []

    def __getattr__(self, _name: str) -> Callable[..., Any]:
        def answer(**given: Any) -> Any:
            self.asked.append(given)
            return self._answers.pop(0)

        return answer


def test_pages_are_followed_as_far_as_the_name_goes() -> None:
    def page(*ids: str, **more: Any) -> dict[str, Any]:
        zones = [{"Id": f"/hostedzone/{id_}", "Name": f"{DOMAIN}."} for id_ in ids]
        return {"HostedZones": zones, "IsTruncated": bool(more), **more}

    client = Answering(
        page("Z1", NextDNSName=f"{DOMAIN}.", NextHostedZoneId="Z2"),
        page("Z2", NextDNSName="other.example.", NextHostedZoneId="Z3"),
    )
    found = Route53Zones(client).find(DOMAIN)
    assert [zone.id for zone in found] == ["Z1", "Z2"]
    assert client.asked[1] == {"DNSName": f"{DOMAIN}.", "HostedZoneId": "Z2"}


def test_pages_of_record_sets_are_followed_too() -> None:
    def entry(number: int) -> dict[str, Any]:
        values = [{"Value": f"10 m{number}."}]
        plain = {"Name": f"{DOMAIN}.", "Type": "MX", "TTL": 60, "ResourceRecords": values}
        return {**plain, "SetIdentifier": str(number), "Weight": number}

    first = {
        "ResourceRecordSets": [entry(1)],
        "IsTruncated": True,
        "NextRecordName": f"{DOMAIN}.",
        "NextRecordType": "MX",
        "NextRecordIdentifier": "2",
    }
    client = Answering(first, {"ResourceRecordSets": [entry(2)], "IsTruncated": False})
    sets = Route53Zones(client).record_sets("Z1", [DOMAIN])
    assert [each.values for each in sets] == [("10 m1.",), ("10 m2.",)]
    assert client.asked[1]["StartRecordIdentifier"] == "2"


@pytest.mark.parametrize(
    ("more", "special"),
    [
        ({"AliasTarget": {"DNSName": "x."}}, "an alias"),
        ({"SetIdentifier": "a", "Weight": 0, "TTL": 60}, "weighted"),
        ({"SetIdentifier": "a", "MultiValueAnswer": True}, "a multivalue answer"),
        ({"SetIdentifier": "a", "GeoLocation": {}, "AliasTarget": {}}, "routed by geolocation"),
        ({"TrafficPolicyInstanceId": "t"}, "made by a traffic policy"),
    ],
)
def test_what_is_no_plain_record_set_is_called_so(more: dict[str, Any], special: str) -> None:
    entry = {"Name": f"{DOMAIN}.", "Type": "MX", **more}
    answer = {"ResourceRecordSets": [entry], "IsTruncated": False}
    (found,) = Route53Zones(Answering(answer)).record_sets("Z1", [DOMAIN])
    assert found.special == special


def test_the_client_waits_by_itself_when_it_is_throttled(aws: None) -> None:
    assert build_client().meta.config.retries["mode"] == "adaptive"
