"""Files of the tenant in one S3 bucket, which is versioned."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_MISSING = frozenset({"NoSuchKey", "404", "NotFound"})
"""GetObject says NoSuchKey; HeadObject has no body and says only its status."""
_NO_VERSION = frozenset({"NoSuchVersion", "InvalidArgument"})
"""The latter for what S3 would never call a version; all else in the request is its own."""


class S3Blobs:
    """BlobStore. In a bucket without versions, the version id is empty."""

    def __init__(self, client: S3Client, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def put(self, key: str, body: bytes, content_type: str = "application/octet-stream") -> str:
        answer = self._client.put_object(
            Bucket=self._bucket, Key=key, Body=body, ContentType=content_type
        )
        return answer.get("VersionId", "")

    def get(self, key: str, version: str = "") -> bytes:
        try:
            if version:
                answer = self._client.get_object(Bucket=self._bucket, Key=key, VersionId=version)
            else:
                answer = self._client.get_object(Bucket=self._bucket, Key=key)
            return answer["Body"].read()
        except ClientError as error:
            if error.response["Error"]["Code"] in (_MISSING | _NO_VERSION if version else _MISSING):
                raise KeyError(key) from None
            raise

    def exists(self, key: str) -> bool:
        try:
            self._client.head_object(Bucket=self._bucket, Key=key)
        except ClientError as error:
            if error.response["Error"]["Code"] in _MISSING:
                return False
            raise
        return True

    def list(self, prefix: str) -> Iterator[str]:
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=prefix
        )
        for page in pages:
            for entry in page.get("Contents", ()):
                yield entry["Key"]
