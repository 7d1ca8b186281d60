"""What every Holding promises, and what each store adds to it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from localrun.fakes.erasure import MemoryHolding
from localrun.fakes.schedules import MemorySchedules
from migration.aws.bucket_erasure import BucketHolding
from migration.aws.ledger import DynamoLedger
from migration.aws.ledger_erasure import LedgerHolding
from migration.aws.secret_erasure import EMPTY, SecretsHolding
from migration.aws.secrets import TenantSecrets
from migration.erasure_port import Holding
from migration.errors import ProvisioningPending, TenantMisconfigured
from migration.late_passes import LatePasses
from migration.mail import Fate, Folder, FolderPlan, Remark
from migration.model import Mailbox, Note
from migration.progress_model import ProgressHistory

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table
    from mypy_boto3_secretsmanager import SecretsManagerClient

PREFIX = "workmail-migration/acme/"
PLAN = FolderPlan(Folder("f1", ("INBOX",), "1", 1), ("Inbox",))


@dataclass
class Store:
    """A store with some things of the tenant in it, and some that are not to be erased.
    `others` tells what these are now."""

    holding: Holding
    kinds: dict[str, int]
    others: Callable[[], object]
    at_least: int = 2  # batches
    expected: object = field(default=None)


def fill_table(table: Table, tenant: str) -> None:
    ledger = DynamoLedger(table, tenant)
    ledger.acquire_lock("the erasing execution", "now")
    ledger.plan_mailboxes("run1", [Mailbox("box1", "s", "t", "u", "n")])
    ledger.set_progress_history(ProgressHistory("run1"))
    ledger.add_note("run1", Note("2026-12-04T18:00:00Z", "Prepare", "begun"))
    ledger.claim_folder("box1", PLAN, "t1", 1, 1)
    ledger.add_remarks("unplanned", [Remark("f1", "7", 9, "x", Fate.REJECTED)])


def look_at(table: Table) -> list[str]:
    return sorted(str(item["pk"]) + " " + str(item["sk"]) for item in table.scan()["Items"])


def ledger_store(request: pytest.FixtureRequest, fixture: str = "moto_table") -> Store:
    table = request.getfixturevalue(fixture)
    fill_table(table, "acme-two")
    others = [*look_at(table), "T#acme LOCK"]
    fill_table(table, "acme")
    kinds = dict.fromkeys(("words", "mailboxes", "timeline", "progress", "folders", "remarks"), 1)
    return Store(
        LedgerHolding(table, "acme", batch=2),
        {f"ledger_{kind}": number for kind, number in kinds.items()},
        lambda: look_at(table),
        expected=sorted(others),
    )


def bucket_store(request: pytest.FixtureRequest) -> Store:
    request.getfixturevalue("aws")
    client = boto3.client("s3")
    place: Any = {"LocationConstraint": "eu-west-1"}
    client.create_bucket(Bucket="tenant", CreateBucketConfiguration=place)
    client.put_bucket_versioning(Bucket="tenant", VersioningConfiguration={"Status": "Enabled"})
    for key in ("intake/m.csv", "intake/m.csv", "audit/b/ä &.jsonl", "stray.txt", "erased/r.json"):
        client.put_object(Bucket="tenant", Key=key, Body=b"anna@acme.example")
    client.put_object(Bucket="tenant", Key="erased/r.json", Body=b"finished")
    client.put_object(Bucket="tenant", Key="erased/r.json", Body=b"finished again")
    client.delete_object(Bucket="tenant", Key="intake/m.csv")

    def look() -> list[str]:
        listed = client.list_object_versions(Bucket="tenant")
        return [
            one["Key"] for one in [*listed.get("Versions", []), *listed.get("DeleteMarkers", [])]
        ]

    return Store(
        BucketHolding(client, "tenant", "erased/", batch=2),
        {"bucket_intake": 3, "bucket_audit": 1, "bucket_other": 1},
        look,
        expected=["erased/r.json"] * 3,
    )


def secrets_store(request: pytest.FixtureRequest) -> Store:
    request.getfixturevalue("aws")
    client = boto3.client("secretsmanager")

    def make(name: str, value: str) -> str:
        return client.create_secret(Name=name, SecretString=value)["ARN"]

    source = make(f"{PREFIX}source", '{"mailboxes": {"anna": "old"}}')
    client.put_secret_value(SecretId=source, SecretString='{"mailboxes": {"anna": "new"}}')
    target = client.create_secret(Name=f"{PREFIX}target")["ARN"]  # has never had a value
    make(f"{PREFIX}waves/run/1", "{}")
    make(f"{PREFIX}administrator", "{}")
    client.delete_secret(SecretId=make(f"{PREFIX}waves/run/2", "x"), RecoveryWindowInDays=7)
    others = (f"{PREFIX}own", "workmail-migration/acme-two/waves/run/1", "another/secret")
    for name in others:
        make(name, "kept")

    def look() -> list[str]:
        pages = client.get_paginator("list_secrets").paginate(IncludePlannedDeletion=True)
        return sorted(one["Name"] for page in pages for one in page["SecretList"])

    return Store(
        SecretsHolding(client, PREFIX, (source, target)),
        {"secrets_made": 3, "secrets_given": 2},
        look,
        expected=sorted([*others, f"{PREFIX}source", f"{PREFIX}target"]),
    )


def schedules_store(_: pytest.FixtureRequest) -> Store:
    schedules = MemorySchedules()
    for number in range(5):
        schedules.add(f"late-{number}", "2026-12-24T18:00:00Z", {})
    return Store(LatePasses(schedules), {"schedules_late": 5}, schedules.names, 1, [])


def memory_store(_: pytest.FixtureRequest) -> Store:
    things = ("files_a", "files_a", "files_b", "files_b", "files_b")
    return Store(MemoryHolding(*things), {"files_a": 2, "files_b": 3}, list, expected=[])


STORES: dict[str, Callable[[pytest.FixtureRequest], Store]] = {
    "ledger": ledger_store,
    "emulated ledger": partial(ledger_store, fixture="emulated_table"),
    "bucket": bucket_store,
    "secrets": secrets_store,
    "schedules": schedules_store,
    "memory": memory_store,
}


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest) -> Store:
    return STORES[request.param](request)


def left(holding: Holding) -> dict[str, int]:
    return {kind: number for kind, number in holding.count().items() if number}


def test_all_of_the_tenant_is_counted_and_erased_and_nothing_else(store: Store) -> None:
    assert left(store.holding) == store.kinds
    batches = list(store.holding.erase())
    assert sum(batches) == sum(store.kinds.values())
    assert len(batches) >= store.at_least
    assert left(store.holding) == {}
    assert store.others() == store.expected


def test_whoever_stops_after_a_batch_leaves_the_rest_for_another_call(store: Store) -> None:
    erasing = store.holding.erase()
    gone = next(erasing)
    del erasing
    assert sum(left(store.holding).values()) == sum(store.kinds.values()) - gone
    assert sum(store.holding.erase()) == sum(store.kinds.values()) - gone
    assert store.others() == store.expected


def test_where_nothing_is_nothing_is_erased(store: Store) -> None:
    assert sum(store.holding.erase()) == sum(store.kinds.values())
    assert sum(store.holding.erase()) == 0
    assert left(store.holding) == {}


# ---- the secrets


def test_no_label_of_a_given_secret_shows_its_value_any_more(
    request: pytest.FixtureRequest,
) -> None:
    holding = secrets_store(request).holding
    client = boto3.client("secretsmanager")
    assert sum(holding.erase()) == 5
    for label in ("AWSCURRENT", "AWSPREVIOUS"):
        value = client.get_secret_value(SecretId=f"{PREFIX}source", VersionStage=label)
        assert value["SecretString"] == EMPTY
    with pytest.raises(TenantMisconfigured):
        TenantSecrets(client, f"{PREFIX}source", f"{PREFIX}target").read_source()
    assert TenantSecrets(client, f"{PREFIX}source", f"{PREFIX}target").read_target() == {}


def test_a_kill_between_the_two_labels_is_made_good(request: pytest.FixtureRequest) -> None:
    holding = secrets_store(request).holding
    client = boto3.client("secretsmanager")
    client.put_secret_value(SecretId=f"{PREFIX}source", SecretString=EMPTY)
    assert left(holding)["secrets_given"] == 1
    assert sum(holding.erase()) == 4
    assert left(holding) == {}


def test_a_given_secret_that_is_marked_for_deletion_is_left_alone(
    request: pytest.FixtureRequest,
) -> None:
    holding = secrets_store(request).holding
    client = boto3.client("secretsmanager")
    client.delete_secret(SecretId=f"{PREFIX}source", RecoveryWindowInDays=7)
    assert left(holding) == {"secrets_made": 3}
    assert sum(holding.erase()) == 3


# ---- what S3 answers about single versions


class Refusing:
    """A client of S3 that says this of a version."""

    def __init__(self, code: str) -> None:
        self._code = code
        self.real = boto3.client("s3")

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)

    def delete_objects(self, **request: Any) -> Any:
        if self._code == "NoSuchVersion":
            self.real.delete_objects(**request)
        return {"Errors": [{"Key": "intake/anna.csv", "Code": self._code}]}


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("AccessDenied", TenantMisconfigured),
        ("InternalError", ProvisioningPending),
        ("SlowDown", ProvisioningPending),
    ],
)
def test_a_version_that_stays_is_an_error_without_its_key(
    request: pytest.FixtureRequest, code: str, expected: type[Exception]
) -> None:
    bucket_store(request)
    refusing: Any = Refusing(code)
    with pytest.raises(expected, match=f"1 times {code}") as caught:
        list(BucketHolding(refusing, "tenant", "erased/").erase())
    assert "anna" not in str(caught.value)


def test_a_version_that_another_has_deleted_is_gone(request: pytest.FixtureRequest) -> None:
    bucket_store(request)
    gone: Any = Refusing("NoSuchVersion")
    assert list(BucketHolding(gone, "tenant", "erased/").erase()) == [5]


def test_a_table_of_many_pages_is_emptied(table: Table) -> None:
    ledger = DynamoLedger(table, "acme")
    padding = "x" * 20_000
    ledger.plan_mailboxes("r", [Mailbox(f"{n:03}", "s", "t", "u", padding) for n in range(120)])
    holding = LedgerHolding(table, "acme")
    assert sum(holding.erase()) == 121
    assert left(holding) == {}


def test_the_tenants_secrets_are_asked_for_by_their_names(client_calls: list[Any]) -> None:
    """IAM lets it list all: the call itself names the prefix."""
    ((operation, request),) = client_calls
    assert operation == "ListSecrets"
    assert json.loads(request)["Filters"] == [{"Key": "name", "Values": [PREFIX]}]


@pytest.fixture
def client_calls(aws: None) -> list[Any]:
    client: SecretsManagerClient = boto3.client("secretsmanager")
    calls: list[Any] = []

    def keep(request: Any, operation_name: str, **_: object) -> None:
        calls.append((operation_name, request.body))

    client.meta.events.register("request-created.secrets-manager", keep)
    SecretsHolding(client, PREFIX, ()).count()
    return calls
