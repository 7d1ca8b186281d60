"""ResultWriter: files, manifest, and transformed results."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from localrun.engine.execution import Execution
from tests.statemachines.player import (
    Player,
    distributed,
    machine,
)

REGION = "eu-west-1"


ECHO = {"E": {"Type": "Pass", "End": True}}


FAIL_BAD: dict[str, Any] = {
    "D": {
        "Type": "Choice",
        "Choices": [{"Condition": "{% $states.input.bad %}", "Next": "F"}],
        "Default": "E",
    },
    "F": {"Type": "Fail", "Error": "Bad", "Cause": "as told"},
    "E": {"Type": "Succeed", "Output": "{% [$states.input.n] %}"},
}


ITEMS = [{"n": n, "bad": n == 3} for n in range(10)]


@pytest.fixture
def bucket() -> Iterator[Any]:
    with mock_aws():
        s3 = boto3.Session("key", "secret", region_name=REGION).client("s3")
        where: Any = {"LocationConstraint": REGION}
        s3.create_bucket(Bucket="files", CreateBucketConfiguration=where)
        yield s3


def play(definition: dict[str, Any], state_input: object = None, s3: Any = None) -> Execution:
    return Player(clients={"s3": s3}).play(machine({"M": definition}), state_input)


def write(bucket: Any, prefix: str = "out/", **config: str) -> tuple[Execution, dict[str, Any]]:
    """Plays ITEMS with one failure tolerated; the files that were written, by short name."""
    writer = {
        "Resource": "arn:aws:states:::s3:putObject",
        "Arguments": {"Bucket": "files", "Prefix": prefix},
        "WriterConfig": config,
    }
    ended = play(distributed(FAIL_BAD, ToleratedFailureCount=1, ResultWriter=writer), ITEMS, bucket)
    files = {}
    for found in bucket.list_objects_v2(Bucket="files")["Contents"]:
        body = bucket.get_object(Bucket="files", Key=found["Key"])["Body"].read().decode()
        files[found["Key"].rsplit("/", 1)[-1]] = body
    return ended, files


def test_result_writer_writes_files_and_a_manifest(bucket: Any) -> None:
    ended, files = write(bucket)
    details = ended.output["ResultWriterDetails"]
    manifest = json.loads(files["manifest.json"])
    succeeded = json.loads(files["SUCCEEDED_0.json"])
    failed = json.loads(files["FAILED_0.json"])
    assert details["Key"].startswith("out/")
    assert details["Key"].endswith("/manifest.json")
    assert manifest["MapRunArn"] == ended.output["MapRunArn"]
    assert manifest["ResultFiles"]["PENDING"] == []
    (entry,) = manifest["ResultFiles"]["SUCCEEDED"]
    assert entry["Size"] == len(files["SUCCEEDED_0.json"].encode())
    assert [json.loads(one["Output"]) for one in succeeded] == [[n] for n in range(10) if n != 3]
    assert [(one["Status"], one["Error"], json.loads(one["Input"])["n"]) for one in failed] == [
        ("FAILED", "Bad", 3)
    ]


@pytest.mark.parametrize(
    ("transformation", "first"), [("COMPACT", [0]), ("FLATTEN", 0)], ids=["compact", "flatten"]
)
def test_results_as_json_lines(bucket: Any, transformation: str, first: object) -> None:
    _, files = write(bucket, OutputType="JSONL", Transformation=transformation)
    lines = files["SUCCEEDED_0.jsonl"].splitlines()
    assert len(lines) == 9
    assert json.loads(lines[0]) == first
    assert json.loads(files["FAILED_0.jsonl"])["Error"] == "Bad"


def test_results_can_be_transformed_without_being_written() -> None:
    writer = {"WriterConfig": {"OutputType": "JSON", "Transformation": "FLATTEN"}}
    ended = play(distributed(FAIL_BAD, ResultWriter=writer), ITEMS[:3])
    assert ended.output == [0, 1, 2]


def test_failed_write_is_a_result_writer_failure(bucket: Any) -> None:
    writer = {
        "Resource": "arn:aws:states:::s3:putObject",
        "Arguments": {"Bucket": "nowhere", "Prefix": "x"},
    }
    ended = play(distributed(ECHO, Items=[1], ResultWriter=writer), s3=bucket)
    assert ended.error == "States.ResultWriterFailed"


def test_children_that_were_never_started_are_written_as_pending(bucket: Any) -> None:
    where = {"Bucket": "files", "Prefix": "out"}
    writer = {"Resource": "arn:aws:states:::s3:putObject", "Arguments": where}
    definition = distributed(FAIL_BAD, MaxConcurrency=1, ResultWriter=writer)
    ended = play(definition, ITEMS[3:6], bucket)
    listed = bucket.list_objects_v2(Bucket="files")["Contents"]
    keys = {found["Key"].rsplit("/", 1)[-1]: found["Key"] for found in listed}
    pending = json.loads(
        bucket.get_object(Bucket="files", Key=keys["PENDING_0.json"])["Body"].read()
    )
    assert ended.error == "States.ExceedToleratedFailureThreshold"
    assert set(keys) == {"FAILED_0.json", "PENDING_0.json", "manifest.json"}
    assert [json.loads(one["Input"])["n"] for one in pending] == [4, 5]
