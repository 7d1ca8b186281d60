"""An erasure that is killed after each of its batches ends, started again, like the quiet one."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from random import Random
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from localrun.fakes.notifier import MemoryNotifier
from localrun.fakes.schedules import MemorySchedules
from localrun.fakes.waiting_tasks import MemoryTasks
from migration.aws.blobs import S3Blobs
from migration.aws.bucket_erasure import BucketHolding
from migration.aws.ledger import DynamoLedger
from migration.aws.ledger_erasure import LedgerHolding
from migration.aws.secret_erasure import SecretsHolding
from migration.erasure import Means, ask_erasure, erase_tenant, plan_erasure, prove_erasure
from migration.erasure_port import Holding
from migration.late_passes import LatePasses
from migration.mail import Folder, FolderPlan
from migration.model import Mailbox
from migration.question_model import Answer
from migration.question_texts import Place
from migration.questions import Desk, answer
from migration.telling import Teller

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

NOW = "2026-12-04T18:00:00.000Z"
MARK = "anna.zander"
PREFIX = "workmail-migration/acme/"


class KilledError(Exception):
    """The worker is gone."""


class Killing:
    """A Holding whose worker dies after its batch number `after`, counted over all holdings."""

    def __init__(self, holding: Holding, batches: Iterator[int], after: int) -> None:
        self._holding = holding
        self._batches = batches
        self._after = after

    def count(self) -> Mapping[str, int]:
        return self._holding.count()

    def erase(self) -> Iterator[int]:
        for number in self._holding.erase():
            if next(self._batches) == self._after:
                raise KilledError
            yield number


class Tenant:
    """A tenant that has been migrated, in moto; its batches are small."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.s3 = boto3.client("s3")
        place: Any = {"LocationConstraint": "eu-west-1"}
        self.s3.create_bucket(Bucket="tenant", CreateBucketConfiguration=place)
        self.s3.put_bucket_versioning(
            Bucket="tenant", VersioningConfiguration={"Status": "Enabled"}
        )
        self.ledger = DynamoLedger(table, "acme")
        self.blobs = S3Blobs(self.s3, "tenant")
        self.secrets = boto3.client("secretsmanager")
        self.schedules = MemorySchedules()
        self.notifier = MemoryNotifier()
        self.tasks = MemoryTasks()
        self._fill()

    def _fill(self) -> None:
        boxes = [Mailbox(f"box{number}", MARK, MARK, MARK, MARK) for number in range(3)]
        self.ledger.plan_mailboxes("run1", boxes)
        plan = FolderPlan(Folder("f1", (MARK,), "1", 1), (MARK,))
        for box in boxes:
            self.ledger.claim_folder(box.id, plan, "t1", 1, 1)
            self.blobs.put(f"audit/{box.id}/1.jsonl", MARK.encode())
        for _ in range(2):
            self.blobs.put("intake/manifest.csv", MARK.encode())
        self.s3.delete_object(Bucket="tenant", Key="intake/manifest.csv")
        for path in ("source", "waves/run1/1", "administrator"):
            self.secrets.create_secret(Name=PREFIX + path, SecretString=json.dumps({MARK: "x"}))
        self.schedules.add("late-1", NOW, {})

    def means(self, after: int = -1) -> Means:
        batches = iter(range(1000))
        holdings: tuple[Holding, ...] = (
            LatePasses(self.schedules),
            SecretsHolding(self.secrets, PREFIX, (PREFIX + "source",)),
            BucketHolding(self.s3, "tenant", "erased/", batch=2),
            LedgerHolding(self.table, "acme", batch=2),
        )
        killing = tuple(Killing(each, batches, after) for each in holdings)
        return Means("acme", killing, self.ledger, self.blobs, lambda: 900.0)

    @property
    def desk(self) -> Desk:
        place = Place("acme", "eu-west-1", "tenant", "none", "", 48)
        teller = Teller(self.ledger, self.notifier, "acme")
        return Desk(self.ledger, self.blobs, teller, self.tasks, Random(7), place)

    def erase(self, run: str, after: int = -1) -> int:
        """A whole erasure; how many things are left."""
        means = self.means(after)
        found = plan_erasure(means, unfinished=True)
        if found:
            ask_erasure(self.desk, 14, run, NOW, NOW, f"token-{run}", 0, found)
            (question,) = self.ledger.questions(run)
            answer(self.ledger, self.tasks, question, Answer.APPROVE, "link", NOW)
        erase_tenant(means, run, NOW, found)
        return prove_erasure(means, self.notifier, run, NOW, 0).left

    def proof(self, run: str) -> dict[str, Any]:
        body = json.loads(self.blobs.get(f"erased/{run}.json"))
        assert isinstance(body, dict)
        return body

    def look(self) -> str:
        """All that is kept anywhere, values of secrets included."""
        kept = [json.dumps(self.table.scan()["Items"], default=str)]
        listed = self.s3.list_object_versions(Bucket="tenant")
        for one in listed.get("Versions", []):
            version = self.s3.get_object(
                Bucket="tenant", Key=one["Key"], VersionId=one["VersionId"]
            )
            body = version["Body"].read()
            kept.append(one["Key"] + body.decode())
        names = [secret["Name"] for secret in self.secrets.list_secrets()["SecretList"]]
        kept += [self.secrets.get_secret_value(SecretId=name)["SecretString"] for name in names]
        return "\n".join(kept)


BATCHES = 15
"""So many batches has the quiet erasure, with the run's own lines and files."""


@pytest.fixture
def tenant(table: Table) -> Tenant:
    return Tenant(table)


def test_the_quiet_erasure_leaves_nothing_but_its_proof(tenant: Tenant) -> None:
    assert tenant.look().count(MARK) > 10
    assert tenant.erase("first") == 0
    assert MARK not in tenant.look()
    proof = tenant.proof("first")
    assert set(proof["left"].values()) == {0}
    assert proof["found"]["bucket_audit"] == 3
    assert proof["found"]["ledger_mailboxes"] == 3
    assert (proof["approved"]["by"], proof["finished"], proof["earlier"]) == ("link", NOW, [])
    assert [item["sk"] for item in tenant.table.scan()["Items"]] == []
    assert tenant.schedules.names() == []
    assert tenant.notifier.told[-1].facts["proof"] == "erased/first.json"


@pytest.mark.parametrize("after", range(BATCHES))
def test_a_kill_after_any_batch_is_followed_by_the_same_end(tenant: Tenant, after: int) -> None:
    with pytest.raises(KilledError):
        tenant.erase("killed", after)
    begun = tenant.proof("killed")
    assert (begun["finished"], begun["left"]) == ("", {})
    assert begun["found"]["ledger_mailboxes"] == 3
    assert tenant.erase("again") == 0
    assert MARK not in tenant.look()
    assert tenant.table.scan()["Items"] == []
    proof = tenant.proof("again")
    assert proof["earlier"] == ["killed"]
    assert set(proof["left"].values()) <= {0}


def test_there_are_no_more_batches_than_are_killed_above(tenant: Tenant) -> None:
    assert tenant.erase("quiet", after=BATCHES) == 0


def test_a_second_erasure_finds_nothing_and_says_so(tenant: Tenant) -> None:
    tenant.erase("first")
    told = len(tenant.notifier.told)
    assert tenant.erase("second") == 0
    proof = tenant.proof("second")
    assert (proof["found"], proof["left"], proof["erased"]) == ({}, {}, 0)
    assert proof["finished"] == NOW
    assert len(tenant.notifier.told) == told + 1
