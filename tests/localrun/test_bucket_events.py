"""Uploads to a bucket of the laptop's cloud, as S3 tells EventBridge of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from localrun.fakes.bucket_events import BucketEvents
from localrun.fakes.data_plane import DataPlane

REGION, ACCOUNT = "eu-west-1", "123456789012"
NOW = "2026-12-04T18:00:00.000Z"


@pytest.fixture
def told() -> list[Any]:
    return []


@pytest.fixture
def s3(told: list[Any]) -> Iterator[Any]:
    with DataPlane() as plane:
        BucketEvents(told.append, lambda: NOW, REGION, ACCOUNT)
        client = boto3.client(
            "s3",
            endpoint_url=plane.url,
            region_name=REGION,
            aws_access_key_id=ACCOUNT,
            aws_secret_access_key="x",
        )
        for name in ("loud", "quiet"):
            place: Any = {"LocationConstraint": REGION}
            client.create_bucket(Bucket=name, CreateBucketConfiguration=place)
            client.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        client.put_bucket_notification_configuration(
            Bucket="loud", NotificationConfiguration={"EventBridgeConfiguration": {}}
        )
        yield client


def test_an_upload_is_told_with_its_version_in_the_documented_form(
    s3: Any, told: list[Any]
) -> None:
    version = s3.put_object(Bucket="loud", Key="intake/a b.csv", Body=b"1,2")["VersionId"]
    (event,) = told
    assert (event["source"], event["detail-type"]) == ("aws.s3", "Object Created")
    assert event["resources"] == ["arn:aws:s3:::loud"]
    assert event["time"] == NOW
    made = event["detail"]["object"]
    assert event["detail"]["bucket"] == {"name": "loud"}
    assert (made["key"], made["size"], made["version-id"]) == ("intake/a b.csv", 3, version)
    assert set(made) == {"key", "size", "etag", "version-id", "sequencer"}
    assert event["detail"]["reason"] == "PutObject"


def test_sequencers_grow_from_upload_to_upload(s3: Any, told: list[Any]) -> None:
    for body in (b"1", b"2", b"3"):
        s3.put_object(Bucket="loud", Key="intake/a.csv", Body=body)
    sequencers = [event["detail"]["object"]["sequencer"] for event in told]
    assert sequencers == sorted(set(sequencers))
    assert len(sequencers) == 3


def test_a_bucket_that_is_not_set_to_tells_nothing_nor_does_a_deletion(
    s3: Any, told: list[Any]
) -> None:
    s3.put_object(Bucket="quiet", Key="intake/a.csv", Body=b"1")
    s3.put_object(Bucket="loud", Key="intake/a.csv", Body=b"1")
    s3.delete_object(Bucket="loud", Key="intake/a.csv")
    assert [event["detail"]["bucket"]["name"] for event in told] == ["loud"]
