"""Who may erase a tenant's data, what is out of reach of it, and for how long."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from migration import erasure_proof
from migration.aws.secret_erasure import EMPTY
from stacks.function_table import TABLE
from tests.stacks.test_migration_stack import rights

if TYPE_CHECKING:
    from tests.stacks.conftest import Resources


def test_one_function_alone_may_erase(resources: Resources) -> None:
    erasers = {handler for handler, row in TABLE.items() if row.erases_all}
    assert erasers == {"erase_tenant"}
    for handler in TABLE:
        state = "".join(part.title() for part in handler.split("_"))
        deletes = "s3:DeleteObjectVersion" in rights(resources, state)
        assert deletes is (handler in erasers), handler


def test_who_counts_sees_names_and_the_given_secrets_alone(resources: Resources) -> None:
    for state in ("PlanErasure", "EraseTenant", "ProveErasure"):
        given = rights(resources, state)
        assert given["secretsmanager:ListSecrets"] == ['"*"']
        assert len(given["secretsmanager:GetSecretValue"]) == 2
        assert "dynamodb:Scan" in given
        assert "s3:ListBucketVersions" in given
    assert "secretsmanager:DeleteSecret" not in rights(resources, "ProveErasure")
    for resource in rights(resources, "EraseTenant")["secretsmanager:DeleteSecret"]:
        assert "workmail-migration/example/waves/*" in resource or "administrator*" in resource


def test_the_times_that_a_proof_names_are_those_of_the_stack(resources: Resources) -> None:
    day = 86_400
    for queue in resources("AWS::SQS::Queue").values():
        seconds = queue["Properties"]["MessageRetentionPeriod"]
        assert seconds == erasure_proof.DAYS_OF_DEAD_LETTERS * day
    for group in resources("AWS::Logs::LogGroup").values():
        assert group["Properties"]["RetentionInDays"] == erasure_proof.DAYS_OF_LOGS
    (bucket,) = resources("AWS::S3::Bucket").values()
    (rule,) = bucket["Properties"]["LifecycleConfiguration"]["Rules"]
    parts = rule["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"]
    assert parts == erasure_proof.DAYS_OF_PARTS


def test_an_empty_secret_is_json_that_the_adapters_read() -> None:
    assert json.loads(EMPTY) == {}
