"""What every BlobStore promises."""

from pathlib import Path

import boto3
import pytest

from localrun.fakes.blobs import MemoryBlobs
from localrun.file_blobs import FolderBlobs
from migration.aws.blobs import S3Blobs
from migration.ports import BlobStore


@pytest.fixture(params=["memory", "folder", "s3"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> BlobStore:
    if request.param == "memory":
        return MemoryBlobs()
    if request.param == "folder":
        return FolderBlobs(tmp_path / "files")
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


def test_a_version_comes_back_by_its_name(blobs: BlobStore) -> None:
    blobs.put("a/b.csv", b"one")
    second = blobs.put("a/b.csv", b"two")
    assert blobs.get("a/b.csv", second) == b"two"
    for key, version in (("a/b.csv", "no-such-version"), ("a/c.csv", second)):
        with pytest.raises(KeyError):
            blobs.get(key, version)


def test_an_older_version_is_kept_where_versions_are(blobs: BlobStore) -> None:
    first = blobs.put("a/b.csv", b"one")
    blobs.put("a/b.csv", b"two")
    if isinstance(blobs, FolderBlobs):
        with pytest.raises(KeyError):
            blobs.get("a/b.csv", first)
    else:
        assert blobs.get("a/b.csv", first) == b"one"


def test_what_is_not_there_is_a_key_error(blobs: BlobStore) -> None:
    assert blobs.exists("nothing") is False
    with pytest.raises(KeyError):
        blobs.get("nothing")
    blobs.put("nothing/below", b"")
    assert blobs.exists("nothing") is False
    assert blobs.exists("nothing/below") is True


def test_keys_are_listed_by_their_beginning_in_order(blobs: BlobStore) -> None:
    for key in ("a/b/10.txt", "a/b/9.txt", "a/b/~0-flags", "a/bc/1.txt", "a/b.txt", "z.txt"):
        blobs.put(key, b"")
    blobs.put("a/b/9.txt", b"again")
    assert list(blobs.list("a/b/")) == ["a/b/10.txt", "a/b/9.txt", "a/b/~0-flags"]
    assert list(blobs.list("a/b")) == [
        "a/b.txt",
        "a/b/10.txt",
        "a/b/9.txt",
        "a/b/~0-flags",
        "a/bc/1.txt",
    ]
    assert list(blobs.list("a/b/1")) == ["a/b/10.txt"]
    assert len(list(blobs.list(""))) == 6
    assert list(blobs.list("nothing/")) == []


def test_a_listing_of_many_keys_is_complete(blobs: BlobStore) -> None:
    keys = [f"audit/{number:04}.jsonl" for number in range(1100)]
    for key in keys:
        blobs.put(key, b"x")
    assert list(blobs.list("audit/")) == keys


def test_files_may_be_written_while_a_listing_is_read(blobs: BlobStore) -> None:
    for number in range(3):
        blobs.put(f"a/{number}", b"")
    for key in blobs.list("a/"):
        blobs.put(f"{key}-copy", b"")
    assert len(list(blobs.list("a/"))) >= 6
