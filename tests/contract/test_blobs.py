"""What every BlobStore promises."""

import boto3
import pytest

from localrun.fakes.blobs import MemoryBlobs
from migration.aws.blobs import S3Blobs
from migration.ports import BlobStore


@pytest.fixture(params=["memory", "s3"])
def blobs(request: pytest.FixtureRequest) -> BlobStore:
    if request.param == "memory":
        return MemoryBlobs()
    request.getfixturevalue("aws")
    client = boto3.client("s3")
    place = {"LocationConstraint": "eu-west-1"}
    client.create_bucket(Bucket="tenant", CreateBucketConfiguration=place)  # type: ignore[arg-type]
    client.put_bucket_versioning(Bucket="tenant", VersioningConfiguration={"Status": "Enabled"})
    return S3Blobs(client, "tenant")


def test_the_newest_version_comes_back(blobs: BlobStore) -> None:
    first = blobs.put("a/b.jsonl", b"one")
    second = blobs.put("a/b.jsonl", b"two\x00", "text/plain")
    assert first
    assert first != second
    assert blobs.get("a/b.jsonl") == b"two\x00"


def test_what_is_not_there_is_a_key_error(blobs: BlobStore) -> None:
    assert blobs.exists("nothing") is False
    with pytest.raises(KeyError):
        blobs.get("nothing")
    blobs.put("nothing/below", b"")
    assert blobs.exists("nothing") is False
    assert blobs.exists("nothing/below") is True
